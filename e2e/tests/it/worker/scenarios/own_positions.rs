//! Positions of an exactly-once source in a topic of its own, changed over REST by workers of both kinds: each goes by what
//! the other has written, and by nothing that a transaction has left undone.

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use sluice_kit::connect::ConnectWorker;
use sluice_kit::kafka::KafkaServer;
use sluice_kit::{java, wait};

use super::super::pipeline::PATIENCE;
use super::exactly_once::{file, source};
use super::seqnos::{self, Fate};

const NAME: &str = "own-positions";

#[tokio::test]
async fn positions_in_a_topic_of_their_own_are_those_of_java() -> Result<()> {
    sluice_kit::require!(java::missing());
    let kafka = KafkaServer::shared().await?;
    let file = file(kafka, NAME);
    let mut ours = ConnectWorker::sluice(&file).await?;
    let mut config = source(NAME, 1, "poll");
    config["offsets.storage.topic"] = "positions-of-its-own".into();
    put(&ours, "config", Some(&config)).await?;
    runs_behind(&ours, 0).await?;
    stopped(&ours).await?;
    let positions = offsets(&ours).await?;
    ensure!(positions.as_array().is_some_and(|it| it.len() == 1), "{positions}");
    let moved = alter(&ours, &positions, 1_000_000).await?;
    ours.terminate().await?;

    let jars = java::test_connectors().await?;
    let mut java = ConnectWorker::java_with(&file, &jars).await?;
    holds(&java, &moved).await?;
    let moved = alter(&java, &moved, 2_000_000).await?;
    java.terminate().await?;

    ours.start_again().await?;
    holds(&ours, &moved).await?;
    put(&ours, "resume", None).await?;
    runs_behind(&ours, 2_000_001).await?;
    stopped(&ours).await?;
    let path = format!("/connectors/{NAME}/offsets");
    ours.ask("DELETE", &path, None).await?;
    holds(&ours, &json!([])).await?;
    ours.terminate().await?;

    java.start_again().await?;
    holds(&java, &json!([])).await?;
    java.terminate().await.map(drop)
}

/// Sends a request about the connector; again while the group is joined.
async fn put(worker: &ConnectWorker, what: &str, body: Option<&Value>) -> Result<()> {
    let path = format!("/connectors/{NAME}/{what}");
    wait::until_ok(PATIENCE, what, async || worker.ask("PUT", &path, body).await.map(drop)).await
}

/// Waits until the source has committed a number from this one on, and none before it since it was last started.
async fn runs_behind(worker: &ConnectWorker, first: i64) -> Result<()> {
    let numbers = || -> Result<Vec<i64>> {
        let all = seqnos::numbers(&worker.output()?, NAME, Fate::Committed);
        Ok(all.get(&0).into_iter().flat_map(|it| it.keys().copied()).collect())
    };
    wait::until_ok(PATIENCE, "the source to write", async || {
        let all = numbers()?;
        ensure!(all.iter().any(|it| *it >= first), "{:?}", all.last());
        Ok(())
    })
    .await?;
    let next = numbers()?.into_iter().find(|it| *it >= first).context("a number")?;
    ensure!(next == first, "it went on with {next} instead of {first}");
    Ok(())
}

async fn stopped(worker: &ConnectWorker) -> Result<()> {
    put(worker, "stop", None).await?;
    let path = format!("/connectors/{NAME}/status");
    wait::until_ok(PATIENCE, "it to be stopped", async || {
        let status = worker.ask("GET", &path, None).await?;
        let has_tasks = status["tasks"].as_array().is_none_or(|it| !it.is_empty());
        ensure!(status["connector"]["state"] == "STOPPED" && !has_tasks, "{status}");
        Ok(())
    })
    .await
}

async fn offsets(worker: &ConnectWorker) -> Result<Value> {
    let answer = worker.ask("GET", &format!("/connectors/{NAME}/offsets"), None).await?;
    Ok(answer["offsets"].clone())
}

/// Waits until a worker that was just started tells these positions.
async fn holds(worker: &ConnectWorker, expected: &Value) -> Result<()> {
    wait::until_ok(PATIENCE, "the positions", async || {
        let found = offsets(worker).await?;
        ensure!(found == *expected, "{found} instead of {expected}");
        Ok(())
    })
    .await
}

/// Moves the source; the positions since.
async fn alter(worker: &ConnectWorker, positions: &Value, seqno: i64) -> Result<Value> {
    let mut moved = positions.clone();
    moved[0]["offset"]["seqno"] = seqno.into();
    let (path, body) = (format!("/connectors/{NAME}/offsets"), json!({"offsets": moved}));
    wait::until_ok(PATIENCE, "the positions to change", async || {
        worker.ask("PATCH", &path, Some(&body)).await.map(drop)
    })
    .await?;
    holds(worker, &moved).await?;
    Ok(moved)
}
