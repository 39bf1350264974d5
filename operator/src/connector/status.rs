//! What a connector is like: from the workers' report to conditions. Pure.

use std::collections::BTreeMap;
use std::time::Duration;

use k8s_openapi::jiff::Timestamp;
use kube::ResourceExt;
use sluice_crds::{
    AutoRestartStatus, ConnectorReport, InstanceReport, KafkaConnector, KafkaConnectorStatus,
    TaskReport, condition,
};
use sluice_rest_model::ConnectorStateInfo;

use super::auto_restart::Decision;
use super::judge::{first_line, judge};
use super::lag;
use super::place::{self, Place};
use super::reading;
use super::redact::redacted;
use super::requests::Warning;
use super::{Converged, Error};
use crate::conditions::{self, Fact, with_progress};
use crate::context::Settings;
use crate::names;
use crate::reason::Reason;
use crate::scalars;

/// How long a resource is new.
const BIRTH: Duration = Duration::from_secs(10);

/// Most topics that a status names.
const MOST_TOPICS: usize = 100;

/// Everything that a reconcile found out.
#[derive(Debug)]
pub struct Report {
    facts: Vec<Fact>,
    workers: Workers,
    auto_restart: Option<AutoRestartStatus>,
    restart_token: Option<String>,
    topics: Option<Vec<String>>,
    revision: Option<String>,
    /// Whether the connector was created just now.
    is_new: bool,
}

/// What the workers say about the connector.
#[derive(Debug)]
enum Workers {
    /// They could not be asked.
    Unknown,
    /// They know nothing of what shall be there, or this.
    Told(Box<Told>),
}

/// What they say, and of what.
#[derive(Debug)]
struct Told {
    place: Place,
    report: Option<ConnectorReport>,
    references: Vec<String>,
    reading: reading::Told,
}

/// Judges an outcome.
pub fn report(connector: &KafkaConnector, outcome: Result<&Converged, &Error>) -> Report {
    match outcome {
        Ok(converged) => observed(connector, converged),
        Err(error) => {
            let config = scalars::readable(&connector.spec.config);
            let message = redacted(&error.to_string(), &config);
            let ready = Fact::no(condition::READY, error.reason(), message);
            let known = connector.status.as_ref();
            Report {
                facts: with_progress(ready, vec![]),
                workers: Workers::Unknown,
                auto_restart: known.and_then(|status| status.auto_restart.clone()),
                restart_token: None,
                topics: None,
                revision: None,
                is_new: false,
            }
        }
    }
}

fn observed(connector: &KafkaConnector, converged: &Converged) -> Report {
    let current = converged.current.as_ref();
    let status = current.and_then(|current| current.status.as_ref());
    let nothing = BTreeMap::new();
    let config = current.map_or(&nothing, |current| &current.config);
    let (mut ready, mut others) = judge(connector.spec.state.unwrap_or_default(), status, config);
    if converged.changed && ready.holds {
        let message = "a change was sent; the workers have yet to take it up";
        ready = Fact::no(condition::READY, Reason::Starting, message);
    }
    let ready = with_restarts(ready, &converged.restarts);
    others.extend(warning(&converged.warnings));
    let facts = with_progress(ready, others);
    let told = status.map(|status| told(status, config));
    Report {
        facts,
        workers: Workers::Told(Box::new(Told {
            place: converged.place.clone(),
            report: told,
            references: converged.references.clone(),
            reading: converged.reading.clone(),
        })),
        auto_restart: converged.restarts.state.clone(),
        restart_token: converged.restart_token.clone(),
        topics: converged.topics.clone(),
        revision: converged.revision.clone(),
        is_new: converged.is_new,
    }
}

/// A failure that is restarted needs no person.
fn with_restarts(ready: Fact, restarts: &Decision) -> Fact {
    if !matches!(ready.reason, Reason::TaskFailed | Reason::ConnectorFailed) {
        return ready;
    }
    let Some(state) = &restarts.state else { return ready };
    if restarts.is_used_up {
        let message = format!("{}; all restarts are used up", ready.message);
        return Fact { message, ..ready };
    }
    let when = match &state.next_restart_timestamp {
        Some(next) if restarts.due.is_empty() => format!("restart at {}", next.0),
        _ => "it is restarted now".to_owned(),
    };
    Fact::no(condition::READY, Reason::RestartPending, format!("{}; {when}", ready.message))
}

