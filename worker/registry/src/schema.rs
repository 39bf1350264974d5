//! What a registry holds: schemas as texts, and the numbers under which it knows them.

use std::{fmt, sync::Arc};

use uuid::Uuid;

/// The language of a schema (`schemaType`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SchemaFormat {
    /// Avro, which the registry means where it says nothing.
    Avro,
    /// Protocol Buffers.
    Protobuf,
    /// JSON Schema.
    Json,
}

impl SchemaFormat {
    /// The word of the registry's API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Avro => "AVRO",
            Self::Protobuf => "PROTOBUF",
            Self::Json => "JSON",
        }
    }

    /// The format that a word of the API means; one that is left out is Avro.
    pub(crate) fn parse(word: Option<&str>) -> Option<Self> {
        let word = word.unwrap_or("AVRO");
        [Self::Avro, Self::Protobuf, Self::Json].into_iter().find(|it| it.as_str() == word)
    }
}

impl fmt::Display for SchemaFormat {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.as_str())
    }
}

/// A schema that another one names (`SchemaReference`).
#[derive(Debug, Clone, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub struct Reference {
    /// The name by which the schema's text means it.
    pub name: String,
    /// The subject that holds it.
    pub subject: String,
    /// Its version there.
    pub version: i32,
}

/// A schema as a registry holds it. Clones share the text.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct SchemaText {
    /// Its language.
    pub format: SchemaFormat,
    /// Its text.
    pub text: Arc<str>,
    /// What the text names and others hold.
    pub references: Arc<[Reference]>,
}

impl SchemaText {
    /// A schema that names no other.
    pub fn new(format: SchemaFormat, text: impl Into<Arc<str>>) -> Self {
        Self { format, text: text.into(), references: Arc::default() }
    }

    /// The same schema, whose text names these.
    #[must_use]
    pub fn with_references(mut self, references: impl Into<Arc<[Reference]>>) -> Self {
        self.references = references.into();
        self
    }
}

/// What a record names its schema by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SchemaId {
    /// The number that one registry gave it.
    Number(i32),
    /// The GUID, which is the same in all registries.
    Guid(Uuid),
}

impl fmt::Display for SchemaId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => number.fmt(out),
            Self::Guid(guid) => guid.fmt(out),
        }
    }
}

/// What a registry answers about a schema in a subject.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Registered {
    /// Its number.
    pub id: i32,
    /// Its GUID; registries before Confluent's 8.0 have none.
    pub guid: Option<Uuid>,
    /// Its version in the subject, where the answer says it.
    pub version: Option<i32>,
    /// The schema itself, where the answer holds it.
    pub schema: Option<SchemaText>,
}
