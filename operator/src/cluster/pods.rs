//! The worker pods, and why some are not ready in their own words.

use k8s_openapi::api::core::v1::{ContainerStatus, Pod};
use kube::api::ListParams;
use kube::{Api, Client, ResourceExt};
use serde_json::Value;

use crate::names;

/// Longest reason that is told.
const LONGEST: usize = 500;

/// Reasons for waiting that pass by themselves.
const PASSING: [&str; 2] = ["ContainerCreating", "PodInitializing"];

/// The worker pods of a cluster, and nothing that only looks like one.
pub async fn list(client: &Client, namespace: &str, cluster: &str) -> Result<Vec<Pod>, Error> {
    let pods: Api<Pod> = Api::namespaced(client.clone(), namespace);
    let ours = ListParams::default().labels(&names::selector_text(cluster));
    let mut found = pods.list(&ours).await.map_err(|error| Error(Box::new(error)))?.items;
    found.retain(|pod| is_worker(pod, cluster));
    Ok(found)
}

/// Whether a pod is one of the cluster's StatefulSet: anybody may give a pod its labels.
pub fn is_worker(pod: &impl ResourceExt, cluster: &str) -> bool {
    let owner = pod.owner_references().iter().find(|it| it.controller == Some(true));
    owner.is_some_and(|it| it.kind == "StatefulSet" && it.name == names::workers(cluster))
}

/// The worker pods could not be listed.
#[derive(Debug, thiserror::Error)]
#[error("cannot list the worker pods: {0}")]
pub struct Error(#[source] Box<kube::Error>);

/// What keeps the first pod that tells a reason from being ready.
pub fn trouble(pods: &[Pod]) -> Option<String> {
    pods.iter().find_map(|pod| {
        let reason = with_remedy(reason(pod)?).chars().take(LONGEST).collect::<String>();
        Some(format!("{}: {reason}", pod.name_any()))
    })
}

/// Kafka says what it does not allow, and not what would be enough.
fn with_remedy(said: String) -> String {
    let rights = [
        ("Not authorized to access topics", "Create, Read, Write and DescribeConfigs on them"),
        ("Not authorized to access group", "Read on it"),
        ("Transactional Id authorization failed", "Write and Describe on its transactional ids"),
    ];
    match rights.into_iter().find(|(words, _)| said.contains(words)) {
        Some((_, right)) => format!(
            "{}; grant the workers' user {right} (`sluice acls` lists all that is needed)",
            said.trim_end_matches('.')
        ),
        None => said,
    }
}

fn reason(pod: &Pod) -> Option<String> {
    let status = pod.status.as_ref()?;
    let conditions = status.conditions.iter().flatten();
    let mut unschedulable = conditions.filter(|it| it.reason.as_deref() == Some("Unschedulable"));
    let unschedulable = unschedulable.find_map(|it| it.message.clone());
    let mut containers = status.container_statuses.iter().flatten().filter(|it| !it.ready);
    unschedulable.or_else(|| containers.find_map(container))
}

/// How the last run ended says more than that the next one waits.
fn container(status: &ContainerStatus) -> Option<String> {
    let ended = [&status.state, &status.last_state].into_iter().flatten();
    let ended = ended.filter_map(|state| state.terminated.as_ref());
    let mut ended = ended.filter(|ended| ended.exit_code != 0);
    if let Some(ended) = ended.next() {
        let said = ended.message.as_deref().and_then(last_words).or(ended.reason.clone());
        let said = said.unwrap_or_else(|| "no message".to_owned());
        return Some(format!("exited with {}: {said}", ended.exit_code));
    }
    let waiting = status.state.as_ref()?.waiting.as_ref()?;
    let reason = waiting.reason.as_deref().filter(|reason| !PASSING.contains(reason))?;
    let message = waiting.message.as_deref().unwrap_or_default();
    Some(format!("{reason}: {message}").trim_end_matches([':', ' ']).to_owned())
}

/// The last line of a log; of a line in JSON what a person would read.
fn last_words(log: &str) -> Option<String> {
    let line = log.lines().rev().find(|line| !line.trim().is_empty())?;
    let Ok(entry) = serde_json::from_str::<Value>(line) else { return Some(line.to_owned()) };
    let field = |name| entry["fields"].get(name).or(entry.get(name)).and_then(Value::as_str);
    let words: Vec<&str> = [field("message"), field("error")].into_iter().flatten().collect();
    Some(if words.is_empty() { line.to_owned() } else { words.join(": ") })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn told(status: &Value) -> Option<String> {
        let pod = json!({"metadata": {"name": "w-0"}, "status": status});
        trouble(&[serde_json::from_value(pod).unwrap()])
    }

    #[test]
    fn pods_tell_why_they_are_not_ready() {
        let container = |state: Value, last: Value| {
            json!({"containerStatuses": [{
                "name": "connect", "image": "i", "imageID": "", "ready": false, "restartCount": 1,
                "state": state, "lastState": last,
            }]})
        };
        let waiting = |reason: &str| json!({"waiting": {"reason": reason, "message": "m"}});
        let log = "{\"level\":\"INFO\"}\n{\"fields\":{\"message\":\"cannot start\",\"error\":\"topic x\"}}\n";
        let failed = |message: &str| json!({"terminated": {"exitCode": 2, "reason": "Error", "message": message}});
        let unschedulable = json!({"conditions": [
            {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": "no node"},
        ]});
        let table = [
            (unschedulable, Some("w-0: no node")),
            (container(waiting("ImagePullBackOff"), json!({})), Some("w-0: ImagePullBackOff: m")),
            (container(waiting("ContainerCreating"), json!({})), None),
            (
                container(waiting("CrashLoopBackOff"), failed(log)),
                Some("w-0: exited with 2: cannot start: topic x"),
            ),
            (container(failed("plain text"), json!({})), Some("w-0: exited with 2: plain text")),
            (container(failed(""), json!({})), Some("w-0: exited with 2: Error")),
            (
                container(failed("Not authorized to access group: g"), json!({})),
                Some(
                    "w-0: exited with 2: Not authorized to access group: g; grant the workers' user Read on it (`sluice acls` \
                     lists all that is needed)",
                ),
            ),
            (json!({}), None),
        ];
        for (status, expected) in table {
            assert_eq!(told(&status).as_deref(), expected, "{status}");
        }
    }
}
