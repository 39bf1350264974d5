//! Step 7: what the cluster is like now. Pure.

use k8s_openapi::api::apps::v1::{StatefulSet, StatefulSetStatus};
use k8s_openapi::jiff::Timestamp;
use kube::ResourceExt;
use sluice_crds::{KafkaConnect, KafkaConnectStatus, RolledBack, condition};

use super::look::Answers;
use super::roll::Step;
use super::rollback::History;
use super::{Converged, Error, pods};
use crate::conditions::{self, Fact, with_progress};
use crate::connect_api;
use crate::names;
use crate::reason::Reason;

mod found;
mod members;

use found::Found;

/// Everything that a reconcile found out.
#[derive(Debug)]
pub struct Report {
    facts: Vec<Fact>,
    found: Option<(Workers, Found)>,
    /// As far as it is known.
    history: Option<History>,
}

#[derive(Clone, Copy, Debug)]
struct Workers {
    desired: i32,
    existing: i32,
    ready: i32,
    rolling: bool,
}

/// Judges an outcome.
pub fn report(cluster: &KafkaConnect, outcome: Result<&Converged, &Error>) -> Report {
    let Converged { applied, seen, step, history } = match outcome {
        Ok(converged) => converged,
        Err(error) => return failure(error),
    };
    let workers = workers(&applied.stateful_set);
    let trouble = pods::trouble(&seen.pods).filter(|_| workers.ready < workers.desired);
    let workers_ready = workers_ready(workers, step, trouble.as_deref());
    let reachable = seen.answers.as_ref().map(reachable);
    let mut others = vec![
        Fact::yes(condition::CONFIG_VALID, Reason::Accepted, "the spec is valid"),
        workers_ready.clone(),
    ];
    others.extend(reachable.clone());
    if !applied.warnings.is_empty() {
        let told = applied.warnings.join("; ");
        others.push(Fact::yes(condition::WARNING, Reason::PartlyIgnored, told));
    }
    let first_problem = [Some(workers_ready.clone()), reachable].into_iter().flatten();
    let ready = first_problem.into_iter().find(|fact| !fact.holds).unwrap_or(workers_ready);
    let ready = if applied.is_halfway && ready.holds {
        let message =
            "all workers are prepared for exactly-once sources to change; another roll follows";
        Fact::no(condition::READY, Reason::RollingOut, message)
    } else {
        ready
    };
    let ready = match &history.rolled_back {
        Some(back) => taken_back(back, &ready),
        None => ready,
    };
    let mut found = Found::of(applied, seen);
    found.url = (workers.desired > 0).then(|| url(cluster));
    Report {
        facts: with_progress(Fact { kind: condition::READY, ..ready }, others),
        found: Some((workers, found)),
        history: Some(history.clone()),
    }
}

/// Whether the workers that there are run as they shall, and answer.
pub fn runs_well(cluster: &KafkaConnect, converged: &Converged) -> bool {
    matches!(converged.seen.answers, Some(Ok(_))) && report(cluster, Ok(converged)).ready()
}

/// However well the workers run, it is not with what was asked for.
fn taken_back(back: &RolledBack, workers: &Fact) -> Fact {
    let message = format!(
        "a change was taken back, as the roll stopped: {}; the workers run as before it: {}",
        back.message, workers.message
    );
    Fact::no(condition::READY, Reason::RolledBack, message)
}

fn failure(error: &Error) -> Report {
    let message = error.to_string();
    let ready = Fact::no(condition::READY, error.reason(), message.clone());
    let others = match error {
        Error::Validate(_) => vec![Fact::no(condition::CONFIG_VALID, error.reason(), message)],
        _ => vec![],
    };
    Report { facts: with_progress(ready, others), found: None, history: None }
}

impl Report {
    /// Whether all is well.
    pub fn ready(&self) -> bool {
        self.facts.first().is_some_and(|fact| fact.holds)
    }

