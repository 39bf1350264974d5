//! W13 and W15: what many connectors without work cost a worker, and how long they take to start.

use std::{
    fs,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use anyhow::{Result, ensure};
use serde_json::Value;
use sluice_kafka::{OutgoingRecord, Producer};
use sluice_kit::{connect::ConnectWorker, wait};

use crate::{
    broker::Broker,
    footprint::{self, Idle},
    process,
    workers::{self, Side},
};

/// How many connectors there are, one measurement after the other.
const COUNTS: [usize; 3] = [1, 10, 100];
/// How long anything may take.
const PATIENCE: Duration = Duration::from_mins(3);
/// Pause between two looks at the files, and at what the worker says.
const LOOK: Duration = Duration::from_millis(2);

/// A worker with so many connectors, each a sink with one task and a file of its own, of one topic.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Density {
    pub(crate) side: Side,
    pub(crate) connectors: usize,
    pub(crate) idle: Idle,
    pub(crate) threads: u64,
    /// From exec to `/health` 200.
    pub(crate) healthy: Duration,
    /// From exec to the first record in a file, which lay in the topic before.
    pub(crate) first: Duration,
    /// From exec to that record in all files.
    pub(crate) last: Duration,
}

/// Measures a side, with more and more connectors.
pub(crate) async fn measure(
    side: Side,
    broker: &Broker,
    plugins: &Path,
    folder: &Path,
) -> Result<Vec<Density>> {
    let topic = format!("density-{side:?}").to_lowercase();
    broker.create(&topic).await?;
    let producer = broker.prompt_producer("1")?;
    let file = workers::file(&broker.server.bootstrap(), &topic, plugins, folder);
    let mut worker = ConnectWorker::start(&file, &side.launch(None)?).await?;
    workers::healthy(&worker).await?;
    let (mut files, mut measured) = (Vec::new(), Vec::new());
    for connectors in COUNTS {
        while files.len() < connectors {
            let (name, path) = one(&topic, files.len(), folder);
            workers::create(&worker, &name, &workers::file_sink(&topic, &path)).await?;
            files.push(path);
        }
        all_run(&worker, connectors).await?;
        let idle = footprint::idle(worker.process_id()).await?;
        let threads = process::threads(worker.process_id())?;
        worker.terminate().await?;
        send(&producer, &topic).await?;
        let lengths: Vec<u64> = files.iter().map(|it| length(it)).collect();
        worker.run_again().await?;
        let healthy = workers::healthy(&worker).await?;
        let (first, last) = arrive(&worker, &files, &lengths).await?;
        measured.push(Density { side, connectors, idle, threads, healthy, first, last });
        eprintln!("{:?}", measured.last());
    }
    worker.stop().await?;
    producer.close().await;
    Ok(measured)
}

fn one(topic: &str, number: usize, folder: &Path) -> (String, PathBuf) {
    let name = format!("{topic}-{number}");
    let path = folder.join(&name);
    (name, path)
}

/// Waits until every task runs.
async fn all_run(worker: &ConnectWorker, connectors: usize) -> Result<()> {
    wait::until(PATIENCE, "all tasks to run", async || {
        let all = worker.ask("GET", "/connectors?expand=status", None).await.unwrap_or_default();
        let runs = |it: &&Value| it["status"]["tasks"][0]["state"] == "RUNNING";
        all.as_object().is_some_and(|all| all.values().filter(runs).count() == connectors)
    })
    .await
}

async fn send(producer: &Producer, topic: &str) -> Result<()> {
    let record = OutgoingRecord {
        topic,
        partition: Some(0),
        timestamp: None,
        key: None,
        value: Some(b"line"),
        headers: &[],
    };
    producer.send(&record, 0)?;
    Ok(producer.flush(PATIENCE).await?)
}

fn length(file: &Path) -> u64 {
    fs::metadata(file).map_or(0, |it| it.len())
}

/// How long after the worker's start the first and the last of the files have grown.
async fn arrive(
    worker: &ConnectWorker,
    files: &[PathBuf],
    before: &[u64],
) -> Result<(Duration, Duration)> {
    let began = worker.started();
    let mut first = None;
    let mut waiting: Vec<_> = files.iter().zip(before).collect();
    while !waiting.is_empty() {
        let count = waiting.len();
        waiting.retain(|(file, before)| length(file) == **before);
        if waiting.len() < count {
            first.get_or_insert(began.elapsed());
        }
        ensure!(Instant::now() < began + PATIENCE, "{} files did not grow", waiting.len());
        tokio::time::sleep(LOOK).await;
    }
    let last = began.elapsed();
    Ok((first.unwrap_or(last), last))
}
