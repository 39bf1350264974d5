//! Values to JSON text: `JsonConverter.convertToJson`, without the tree.

mod map;
mod text;

use std::fmt::Write as _;

use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use sluice_plugin::{
    Error, Result,
    model::{
        Logical, Schema, Struct, Type, Value,
        logical::{days_of, scale_of, time_of},
    },
};

use super::names::Names;
use map::write_map;
pub(super) use text::write_string;

/// How values are written.
#[derive(Debug, Clone, Copy)]
pub(super) struct Options {
    /// Whether a default takes the place of null.
    pub(super) replace_null: bool,
    /// Whether decimals are numbers, not Base64.
    pub(super) numeric: bool,
}

/// Writes a value of a schema, or of none.
pub(super) fn write_value(
    out: &mut String,
    schema: Option<&Schema>,
    value: &Value,
    options: Options,
) -> Result<()> {
    write_named(out, (schema, Names::NONE), value, options)
}

/// The same where the names of the schema may be known.
pub(super) fn write_named(
    out: &mut String,
    (schema, names): (Option<&Schema>, &Names),
    value: &Value,
    options: Options,
) -> Result<()> {
    let schema = schema.and_then(Schema::known);
    if value.is_null() {
        return write_null(out, schema, options);
    }
    if let Some(schema) = schema {
        if let Some(logical) = Logical::of(schema) {
            return write_logical(out, logical, schema, value, options);
        }
        check(schema, value)?;
    }
    match value {
        Value::Null => {}
        Value::Boolean(it) => out.push_str(if *it { "true" } else { "false" }),
        Value::Int8(it) => push_integer(out, *it),
        Value::Int16(it) => push_integer(out, *it),
        Value::Int32(it) => push_integer(out, *it),
        Value::Int64(it) => push_integer(out, *it),
        Value::Float32(it) => write_floating(out, value, it.is_finite()),
        Value::Float64(it) => write_floating(out, value, it.is_finite()),
        Value::String(text) => write_string(out, text),
        Value::Bytes(bytes) => write_base64(out, bytes),
        Value::Date(_) | Value::Decimal(_) => {
            return Err(Error::bad_record(format!(
                "Java class class {} does not have corresponding schema type.",
                value.java_class()
            )));
        }
        Value::Array(items) => {
            let item = schema.and_then(|it| {
                if let Type::Array(item) = &it.r#type { Some(&**item) } else { None }
            });
            write_list(out, items.iter(), |out, value| write_value(out, item, value, options))?;
        }
        Value::Map(entries) => write_map(out, schema, entries, options)?,
        Value::Struct(row) => write_row(out, row, names, options)?,
    }
    Ok(())
}

/// `names` are those of the row's schema, if they are known.
fn write_row(out: &mut String, row: &Struct, names: &Names, options: Options) -> Result<()> {
    out.push('{');
    for (index, (field, value)) in row.schema().fields().iter().zip(row.values()).enumerate() {
        let names = if let Some((text, names)) = names.field(index) {
            out.push_str(text);
            names
        } else {
            if index > 0 {
                out.push(',');
            }
            write_string(out, &field.name);
            out.push(':');
            Names::NONE
        };
        write_named(out, (Some(&field.schema), names), value, options)?;
    }
    out.push('}');
    Ok(())
}

fn write_null(out: &mut String, schema: Option<&Schema>, options: Options) -> Result<()> {
    if let Some(schema) = schema {
        if let Some(default) = schema.default.as_ref().filter(|_| options.replace_null) {
            return write_value(out, Some(schema), default, options);
        }
        if !schema.optional {
            return Err(Error::bad_record(
                "Conversion error: null value for field that is required and has no default value",
            ));
        }
    }
    out.push_str("null");
    Ok(())
}

/// Whether the value has the class that the schema's type stands for.
fn check(schema: &Schema, value: &Value) -> Result<()> {
    let class = value.java_class();
    if let (Type::Struct(_), Value::Struct(row)) = (&schema.r#type, value) {
        let is_same = std::ptr::eq(schema, &raw const **row.schema()) || *schema == **row.schema();
        return if is_same { Ok(()) } else { Err(Error::bad_record("Mismatching schema.")) };
    }
    if schema.fits(value) {
        return Ok(());
    }
    Err(Error::bad_record(if schema.r#type == Type::Bytes {
        format!("Invalid type for bytes type: class {class}")
    } else {
        format!("Invalid type for {}: class {class}", schema.type_name())
    }))
}

fn write_logical(
    out: &mut String,
    logical: Logical,
    schema: &Schema,
    value: &Value,
    options: Options,
) -> Result<()> {
    let bad =
        |error: sluice_plugin::model::logical::LogicalError| Error::bad_record(error.to_string());
    match (logical, value) {
        (Logical::Date, Value::Date(millis)) => {
            push_integer(out, days_of(*millis).map_err(bad)?);
        }
        (Logical::Time, Value::Date(millis)) => {
            push_integer(out, time_of(*millis).map_err(bad)?);
        }
        (Logical::Timestamp, Value::Date(millis)) => push_integer(out, *millis),
        (Logical::Decimal, Value::Decimal(decimal)) if options.numeric => push(out, decimal),
        (Logical::Decimal, Value::Decimal(decimal)) => {
            write_base64(
                out,
                &decimal.to_scaled_bytes(scale_of(schema).map_err(bad)?).map_err(bad)?,
            );
        }
        _ => {
            let (name, expected) = match logical {
                Logical::Decimal => ("Decimal", "BigDecimal"),
                Logical::Date => ("Date", "Date"),
                Logical::Time => ("Time", "Date"),
                Logical::Timestamp => ("Timestamp", "Date"),
            };
            return Err(Error::bad_record(format!(
                "Invalid type for {name}, expected {expected} but was class {}",
                value.java_class()
            )));
        }
    }
    Ok(())
}

fn write_base64(out: &mut String, bytes: &[u8]) {
    out.push('"');
    BASE64.encode_string(bytes, out);
    out.push('"');
}

fn write_list<T>(
    out: &mut String,
    items: impl Iterator<Item = T>,
    mut each: impl FnMut(&mut String, T) -> Result<()>,
) -> Result<()> {
    out.push('[');
    for (index, item) in items.enumerate() {
        if index > 0 {
            out.push(',');
        }
        each(out, item)?;
    }
    out.push(']');
    Ok(())
}

fn push(out: &mut String, number: impl std::fmt::Display) {
    // Writing to a String cannot fail.
    let _ = write!(out, "{number}");
}

fn push_integer(out: &mut String, number: impl itoa::Integer) {
    out.push_str(itoa::Buffer::new().format(number));
}

/// Jackson puts what is no number in JSON between quotes.
fn write_floating(out: &mut String, value: &Value, is_finite: bool) {
    let quote = if is_finite { "" } else { "\"" };
    let _ = write!(out, "{quote}{value}{quote}");
}
