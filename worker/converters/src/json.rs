//! `JsonConverter`: values as JSON, with the schema beside them or without.
//!
//! With `schemas.enable` a record is `{"schema":…,"payload":…}`. Schemas are compared as raw text: a schema seen before
//! costs one comparison, and the payload is read straight into typed values, without a JSON tree in between.

mod decode;
mod encode;
mod schema;

use std::collections::VecDeque;

use bytes::Bytes;
use serde::Deserialize;
use serde_json::value::RawValue;
use sluice_plugin::{
    Converter, ConverterFactory, ConverterRole, Error, Properties, Result,
    config::{Config, Report},
    model::{SchemaAndValue, SchemaRef, Value},
};

/// `org.apache.kafka.connect.json.JsonConverter`.
pub struct JsonConverter;

#[derive(Config)]
struct Settings {
    /// Whether each record carries its schema.
    #[config(key = "schemas.enable", default = "true", importance = High)]
    schemas_enable: bool,
    /// Schemas that are kept ready in each direction.
    #[config(key = "schemas.cache.size", default = "1000", importance = High)]
    cache_size: usize,
    /// Whether a default takes the place of null in an optional field.
    #[config(key = "replace.null.with.default", default = "true", importance = Low)]
    replace_null: bool,
}

impl ConverterFactory for JsonConverter {
    fn name(&self) -> &'static str {
        "org.apache.kafka.connect.json.JsonConverter"
    }

    fn validate(&self, settings: &Properties, _: ConverterRole) -> Report {
        Report::of(&Settings::definition(), settings)
    }

    fn create(&self, settings: &Properties, _: ConverterRole) -> Result<Box<dyn Converter>> {
        let settings =
            Settings::parse(settings).map_err(|report| Error::fatal(report.to_string()))?;
        Ok(Box::new(Json { settings, read: VecDeque::new(), written: VecDeque::new() }))
    }
}

struct Json {
    settings: Settings,
    /// Schemas read, by their raw text; the newest hit first.
    read: VecDeque<(Box<str>, SchemaRef)>,
    /// Texts of schemas written; the newest hit first.
    written: VecDeque<(SchemaRef, Box<str>)>,
}

const ENVELOPE: &str = "JsonConverter with schemas.enable requires \"schema\" and \"payload\" fields and may not contain \
                        additional fields. If you are trying to deserialize plain JSON data, set schemas.enable=false in \
                        your converter configuration.";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Envelope<'a> {
    #[serde(borrow)]
    schema: &'a RawValue,
    #[serde(borrow)]
    payload: &'a RawValue,
}

impl Converter for Json {
    fn encode(
        &mut self,
        _: &str,
        schema: Option<&SchemaRef>,
        value: &Value,
    ) -> Result<Option<Bytes>> {
        if schema.is_none() && value.is_null() {
            return Ok(None);
        }
        let mut out = String::with_capacity(128);
        if self.settings.schemas_enable {
            out.push_str("{\"schema\":");
            match schema {
                Some(schema) => self.write_schema(&mut out, schema),
                None => out.push_str("null"),
            }
            out.push_str(",\"payload\":");
        }
        encode::write_value(&mut out, schema.map(|it| &**it), value, self.settings.replace_null)?;
        if self.settings.schemas_enable {
            out.push('}');
        }
        Ok(Some(Bytes::from(out)))
    }

    fn decode(&mut self, _: &str, bytes: Option<Bytes>) -> Result<SchemaAndValue> {
        let Some(bytes) = &bytes else { return Ok(SchemaAndValue::NULL) };
        let not_json = |error: serde_json::Error| {
            Error::bad_record(
                "Converting byte[] to Kafka Connect data failed due to serialization error: ",
            )
            .because(error)
        };
        if !self.settings.schemas_enable {
            if bytes.is_empty() {
                return Ok(SchemaAndValue::NULL);
            }
            let value = decode::schemaless(bytes).map_err(not_json)?;
            return Ok(SchemaAndValue { schema: None, value });
        }
        let envelope: Envelope<'_> = match serde_json::from_slice(bytes) {
            Ok(envelope) => envelope,
            Err(error) if error.is_data() || bytes.is_empty() => {
                return Err(Error::bad_record(ENVELOPE));
            }
            Err(error) => return Err(not_json(error)),
        };
        if envelope.schema.get() == "null" {
            let value = decode::schemaless(envelope.payload.get().as_bytes()).map_err(not_json)?;
            return Ok(SchemaAndValue { schema: None, value });
        }
        let schema = self.read_schema(envelope.schema.get())?;
        let value = decode::typed(&schema, envelope.payload.get(), self.settings.replace_null)?;
        Ok(SchemaAndValue { schema: Some(schema), value })
    }
}

impl Json {
    fn read_schema(&mut self, text: &str) -> Result<SchemaRef> {
        if let Some(place) = self.read.iter().position(|(known, _)| **known == *text) {
            self.read.swap(0, place);
            return Ok(SchemaRef::clone(&self.read[0].1));
        }
        let schema = SchemaRef::new(schema::read(text)?);
        self.read.truncate(self.settings.cache_size.saturating_sub(1));
        self.read.push_front((text.into(), SchemaRef::clone(&schema)));
        Ok(schema)
    }

    fn write_schema(&mut self, out: &mut String, schema: &SchemaRef) {
        let is_same = |known: &SchemaRef| SchemaRef::ptr_eq(known, schema) || known == schema;
        if let Some(place) = self.written.iter().position(|(known, _)| is_same(known)) {
            self.written.swap(0, place);
            out.push_str(&self.written[0].1);
            return;
        }
        let mut text = String::new();
        schema::write(&mut text, schema, None);
        out.push_str(&text);
        self.written.truncate(self.settings.cache_size.saturating_sub(1));
        self.written.push_front((SchemaRef::clone(schema), text.into()));
    }
}

#[cfg(test)]
mod tests;
