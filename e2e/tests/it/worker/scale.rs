//! Workers that come and go under load: tasks move, and none runs twice, or lines would be repeated.

use anyhow::{Context, Result, ensure};
use sluice_kit::connect::{ConnectWorker, WorkerFile};
use sluice_kit::java;
use sluice_kit::kafka::KafkaServer;

use super::load::{BACKLOG, keep_busy};
use super::pipeline::{PATIENCE, Pipeline};
use super::placement::spread_over;

#[tokio::test]
async fn sessioned_workers_come_and_go() -> Result<()> {
    sluice_kit::require!(java::missing());
    come_and_go("sessioned", "sessioned-two").await
}

#[tokio::test]
async fn eager_workers_come_and_go() -> Result<()> {
    sluice_kit::require!(java::missing());
    come_and_go("eager", "eager-two").await
}

/// From one worker to three and back to one, by a group protocol. Whoever leaves says so, and is not waited for: the
/// delay of rebalances is the default, five minutes.
async fn come_and_go(protocol: &'static str, other: &'static str) -> Result<()> {
    let kafka = KafkaServer::shared().await?;
    let first = Pipeline::new(protocol)?;
    let second = first.beside(other)?;
    let file = first.file(kafka).with("connect.protocol", protocol);
    let (mut in_first, mut in_second) = (0, 0);
    let workers = tokio::select! {
        workers = walk(&file, [&first, &second]) => workers?,
        stuck = keep_busy(&first, &mut in_first) => return stuck,
        stuck = keep_busy(&second, &mut in_second) => return stuck,
    };
    for (pipeline, written) in [(&first, in_first), (&second, in_second)] {
        pipeline.ends_with(written - 1).await?;
        let replays = pipeline.replays(written)?;
        ensure!(replays.is_empty(), "{replays:?}");
    }
    drop(workers);
    Ok(())
}

/// The workers that are left.
async fn walk(file: &WorkerFile, pipelines: [&Pipeline; 2]) -> Result<Vec<ConnectWorker>> {
    let mut workers = vec![ConnectWorker::sluice(file).await?];
    for pipeline in pipelines {
        pipeline.create(&workers[0]).await?;
    }
    settle(&workers, pipelines).await.context("with one worker")?;
    for count in [2, 3] {
        workers.push(ConnectWorker::sluice(file).await?);
        settle(&workers, pipelines).await.with_context(|| format!("with {count} workers"))?;
    }
    // A follower first, and then the oldest, which leads.
    for index in [1, 0] {
        workers.remove(index).stop().await?;
        settle(&workers, pipelines).await.with_context(|| format!("without number {index}"))?;
    }
    Ok(workers)
}

/// Waits until every worker has work and lines flow.
async fn settle(workers: &[ConnectWorker], pipelines: [&Pipeline; 2]) -> Result<()> {
    let asked = workers.last().context("no worker")?;
    let ids: Vec<&str> = workers.iter().map(ConnectWorker::id).collect();
    spread_over(asked, &ids, 4, PATIENCE).await?;
    for pipeline in pipelines {
        pipeline.comes_out(pipeline.came_out() + BACKLOG).await?;
    }
    Ok(())
}
