//! Source tasks: nothing is lost and no position runs ahead, whatever the broker does.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::time::Duration;

use async_trait::async_trait;
use kafka_protocol::error::ResponseError;
use kafka_protocol::messages::ApiKey;
use sluice_broker::Fault;
use sluice_engine::{MemoryOffsets, OffsetError, OffsetRecord, OffsetStore};
use sluice_kafka::admin::Admin;
use sluice_plugin::model::{SourceOffset, SourcePartition, SourceRecord, Value};
use sluice_plugin::{Error, Result, SourceTask};

use crate::plugins::{Numbers, next_of, partition, record};
use crate::stage::{Stage, end_of};

const COUNT: i64 = 300;

/// Positions in memory that are compared with the topic whenever they are written.
struct Checked {
    memory: MemoryOffsets,
    admin: Admin,
    writes: AtomicUsize,
    /// Of this many writes, the last one fails.
    failing: usize,
}

#[async_trait]
impl OffsetStore for Checked {
    async fn read(
        &self,
        connector: &str,
        partitions: &[SourcePartition],
    ) -> std::result::Result<Vec<Option<SourceOffset>>, OffsetError> {
        self.memory.read(connector, partitions).await
    }

    async fn write(
        &self,
        connector: &str,
        offsets: Vec<(SourcePartition, Option<SourceOffset>)>,
    ) -> std::result::Result<(), OffsetError> {
        let in_kafka = end_of(&self.admin).await;
        for offset in offsets.iter().filter_map(|(_, offset)| offset.as_ref()) {
            let next = next_of(offset);
            assert!(next <= in_kafka, "position {next}, but Kafka has {in_kafka} records");
        }
        if (self.writes.fetch_add(1, Ordering::SeqCst) + 1).is_multiple_of(self.failing) {
            return Err(OffsetError::Topic("the topic is away".into()));
        }
        self.memory.write(connector, offsets).await
    }

    async fn all(
        &self,
        connector: &str,
    ) -> std::result::Result<Vec<(SourcePartition, SourceOffset)>, OffsetError> {
        self.memory.all(connector).await
    }

