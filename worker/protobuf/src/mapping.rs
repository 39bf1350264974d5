//! One schema ready for use in one direction.

use bytes::Bytes;
use prost_reflect::MessageDescriptor;
use sluice_plugin::model::{SchemaRef, Value};

use crate::compile::{ProtoText, compile, indexes_of, message_at};
use crate::decode::Source;
use crate::encode::Part;
use crate::options::MappingOptions;
use crate::{compatible, from_connect, to_connect};

/// The file of the wrappers as Confluent's serializer registers it.
const WRAPPERS_TEXT: &str = include_str!("../known/wrappers.registered.proto");

/// A Connect schema as Protobuf: its text, and how its values are written.
#[derive(Debug)]
pub struct Encoding {
    text: String,
    name: String,
    index: u32,
    root: Part,
}

impl Encoding {
    /// Maps a schema.
    ///
    /// # Errors
    /// What of it Protobuf cannot say, with the name of the field.
    pub fn new(schema: &SchemaRef, options: &MappingOptions) -> Result<Self, String> {
        let mapped = from_connect::map(schema, options)?;
        let text = mapped.definition.map_or_else(|| WRAPPERS_TEXT.to_owned(), |it| it.text());
        Ok(Self { text, name: mapped.name, index: mapped.index as u32, root: mapped.root })
    }

    /// The text to register.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The full name of the message.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The indexes of the message in its own text.
    pub const fn indexes(&self) -> [u32; 1] {
        [self.index]
    }

    /// The indexes of the message in another text, such as the one that a registry holds. If it `is_strict`, what is written
    /// has to be what that text describes.
    ///
    /// # Errors
    /// Why the text is no valid file, that it has no such message, or which field of it differs.
    pub fn indexes_in(&self, other: ProtoText<'_>, is_strict: bool) -> Result<Vec<u32>, String> {
        let file = compile(other)?;
        let indexes = indexes_of(&file, &self.name)
            .ok_or_else(|| format!("The schema of the registry has no message {}", self.name))?;
        if is_strict && let Some(message) = message_at(&file, &indexes) {
            compatible::check(&self.root, &message)?;
        }
        Ok(indexes)
    }

    /// Appends the message of a value.
    ///
    /// # Errors
    /// The path of the field whose value does not fit, and why.
    pub fn write(&self, value: &Value, out: &mut Vec<u8>) -> Result<(), String> {
        self.root.write(value, out).map_err(|unfit| {
            let reason = unfit.0.strip_prefix(": ").map(str::to_owned);
            reason.unwrap_or_else(|| format!("Field {}", unfit.0))
        })
    }
}

/// A message of a registered text as Connect: its schema, and how its values are read.
#[derive(Debug)]
pub struct Decoding {
    read: to_connect::Read,
}

impl Decoding {
    /// Maps the message at the indexes. `version` is the one that the registry gave the text.
    ///
    /// # Errors
    /// Why the text is no valid file, has no such message, or what of that Connect cannot say.
    pub fn new(
        source: ProtoText<'_>,
        indexes: &[u32],
        version: Option<i32>,
        options: &MappingOptions,
    ) -> Result<Self, String> {
        Self::of(&message(source, indexes)?, version, options)
    }

    /// Maps a message; the rest is as for [`Self::new`].
    pub(crate) fn of(
        message: &MessageDescriptor,
        version: Option<i32>,
        options: &MappingOptions,
    ) -> Result<Self, String> {
        Ok(Self { read: to_connect::map(message, version, options)? })
    }

    /// The schema of values.
    pub const fn schema(&self) -> &SchemaRef {
        &self.read.schema
    }

    /// Reads the value of a message.
    ///
    /// # Errors
    /// The path of the field that cannot be read, and why.
    pub fn read(&self, message: &Bytes) -> Result<Value, String> {
        let source = Source { whole: message, depth: 0 };
        self.read.part.read_message(message, source).map_err(|it| {
            let reason = it.0.strip_prefix(": ").map(str::to_owned);
            reason.unwrap_or_else(|| format!("Field {}", it.0))
        })
    }
}

/// The message at the indexes of a text.
///
/// # Errors
/// Why the text is no valid file, or that it has no such message.
pub(crate) fn message(source: ProtoText<'_>, indexes: &[u32]) -> Result<MessageDescriptor, String> {
    let message = message_at(&compile(source)?, indexes);
    message.ok_or_else(|| format!("Invalid message indexes: {indexes:?}"))
}

#[cfg(test)]
mod tests;
