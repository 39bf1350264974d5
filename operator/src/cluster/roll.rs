//! Step 6: replaces worker pods of an older revision, one at a time. The StatefulSet does so only with pods that are gone
//! (`OnDelete`): it cannot know whether the group has settled, and would wait for ever for a pod that cannot start.
//!
//! [`decide`] says what is next; here it is done. Without the operator pods stay as they are, and come back if they die.

use std::collections::HashMap;
use std::sync::Mutex;
use std::time::Duration;

use k8s_openapi::api::apps::v1::StatefulSet;
use k8s_openapi::api::core::v1::Pod;
use k8s_openapi::jiff::Timestamp;
use kube::api::{DeleteParams, Patch, PatchParams, Preconditions};
use kube::core::PartialObjectMeta;
use kube::runtime::events::EventType;
use kube::{Api, Client, ResourceExt};
use serde_json::json;
use sluice_crds::KafkaConnect;

use super::group::Group;
use super::look::{Answers, Seen};
use crate::connect_api;
use crate::context::{Context, Key};

pub mod baseline;
pub mod decide;
pub mod worker;

use baseline::{Baseline, Effect};
pub use decide::Step;
use worker::Worker;

/// Annotation by which somebody asks that all pods of a KafkaConnect, or one pod, be replaced. Removed from the resource once
/// it is known to the pods.
pub const ASKED: &str = "sluice.dev/manual-rolling-update";

/// A pod could not be replaced, or asked to be.
#[derive(Debug, thiserror::Error)]
#[error("cannot {what}: {source}")]
pub struct Error {
    what: String,
    source: Box<kube::Error>,
}

impl Error {
    fn new(what: impl Into<String>) -> impl FnOnce(kube::Error) -> Self {
        let what = what.into();
        |source| Self { what, source: Box::new(source) }
    }
}

/// What the rolls under way found when they began.
#[derive(Debug, Default)]
pub struct Rolls(Mutex<HashMap<Key, Baseline>>);

impl Rolls {
    /// The baseline of a cluster's roll, which begins now unless it has begun.
    fn baseline(&self, key: &Key, group: &Group) -> Baseline {
        let mut rolls = self.0.lock().expect("no holder of the lock panics");
        let baseline = rolls.entry(key.clone()).or_insert_with(|| Baseline::of(group));
        baseline.follow(group);
        baseline.clone()
    }

    /// Forgets a roll that has ended, or whose cluster is gone.
    pub(crate) fn forget(&self, key: &Key) {
        self.0.lock().expect("no holder of the lock panics").remove(key);
    }
}

/// Takes the next step of a roll, if there is one to take.
pub async fn advance(
    cluster: &KafkaConnect,
    stateful_set: &StatefulSet,
    seen: &Seen,
    ctx: &Context,
) -> Result<Step, Error> {
    let key = (cluster.namespace().unwrap_or_default(), cluster.name_any());
    if is_asked(cluster) {
        ask_all(cluster, &seen.pods, &ctx.client).await?;
        return Ok(Step::Wait("all pods will be replaced, as asked".to_owned()));
    }
    let Some(revision) = revision(stateful_set) else {
        return Ok(Step::Wait("the StatefulSet has yet to be looked at".to_owned()));
    };
    let now = Timestamp::now();
    let workers = seen.pods.iter().filter_map(|pod| Worker::of(pod, revision, now));
    let workers: Vec<_> = workers.collect();
    let replicas = stateful_set.spec.as_ref().and_then(|spec| spec.replicas).unwrap_or(0);
    let settled = || match &seen.answers {
        Some(Ok(Answers { group, .. })) => {
            let is_new = |id: &str| workers.iter().any(|it| !it.outdated && is_of(id, &it.name));
            Ok(ctx.rolls.baseline(&key, group).effect(group, is_new))
        }
        Some(Err(error)) => unasked(error),
        None => Err("no worker is ready".to_owned()),
    };
    let step = decide::step(replicas, &workers, ctx.settings.calm, now, settled);
    match &step {
        Step::Done => ctx.rolls.forget(&key),
        Step::Replace(worker) => replace(cluster, worker, ctx).await?,
        Step::Wait(_) | Step::Stuck(_) => {}
    }
    Ok(step)
}

