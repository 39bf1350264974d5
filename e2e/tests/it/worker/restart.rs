//! A rolling restart under load: SIGTERM to one worker after the other, with the default delay of rebalances.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use sluice_kit::connect::ConnectWorker;
use sluice_kit::java;
use sluice_kit::kafka::KafkaServer;

use super::load::{BACKLOG, keep_busy};
use super::pipeline::{PATIENCE, Pipeline};
use super::placement::spread_over;

#[tokio::test]
async fn a_rolling_restart_loses_nothing_and_repeats_nothing() -> Result<()> {
    sluice_kit::require!(java::missing());
    let kafka = KafkaServer::shared().await?;
    let pipeline = Pipeline::new("rolled")?;
    let file = pipeline.file(kafka);
    let mut workers = [ConnectWorker::sluice(&file).await?, ConnectWorker::sluice(&file).await?];
    pipeline.create(&workers[0]).await?;
    spread(&workers).await?;
    let mut written = 0;
    tokio::select! {
        rolled = roll(&mut workers, &pipeline) => rolled?,
        stuck = keep_busy(&pipeline, &mut written) => stuck?,
    }
    pipeline.ends_with(written - 1).await?;
    let replays = pipeline.replays(written)?;
    ensure!(replays.is_empty(), "{replays:?}");
    Ok(())
}

#[tokio::test]
async fn a_worker_that_is_stopped_under_load_repeats_nothing() -> Result<()> {
    sluice_kit::require!(java::missing());
    let kafka = KafkaServer::shared().await?;
    let pipeline = Pipeline::new("stopped")?;
    pipeline.append(0..200_000)?;
    let mut worker = ConnectWorker::sluice(&pipeline.file(kafka)).await?;
    pipeline.create(&worker).await?;
    for stop in 1..=3 {
        pipeline.comes_out(stop * 40_000).await?;
        let status = worker.terminate().await?;
        ensure!(status.success(), "it ended with {status}: {}", worker.output()?);
        worker.start_again().await?;
    }
    pipeline.ends_with(199_999).await?;
    let replays = pipeline.replays(200_000)?;
    ensure!(replays.is_empty(), "{replays:?}");
    Ok(())
}

async fn roll(workers: &mut [ConnectWorker; 2], pipeline: &Pipeline) -> Result<()> {
    for index in [0, 1] {
        pipeline.comes_out(pipeline.came_out() + BACKLOG).await?;
        let began = Instant::now();
        let status = workers[index].terminate().await?;
        ensure!(status.success(), "it ended with {status}: {}", workers[index].output()?);
        ensure!(began.elapsed() < Duration::from_secs(10), "it took {:?}", began.elapsed());
        workers[index].start_again().await?;
        spread(workers).await.with_context(|| format!("after the restart of worker {index}"))?;
    }
    pipeline.comes_out(pipeline.came_out() + BACKLOG).await
}

async fn spread(workers: &[ConnectWorker; 2]) -> Result<()> {
    let [first, second] = workers;
    spread_over(first, &[first.id(), second.id()], 2, PATIENCE).await.map(drop)
}
