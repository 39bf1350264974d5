//! Values without a schema: the record `Anything`, of whose fields one is set.

use sluice_plugin::model::Value;

use super::{Cursor, Entries};

/// How deep lists and maps may be nested.
const DEEPEST: usize = 100;

/// Reads one; of several fields that are set, the first counts, as in Java.
pub(super) fn read(from: &mut Cursor, depth: usize) -> Result<Value, String> {
    if depth > DEEPEST {
        return Err(format!("the value is nested deeper than {DEEPEST} levels"));
    }
    let mut found = Value::Null;
    for field in 0..9 {
        if *from.branch(&[false, true])? {
            let value = set(field, from, depth)?;
            if found.is_null() {
                found = value;
            }
        }
    }
    Ok(found)
}

fn set(field: usize, from: &mut Cursor, depth: usize) -> Result<Value, String> {
    Ok(match field {
        0 => Value::Boolean(from.byte()? != 0),
        1 => Value::Bytes(from.bytes()?),
        2 => Value::Float64(f64::from_le_bytes(from.array()?)),
        3 => Value::Float32(f32::from_le_bytes(from.array()?)),
        4 => Value::Int32(from.int()?),
        5 => Value::Int64(from.long()?),
        6 => Value::String(from.text()?),
        7 => {
            let mut items = Vec::new();
            from.blocks(|from| {
                items.push(read(from, depth + 1)?);
                Ok(())
            })?;
            Value::Array(items)
        }
        _ => {
            let mut entries = Entries::default();
            from.blocks(|from| {
                let key = read(from, depth + 1)?;
                entries.put(key, read(from, depth + 1)?);
                Ok(())
            })?;
            Value::Map(entries.all)
        }
    })
}
