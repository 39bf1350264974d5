//! Manifests, and the rights that follow.

use serde_json::{Value, json};

use super::*;

fn cluster(spec: &Value) -> KafkaConnect {
    let mut object = json!({
        "apiVersion": "sluice.dev/v1alpha1",
        "kind": "KafkaConnect",
        "metadata": {"name": "my-connect", "namespace": "shop"},
        "spec": {
            "bootstrapServers": "a:9092, b:9092",
            "groupId": "g",
            "configStorageTopic": "c",
            "statusStorageTopic": "s",
            "offsetStorageTopic": "o",
        },
    });
    for (key, value) in spec.as_object().into_iter().flatten() {
        object["spec"][key] = value.clone();
    }
    serde_json::from_value(object).unwrap()
}

fn connector(name: &str, config: &Value, topics: &[&str]) -> KafkaConnector {
    serde_json::from_value(json!({
        "apiVersion": "sluice.dev/v1alpha1",
        "kind": "KafkaConnector",
        "metadata": {"name": name, "namespace": "shop", "labels": {"sluice.dev/cluster": "my-connect"}},
        "spec": {"class": "X", "config": config},
        "status": {"topics": topics},
    }))
    .unwrap()
}

/// Rights as `Kind name: Operations`, and what is not known.
fn told(cluster: &KafkaConnect, connectors: &[&KafkaConnector]) -> (Vec<String>, Vec<String>) {
    let found = needs::of(cluster, connectors);
    let line = |it: &needs::Need| {
        let end = if it.is_prefix { "*" } else { "" };
        format!("{:?} {}{end}: {:?}", it.kind, it.name, it.operations)
    };
    (found.needs.iter().map(line).collect(), found.unknown)
}

const OF_WORKERS: [&str; 4] = [
    "Topic c: [Create, Read, Write, DescribeConfigs]",
    "Topic o: [Create, Read, Write, DescribeConfigs]",
    "Topic s: [Create, Read, Write, DescribeConfigs]",
    "Group g: [Read]",
];

#[test]
fn workers_and_connectors_need_what_their_settings_name() {
    let plain = cluster(&json!({}));
    assert_eq!(told(&plain, &[]), (OF_WORKERS.map(str::to_owned).into(), vec![]));
    let letters = json!({"topics": "a, b", "errors.deadletterqueue.topic.name": "dead"});
    for (config, topics, expected, unknown) in [
        (
            letters,
            &[][..],
            &[
                "Topic a: [Read]",
                "Topic b: [Read]",
                "Group connect-x: [Read, Delete]",
                "Topic dead: [Create, Write]",
            ][..],
            None,
        ),
        (
            json!({"topics.regex": "a.*", "consumer.override.group.id": "own"}),
            &["a1"],
            &["Group own: [Read, Delete]"],
            Some("x: grant Read on the topics that a.* means"),
        ),
        (json!({"topic": "lines"}), &["lines"], &["Topic lines: [Create, Write]"], None),
        (
            json!({"kafka.topic": "t", "offsets.storage.topic": "own"}),
            &["u"],
            &[
                "Topic t: [Create, Write]",
                "Topic u: [Create, Write]",
                "Topic own: [Create, Read, Write, DescribeConfigs]",
            ],
            None,
        ),
        (
            json!({"url": "x"}),
            &[],
            &[],
            Some(
                "x: its settings do not say which topics it writes: grant Create and Write on those",
            ),
        ),
        (
            json!({"topics": {"secretKeyRef": {"name": "a", "key": "b"}}}),
            &[],
            &["Group connect-x: [Read, Delete]"],
            Some("what x reads: ${secrets:a:b} is put in by the workers: grant [Read] on it"),
        ),
    ] {
        let one = connector("x", &config, topics);
        let (needs, not_known) = told(&plain, &[&one]);
        assert_eq!(needs[4..], *expected, "{config}");
        assert_eq!(not_known.first().map(String::as_str), unknown, "{config}");
    }
}

#[test]
fn exactly_once_sources_need_transactions_and_a_leader_that_writes_alone() {
    let leader = "TransactionalId connect-cluster-g: [Write, Describe]".to_owned();
    let tasks = "TransactionalId g-x-*: [Write, Describe]".to_owned();
    let one = connector("x", &json!({"topic": "t"}), &[]);
    for (support, has_leader, has_tasks) in
        [("disabled", false, false), ("preparing", true, false), ("enabled", true, true)]
    {
        let cluster = cluster(&json!({"config": {"exactly.once.source.support": support}}));
        let (needs, _) = told(&cluster, &[&one]);
        assert_eq!(needs.contains(&leader), has_leader, "{support}");
        assert_eq!(needs.contains(&tasks), has_tasks, "{support}");
    }
}

#[test]
fn commands_are_words_of_a_shell_and_users_those_of_strimzi() {
    let user = json!({"type": "scram-sha-512", "username": "it's me"});
    let cluster = cluster(&json!({"authentication": user}));
    let principal = principal(&cluster, None).unwrap();
    let needs = needs::of(&cluster, &[]).needs;
    let text = show::commands(&needs[3..], &principal, &cluster.spec.bootstrap_servers);
    let command = r"kafka-acls.sh --bootstrap-server a:9092,b:9092 $ADMIN --add --allow-principal 'User:it'\''s me' --operation Read --group g";
    assert_eq!(text.lines().last(), Some(command));
    let made = show::user(&needs[3..], "User:CN=me", &cluster);
    let expected = json!({
        "apiVersion": "kafka.strimzi.io/v1",
        "kind": "KafkaUser",
        "metadata": {"name": "me", "namespace": "shop"},
        "spec": {
            "authentication": {"type": "scram-sha-512"},
            "authorization": {"type": "simple", "acls": [{
                "resource": {"type": "group", "name": "g", "patternType": "literal"},
                "operations": ["Read"],
            }]},
        },
    });
    assert_eq!(made, expected);
}

#[test]
fn what_is_not_clear_is_asked_for() {
    let one = || cluster(&json!({}));
    assert_eq!(choose(vec![one()], None).unwrap().name_any(), "my-connect");
    let error = |clusters, name| choose(clusters, name).unwrap_err().to_string();
    assert_eq!(error(vec![one()], Some("x")), "there is no KafkaConnect x there");
    assert!(error(vec![one(), one()], None).starts_with("name one of"), "two");
    assert!(principal(&one(), None).is_err());
    assert_eq!(principal(&one(), Some("User:a".to_owned())).unwrap(), "User:a");
}
