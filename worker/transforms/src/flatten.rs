//! `Flatten`: brings the fields of nested structs or maps to the top, under joined names.

use std::collections::HashMap;

use bytestring::ByteString;
use sluice_config::Config;
use sluice_plugin::{
    Error, Result,
    model::{Field, Schema, SchemaAndValue, SchemaRef, Struct, Type, Value},
};

use crate::record::{
    part::{Around, OfPart},
    plans::Plans,
    require::{self, Entries},
    rows, schemas,
};

const PURPOSE: &str = "flattening";

/// Keys of [`Flatten`].
#[derive(Debug, Config)]
pub struct FlattenConfig {
    /// What stands between the names of the outer and the inner field in the name that the flattened field gets.
    #[config(key = "delimiter", default = ".", importance = Medium)]
    delimiter: String,
}

/// Brings the fields of nested structs or maps to the top, under joined names.
pub struct Flatten {
    delimiter: String,
    plans: Plans<SchemaRef>,
}

impl OfPart for Flatten {
    type Config = FlattenConfig;
    const KEY: &'static str = "org.apache.kafka.connect.transforms.Flatten$Key";
    const VALUE: &'static str = "org.apache.kafka.connect.transforms.Flatten$Value";

    fn configure(config: FlattenConfig) -> Result<Self> {
        Ok(Self { delimiter: config.delimiter, plans: Plans::new() })
    }

    fn apply(&mut self, part: &mut SchemaAndValue, _: Around<'_>) -> Result<()> {
        if part.value.is_null() {
            return Ok(());
        }
        let Some(schema) = &part.schema else {
            let entries = require::map(&mut part.value, PURPOSE)?;
            check_map(entries, "", &self.delimiter)?;
            let mut flat = FlatMap { delimiter: &self.delimiter, ..FlatMap::default() };
            flat.add(std::mem::take(entries), "");
            *entries = flat.entries;
            return Ok(());
        };
        let row = require::row_of(&mut part.value, schema, PURPOSE)?;
        let delimiter = &self.delimiter;
        let flat = self.plans.get(schema, |schema| flattened(schema, delimiter))?;
        check_row(row, &mut flat.fields().iter())?;
        let own = SchemaRef::clone(schema);
        row.recast(SchemaRef::clone(flat), |values| {
            let mut gathered = Vec::with_capacity(flat.fields().len());
            gather(own.fields(), Some(values), &mut gathered);
            *values = gathered;
        });
        part.schema = Some(SchemaRef::clone(flat));
        Ok(())
    }
}

fn joined(prefix: &str, name: &str, delimiter: &str) -> String {
    if prefix.is_empty() { name.to_owned() } else { [prefix, delimiter, name].concat() }
}

fn flattened(schema: &Schema, delimiter: &str) -> Result<SchemaRef> {
    let mut fields = Vec::new();
    let default = row_of_default(schema.default.as_ref());
    add_fields(schema, default, schema.optional, ("", delimiter), &mut fields)?;
    Ok(SchemaRef::kept(schemas::like(schema, Type::Struct(fields))))
}

const fn row_of_default(default: Option<&Value>) -> Option<&Struct> {
    match default {
        Some(Value::Struct(row)) => Some(row),
        _ => None,
    }
}

/// Adds the leaves below a struct. They are optional if anything above them is, and have the default that they have there.
fn add_fields(
    schema: &Schema,
    default: Option<&Struct>,
    is_optional: bool,
    (prefix, delimiter): (&str, &str),
    flat: &mut Vec<Field>,
) -> Result<()> {
    for (index, field) in schemas::fields(schema)?.iter().enumerate() {
        let name = joined(prefix, &field.name, delimiter);
        let is_optional = is_optional || field.schema.optional;
        let above = default.and_then(|row| row.values().get(index)).filter(|it| !it.is_null());
        let default = field.schema.default.as_ref().or(above);
        match &field.schema.r#type {
            Type::Struct(_) => {
                let default = row_of_default(default);
                add_fields(&field.schema, default, is_optional, (&name, delimiter), flat)?;
            }
            Type::Map(..) => {
                return Err(Error::bad_record(format!(
                    "Flatten transformation does not support MAP for record with schemas (for field {name})."
                )));
            }
            r#type => {
                let mut schema = schemas::like(&field.schema, r#type.clone());
                schema.optional = is_optional;
                if let Some(default) = default {
                    schemas::set_default(&mut schema, default.clone())?;
                }
                schemas::add(flat, Field { name: name.into(), schema: SchemaRef::kept(schema) })?;
            }
        }
    }
    Ok(())
}

