//! What is to run, and where the statuses say that it runs.

use std::collections::BTreeMap;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

/// A connector's task.
pub(super) type Task = (String, i64);

/// How a connector is to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    Running,
    Paused,
    Stopped,
}

impl State {
    const fn name(self) -> &'static str {
        match self {
            Self::Running => "RUNNING",
            Self::Paused => "PAUSED",
            Self::Stopped => "STOPPED",
        }
    }
}

/// All connectors that are to be there, with the number of their tasks.
#[derive(Debug, Default)]
pub(super) struct Wanted(BTreeMap<String, (State, usize)>);

impl Wanted {
    pub(super) fn set(&mut self, connector: &str, state: State, tasks: usize) {
        self.0.insert(connector.to_owned(), (state, tasks));
    }

    pub(super) fn remove(&mut self, connector: &str) {
        self.0.remove(connector);
    }
}

/// Who has what, by the ids of workers.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Placement {
    connectors: BTreeMap<String, String>,
    tasks: BTreeMap<Task, String>,
    running: BTreeMap<Task, String>,
}

impl Placement {
    /// Reads statuses, which must be those that are wanted.
    pub(super) fn read(all: &Value, wanted: &Wanted) -> Result<Self> {
        let all = all.as_object().context("a map of connectors")?;
        ensure!(all.keys().eq(wanted.0.keys()), "there are {:?}", all.keys());
        let mut placement = Self::default();
        for ((name, told), (state, count)) in all.iter().zip(wanted.0.values()) {
            let status = &told["status"];
            let tasks = status["tasks"].as_array().context("a list of tasks")?;
            ensure!(tasks.len() == *count, "not {count} tasks: {status}");
            let worker = |part: &Value| -> Result<String> {
                ensure!(part["state"] == state.name(), "not {}: {status}", state.name());
                Ok(part["worker_id"].as_str().context("a worker")?.to_owned())
            };
            placement.connectors.insert(name.clone(), worker(&status["connector"])?);
            for task in tasks {
                let id = (name.clone(), task["id"].as_i64().context("a task's number")?);
                let worker = worker(task)?;
                if *state == State::Running {
                    placement.running.insert(id.clone(), worker.clone());
                }
                placement.tasks.insert(id, worker);
            }
        }
        Ok(placement)
    }

    /// The tasks that write lines.
    pub(super) const fn running(&self) -> &BTreeMap<Task, String> {
        &self.running
    }

    /// Fails unless no worker has two connectors, or two tasks, more than another.
    pub(super) fn is_even(&self, workers: &[&str]) -> Result<()> {
        is_even("connectors", self.connectors.values(), workers)?;
        is_even("tasks", self.tasks.values(), workers)
    }
}

fn is_even<'a>(
    what: &str,
    owners: impl Iterator<Item = &'a String>,
    workers: &[&str],
) -> Result<()> {
    let mut counts: BTreeMap<&str, usize> = workers.iter().map(|it| (*it, 0)).collect();
    for owner in owners {
        *counts.get_mut(owner.as_str()).with_context(|| format!("{owner} is gone"))? += 1;
    }
    let (most, least) = (counts.values().max(), counts.values().min());
    let spread = most.zip(least).map_or(0, |(most, least)| most - least);
    ensure!(spread <= 1, "{what} are not even: {counts:?}");
    Ok(())
}
