//! The CEL rules of the CRDs, run without a cluster.

use crate::{KafkaConnect, KafkaConnector};
use serde_json::{Value, json};

fn cluster(change: impl FnOnce(&mut Value)) -> KafkaConnect {
    let mut object = json!({
        "apiVersion": "sluice.dev/v1alpha1",
        "kind": "KafkaConnect",
        "metadata": {"name": "a"},
        "spec": {
            "bootstrapServers": "kafka:9092",
            "groupId": "a",
            "configStorageTopic": "a-configs",
            "statusStorageTopic": "a-status",
            "offsetStorageTopic": "a-offsets",
        }
    });
    change(&mut object["spec"]);
    serde_json::from_value(object).expect("a cluster")
}

fn messages(cluster: &KafkaConnect) -> Vec<String> {
    match cluster.validate_cel() {
        Ok(()) => Vec::new(),
        Err(errors) => errors.iter().map(|error| error.message.clone()).collect(),
    }
}

#[test]
fn sound_clusters_pass() {
    let scram = json!({"type": "scram-sha-512", "username": "u", "passwordSecret": {"secretName": "s", "password": "p"}});
    let client = json!({"type": "tls", "certificateAndKey": {"secretName": "s", "certificate": "c", "key": "k"}});
    let volume = json!({"name": "v", "persistentVolumeClaim": {"claimName": "c"}});
    let sound = vec![
        cluster(|_| {}),
        cluster(|spec| spec["authentication"] = scram),
        cluster(|spec| {
            spec["tls"] = json!({"trustedCertificates": [{"secretName": "s", "pattern": "*.crt"}]});
            spec["authentication"] = client;
        }),
        cluster(|spec| spec["template"] = json!({"pod": {"volumes": [volume]}})),
        cluster(|spec| spec["authentication"] = json!({"type": "custom", "sasl": true})),
        cluster(|spec| {
            spec["authentication"] = json!({"type": "oauth", "accessTokenLocation": "/t"});
        }),
        cluster(|spec| spec["rack"] = json!({"topologyKey": "topology.kubernetes.io/zone"})),
        cluster(|spec| {
            let bearer = json!({"type": "bearer"});
            spec["rest"] =
                json!({"authentication": bearer, "authorization": {"type": "kubernetes"}});
        }),
        cluster(|spec| spec["rest"] = json!({"authorization": {"type": "readOnly"}})),
        cluster(|spec| spec["logging"] = json!({"type": "inline", "loggers": {"root": "INFO"}})),
    ];
    for cluster in sound {
        assert_eq!(messages(&cluster), [""; 0]);
    }
    assert_eq!(cluster(|_| {}).spec.replicas, 1);
}

#[test]
fn contradictions_are_refused_with_the_remedy() {
    type Change = fn(&mut Value);
    let table: [(Change, &str); 13] = [
        (|spec| spec["statusStorageTopic"] = json!("a-configs"), "three different topics"),
        (|spec| spec["authentication"] = json!({"type": "tls"}), "needs certificateAndKey"),
        (
            |spec| spec["authentication"] = json!({"type": "plain", "username": "u"}),
            "need username and passwordSecret",
        ),
        (
            |spec| {
                spec["authentication"] = json!({"type": "tls", "certificateAndKey": {"secretName": "s", "certificate": "c", "key": "k"}});
            },
            "needs spec.tls",
        ),
        (
            |spec| spec["tls"] = json!({"trustedCertificates": [{"secretName": "s"}]}),
            "exactly one of certificate and pattern",
        ),
        (
            |spec| {
                spec["template"] =
                    json!({"pod": {"volumes": [{"name": "v", "emptyDir": {}, "secret": {}}]}});
            },
            "exactly one of secret",
        ),
        (
            |spec| spec["authentication"] = json!({"type": "oauth"}),
            "type oauth needs tokenEndpointUri",
        ),
        (
            |spec| spec["rest"] = json!({"authentication": {"type": "basic"}}),
            "type basic needs users",
        ),
        (
            |spec| spec["rest"] = json!({"authentication": {"type": "bearer"}}),
            "it needs authorization",
        ),
        (
            |spec| spec["rest"] = json!({"authorization": {"type": "kubernetes"}}),
            "needs authentication of type bearer",
        ),
        (|spec| spec["rack"] = json!({"type": "topology-label"}), "needs topologyKey"),
        (|spec| spec["rack"] = json!({"type": "environment-variable"}), "needs envVarName"),
        (|spec| spec["logging"] = json!({"type": "external"}), "needs valueFrom.configMapKeyRef"),
    ];
    for (change, expected) in table {
        let messages = messages(&cluster(change));
        assert!(messages.iter().any(|message| message.contains(expected)), "{messages:?}");
    }
}

#[test]
fn connectors_have_no_rules_that_a_sound_one_breaks() {
    let connector: KafkaConnector = serde_json::from_value(json!({
        "apiVersion": "sluice.dev/v1alpha1",
        "kind": "KafkaConnector",
        "metadata": {"name": "a", "labels": {"sluice.dev/cluster": "a"}},
        "spec": {"class": "FileStreamSource", "tasksMax": 1, "config": {"batch.size": 10, "x": true}, "state": "paused"}
    }))
    .unwrap();
    assert!(connector.validate_cel().is_ok());
}