/// Refuses nulls in leaves that are required, wherever there is a row around them.
fn check_row<'a>(row: &Struct, flat: &mut impl Iterator<Item = &'a Field>) -> Result<()> {
    for (field, value) in row.schema().fields().iter().zip(row.values()) {
        match (&field.schema.r#type, value) {
            (Type::Struct(_), Value::Struct(inner)) => check_row(inner, flat)?,
            (Type::Struct(_), _) => skip(&field.schema, flat),
            _ => {
                let Some(flat) = flat.next() else { break };
                rows::checked(flat, &field.schema, value, true)?;
            }
        }
    }
    Ok(())
}

fn skip<'a>(schema: &Schema, flat: &mut impl Iterator<Item = &'a Field>) {
    for field in schema.fields() {
        match &field.schema.r#type {
            Type::Struct(_) => skip(&field.schema, flat),
            _ => drop(flat.next()),
        }
    }
}

/// Moves the leaves of a row; what is below a null is null.
fn gather(fields: &[Field], mut values: Option<&mut Vec<Value>>, flat: &mut Vec<Value>) {
    for (index, field) in fields.iter().enumerate() {
        let value = values.as_deref_mut().and_then(|it| it.get_mut(index));
        match (&field.schema.r#type, value) {
            (Type::Struct(fields), Some(Value::Struct(_))) => {
                let inner = values.as_deref_mut().and_then(|it| it.get_mut(index)).map(rows::take);
                if let Some(Value::Struct(row)) = inner {
                    gather(fields, Some(&mut row.into_parts().1), flat);
                }
            }
            (Type::Struct(fields), _) => gather(fields, None, flat),
            (_, None) => flat.push(Value::Null),
            (_, Some(value)) if value.is_null() => {
                flat.push(field.schema.default.clone().unwrap_or(Value::Null));
            }
            (_, Some(value)) => flat.push(rows::take(value)),
        }
    }
}

/// Refuses what a map without a schema cannot hold.
fn check_map(entries: &[(Value, Value)], prefix: &str, delimiter: &str) -> Result<()> {
    for (key, value) in entries {
        // Only what nests needs a prefix; Java makes text of a null where there is one.
        let is_nested = matches!(value, Value::Map(_));
        let key = match key {
            Value::Null if !is_nested || !prefix.is_empty() => "null",
            Value::Null if matches!(value, Value::Map(inner) if inner.is_empty()) => continue,
            key => require::text_key(key)?,
        };
        let name = || joined(prefix, key, delimiter);
        match value {
            Value::Map(inner) => check_map(inner, &name(), delimiter)?,
            Value::Date(_) | Value::Decimal(_) => {
                return Err(Error::bad_record(format!(
                    "Flatten transformation was passed a value of type class {} which is not supported by Connect's \
                     data API",
                    value.java_class()
                )));
            }
            Value::Struct(_) => {
                return Err(Error::bad_record(format!(
                    "Flatten transformation does not support class {} for record without schemas (for field {}).",
                    value.java_class(),
                    name()
                )));
            }
            _ => {}
        }
    }
    Ok(())
}

/// A map without nested ones, being made. Of two values with the same name the later counts.
#[derive(Default)]
struct FlatMap<'a> {
    delimiter: &'a str,
    entries: Entries,
    places: HashMap<ByteString, usize>,
}

impl FlatMap<'_> {
    fn add(&mut self, entries: Entries, prefix: &str) {
        for (key, value) in entries {
            let name = match key {
                Value::String(key) if prefix.is_empty() => key,
                Value::String(key) => joined(prefix, &key, self.delimiter).into(),
                _ if prefix.is_empty() => {
                    // A map below it is empty: any other was refused.
                    if !matches!(value, Value::Map(_)) {
                        self.entries.push((Value::Null, value));
                    }
                    continue;
                }
                _ => joined(prefix, "null", self.delimiter).into(),
            };
            if let Value::Map(inner) = value {
                self.add(inner, &name);
                continue;
            }
            if let Some(at) = self.places.get(&name) {
                self.entries[*at].1 = value;
            } else {
                self.places.insert(name.clone(), self.entries.len());
                self.entries.push((Value::String(name), value));
            }
        }
    }
}
