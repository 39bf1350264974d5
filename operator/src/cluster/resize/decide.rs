//! What is next for a pod that shall have other resources. Pure.

use std::collections::BTreeMap;
use std::time::Duration;

use k8s_openapi::api::core::v1::{Pod, PodCondition, ResourceRequirements};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;
use k8s_openapi::jiff::Timestamp;
use kube::ResourceExt;

use super::quantity::are_equal;
use super::wanted::{RESIZABLE, Resources};
use super::{MANAGER, SUBRESOURCE};

/// The next step for one pod.
#[derive(Clone, Debug, PartialEq)]
pub enum Resize {
    /// Ask the API server for these resources.
    Ask(Resources),
    /// The kubelet is at it, or waits for room.
    Wait(String),
    /// The pod has what it shall have.
    Done,
    /// It cannot be done in place.
    Impossible(String),
}

/// Decides for a pod. What the kubelet has not done by `deadline` after it was asked is not waited for any longer.
pub(super) fn of(pod: &Pod, wanted: &Resources, deadline: Duration, now: Timestamp) -> Resize {
    if wanted.iter().any(|(name, wanted)| takes_away(wanted, spec_of(pod, name))) {
        return Resize::Impossible("resources cannot be taken away in place".to_owned());
    }
    if !has_been_asked(pod, wanted) {
        return Resize::Ask(wanted.clone());
    }
    let name = pod.name_any();
    let is_late = asked_at(pod).is_some_and(|at| now.duration_since(at).unsigned_abs() > deadline);
    let pending = condition(pod, "PodResizePending");
    let told = pending.or_else(|| condition(pod, "PodResizeInProgress"));
    let message = told.and_then(|it| it.message.clone()).unwrap_or_default();
    let why = format!("{name} is being resized: {message}");
    let why = why.trim_end_matches([':', ' ']).to_owned();
    let is_infeasible = pending.is_some_and(|it| it.reason.as_deref() == Some("Infeasible"));
    let is_done = told.is_none() && wanted.iter().all(|(name, it)| has(actual_of(pod, name), it));
    match (is_infeasible, is_done) {
        (true, _) => Resize::Impossible(message),
        (false, true) => Resize::Done,
        (false, false) if is_late => Resize::Impossible(format!("it takes too long: {message}")),
        (false, false) => Resize::Wait(why),
    }
}

/// Whether a pod was asked for other resources than these, and never since for these.
pub(super) fn is_diverted(pod: &Pod, wanted: &Resources) -> bool {
    asked_at(pod).is_some() && !has_been_asked(pod, wanted)
}

fn has_been_asked(pod: &Pod, wanted: &Resources) -> bool {
    wanted.iter().all(|(name, wanted)| has(spec_of(pod, name), wanted))
}

fn spec_of<'a>(pod: &'a Pod, container: &str) -> Option<&'a ResourceRequirements> {
    let mut containers = pod.spec.iter().flat_map(|spec| &spec.containers);
    containers.find(|it| it.name == container)?.resources.as_ref()
}

/// What the kubelet says that a container has.
fn actual_of<'a>(pod: &'a Pod, container: &str) -> Option<&'a ResourceRequirements> {
    let mut containers = pod.status.iter().flat_map(|it| it.container_statuses.iter().flatten());
    containers.find(|it| it.name == container)?.resources.as_ref()
}

fn condition<'a>(pod: &'a Pod, kind: &str) -> Option<&'a PodCondition> {
    let mut conditions = pod.status.as_ref()?.conditions.iter().flatten();
    conditions.find(|it| it.type_ == kind && it.status == "True")
}

/// When this operator last changed the resources of a pod.
fn asked_at(pod: &Pod) -> Option<Timestamp> {
    let mut fields = pod.metadata.managed_fields.iter().flatten();
    let ours = fields.find(|it| {
        it.subresource.as_deref() == Some(SUBRESOURCE) && it.manager.as_deref() == Some(MANAGER)
    });
    Some(ours?.time.as_ref()?.0)
}

type Amounts = BTreeMap<String, Quantity>;

