//! Headers go from a source through Kafka to a sink, by the header converter that each of them has.

use std::mem;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use bytes::Bytes;
use sluice_plugin::model::logical::DAY;
use sluice_plugin::model::{
    Header, Headers, Logical, Schema, SchemaAndValue, SinkRecord, SourceRecord, Type, Value,
};
use sluice_plugin::{Result, SinkTask, SourceTask, TopicOffsets};

use crate::plugins::record;
use crate::stage::{Stage, until};

/// One record, and then nothing.
struct Once(Vec<SourceRecord>);

#[async_trait]
impl SourceTask for Once {
    async fn poll(&mut self) -> Result<Vec<SourceRecord>> {
        if self.0.is_empty() {
            std::future::pending::<()>().await;
        }
        Ok(mem::take(&mut self.0))
    }
}

/// Keeps the headers of what it gets.
struct Keeping(Arc<Mutex<Vec<Headers>>>);

#[async_trait]
impl SinkTask for Keeping {
    async fn put(&mut self, batch: &[SinkRecord]) -> Result<()> {
        self.0.lock().unwrap().extend(batch.iter().map(|it| it.headers.clone()));
        Ok(())
    }

    async fn flush(&mut self, current: &TopicOffsets) -> Result<TopicOffsets> {
        Ok(current.clone())
    }
}

fn headers(values: impl IntoIterator<Item = (&'static str, SchemaAndValue)>) -> Headers {
    let header = |(key, value): (&str, _)| Header { key: key.into(), value };
    Headers(values.into_iter().map(header).collect())
}

/// Each header as it is sent, as text, and as it is read again.
fn cases() -> Vec<(&'static str, SchemaAndValue, Option<&'static str>, SchemaAndValue)> {
    let of = |r#type, value| SchemaAndValue::new(Schema::required(r#type), value);
    let strings = Type::Array(Schema::required(Type::String).into());
    let list = Value::Array(vec!["a".into(), "b\"".into()]);
    let read_list = Value::Array(vec!["a".into(), "b\\\"".into()]);
    let date = SchemaAndValue::new(Logical::Date.schema(0), Value::Date(DAY));
    vec![
        ("null", SchemaAndValue::NULL, None, SchemaAndValue::NULL),
        ("text", of(Type::String, "a b".into()), Some("a b"), of(Type::String, "a b".into())),
        ("long", of(Type::Int64, Value::Int64(7)), Some("7"), of(Type::Int8, Value::Int8(7))),
        // A name may come twice.
        (
            "long",
            of(Type::Int64, Value::Int64(300)),
            Some("300"),
            of(Type::Int16, Value::Int16(300)),
        ),
        (
            "flag",
            of(Type::Boolean, Value::Boolean(true)),
            Some("true"),
            of(Type::Boolean, Value::Boolean(true)),
        ),
        ("list", of(strings.clone(), list), Some(r#"["a","b\""]"#), of(strings, read_list)),
        ("date", date.clone(), Some("1970-01-02"), date),
        (
            "bytes",
            of(Type::Bytes, Value::Bytes(Bytes::from_static(b"\x01"))),
            Some("AQ=="),
            of(Type::String, "AQ==".into()),
        ),
    ]
}

/// What a sink with these keys gets of the headers.
async fn sent(keys: &[(&str, &str)]) -> Vec<Headers> {
    let stage = Stage::set().await;
    stage.plugins.source("source", |_| {
        let mut record = record(0, "value".into());
        record.data.headers = headers(cases().into_iter().map(|(key, value, ..)| (key, value)));
        Box::new(Once(vec![record]))
    });
    let seen = Arc::<Mutex<Vec<Headers>>>::default();
    let kept = Arc::clone(&seen);
    stage.plugins.sink("sink", move |_| Box::new(Keeping(Arc::clone(&kept))));
    let running = stage.plain();
    let source = running.start("source", &[]);
    let sink = running.start("sink", keys);
    until("the record", || !seen.lock().unwrap().is_empty()).await;
    running.engine.stop_tasks(&[source, sink]).await;
    stage.broker.stop().await;
    mem::take(&mut *seen.lock().unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn types_are_inferred_from_the_text_of_headers() {
    let expected = headers(cases().into_iter().map(|(key, _, _, read)| (key, read)));
    assert_eq!(sent(&[]).await, [expected]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connector_has_its_own_header_converter() {
    let text = |text: Option<&str>| {
        SchemaAndValue::new(Schema::optional(Type::String), text.map_or(Value::Null, Value::from))
    };
    let expected = headers(cases().into_iter().map(|(key, _, sent, _)| (key, text(sent))));
    assert_eq!(sent(&[("header.converter", "StringConverter")]).await, [expected]);
}
