//! `JsonConverter`: values as JSON, with the schema beside them or without.
//!
//! With `schemas.enable` a record is `{"schema":…,"payload":…}`. Schemas are compared as raw text: a schema seen before
//! costs one comparison, and the payload is read straight into typed values, without a JSON tree in between.

mod encode;
mod node;
mod read;
mod schema;

use std::collections::VecDeque;

use bytes::Bytes;
use sluice_plugin::{
    Converter, ConverterFactory, ConverterRole, Error, Properties, Result,
    config::{Config, Report},
    model::{SchemaAndValue, SchemaRef, Value},
};

use node::{Malformed, Node, Scanner};

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
    /// A schema for all records, in place of those that they carry. Counts with `schemas.enable`, and for reading alone.
    #[config(key = "schema.content", importance = High)]
    content: Option<String>,
    /// How decimals are written: as BASE64 of their bytes, or as NUMERIC.
    #[config(key = "decimal.format", default = "BASE64", importance = Low, check = decimal_format)]
    decimal_format: String,
    /// Whether a default takes the place of null in an optional field.
    #[config(key = "replace.null.with.default", default = "true", importance = Low)]
    replace_null: bool,
}

fn decimal_format(text: &str) -> std::result::Result<(), String> {
    let is_known = ["BASE64", "NUMERIC"].iter().any(|it| it.eq_ignore_ascii_case(text));
    let known = "String must be one of (case insensitive): BASE64, NUMERIC";
    is_known.then_some(()).ok_or_else(|| known.to_owned())
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
        let replace_null = settings.replace_null;
        let content = settings.content.as_deref().filter(|it| !it.is_empty());
        let content = content.map(|it| content_schema(it, replace_null)).transpose()?.flatten();
        let numeric = settings.decimal_format.eq_ignore_ascii_case("NUMERIC");
        Ok(Box::new(Json {
            schemas_enable: settings.schemas_enable,
            cache_size: settings.cache_size,
            options: encode::Options { replace_null, numeric },
            content,
            read: VecDeque::new(),
            written: VecDeque::new(),
        }))
    }
}

fn content_schema(text: &str, replace_null: bool) -> Result<Option<SchemaRef>> {
    let node = node::parse(text.as_bytes()).map_err(|error| {
        Error::bad_record("Failed to parse schema in converter config due to serialization error: ")
            .because(serialization(error))
    })?;
    schema::read(&node.unwrap_or(Node::Null), replace_null)
}

struct Json {
    schemas_enable: bool,
    cache_size: usize,
    options: encode::Options,
    /// The schema of all records, if the configuration has one.
    content: Option<SchemaRef>,
    /// Schemas read, by their raw text; the newest hit first.
    read: VecDeque<(Box<[u8]>, Option<SchemaRef>)>,
    /// Texts of schemas written; the newest hit first.
    written: VecDeque<(SchemaRef, Box<str>)>,
}

const ENVELOPE: &str = "JsonConverter with schemas.enable requires \"schema\" and \"payload\" fields and may not contain \
                        additional fields. If you are trying to deserialize plain JSON data, set schemas.enable=false in \
                        your converter configuration.";

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
        if self.schemas_enable {
            out.push_str("{\"schema\":");
            match schema {
                Some(schema) => self.write_schema(&mut out, schema)?,
                None => out.push_str("null"),
            }
            out.push_str(",\"payload\":");
        }
        encode::write_value(&mut out, schema.map(|it| &**it), value, self.options)?;
        if self.schemas_enable {
            out.push('}');
        }
        Ok(Some(Bytes::from(out)))
    }

    fn decode(&mut self, _: &str, bytes: Option<Bytes>) -> Result<SchemaAndValue> {
        let Some(bytes) = &bytes else { return Ok(SchemaAndValue::NULL) };
        if self.schemas_enable && self.content.is_none() {
            return self.envelope(bytes);
        }
        let node = node::parse(bytes).map_err(not_json)?;
        let Some(schema) = self.content.clone().filter(|_| self.schemas_enable) else {
            let value = node.map_or(Value::Null, |it| read::schemaless(&it));
            return Ok(SchemaAndValue { schema: None, value });
        };
        let value = read::typed(&schema, node.as_ref(), self.options.replace_null)?;
        Ok(SchemaAndValue { schema: Some(schema), value })
    }
}

