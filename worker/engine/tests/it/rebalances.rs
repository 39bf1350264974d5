//! Sinks whose partitions come and go: what they hear of it, what is committed, and who gets which records.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use kafka_protocol::error::ResponseError;
use kafka_protocol::messages::ApiKey;
use sluice_broker::Fault;
use sluice_engine::{MemoryOffsets, TargetState, TaskId};
use sluice_kafka::admin::NewTopic;
use sluice_plugin::model::{SinkRecord, SourceRecord, TopicPartition};
use sluice_plugin::{Error, Properties, Result, SinkContext, SinkTask, SourceTask, TopicOffsets};

use crate::plugins::record;
use crate::stage::{Running, Stage, properties, until};

const MANY: &str = "many";
/// Partitions of [`MANY`], and records of each.
const PARTITIONS: i32 = 2;
const RECORDS: i64 = 5;
/// Only what changes hands is revoked.
const COOPERATIVE: (&str, &str) =
    ("consumer.override.partition.assignment.strategy", "cooperative-sticky");

/// What one task has heard, in order.
#[derive(Debug, Clone, PartialEq)]
enum Heard {
    Assigned(Vec<i32>),
    Revoked(Vec<i32>),
    /// Partition and offset of each record.
    Put(Vec<(i32, i64)>),
    Flushed,
}

/// What a task answers; it may also ask for something.
type Answer = dyn Fn(&SinkContext, &Heard) -> Result<()> + Send + Sync;

struct Listening {
    context: SinkContext,
    heard: Arc<Mutex<Vec<Heard>>>,
    answer: Arc<Answer>,
}

impl Listening {
    fn hear(&self, what: Heard) -> Result<()> {
        let answer = (self.answer)(&self.context, &what);
        self.heard.lock().unwrap().push(what);
        answer
    }
}

fn numbers(partitions: &[TopicPartition]) -> Vec<i32> {
    let mut numbers: Vec<i32> = partitions.iter().map(|it| it.partition).collect();
    numbers.sort_unstable();
    numbers
}

#[async_trait]
impl SinkTask for Listening {
    async fn assigned(&mut self, partitions: &[TopicPartition]) -> Result<()> {
        self.hear(Heard::Assigned(numbers(partitions)))
    }

    async fn put(&mut self, batch: &[SinkRecord]) -> Result<()> {
        let places = batch.iter().map(|it| (it.original_partition(), it.original_offset()));
        self.hear(Heard::Put(places.collect()))
    }

    async fn flush(&mut self, current: &TopicOffsets) -> Result<TopicOffsets> {
        self.hear(Heard::Flushed)?;
        Ok(current.clone())
    }

    async fn revoked(&mut self, partitions: &[TopicPartition]) -> Result<()> {
        self.hear(Heard::Revoked(numbers(partitions)))
    }
}

/// Fills the partitions, once.
struct Filling(bool);

#[async_trait]
impl SourceTask for Filling {
    async fn poll(&mut self) -> Result<Vec<SourceRecord>> {
        if std::mem::replace(&mut self.0, true) {
            std::future::pending::<()>().await;
        }
        let one = |number: i64| {
            let mut record = record(number, number.to_string().into());
            record.topic = MANY.into();
            record.partition = Some((number % i64::from(PARTITIONS)) as i32);
            record
        };
        Ok((0..RECORDS * i64::from(PARTITIONS)).map(one).collect())
    }
}

/// A stage with a full topic and an engine that commits only when it must.
async fn stage() -> (Stage, Running) {
    let stage = Stage::set().await;
    let config = Properties::new();
    let topic = NewTopic { name: MANY.to_owned(), partitions: PARTITIONS, replication: 1, config };
    stage.admin.create_topic(&topic).await.unwrap();
    fill(&stage).await;
    let keys = [("offset.flush.interval.ms", "600000")];
    let running = stage.engine(&keys, Arc::<MemoryOffsets>::default());
    (stage, running)
}

async fn fill(stage: &Stage) {
    stage.plugins.source("filling", |_| Box::new(Filling(false)));
    let filling = stage.plain();
    let before = filled(stage).await;
    let id = filling.start("filling", &[]);
    while filled(stage).await < before + RECORDS * i64::from(PARTITIONS) {
        tokio::task::yield_now().await;
    }
    filling.engine.stop_tasks(&[id]).await;
}

