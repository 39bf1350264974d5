//! What sinks commit, and when; and how they end.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use kafka_protocol::error::ResponseError;
use kafka_protocol::messages::ApiKey;
use sluice_broker::Fault;
use sluice_engine::{MemoryOffsets, TargetState, TaskEvent};
use sluice_plugin::model::{SinkRecord, TopicPartition};
use sluice_plugin::{Error, Result, SinkContext, SinkTask, TopicOffsets};

use crate::plugins::Numbers;
use crate::stage::{Running, Stage, TOPIC, until};

/// Records that each stage begins with.
const COUNT: i64 = 10;

/// What the task has heard.
#[derive(Default)]
struct Story {
    offsets: Vec<i64>,
    flushes: usize,
    is_opened: bool,
}

/// Does as it is told.
#[derive(Clone, Copy)]
struct Script {
    put: fn() -> Result<()>,
    flush: fn(&TopicOffsets) -> TopicOffsets,
    close: fn() -> Result<()>,
}

const PLAIN: Script = Script { put: || Ok(()), flush: TopicOffsets::clone, close: || Ok(()) };

struct Scripted {
    story: Arc<Mutex<Story>>,
    script: Script,
    context: SinkContext,
}

#[async_trait]
impl SinkTask for Scripted {
    async fn put(&mut self, batch: &[SinkRecord]) -> Result<()> {
        let mut story = self.story.lock().unwrap();
        story.offsets.extend(batch.iter().map(SinkRecord::original_offset));
        // A wish for something that it does not have changes nothing.
        let other = [TopicPartition::new("other", 3)];
        self.context.pause(&other);
        self.context.resume(&other);
        (self.script.put)()
    }

    async fn flush(&mut self, current: &TopicOffsets) -> Result<TopicOffsets> {
        self.story.lock().unwrap().flushes += 1;
        Ok((self.script.flush)(current))
    }

    async fn close(&mut self) -> Result<()> {
        (self.script.close)()
    }
}

async fn stage() -> Stage {
    let stage = Stage::set().await;
    feed(&stage).await;
    stage
}

/// Writes as many records as before, and as many more.
async fn feed(stage: &Stage) {
    stage.plugins.source("numbers", |_| Box::new(Numbers::from(None, COUNT)));
    let before = stage.records().await;
    let running = stage.plain();
    let id = running.start("numbers", &[]);
    stage.values((before + COUNT) as usize).await;
    running.engine.stop_tasks(&[id]).await;
}

/// The sink `scripted` does so from now on; what it hears.
fn script(stage: &Stage, script: Script) -> Arc<Mutex<Story>> {
    let story = Arc::<Mutex<Story>>::default();
    let told = Arc::clone(&story);
    stage.plugins.sink("scripted", move |context| {
        told.lock().unwrap().is_opened = true;
        Box::new(Scripted { story: Arc::clone(&told), script, context })
    });
    story
}

async fn took(story: &Mutex<Story>, count: i64) {
    until("the records", || story.lock().unwrap().offsets.len() as i64 == count).await;
}

/// The offset that the group goes on from: what a plain sink gets first.
async fn next_of_group(stage: &Stage) -> i64 {
    feed(stage).await;
    let story = script(stage, PLAIN);
    let running = stage.plain();
    running.start("scripted", &[]);
    until("a record", || !story.lock().unwrap().offsets.is_empty()).await;
    running.engine.stop_all().await;
    story.lock().unwrap().offsets[0]
}

/// An engine that commits when it must, and these keys.
fn seldom(stage: &Stage, more: &[(&str, &str)]) -> Running {
    let keys = [&[("offset.flush.interval.ms", "600000")][..], more].concat();
    stage.engine(&keys, Arc::<MemoryOffsets>::default())
}

fn only(topic: &str, partition: i32, offset: i64) -> TopicOffsets {
    TopicOffsets::from([(TopicPartition::new(topic, partition), offset)])
}

