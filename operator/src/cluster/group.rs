//! The group of the workers as its REST API tells it: which connectors and tasks there are, and how they are. Pure; [`poll`] asks.

use std::collections::BTreeMap;
use std::fmt;

use sluice_rest_model::{ConnectorStateInfo, Expanded, State};

mod digest;
pub(crate) mod poll;

/// All that the workers run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Group {
    connectors: BTreeMap<String, ConnectorStateInfo>,
}

/// A connector instance or one of its tasks.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Instance {
    /// Name of the connector.
    pub connector: String,
    /// Number of the task; none for the connector itself.
    pub task: Option<i32>,
}

impl fmt::Display for Instance {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.task {
            Some(task) => write!(formatter, "task {task} of {}", self.connector),
            None => write!(formatter, "connector {}", self.connector),
        }
    }
}

/// How many of all run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Share {
    /// Those that run.
    pub running: usize,
    /// All.
    pub all: usize,
}

impl fmt::Display for Share {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}/{}", self.running, self.all)
    }
}

impl Group {
    /// From the answer to `GET /connectors?expand=status`.
    pub fn new(answer: BTreeMap<String, Expanded>) -> Self {
        let status = |(name, expanded): (String, Expanded)| Some((name, expanded.status?));
        Self { connectors: answer.into_iter().filter_map(status).collect() }
    }

    /// Every connector instance and task with its state and the worker that it is on.
    pub fn instances(&self) -> impl Iterator<Item = (Instance, State, &str)> {
        self.connectors.iter().flat_map(|(name, info)| {
            let instance = move |task| Instance { connector: name.clone(), task };
            let connector = &info.connector;
            let own = (instance(None), connector.state, connector.worker_id.as_str());
            let tasks = info.tasks.iter();
            std::iter::once(own).chain(
                tasks.map(move |it| (instance(Some(it.id)), it.state, it.worker_id.as_str())),
            )
        })
    }

    /// Connectors.
    pub fn connectors(&self) -> Share {
        self.share(|instance| instance.task.is_none())
    }

    /// Tasks of all connectors.
    pub fn tasks(&self) -> Share {
        self.share(|instance| instance.task.is_some())
    }

    fn share(&self, counts: impl Fn(&Instance) -> bool) -> Share {
        let mut share = Share::default();
        for (_, state, _) in self.instances().filter(|(instance, ..)| counts(instance)) {
            share.all += 1;
            share.running += usize::from(state == State::Running);
        }
        share
    }

    /// What has no worker, or is about to be started again: the work of a group that redistributes it.
    pub fn moving(&self) -> impl Iterator<Item = Instance> {
        let moves = |state| matches!(state, State::Unassigned | State::Restarting);
        self.instances().filter(move |(_, state, _)| moves(*state)).map(|(instance, ..)| instance)
    }

    /// The connectors by name.
    pub fn by_name(&self) -> &BTreeMap<String, ConnectorStateInfo> {
        &self.connectors
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use serde_json::{Value, json};

    use super::*;

    /// A group with connectors by name, each with its own state and those of its tasks.
    pub(crate) fn group(connectors: &[(&str, &str, &[&str])]) -> Group {
        let state = |state: &str| json!({"state": state, "worker_id": "w-0.w.n.svc:8083"});
        let connectors = connectors.iter().map(|(name, own, tasks)| {
            let tasks = tasks.iter().enumerate().map(|(id, task)| {
                let mut task = state(task);
                task["id"] = id.into();
                task
            });
            let tasks: Vec<Value> = tasks.collect();
            let status =
                json!({"name": name, "connector": state(own), "tasks": tasks, "type": "source"});
            ((*name).to_owned(), serde_json::from_value(json!({"status": status})).unwrap())
        });
        Group::new(connectors.collect())
    }

    #[test]
    fn what_runs_is_counted() {
        let group = group(&[
            ("a", "RUNNING", &["RUNNING", "FAILED"]),
            ("b", "PAUSED", &["PAUSED"]),
            ("c", "UNASSIGNED", &["RESTARTING"]),
        ]);
        assert_eq!(group.connectors().to_string(), "1/3");
        assert_eq!(group.tasks().to_string(), "1/4");
        let moving: Vec<String> = group.moving().map(|it| it.to_string()).collect();
        assert_eq!(moving, ["connector c", "task 0 of c"]);
    }
}
