//! SIGKILL in the middle: of the worker, of the broker, of one worker of two.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use sluice_kit::connect::{ConnectWorker, WorkerFile};
use sluice_kit::java;
use sluice_kit::kafka::{KafkaOptions, KafkaServer};
use sluice_kit::wait;

use super::pipeline::{PATIENCE, Pipeline};
use super::placement::{placement, spread_over};

#[tokio::test]
async fn a_killed_worker_repeats_only_what_was_not_committed() -> Result<()> {
    sluice_kit::require!(java::missing());
    let kafka = KafkaServer::shared().await?;
    let pipeline = Pipeline::new("killed-worker")?;
    pipeline.append(0..20_000)?;
    let mut worker = ConnectWorker::sluice(&pipeline.file(kafka)).await?;
    pipeline.create(&worker).await?;
    pipeline.commits(kafka, 20_000).await?;
    pipeline.append(20_000..200_000)?;
    pipeline.comes_out(100_000).await?;
    worker.crash()?;
    let committed = pipeline.committed(kafka).await?;
    pipeline.append(200_000..300_000)?;
    worker.start_again().await?;
    pipeline.ends_with(299_999).await?;
    let replays = pipeline.replays(300_000)?;
    ensure!(committed.source >= 20_000 && committed.sink >= 20_000, "{committed:?}");
    // The source reads again what it had not committed; the sink reads again what it had not.
    ensure!(replays.len() <= 2, "{replays:?}");
    for replay in replays {
        let is_committed = replay.to == committed.source || replay.to == committed.sink;
        ensure!(is_committed, "{replay:?}, but {committed:?}");
    }
    Ok(())
}

#[tokio::test]
async fn a_killed_broker_loses_nothing_and_repeats_nothing_committed() -> Result<()> {
    sluice_kit::require!(java::missing());
    let mut kafka = KafkaServer::start(forgetful()).await?;
    let pipeline = Pipeline::new("killed-broker")?;
    pipeline.append(0..50_000)?;
    let mut worker = ConnectWorker::sluice(&pipeline.file(&kafka)).await?;
    pipeline.create(&worker).await?;
    pipeline.commits(&kafka, 50_000).await?;
    pipeline.append(50_000..200_000)?;
    pipeline.comes_out(60_000).await?;
    kafka.kill9()?;
    pipeline.append(200_000..300_000)?;
    kafka.restart().await?;
    pipeline.ends_with(299_999).await?;
    for replay in pipeline.replays(300_000)? {
        ensure!(replay.to >= 50_000, "{replay:?} was committed before");
    }
    placement(&worker, 2).await?;
    // A worker without its broker can be stopped all the same.
    kafka.kill9()?;
    let began = Instant::now();
    let status = worker.terminate().await?;
    ensure!(began.elapsed() < Duration::from_secs(20), "it took {:?}", began.elapsed());
    ensure!(status.success(), "it ended with {status}: {}", worker.output()?);
    Ok(())
}

#[tokio::test]
async fn a_killed_worker_of_two_gets_its_own_tasks_back_at_once() -> Result<()> {
    sluice_kit::require!(java::missing());
    let kafka = KafkaServer::shared().await?;
    let pipeline = Pipeline::new("killed-of-two")?;
    pipeline.append(0..10_000)?;
    let (leader, mut follower) = leader_and_follower(&pipeline.file(kafka)).await?;
    pipeline.create(&leader).await?;
    let both = [leader.id().to_owned(), follower.id().to_owned()];
    let both = [both[0].as_str(), both[1].as_str()];
    let before = spread_over(&leader, &both, 2, PATIENCE).await?;
    pipeline.comes_out(10_000).await?;
    follower.crash()?;
    pipeline.append(10_000..20_000)?;
    let killed = Instant::now();
    follower.start_again().await?;
    pipeline.ends_with(19_999).await?;
    let after = spread_over(&leader, &both, 2, PATIENCE).await?;
    ensure!(killed.elapsed() < Duration::from_secs(45), "it took {:?}", killed.elapsed());
    ensure!(after == before, "{before:?} became {after:?}");
    pipeline.replays(20_000).map(drop)
}

#[tokio::test]
async fn a_killed_leader_is_followed_by_the_other_worker() -> Result<()> {
    sluice_kit::require!(java::missing());
    let kafka = KafkaServer::shared().await?;
    let pipeline = Pipeline::new("killed-leader")?;
    pipeline.append(0..10_000)?;
    let (mut leader, follower) = leader_and_follower(&pipeline.file(kafka)).await?;
    pipeline.create(&leader).await?;
    spread_over(&leader, &[leader.id(), follower.id()], 2, PATIENCE).await?;
    pipeline.comes_out(10_000).await?;
    leader.crash()?;
    pipeline.append(10_000..20_000)?;
    spread_over(&follower, &[follower.id()], 2, PATIENCE).await?;
    pipeline.ends_with(19_999).await?;
    leader.start_again().await?;
    pipeline.append(20_000..30_000)?;
    spread_over(&follower, &[leader.id(), follower.id()], 2, PATIENCE).await?;
    pipeline.ends_with(29_999).await?;
    pipeline.replays(30_000).map(drop)
}

/// Two workers, of which the first has a group to lead before the second comes.
async fn leader_and_follower(file: &WorkerFile) -> Result<(ConnectWorker, ConnectWorker)> {
    let leader = ConnectWorker::sluice(file).await?;
    wait::until(PATIENCE, "the first worker to lead", async || {
        leader.output().is_ok_and(|it| it.contains("joined the group"))
    })
    .await?;
    let follower = ConnectWorker::sluice(file).await?;
    Ok((leader, follower))
}

/// A broker that forgets its dead predecessor soon, so that it comes back soon.
fn forgetful() -> KafkaOptions {
    let session = ("broker.session.timeout.ms".to_owned(), "2000".to_owned());
    KafkaOptions { properties: [session].into(), ..KafkaOptions::default() }
}