fn not_json(error: Malformed) -> Error {
    Error::bad_record("Converting byte[] to Kafka Connect data failed due to serialization error: ")
        .because(serialization(error))
}

fn serialization(error: Malformed) -> Error {
    Error::bad_record(error.to_string())
        .named("org.apache.kafka.common.errors.SerializationException")
}

impl Json {
    /// A record that carries its schema: exactly the members `schema` and `payload`.
    fn envelope(&mut self, bytes: &[u8]) -> Result<SchemaAndValue> {
        if let Some(found) = self.known(bytes) {
            return found;
        }
        let no_envelope = || Error::bad_record(ENVELOPE);
        let node = node::parse(bytes).map_err(not_json)?.ok_or_else(no_envelope)?;
        let (Node::Object(members), Some(schema), Some(payload)) =
            (&node, node.get("schema"), node.get("payload"))
        else {
            return Err(no_envelope());
        };
        if members.len() != 2 {
            return Err(no_envelope());
        }
        let schema = schema::read(schema, self.options.replace_null)?;
        self.remember(bytes, schema.as_ref());
        self.described(schema, payload)
    }

    fn described(&self, schema: Option<SchemaRef>, payload: &Node<'_>) -> Result<SchemaAndValue> {
        let value = match &schema {
            None => read::schemaless(payload),
            Some(schema) => read::typed(schema, Some(payload), self.options.replace_null)?,
        };
        Ok(SchemaAndValue { schema, value })
    }

    /// A record that begins with a schema whose text was read before, as those of one producer do. Anything else, also
    /// anything wrong, is left to the long way.
    fn known(&mut self, bytes: &[u8]) -> Option<Result<SchemaAndValue>> {
        let mut scanner = Scanner::new(bytes);
        if !scanner.takes(b'{') || scanner.name().ok()? != "schema" {
            return None;
        }
        scanner.space();
        let place = self.read.iter().position(|(text, _)| scanner.skip_known(text))?;
        if !scanner.takes(b',') || scanner.name().ok()? != "payload" {
            return None;
        }
        let payload = scanner.value().ok()?;
        if !scanner.takes(b'}') {
            return None;
        }
        self.read.swap(0, place);
        Some(self.described(self.read[0].1.clone(), &payload))
    }

    /// Keeps the schema of a record that has it in front, by its text.
    fn remember(&mut self, bytes: &[u8], schema: Option<&SchemaRef>) {
        let mut scanner = Scanner::new(bytes);
        if !scanner.takes(b'{') || !scanner.name().is_ok_and(|it| it == "schema") {
            return;
        }
        scanner.space();
        let start = scanner.position();
        if scanner.value().is_ok() {
            let text = &bytes[start..scanner.position()];
            self.read.truncate(self.cache_size.saturating_sub(1));
            self.read.push_front((text.into(), schema.cloned()));
        }
    }

    fn write_schema(&mut self, out: &mut String, schema: &SchemaRef) -> Result<()> {
        let is_same = |known: &SchemaRef| SchemaRef::ptr_eq(known, schema) || known == schema;
        if let Some(place) = self.written.iter().position(|(known, _)| is_same(known)) {
            self.written.swap(0, place);
            out.push_str(&self.written[0].1);
            return Ok(());
        }
        let mut text = String::new();
        schema::write(&mut text, schema, None, self.options)?;
        out.push_str(&text);
        self.written.truncate(self.cache_size.saturating_sub(1));
        self.written.push_front((SchemaRef::clone(schema), text.into()));
        Ok(())
    }
}

#[cfg(test)]
mod tests;
