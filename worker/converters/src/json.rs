//! `JsonConverter`: values as JSON, with the schema beside them or without.
//!
//! With `schemas.enable` a record is `{"schema":…,"payload":…}`. Schemas are compared as raw text: a schema seen before
//! costs one comparison, and the payload is read straight into typed values, without a JSON tree in between. A schema
//! written before is copied.

mod decoder;
mod document;
mod encode;
mod encoder;
mod keys;
mod names;
mod node;
mod number;
mod places;
mod plain;
mod plan;
mod read;
mod recent;
mod scan;
mod schema;
mod schemaless;
pub mod tree;

use bytes::Bytes;
use sluice_plugin::{
    Converter, ConverterFactory, ConverterRole, Error, Properties, Result,
    config::{Config, ConfigDef},
    converter_type,
    model::{SchemaAndValue, SchemaRef, Value},
};

use decoder::Decoder;
use encoder::Encoder;

/// `org.apache.kafka.connect.json.JsonConverter`.
pub struct JsonConverter;

#[derive(Config)]
struct Settings {
    /// Whether each record carries its schema.
    #[config(key = "schemas.enable", default = "true", importance = High)]
    #[config(group = "Schemas", order = 0, width = Medium, name = "Enable Schemas")]
    schemas_enable: bool,
    /// Schemas that are kept ready in each direction.
    #[config(key = "schemas.cache.size", default = "1000", importance = High)]
    #[config(group = "Schemas", order = 1, width = Medium, name = "Schema Cache Size")]
    cache_size: usize,
    /// A schema for all records, in place of those that they carry. Counts with `schemas.enable`, and for reading alone.
    #[config(key = "schema.content", importance = High)]
    #[config(group = "Schemas", order = 2, width = Medium, name = "Schema Content")]
    content: Option<String>,
    /// How decimals are written: as BASE64 of their bytes, or as NUMERIC.
    #[config(key = "decimal.format", default = "BASE64", importance = Low)]
    #[config(one_of_any_case("BASE64", "NUMERIC"))]
    #[config(group = "Serialization", order = 0, width = Medium, name = "Decimal Format")]
    decimal_format: String,
    /// Whether a default takes the place of null in an optional field.
    #[config(key = "replace.null.with.default", default = "true", importance = Low)]
    #[config(group = "Serialization", order = 1, width = Medium, name = "Replace null with default")]
    replace_null: bool,
}

impl ConverterFactory for JsonConverter {
    fn name(&self) -> &'static str {
        "org.apache.kafka.connect.json.JsonConverter"
    }

    fn definition(&self) -> ConfigDef {
        ConfigDef { keys: [vec![converter_type()], Settings::definition().keys].concat() }
    }

    fn create(&self, settings: &Properties, _: ConverterRole) -> Result<Box<dyn Converter>> {
        let settings =
            Settings::parse(settings).map_err(|report| Error::fatal(report.to_string()))?;
        let (cache_size, replace_null) = (settings.cache_size, settings.replace_null);
        let content = settings.content.as_deref().filter(|it| !it.is_empty());
        // A schema that is not used has to be right as well.
        let content = content.map(|it| Decoder::content(it, replace_null)).transpose()?.flatten();
        let decoder = match content {
            _ if !settings.schemas_enable => Decoder::schemaless(),
            Some(content) => content,
            None => Decoder::envelope(cache_size, replace_null),
        };
        let numeric = settings.decimal_format.eq_ignore_ascii_case("NUMERIC");
        let options = encode::Options { replace_null, numeric };
        let encoder = Encoder::new(options, settings.schemas_enable.then_some(cache_size));
        Ok(Box::new(Json { encoder, decoder }))
    }
}

struct Json {
    encoder: Encoder,
    decoder: Decoder,
}

impl Converter for Json {
    fn encode(
        &mut self,
        _: &str,
        schema: Option<&SchemaRef>,
        value: &Value,
    ) -> Result<Option<Bytes>> {
        self.encoder.encode(schema, value)
    }

    fn decode(&mut self, _: &str, bytes: Option<Bytes>) -> Result<SchemaAndValue> {
        bytes.map_or(Ok(SchemaAndValue::NULL), |it| self.decoder.decode(&it))
    }
}

#[cfg(test)]
mod tests;
