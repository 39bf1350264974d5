//! Which failed parts of a connector are restarted, and when. Pure: what was done before stands in the status, so that
//! an operator that starts goes on where the one before it ended.

use std::time::Duration;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use k8s_openapi::jiff::Timestamp;
use sluice_crds::{AutoRestart, AutoRestartStatus, InstanceRestarts};
use sluice_rest_model::{ConnectorStateInfo, State};

use super::Step;
use crate::connect_api::RestartScope;

const FIRST: i32 = 10;
const LONGEST: i32 = 600;

/// How long workers may still tell of the failure before a restart.
const GRACE: Duration = Duration::from_secs(5);

/// Most parts that are kept account of: a status has a bounded size.
const MOST: usize = 100;

/// What to restart, and what to remember.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Decision {
    /// Restarts to make now, after what is to be remembered has been written.
    pub due: Vec<Step>,
    /// For the status.
    pub state: Option<AutoRestartStatus>,
    /// Whether something failed that is not restarted any more.
    pub is_used_up: bool,
}

/// Pauses and limits of a connector.
struct Rules {
    first: i32,
    longest: i32,
    most: i32,
}

impl Rules {
    fn of(spec: &AutoRestart) -> Self {
        let first = spec.backoff_seconds.unwrap_or(FIRST);
        Self {
            first,
            longest: spec.max_backoff_seconds.unwrap_or(LONGEST).max(first),
            most: spec.max_restarts.unwrap_or(i32::MAX),
        }
    }

    /// The pause before a restart when there have been `count` before it; `noise` is from 0 to 1.
    fn pause(&self, count: i32, noise: f64) -> Duration {
        let doubled = i64::from(self.first) << count.clamp(0, 20);
        let seconds = doubled.min(i64::from(self.longest)) as f64;
        Duration::from_secs_f64((seconds * (1.0 + noise / 4.0)).round())
    }
}

/// Looks at each part of a connector that shall run. `noise`, from 0 to 1, keeps parts that failed together from coming
/// back together.
pub fn decide(
    spec: &AutoRestart,
    known: Option<&AutoRestartStatus>,
    status: &ConnectorStateInfo,
    now: Timestamp,
    mut noise: impl FnMut() -> f64,
) -> Decision {
    let mut decision = Decision::default();
    if !spec.enabled {
        return decision;
    }
    let rules = Rules::of(spec);
    let tasks = status.tasks.iter().map(|task| (Some(task.id), task.state));
    let mut instances = Vec::new();
    for (task, state) in std::iter::once((None, status.connector.state)).chain(tasks) {
        if instances.len() == MOST {
            break;
        }
        let before = known.into_iter().flat_map(|known| &known.instances);
        let before = before.clone().find(|it| it.task == task);
        let before = before.cloned().unwrap_or(InstanceRestarts {
            task,
            count: 0,
            last_restart_timestamp: None,
            next_restart_timestamp: None,
        });
        let after = match state {
            State::Failed => Some(failed(before, &rules, now, noise(), &mut decision)),
            _ => recovering(before, state, &rules, now),
        };
        instances.extend(after);
    }
    if !instances.is_empty() {
        decision.state = Some(summary(&status.name, instances));
    }
    decision
}

fn failed(
    before: InstanceRestarts,
    rules: &Rules,
    now: Timestamp,
    noise: f64,
    decision: &mut Decision,
) -> InstanceRestarts {
    if before.count >= rules.most {
        let last = before.last_restart_timestamp.as_ref();
        decision.is_used_up |= last.is_none_or(|last| last.0 + GRACE <= now);
        return InstanceRestarts { next_restart_timestamp: None, ..before };
    }
    let next = match &before.next_restart_timestamp {
        Some(next) => next.clone(),
        None => whole_seconds(now + rules.pause(before.count, noise)),
    };
    if next.0 > now {
        return InstanceRestarts { next_restart_timestamp: Some(next), ..before };
    }
    decision.due.push(match before.task {
        Some(task) => Step::RestartTask(task),
        None => Step::Restart(RestartScope { include_tasks: false, only_failed: true }),
    });
    InstanceRestarts {
        task: before.task,
        count: before.count.saturating_add(1),
        last_restart_timestamp: Some(whole_seconds(now)),
        next_restart_timestamp: None,
    }
}

/// What runs well for as long as the longest pause starts to count anew.
fn recovering(
    before: InstanceRestarts,
    state: State,
    rules: &Rules,
    now: Timestamp,
) -> Option<InstanceRestarts> {
    let last = before.last_restart_timestamp.as_ref()?;
    let healthy = Duration::from_secs(rules.longest as u64);
    let is_well = state == State::Running && last.0 + healthy <= now;
    (!is_well).then_some(InstanceRestarts { next_restart_timestamp: None, ..before })
}

fn summary(name: &str, instances: Vec<InstanceRestarts>) -> AutoRestartStatus {
    let last = instances.iter().filter_map(|it| it.last_restart_timestamp.clone()).max();
    let next = instances.iter().filter_map(|it| it.next_restart_timestamp.clone()).min();
    AutoRestartStatus {
        count: instances.iter().fold(0, |sum: i32, it| sum.saturating_add(it.count)),
        connector_name: name.to_owned(),
        last_restart_timestamp: last,
        next_restart_timestamp: next,
        instances,
    }
}

/// Finer times would differ from what people read.
fn whole_seconds(time: Timestamp) -> Time {
    Time(Timestamp::from_second(time.as_second()).unwrap_or(time))
}

#[cfg(test)]
mod tests;