/// What goes for a group that cannot be asked. Workers that still know the operator by what it no longer shows would
/// refuse it for ever: nothing but replacing them helps.
fn unasked(error: &connect_api::Error) -> Result<Effect, String> {
    if error.is_of_nobody() { Ok(Effect::Settled) } else { Err(error.to_string()) }
}

/// Whether somebody asks for new pods.
pub fn is_asked(cluster: &KafkaConnect) -> bool {
    cluster.annotations().get(ASKED).is_some_and(|value| value == "true")
}

/// The newest revision, once the StatefulSet's controller has seen the template.
fn revision(stateful_set: &StatefulSet) -> Option<&str> {
    let status = stateful_set.status.as_ref()?;
    let seen = status.observed_generation >= stateful_set.metadata.generation;
    status.update_revision.as_deref().filter(|_| seen)
}

/// Whether a worker's id, `host:port`, is that of a pod.
fn is_of(id: &str, pod: &str) -> bool {
    id.split(['.', ':']).next() == Some(pod)
}

async fn replace(cluster: &KafkaConnect, worker: &Worker, ctx: &Context) -> Result<(), Error> {
    let namespace = cluster.namespace().unwrap_or_default();
    let pods: Api<PartialObjectMeta<Pod>> = Api::namespaced(ctx.client.clone(), &namespace);
    // Not the next pod of that name, should this one be gone by now.
    let this = Preconditions { uid: Some(worker.uid.clone()), ..Preconditions::default() };
    let parameters = DeleteParams { preconditions: Some(this), ..DeleteParams::default() };
    match pods.delete(&worker.name, &parameters).await {
        Err(kube::Error::Api(status)) if matches!(status.code, 404 | 409) => return Ok(()),
        outcome => outcome.map_err(Error::new(format!("delete pod {}", worker.name)))?,
    };
    let why = match (worker.ready, worker.asked) {
        (None, _) => "it is not ready, and of an older revision",
        (_, true) => "as asked",
        _ => "it is of an older revision",
    };
    let note = format!("pod {} is replaced: {why}", worker.name);
    let reports = &ctx.cluster_reports;
    reports.event(cluster, EventType::Normal, "PodReplaced", "Roll", &note).await;
    Ok(())
}

/// Hands the request on to the pods that there are, and takes it from the resource: new pods are not meant.
async fn ask_all(cluster: &KafkaConnect, pods: &[Pod], client: &Client) -> Result<(), Error> {
    let namespace = cluster.namespace().unwrap_or_default();
    let api: Api<PartialObjectMeta<Pod>> = Api::namespaced(client.clone(), &namespace);
    let mark = |value: Option<&str>| json!({"metadata": {"annotations": {ASKED: value}}});
    let parameters = PatchParams::default();
    for pod in pods {
        let name = pod.name_any();
        match api.patch(&name, &parameters, &Patch::Merge(mark(Some("true")))).await {
            Err(kube::Error::Api(status)) if status.code == 404 => {}
            outcome => {
                outcome.map_err(Error::new(format!("annotate pod {name}")))?;
            }
        }
    }
    let api: Api<PartialObjectMeta<KafkaConnect>> = Api::namespaced(client.clone(), &namespace);
    let patch = Patch::Merge(mark(None));
    let removed = api.patch(&cluster.name_any(), &parameters, &patch).await;
    removed.map(drop).map_err(Error::new(format!("remove the annotation {ASKED}")))
}

/// How long all pods have to be ready before the next one is replaced: a rebalance starts with a worker that joins.
pub const CALM: Duration = Duration::from_secs(3);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn workers_that_know_the_operator_no_more_keep_no_roll_waiting() {
        let refused =
            |status| unasked(&connect_api::Error::Refused { status, message: "no".to_owned() });
        assert_eq!(refused(401), Ok(Effect::Settled));
        assert_eq!(refused(500), Err("no".to_owned()));
    }
}