async fn filled(stage: &Stage) -> i64 {
    let partitions: Vec<_> = (0..PARTITIONS).map(|it| TopicPartition::new(MANY, it)).collect();
    stage.admin.end_offsets(&partitions).await.unwrap().into_values().sum()
}

/// Starts a task of the connector `listening`; what it hears.
fn listen(
    stage: &Stage,
    running: &Running,
    task: i32,
    more: &[(&str, &str)],
    answer: impl Fn(&SinkContext, &Heard) -> Result<()> + Send + Sync + 'static,
) -> (TaskId, Arc<Mutex<Vec<Heard>>>) {
    let heard = Arc::<Mutex<Vec<Heard>>>::default();
    let (noted, answer) = (Arc::clone(&heard), Arc::new(answer) as Arc<Answer>);
    let class = format!("listening-{task}");
    stage.plugins.sink(&class, move |context| {
        let (heard, answer) = (Arc::clone(&noted), Arc::clone(&answer));
        Box::new(Listening { context, heard, answer })
    });
    let mut settings = properties(&[
        ("name", "listening"),
        ("connector.class", &class),
        ("topics", MANY),
        ("consumer.override.heartbeat.interval.ms", "50"),
        COOPERATIVE,
    ]);
    settings.extend(properties(more));
    let id = TaskId::new("listening", task);
    running.engine.start_task(id.clone(), &settings, &settings, TargetState::Running).unwrap();
    (id, heard)
}

/// Which records were put, in order, partition by partition.
fn puts(heard: &Mutex<Vec<Heard>>) -> Vec<(i32, i64)> {
    let heard = heard.lock().unwrap();
    let mut puts: Vec<(i32, i64)> = heard
        .iter()
        .filter_map(|it| if let Heard::Put(places) = it { Some(places.clone()) } else { None })
        .flatten()
        .collect();
    puts.sort_by_key(|(partition, _)| *partition);
    puts
}

/// Each record of these partitions from `start` on, once.
fn each(partitions: std::ops::Range<i32>, start: i64) -> Vec<(i32, i64)> {
    partitions.flat_map(|it| (start..start + RECORDS).map(move |offset| (it, offset))).collect()
}

fn moves(heard: &Mutex<Vec<Heard>>) -> Vec<Heard> {
    let mut heard = heard.lock().unwrap().clone();
    heard.retain(|it| matches!(it, Heard::Assigned(_) | Heard::Revoked(_)));
    // A round that changes nothing is told as well.
    heard.retain(|it| !matches!(it, Heard::Assigned(none) if none.is_empty()));
    heard
}

