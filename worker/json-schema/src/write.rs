//! Plans to write values as JSON (`JsonSchemaData.fromConnectData`).

use sluice_converters::tree;
use sluice_plugin::model::{Field, Logical, SchemaRef, Type, Value};

use crate::{
    Options,
    names::{KEY, VALUE, has_names, is_union},
};

/// How to write the values of one schema.
#[derive(Debug)]
pub(crate) struct Write {
    kind: Kind,
    /// The text of null; none if a member that is null is left out.
    null: Option<String>,
}

#[derive(Debug)]
enum Kind {
    /// A value without parts, with whether decimals are numbers.
    Plain(SchemaRef, bool),
    Array(Box<Write>),
    /// An object whose members are the entries.
    Names(Box<Write>),
    /// A list of objects with key and value.
    Entries(Box<(Write, Write)>),
    /// Names between quotes with their colons.
    Row(SchemaRef, Vec<(String, Write)>),
    Union(SchemaRef, Vec<Write>),
}

type Result<T> = std::result::Result<T, String>;

impl Write {
    /// The plan of a schema.
    ///
    /// # Errors
    /// A default that is no value of its schema.
    pub(crate) fn new(schema: &SchemaRef, options: &Options) -> Result<Self> {
        let kind = Kind::new(schema, options)?;
        let null = match &schema.default {
            Some(default) if !options.ignore_default && !default.is_null() => {
                let mut text = String::new();
                kind.value(&mut text, default).map_err(|error| format!("the default{error}"))?;
                Some(text)
            }
            _ => schema.optional.then(|| "null".to_owned()),
        };
        Ok(Self { kind, null })
    }

    /// Writes a whole record; none is written for a null that has no text.
    ///
    /// # Errors
    /// A value that is none of the schema, and where.
    pub(crate) fn record(&self, out: &mut String, value: &Value) -> Result<bool> {
        self.value(out, value).map_err(|error| format!("value{error}"))
    }

    /// Whether there was anything to write.
    fn value(&self, out: &mut String, value: &Value) -> Result<bool> {
        if !value.is_null() {
            self.kind.value(out, value)?;
            return Ok(true);
        }
        out.push_str(self.null.as_deref().unwrap_or_default());
        Ok(self.null.is_some())
    }

    /// Writes a value that has to be there.
    fn part(&self, out: &mut String, value: &Value) -> Result<()> {
        if !self.value(out, value)? {
            out.push_str("null");
        }
        Ok(())
    }
}

impl Kind {
    fn new(schema: &SchemaRef, options: &Options) -> Result<Self> {
        let of = |schema: &SchemaRef| Write::new(schema, options).map(Box::new);
        if Logical::of(schema).is_some() {
            return Ok(Self::Plain(schema.clone(), options.numeric));
        }
        Ok(match &schema.r#type {
            Type::Array(items) => Self::Array(of(items)?),
            Type::Map(keys, values) if has_names(keys) => Self::Names(of(values)?),
            Type::Map(keys, values) => Self::Entries(Box::new((*of(keys)?, *of(values)?))),
            Type::Struct(fields) if is_union(schema) => {
                let types = fields.iter().map(|it| Write::new(&it.schema, options));
                Self::Union(schema.clone(), types.collect::<Result<_>>()?)
            }
            Type::Struct(fields) => {
                let field = |field: &Field| {
                    let mut name = String::new();
                    tree::write_text(&mut name, &field.name);
                    name.push(':');
                    Ok((name, Write::new(&field.schema, options)?))
                };
                let fields = fields.iter().map(field).collect::<Result<_>>()?;
                Self::Row(schema.clone(), fields)
            }
            _ => Self::Plain(schema.clone(), options.numeric),
        })
    }

    /// A value that is not null.
    #[allow(clippy::too_many_lines, reason = "one arm for each type, read top to bottom")]
    fn value(&self, out: &mut String, value: &Value) -> Result<()> {
        match (self, value) {
            (Self::Plain(schema, numeric), value) => {
                tree::write_plain(out, schema, value, *numeric)
                    .map_err(|error| format!(": {error}"))?;
            }
            (Self::Array(items), Value::Array(values)) => {
                list(out, values, |out, value| items.part(out, value))?;
            }
            (Self::Names(values), Value::Map(entries)) => names(out, values, entries)?,
            (Self::Entries(writes), Value::Map(entries)) => {
                list(out, entries, |out, (key, value)| {
                    for (begin, name, write, value) in
                        [("{\"", KEY, &writes.0, key), (",\"", VALUE, &writes.1, value)]
                    {
                        out.extend([begin, name, "\":"]);
                        write.part(out, value).map_err(|error| format!("/{name}{error}"))?;
                    }
                    out.push('}');
                    Ok(())
                })?;
            }
            (Self::Row(schema, fields), Value::Struct(row)) => {
                check(schema, row.schema())?;
                out.push('{');
                let mut comma = "";
                for (place, ((name, write), value)) in fields.iter().zip(row.values()).enumerate() {
                    let begun = out.len();
                    out.extend([comma, name.as_str()]);
                    let written = write.value(out, value);
                    let at = |error: String| format!("/{}{error}", schema.fields()[place].name);
                    if written.map_err(at)? {
                        comma = ",";
                    } else {
                        out.truncate(begun);
                    }
                }
                out.push('}');
            }
            (Self::Union(schema, types), Value::Struct(row)) => {
                check(schema, row.schema())?;
                // Of several members that are set, Java writes the first as well.
                let mut members = types.iter().zip(row.values());
                let set = members.find(|(it, value)| !value.is_null() || it.has_default());
                match set {
                    Some((write, value)) => write.part(out, value)?,
                    None if schema.optional => out.push_str("null"),
                    None => return Err(": no member of the union is set".to_owned()),
                }
            }
            (_, value) => {
                let class = value.java_class();
                return Err(format!(": a value of class {class} is none of the schema"));
            }
        }
        Ok(())
    }
}

impl Write {
    /// Whether a default stands for null.
    fn has_default(&self) -> bool {
        self.null.as_deref().is_some_and(|it| it != "null")
    }
}

fn list<T>(
    out: &mut String,
    items: &[T],
    mut each: impl FnMut(&mut String, &T) -> Result<()>,
) -> Result<()> {
    out.push('[');
    for (place, item) in items.iter().enumerate() {
        if place > 0 {
            out.push(',');
        }
        each(out, item).map_err(|error| format!("/{place}{error}"))?;
    }
    out.push(']');
    Ok(())
}

fn names(out: &mut String, values: &Write, entries: &[(Value, Value)]) -> Result<()> {
    out.push('{');
    for (place, (key, value)) in entries.iter().enumerate() {
        let Value::String(name) = key else {
            return Err(format!(": a key of class {} is no name", key.java_class()));
        };
        if place > 0 {
            out.push(',');
        }
        tree::write_text(out, name);
        out.push(':');
        values.part(out, value).map_err(|error| format!("/{name}{error}"))?;
    }
    out.push('}');
    Ok(())
}

/// Whether a row has the schema, apart from its own default.
fn check(schema: &SchemaRef, row: &SchemaRef) -> Result<()> {
    if SchemaRef::ptr_eq(schema, row) || schema.r#type == row.r#type {
        return Ok(());
    }
    Err(": Mismatching schema.".to_owned())
}

#[cfg(test)]
mod tests;
