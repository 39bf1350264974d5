//! What has to be so before an exactly-once task writes. That it writes exactly once needs a broker with transactions:
//! `e2e/tests/it/worker/scenarios/exactly_once.rs`.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use async_trait::async_trait;
use sluice_engine::{
    Distributed, EngineSettings, MemoryOffsets, Preflight, TargetState, TaskEvent, TaskId,
};
use sluice_kafka::admin::NewTopic;
use sluice_plugin::Properties;

use crate::{
    plugins::Numbers,
    stage::{Stage, TOPIC, properties, until},
};

/// Lets a task begin, or not, or never answers.
struct Answer {
    fenced: Option<Result<(), String>>,
    asked: Arc<AtomicUsize>,
}

#[async_trait]
impl Preflight for Answer {
    async fn fence(&self) -> Result<(), String> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        match &self.fenced {
            Some(answer) => answer.clone(),
            None => std::future::pending().await,
        }
    }

    async fn verify(&self) -> Result<(), String> {
        unreachable!("the broker of these tests has no transactions")
    }
}

fn settings(stage: &Stage) -> EngineSettings {
    let offsets = NewTopic {
        name: "offsets".to_owned(),
        partitions: 1,
        replication: 1,
        config: Properties::new(),
    };
    let group = Distributed { group_id: "group".to_owned(), offsets, exactly_once: true };
    EngineSettings::parse(&stage.worker, "test:8083").unwrap().distributed(group)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_task_whose_predecessors_are_not_fenced_writes_nothing() {
    let stage = Stage::set().await;
    stage.plugins.source("numbers", |from| Box::new(Numbers::from(from.as_ref(), 5)));
    let mut running = stage.engine_of(settings(&stage), Arc::new(MemoryOffsets::default()));
    let connector =
        properties(&[("name", "numbers"), ("connector.class", "numbers"), ("topics", TOPIC)]);
    let refused = Answer {
        fenced: Some(Err("Failed to perform zombie fencing".to_owned())),
        asked: Arc::default(),
    };
    let id = TaskId::new("numbers", 0);
    let start = |answer: Answer| {
        let (id, target) = (id.clone(), TargetState::Running);
        running.engine.start_exactly_once(id, &connector, &connector, target, Box::new(answer))
    };
    start(refused).unwrap();
    assert_eq!(
        running.failure().await,
        "org.apache.kafka.connect.errors.ConnectException: Failed to perform zombie fencing"
    );
    assert_eq!(stage.records().await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_task_that_waits_to_be_fenced_for_stops_at_once() {
    let stage = Stage::set().await;
    stage.plugins.source("numbers", |from| Box::new(Numbers::from(from.as_ref(), 5)));
    let mut running = stage.engine_of(settings(&stage), Arc::new(MemoryOffsets::default()));
    let connector =
        properties(&[("name", "numbers"), ("connector.class", "numbers"), ("topics", TOPIC)]);
    let asked = Arc::<AtomicUsize>::default();
    let silent = Answer { fenced: None, asked: Arc::clone(&asked) };
    let id = TaskId::new("numbers", 0);
    let (target, silent) = (TargetState::Running, Box::new(silent));
    running.engine.start_exactly_once(id.clone(), &connector, &connector, target, silent).unwrap();
    until("the question", || asked.load(Ordering::SeqCst) == 1).await;
    running.engine.stop_tasks(std::slice::from_ref(&id)).await;
    assert_eq!(running.told().await, TaskEvent::Stopped(id));
}
