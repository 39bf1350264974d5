//! A cluster whose connectors are resources: everybody reads, and changes are the operator's alone, whichever worker is
//! asked for them.

use std::path::Path;

use anyhow::{Context, Result, ensure};
use sluice_kit::connect::{ConnectWorker, HttpAnswer, HttpRequest, WorkerFile};
use sluice_kit::java;
use sluice_kit::kafka::KafkaServer;
use sluice_kit::wait;

use super::PATIENCE;

/// Tokens with their digests.
const HUSH: (&str, &str) =
    ("hush", "dc8331bcb2283e89d275a1c2fe66f7bf5ac3163ec1967f149dd7e27906365f0c");
const SHH: (&str, &str) =
    ("shh", "121b69a8d20269cfa850f78931eff3b1fcf3cca1982a22d7fdb111734c65e5e3");

/// Files are put in place whole, as Kubernetes does it.
fn put(folder: &Path, digest: &str) -> Result<()> {
    std::fs::write(folder.join("next"), digest)?;
    std::fs::rename(folder.join("next"), folder.join("operator"))?;
    Ok(())
}

async fn change(worker: &ConnectWorker, token: Option<&str>) -> Result<HttpAnswer> {
    let mut headers = vec![("Content-Type".to_owned(), "application/json".to_owned())];
    headers.extend(token.map(|it| ("Authorization".to_owned(), format!("Bearer {it}"))));
    let class = "org.apache.kafka.connect.tools.MockSourceConnector";
    let request = HttpRequest {
        method: "PUT".to_owned(),
        path: "/connectors/orders/config".to_owned(),
        headers,
        body: format!(r#"{{"connector.class": "{class}", "tasks.max": "1"}}"#),
    };
    worker.send(&request).await
}

/// Waits until a worker makes a change for who has a token.
async fn changed(worker: &ConnectWorker, token: &str) -> Result<()> {
    wait::until_ok(PATIENCE, "a change to be made", async || {
        let answer = change(worker, Some(token)).await?;
        ensure!(matches!(answer.status, 200 | 201), "{answer:?}");
        Ok(())
    })
    .await
}

#[tokio::test]
async fn workers_of_a_read_only_cluster_take_changes_of_the_operator_alone() -> Result<()> {
    sluice_kit::require!(java::missing());
    let kafka = KafkaServer::shared().await?;
    let folder = tempfile::tempdir()?;
    put(folder.path(), HUSH.1)?;
    let file = WorkerFile::new(&kafka.bootstrap(), "read-only")
        .with("sluice.rest.authorization", "readOnly")
        .with("sluice.rest.authorization.path", folder.path().to_str().context("a path")?)
        .with("sluice.rest.authorization.cluster", "shop/my-connect")
        .with("heartbeat.interval.ms", "500");
    // One of them leads, and the other one has to ask it.
    let workers = [ConnectWorker::sluice(&file).await?, ConnectWorker::sluice(&file).await?];
    for worker in &workers {
        changed(worker, HUSH.0).await?;
        worker.ask("GET", "/connectors/orders", None).await?;
        for token in [None, Some("Hush"), Some(HUSH.1)] {
            let answer = change(worker, token).await?;
            ensure!(answer.status == 403, "{token:?}: {answer:?}");
            let told = answer.json()?;
            let expected = "The REST API of KafkaConnect shop/my-connect is read-only, as resources in Kubernetes say what runs: change spec.config of its KafkaConnector instead";
            ensure!(told["message"] == expected, "{told}");
        }
    }
    put(folder.path(), SHH.1)?;
    for worker in &workers {
        changed(worker, SHH.0).await?;
    }
    for worker in &workers {
        ensure!(change(worker, Some(HUSH.0)).await?.status == 403, "the token of before");
        ensure!(!worker.output()?.contains("Bearer"), "tokens are not logged");
    }
    Ok(())
}
