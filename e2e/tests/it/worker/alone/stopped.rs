//! A worker on its own that is told to stop while it makes its connectors: it ends soon and well, whatever it was at.

use std::fs;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use sluice_kit::connect::ConnectWorker;
use sluice_kit::kafka::KafkaServer;
use sluice_kit::{java, wait};

use super::super::pipeline::{PATIENCE, Pipeline};
use super::{sluice, worker_file};

/// So many that the worker is not done with them when it is told.
const CONNECTORS: usize = 60;

#[tokio::test]
async fn a_worker_that_makes_its_connectors_ends_when_it_is_told_to() -> Result<()> {
    sluice_kit::require!(java::missing());
    let kafka = KafkaServer::shared().await?;
    let pipeline = Pipeline::new("alone-stopped")?;
    let folder = tempfile::tempdir()?;
    let file = worker_file(&pipeline, kafka, &folder.path().join("connect.offsets"));
    let mut connectors = Vec::new();
    for number in 0..CONNECTORS {
        let path = folder.path().join(format!("{number}.properties"));
        let text = format!("name=stopped-{number}\nconnector.class=MockSource\n");
        fs::write(&path, text)?;
        connectors.push(path);
    }
    let launch = sluice()?.alone_with(&connectors);
    let mut was_early = 0;
    // After the first word, then after more and more connectors.
    for made in [0, 0, 1, 3, 10, 30] {
        let mut worker = ConnectWorker::start(&file, &launch).await?;
        let words = if made == 0 { "the worker starts" } else { "Created connector" };
        wait::until(PATIENCE, "the worker to make connectors", async || {
            let output = worker.output().unwrap_or_default();
            output.matches(words).count() >= made.max(1)
        })
        .await?;
        let told = Instant::now();
        let status = worker.terminate().await?;
        let output = worker.output()?;
        ensure!(status.success(), "it ended with {status}: {output}");
        ensure!(told.elapsed() < Duration::from_secs(10), "it took {:?}", told.elapsed());
        ensure!(!output.contains("panicked"), "{output}");
        was_early += usize::from(output.matches("Created connector").count() < CONNECTORS);
    }
    ensure!(was_early >= 3, "it was told in time {was_early} times only");
    Ok(())
}

#[tokio::test]
async fn a_worker_may_be_told_to_stop_at_any_time() -> Result<()> {
    sluice_kit::require!(java::missing());
    let kafka = KafkaServer::shared().await?;
    let pipeline = Pipeline::new("alone-stopped-soon")?;
    let folder = tempfile::tempdir()?;
    let file = worker_file(&pipeline, kafka, &folder.path().join("connect.offsets"));
    let connectors = super::connector_files(&pipeline, folder.path())?;
    let launch = sluice()?.alone_with(&connectors);
    pipeline.append(0..1_000)?;
    // After its first line, its second, and so on; before the first it may not hear signals yet.
    for lines in 1..=8 {
        let mut worker = ConnectWorker::start(&file, &launch).await?;
        wait::until(PATIENCE, "its words", async || {
            worker.output().is_ok_and(|it| it.lines().count() >= lines || is_done(&it))
        })
        .await?;
        let status = worker.terminate().await?;
        let output = worker.output()?;
        ensure!(status.success(), "{lines}: it ended with {status}: {output}");
        ensure!(!output.contains("panicked"), "{output}");
    }
    // Nothing of it was lost.
    let worker = ConnectWorker::start(&file, &launch).await?.answering().await?;
    pipeline.ends_with(999).await?;
    pipeline.has_all(1_000)?;
    worker.stop().await
}

/// Whether a worker has made its source and its sink.
fn is_done(output: &str) -> bool {
    output.matches("Created connector").count() == 2
}
