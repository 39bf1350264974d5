//! A worker as its pod shows it.

use std::time::Duration;

use k8s_openapi::api::core::v1::{ContainerStatus, Pod};
use k8s_openapi::jiff::Timestamp;
use kube::ResourceExt;

use super::super::pods;
use super::super::resize::Resize;
use super::ASKED;

/// Label of a pod with the revision of the template that it was made from.
pub const REVISION: &str = "controller-revision-hash";
/// Ends of a container in a row after which it counts as crash-looping.
const CRASHES: i32 = 2;
/// Longest time that a pod of a new revision may take to become ready before a person should look at it.
const DEADLINE: Duration = Duration::from_mins(10);

/// One worker pod.
#[derive(Clone, Debug, PartialEq)]
pub struct Worker {
    /// Name of the pod.
    pub name: String,
    /// Identity of the pod: the next one of that name has another.
    pub uid: String,
    /// Its place in the StatefulSet.
    pub ordinal: i32,
    /// Made from an older template, or asked to be replaced.
    pub outdated: bool,
    /// Asked to be replaced.
    pub asked: bool,
    /// On its way out.
    pub leaving: bool,
    /// Ready, and since when.
    pub ready: Option<Timestamp>,
    /// Why it will not become ready by itself, if that can be told.
    pub failing: Option<String>,
    /// What can be done in place of replacing it.
    pub resize: Option<Resize>,
}

impl Worker {
    /// Reads a pod of a StatefulSet whose newest revision is `revision`; none if it is no pod of one.
    pub fn of(pod: &Pod, revision: &str, now: Timestamp) -> Option<Self> {
        let name = pod.name_any();
        let ordinal = ordinal(&name)?;
        let asked = pod.annotations().get(ASKED).is_some_and(|value| value == "true");
        let ready = ready_since(pod);
        Some(Self {
            ordinal,
            outdated: asked || pod.labels().get(REVISION).is_none_or(|it| it != revision),
            asked,
            leaving: pod.metadata.deletion_timestamp.is_some(),
            failing: if ready.is_none() { failing(pod, now) } else { None },
            ready,
            resize: None,
            uid: pod.uid().unwrap_or_default(),
            name,
        })
    }
}

/// The place of a pod in its StatefulSet, if it is of one.
pub fn ordinal(pod: &str) -> Option<i32> {
    pod.rsplit_once('-')?.1.parse().ok()
}

fn ready_since(pod: &Pod) -> Option<Timestamp> {
    let mut conditions = pod.status.as_ref()?.conditions.iter().flatten();
    let ready = conditions.find(|it| it.type_ == "Ready" && it.status == "True")?;
    Some(ready.last_transition_time.as_ref().map_or(Timestamp::MIN, |it| it.0))
}

/// A container that ends again and again or cannot be started; or a pod that has had its time.
fn failing(pod: &Pod, now: Timestamp) -> Option<String> {
    let status = pod.status.as_ref()?;
    let containers = status.init_container_statuses.iter().flatten();
    let mut containers = containers.chain(status.container_statuses.iter().flatten());
    let late = pod
        .creation_timestamp()
        .is_some_and(|created| now.duration_since(created.0).unsigned_abs() > DEADLINE);
    let fails = containers.any(|it| !it.ready && cannot_run(it)) || late;
    fails.then(|| {
        let why = pods::trouble(std::slice::from_ref(pod));
        why.unwrap_or_else(|| format!("{} does not become ready", pod.name_any()))
    })
}

fn cannot_run(container: &ContainerStatus) -> bool {
    const HOPELESS: [&str; 7] = [
        "CrashLoopBackOff",
        "ErrImagePull",
        "ImagePullBackOff",
        "InvalidImageName",
        "CreateContainerConfigError",
        "CreateContainerError",
        "RunContainerError",
    ];
    let waiting = container.state.as_ref().and_then(|state| state.waiting.as_ref());
    let reason = waiting.and_then(|waiting| waiting.reason.as_deref());
    container.restart_count >= CRASHES || reason.is_some_and(|it| HOPELESS.contains(&it))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn worker(metadata: &Value, status: &Value) -> Worker {
        let mut pod = json!({"metadata": {
            "name": "a-connect-11",
            "uid": "u",
            "labels": {"controller-revision-hash": "new"},
            "creationTimestamp": "2026-01-01T00:00:00Z",
        }, "status": status});
        for (key, value) in metadata.as_object().into_iter().flatten() {
            pod["metadata"][key] = value.clone();
        }
        let now = "2026-01-01T00:05:00Z".parse().unwrap();
        Worker::of(&serde_json::from_value(pod).unwrap(), "new", now).unwrap()
    }

    #[test]
    fn a_pod_tells_its_revision_and_what_was_asked_of_it() {
        let table = [
            (json!({}), [false, false, false]),
            (json!({"labels": {"controller-revision-hash": "old"}}), [true, false, false]),
            (
                json!({"annotations": {"sluice.dev/manual-rolling-update": "true"}}),
                [true, true, false],
            ),
            (
                json!({"annotations": {"sluice.dev/manual-rolling-update": "no"}}),
                [false, false, false],
            ),
            (json!({"deletionTimestamp": "2026-01-01T00:00:00Z"}), [false, false, true]),
        ];
        for (metadata, expected) in table {
            let it = worker(&metadata, &json!({}));
            assert_eq!([it.outdated, it.asked, it.leaving], expected, "{metadata}");
            assert_eq!((it.ordinal, it.ready), (11, None));
        }
    }

    #[test]
    fn a_pod_that_cannot_run_says_so_and_one_that_starts_does_not() {
        let container = |state: Value, restarts: i32| {
            json!({"containerStatuses": [{
                "name": "connect", "image": "i", "imageID": "", "ready": false,
                "restartCount": restarts, "state": state,
            }]})
        };
        let waiting = |reason: &str| json!({"waiting": {"reason": reason}});
        let ready = json!({"conditions": [
            {"type": "Ready", "status": "True", "lastTransitionTime": "2026-01-01T00:01:00Z"},
        ]});
        let table = [
            (json!({}), None),
            (container(waiting("ContainerCreating"), 0), None),
            (container(json!({"running": {}}), 1), None),
            (container(json!({"running": {}}), 2), Some("a-connect-11 does not become ready")),
            (container(waiting("ErrImagePull"), 0), Some("a-connect-11: ErrImagePull")),
            (ready.clone(), None),
        ];
        for (status, expected) in table {
            let failing = worker(&json!({}), &status).failing;
            assert_eq!(failing.as_deref(), expected, "{status}");
        }
        let late = json!({"creationTimestamp": "2025-12-31T23:00:00Z"});
        assert!(worker(&late, &json!({})).failing.is_some());
        assert_eq!(worker(&late, &ready).failing, None);
    }
}