    fn records(
        &self,
        connector: &str,
        offsets: &[(SourcePartition, Option<SourceOffset>)],
    ) -> std::result::Result<Vec<OffsetRecord>, OffsetError> {
        self.memory.records(connector, offsets)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn positions_never_run_ahead_of_data() {
    for fault in [
        Fault::DropBefore,
        Fault::DropAfter,
        Fault::Answer(ResponseError::NotLeaderOrFollower),
        Fault::Delay(Duration::from_millis(120)),
    ] {
        let stage = Stage::set().await;
        stage.plugins.source("numbers", |from| Box::new(Numbers::from(from.as_ref(), COUNT)));
        let offsets = Arc::new(Checked {
            memory: MemoryOffsets::default(),
            admin: stage.admin.clone(),
            writes: AtomicUsize::new(0),
            failing: 2,
        });
        stage.fail(ApiKey::Produce, fault, 5);
        // Few records a request, so that faults come in the middle. Idempotent, so that records can be counted.
        let keys = [("producer.enable.idempotence", "true"), ("producer.batch.size", "100")];
        // The first engine is stopped at some moment, the second goes on from where it had committed.
        for last in [false, true] {
            let running = stage.engine(&keys, Arc::clone(&offsets) as Arc<dyn OffsetStore>);
            let id = running.start("numbers", &[]);
            if last {
                stage.values_with(&(COUNT - 1).to_string()).await;
            } else {
                stage.values(1).await;
            }
            running.engine.stop_tasks(&[id]).await;
        }
        let expected: Vec<String> = (0..COUNT).map(|it| it.to_string()).collect();
        let values = stage.values(stage.records().await as usize).await;
        // Not a number is missing, and each comes after those before it.
        assert_eq!(distinct(&values), expected, "{fault:?}");
        // A stop whose last commit failed repeats what it had not committed, once, in one piece.
        let seams = values.windows(2).filter(|it| number(&it[1]) != number(&it[0]) + 1).count();
        assert!(seams <= 1, "{fault:?}: {values:?}");
        stage.broker.stop().await;
    }
}

/// A topic of positions that does not answer.
struct Silent;

#[async_trait]
impl OffsetStore for Silent {
    async fn read(
        &self,
        _: &str,
        partitions: &[SourcePartition],
    ) -> std::result::Result<Vec<Option<SourceOffset>>, OffsetError> {
        Ok(vec![None; partitions.len()])
    }

    async fn write(
        &self,
        _: &str,
        _: Vec<(SourcePartition, Option<SourceOffset>)>,
    ) -> std::result::Result<(), OffsetError> {
        std::future::pending().await
    }

    async fn all(
        &self,
        _: &str,
    ) -> std::result::Result<Vec<(SourcePartition, SourceOffset)>, OffsetError> {
        Ok(Vec::new())
    }

    fn records(
        &self,
        _: &str,
        _: &[(SourcePartition, Option<SourceOffset>)],
    ) -> std::result::Result<Vec<OffsetRecord>, OffsetError> {
        Ok(Vec::new())
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn records_go_on_while_positions_cannot_be_written() {
    let stage = Stage::set().await;
    stage.plugins.source("numbers", |from| Box::new(Numbers::from(from.as_ref(), COUNT)));
    // A commit is due again before it is given up.
    let keys = [("offset.flush.interval.ms", "10"), ("offset.flush.timeout.ms", "20")];
    let running = stage.engine(&keys, Arc::new(Silent));
    let id = running.start("numbers", &[]);
    stage.values(COUNT as usize).await;
    running.engine.stop_tasks(&[id]).await;
    stage.broker.stop().await;
}

/// The values without those that were there before.
fn distinct(values: &[String]) -> Vec<String> {
    let mut seen = std::collections::HashSet::new();
    values.iter().filter(|it| seen.insert(*it)).cloned().collect()
}

fn number(value: &str) -> usize {
    value.parse().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clean_stop_repeats_nothing() {
    let stage = Stage::set().await;
    stage.plugins.source("numbers", |from| Box::new(Numbers::from(from.as_ref(), COUNT)));
    let offsets: Arc<dyn OffsetStore> = Arc::new(MemoryOffsets::default());
    while stage.records().await < COUNT {
        let running = stage.engine(&[], Arc::clone(&offsets));
        let before = stage.records().await as usize;
        let id = running.start("numbers", &[]);
        stage.values(before + 1).await;
        running.engine.stop_tasks(&[id]).await;
        let committed = offsets.read("numbers", &[partition()]).await.unwrap().remove(0).unwrap();
        assert_eq!(next_of(&committed), stage.records().await);
    }
    let expected: Vec<String> = (0..COUNT).map(|it| it.to_string()).collect();
    assert_eq!(stage.values(COUNT as usize).await, expected);
    stage.broker.stop().await;
}

/// Polls that go as the test says.
struct Script(Vec<Result<Vec<SourceRecord>>>);

#[async_trait]
impl SourceTask for Script {
    async fn poll(&mut self) -> Result<Vec<SourceRecord>> {
        if self.0.is_empty() {
            std::future::pending::<()>().await;
        }
        self.0.remove(0)
    }
}

/// Is in the middle of its second poll until it is let go.
struct Held {
    next: i64,
    reached: mpsc::Sender<()>,
    let_go: mpsc::Receiver<()>,
}

#[async_trait]
impl SourceTask for Held {
    async fn poll(&mut self) -> Result<Vec<SourceRecord>> {
        match self.next {
            0 => {}
            1 => {
                self.reached.send(()).unwrap();
                self.let_go.recv().unwrap();
            }
            _ => std::future::pending().await,
        }
        self.next += 1;
        Ok(vec![record(self.next - 1, (self.next - 1).to_string().into())])
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_polled_while_the_task_was_told_to_stop_is_written() {
    let stage = Stage::set().await;
    let ((reached, held), (release, let_go)) = (mpsc::channel(), mpsc::channel());
    let task = Mutex::new(Some(Held { next: 0, reached, let_go }));
    stage.plugins.source("held", move |_| Box::new(task.lock().unwrap().take().unwrap()));
    let running = stage.plain();
    let id = [running.start("held", &[])];
    assert_eq!(stage.values(1).await, ["0"]);
    tokio::task::spawn_blocking(move || held.recv().unwrap()).await.unwrap();
    // The task is told first.
    tokio::join!(running.engine.stop_tasks(&id), async { release.send(()).unwrap() });
    assert_eq!(stage.values(stage.records().await as usize).await, ["0", "1"]);
    stage.broker.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_retriable_poll_is_polled_again() {
    let stage = Stage::set().await;
    stage.plugins.source("script", |_| {
        Box::new(Script(vec![
            Ok(vec![record(0, "0".into())]),
            Err(Error::retriable("the system is away")),
            Ok(vec![record(1, "1".into())]),
        ]))
    });
    let running = stage.plain();
    let id = running.start("script", &[]);
    assert_eq!(stage.values(2).await, ["0", "1"]);
    running.engine.stop_tasks(&[id]).await;
    stage.broker.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fatal_poll_fails_the_task_and_keeps_what_was_before_it() {
    let stage = Stage::set().await;
    stage.plugins.source("script", |_| {
        Box::new(Script(vec![
            Ok(vec![record(0, "0".into())]),
            Err(Error::fatal("the system is gone for good")),
        ]))
    });
    let mut running = stage.plain();
    running.start("script", &[]);
    assert_eq!(
        running.failure().await,
        "org.apache.kafka.connect.errors.ConnectException: the system is gone for good"
    );
    assert_eq!(stage.values(1).await, ["0"]);
    stage.broker.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_that_cannot_be_written_fails_the_task() {
    let stage = Stage::set().await;
    // The string converter takes everything; the topic name is what Kafka cannot have.
    stage.plugins.source("script", |_| {
        let mut bad = record(0, Value::from("0"));
        bad.topic = "no such/topic".into();
        Box::new(Script(vec![Ok(vec![bad, record(1, "1".into())])]))
    });
    let mut running = stage.plain();
    running.start("script", &[]);
    let trace = running.failure().await;
    assert!(trace.contains("Unrecoverable exception from producer send callback"), "{trace}");
    let cause =
        "org.apache.kafka.common.errors.InvalidTopicException: Invalid topics: [no such/topic]";
    assert!(trace.contains(cause), "{trace}");
    stage.broker.stop().await;
}
