//! Records that fail: tried again, skipped, reported, or the end of the task.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use sluice_kafka::Message;
use sluice_kafka::admin::NewTopic;
use sluice_plugin::model::{SinkRecord, SourceRecord, TopicPartition, Value};
use sluice_plugin::{Error, Properties, Result, SinkContext, SinkTask, SourceTask, TopicOffsets};

use crate::plugins::record;
use crate::stage::{Running, Stage, TOPIC, until};

const DEAD: &str = "dead";
/// What sinks want to have in these tests.
const LETTERS: [(&str, &str); 4] = [
    ("errors.tolerance", "all"),
    ("errors.deadletterqueue.topic.name", DEAD),
    ("errors.deadletterqueue.topic.replication.factor", "1"),
    ("errors.deadletterqueue.context.headers.enable", "true"),
];

/// Hands out these values once.
struct Values(Vec<&'static str>);

#[async_trait]
impl SourceTask for Values {
    async fn poll(&mut self) -> Result<Vec<SourceRecord>> {
        if self.0.is_empty() {
            std::future::pending::<()>().await;
        }
        let values = std::mem::take(&mut self.0);
        Ok((0..).zip(values).map(|(number, value)| record(number, Value::from(value))).collect())
    }
}

/// A stage whose topic has these records.
async fn stage(values: &'static [&'static str]) -> Stage {
    let stage = Stage::set().await;
    stage.plugins.source("values", |_| Box::new(Values(values.to_vec())));
    let running = stage.plain();
    let id = running.start("values", &[]);
    stage.values(values.len()).await;
    running.engine.stop_tasks(&[id]).await;
    stage
}

/// What happens to a sink's records.
#[derive(Default)]
struct Log {
    /// Offsets of each `put` that had some.
    puts: Vec<Vec<i64>>,
    values: Vec<String>,
    flushes: usize,
}

type OnPut = dyn Fn(&SinkContext, &[SinkRecord], &Log) -> Result<()> + Send + Sync;

/// A sink that does as a closure says.
struct Scripted {
    log: Arc<Mutex<Log>>,
    context: SinkContext,
    on_put: Arc<OnPut>,
    /// Whether the n-th flush fails.
    flush_fails: fn(usize) -> bool,
}

#[async_trait]
impl SinkTask for Scripted {
    async fn put(&mut self, batch: &[SinkRecord]) -> Result<()> {
        let mut log = self.log.lock().unwrap();
        if !batch.is_empty() {
            log.puts.push(batch.iter().map(SinkRecord::original_offset).collect());
            log.values.extend(batch.iter().map(|it| it.value.value.to_string()));
        }
        (self.on_put)(&self.context, batch, &log)
    }

    async fn flush(&mut self, current: &TopicOffsets) -> Result<TopicOffsets> {
        let mut log = self.log.lock().unwrap();
        log.flushes += 1;
        if (self.flush_fails)(log.flushes) {
            return Err(Error::fatal("the disk is full"));
        }
        Ok(current.clone())
    }
}

fn scripted(
    stage: &Stage,
    flush_fails: fn(usize) -> bool,
    on_put: impl Fn(&SinkContext, &[SinkRecord], &Log) -> Result<()> + Send + Sync + 'static,
) -> Arc<Mutex<Log>> {
    let log = Arc::<Mutex<Log>>::default();
    let (noted, on_put) = (Arc::clone(&log), Arc::new(on_put) as Arc<OnPut>);
    stage.plugins.sink("scripted", move |context| {
        let (log, on_put) = (Arc::clone(&noted), Arc::clone(&on_put));
        Box::new(Scripted { log, context, on_put, flush_fails })
    });
    log
}

fn with<'a>(more: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    [&LETTERS[..], more].concat()
}

fn header(message: &Message, name: &str) -> Option<String> {
    let found = message.headers.iter().find(|(key, _)| **key == *name)?;
    found.1.as_ref().map(|it| String::from_utf8_lossy(it).into_owned())
}

fn error_header(message: &Message, name: &str) -> String {
    header(message, &format!("__connect.errors.{name}")).unwrap_or_default()
}