fn kinds(of: Option<&ResourceRequirements>) -> [Option<&Amounts>; 2] {
    [of.and_then(|it| it.limits.as_ref()), of.and_then(|it| it.requests.as_ref())]
}

/// Whether a container has all that is wanted.
fn has(container: Option<&ResourceRequirements>, wanted: &ResourceRequirements) -> bool {
    kinds(container).into_iter().zip(kinds(Some(wanted))).all(|(has, wanted)| {
        wanted.into_iter().flatten().all(|(name, wanted)| {
            let found = has.and_then(|has| has.get(name));
            found.is_some_and(|found| are_equal(&found.0, &wanted.0))
        })
    })
}

/// Whether a container has limits or requests that are not wanted any more.
fn takes_away(wanted: &ResourceRequirements, container: Option<&ResourceRequirements>) -> bool {
    kinds(container).into_iter().zip(kinds(Some(wanted))).any(|(has, wanted)| {
        let is_wanted = |name: &str| wanted.is_some_and(|wanted| wanted.contains_key(name));
        has.into_iter().flatten().any(|(name, _)| RESIZABLE.contains(&&**name) && !is_wanted(name))
    })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    const LATER: &str = "2026-01-01T00:01:00Z";

    fn pod(spec: &Value, actual: &Value, conditions: &Value) -> Pod {
        let fields = json!({
            "manager": MANAGER, "operation": "Update", "subresource": "resize",
            "time": "2026-01-01T00:00:00Z",
        });
        let pod = json!({
            "metadata": {"name": "w-0", "managedFields": [fields]},
            "spec": {"containers": [{"name": "connect", "resources": spec}]},
            "status": {
                "conditions": conditions,
                "containerStatuses": [{
                    "name": "connect", "image": "i", "imageID": "", "ready": true, "restartCount": 0,
                    "resources": actual,
                }],
            },
        });
        serde_json::from_value(pod).unwrap()
    }

    fn next(pod: &Pod, deadline: u64) -> String {
        let wanted = json!({"connect": {"limits": {"memory": "2Gi"}, "requests": {"cpu": "1"}}});
        let wanted = serde_json::from_value(wanted).unwrap();
        match of(pod, &wanted, Duration::from_secs(deadline), LATER.parse().unwrap()) {
            Resize::Ask(_) => "ask".to_owned(),
            Resize::Wait(why) => format!("wait: {why}"),
            Resize::Done => "done".to_owned(),
            Resize::Impossible(why) => format!("impossible: {why}"),
        }
    }

    #[test]
    fn a_pod_is_asked_waited_for_and_given_up_in_turn() {
        let small = json!({"limits": {"memory": "1Gi"}, "requests": {"cpu": "500m"}});
        let large = json!({"limits": {"memory": "2048Mi"}, "requests": {"cpu": "1000m"}});
        let more = json!({"limits": {"memory": "1Gi", "cpu": "2"}, "requests": {"cpu": "1"}});
        let condition = |kind: &str, reason: &str| json!([{"type": kind, "status": "True", "reason": reason, "message": "m"}]);
        let none = json!([]);
        let deferred = condition("PodResizePending", "Deferred");
        let infeasible = condition("PodResizePending", "Infeasible");
        let in_progress = condition("PodResizeInProgress", "");
        for (spec, actual, conditions, deadline, expected) in [
            (&small, &small, &none, 90, "ask"),
            (&large, &small, &none, 90, "wait: w-0 is being resized"),
            (&large, &small, &deferred, 90, "wait: w-0 is being resized: m"),
            (&large, &small, &in_progress, 90, "wait: w-0 is being resized: m"),
            (&large, &large, &in_progress, 90, "wait: w-0 is being resized: m"),
            (&large, &large, &none, 90, "done"),
            (&large, &large, &none, 30, "done"),
            (&large, &small, &infeasible, 90, "impossible: m"),
            (&large, &small, &deferred, 30, "impossible: it takes too long: m"),
            (&more, &more, &none, 90, "impossible: resources cannot be taken away in place"),
        ] {
            assert_eq!(next(&pod(spec, actual, conditions), deadline), expected, "{expected}");
        }
    }
}
