//! The tree for people.

use std::fmt::Write;

use sluice_crds::{DeadLetters, Lag};

use super::tree::{ClusterView, ConnectorView, Health, MemberView, TaskView, Tree};

/// Draws the tree; `all_tasks` also those of connectors that are as they should be.
pub(super) fn draw(tree: &Tree, all_tasks: bool) -> String {
    let mut text = String::new();
    for cluster in &tree.clusters {
        let _ = writeln!(text, "{}", head(cluster));
        explain(&mut text, "│  ", &cluster.health);
        if all_tasks || !cluster.health.is_ready() {
            members(&mut text, &cluster.members);
        }
        branches(&mut text, &cluster.connectors, all_tasks);
    }
    if !tree.connectors_without_cluster.is_empty() {
        text.push_str("connectors whose KafkaConnect is not there\n");
        branches(&mut text, &tree.connectors_without_cluster, all_tasks);
    }
    if text.is_empty() {
        text.push_str("nothing here; name a namespace with -n, or look everywhere with -A\n");
    }
    text
}

fn head(cluster: &ClusterView) -> String {
    let ClusterView { namespace, name, workers, version, .. } = cluster;
    let version = version.as_ref().map(|it| format!("  {it}")).unwrap_or_default();
    format!("{namespace}/{name}  {}  workers {workers}{version}", judgement(&cluster.health))
}

fn members(text: &mut String, members: &[MemberView]) {
    for member in members {
        let ready = if member.ready { "ready" } else { "not ready" };
        let leads = if member.leads { "  leads the group" } else { "" };
        let _ = writeln!(text, "│  worker {}  {ready}{leads}", member.name);
    }
}

fn branches(text: &mut String, connectors: &[ConnectorView], all_tasks: bool) {
    let width = connectors.iter().map(|it| it.name.chars().count()).max().unwrap_or_default();
    for (index, connector) in connectors.iter().enumerate() {
        let is_last = index + 1 == connectors.len();
        let (branch, below) = if is_last { ("└─ ", "   ") } else { ("├─ ", "│  ") };
        let running = connector.tasks.iter().filter(|task| task.state == "RUNNING").count();
        let _ = writeln!(
            text,
            "{branch}{:width$}  {}  {}  tasks {running}/{}{}{}",
            connector.name,
            judgement(&connector.health),
            connector.state,
            connector.tasks.len(),
            connector.lag.as_ref().map(behind).unwrap_or_default(),
            connector.dead_letters.as_ref().map(sorted_out).unwrap_or_default(),
        );
        explain(text, &format!("{below}│  "), &connector.health);
        if let Some(trace) = &connector.trace {
            let _ = writeln!(text, "{below}│  {trace}");
        }
        if all_tasks || !connector.health.is_ready() {
            leaves(text, below, &connector.tasks);
        }
    }
}

fn behind(lag: &Lag) -> String {
    let seconds = lag.seconds.filter(|_| lag.records > 0);
    let seconds = seconds.map(|it| format!(" of {it} s")).unwrap_or_default();
    format!("  lag {}{seconds}", lag.records)
}

/// Nothing of a topic that is empty.
fn sorted_out(letters: &DeadLetters) -> String {
    match letters.records {
        0 => String::new(),
        records => format!("  dead letters {records} in {}", letters.topic),
    }
}

fn leaves(text: &mut String, below: &str, tasks: &[TaskView]) {
    for (index, task) in tasks.iter().enumerate() {
        let is_last = index + 1 == tasks.len();
        let (branch, under) = if is_last { ("└─ ", "   ") } else { ("├─ ", "│  ") };
        let _ = writeln!(text, "{below}{branch}task {}  {}  {}", task.id, task.state, task.worker);
        if let Some(trace) = &task.trace {
            let _ = writeln!(text, "{below}{under}   {trace}");
        }
    }
}

fn judgement(health: &Health) -> String {
    let word = match health.ready.as_str() {
        "True" => "Ready",
        "False" => "NOT READY",
        _ => "UNKNOWN",
    };
    format!("{word} ({})", health.reason)
}

