//! JSON for converters that have schemas of another kind: text as a tree, and plain values as text.
//!
//! The same reading and writing as the `JsonConverter`'s: Jackson's rules and limits.

use bytes::Bytes;
use sluice_plugin::{
    Result,
    model::{Schema, Value},
};

use super::{document::Document, encode};

pub use super::{node::Node, number::Number};

/// Reads the first value of a text and hands it on; none if there is nothing but white space.
///
/// # Errors
/// What makes the text no JSON, and where.
pub fn read<T>(
    bytes: &Bytes,
    take: impl FnOnce(&Node<'_>) -> T,
) -> std::result::Result<Option<T>, String> {
    let document = Document::new(bytes, 0);
    let node = super::node::parse(&document).map_err(|error| error.to_string())?;
    Ok(node.as_ref().map(take))
}

/// Writes a value of a schema that has no parts. Decimals are numbers if they are `numeric`, else Base64.
///
/// # Errors
/// A value that is none of the schema, in Java's words.
pub fn write_plain(out: &mut String, schema: &Schema, value: &Value, numeric: bool) -> Result<()> {
    let options = encode::Options { replace_null: true, numeric };
    encode::write_value(out, Some(schema), value, options)
}

/// Writes a text between quotes, with Jackson's escapes.
pub fn write_text(out: &mut String, text: &str) {
    encode::write_string(out, text);
}

/// The bytes of padded Base64 by Jackson's rules; none if it is no such text.
pub fn base64(text: &str) -> Option<Bytes> {
    super::read::base64(text)
}
