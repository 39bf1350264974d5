//! All that an operator leaves behind, without what differs from run to run.

use std::collections::BTreeMap;

use anyhow::Result;
use http::Request;
use kube::Client;
use serde_json::{Map, Value, json};

use crate::workers::Workers;

/// Where the objects are.
const KINDS: [&str; 12] = [
    "api/v1 configmaps",
    "api/v1 pods",
    "api/v1 secrets",
    "api/v1 serviceaccounts",
    "api/v1 services",
    "apis/apps/v1 controllerrevisions",
    "apis/apps/v1 statefulsets",
    "apis/networking.k8s.io/v1 networkpolicies",
    "apis/policy/v1 poddisruptionbudgets",
    "apis/sluice.dev/v1alpha1 kafkaconnectoroffsets",
    "apis/sluice.dev/v1alpha1 kafkaconnectors",
    "apis/sluice.dev/v1alpha1 kafkaconnects",
];

/// Fields that are another time's or another namespace's, hashes of them, and what other controllers decide.
const VARYING: [&str; 19] = [
    "uid",
    "resourceVersion",
    "creationTimestamp",
    "time",
    "lastTransitionTime",
    "startTime",
    "completionTime",
    "clusterIP",
    "clusterIPs",
    "controller-revision-hash",
    "sluice.dev/config-hash",
    "sluice.dev/connector-uid",
    "sluice.dev/cluster-uid",
    "caBundle",
    "ca.crt",
    "sluice.dev/rest-credentials-version",
    "root.key",
    "operator",
    "goodRevision",
];

/// In the name of a revision that workers run well with, before a digest of it.
const GOOD: &str = "-good-";

/// The objects of a namespace, and what its workers were told.
pub(super) async fn of(
    client: &Client,
    namespace: &str,
    workers: &Workers,
    address: &str,
) -> Result<Value> {
    let mut all = Map::new();
    for kind in KINDS {
        let (group, plural) = kind.split_once(' ').expect("a group and a kind");
        let path = format!("/{group}/namespaces/{namespace}/{plural}");
        let list: Value = client.request(Request::get(path).body(vec![])?).await?;
        for object in list["items"].as_array().into_iter().flatten() {
            let name = object["metadata"]["name"].as_str().unwrap_or_default();
            let name = name.find(GOOD).map_or(name, |at| &name[..at + GOOD.len()]);
            if let Some(kept) = kept(plural, object) {
                let replaced =
                    |text: &str| text.replace(namespace, "here").replace(address, "there");
                all.insert(format!("{plural}/{name}"), plain(kept, &replaced));
            }
        }
    }
    let world = workers.world();
    let told = |it: &crate::workers::Connector| {
        let states = [it.state, it.task].map(|state| state.to_string());
        json!({"config": it.config, "states": states, "offsets": it.offsets})
    };
    let connectors: BTreeMap<_, _> =
        world.connectors.iter().map(|(name, it)| (name.clone(), told(it))).collect();
    all.insert("workers".to_owned(), json!(connectors));
    Ok(Value::Object(all))
}

/// The part of an object that the operator decides.
fn kept(plural: &str, object: &Value) -> Option<Value> {
    let mut object = object.clone();
    let ours = plural.starts_with("kafka");
    match plural {
        "controllerrevisions" => {
            let labels = object["metadata"]["labels"].as_object();
            let is_ours = |it: &String| it.starts_with("sluice.dev/") && it.ends_with("-uid");
            if !labels.is_some_and(|it| it.keys().any(is_ours)) {
                // The StatefulSet's own.
                return None;
            }
            if let Some(name) = object["metadata"]["name"].as_str().filter(|it| it.contains(GOOD)) {
                object["metadata"]["name"] = json!(name.split(GOOD).next());
            }
        }
        "pods" => {
            let mut metadata = object["metadata"].take();
            // Pods that are younger than the values need no hint.
            if let Some(annotations) = metadata["annotations"].as_object_mut() {
                annotations.remove("sluice.dev/secrets-version");
            }
            let annotations = metadata["annotations"].as_object().filter(|it| !it.is_empty());
            let containers = object["spec"]["containers"].as_array().into_iter().flatten();
            let resources: Vec<&Value> = containers.map(|it| &it["resources"]).collect();
            let labels = &metadata["labels"];
            let kept =
                json!({"labels": labels, "annotations": annotations, "resources": resources});
            return Some(kept);
        }
        _ => {}
    }
    if !ours {
        object.as_object_mut()?.remove("status");
    }
    if let Some(managers) = object["metadata"]["managedFields"].as_array_mut() {
        managers.retain(|it| ours || it["subresource"] != "status");
        for manager in managers.iter_mut() {
            // An apply that changes nothing may leave it out.
            manager["time"].take();
            // Whoever applies no data owns the field if it is first.
            let fields = manager["fieldsV1"].as_object_mut();
            fields.and_then(|it| {
                it.remove("f:data")
                    .filter(|it| it != &json!({}))
                    .map(|data| it.insert("f:data".to_owned(), data))
            });
        }
        managers.sort_by_key(|it| {
            ["manager", "operation", "subresource"].map(|key| it[key].to_string())
        });
    }
    Some(object)
}

fn plain(value: Value, replaced: &dyn Fn(&str) -> String) -> Value {
    match value {
        Value::Object(fields) => {
            let field = |(key, value): (String, Value)| {
                if VARYING.contains(&key.as_str()) {
                    return (key, json!("varies"));
                }
                // In managed fields an owner goes by its identity.
                let key = if key.starts_with("k:{\"uid\"") { "an owner".to_owned() } else { key };
                (key, plain(value, replaced))
            };
            Value::Object(fields.into_iter().map(field).collect())
        }
        Value::Array(items) => {
            Value::Array(items.into_iter().map(|item| plain(item, replaced)).collect())
        }
        Value::String(text) => Value::String(replaced(&text)),
        other => other,
    }
}

/// Where two states differ, a line each.
pub(super) fn difference(expected: &Value, found: &Value) -> String {
    let mut lines = Vec::new();
    compare("", expected, found, &mut lines);
    lines.join("\n")
}

fn compare(path: &str, expected: &Value, found: &Value, lines: &mut Vec<String>) {
    match (expected, found) {
        (Value::Object(a), Value::Object(b)) => {
            let keys: std::collections::BTreeSet<&String> = a.keys().chain(b.keys()).collect();
            for key in keys {
                let (a, b) =
                    (a.get(key).unwrap_or(&Value::Null), b.get(key).unwrap_or(&Value::Null));
                compare(&format!("{path}/{key}"), a, b, lines);
            }
        }
        (Value::Array(a), Value::Array(b)) if a.len() == b.len() => {
            for (number, (a, b)) in a.iter().zip(b).enumerate() {
                compare(&format!("{path}/{number}"), a, b, lines);
            }
        }
        (a, b) if a != b => lines.push(format!("{path}: {a} expected, not {b}")),
        _ => {}
    }
}
