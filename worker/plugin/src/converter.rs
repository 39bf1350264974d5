//! Converters: between bytes in Kafka and values in the engine.

use std::sync::Arc;

use sluice_config::Report;
use sluice_model::{SchemaAndValue, SchemaRef, Value};

use crate::{PluginType, Properties, Result};

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

/// Translates one part of records. Called from one thread at a time per instance; may keep bounded caches inside.
pub trait Converter: Send {
    /// Value to bytes; none is a null in Kafka.
    fn encode(
        &mut self,
        topic: &str,
        schema: Option<&SchemaRef>,
        value: &Value,
    ) -> Result<Option<bytes::Bytes>>;

    /// Bytes to value. `bytes` is a slice of a shared buffer: keeping it whole or in part copies nothing.
    fn decode(&mut self, topic: &str, bytes: Option<bytes::Bytes>) -> Result<SchemaAndValue>;
}

/// Makes converters of one class.
pub trait ConverterFactory: Send + Sync {
    /// Full Java class name.
    fn name(&self) -> &'static str;
    /// Under which kinds users find the class: converters serve keys and values, header converters headers.
    fn kinds(&self) -> &'static [PluginType] {
        &[PluginType::Converter, PluginType::HeaderConverter]
    }
    /// Checks settings (prefix `key.converter.` or `value.converter.` already taken off).
    fn validate(&self, settings: &Properties, role: ConverterRole) -> Report;
    /// A converter of its own for one task.
    fn create(&self, settings: &Properties, role: ConverterRole) -> Result<Box<dyn Converter>>;
}

/// A converter class as the catalog holds it.
pub type ConverterPlugin = Arc<dyn ConverterFactory>;
