//! Values to JSON text.

use std::fmt::Write as _;

use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use sluice_plugin::{
    Error, Result,
    model::{Schema, Type, Value},
};

/// Writes a value of a schema, or of none.
pub(super) fn write_value(
    out: &mut String,
    schema: Option<&Schema>,
    value: &Value,
    replace_null: bool,
) -> Result<()> {
    if value.is_null() {
        return write_null(out, schema, replace_null);
    }
    if let Some(schema) = schema.filter(|it| !fits(it, value)) {
        return Err(Error::bad_record(format!(
            "Invalid type for {}: {}",
            schema.type_name(),
            value.java_class()
        )));
    }
    match value {
        Value::Null => {}
        Value::Boolean(it) => out.push_str(if *it { "true" } else { "false" }),
        Value::Int8(it) => push(out, it),
        Value::Int16(it) => push(out, it),
        Value::Int32(it) => push(out, it),
        Value::Int64(it) => push(out, it),
        Value::Float32(it) => write_floating(out, value, it.is_finite()),
        Value::Float64(it) => write_floating(out, value, it.is_finite()),
        Value::String(text) => write_string(out, text),
        Value::Bytes(bytes) => {
            out.push('"');
            BASE64.encode_string(bytes, out);
            out.push('"');
        }
        Value::Array(items) => {
            let item = schema.and_then(|it| {
                if let Type::Array(item) = &it.r#type { Some(&**item) } else { None }
            });
            write_list(out, items.iter(), |out, value| {
                write_value(out, item, value, replace_null)
            })?;
        }
        Value::Map(entries) => write_map(out, schema, entries, replace_null)?,
        Value::Struct(row) => {
            out.push('{');
            for (index, (field, value)) in
                row.schema().fields().iter().zip(row.values()).enumerate()
            {
                if index > 0 {
                    out.push(',');
                }
                write_string(out, &field.name);
                out.push(':');
                write_value(out, Some(&field.schema), value, replace_null)?;
            }
            out.push('}');
        }
    }
    Ok(())
}

fn write_null(out: &mut String, schema: Option<&Schema>, replace_null: bool) -> Result<()> {
    if let Some(schema) = schema {
        if let Some(default) = schema.default.as_ref().filter(|_| replace_null) {
            return write_value(out, Some(schema), default, replace_null);
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

const fn fits(schema: &Schema, value: &Value) -> bool {
    matches!(
        (&schema.r#type, value),
        (Type::Int8, Value::Int8(_))
            | (Type::Int16, Value::Int16(_))
            | (Type::Int32, Value::Int32(_))
            | (Type::Int64, Value::Int64(_))
            | (Type::Float32, Value::Float32(_))
            | (Type::Float64, Value::Float64(_))
            | (Type::Boolean, Value::Boolean(_))
            | (Type::String, Value::String(_))
            | (Type::Bytes, Value::Bytes(_))
            | (Type::Array(_), Value::Array(_))
            | (Type::Map(..), Value::Map(_))
            | (Type::Struct(_), Value::Struct(_))
    )
}

/// A map whose keys are text is an object; any other is a list of pairs.
fn write_map(
    out: &mut String,
    schema: Option<&Schema>,
    entries: &[(Value, Value)],
    replace_null: bool,
) -> Result<()> {
    let (keys, values) = match schema.map(|it| &it.r#type) {
        Some(Type::Map(keys, values)) => (Some(&**keys), Some(&**values)),
        _ => (None, None),
    };
    let is_object = keys.map_or_else(
        || entries.iter().all(|(key, _)| matches!(key, Value::String(_))),
        |keys| keys.r#type == Type::String,
    );
    if !is_object {
        return write_list(out, entries.iter(), |out, (key, value)| {
            out.push('[');
            write_value(out, keys, key, replace_null)?;
            out.push(',');
            write_value(out, values, value, replace_null)?;
            out.push(']');
            Ok(())
        });
    }
    out.push('{');
    for (index, (key, value)) in entries.iter().enumerate() {
        if index > 0 {
            out.push(',');
        }
        let Value::String(key) = key else {
            return Err(Error::bad_record("a map of text keys holds another key"));
        };
        write_string(out, key);
        out.push(':');
        write_value(out, values, value, replace_null)?;
    }
    out.push('}');
    Ok(())
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

/// Jackson puts what is no number in JSON between quotes.
fn write_floating(out: &mut String, value: &Value, is_finite: bool) {
    let quote = if is_finite { "" } else { "\"" };
    let _ = write!(out, "{quote}{value}{quote}");
}

/// Writes text with the escapes that Jackson uses.
pub(super) fn write_string(out: &mut String, text: &str) {
    out.push('"');
    let mut plain = 0;
    for (index, byte) in text.bytes().enumerate() {
        if byte >= 0x20 && byte != b'"' && byte != b'\\' {
            continue;
        }
        out.push_str(&text[plain..index]);
        plain = index + 1;
        match byte {
            b'"' => out.push_str("\\\""),
            b'\\' => out.push_str("\\\\"),
            b'\n' => out.push_str("\\n"),
            b'\r' => out.push_str("\\r"),
            b'\t' => out.push_str("\\t"),
            0x08 => out.push_str("\\b"),
            0x0c => out.push_str("\\f"),
            other => push(out, format_args!("\\u{other:04X}")),
        }
    }
    out.push_str(&text[plain..]);
    out.push('"');
}
