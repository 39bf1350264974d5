//! Sources: what is polled, how it gets to Kafka, and what the task hears of it.

use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use kafka_protocol::error::ResponseError;
use kafka_protocol::messages::ApiKey;
use sluice_broker::Fault;
use sluice_engine::{MemoryOffsets, OffsetStore, TargetState, TaskEvent};
use sluice_plugin::model::{SourceOffset, SourcePartition, SourceRecord};
use sluice_plugin::{Error, Result, SourceTask};

use crate::plugins::{next_of, partition, record};
use crate::stage::{PATIENCE, Stage, TOPIC, until};

/// What has become of a scripted source.
#[derive(Default)]
struct Story {
    polls: usize,
    /// Positions that the task was told are committed.
    committed: Vec<i64>,
    is_closed: bool,
}

/// Hands out what each poll shall bring, and then waits.
struct Scripted {
    polls: Vec<Result<Vec<SourceRecord>>>,
    story: Arc<Mutex<Story>>,
}

#[async_trait]
impl SourceTask for Scripted {
    async fn poll(&mut self) -> Result<Vec<SourceRecord>> {
        if self.polls.is_empty() {
            std::future::pending::<()>().await;
        }
        self.story.lock().unwrap().polls += 1;
        self.polls.remove(0)
    }

    async fn commit(&mut self, committed: &[(Arc<SourcePartition>, SourceOffset)]) -> Result<()> {
        let positions = committed.iter().map(|(_, offset)| next_of(offset));
        self.story.lock().unwrap().committed.extend(positions);
        Ok(())
    }

    async fn close(&mut self) -> Result<()> {
        self.story.lock().unwrap().is_closed = true;
        Ok(())
    }
}

/// A source that hands out these polls once, whatever its position.
fn scripted(
    stage: &Stage,
    polls: impl Fn() -> Vec<Result<Vec<SourceRecord>>> + Send + Sync + 'static,
) -> Arc<Mutex<Story>> {
    let story = Arc::<Mutex<Story>>::default();
    let told = Arc::clone(&story);
    stage.plugins.source("scripted", move |_| {
        Box::new(Scripted { polls: polls(), story: Arc::clone(&told) })
    });
    story
}

fn numbered(numbers: std::ops::Range<i64>) -> Vec<SourceRecord> {
    numbers.map(|it| record(it, it.to_string().into())).collect()
}

fn to(topic: &str, mut record: SourceRecord) -> SourceRecord {
    record.topic = topic.into();
    record
}

async fn position(offsets: &dyn OffsetStore) -> Option<i64> {
    let read = offsets.read("scripted", &[partition()]).await.unwrap().remove(0);
    read.as_ref().map(next_of)
}

