//! Values without a schema: the record `Anything`, of whose fields one is set.

use sluice_plugin::model::Value;

use super::{begin, bytes, end, long};

/// How deep lists and maps may be nested.
const DEEPEST: usize = 100;
/// How many fields the record has.
const FIELDS: usize = 9;

/// Appends a value.
pub(crate) fn write(value: &Value, depth: usize, out: &mut Vec<u8>) -> Result<(), String> {
    if depth > DEEPEST {
        return Err(format!("the value is nested deeper than {DEEPEST} levels"));
    }
    let (field, rest) = match value {
        Value::Null => (FIELDS, None),
        Value::Boolean(_) => (0, Some(value)),
        Value::Float64(_) => (2, Some(value)),
        Value::Float32(_) => (3, Some(value)),
        Value::Int8(_) | Value::Int16(_) | Value::Int32(_) => (4, Some(value)),
        Value::Int64(_) => (5, Some(value)),
        Value::String(_) => (6, Some(value)),
        Value::Array(_) => (7, Some(value)),
        Value::Map(_) => (8, Some(value)),
        Value::Bytes(_) | Value::Date(_) | Value::Decimal(_) | Value::Struct(_) => {
            return Err("Unknown Java type for schemaless data".to_owned());
        }
    };
    out.extend(std::iter::repeat_n(0, field));
    if let Some(value) = rest {
        long(out, 1);
        set(value, depth, out)?;
        out.extend(std::iter::repeat_n(0, FIELDS - field - 1));
    }
    Ok(())
}

fn set(value: &Value, depth: usize, out: &mut Vec<u8>) -> Result<(), String> {
    match value {
        Value::Boolean(it) => out.push(u8::from(*it)),
        Value::Float64(it) => out.extend_from_slice(&it.to_le_bytes()),
        Value::Float32(it) => out.extend_from_slice(&it.to_le_bytes()),
        Value::Int8(it) => long(out, (*it).into()),
        Value::Int16(it) => long(out, (*it).into()),
        Value::Int32(it) => long(out, (*it).into()),
        Value::Int64(it) => long(out, *it),
        Value::String(it) => bytes(out, it.as_bytes()),
        Value::Array(items) => {
            begin(out, items.len());
            items.iter().try_for_each(|it| write(it, depth + 1, out))?;
            end(out);
        }
        Value::Map(entries) => {
            begin(out, entries.len());
            for (key, value) in entries {
                write(key, depth + 1, out)?;
                write(value, depth + 1, out)?;
            }
            end(out);
        }
        _ => {}
    }
    Ok(())
}
