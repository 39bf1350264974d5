//! Lines that pass through the quickstart while something happens to it.

use std::time::Duration;

use anyhow::{Result, ensure};
use serde_json::Value;
use sluice_kit::wait;
use tokio::time::interval;

use super::lines;
use super::stage::{PATIENCE, Stage};

/// Lines that are through before something happens.
pub(super) const HEAD: u64 = 100_000;

/// Lines that come every [`PACE`] while it happens, and after it.
const PORTION: u64 = 2_000;
const PACE: Duration = Duration::from_millis(100);
pub(super) const TAIL: u64 = 50_000;

/// The quickstart with the first lines through.
pub(super) async fn running(namespace: &'static str) -> Result<Stage> {
    let stage = Stage::set(namespace).await?;
    lines::append(&stage.source(), 0..HEAD)?;
    stage.apply_quickstart().await?;
    stage.copied(HEAD).await?;
    Ok(stage)
}

/// Changes the cluster and waits until its pods have been replaced.
pub(super) async fn configure(stage: &Stage, patch: &str) -> Result<()> {
    change(stage, patch).await?;
    rolled_out(stage).await?;
    stage.all_ready().await
}

/// Changes the cluster and waits until the operator has seen it.
pub(super) async fn change(stage: &Stage, patch: &str) -> Result<()> {
    let cluster = "kafkaconnects.sluice.dev/my-connect";
    let change = ["patch", cluster, "--type=merge", "-p", patch, "-o", "json"];
    let changed: Value = serde_json::from_str(&stage.kubectl(&change).await?)?;
    let generation = &changed["metadata"]["generation"];
    let seen = format!("--for=jsonpath={{.status.observedGeneration}}={generation}");
    stage.kubectl(&["wait", &seen, cluster, "--timeout=60s"]).await?;
    Ok(())
}

/// Waits until every pod is of the newest revision and ready.
pub(super) async fn rolled_out(stage: &Stage) -> Result<()> {
    wait::until_ok(PATIENCE, "the pods to be replaced", async || {
        let set = ["get", "statefulset/my-connect-connect", "-o", "json"];
        let set: Value = serde_json::from_str(&stage.kubectl(&set).await?)?;
        let (status, replicas) = (&set["status"], &set["spec"]["replicas"]);
        ensure!(status["observedGeneration"] == set["metadata"]["generation"], "not seen yet");
        ensure!(status["updatedReplicas"] == *replicas, "pods are of an older revision");
        ensure!(status["readyReplicas"] == *replicas, "pods are not ready");
        Ok(())
    })
    .await
}

/// Appends lines at a steady pace as long as something happens, and some more after it. Says how many there are in
/// all once they are all copied.
pub(super) async fn while_lines_come(
    stage: &Stage,
    happens: impl Future<Output = Result<()>>,
) -> Result<u64> {
    let mut happens = std::pin::pin!(happens);
    let mut pace = interval(PACE);
    let mut written = HEAD;
    loop {
        tokio::select! {
            happened = &mut happens => {
                happened?;
                break;
            }
            _ = pace.tick() => {
                lines::append(&stage.source(), written..written + PORTION)?;
                written += PORTION;
            }
        }
    }
    lines::append(&stage.source(), written..written + TAIL)?;
    stage.copied(written + TAIL).await?;
    Ok(written + TAIL)
}