#[tokio::test(flavor = "multi_thread")]
async fn polls_without_records_change_nothing_and_commits_are_told() {
    let stage = Stage::set().await;
    let story =
        scripted(&stage, || vec![Ok(vec![]), Ok(numbered(0..2)), Ok(vec![]), Ok(numbered(2..3))]);
    let offsets = Arc::new(MemoryOffsets::default());
    let running = stage.engine(&[], Arc::clone(&offsets) as Arc<dyn OffsetStore>);
    let id = running.start("scripted", &[]);
    assert_eq!(stage.values(3).await, ["0", "1", "2"]);
    // On time, while the source waits for more.
    until("the commit", || story.lock().unwrap().committed.last() == Some(&3)).await;
    assert_eq!(position(&*offsets).await, Some(3));
    running.engine.stop_tasks(&[id]).await;
    {
        let story = story.lock().unwrap();
        assert!(story.is_closed && story.polls == 4);
        assert!(story.committed.is_sorted(), "{:?}", story.committed);
    }
    stage.broker.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_paused_source_is_not_polled_and_what_it_sent_is_committed() {
    let stage = Stage::set().await;
    let story = scripted(&stage, || vec![Ok(numbered(0..1))]);
    let running = stage.plain();
    let id = running.start("scripted", &[]);
    assert_eq!(stage.values(1).await, ["0"]);
    running.engine.set_target("scripted", TargetState::Paused);
    until("the commit", || story.lock().unwrap().committed == [1]).await;
    running.engine.stop_tasks(std::slice::from_ref(&id)).await;
    // One that starts paused is not even opened.
    story.lock().unwrap().polls = 0;
    let mut running = stage.plain();
    running.start_as("scripted", TargetState::Paused, &[]);
    assert_eq!(running.told().await, TaskEvent::Paused(id.clone()));
    assert_eq!(story.lock().unwrap().polls, 0);
    running.engine.set_target("scripted", TargetState::Running);
    assert_eq!(running.told().await, TaskEvent::Running(id.clone()));
    assert_eq!(stage.values(2).await.len(), 2);
    running.engine.stop_all().await;
    stage.broker.stop().await;
}

/// Blocks its thread until the test says otherwise, and fails then.
struct FailsLate(Receiver<()>);

#[async_trait]
impl SourceTask for FailsLate {
    async fn poll(&mut self) -> Result<Vec<SourceRecord>> {
        let _ = self.0.recv();
        Err(Error::fatal("the connection was closed"))
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_error_after_the_stop_is_no_failure() {
    let stage = Stage::set().await;
    let (release, released) = channel();
    let parts = Mutex::new(Some(FailsLate(released)));
    stage.plugins.source("late", move |_| Box::new(parts.lock().unwrap().take().unwrap()));
    let mut running = stage.plain();
    let id = running.start("late", &[]);
    assert_eq!(running.told().await, TaskEvent::Running(id.clone()));
    let stopping = [id.clone()];
    let stop = running.engine.stop_tasks(&stopping);
    let (release, ()) = tokio::join!(async { release.send(()) }, stop);
    release.unwrap();
    assert_eq!(running.told().await, TaskEvent::Stopped(id));
    stage.broker.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn timestamps_go_along_and_a_wrong_one_ends_the_task() {
    let stage = Stage::set().await;
    scripted(&stage, || {
        let at = |timestamp| {
            let mut record = record(0, "0".into());
            record.timestamp = timestamp;
            record
        };
        vec![Ok(vec![at(Some(5)), at(Some(-1)), at(None)]), Ok(vec![at(Some(-3))])]
    });
    let mut running = stage.plain();
    running.start("scripted", &[("errors.tolerance", "all")]);
    assert_eq!(
        running.failure().await,
        "org.apache.kafka.common.InvalidRecordException: Invalid record timestamp -3"
    );
    let timestamps: Vec<i64> =
        stage.messages(TOPIC, 3).await.iter().map(|it| it.timestamp).collect();
    assert_eq!(timestamps[0], 5);
    // The producer's own time.
    assert!(timestamps[1..].iter().all(|it| *it > 1_700_000_000_000), "{timestamps:?}");
    stage.broker.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_kafka_refuses_is_dropped_if_that_is_tolerated() {
    let stage = Stage::set().await;
    scripted(&stage, || {
        let long = record(1, "x".repeat(2_000_000).into());
        let misnamed = to("no such/topic", record(2, "2".into()));
        vec![Ok(vec![record(0, "0".into()), long, misnamed, record(3, "3".into())])]
    });
    let offsets = Arc::new(MemoryOffsets::default());
    let running = stage.engine(&[], Arc::clone(&offsets) as Arc<dyn OffsetStore>);
    let id = running.start("scripted", &[("errors.tolerance", "all")]);
    assert_eq!(stage.values(2).await, ["0", "3"]);
    running.engine.stop_tasks(&[id]).await;
    // The dropped ones hold up no position.
    assert_eq!(position(&*offsets).await, Some(4));
    stage.broker.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_that_is_too_long_ends_the_task_unless_that_is_tolerated() {
    let stage = Stage::set().await;
    scripted(&stage, || vec![Ok(vec![record(0, "x".repeat(2_000_000).into())])]);
    let mut running = stage.plain();
    running.start("scripted", &[]);
    let trace = running.failure().await;
    let [first, second] = [trace.lines().next(), trace.lines().nth(1)].map(Option::unwrap);
    assert_eq!(
        first,
        "org.apache.kafka.connect.errors.ConnectException: Unrecoverable exception from producer send callback"
    );
    assert!(
        second.starts_with("Caused by: org.apache.kafka.common.errors.RecordTooLargeException: "),
        "{trace}"
    );
    stage.broker.stop().await;
}

/// Waits for a topic without asking for it in a way that makes it.
async fn partitions(stage: &Stage, topic: &str) -> usize {
    let made = async {
        loop {
            match stage.admin.partitions(topic).await.unwrap() {
                Some(count) => break count,
                None => tokio::time::sleep(Duration::from_millis(5)).await,
            }
        }
    };
    tokio::time::timeout(PATIENCE, made).await.expect("the topic")
}

const CREATION: [(&str, &str); 2] = [
    ("topic.creation.default.partitions", "2"),
    ("topic.creation.default.replication.factor", "1"),
];

#[tokio::test(flavor = "multi_thread")]
async fn topics_are_made_as_their_group_wants_them_and_after_a_retry() {
    let stage = Stage::set().await;
    scripted(&stage, || {
        vec![Ok(vec![
            to("first", record(0, "0".into())),
            to("second", record(1, "1".into())),
            to("first", record(2, "2".into())),
        ])]
    });
    stage.fail(ApiKey::CreateTopics, Fault::DropBefore, 2);
    let running = stage.plain();
    let group = [
        ("topic.creation.groups", "wide"),
        ("topic.creation.wide.include", "sec.*"),
        ("topic.creation.wide.partitions", "5"),
        ("topic.creation.wide.cleanup.policy", "compact"),
    ];
    let id = running.start("scripted", &[&CREATION[..], &group[..]].concat());
    assert_eq!(partitions(&stage, "first").await, 2);
    assert_eq!(partitions(&stage, "second").await, 5);
    assert_eq!(stage.messages("first", 2).await.len(), 2);
    assert_eq!(stage.messages("second", 1).await.len(), 1);
    let config = stage.admin.topic_config("second").await.unwrap();
    assert_eq!(config["cleanup.policy"], "compact");
    running.engine.stop_tasks(&[id]).await;
    stage.broker.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_topic_that_is_there_needs_no_right_to_create_it() {
    let stage = Stage::set().await;
    scripted(&stage, || vec![Ok(vec![record(0, "0".into()), to("new", record(1, "1".into()))])]);
    let refusal = Fault::Answer(ResponseError::TopicAuthorizationFailed);
    stage.fail(ApiKey::CreateTopics, refusal, 1);
    let mut running = stage.plain();
    running.start("scripted", &CREATION);
    let trace = running.failure().await;
    assert!(
        trace.starts_with(
            "org.apache.kafka.connect.errors.ConnectException: Task failed to create new topic (name=new, \
             numPartitions=2, replicationFactor=1, replicasAssignments=null, configs={}). Ensure that the task is \
             authorized to create topics or that the topic exists and restart the task\nCaused by: \
             org.apache.kafka.common.errors.TopicAuthorizationException: "
        ),
        "{trace}"
    );
    assert_eq!(stage.values(1).await, ["0"]);
    stage.broker.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn topics_are_left_to_the_broker_unless_both_worker_and_connector_want_them_made() {
    for (worker, connector) in [("false", &CREATION[..]), ("true", &[])] {
        let stage = Stage::set().await;
        scripted(&stage, || vec![Ok(vec![to("new", record(0, "0".into()))])]);
        let running =
            stage.engine(&[("topic.creation.enable", worker)], Arc::<MemoryOffsets>::default());
        let id = running.start("scripted", connector);
        assert_eq!(partitions(&stage, "new").await, 1, "{worker}");
        stage.messages("new", 1).await;
        running.engine.stop_tasks(&[id]).await;
        stage.broker.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_acknowledged_at_the_stop_is_not_committed() {
    let stage = Stage::set().await;
    let story = scripted(&stage, || vec![Ok(numbered(0..1)), Ok(numbered(1..2))]);
    let offsets = Arc::new(MemoryOffsets::default());
    let keys = [("offset.flush.timeout.ms", "50"), ("producer.linger.ms", "0")];
    stage.faults.set(ApiKey::Produce, Fault::Delay(Duration::from_mins(1)));
    let running = stage.engine(&keys, Arc::clone(&offsets) as Arc<dyn OffsetStore>);
    let id = running.start("scripted", &[]);
    until("both polls", || story.lock().unwrap().polls == 2).await;
    running.engine.stop_tasks(&[id]).await;
    assert_eq!(position(&*offsets).await, None);
    assert!(story.lock().unwrap().committed.is_empty() && story.lock().unwrap().is_closed);
    stage.faults.clear(ApiKey::Produce);
    stage.broker.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_topic_that_another_makes_first_is_used() {
    let stage = Stage::set().await;
    scripted(&stage, || vec![Ok(vec![to("new", record(0, "0".into()))])]);
    stage.fail(ApiKey::CreateTopics, Fault::Answer(ResponseError::TopicAlreadyExists), 1);
    let running = stage.plain();
    let id = running.start("scripted", &CREATION);
    assert_eq!(stage.messages("new", 1).await.len(), 1);
    running.engine.stop_tasks(&[id]).await;
    stage.broker.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_queue_is_waited_for() {
    const COUNT: i64 = 1000;
    let stage = Stage::set().await;
    let value = |number: i64| format!("{number}{}", "x".repeat(1000));
    scripted(&stage, move || vec![Ok((0..COUNT).map(|it| record(it, value(it).into())).collect())]);
    // Room for a few of them.
    stage.fail(ApiKey::Produce, Fault::Delay(Duration::from_millis(200)), 1);
    let running = stage.plain();
    let id = running.start("scripted", &[("producer.override.buffer.memory", "16384")]);
    let values = stage.values(COUNT as usize).await;
    assert!((0..COUNT).map(value).eq(values));
    running.engine.stop_tasks(&[id]).await;
    stage.broker.stop().await;
}
