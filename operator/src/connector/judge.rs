//! Whether a connector does what was asked of it. Pure.

use std::collections::BTreeMap;

use sluice_crds::{TargetState, condition};
use sluice_rest_model::{ConnectorStateInfo, State, TaskState};

use super::redact::redacted;
use crate::conditions::Fact;
use crate::reason::Reason;

/// Longest line of a trace that is shown.
const LONGEST_LINE: usize = 500;

/// Whether a connector whose workers answer is ready, and its further conditions.
pub fn judge(
    target: TargetState,
    status: Option<&ConnectorStateInfo>,
    config: &BTreeMap<String, String>,
) -> (Fact, Vec<Fact>) {
    let Some(status) = status else {
        let message = "no worker has reported the connector yet";
        return (Fact::no(condition::READY, Reason::Starting, message), vec![]);
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
    (ready, others.into())
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
pub fn first_line(trace: Option<&str>, config: &BTreeMap<String, String>) -> String {
    let line = trace.and_then(|trace| trace.lines().next()).unwrap_or("no trace");
    redacted(line, config).chars().take(LONGEST_LINE).collect()
}
