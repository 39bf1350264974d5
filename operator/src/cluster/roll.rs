//! Step 6: brings worker pods of an older revision to the newest one: resized in place, or replaced, one at a time. The StatefulSet does so only with pods that are gone
//! (`OnDelete`): it cannot know whether the group has settled, and would wait for ever for a pod that cannot start.
//!
//! [`decide`] says what is next; here it is done. Without the operator pods stay as they are, and come back if they die.

use std::collections::{HashMap, HashSet};
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
use super::resize::{self, Asked, Resize, Revisions};
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

/// What is known of the rolls under way.
#[derive(Debug, Default)]
pub struct Rolls(Mutex<HashMap<Key, Roll>>);

#[derive(Debug, Default)]
struct Roll {
    /// What it found when the group was first looked at.
    baseline: Option<Baseline>,
    /// Identities of pods that the API server would not resize.
    unresizable: HashSet<String>,
}

impl Rolls {
    /// The baseline of a cluster's roll, which begins now unless it has begun.
    fn baseline(&self, key: &Key, group: &Group) -> Baseline {
        let mut rolls = self.0.lock().expect("no holder of the lock panics");
        let roll = rolls.entry(key.clone()).or_default();
        let baseline = roll.baseline.get_or_insert_with(|| Baseline::of(group));
        baseline.follow(group);
        baseline.clone()
    }

    /// Notes that a pod can only be replaced.
    fn refuse(&self, key: &Key, pod: &str) {
        let mut rolls = self.0.lock().expect("no holder of the lock panics");
        rolls.entry(key.clone()).or_default().unresizable.insert(pod.to_owned());
    }

    /// Whether that was noted.
    fn is_refused(&self, key: &Key, pod: &str) -> bool {
        let rolls = self.0.lock().expect("no holder of the lock panics");
        rolls.get(key).is_some_and(|roll| roll.unresizable.contains(pod))
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
    let workers = workers(&key, stateful_set, seen, revision, now, ctx).await?;
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
        Step::Resize(worker) => resize(cluster, worker, ctx).await?,
        Step::Adopt(worker) => adopt(cluster, worker, revision, ctx).await?,
        Step::Wait(_) | Step::Resizing(_) | Step::Stuck(_) => {}
    }
    Ok(step)
}

/// What goes for a group that cannot be asked. Workers that still know the operator by what it no longer shows would
/// refuse it for ever: nothing but replacing them helps.
fn unasked(error: &connect_api::Error) -> Result<Effect, String> {
    if error.is_of_nobody() { Ok(Effect::Settled) } else { Err(error.to_string()) }
}

/// The workers as their pods show them, with what can be done with those of an older revision.
async fn workers(
    key: &Key,
    stateful_set: &StatefulSet,
    seen: &Seen,
    revision: &str,
    now: Timestamp,
    ctx: &Context,
) -> Result<Vec<Worker>, Error> {
    let template = stateful_set.spec.as_ref().map(|spec| spec.template.clone()).unwrap_or_default();
    let found = Revisions::find(&seen.pods, revision, &template, &key.0, &ctx.client).await;
    let revisions = found.map_err(Error::new("read the revisions of the pods"))?;
    let worker = |pod: &Pod| {
        let worker = Worker::of(pod, revision, now)?;
        let is_replaced = worker.asked || worker.leaving || ctx.rolls.is_refused(key, &worker.uid);
        let resize = revisions.resize(pod, ctx.settings.resize, now);
        let outdated = worker.outdated || resize.is_some();
        Some(Worker { outdated, resize: resize.filter(|_| !is_replaced), ..worker })
    };
    Ok(seen.pods.iter().filter_map(worker).collect())
}

/// Asks for other resources of a pod; if it cannot have them, it is replaced when its turn comes.
async fn resize(cluster: &KafkaConnect, worker: &Worker, ctx: &Context) -> Result<(), Error> {
    let Some(Resize::Ask(wanted)) = &worker.resize else { return Ok(()) };
    let key = (cluster.namespace().unwrap_or_default(), cluster.name_any());
    let asked = resize::ask(worker, wanted, &key.0, ctx).await;
    if let Asked::Refused(why) = asked.map_err(Error::new(format!("resize pod {}", worker.name)))? {
        tracing::info!(pod = worker.name, why, "a pod cannot be resized and will be replaced");
        ctx.rolls.refuse(&key, &worker.uid);
    }
    Ok(())
}

/// Lets a pod that has been resized count as one of the newest revision.
async fn adopt(
    cluster: &KafkaConnect,
    worker: &Worker,
    revision: &str,
    ctx: &Context,
) -> Result<(), Error> {
    let namespace = cluster.namespace().unwrap_or_default();
    let adopted = resize::adopt(worker, revision, &namespace, &ctx.client).await;
    adopted.map_err(Error::new(format!("label pod {}", worker.name)))?;
    let note =
        format!("pod {} has the resources of spec.resources, without a restart", worker.name);
    let reports = &ctx.cluster_reports;
    reports.event(cluster, EventType::Normal, "PodResized", "Roll", &note).await;
    Ok(())
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

/// How long a kubelet may take to resize a pod, or wait for room to do so, before the pod is replaced.
pub const RESIZE: Duration = Duration::from_mins(2);

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
