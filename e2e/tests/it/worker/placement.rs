//! Where connectors and tasks run.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use sluice_kit::connect::ConnectWorker;
use sluice_kit::wait;

/// Worker ids by connector (`name`) and task (`name-0`).
pub(super) type Placement = BTreeMap<String, String>;

/// Where all run, as `asked` knows; fails unless all are RUNNING and there are so many tasks.
pub(super) async fn placement(asked: &ConnectWorker, tasks: usize) -> Result<Placement> {
    let all = asked.ask("GET", "/connectors?expand=status", None).await?;
    let mut placement = Placement::new();
    let mut seen = 0;
    for (name, connector) in all.as_object().context("a map of connectors")? {
        let status = &connector["status"];
        placement.insert(name.clone(), worker_of(&status["connector"])?);
        for task in status["tasks"].as_array().context("a list of tasks")? {
            placement.insert(format!("{name}-{}", task["id"]), worker_of(task)?);
            seen += 1;
        }
    }
    ensure!(seen == tasks, "{seen} tasks of {tasks}");
    Ok(placement)
}

/// Waits until all run, each of these workers having some; where they run.
pub(super) async fn spread_over(
    asked: &ConnectWorker,
    workers: &[&str],
    tasks: usize,
    patience: Duration,
) -> Result<Placement> {
    let wanted: BTreeSet<&str> = workers.iter().copied().collect();
    wait::until_ok(patience, "all tasks to run where they should", async || {
        let placement = placement(asked, tasks).await?;
        let seen: BTreeSet<&str> = placement.values().map(String::as_str).collect();
        ensure!(seen == wanted, "they run on {seen:?} instead of {wanted:?}");
        Ok(placement)
    })
    .await
    .with_context(|| asked.output().unwrap_or_default())
}

fn worker_of(part: &Value) -> Result<String> {
    ensure!(part["state"] == "RUNNING", "not running: {part}");
    Ok(part["worker_id"].as_str().context("a worker")?.to_owned())
}
