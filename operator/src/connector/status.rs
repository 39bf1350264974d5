//! What a connector is like: from the workers' report to conditions. Pure.

use std::collections::BTreeMap;

use k8s_openapi::jiff::Timestamp;
use kube::ResourceExt;
use sluice_crds::{
    CLUSTER_LABEL, ConnectorReport, InstanceReport, KafkaConnector, KafkaConnectorStatus,
    TargetState, TaskReport, condition,
};
use sluice_rest_model::{ConnectorStateInfo, State, TaskState};

use super::redact::redacted;
use super::{Converged, Error};
use crate::conditions::{self, Fact, with_progress};
use crate::names;
use crate::reason::Reason;

/// Longest line of a trace that is shown.
const LONGEST_LINE: usize = 500;

/// Everything that a reconcile found out.
#[derive(Debug)]
pub struct Report {
    facts: Vec<Fact>,
    workers: Workers,
}

/// What the workers say about the connector.
#[derive(Debug)]
enum Workers {
    /// They could not be asked.
    Unknown,
    /// They know nothing of it, or this.
    Told(Option<ConnectorReport>),
}

/// Judges an outcome.
pub fn report(connector: &KafkaConnector, outcome: Result<&Converged, &Error>) -> Report {
    match outcome {
        Ok(converged) => observed(connector, converged),
        Err(error) => {
            let config = crate::scalars::to_text(&connector.spec.config).unwrap_or_default();
            let message = redacted(&error.to_string(), &config);
            let ready = Fact::no(condition::READY, error.reason(), message);
            Report { facts: with_progress(ready, vec![]), workers: Workers::Unknown }
        }
    }
}

fn observed(connector: &KafkaConnector, converged: &Converged) -> Report {
    let current = converged.current.as_ref();
    let status = current.and_then(|current| current.status.as_ref());
    let nothing = BTreeMap::new();
    let config = current.map_or(&nothing, |current| &current.config);
    let mut facts = judge(connector.spec.state.unwrap_or_default(), status, config);
    if converged.changed && facts[0].holds {
        let others = facts.split_off(1);
        let message = "a change was sent; the workers have yet to take it up";
        facts = with_progress(Fact::no(condition::READY, Reason::Starting, message), others);
    }
    Report { facts, workers: Workers::Told(status.map(|status| told(status, config))) }
}

impl Report {
    /// Whether things move by themselves, so that another look is worth it soon.
    pub fn on_its_way(&self) -> bool {
        self.facts.iter().any(|fact| fact.kind == condition::RECONCILING)
    }

    /// The status to write. What this reconcile could not find out stays as it was.
    pub fn into_status(self, connector: &KafkaConnector, now: Timestamp) -> KafkaConnectorStatus {
        let mut status = connector.status.clone().unwrap_or_default();
        let generation = connector.metadata.generation;
        status.conditions = conditions::merge(&status.conditions, self.facts, generation, now);
        status.observed_generation = generation;
        status.selector =
            connector.labels().get(CLUSTER_LABEL).map(|cluster| names::selector_text(cluster));
        if let Workers::Told(workers) = self.workers {
            status.connector_status = workers;
            status.cluster = connector.labels().get(CLUSTER_LABEL).cloned();
        }
        let tasks = status.connector_status.as_ref().map(|report| &report.tasks);
        let running = |tasks: &Vec<TaskReport>| {
            let running = tasks.iter().filter(|task| task.state == "RUNNING").count();
            format!("{running}/{}", tasks.len())
        };
        status.tasks_max = connector.spec.tasks_max.or(tasks.map(|tasks| tasks.len() as i32));
        status.tasks_running = tasks.map(running);
        status
    }
}

/// Conditions of a connector whose workers answer; `Ready` comes first.
pub fn judge(
    target: TargetState,
    status: Option<&ConnectorStateInfo>,
    config: &BTreeMap<String, String>,
) -> Vec<Fact> {
    let Some(status) = status else {
        let message = "no worker has reported the connector yet";
        return with_progress(Fact::no(condition::READY, Reason::Starting, message), vec![]);
    };
    let connector = instance(target, status, config);
    let tasks = tasks(target, &status.tasks, config);
    let problem = [&connector, &tasks].into_iter().find_map(|it| it.as_ref().err());
    let ready = match problem {
        Some((reason, message)) => Fact::no(condition::READY, *reason, message.clone()),
        None => Fact::yes(condition::READY, reached(target), all_well(target, status.tasks.len())),
    };
    let running = target == TargetState::Running;
    let others = [(condition::CONNECTOR_RUNNING, connector), (condition::TASKS_RUNNING, tasks)];
    let others = others.map(|(kind, judgement)| match judgement {
        Ok(()) => {
            let message = all_well(target, status.tasks.len());
            Fact { kind, holds: running, reason: reached(target), message }
        }
        Err((reason, message)) => Fact::no(kind, reason, message),
    });
    with_progress(ready, others.into())
}

