//! Records as JSON: what Kafka has as text, and what the connector's side has as data.

use base64::Engine as _;
use bytes::Bytes;
use serde_json::{Map, Value, json};
use sluice_kafka::{Message, TimestampType};
use sluice_plugin::{ConverterRole, Properties, model::ConnectRecord, model::SchemaAndValue};

use crate::{
    converters::{Encoded, JSON_CONVERTER, Named, RawHeaders},
    plugins::PluginSource,
    trace::Failure,
};

/// A record and what became of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Shown {
    /// As it came: of a sink what Kafka has, of a source what its task has handed out.
    pub before: Value,
    /// What the connector makes of it.
    pub outcome: Outcome,
}

/// What became of a record.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// It goes on like this: of a sink what its task would get, of a source what Kafka would get.
    Kept(Value),
    /// A transform leaves it out.
    Dropped {
        /// Class of the transform.
        transform: String,
    },
    /// A step cannot handle it.
    Failed {
        /// The kind of step, as dead letters name it.
        stage: &'static str,
        /// Class of the converter or transform.
        class: String,
        /// Its trace.
        error: String,
    },
}

/// Writes records.
pub(super) struct Writer {
    data: Named,
}

impl Writer {
    /// Shows schemas beside values if told to.
    pub(super) fn new(plugins: &dyn PluginSource, has_schemas: bool) -> Result<Self, Failure> {
        let settings = Properties::from([("schemas.enable".to_owned(), has_schemas.to_string())]);
        let data = Named::new(plugins, JSON_CONVERTER, &settings, ConverterRole::Value)?;
        Ok(Self { data })
    }

    /// A record as data.
    pub(super) fn data(&mut self, record: &ConnectRecord) -> Result<Value, Failure> {
        let mut shown = Map::new();
        shown.insert("topic".to_owned(), json!(&*record.topic));
        put(&mut shown, "partition", record.partition);
        put(&mut shown, "offset", record.offset);
        put(&mut shown, "timestamp", record.timestamp);
        let headers = &record.headers.0;
        let headers = headers.iter().map(|it| Ok(json!({ &*it.key: self.of(&it.value)? })));
        headers_into(&mut shown, headers.collect::<Result<_, Failure>>()?);
        shown.insert("key".to_owned(), self.of(&record.key)?);
        shown.insert("value".to_owned(), self.of(&record.value)?);
        Ok(Value::Object(shown))
    }

    fn of(&mut self, value: &SchemaAndValue) -> Result<Value, Failure> {
        let bytes = self.data.encode("", &mut Vec::new(), value)?;
        // The converter writes JSON, and nothing for nothing.
        Ok(bytes.and_then(|it| serde_json::from_slice(&it).ok()).unwrap_or_default())
    }

    /// A record as Kafka has it.
    pub(super) fn message(message: &Message) -> Value {
        let has_time = message.timestamp_type != TimestampType::NoTimestampType;
        let mut shown = Map::new();
        shown.insert("topic".to_owned(), json!(&*message.topic));
        put(&mut shown, "partition", Some(message.partition));
        put(&mut shown, "offset", Some(message.offset));
        put(&mut shown, "timestamp", has_time.then_some(message.timestamp));
        bytes_into(&mut shown, &message.headers, message.key.as_ref(), message.value.as_ref());
        Value::Object(shown)
    }

    /// A record as Kafka would get it.
    pub(super) fn encoded(record: &Encoded) -> Value {
        let mut shown = Map::new();
        shown.insert("topic".to_owned(), json!(&*record.topic));
        put(&mut shown, "partition", record.partition);
        put(&mut shown, "timestamp", record.timestamp);
        bytes_into(&mut shown, &record.headers, record.key.as_ref(), record.value.as_ref());
        Value::Object(shown)
    }
}

fn put(shown: &mut Map<String, Value>, name: &str, value: Option<impl Into<Value>>) {
    if let Some(value) = value {
        shown.insert(name.to_owned(), value.into());
    }
}

fn headers_into(shown: &mut Map<String, Value>, headers: Vec<Value>) {
    if !headers.is_empty() {
        shown.insert("headers".to_owned(), Value::Array(headers));
    }
}

fn bytes_into(
    shown: &mut Map<String, Value>,
    headers: &RawHeaders,
    key: Option<&Bytes>,
    value: Option<&Bytes>,
) {
    let one = |(key, value): &(_, Option<Bytes>)| json!({ AsRef::<str>::as_ref(key): text(value.as_ref()) });
    headers_into(shown, headers.iter().map(one).collect());
    shown.insert("key".to_owned(), text(key));
    shown.insert("value".to_owned(), text(value));
}

/// Bytes as text, or in base64 if they are none.
fn text(bytes: Option<&Bytes>) -> Value {
    let Some(bytes) = bytes else { return Value::Null };
    match std::str::from_utf8(bytes) {
        Ok(text) => json!(text),
        Err(_) => json!({ "base64": base64::engine::general_purpose::STANDARD.encode(bytes) }),
    }
}