#[tokio::test(flavor = "multi_thread")]
async fn a_partition_that_moves_is_committed_and_the_others_stay() {
    let (stage, running) = stage().await;
    let (_, first) = listen(&stage, &running, 0, &[], |_, _| Ok(()));
    until("all records", || puts(&first) == each(0..2, 0)).await;
    let (second_id, second) = listen(&stage, &running, 1, &[], |_, _| Ok(()));
    until("a partition for the second", || moves(&second).len() == 1).await;
    let Heard::Assigned(moved) = moves(&second).remove(0) else { panic!("{second:?}") };
    assert_eq!(moved.len(), 1);
    assert_eq!(moves(&first), [Heard::Assigned(vec![0, 1]), Heard::Revoked(moved.clone())]);
    let held = || running.metric("kafka_connect_sink_task_partition_count");
    until("one partition each", || (held() - f64::from(PARTITIONS)).abs() < 0.5).await;
    // What is flushed for it comes before it goes.
    let order = first.lock().unwrap().clone();
    let gone = order.iter().position(|it| matches!(it, Heard::Revoked(_))).unwrap();
    assert_eq!(order[gone - 1], Heard::Flushed);
    fill(&stage).await;
    until("the new records", || puts(&first).len() + puts(&second).len() == 4 * RECORDS as usize)
        .await;
    let expected: Vec<_> = each(moved[0]..moved[0] + 1, RECORDS);
    assert_eq!(puts(&second), expected, "the second goes on where the first has stood");
    running.engine.stop_tasks(&[second_id]).await;
    until("the partition to come back", || moves(&first).len() == 3).await;
    assert_eq!(moves(&first)[2], Heard::Assigned(moved));
    running.engine.stop_all().await;
    assert_eq!(puts(&first).len(), 3 * RECORDS as usize, "nothing came twice");
    stage.broker.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sink_that_blocks_its_thread_for_longer_than_its_session_stays_in_the_group() {
    const SESSION: &str = "300";
    let (stage, running) = stage().await;
    let (release, released) = std::sync::mpsc::channel::<()>();
    let released = Mutex::new(released);
    let session = [
        ("consumer.override.session.timeout.ms", SESSION),
        ("consumer.override.max.poll.records", "1"),
    ];
    let (id, heard) = listen(&stage, &running, 0, &session, move |_, heard| {
        if let Heard::Put(places) = heard
            && places.first() == Some(&(0, 1))
        {
            // Ends when the other side is dropped.
            let _ = released.lock().unwrap().recv();
        }
        Ok(())
    });
    until("the record before it", || puts(&heard).contains(&(0, 0))).await;
    let began = std::time::Instant::now();
    until("several sessions", || began.elapsed().as_millis() > 1500).await;
    drop(release);
    until("all records", || puts(&heard) == each(0..2, 0)).await;
    running.engine.stop_tasks(&[id]).await;
    assert_eq!(moves(&heard), [Heard::Assigned(vec![0, 1])], "it never lost them");
    stage.broker.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_coordinator_that_stumbles_costs_no_record_and_no_commit() {
    let (stage, running) = stage().await;
    let rows = [
        (ApiKey::FindCoordinator, Fault::Answer(ResponseError::CoordinatorNotAvailable)),
        (ApiKey::JoinGroup, Fault::Answer(ResponseError::CoordinatorLoadInProgress)),
        (ApiKey::JoinGroup, Fault::Answer(ResponseError::UnknownMemberId)),
        (ApiKey::JoinGroup, Fault::DropAfter),
        (ApiKey::SyncGroup, Fault::Answer(ResponseError::RebalanceInProgress)),
        (ApiKey::SyncGroup, Fault::Answer(ResponseError::NotCoordinator)),
        (ApiKey::SyncGroup, Fault::DropAfter),
        (ApiKey::OffsetFetch, Fault::Answer(ResponseError::CoordinatorLoadInProgress)),
        (ApiKey::Heartbeat, Fault::DropBefore),
        (ApiKey::OffsetCommit, Fault::Answer(ResponseError::NotCoordinator)),
        (ApiKey::OffsetCommit, Fault::DropAfter),
    ];
    for (row, (api, fault)) in (0..).zip(rows) {
        let group = format!("stumbles-{row}");
        stage.fail(api, fault, 1);
        // As in Kafka, a member whose id was lost on the way is waited for as long as its session.
        let keys = [
            ("consumer.override.group.id", group.as_str()),
            ("consumer.override.session.timeout.ms", "1000"),
        ];
        let (id, heard) = listen(&stage, &running, row, &keys, |_, _| Ok(()));
        until(&format!("all records, {api:?} {fault:?}"), || puts(&heard) == each(0..2, 0)).await;
        running.engine.stop_tasks(&[id]).await;
        let committed = stage.admin.group_offsets(&group).await.unwrap();
        assert_eq!(committed.len(), 2, "{api:?} {fault:?}");
        assert!(committed.values().all(|it| *it == RECORDS), "{api:?} {fault:?}");
        stage.faults.clear(api);
    }
    stage.broker.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_that_is_held_loses_the_records_of_a_partition_that_goes() {
    let (stage, running) = stage().await;
    let busy = Arc::new(Mutex::new(true));
    let is_busy = Arc::clone(&busy);
    let (_, first) = listen(&stage, &running, 0, &[], move |context, heard| match heard {
        Heard::Put(places) if !places.is_empty() && *is_busy.lock().unwrap() => {
            context.timeout(std::time::Duration::from_millis(10));
            Err(Error::retriable("busy"))
        }
        _ => Ok(()),
    });
    until("a batch", || !puts(&first).is_empty()).await;
    let (_, second) = listen(&stage, &running, 1, &[], |_, _| Ok(()));
    until("a partition for the second", || !moves(&second).is_empty()).await;
    let Heard::Assigned(moved) = moves(&second).remove(0) else { panic!("{second:?}") };
    until("its records", || puts(&second) == each(moved[0]..moved[0] + 1, 0)).await;
    // Once the system is back, the first takes what is left of the batch, and what comes after it.
    first.lock().unwrap().clear();
    *busy.lock().unwrap() = false;
    let kept = 1 - moved[0];
    until("the rest", || {
        let mut taken = puts(&first);
        taken.dedup();
        taken.ends_with(&each(kept..kept + 1, 0)[RECORDS as usize - 1..])
    })
    .await;
    assert!(puts(&first).iter().all(|(partition, _)| *partition == kept), "{first:?}");
    running.engine.stop_all().await;
    stage.broker.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flush_that_fails_after_a_partition_has_gone_rewinds_the_others_alone() {
    let (stage, running) = stage().await;
    // The first commit is still on its way when the partition goes.
    stage.fail(ApiKey::OffsetCommit, Fault::Delay(std::time::Duration::from_millis(300)), 1);
    // The flush after this record fails, once.
    let fails_after = Arc::new(Mutex::new(None::<(i32, i64)>));
    let (last, fails) = (Arc::clone(&fails_after), Mutex::new(false));
    let (_, first) = listen(&stage, &running, 0, &[], move |context, heard| match heard {
        Heard::Flushed if std::mem::take(&mut *fails.lock().unwrap()) => {
            Err(Error::fatal("the disk is full"))
        }
        Heard::Put(places) if !places.is_empty() => {
            *fails.lock().unwrap() =
                last.lock().unwrap().take_if(|it| places.contains(it)).is_some();
            context.request_commit();
            Ok(())
        }
        _ => Ok(()),
    });
    until("all records", || puts(&first) == each(0..2, 0)).await;
    let (_, second) = listen(&stage, &running, 1, &[], |_, _| Ok(()));
    until("a partition for the second", || moves(&second).len() == 1).await;
    let Heard::Assigned(moved) = moves(&second).remove(0) else { panic!("{second:?}") };
    let kept = 1 - moved[0];
    first.lock().unwrap().clear();
    let news = each(kept..kept + 1, RECORDS);
    let last = *news.last().unwrap();
    *fails_after.lock().unwrap() = Some(last);
    fill(&stage).await;
    // The records may come in pieces, those before the last of which are committed.
    until("the last record twice", || {
        puts(&first).into_iter().filter(|it| *it == last).count() == 2
    })
    .await;
    let mut distinct = puts(&first);
    distinct.sort_unstable();
    distinct.dedup();
    assert_eq!(distinct, news, "all before was committed when the partition went");
    running.engine.stop_all().await;
    stage.broker.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn errors_over_partitions_end_the_task() {
    for (name, on) in [
        ("assigned", (|it| matches!(it, Heard::Assigned(_))) as fn(&Heard) -> bool),
        ("revoked", |it| matches!(it, Heard::Revoked(_))),
        ("lost", |it| matches!(it, Heard::Revoked(_))),
    ] {
        let (stage, mut running) = stage().await;
        let (_, first) = listen(&stage, &running, 0, &[], move |_, heard| {
            if on(heard) { Err(Error::fatal("no room")) } else { Ok(()) }
        });
        if name != "assigned" {
            until("all records", || puts(&first) == each(0..2, 0)).await;
        }
        let flushes = || first.lock().unwrap().iter().filter(|it| **it == Heard::Flushed).count();
        match name {
            "revoked" => drop(listen(&stage, &running, 1, &[], |_, _| Ok(()))),
            "lost" => {
                assert_eq!(flushes(), 0);
                let unknown = Fault::Answer(ResponseError::UnknownMemberId);
                stage.fail(ApiKey::Heartbeat, unknown, 1);
            }
            _ => {}
        }
        let trace = running.failure().await;
        assert_eq!(trace, "org.apache.kafka.connect.errors.ConnectException: no room", "{name}");
        // What is lost is somebody else's already: its offsets are not committed.
        assert_eq!(flushes(), usize::from(name == "revoked"), "{name}");
        running.engine.stop_all().await;
        stage.broker.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sink_may_rewind_as_it_gets_a_partition() {
    let (stage, running) = stage().await;
    let (id, first) = listen(&stage, &running, 0, &[], |_, _| Ok(()));
    until("all records", || puts(&first) == each(0..2, 0)).await;
    running.engine.stop_tasks(&[id]).await;
    let (id, second) = listen(&stage, &running, 0, &[], |context, heard| {
        if matches!(heard, Heard::Assigned(_)) {
            let starts = (0..PARTITIONS).map(|it| (TopicPartition::new(MANY, it), 2));
            context.rewind(&starts.chain([(TopicPartition::new("other", 0), 9)]).collect());
        }
        Ok(())
    });
    let expected: Vec<_> = each(0..2, 0).into_iter().filter(|(_, offset)| *offset >= 2).collect();
    until("the records from there", || puts(&second) == expected).await;
    running.engine.stop_tasks(&[id]).await;
    stage.broker.stop().await;
}