type Judgement = Result<(), (Reason, String)>;

fn instance(
    target: TargetState,
    status: &ConnectorStateInfo,
    config: &BTreeMap<String, String>,
) -> Judgement {
    let state = status.connector.state;
    if state == wanted(target) {
        return Ok(());
    }
    match state {
        State::Failed => {
            let line = first_line(status.connector.trace.as_deref(), config);
            Err((Reason::ConnectorFailed, format!("the connector failed: {line}")))
        }
        State::Unassigned => {
            Err((Reason::Unassigned, "no worker has the connector at the moment".to_owned()))
        }
        _ => Err((Reason::Starting, format!("the connector is {state}, not {}", wanted(target)))),
    }
}

fn tasks(target: TargetState, tasks: &[TaskState], config: &BTreeMap<String, String>) -> Judgement {
    let in_state = |state| tasks.iter().filter(move |task| task.state == state);
    if let Some(first) = in_state(State::Failed).next() {
        let failed: Vec<String> = in_state(State::Failed).map(|task| task.id.to_string()).collect();
        let line = first_line(first.trace.as_deref(), config);
        let who = match failed.as_slice() {
            [one] => format!("task {one} of {} failed", tasks.len()),
            many => {
                format!("tasks {} of {} failed; task {}", many.join(", "), tasks.len(), first.id)
            }
        };
        return Err((Reason::TaskFailed, format!("{who}: {line}")));
    }
    if target == TargetState::Stopped {
        let gone = tasks.is_empty();
        return if gone {
            Ok(())
        } else {
            Err((Reason::Starting, "tasks are stopping".to_owned()))
        };
    }
    // A connector that was created paused, or stopped before, gets its tasks only when it runs.
    if tasks.is_empty() && target == TargetState::Running {
        return Err((Reason::NoTasks, "the connector has no tasks".to_owned()));
    }
    if let Some(task) = in_state(State::Unassigned).next() {
        let message = format!("no worker has task {} at the moment", task.id);
        return Err((Reason::Unassigned, message));
    }
    match tasks.iter().find(|task| task.state != wanted(target)) {
        Some(TaskState { id, state, .. }) => {
            Err((Reason::Starting, format!("task {id} is {state}, not {}", wanted(target))))
        }
        None => Ok(()),
    }
}

fn wanted(target: TargetState) -> State {
    match target {
        TargetState::Running => State::Running,
        TargetState::Paused => State::Paused,
        TargetState::Stopped => State::Stopped,
    }
}

fn reached(target: TargetState) -> Reason {
    match target {
        TargetState::Running => Reason::Running,
        TargetState::Paused => Reason::Paused,
        TargetState::Stopped => Reason::Stopped,
    }
}

fn all_well(target: TargetState, tasks: usize) -> String {
    match target {
        TargetState::Running => format!("the connector and its {tasks} task(s) run"),
        TargetState::Paused => "paused, as asked".to_owned(),
        TargetState::Stopped => "stopped, as asked".to_owned(),
    }
}

/// The first line of a trace, bounded and without secrets.
fn first_line(trace: Option<&str>, config: &BTreeMap<String, String>) -> String {
    let line = trace.and_then(|trace| trace.lines().next()).unwrap_or("no trace");
    redacted(line, config).chars().take(LONGEST_LINE).collect()
}

fn told(status: &ConnectorStateInfo, config: &BTreeMap<String, String>) -> ConnectorReport {
    let line = |trace: &Option<String>| {
        let trace = trace.as_deref().filter(|trace| !trace.is_empty());
        trace.map(|trace| first_line(Some(trace), config))
    };
    ConnectorReport {
        name: status.name.clone(),
        kind: status.kind.to_string(),
        connector: InstanceReport {
            state: status.connector.state.to_string(),
            worker_id: status.connector.worker_id.clone(),
            trace: line(&status.connector.trace),
        },
        tasks: status
            .tasks
            .iter()
            .map(|task| TaskReport {
                id: task.id,
                state: task.state.to_string(),
                worker_id: task.worker_id.clone(),
                trace: line(&task.trace),
            })
            .collect(),
    }
}

#[cfg(test)]
mod tests;