/// Stops the sink; what a new one gets then was not committed.
async fn rest_after(stage: &Stage, running: Running, log: &Mutex<Log>, until_end: i64) -> Vec<i64> {
    running.engine.stop_all().await;
    log.lock().unwrap().puts.clear();
    let keys = [("errors.tolerance", "all")];
    let running = stage.plain();
    running.start("scripted", &keys);
    // A record behind all others shows that nothing more is to come.
    let source = stage.plain();
    stage.plugins.source("last", |_| Box::new(Values(vec!["9999"])));
    source.start("last", &[]);
    until("the last record", || log.lock().unwrap().puts.concat().contains(&until_end)).await;
    source.engine.stop_all().await;
    running.engine.stop_all().await;
    let mut offsets = log.lock().unwrap().puts.concat();
    offsets.retain(|it| *it != until_end);
    offsets
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_that_cannot_be_converted_becomes_a_dead_letter() {
    let stage = stage(&["1000", "bad", "1001"]).await;
    let log = scripted(&stage, |_| false, |_, _, _| Ok(()));
    let running = stage.plain();
    running.start("scripted", &with(&[("value.converter", "IntegerConverter")]));
    let letters = stage.messages(DEAD, 1).await;
    let letter = &letters[0];
    assert_eq!(letter.value.as_deref(), Some(&b"bad"[..]));
    let names: Vec<&str> = letter.headers.iter().map(|(name, _)| &**name).collect();
    let expected = [
        "topic",
        "partition",
        "offset",
        "connector.name",
        "task.id",
        "stage",
        "class.name",
        "exception.class.name",
        "exception.message",
        "exception.stacktrace",
    ];
    assert_eq!(names, expected.map(|it| format!("__connect.errors.{it}")));
    for (name, expected) in [
        ("topic", TOPIC),
        ("partition", "0"),
        ("offset", "1"),
        ("connector.name", "scripted"),
        ("task.id", "0"),
        ("stage", "VALUE_CONVERTER"),
        ("class.name", "org.apache.kafka.connect.converters.IntegerConverter"),
        ("exception.class.name", "org.apache.kafka.connect.errors.DataException"),
    ] {
        assert_eq!(error_header(letter, name), expected, "{name}");
    }
    until("the good ones", || log.lock().unwrap().puts.concat() == [0, 2]).await;
    // Its position is committed with the others.
    assert_eq!(rest_after(&stage, running, &log, 3).await, Vec::<i64>::new());
    stage.broker.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_error_that_is_not_tolerated_is_reported_and_ends_the_task() {
    let stage = stage(&["bad"]).await;
    scripted(&stage, |_| false, |_, _, _| Ok(()));
    let mut running = stage.plain();
    let keys = [("value.converter", "IntegerConverter"), ("errors.tolerance", "none")];
    running.start("scripted", &with(&keys));
    let trace = running.failure().await;
    assert!(
        trace.starts_with(
            "org.apache.kafka.connect.errors.ConnectException: Tolerance exceeded in error handler\nCaused by: \
             org.apache.kafka.connect.errors.DataException: "
        ),
        "{trace}"
    );
    assert_eq!(stage.messages(DEAD, 1).await.len(), 1);
    stage.broker.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sink_reports_records_of_its_own() {
    let stage = stage(&["1000", "1001", "1002"]).await;
    let log = scripted(
        &stage,
        |_| false,
        |context, batch, _| {
            let reporter = context.errant_records.as_ref().expect("a reporter");
            for record in batch.iter().filter(|it| it.original_offset() == 1) {
                let report = reporter.report(record, Error::bad_record("no such customer"));
                if report.is_err() {
                    // Swallowed, it ends the task all the same.
                    return Ok(());
                }
            }
            Ok(())
        },
    );
    let mut running = stage.plain();
    let doubled = [
        ("transforms", "busy"),
        ("transforms.busy.type", "Busy"),
        ("errors.retry.timeout", "5000"),
    ];
    running.start("scripted", &with(&doubled));
    let letters = stage.messages(DEAD, 1).await;
    // As it was before the transform.
    assert_eq!(letters[0].value.as_deref(), Some(&b"1001"[..]));
    for (name, expected) in [
        ("stage", "TASK_PUT"),
        ("class.name", "org.apache.kafka.connect.sink.SinkTask"),
        ("exception.message", "no such customer"),
        ("offset", "1"),
    ] {
        assert_eq!(error_header(&letters[0], name), expected, "{name}");
    }
    until("all records", || log.lock().unwrap().values == ["1000!", "1001!", "1002!"]).await;
    running.engine.stop_all().await;
    running.start(
        "scripted",
        &with(&[("errors.tolerance", "none"), ("consumer.override.group.id", "again")]),
    );
    let trace = running.failure().await;
    let expected = [
        "org.apache.kafka.connect.errors.ConnectException: Exiting WorkerSinkTask due to unrecoverable exception.",
        "Caused by: org.apache.kafka.connect.errors.ConnectException: Tolerance exceeded in error handler",
        "Caused by: org.apache.kafka.connect.errors.DataException: no such customer",
    ];
    assert_eq!(trace.lines().collect::<Vec<_>>(), expected);
    stage.broker.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_letter_that_is_lost_ends_the_task_before_its_position_is_committed() {
    let stage = stage(&["1000", "a letter that is too long for its topic"]).await;
    let config = Properties::from([("max.message.bytes".to_owned(), "90".to_owned())]);
    let topic = NewTopic { name: DEAD.to_owned(), partitions: 1, replication: 1, config };
    stage.admin.create_topic(&topic).await.unwrap();
    let log = scripted(&stage, |_| false, |_, _, _| Ok(()));
    let mut running = stage.plain();
    running.start("scripted", &with(&[("value.converter", "IntegerConverter")]));
    let trace = running.failure().await;
    assert!(
        trace.contains("A record could not be written to the dead letter queue dead"),
        "{trace}"
    );
    assert_eq!(rest_after(&stage, running, &log, 2).await, [0, 1]);
    stage.broker.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_letter_topic_that_cannot_be_made_is_named() {
    let stage = stage(&["1000"]).await;
    scripted(&stage, |_| false, |_, _, _| Ok(()));
    let mut running = stage.plain();
    running.start("scripted", &with(&[("errors.deadletterqueue.topic.name", "no such/topic")]));
    let trace = running.failure().await;
    assert!(
        trace.starts_with(
            "org.apache.kafka.connect.errors.ConnectException: Could not initialize dead letter queue with \
             topic=no such/topic\nCaused by: "
        ),
        "{trace}"
    );
    stage.broker.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flush_that_fails_brings_everything_since_the_last_commit_again() {
    let stage = stage(&["1000", "1001"]).await;
    let log = scripted(&stage, |flush| flush == 1, |_, _, _| Ok(()));
    let running = stage.plain();
    running.start("scripted", &[]);
    until("the records twice", || log.lock().unwrap().puts.concat() == [0, 1, 0, 1]).await;
    assert_eq!(rest_after(&stage, running, &log, 2).await, Vec::<i64>::new());
    stage.broker.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sink_reads_on_from_where_it_likes_and_rests_when_it_likes() {
    let stage = stage(&["1000", "1001", "1002"]).await;
    let partition = TopicPartition::new(TOPIC, 0);
    let own = partition.clone();
    let log = scripted(
        &stage,
        |_| false,
        move |context, batch, log| {
            match log.puts.len() {
                1 if !batch.is_empty() => {
                    context.rewind(&TopicOffsets::from([(own.clone(), 1)]));
                }
                // From then on nothing is read, until an empty batch comes.
                2 if !batch.is_empty() => {
                    context.rewind(&TopicOffsets::from([(own.clone(), 2)]));
                    context.pause(std::slice::from_ref(&own));
                    context.timeout(std::time::Duration::from_millis(1));
                }
                2 => context.resume(std::slice::from_ref(&own)),
                _ => context.request_commit(),
            }
            Ok(())
        },
    );
    let running = stage.engine(
        &[("offset.flush.interval.ms", "600000")],
        Arc::default() as Arc<sluice_engine::MemoryOffsets>,
    );
    running.start("scripted", &[("consumer.override.max.poll.records", "500")]);
    until("all puts", || log.lock().unwrap().puts == [vec![0, 1, 2], vec![1, 2], vec![2]]).await;
    until("the commit that was asked for", || log.lock().unwrap().flushes > 0).await;
    stage.broker.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn transforms_drop_and_are_tried_again() {
    let stage = Stage::set().await;
    stage.plugins.source("values", |_| Box::new(Values(vec!["0", "1", "2", "x"])));
    let running = stage.plain();
    running.start(
        "values",
        &with(&[
            ("transforms", "forget, busy"),
            ("transforms.forget.type", "Forget"),
            ("transforms.forget.predicate", "odd"),
            ("transforms.busy.type", "Busy"),
            ("predicates", "odd"),
            ("predicates.odd.type", "Odd"),
            ("errors.retry.timeout", "5000"),
        ]),
    );
    assert_eq!(stage.values(2).await, ["0!", "2!"]);
    let letters = stage.messages(DEAD, 1).await;
    let value = String::from_utf8_lossy(letters[0].value.as_deref().unwrap()).into_owned();
    assert_eq!(value, r#"{"schema":null,"payload":"x"}"#);
    for (name, expected) in [
        ("topic", TOPIC),
        ("source.partition", r#"{"of":"numbers"}"#),
        ("source.offset", r#"{"next":4}"#),
        ("stage", "TRANSFORMATION"),
        ("class.name", "org.example.Forget"),
        ("exception.message", "no number"),
    ] {
        assert_eq!(error_header(&letters[0], name), expected, "{name}");
    }
    let distinct: BTreeSet<String> = stage.values(2).await.into_iter().collect();
    assert_eq!(distinct.len(), 2);
    stage.broker.stop().await;
}
