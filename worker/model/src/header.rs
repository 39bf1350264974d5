//! Record headers: an ordered multimap from name to value.

use std::sync::Arc;

use crate::SchemaAndValue;

/// One header.
#[derive(Debug, Clone, PartialEq)]
pub struct Header {
    /// Name; may occur several times in a record.
    pub key: Arc<str>,
    /// Value with its schema.
    pub value: SchemaAndValue,
}

/// The headers of a record, in order. Empty costs no allocation.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Headers(pub Vec<Header>);

impl Headers {
    /// The last header of the name.
    pub fn last_with_name(&self, key: &str) -> Option<&SchemaAndValue> {
        self.0.iter().rev().find(|header| &*header.key == key).map(|header| &header.value)
    }
}
