//! What a format brings to the frame that all converters with a registry share.

use bytes::Bytes;
use sluice_plugin::{
    Error,
    model::{SchemaRef, Value},
};

use crate::{SchemaFormat, SchemaId, SchemaText, Work};

/// Makes plans of schemas, and follows them. [`crate::RegistryConverter`] keeps the plans and does everything else.
pub trait Codec: Send + 'static {
    /// The format.
    const FORMAT: SchemaFormat;
    /// Whether a null that is read has a schema.
    const NULL_HAS_SCHEMA: bool;
    /// A schema of Connect in the format.
    type Own;
    /// How the values of one schema are written.
    type Write: Send;
    /// A text of the registry, understood.
    type Known;
    /// How the records of one schema are read.
    type Read: Send;

    /// Whether nothing is registered and written for a null of the schema.
    ///
    /// # Errors
    /// That the schema takes no null.
    fn is_tombstone(&self, schema: Option<&SchemaRef>) -> Result<bool, Wrong>;

    /// A schema in the format, or what stands for values without one.
    ///
    /// # Errors
    /// What of it the format cannot say.
    fn own(&self, schema: Option<&SchemaRef>) -> Result<Derived<Self::Own>, Wrong>;

    /// How to write values: by their own schema, or by `other`, which the registry has instead.
    ///
    /// # Errors
    /// Why `other` cannot be understood, or how it differs.
    fn plan_to_write(
        &self,
        schema: Option<&SchemaRef>,
        own: Self::Own,
        other: Option<KnownText<'_>>,
    ) -> Result<Self::Write, Wrong>;

    /// Appends what stands behind the id of the schema and belongs to it.
    fn put_behind_id(_plan: &Self::Write, _out: &mut Vec<u8>) {}

    /// Appends a value; `false` if there is nothing to write.
    ///
    /// # Errors
    /// Which part of it does not fit the schema, and why.
    fn write(
        &mut self,
        plan: &Self::Write,
        value: &Value,
        out: &mut Vec<u8>,
    ) -> Result<bool, Wrong>;

    /// How many of the bytes behind an id belong to it, as those of [`Self::put_behind_id`].
    ///
    /// # Errors
    /// That they are none.
    fn length_behind_id(_bytes: &[u8]) -> Result<usize, Wrong> {
        Ok(0)
    }

    /// Understands a text, with what stands behind its id. Also the full name of what it describes, if it has one.
    ///
    /// # Errors
    /// Why it cannot be understood.
    fn understand(
        &self,
        text: KnownText<'_>,
        behind_id: &[u8],
    ) -> Result<(Self::Known, Option<String>), Wrong>;

    /// How to read records, and the schema of their values; `version` is the one that the subject of the topic has it under.
    ///
    /// # Errors
    /// What of it Connect cannot say.
    fn plan_to_read(
        &self,
        known: Self::Known,
        version: Option<i32>,
    ) -> Result<(Option<SchemaRef>, Self::Read), Wrong>;

    /// Reads a record.
    ///
    /// # Errors
    /// Which part of it is none of the schema, and why.
    fn read(&self, plan: &Self::Read, record: Bytes) -> Result<Value, Wrong>;
}

/// A schema of Connect in a format.
#[derive(Debug)]
pub struct Derived<T> {
    /// The text to register.
    pub text: String,
    /// The full name of what it describes, which may name its subject.
    pub name: Option<String>,
    /// What writing by it needs.
    pub own: T,
}

/// A text that a registry holds.
#[derive(Debug, Clone, Copy)]
pub struct KnownText<'a> {
    /// The text.
    pub text: &'a str,
    /// Those that it names, by the names that it uses; each before whoever names it.
    pub named: &'a [(String, SchemaText)],
}

/// What is wrong with a record, or with its schema.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wrong {
    /// What Java's mapping between the two kinds of schemas says itself (`DataException`).
    Data(String),
    /// The cause of an error of the serializer or deserializer.
    Cause(String),
}

impl From<String> for Wrong {
    fn from(cause: String) -> Self {
        Self::Cause(cause)
    }
}

impl From<&str> for Wrong {
    fn from(cause: &str) -> Self {
        Self::Cause(cause.to_owned())
    }
}

impl Wrong {
    /// The error of a record that cannot be written.
    pub(crate) fn written(self, format: SchemaFormat, topic: &str) -> Error {
        match self {
            Self::Data(text) => Error::bad_record(text),
            Self::Cause(cause) => Work::Serializing.failed(format, topic, &cause),
        }
    }

    /// The error of a record that cannot be read.
    pub(crate) fn read(self, format: SchemaFormat, topic: &str, id: SchemaId) -> Error {
        match self {
            Self::Data(text) => Error::bad_record(text),
            Self::Cause(cause) => {
                let of = format.name();
                let cause = format!("Error deserializing {of} message for id {id}: {cause}");
                Work::Deserializing.failed(format, topic, &cause)
            }
        }
    }
}
