//! Single records on their way: what converters and transforms do to them, and what a sink knows of them.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use sluice_plugin::model::{
    Header, Headers, SchemaAndValue, SinkRecord, SourceRecord, TimestampType, Value,
};
use sluice_plugin::{Result, SinkTask, SourceTask, TopicOffsets};

use crate::plugins::record;
use crate::stage::{Stage, TOPIC, until};

/// These records, and then nothing.
struct Once(Vec<SourceRecord>);

#[async_trait]
impl SourceTask for Once {
    async fn poll(&mut self) -> Result<Vec<SourceRecord>> {
        if self.0.is_empty() {
            std::future::pending::<()>().await;
        }
        Ok(std::mem::take(&mut self.0))
    }
}

/// Keeps what it gets.
struct Keeping(Arc<Mutex<Vec<SinkRecord>>>);

#[async_trait]
impl SinkTask for Keeping {
    async fn put(&mut self, batch: &[SinkRecord]) -> Result<()> {
        self.0.lock().unwrap().extend_from_slice(batch);
        Ok(())
    }

    async fn flush(&mut self, current: &TopicOffsets) -> Result<TopicOffsets> {
        Ok(current.clone())
    }
}

/// A stage with a source `once` of these records and a sink `keeping`; what that gets.
async fn stage(records: &[SourceRecord]) -> (Stage, Arc<Mutex<Vec<SinkRecord>>>) {
    let stage = Stage::set().await;
    let records = records.to_vec();
    stage.plugins.source("once", move |_| Box::new(Once(records.clone())));
    let kept = Arc::<Mutex<Vec<SinkRecord>>>::default();
    let keeps = Arc::clone(&kept);
    stage.plugins.sink("keeping", move |_| Box::new(Keeping(Arc::clone(&keeps))));
    (stage, kept)
}

/// A record with every part that is converted.
fn whole(number: i64) -> SourceRecord {
    let mut record = record(number, format!("v{number}").into());
    record.key = SchemaAndValue::schemaless(format!("k{number}"));
    record.headers = Headers(vec![header("h", &format!("h{number}"))]);
    record
}

fn header(key: &str, value: &str) -> Header {
    Header { key: key.into(), value: SchemaAndValue::schemaless(value) }
}

#[tokio::test(flavor = "multi_thread")]
async fn converters_that_are_busy_are_asked_again() {
    let (stage, kept) = stage(&[whole(0), whole(1)]).await;
    let keys = [
        ("key.converter", "BusyConverter"),
        ("value.converter", "BusyConverter"),
        ("header.converter", "BusyConverter"),
        ("errors.retry.timeout", "60000"),
    ];
    let running = stage.plain();
    running.start("once", &keys);
    running.start("keeping", &keys);
    until("both records", || kept.lock().unwrap().len() == 2).await;
    for (number, record) in kept.lock().unwrap().iter().enumerate() {
        let parts = [&record.key, &record.value, &record.headers.0[0].value];
        let texts = parts.map(|it| it.value.to_string());
        assert_eq!(texts, ["k", "v", "h"].map(|it| format!("{it}{number}")));
    }
    running.engine.stop_all().await;
    stage.broker.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sink_knows_where_and_when_a_renamed_record_was_written() {
    let mut timed = record(0, "0".into());
    timed.timestamp = Some(5);
    let (stage, kept) = stage(&[timed, record(1, "1".into())]).await;
    let rename = [("transforms", "rename"), ("transforms.rename.type", "Rename")];
    let running = stage.plain();
    running.start("once", &[]);
    let sink = running.start("keeping", &rename);
    until("both records", || kept.lock().unwrap().len() == 2).await;
    running.engine.stop_tasks(&[sink]).await;
    for (offset, record) in (0..).zip(kept.lock().unwrap().drain(..)) {
        assert_eq!((&*record.topic, record.partition), ("renamed", Some(7)));
        let original = (&**record.original_topic(), record.original_partition());
        assert_eq!((original, record.original_offset()), ((TOPIC, 0), offset));
        assert_eq!(record.timestamp_type, TimestampType::CreateTime);
        assert_eq!(record.timestamp == Some(5), offset == 0);
    }
    // Its offsets are committed for the topic that it is of: none comes again.
    let mut next = record(2, "2".into());
    next.timestamp = Some(6);
    stage.plugins.source("next", move |_| Box::new(Once(vec![next.clone()])));
    running.start("keeping", &rename);
    running.start("next", &[]);
    until("a record", || !kept.lock().unwrap().is_empty()).await;
    assert_eq!(kept.lock().unwrap()[0].original_offset(), 2);
    running.engine.stop_all().await;
    stage.broker.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_letter_keeps_the_headers_that_it_had() {
    let mut bad = record(0, Value::from("no integer"));
    bad.headers = Headers(vec![header("__connect.errors.topic", "before"), header("h", "x")]);
    let (stage, _) = stage(&[bad]).await;
    let running = stage.plain();
    running.start("once", &[]);
    running.start(
        "keeping",
        &[
            ("value.converter", "IntegerConverter"),
            ("errors.tolerance", "all"),
            ("errors.deadletterqueue.topic.name", "dead"),
            ("errors.deadletterqueue.topic.replication.factor", "1"),
            ("errors.deadletterqueue.context.headers.enable", "true"),
        ],
    );
    let letter = stage.messages("dead", 1).await.remove(0);
    let first = letter.headers.iter().take(3).map(|(name, value)| {
        (&**name, String::from_utf8(value.clone().unwrap_or_default().to_vec()).unwrap())
    });
    let expected =
        [("__connect.errors.topic", "before"), ("h", "x"), ("__connect.errors.topic", TOPIC)];
    assert_eq!(first.collect::<Vec<_>>(), expected.map(|(name, it)| (name, it.to_owned())));
    running.engine.stop_all().await;
    stage.broker.stop().await;
}
