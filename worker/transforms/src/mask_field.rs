//! `MaskField`: puts an empty or a given value in place of what a field holds.

use bytestring::ByteString;
use sluice_config::{Config, Validator};
use sluice_plugin::{
    Error, Result,
    model::{Decimal, Schema, SchemaAndValue, SchemaRef, Value, kept_text, values},
};

use crate::{
    record::{
        maps,
        part::{Around, OfPart},
        plans::Plans,
        require, rows,
    },
    settings,
};

const PURPOSE: &str = "mask fields";

/// Keys of [`MaskField`].
#[derive(Debug, Config)]
pub struct MaskFieldConfig {
    /// Names of the fields to mask.
    #[config(key = "fields", importance = High, valid = Validator::SOME_NAMES)]
    fields: Vec<String>,
    /// What masked fields hold instead, turned into the type of each: numbers and text alone can be masked so. Without
    /// it a field gets 0, false, no text, an empty list or map, or the first moment of 1970.
    #[config(key = "replacement", importance = Low, non_empty)]
    replacement: Option<String>,
    /// Whether a field that is null gets the default of its schema, which is then masked. If false it stays null.
    #[config(key = "replace.null.with.default", default = "true", importance = Medium)]
    replace_null_with_default: bool,
}

/// Puts an empty or a given value in place of what a field holds.
pub struct MaskField {
    fields: Vec<ByteString>,
    mask: Mask,
    defaults: bool,
    plans: Plans<Vec<bool>>,
    masked: Vec<Value>,
}

enum Mask {
    Empty,
    Replacement(Value),
}

impl OfPart for MaskField {
    type Config = MaskFieldConfig;
    const KEY: &'static str = "org.apache.kafka.connect.transforms.MaskField$Key";
    const VALUE: &'static str = "org.apache.kafka.connect.transforms.MaskField$Value";

    fn configure(config: MaskFieldConfig) -> Result<Self> {
        let fields = settings::as_a_set(&config.fields);
        let mask = config
            .replacement
            .map_or(Mask::Empty, |it| Mask::Replacement(Value::String(kept_text(&it))));
        Ok(Self {
            fields: fields.into_iter().map(ByteString::from).collect(),
            mask,
            defaults: config.replace_null_with_default,
            plans: Plans::new(),
            masked: Vec::new(),
        })
    }

    fn apply(&mut self, part: &mut SchemaAndValue, _: Around<'_>) -> Result<()> {
        self.masked.clear();
        match &part.schema {
            None => self.apply_to_map(&mut part.value),
            Some(_) => self.apply_to_row(&mut part.value),
        }
    }
}

impl MaskField {
    fn apply_to_map(&mut self, value: &mut Value) -> Result<()> {
        let entries = require::map(value, PURPOSE)?;
        for name in &self.fields {
            self.masked.push(self.mask.of(maps::get(entries, name))?);
        }
        for (name, masked) in self.fields.iter().zip(self.masked.drain(..)) {
            maps::put(entries, name, masked);
        }
        Ok(())
    }

    fn apply_to_row(&mut self, value: &mut Value) -> Result<()> {
        let row = require::row(value, PURPOSE)?;
        let schema = SchemaRef::clone(row.schema());
        let fields = &self.fields;
        let plan = self.plans.get(&schema, |schema| Ok(marks(schema, fields)))?;
        for ((field, value), is_masked) in schema.fields().iter().zip(row.values()).zip(plan) {
            if !*is_masked {
                rows::checked(field, &field.schema, value, self.defaults)?;
                continue;
            }
            let masked = self.mask.of(rows::read(value, &field.schema, self.defaults))?;
            rows::check(&field.name, &field.schema, &masked)?;
            self.masked.push(masked);
        }
        rows::fill(schema.fields(), row.values_mut(), self.defaults);
        let masked = row.values_mut().iter_mut().zip(plan).filter(|(_, is_masked)| **is_masked);
        for ((value, _), mask) in masked.zip(self.masked.drain(..)) {
            *value = mask;
        }
        Ok(())
    }
}

fn marks(schema: &Schema, masked: &[ByteString]) -> Vec<bool> {
    schema.fields().iter().map(|field| masked.iter().any(|it| **it == *field.name)).collect()
}

impl Mask {
    fn of(&self, value: &Value) -> Result<Value> {
        match self {
            _ if value.is_null() => Ok(Value::Null),
            Self::Empty => empty(value),
            Self::Replacement(text) => replaced(value, text),
        }
    }
}

fn empty(value: &Value) -> Result<Value> {
    Ok(match value {
        Value::Boolean(_) => Value::Boolean(false),
        Value::Int8(_) => Value::Int8(0),
        Value::Int16(_) => Value::Int16(0),
        Value::Int32(_) => Value::Int32(0),
        Value::Int64(_) => Value::Int64(0),
        Value::Float32(_) => Value::Float32(0.0),
        Value::Float64(_) => Value::Float64(0.0),
        Value::Decimal(_) => Value::Decimal(Decimal::new(0.into(), 0).into()),
        Value::Date(_) => Value::Date(0),
        Value::String(_) => Value::String(ByteString::new()),
        Value::Array(_) => Value::Array(Vec::new()),
        Value::Map(_) => Value::Map(Vec::new()),
        Value::Null | Value::Bytes(_) | Value::Struct(_) => {
            let class = value.java_class();
            return Err(Error::bad_record(format!("Cannot mask value of type: class {class}")));
        }
    })
}

fn replaced(value: &Value, text: &Value) -> Result<Value> {
    // The text is there, so each of these has a value unless it fails.
    let replaced = match value {
        Value::Int8(_) => values::convert_to_byte(None, text).map(|it| it.map(Value::Int8)),
        Value::Int16(_) => values::convert_to_short(None, text).map(|it| it.map(Value::Int16)),
        Value::Int32(_) => values::convert_to_integer(None, text).map(|it| it.map(Value::Int32)),
        Value::Int64(_) => values::convert_to_long(None, text).map(|it| it.map(Value::Int64)),
        Value::Float32(_) => values::convert_to_float(None, text).map(|it| it.map(Value::Float32)),
        Value::Float64(_) => values::convert_to_double(None, text).map(|it| it.map(Value::Float64)),
        Value::Decimal(_) => {
            let parsed = Decimal::parse(&text.to_string()).map(|it| Value::Decimal(it.into()));
            return parsed.ok_or_else(|| {
                not_a_number(format!("Unable to convert {text} (class java.lang.String) to number"))
            });
        }
        Value::String(_) => return Ok(text.clone()),
        other => {
            return Err(Error::bad_record(format!(
                "Cannot mask value of type class {} with custom replacement.",
                other.java_class()
            )));
        }
    };
    replaced.map(|it| it.unwrap_or(Value::Null)).map_err(|error| not_a_number(error.to_string()))
}

fn not_a_number(message: String) -> Error {
    Error::bad_record(message)
        .because(Error::bad_record("").named("java.lang.NumberFormatException"))
}
