//! A worker that stands still for longer than its session, as on a stalled machine: its work goes on elsewhere, and it
//! comes back as a member like any other.

use anyhow::{Context, Result, ensure};
use sluice_kit::connect::ConnectWorker;
use sluice_kit::java;
use sluice_kit::kafka::KafkaServer;
use tokio::process::Command;

use super::pipeline::{PATIENCE, Pipeline};
use super::placement::spread_over;

#[tokio::test]
async fn a_frozen_worker_is_replaced_and_comes_back() -> Result<()> {
    sluice_kit::require!(java::missing());
    let kafka = KafkaServer::shared().await?;
    let pipeline = Pipeline::new("frozen")?;
    pipeline.append(0..10_000)?;
    let file = pipeline.file(kafka).with("scheduled.rebalance.max.delay.ms", "0");
    let awake = ConnectWorker::sluice(&file).await?;
    let frozen = ConnectWorker::sluice(&file).await?;
    pipeline.create(&awake).await?;
    let both = [awake.id(), frozen.id()];
    spread_over(&awake, &both, 2, PATIENCE).await?;
    pipeline.comes_out(10_000).await?;

    signal(&frozen, "STOP").await?;
    pipeline.append(10_000..20_000)?;
    spread_over(&awake, &[awake.id()], 2, PATIENCE).await.context("without the frozen one")?;
    pipeline.ends_with(19_999).await?;

    signal(&frozen, "CONT").await?;
    spread_over(&awake, &both, 2, PATIENCE).await.context("with both again")?;
    pipeline.append(20_000..30_000)?;
    pipeline.ends_with(29_999).await?;
    pipeline.has_all(30_000)
}

async fn signal(worker: &ConnectWorker, name: &str) -> Result<()> {
    let id = worker.process_id().to_string();
    let status = Command::new("kill").args(["-s", name, &id]).status().await?;
    ensure!(status.success(), "kill -s {name}: {status}");
    Ok(())
}
