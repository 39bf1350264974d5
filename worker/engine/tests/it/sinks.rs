//! Sink tasks: each batch is taken once, in order, and only what was taken is committed.

use std::sync::{Arc, Mutex};

use kafka_protocol::messages::ApiKey;
use sluice_broker::Fault;
use sluice_engine::TargetState;
use sluice_plugin::{Error, Result};

use crate::plugins::{Noting, Numbers, Seen};
use crate::stage::{Running, Stage, until};

const COUNT: i64 = 100;

/// A topic full of numbers, and a sink that notes what it gets.
async fn stage(
    verdict: impl Fn(usize) -> Result<()> + Send + Sync + 'static,
) -> (Stage, Arc<Mutex<Seen>>) {
    let stage = Stage::set().await;
    stage.plugins.source("numbers", |from| Box::new(Numbers::from(from.as_ref(), COUNT)));
    let running = stage.plain();
    let id = running.start("numbers", &[]);
    stage.values(COUNT as usize).await;
    running.engine.stop_tasks(&[id]).await;
    let seen = Arc::<Mutex<Seen>>::default();
    let (noted, verdict) = (Arc::clone(&seen), Arc::new(verdict));
    stage.plugins.sink("noting", move |_| {
        let verdict = Arc::clone(&verdict) as Arc<dyn Fn(usize) -> Result<()> + Send + Sync>;
        Box::new(Noting { seen: Arc::clone(&noted), verdict })
    });
    (stage, seen)
}

fn offsets(seen: &Mutex<Seen>) -> Vec<i64> {
    seen.lock().unwrap().batches.concat()
}

async fn took_all(seen: &Mutex<Seen>) {
    until("all records to be put", || offsets(seen).last() == Some(&(COUNT - 1))).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stopped_sink_goes_on_where_it_stood() {
    let (stage, seen) = stage(|_| Ok(())).await;
    let keys = [("consumer.override.max.poll.records", "7")];
    for _ in 0..3 {
        let running = stage.plain();
        let before = offsets(&seen).len();
        let id = running.start("noting", &keys);
        until("a batch", || offsets(&seen).len() > before || before == COUNT as usize).await;
        running.engine.stop_tasks(&[id]).await;
    }
    let running = stage.plain();
    let id = running.start("noting", &keys);
    took_all(&seen).await;
    running.engine.stop_tasks(&[id]).await;
    assert_eq!(offsets(&seen), (0..COUNT).collect::<Vec<_>>());
    assert!(seen.lock().unwrap().batches.iter().all(|it| it.len() <= 7));
    stage.broker.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_retriable_put_brings_exactly_the_same_batch_again() {
    let (stage, seen) = stage(|put| match put {
        2 | 3 => Err(Error::retriable("the system is busy")),
        _ => Ok(()),
    })
    .await;
    let running = stage.plain();
    let id = running.start("noting", &[("consumer.override.max.poll.records", "10")]);
    took_all(&seen).await;
    running.engine.stop_tasks(&[id]).await;
    {
        let seen = seen.lock().unwrap();
        assert_eq!(seen.batches[1], seen.batches[2]);
        assert_eq!(seen.batches[1], seen.batches[3]);
        let taken: Vec<i64> = [&seen.batches[..1], &seen.batches[3..]].concat().concat();
        assert_eq!(taken, (0..COUNT).collect::<Vec<_>>());
        let before = seen.batches[0].len() as i64;
        let held = seen.flushed.iter().flat_map(|it| it.values()).filter(|it| **it > before);
        assert!(
            held.into_iter().all(|it| *it >= before + seen.batches[1].len() as i64),
            "{:?}",
            seen.flushed
        );
    }
    stage.broker.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fatal_put_fails_the_task_and_commits_nothing_of_it() {
    let (stage, seen) = stage(|put| match put {
        1 => Err(Error::fatal("the table is gone")),
        _ => Ok(()),
    })
    .await;
    let mut running = stage.plain();
    let id = running.start("noting", &[]);
    assert_eq!(
        running.failure().await,
        "org.apache.kafka.connect.errors.ConnectException: Exiting WorkerSinkTask due to unrecoverable \
         exception.\nCaused by: org.apache.kafka.connect.errors.ConnectException: the table is gone"
    );
    running.engine.stop_tasks(&[id]).await;
    restart_takes_everything(&stage.plain(), &seen).await;
    stage.broker.stop().await;
}

async fn restart_takes_everything(running: &Running, seen: &Mutex<Seen>) {
    seen.lock().unwrap().batches = vec![Vec::new()];
    let id = running.start("noting", &[]);
    took_all(seen).await;
    running.engine.stop_tasks(&[id]).await;
    assert_eq!(offsets(seen), (0..COUNT).collect::<Vec<_>>());
}

#[tokio::test(flavor = "multi_thread")]
async fn commits_that_go_wrong_are_made_again() {
    let (stage, seen) = stage(|_| Ok(())).await;
    for fault in [Fault::DropBefore, Fault::DropAfter] {
        stage.fail(ApiKey::OffsetCommit, fault, 2);
        let running = stage.plain();
        let id = running.start("noting", &[]);
        took_all(&seen).await;
        running.engine.stop_tasks(&[id]).await;
        assert_eq!(offsets(&seen), (0..COUNT).collect::<Vec<_>>(), "{fault:?}");
    }
    stage.broker.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_paused_sink_takes_nothing_and_keeps_its_partitions() {
    let (stage, seen) = stage(|_| Ok(())).await;
    let running = stage.plain();
    let id = running.start("noting", &[]);
    took_all(&seen).await;
    running.engine.set_target("noting", TargetState::Paused);
    let numbers = stage.engine(&[], Arc::new(sluice_engine::MemoryOffsets::default()));
    let source = numbers.start("numbers", &[]);
    stage.values(2 * COUNT as usize).await;
    numbers.engine.stop_tasks(&[source]).await;
    assert_eq!(offsets(&seen).len(), COUNT as usize);
    running.engine.set_target("noting", TargetState::Running);
    until("the rest", || offsets(&seen).len() == 2 * COUNT as usize).await;
    running.engine.stop_tasks(&[id]).await;
    let moves: Vec<&str> = seen.lock().unwrap().moves.iter().map(|it| it.0).collect();
    assert_eq!(moves, ["assigned"]);
    stage.broker.stop().await;
}
