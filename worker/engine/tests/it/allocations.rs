//! What a record costs a sink task in allocations, from the broker's answer to `put`: all that the task's thread takes, in
//! the run of many batches.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use sluice_engine::MemoryOffsets;
use sluice_plugin::conformance::{CountingAllocator, allocations};
use sluice_plugin::model::{SinkRecord, SourceRecord};
use sluice_plugin::{Result, SinkTask, SourceTask, TopicOffsets};
use tokio::time::timeout;

use crate::plugins::record;
use crate::stage::{PATIENCE, Stage, until};

#[global_allocator]
static COUNTING: CountingAllocator = CountingAllocator;

/// Records of a batch, as in Kafka.
const BATCH: usize = 500;
/// Batches that come before those that count: buffers have to grow, and schemas to be met.
const EARLY: usize = 20;
const COUNT: usize = (EARLY + 100) * BATCH;

/// Hands out one text for ever, many at a time.
struct Same {
    text: String,
    sent: usize,
}

#[async_trait]
impl SourceTask for Same {
    async fn poll(&mut self) -> Result<Vec<SourceRecord>> {
        if self.sent == COUNT {
            std::future::pending::<()>().await;
        }
        let numbers = self.sent..self.sent + BATCH;
        self.sent = numbers.end;
        Ok(numbers.map(|it| record(it as i64, self.text.as_str().into())).collect())
    }
}

/// Notes at each batch how many records it has, and what its thread has taken so far.
struct Counter(Arc<Mutex<Vec<(usize, u64)>>>);

#[async_trait]
impl SinkTask for Counter {
    async fn put(&mut self, batch: &[SinkRecord]) -> Result<()> {
        self.0.lock().unwrap().push((batch.len(), allocations()));
        Ok(())
    }

    async fn flush(&mut self, current: &TopicOffsets) -> Result<TopicOffsets> {
        Ok(current.clone())
    }
}

/// How many allocations a record and a batch cost a sink with these keys, once it is on its way.
async fn costs(text: &str, keys: &[(&str, &str)]) -> (f64, f64) {
    let stage = Stage::set().await;
    let text = text.to_owned();
    stage.plugins.source("same", move |_| Box::new(Same { text: text.clone(), sent: 0 }));
    // Nothing is committed while it counts.
    let running =
        stage.engine(&[("offset.flush.interval.ms", "600000")], Arc::new(MemoryOffsets::default()));
    let source = running.start("same", &[]);
    let filled = async { while stage.records().await < COUNT as i64 {} };
    timeout(PATIENCE, filled).await.expect("a full topic");
    running.engine.stop_tasks(&[source]).await;
    let seen = Arc::new(Mutex::new(Vec::with_capacity(COUNT)));
    let noted = Arc::clone(&seen);
    stage.plugins.sink("counter", move |_| Box::new(Counter(Arc::clone(&noted))));
    let sink = running.start("counter", keys);
    let taken = || seen.lock().unwrap().iter().map(|it| it.0).sum::<usize>();
    until("all records to be put", || taken() == COUNT).await;
    running.engine.stop_tasks(&[sink]).await;
    stage.broker.stop().await;
    let seen = seen.lock().unwrap();
    let counted: Vec<_> = seen.iter().filter(|it| it.0 > 0).skip(EARLY).collect();
    let records: usize = counted[1..].iter().map(|it| it.0).sum();
    let taken = counted[counted.len() - 1].1 - counted[0].1;
    (taken as f64 / records as f64, taken as f64 / (counted.len() - 1) as f64)
}

#[tokio::test(flavor = "multi_thread")]
async fn bytes_go_through_without_any() {
    let bytes = "org.apache.kafka.connect.converters.ByteArrayConverter";
    let keys = [("key.converter", bytes), ("value.converter", bytes)];
    let (record, batch) = costs(&"x".repeat(100), &keys).await;
    // What a batch takes is the call of `put` and its part of a fetch.
    assert!(record < 0.02 && batch < 8.0, "{record} for a record, {batch} for a batch");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_of_json_with_three_transforms_is_one() {
    let text = r#"{"schema":{"type":"struct","fields":[{"type":"int64","optional":false,"field":"id"},{"type":"string","optional":false,"field":"name"},{"type":"double","optional":true,"field":"amount"},{"type":"boolean","optional":true,"field":"active"},{"type":"string","optional":true,"field":"city"},{"type":"int32","optional":true,"field":"age"}],"optional":false},"payload":{"id":1,"name":"a customer","amount":1.5,"active":true,"city":"Aarhus","age":null}}"#;
    let keys = [
        ("value.converter", "org.apache.kafka.connect.json.JsonConverter"),
        ("transforms", "insert,replace,mask"),
        ("transforms.insert.type", "InsertField"),
        ("transforms.insert.static.field", "source"),
        ("transforms.insert.static.value", "orders"),
        ("transforms.replace.type", "ReplaceField"),
        ("transforms.replace.exclude", "age"),
        ("transforms.replace.renames", "city:town"),
        ("transforms.mask.type", "MaskField"),
        ("transforms.mask.fields", "name"),
    ];
    let (record, batch) = costs(text, &keys).await;
    // The row itself, in which the new field has its room already.
    assert!(record < 1.1, "{record} for a record, {batch} for a batch");
}
