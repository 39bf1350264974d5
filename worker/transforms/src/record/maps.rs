//! Maps without a schema, changed in place.

use bytestring::ByteString;
use sluice_plugin::model::Value;

use super::require::Entries;

/// Where the entry of a name is.
pub(crate) fn position(entries: &[(Value, Value)], name: &str) -> Option<usize> {
    entries.iter().position(|(key, _)| matches!(key, Value::String(key) if **key == *name))
}

/// The value of a name; null if there is none.
pub(crate) fn get<'a>(entries: &'a [(Value, Value)], name: &str) -> &'a Value {
    position(entries, name).map_or(&Value::Null, |at| &entries[at].1)
}

/// Sets the value of a name.
pub(crate) fn put(entries: &mut Entries, name: &ByteString, value: Value) {
    match position(entries, name) {
        Some(at) => entries[at].1 = value,
        None => entries.push((Value::String(name.clone()), value)),
    }
}
