//! A worker that is started before its Kafka: it tries on, says so, is not ready, and becomes ready.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use serde_json::json;
use sluice_kit::connect::{ConnectWorker, WorkerFile};
use sluice_kit::kafka::{KafkaOptions, KafkaServer};
use sluice_kit::{java, ports, wait};

use super::pipeline::PATIENCE;

#[tokio::test]
async fn a_worker_waits_for_its_broker() -> Result<()> {
    sluice_kit::require!(java::missing());
    let port = ports::free()?;
    let address = format!("127.0.0.1:{port}");
    let file = WorkerFile::new(&address, "early").with("gruop.id", "early");
    let worker = ConnectWorker::sluice(&file).await?;
    let starting = json!({"status": "starting", "message": "Worker is still starting up."});
    ensure!(worker.request("GET", "/health", None).await? == (503, starting));
    let (status, _) = worker.request("GET", "/connectors", None).await?;
    ensure!(status == 503, "connectors of a worker that knows none: {status}");
    wait::until(PATIENCE, "the worker to say what it waits for", async || {
        worker.output().is_ok_and(|it| it.contains(&address) && it.contains("bootstrap.servers"))
    })
    .await?;
    let output = worker.output()?;
    ensure!(output.contains("did you mean group.id?"), "no warning in {output}");

    let options = KafkaOptions { port: Some(port), ..KafkaOptions::default() };
    let _kafka = KafkaServer::start(options).await?;
    wait::until_ok(PATIENCE, "the worker to become ready", async || {
        worker.ask("GET", "/health", None).await.map(drop)
    })
    .await?;
    worker.stop().await
}

#[tokio::test]
async fn a_worker_that_waits_can_be_stopped() -> Result<()> {
    let file = WorkerFile::new(&format!("127.0.0.1:{}", ports::free()?), "early-stopped");
    let mut worker = ConnectWorker::sluice(&file).await?;
    let began = Instant::now();
    let status = worker.terminate().await?;
    ensure!(status.success(), "it ended with {status}: {}", worker.output()?);
    ensure!(began.elapsed() < Duration::from_secs(5), "it took {:?}", began.elapsed());
    Ok(())
}