    /// The status to write. What this reconcile could not find out stays as it was.
    pub fn into_status(self, cluster: &KafkaConnect) -> KafkaConnectStatus {
        let mut status = cluster.status.clone().unwrap_or_default();
        let generation = cluster.metadata.generation;
        let judged: Vec<&str> = self.facts.iter().map(|fact| fact.kind).collect();
        let lasting = [condition::WORKERS_READY, condition::GROUP_REACHABLE];
        let kept = status.conditions.iter().filter(|it| {
            self.found.is_none()
                && lasting.contains(&it.type_.as_str())
                && !judged.contains(&it.type_.as_str())
        });
        let kept: Vec<_> = kept.cloned().collect();
        let now = Timestamp::now();
        status.conditions = conditions::merge(&status.conditions, self.facts, generation, now);
        status.conditions.extend(kept);
        status.observed_generation = generation;
        if let Some(history) = self.history {
            status.good_revision = history.good;
            status.rolled_back = history.rolled_back;
        }
        status.selector = Some(names::selector_text(&cluster.name_any()));
        if let Some((workers, found)) = self.found {
            status.replicas = Some(workers.existing);
            status.ready_replicas = Some(workers.ready);
            status.workers = Some(format!("{}/{}", workers.ready, workers.desired));
            found.put(&mut status);
        }
        status
    }
}

fn workers(stateful_set: &StatefulSet) -> Workers {
    let desired = stateful_set.spec.as_ref().and_then(|spec| spec.replicas).unwrap_or(0);
    let none = StatefulSetStatus::default();
    let status = stateful_set.status.as_ref().unwrap_or(&none);
    let seen = status.observed_generation >= stateful_set.metadata.generation;
    let current = status.updated_replicas.unwrap_or(0);
    Workers {
        desired,
        existing: status.replicas,
        // Numbers of a generation before the last one count pods of a revision that is on its way out.
        ready: status.ready_replicas.unwrap_or(0),
        rolling: !seen || current < desired || status.replicas != desired,
    }
}

fn workers_ready(workers: Workers, step: &Step, trouble: Option<&str>) -> Fact {
    let Workers { desired, existing, ready, rolling } = workers;
    let kind = condition::WORKERS_READY;
    let count = format!("{ready} of {desired} workers ready");
    let trouble = trouble.map(|trouble| format!("; {trouble}")).unwrap_or_default();
    match step {
        _ if desired == 0 && existing == 0 => {
            Fact::yes(kind, Reason::Suspended, "no workers, as asked")
        }
        Step::Stuck(why) => {
            let message = format!("{count}; the roll has stopped: {why}");
            Fact::no(kind, Reason::RolloutStuck, message)
        }
        Step::Wait(why) => {
            let message = format!("{count}; pods are being replaced: {why}{trouble}");
            Fact::no(kind, Reason::RollingOut, message)
        }
        Step::Resizing(why) => {
            Fact::no(kind, Reason::RollingOut, format!("{count}; {why}{trouble}"))
        }
        Step::Resize(worker) | Step::Adopt(worker) => {
            let message = format!("{count}; {} is being resized{trouble}", worker.name);
            Fact::no(kind, Reason::RollingOut, message)
        }
        Step::Replace(_) | Step::Done if rolling || *step != Step::Done => {
            Fact::no(kind, Reason::RollingOut, format!("{count}; pods are being replaced{trouble}"))
        }
        _ if ready < desired => Fact::no(kind, Reason::WorkersNotReady, count + &trouble),
        _ => Fact::yes(kind, Reason::AllWorkersReady, count),
    }
}

fn reachable(answers: &Result<Answers, connect_api::Error>) -> Fact {
    let kind = condition::GROUP_REACHABLE;
    match answers {
        Ok(_) => Fact::yes(kind, Reason::Answers, "the REST API of the workers answers"),
        Err(error) => Fact::no(kind, Reason::WorkersUnreachable, error.to_string()),
    }
}

fn url(cluster: &KafkaConnect) -> String {
    let service = names::api_service(&cluster.name_any());
    let namespace = cluster.namespace().unwrap_or_default();
    let rest = cluster.spec.rest.as_ref();
    let scheme = if rest.is_some_and(|rest| rest.tls.is_some()) { "https" } else { "http" };
    format!("{scheme}://{service}.{namespace}.svc:{}", names::REST_PORT)
}

#[cfg(test)]
mod tests;
