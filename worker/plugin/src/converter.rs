//! Converters: between bytes in Kafka and values in the engine.

use std::sync::Arc;

use sluice_config::{ConfigDef, ConfigKey, Default, Importance, Report, Type, Validator};
use sluice_model::{SchemaAndValue, SchemaRef, Value};

use crate::{PluginType, Properties, Result, usual_version};

/// The headers of a message as they are in Kafka: names and bytes in order; names may repeat.
pub type RawHeaders = Vec<(Arc<str>, Option<bytes::Bytes>)>;

/// Which part of a record a converter serves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConverterRole {
    /// Record keys.
    Key,
    /// Record values.
    Value,
    /// Header values.
    Header,
}

impl ConverterRole {
    /// The kind that a class must have for the role.
    pub const fn kind(self) -> PluginType {
        match self {
            Self::Key | Self::Value => PluginType::Converter,
            Self::Header => PluginType::HeaderConverter,
        }
    }
}

impl ConverterRole {
    /// The role as `converter.type` has it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Key => "key",
            Self::Value => "value",
            Self::Header => "header",
        }
    }
}

/// Translates one part of records (`org.apache.kafka.connect.storage.Converter`, `HeaderConverter`).
///
/// - **Threads**: each task has an instance for each part, called on the task's own thread. Whatever it waits for, the task
///   waits for and cannot be stopped meanwhile: it blocks for nothing but an answer without which no record can go on, such as
///   that of a schema registry, within a limit of time, and remembers it. It may keep bounded caches inside.
/// - **Input**: bytes come from anyone who may write to the topic. Whatever they are, `decode` answers in time and memory
///   that their length bounds, and without a panic.
/// - **Errors**: all that are not [systemic](crate::Error::systemic) are of the one record ([`Kind::BadRecord`](crate::Kind)), and `errors.tolerance` decides over it; a
///   retriable one is tried again before that as long as `errors.retry.timeout` allows.
/// - **Loss**: what `encode` writes, `decode` reads back as it was, but for what the format cannot say; the docs of the
///   converter name that. Null stays null in both directions.
pub trait Converter: Send {
    /// Value to bytes; none is a null in Kafka.
    fn encode(
        &mut self,
        topic: &str,
        schema: Option<&SchemaRef>,
        value: &Value,
    ) -> Result<Option<bytes::Bytes>>;

    /// The same for a converter that says something in the record's headers as well: it adds to them once nothing can fail
    /// any more. The worker calls this one.
    fn encode_with_headers(
        &mut self,
        topic: &str,
        _headers: &mut RawHeaders,
        schema: Option<&SchemaRef>,
        value: &Value,
    ) -> Result<Option<bytes::Bytes>> {
        self.encode(topic, schema, value)
    }

    /// Bytes to value. `bytes` is a slice of a shared buffer: keeping it whole or in part copies nothing.
    fn decode(&mut self, topic: &str, bytes: Option<bytes::Bytes>) -> Result<SchemaAndValue>;

    /// The same for a converter that reads the record's headers as well. The worker calls this one.
    fn decode_with_headers(
        &mut self,
        topic: &str,
        _headers: &RawHeaders,
        bytes: Option<bytes::Bytes>,
    ) -> Result<SchemaAndValue> {
        self.decode(topic, bytes)
    }
}

/// Makes converters of one class.
pub trait ConverterFactory: Send + Sync {
    /// Full Java class name.
    fn name(&self) -> &'static str;
    /// Version shown by the REST API and by metrics.
    fn version(&self) -> &'static str {
        usual_version(self.name())
    }
    /// Under which kinds users find the class: converters serve keys and values, header converters headers.
    fn kinds(&self) -> &'static [PluginType] {
        &[PluginType::Converter, PluginType::HeaderConverter]
    }
    /// Definition of the converter's keys (prefix `key.converter.` or `value.converter.` already taken off), with
    /// [`converter_type`] among them, as in Java.
    fn definition(&self) -> ConfigDef;
    /// Checks settings without their prefix.
    fn validate(&self, settings: &Properties, role: ConverterRole) -> Report {
        let mut settings = settings.clone();
        settings.entry("converter.type".to_owned()).or_insert_with(|| role.as_str().to_owned());
        Report::of(&self.definition(), &settings)
    }
    /// A converter of its own for one task.
    fn create(&self, settings: &Properties, role: ConverterRole) -> Result<Box<dyn Converter>>;
}

/// The key that tells every converter which part of a record it serves (`ConverterConfig`). The worker sets it.
pub fn converter_type() -> ConfigKey {
    let documentation = "Part of the record: key, value or header. Set by the worker.";
    ConfigKey::new(
        "converter.type",
        Type::String,
        Default::Required,
        Importance::Low,
        documentation,
    )
    .valid(Validator::In(&["key", "value", "header"]))
}

/// A converter class as the catalog holds it.
pub type ConverterPlugin = Arc<dyn ConverterFactory>;