#[tokio::test(flavor = "multi_thread")]
async fn only_offsets_that_the_task_has_taken_are_committed() {
    for (name, flush, expected) in [
        ("all", TopicOffsets::clone as fn(&TopicOffsets) -> TopicOffsets, COUNT),
        ("less than it was given", |_| only(TOPIC, 0, 3), 3),
        ("more than it was given", |_| only(TOPIC, 0, COUNT + 1), 0),
        ("a partition of somebody else", |_| only(TOPIC, 5, 3), 0),
        ("nothing", |_| TopicOffsets::new(), 0),
    ] {
        let stage = stage().await;
        let story = script(&stage, Script { flush, ..PLAIN });
        let running = seldom(&stage, &[]);
        let id = running.start("scripted", &[]);
        took(&story, COUNT).await;
        running.engine.stop_tasks(&[id]).await;
        assert_eq!(next_of_group(&stage).await, expected, "{name}");
        stage.broker.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pause_commits_and_what_was_committed_is_not_again() {
    let stage = stage().await;
    let story = script(&stage, PLAIN);
    let running = seldom(&stage, &[]);
    let id = running.start("scripted", &[]);
    took(&story, COUNT).await;
    assert_eq!(story.lock().unwrap().flushes, 0);
    running.engine.set_target("scripted", TargetState::Paused);
    let metric = |name: &str| running.metric(&format!("kafka_connect_sink_task_{name}"));
    until("the commit", || metric("sink_record_active_count") < 1.0).await;
    // The group is not asked again: it would refuse.
    stage.faults.set(ApiKey::OffsetCommit, Fault::Answer(ResponseError::InvalidRequest));
    running.engine.set_target("scripted", TargetState::Running);
    until("the next", || metric("offset_commit_completion_total") > 1.0).await;
    let failed = running.metric("kafka_connect_connector_task_offset_commit_failure_percentage");
    assert!(failed <= 0.0, "{failed}");
    stage.faults.clear(ApiKey::OffsetCommit);
    running.engine.stop_tasks(&[id]).await;
    assert_eq!(next_of_group(&stage).await, COUNT);
    stage.broker.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_that_takes_long_holds_nothing_up() {
    for (timeout, is_given_up) in [("60000", false), ("50", true)] {
        let stage = stage().await;
        let story = script(&stage, PLAIN);
        stage.fail(ApiKey::OffsetCommit, Fault::Delay(Duration::from_millis(700)), 1);
        let keys = [("offset.flush.interval.ms", "50"), ("offset.flush.timeout.ms", timeout)];
        let running = stage.engine(&keys, Arc::<MemoryOffsets>::default());
        let id = running.start("scripted", &[]);
        took(&story, COUNT).await;
        until("the commit to begin", || story.lock().unwrap().flushes > 0).await;
        feed(&stage).await;
        took(&story, 2 * COUNT).await;
        let metric = |name: &str| running.metric(&format!("kafka_connect_sink_task_{name}"));
        until("all to be committed", || metric("sink_record_active_count") < 1.0).await;
        assert_eq!(metric("offset_commit_skip_total") > 0.0, is_given_up, "{timeout}");
        running.engine.stop_tasks(&[id]).await;
        assert_eq!(next_of_group(&stage).await, 2 * COUNT, "{timeout}");
        stage.broker.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_error_is_the_one_that_is_told() {
    let fails: fn() -> Result<()> = || Err(Error::fatal("first"));
    let close: fn() -> Result<()> = || Err(Error::fatal("second"));
    for put in [None, Some(fails)] {
        let stage = stage().await;
        let story = script(&stage, Script { put: put.unwrap_or(PLAIN.put), close, ..PLAIN });
        // When it is time to commit, a task is given what there is, be it nothing.
        let mut running = seldom(&stage, &[]);
        let id = running.start("scripted", &[]);
        took(&story, COUNT).await;
        if put.is_some() {
            let trace = running.failure().await;
            let last = trace.lines().last().unwrap().to_owned();
            assert!(last.ends_with("ConnectException: first"), "{trace}");
        } else {
            // What is wrong with its end is told in the log alone.
            running.engine.stop_tasks(std::slice::from_ref(&id)).await;
            assert_eq!(running.told().await, TaskEvent::Running(id.clone()));
            assert_eq!(running.told().await, TaskEvent::Stopped(id));
        }
        stage.broker.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sink_that_starts_paused_is_opened_once_it_may_run() {
    let stage = stage().await;
    let story = script(&stage, PLAIN);
    let mut running = stage.plain();
    let id = running.start_as("scripted", TargetState::Paused, &[]);
    assert_eq!(running.told().await, TaskEvent::Paused(id.clone()));
    assert!(!story.lock().unwrap().is_opened);
    running.engine.set_target("scripted", TargetState::Running);
    took(&story, COUNT).await;
    running.engine.stop_tasks(&[id]).await;
    // One that is stopped before it may run never is.
    story.lock().unwrap().is_opened = false;
    let id = running.start_as("scripted", TargetState::Paused, &[]);
    running.engine.stop_tasks(&[id]).await;
    assert!(!story.lock().unwrap().is_opened);
    stage.broker.stop().await;
}
