//! Tasks that panic, hang or are asked for what there is not: they harm no other.

use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::Instant;

use async_trait::async_trait;
use sluice_engine::{MemoryOffsets, TargetState, TaskEvent, TaskId};
use sluice_plugin::model::{SinkRecord, SourceRecord};
use sluice_plugin::{Result, SinkTask, SourceTask, TopicOffsets};

use crate::plugins::{Noting, Numbers, Seen, record};
use crate::stage::{PATIENCE, Stage, properties, until};

struct Panicking;

#[async_trait]
impl SourceTask for Panicking {
    async fn poll(&mut self) -> Result<Vec<SourceRecord>> {
        panic!("index 3 is out of bounds")
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_panic_fails_its_task_alone() {
    let stage = Stage::set().await;
    stage.plugins.source("panicking", |_| Box::new(Panicking));
    stage.plugins.source("numbers", |from| Box::new(Numbers::from(from.as_ref(), 100)));
    let mut running = stage.plain();
    running.start("panicking", &[]);
    let trace = running.failure().await;
    assert!(trace.contains("The task panicked: index 3 is out of bounds"), "{trace}");
    running.start("numbers", &[]);
    assert_eq!(stage.values(100).await.len(), 100);
    running.engine.stop_all().await;
    stage.broker.stop().await;
}

/// Blocks its thread until the test says otherwise, and has records then.
struct Hanging {
    hangs: Sender<()>,
    released: Receiver<()>,
}

#[async_trait]
impl SourceTask for Hanging {
    async fn poll(&mut self) -> Result<Vec<SourceRecord>> {
        let _ = self.hangs.send(());
        let _ = self.released.recv();
        Ok(vec![record(0, "late".into())])
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hung_task_is_left_behind_and_no_longer_heard() {
    let stage = Stage::set().await;
    let (hangs, hung) = channel();
    let (release, released) = channel();
    let parts = Mutex::new(Some(Hanging { hangs, released }));
    stage.plugins.source("hanging", move |_| Box::new(parts.lock().unwrap().take().unwrap()));
    let keys = [("task.shutdown.graceful.timeout.ms", "200")];
    let mut running =
        stage.engine(&keys, std::sync::Arc::<sluice_engine::MemoryOffsets>::default());
    let id = running.start("hanging", &[]);
    assert_eq!(running.told().await, TaskEvent::Running(id.clone()));
    hung.recv().unwrap();
    let started = Instant::now();
    running.engine.stop_tasks(std::slice::from_ref(&id)).await;
    assert!(started.elapsed() < PATIENCE, "stopping does not wait for it");
    // Its place is free: a successor with the same id runs while the old thread still hangs.
    stage.plugins.source("hanging", |_| Box::new(Numbers::from(None, 10)));
    running.start("hanging", &[]);
    assert_eq!(running.told().await, TaskEvent::Running(id));
    stage.values(10).await;
    drop(release);
    // The sender goes with the task once its thread is done with it.
    assert!(hung.recv_timeout(PATIENCE).is_err_and(|it| it == RecvTimeoutError::Disconnected));
    running.engine.stop_all().await;
    assert_eq!(stage.records().await, 10, "what the hung task had at last counts no more");
    stage.broker.stop().await;
}

/// Blocks its thread with the first batch.
struct Stuck {
    hangs: Sender<()>,
    released: Receiver<()>,
}

#[async_trait]
impl SinkTask for Stuck {
    async fn put(&mut self, batch: &[SinkRecord]) -> Result<()> {
        if !batch.is_empty() {
            let _ = self.hangs.send(());
            let _ = self.released.recv();
        }
        Ok(())
    }

    async fn flush(&mut self, current: &TopicOffsets) -> Result<TopicOffsets> {
        Ok(current.clone())
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hung_sink_loses_its_partitions_at_once() {
    let stage = Stage::set().await;
    stage.plugins.source("numbers", |from| Box::new(Numbers::from(from.as_ref(), 10)));
    let running = stage.engine(
        &[("task.shutdown.graceful.timeout.ms", "100")],
        Arc::<sluice_engine::MemoryOffsets>::default(),
    );
    running.start("numbers", &[]);
    stage.values(10).await;
    let (hangs, hung) = channel();
    let (release, released) = channel::<()>();
    let parts = Mutex::new(Some(Stuck { hangs, released }));
    stage.plugins.sink("sink", move |_| Box::new(parts.lock().unwrap().take().unwrap()));
    // Longer than the test has patience: nothing but leaving frees the partitions.
    let keys = [
        ("consumer.override.session.timeout.ms", "300000"),
        ("consumer.override.max.poll.interval.ms", "300000"),
    ];
    let id = running.start("sink", &keys);
    tokio::task::spawn_blocking(move || hung.recv().map(|()| hung)).await.unwrap().unwrap();
    running.engine.stop_tasks(&[id]).await;
    let seen = Arc::<Mutex<Seen>>::default();
    let noted = Arc::clone(&seen);
    stage.plugins.sink("sink", move |_| {
        Box::new(Noting { seen: Arc::clone(&noted), verdict: Arc::new(|_| Ok(())) })
    });
    running.start("sink", &keys);
    until("the successor to take everything", || {
        seen.lock().unwrap().batches.concat() == (0..10).collect::<Vec<_>>()
    })
    .await;
    drop(release);
    running.engine.stop_all().await;
    stage.broker.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_task_says_what_it_does_in_order() {
    let stage = Stage::set().await;
    stage.plugins.source("numbers", |from| Box::new(Numbers::from(from.as_ref(), 100)));
    let mut running = stage.plain();
    let id = running.start("numbers", &[]);
    assert_eq!(running.told().await, TaskEvent::Running(id.clone()));
    running.engine.set_target("numbers", TargetState::Paused);
    assert_eq!(running.told().await, TaskEvent::Paused(id.clone()));
    running.engine.set_target("numbers", TargetState::Running);
    assert_eq!(running.told().await, TaskEvent::Running(id.clone()));
    running.engine.stop_all().await;
    assert_eq!(running.told().await, TaskEvent::Stopped(id));
    stage.broker.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_worker_does_not_have_fails_with_its_name() {
    let stage = Stage::set().await;
    let mut running = stage.plain();
    running.start("org.example.Missing", &[]);
    let trace = running.failure().await;
    assert!(trace.contains("org.example.Missing"), "{trace}");
    let unknown = TaskId::new("nobody", 7);
    running.engine.stop_tasks(&[unknown]).await;
    stage.broker.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn more_tasks_than_allowed_are_refused_unless_that_is_not_enforced() {
    let stage = Stage::set().await;
    let seen = Arc::<Mutex<Seen>>::default();
    stage.plugins.sink("x.SinkConnector", move |_| {
        Box::new(Noting { seen: Arc::clone(&seen), verdict: Arc::new(|_| Ok(())) })
    });
    let running = stage.plain();
    for (beyond, enforced, expected) in
        [("0", "true", Some(2)), ("1", "true", None), ("1", "false", Some(3))]
    {
        let settings = properties(&[
            ("connector.class", "x.SinkConnector"),
            ("tasks.max", "2"),
            ("tasks.max.enforce", enforced),
            ("beyond", beyond),
            ("topics", "a,b"),
        ]);
        let split = running.engine.split("greedy", &settings).await;
        match expected {
            Some(count) => {
                let tasks = split.unwrap();
                assert_eq!(tasks.len(), count);
                assert!(
                    tasks
                        .iter()
                        .all(|it| it["task.class"] == "x.SinkTask" && it["topics"] == "a,b")
                );
            }
            None => assert_eq!(
                sluice_engine::trace_of(split.unwrap_err()),
                "org.apache.kafka.connect.runtime.TooManyTasksException: The connector greedy has generated 3 tasks, \
                 which is greater than 2, the maximum number of tasks it is configured to create. This behaviour should \
                 be considered a bug and is disallowed. If necessary, it can be permitted by reconfiguring the connector \
                 with 'tasks.max.enforce' set to false; however, this option will be removed in a future release of \
                 Kafka Connect."
            ),
        }
    }
    stage.broker.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_worker_does_not_permit_is_not_split() {
    let stage = Stage::set().await;
    stage.plugins.source("x.SourceConnector", |_| panic!("nothing is opened"));
    let settings =
        properties(&[("connector.class", "x.SourceConnector"), ("needs", "sluice.file.paths")]);
    for (limits, expected) in
        [(&[("sluice.file.paths", "/data")][..], None), (&[], Some("the worker sets no"))]
    {
        let running = stage.engine(limits, Arc::new(MemoryOffsets::default()));
        let refusal = running.engine.split("reader", &settings).await.err();
        let told = refusal.map(|it| it.to_string()).unwrap_or_default();
        assert_eq!(expected.is_none(), told.is_empty(), "{told}");
        assert!(told.contains(expected.unwrap_or_default()), "{told}");
    }
    stage.broker.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_task_that_cannot_be_made_is_told_apart_from_one_that_fails_later() {
    let stage = Stage::set().await;
    stage.plugins.source("panicking", |_| Box::new(Panicking));
    for (settings, is_built) in [
        (&[][..], true),
        (&[("transforms", "x"), ("transforms.x.type", "com.example.None")], false),
    ] {
        let mut running = stage.plain();
        let id = running.start("panicking", settings);
        let first = running.events.recv().await;
        assert_eq!(first == Some(TaskEvent::Built(id)), is_built, "{first:?}");
        if is_built {
            running.failure().await;
        }
    }
    stage.broker.stop().await;
}
