//! Whole clusters against golden manifests (`UPDATE=1` rewrites them), and the rules they must keep.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};
use sluice_crds::{KafkaConnect, yaml};

use super::super::references::{References, SecretView};
use super::super::validate;
use super::*;

type Change = fn(&mut Value);

fn cluster(change: impl FnOnce(&mut Value)) -> KafkaConnect {
    let mut object = json!({
        "apiVersion": "sluice.dev/v1alpha1",
        "kind": "KafkaConnect",
        "metadata": {"name": "my-connect", "namespace": "shop", "uid": "u-1", "generation": 1},
        "spec": {
            "replicas": 2,
            "bootstrapServers": "kafka:9092",
            "groupId": "my-connect",
            "configStorageTopic": "my-connect-configs",
            "statusStorageTopic": "my-connect-status",
            "offsetStorageTopic": "my-connect-offsets",
        }
    });
    change(&mut object["spec"]);
    serde_json::from_value(object).unwrap()
}

fn secured(spec: &mut Value) {
    spec["tls"] =
        json!({"trustedCertificates": [{"secretName": "kafka-ca", "certificate": "ca.crt"}]});
    spec["authentication"] = json!({
        "type": "scram-sha-512",
        "username": "connect",
        "passwordSecret": {"secretName": "connect-user", "password": "password"},
    });
    spec["resources"] = json!({"requests": {"cpu": "500m"}, "limits": {"memory": "1Gi"}});
    spec["readinessProbe"] = json!({"periodSeconds": 7});
    spec["template"] = json!({
        "pod": {
            "metadata": {"labels": {"team": "shop"}, "annotations": {"note": "x"}},
            "terminationGracePeriodSeconds": 60,
            "tolerations": [{"key": "kafka", "operator": "Exists"}],
            "volumes": [{"name": "data", "persistentVolumeClaim": {"claimName": "data"}}],
        },
        "connectContainer": {
            "env": [{"name": "A", "value": "b"}],
            "volumeMounts": [{"name": "data", "mountPath": "/data"}],
        },
        "podDisruptionBudget": {"maxUnavailable": 2},
        "podTemplate": {"spec": {"hostUsers": false, "containers": [{"name": "side", "image": "side:1"}]}},
    });
}

fn references() -> References {
    let view = |key: &str| SecretView { keys: [key.to_owned()].into(), version: "u/1".into() };
    [("kafka-ca", view("ca.crt")), ("connect-user", view("password"))]
        .map(|(name, view)| (name.to_owned(), view))
        .into()
}

fn built(change: impl FnOnce(&mut Value)) -> Resources {
    let cluster = validate::cluster(&cluster(change), &references(), "sluice/worker:test");
    resources(&cluster.unwrap())
}

fn manifests(resources: &Resources) -> String {
    let objects = [
        json!(resources.service_account),
        json!(resources.config_map),
        json!(resources.headless_service),
        json!(resources.api_service),
        json!(resources.disruption_budget),
        json!(resources.stateful_set),
    ];
    objects.map(|object| yaml::write(&object).unwrap()).join("---\n")
}

fn pod_hash(resources: &Resources) -> String {
    let template = resources.stateful_set.spec.as_ref().unwrap().template.clone();
    template.metadata.unwrap().annotations.unwrap()["sluice.dev/config-hash"].clone()
}

#[test]
fn clusters_become_these_manifests() {
    let table: [(&str, Change); 2] = [("plain", |_| {}), ("secured", secured)];
    for (name, change) in table {
        let text = manifests(&built(change));
        let path = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join(format!("src/cluster/build/tests/{name}.yaml"));
        if std::env::var_os("UPDATE").is_some() {
            fs::write(&path, &text).unwrap();
        }
        let golden = fs::read_to_string(&path).unwrap_or_default();
        assert!(golden == text, "{name}.yaml differs; look at it with UPDATE=1. Now:\n{text}");
    }
}

#[test]
fn pods_roll_when_what_they_read_at_start_changes_and_only_then() {
    let same = pod_hash(&built(|_| {}));
    assert_eq!(pod_hash(&built(|spec| spec["replicas"] = json!(5))), same);
    assert_eq!(pod_hash(&built(|spec| spec["template"] = json!({"pod": {}}))), same);
    assert_ne!(pod_hash(&built(|spec| spec["config"] = json!({"a": 1}))), same);

    let before = pod_hash(&built(secured));
    let mut rotated = references();
    rotated.get_mut("connect-user").unwrap().version = "u/2".into();
    let rotated = validate::cluster(&cluster(secured), &rotated, "sluice/worker:test").unwrap();
    assert_ne!(pod_hash(&resources(&rotated)), before);
}

#[test]
fn labels_of_the_operator_win_over_those_of_the_user() {
    let resources = built(|spec| {
        spec["template"] = json!({
            "pod": {"metadata": {"labels": {"app.kubernetes.io/instance": "other"}}},
        });
    });
    let spec = resources.stateful_set.spec.unwrap();
    let labels = spec.template.metadata.unwrap().labels.unwrap();
    assert_eq!(labels["app.kubernetes.io/instance"], "my-connect");
}

#[test]
fn what_the_api_server_would_refuse_is_refused_with_the_field() {
    let table: [(Change, &str); 4] = [
        (
            |spec| {
                spec["template"] = json!({"pod": {"volumes": [{"name": "tmp", "emptyDir": {}}]}});
            },
            "spec.template.pod.volumes[0].name: tmp is a name that the operator uses; choose another",
        ),
        (
            |spec| {
                spec["template"] = json!({"connectContainer": {"volumeMounts": [{"name": "x", "mountPath": "/x"}]}});
            },
            "spec.template.connectContainer.volumeMounts[0].name: no volume x in spec.template.pod.volumes",
        ),
        (
            |spec| spec["config"] = json!({"group.id": "x"}),
            "spec.config[group.id]: is not taken from here: set spec.groupId",
        ),
        (|spec| spec["replicas"] = json!(-1), "spec.replicas: must not be negative"),
    ];
    for (change, expected) in table {
        let refused = validate::cluster(&cluster(change), &references(), "w").unwrap_err();
        assert_eq!(refused.to_string(), expected);
    }
}