/// What to know about something that is not, or not all, as it should be.
fn explain(text: &mut String, margin: &str, health: &Health) {
    if !health.is_ready() {
        for line in health.message.lines() {
            let _ = writeln!(text, "{margin}{line}");
        }
    }
    for line in health.warning.iter().flat_map(|warning| warning.lines()) {
        let _ = writeln!(text, "{margin}warning: {line}");
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use sluice_crds::{KafkaConnect, KafkaConnector};

    use super::*;

    fn ready(status: &str, reason: &str, message: &str) -> Value {
        json!([{
            "type": "Ready", "status": status, "reason": reason, "message": message,
            "lastTransitionTime": "2026-01-01T00:00:00Z",
        }])
    }

    fn cluster() -> KafkaConnect {
        serde_json::from_value(json!({
            "apiVersion": "sluice.dev/v1alpha1",
            "kind": "KafkaConnect",
            "metadata": {"name": "my-connect", "namespace": "shop"},
            "spec": {
                "replicas": 2, "bootstrapServers": "k:1", "groupId": "a",
                "configStorageTopic": "c", "statusStorageTopic": "s", "offsetStorageTopic": "o",
            },
            "status": {
                "conditions": ready("True", "AllWorkersReady", "all of them"),
                "workers": "2/2", "version": "4.3.1-sluice-0.1.0", "leader": "w-1",
                "members": [{"name": "w-0", "ready": false}, {"name": "w-1", "ready": true}],
            },
        }))
        .unwrap()
    }

    fn connector(name: &str, cluster: &str, status: &Value) -> KafkaConnector {
        serde_json::from_value(json!({
            "apiVersion": "sluice.dev/v1alpha1",
            "kind": "KafkaConnector",
            "metadata": {
                "name": name, "namespace": "shop", "labels": {"sluice.dev/cluster": cluster},
            },
            "spec": {"class": "X"},
            "status": status,
        }))
        .unwrap()
    }

    #[test]
    fn warnings_are_told_of_what_is_ready_too() {
        let mut conditions = ready("True", "Running", "all run");
        let mut warning = ready("True", "TopicNotFound", "there is no topic a")[0].take();
        warning["type"] = json!("Warning");
        conditions.as_array_mut().unwrap().push(warning);
        let sink = connector("a-sink", "my-connect", &json!({"conditions": conditions}));
        let drawn = draw(&Tree::of(vec![cluster()], vec![sink]), false);
        assert!(drawn.contains("\n   │  warning: there is no topic a\n"), "{drawn}");
    }

    fn tree() -> Tree {
        let task = |id: i32, state: &str, trace: Option<&str>| {
            let mut task = json!({"id": id, "state": state, "worker_id": "w-0:8083"});
            if let Some(trace) = trace {
                task["trace"] = json!(trace);
            }
            task
        };
        let report = |name: &str, tasks: &[Value]| {
            let instance = json!({"state": "RUNNING", "worker_id": "w-0:8083"});
            json!({"name": name, "type": "source", "connector": instance, "tasks": tasks})
        };
        let good = json!({
            "conditions": ready("True", "Running", "all run"),
            "connectorStatus": report("orders", &[task(0, "RUNNING", None)]),
        });
        let failed = Some("java.lang.Oops: it broke");
        let bad = json!({
            "lag": {"records": 1200, "seconds": 35, "time": "2026-01-01T00:00:00Z"},
            "deadLetters": {"topic": "dlq", "records": 3, "time": "2026-01-01T00:00:00Z"},
            "conditions": ready("False", "TaskFailed", "task 1 of 2 failed"),
            "connectorStatus": report("a-sink", &[task(0, "RUNNING", None), task(1, "FAILED", failed)]),
        });
        let connectors = vec![
            connector("orders", "my-connect", &good),
            connector("lost", "gone", &json!({})),
            connector("a-sink", "my-connect", &bad),
        ];
        Tree::of(vec![cluster()], connectors)
    }

    #[test]
    fn clusters_have_their_connectors_below_and_these_their_tasks() {
        assert_eq!(
            draw(&tree(), false),
            "shop/my-connect  Ready (AllWorkersReady)  workers 2/2  4.3.1-sluice-0.1.0
├─ a-sink  NOT READY (TaskFailed)  RUNNING  tasks 1/2  lag 1200 of 35 s  dead letters 3 in dlq
│  │  task 1 of 2 failed
│  ├─ task 0  RUNNING  w-0:8083
│  └─ task 1  FAILED  w-0:8083
│        java.lang.Oops: it broke
└─ orders  Ready (Running)  RUNNING  tasks 1/1
connectors whose KafkaConnect is not there
└─ lost  UNKNOWN (NotLookedAt)  UNKNOWN  tasks 0/0
   │  no operator has looked at it yet
"
        );
        let all = draw(&tree(), true);
        assert!(all.contains("   └─ task 0  RUNNING"), "{all}");
        assert!(
            all.contains("│  worker w-0  not ready\n│  worker w-1  ready  leads the group\n"),
            "{all}"
        );
    }

    #[test]
    fn a_name_picks_a_cluster_or_a_connector() {
        let names = |tree: &Tree| -> Vec<String> {
            let under = tree.clusters.iter().flat_map(|it| &it.connectors);
            under.chain(&tree.connectors_without_cluster).map(|it| it.name.clone()).collect()
        };
        assert_eq!(names(&tree().only("my-connect").unwrap()), ["a-sink", "orders"]);
        assert_eq!(names(&tree().only("orders").unwrap()), ["orders"]);
        assert_eq!(names(&tree().only("lost").unwrap()), ["lost"]);
        assert_eq!(tree().only("nobody"), None);
    }

    #[test]
    fn programs_get_the_same_tree() {
        let value = serde_json::to_value(tree()).unwrap();
        let sink = &value["clusters"][0]["connectors"][0];
        assert_eq!((&sink["ready"], &sink["reason"]), (&json!("False"), &json!("TaskFailed")));
        assert_eq!(sink["tasks"][1]["trace"], "java.lang.Oops: it broke");
        assert_eq!(value["connectorsWithoutCluster"][0]["name"], "lost");
    }

    #[test]
    fn nothing_says_where_to_look() {
        assert!(draw(&Tree::default(), false).contains("-A"));
    }
}