/// All that was not done, as one condition.
fn warning(warnings: &[Warning]) -> Option<Fact> {
    let first = warnings.first()?;
    let messages: Vec<&str> = warnings.iter().map(|it| it.message.as_str()).collect();
    Some(Fact::yes(condition::WARNING, first.reason, messages.join("; ")))
}

impl Report {
    /// Whether things move by themselves, so that another look is worth it soon.
    pub fn on_its_way(&self) -> bool {
        self.facts.iter().any(|fact| fact.kind == condition::RECONCILING)
    }

    fn misses_topics(&self) -> bool {
        self.facts.iter().any(|fact| fact.reason == Reason::TopicNotFound)
    }

    /// Whether there is nothing to say yet: a connector that has just been made is about to start, and says all there is
    /// to say a moment later, in one status instead of two.
    pub fn can_wait(&self, connector: &KafkaConnector, now: Timestamp) -> bool {
        let seen = connector.status.as_ref().and_then(|status| status.observed_generation);
        let born = connector.metadata.creation_timestamp.as_ref().map(|time| time.0);
        // Where ten thousand are made at once, some are not so young any more when their turn comes.
        let is_young = self.is_new || born.is_some_and(|it| (it..it + BIRTH).contains(&now));
        let starts = self.facts.iter().all(|fact| match fact.kind {
            condition::READY => {
                matches!(fact.reason, Reason::Starting | Reason::Unassigned | Reason::NoTasks)
            }
            kind => kind != condition::WARNING,
        });
        seen.is_none_or(|generation| generation < 0) && is_young && starts
    }

    /// When to look again.
    pub fn pause(&self, settings: &Settings, now: Timestamp) -> Duration {
        let ready = self.facts.iter().find(|fact| fact.kind == condition::READY);
        let is_failed = ready.is_some_and(|ready| ready.reason == Reason::RestartPending);
        let next = self.auto_restart.as_ref().and_then(|it| it.next_restart_timestamp.as_ref());
        match next.filter(|_| is_failed) {
            Some(next) => {
                let left = Duration::try_from(next.0.duration_since(now)).unwrap_or_default();
                left.min(settings.poll).max(settings.retry)
            }
            None if self.on_its_way() => settings.retry,
            None if self.misses_topics() => lag::LOOK_FOR_TOPICS.min(settings.poll),
            None => settings.poll,
        }
    }

    /// The status to write. What this reconcile could not find out stays as it was.
    pub fn into_status(self, connector: &KafkaConnector, now: Timestamp) -> KafkaConnectorStatus {
        let mut status = connector.status.clone().unwrap_or_default();
        let generation = connector.metadata.generation;
        status.conditions = conditions::merge(&status.conditions, self.facts, generation, now);
        status.observed_generation = generation;
        let ours =
            place::asked_cluster(connector).filter(|_| connector.spec.connect_rest.is_none());
        status.selector = ours.map(names::selector_text);
        status.auto_restart = self.auto_restart;
        status.revision = self.revision.or(status.revision);
        status.restart_token = self.restart_token.or(status.restart_token);
        if let Workers::Told(told) = self.workers {
            let Told { place, report, references, reading } = *told;
            status.connector_status = report;
            status.references = references;
            status.lag = reading.lag;
            status.dead_letters = reading.dead_letters;
            let home = connector.namespace();
            let is_guest = home.as_ref() != Some(&place.namespace);
            status.cluster_namespace = Some(place.namespace).filter(|_| is_guest);
            status.cluster = Some(place.cluster);
            status.name = Some(place.name);
            status.applied_generation = generation;
        }
        if let Some(mut topics) = self.topics {
            status.topics_total = Some(topics.len() as i32);
            topics.truncate(MOST_TOPICS);
            status.topics = topics;
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
