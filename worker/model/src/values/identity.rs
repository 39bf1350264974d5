//! When two keys of a map are the same key: `equals` of the Java objects.

use std::collections::HashMap;

use crate::Value;

/// Map entries in the order in which their keys came first; a later value replaces an earlier one.
#[derive(Default)]
pub(crate) struct Entries {
    entries: Vec<(Value, Value)>,
    places: HashMap<Vec<u8>, usize>,
}

impl Entries {
    pub(crate) fn put(&mut self, key: Value, value: Value) {
        let mut identity = Vec::new();
        write(&mut identity, &key);
        if let Some(place) = self.places.get(&identity) {
            self.entries[*place].1 = value;
        } else {
            self.places.insert(identity, self.entries.len());
            self.entries.push((key, value));
        }
    }

    pub(crate) fn into_vec(self) -> Vec<(Value, Value)> {
        self.entries
    }
}

/// Bytes that equal those of another value if and only if Java's objects are equal.
fn write(out: &mut Vec<u8>, value: &Value) {
    let kind = match value {
        Value::Null => 0_u8,
        Value::Int8(_) => 1,
        Value::Int16(_) => 2,
        Value::Int32(_) => 3,
        Value::Int64(_) => 4,
        Value::Float32(_) => 5,
        Value::Float64(_) => 6,
        Value::Boolean(_) => 7,
        Value::String(_) => 8,
        Value::Bytes(_) => 9,
        Value::Date(_) => 10,
        Value::Decimal(_) => 11,
        Value::Array(_) => 12,
        Value::Map(_) => 13,
        Value::Struct(_) => 14,
    };
    out.push(kind);
    match value {
        Value::Null => {}
        Value::Int8(it) => out.extend(it.to_le_bytes()),
        Value::Int16(it) => out.extend(it.to_le_bytes()),
        Value::Int32(it) => out.extend(it.to_le_bytes()),
        Value::Int64(it) | Value::Date(it) => out.extend(it.to_le_bytes()),
        // All NaNs are one in `Float.equals`; zero has two signs.
        Value::Float32(it) => {
            out.extend(if it.is_nan() { f32::NAN } else { *it }.to_bits().to_le_bytes());
        }
        Value::Float64(it) => {
            out.extend(if it.is_nan() { f64::NAN } else { *it }.to_bits().to_le_bytes());
        }
        Value::Boolean(it) => out.push(u8::from(*it)),
        Value::String(it) => write_bytes(out, it.as_bytes()),
        // Two arrays of bytes are never equal in Java; here they are by content, which is what a map's user means.
        Value::Bytes(it) => write_bytes(out, it),
        Value::Decimal(it) => {
            out.extend(it.scale().to_le_bytes());
            write_bytes(out, &it.to_bytes());
        }
        Value::Array(items) => write_all(out, items.iter()),
        // The order of a map's entries does not count.
        Value::Map(entries) => {
            let mut parts: Vec<Vec<u8>> = Vec::with_capacity(entries.len());
            for (key, value) in entries {
                let mut part = Vec::new();
                write(&mut part, key);
                write(&mut part, value);
                parts.push(part);
            }
            parts.sort_unstable();
            out.extend(parts.len().to_le_bytes());
            for part in parts {
                out.extend(part);
            }
        }
        Value::Struct(row) => {
            // Rows of different schemas differ. The text of a schema holds all of it.
            write_bytes(out, format!("{:?}", row.schema()).as_bytes());
            write_all(out, row.values().iter());
        }
    }
}

fn write_bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    out.extend(bytes.len().to_le_bytes());
    out.extend(bytes);
}

fn write_all<'a>(out: &mut Vec<u8>, items: impl ExactSizeIterator<Item = &'a Value>) {
    out.extend(items.len().to_le_bytes());
    items.for_each(|it| write(out, it));
}

/// Entries whose keys became others: those that are the same now are one.
pub(crate) fn rekeyed(entries: impl IntoIterator<Item = (Value, Value)>) -> Vec<(Value, Value)> {
    let mut rekeyed = Entries::default();
    for (key, value) in entries {
        rekeyed.put(key, value);
    }
    rekeyed.entries
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_the_same_where_java_s_are_equal() {
        let map = |keys: [i8; 2]| Value::Map(keys.map(|it| (Value::Int8(it), Value::Null)).into());
        for (left, right, same) in [
            (Value::Int8(1), Value::Int8(1), true),
            (Value::Int8(1), Value::Int16(1), false),
            (Value::Float32(0.0), Value::Float32(-0.0), false),
            (Value::Float64(f64::NAN), Value::Float64(-f64::NAN), true),
            (map([1, 2]), map([2, 1]), true),
            (Value::Array(vec![Value::Null]), Value::Array(vec![]), false),
        ] {
            let entries = [(left.clone(), Value::Null), (right.clone(), Value::Null)];
            assert_eq!(rekeyed(entries).len() == 1, same, "{left} {right}");
        }
    }
}
