//! Resources that come, with something of all that the operator writes for them.

use anyhow::Result;
use k8s_openapi::api::core::v1::{ConfigMap, Secret};
use kube::api::{DeleteParams, Patch, PatchParams, PostParams};
use kube::{Api, Client};
use serde_json::{Value, json};
use sluice_crds::{KafkaConnect, KafkaConnector, KafkaConnectorOffsets};
use sluice_operator::connector::finalizer::FINALIZER;

use super::CLUSTER;
use crate::bed::{cluster, connector, words};
use crate::workers::{Connector, Workers};

/// Connectors, and what they are in the end.
const EXPECTED: [(&str, &str); 7] = [
    ("orders", "Ready=True Running"),
    ("restarts", "Ready=True Running"),
    ("lists", "Ready=True Running"),
    ("alters", "Ready=True Stopped"),
    ("rests", "Ready=True Paused"),
    ("moves", "Ready=True Stopped"),
    ("stray", "Ready=True Running"),
];
const LEAVES: &str = "leaves";
/// Work on positions, and whose they are.
const OPERATIONS: [(&str, &str); 2] = [("moved", "moves"), ("told", "rests")];

/// Creates everything before there is an operator.
pub(super) async fn arrange(client: &Client, namespace: &str, workers: &Workers) -> Result<()> {
    let held = json!({"p": {"secretKeyRef": {"name": "user", "key": "password"}}});
    let positions = json!({"offsets": [{"partition": {"p": 1}, "offset": {"o": 7}}]});
    {
        let config = || [("connector.class".to_owned(), "X".to_owned())].into();
        let mut world = workers.world();
        for name in [LEAVES, "stray"] {
            world.connectors.insert(name.to_owned(), Connector::running(config()));
        }
    }
    let parameters = PostParams::default();
    let secret: Secret = serde_json::from_value(
        json!({"metadata": {"name": "user"}, "stringData": {"password": "hunter2"}}),
    )?;
    Api::namespaced(client.clone(), namespace).create(&parameters, &secret).await?;
    let map: ConfigMap = serde_json::from_value(json!({
        "metadata": {"name": "positions"},
        "data": {"offsets.json": positions.to_string()},
    }))?;
    Api::namespaced(client.clone(), namespace).create(&parameters, &map).await?;
    let annotated = |name: &str, annotation: (&str, &str), spec: Value| {
        let mut object = connector(name, &spec);
        object["metadata"]["annotations"] = json!({(annotation.0): annotation.1});
        object
    };
    let offsets = "sluice.dev/connector-offsets";
    let mut leaving = connector(LEAVES, &json!({"class": "X", "config": held}));
    leaving["metadata"]["finalizers"] = json!([FINALIZER]);
    let target = json!({"toConfigMap": {"name": "listed"}});
    let source = json!({"fromConfigMap": {"name": "positions"}});
    let connectors: Api<KafkaConnector> = Api::namespaced(client.clone(), namespace);
    for object in [
        connector("orders", &json!({"class": "X", "tasksMax": 1, "config": held})),
        annotated("restarts", ("sluice.dev/restart", "true"), json!({"class": "X"})),
        annotated("lists", (offsets, "list"), json!({"class": "X", "listOffsets": target})),
        annotated(
            "alters",
            (offsets, "alter"),
            json!({"class": "X", "state": "stopped", "alterOffsets": source}),
        ),
        connector("rests", &json!({"class": "X", "state": "paused"})),
        connector("moves", &json!({"class": "X", "state": "stopped"})),
        leaving,
    ] {
        connectors.create(&parameters, &serde_json::from_value(object)?).await?;
    }
    let known = json!({"status": {
        "cluster": "my-connect",
        "name": LEAVES,
        "references": ["Secret/user/password"],
    }});
    connectors.patch_status(LEAVES, &PatchParams::default(), &Patch::Merge(known)).await?;
    connectors.delete(LEAVES, &DeleteParams::default()).await?;
    work_on(positions, client, namespace).await?;
    let object = cluster(CLUSTER, &spec());
    let clusters: Api<KafkaConnect> = Api::namespaced(client.clone(), namespace);
    clusters.create(&parameters, &serde_json::from_value(object)?).await?;
    Ok(())
}

/// A cluster with all that the operator writes for one.
fn spec() -> Value {
    json!({
        "replicas": 1,
        "unmanagedConnectors": "Adopt",
        "rest": {"authorization": {"type": "readOnly"}},
        "rollout": {"onFailure": "Rollback"},
    })
}

/// Creates the operations, of which one sets these positions.
async fn work_on(positions: Value, client: &Client, namespace: &str) -> Result<()> {
    let operations: Api<KafkaConnectorOffsets> = Api::namespaced(client.clone(), namespace);
    let works = [json!({"operation": "Alter", "alter": positions}), json!({"operation": "List"})];
    for ((name, connector), mut spec) in OPERATIONS.into_iter().zip(works) {
        spec["connector"] = json!(connector);
        let object = json!({"metadata": {"name": name}, "spec": spec});
        operations.create(&PostParams::default(), &serde_json::from_value(object)?).await?;
    }
    Ok(())
}

/// What of connectors and operations is not yet as it was asked for.
pub(super) async fn missing(
    client: &Client,
    namespace: &str,
    workers: &Workers,
) -> Result<Vec<String>> {
    let mut missing = Vec::new();
    let connectors: Api<KafkaConnector> = Api::namespaced(client.clone(), namespace);
    for (name, expected) in EXPECTED {
        let connector = connectors.get_opt(name).await?.unwrap_or_else(|| {
            let nothing = json!({"metadata": {}, "spec": {"class": ""}});
            serde_json::from_value(nothing).expect("a connector")
        });
        let conditions = words(&connector.status.unwrap_or_default().conditions);
        let asked = connector.metadata.annotations.is_some_and(|it| !it.is_empty());
        if asked || !conditions.iter().any(|word| word == expected) {
            missing.push(format!("{name}: {conditions:?}"));
        }
    }
    let operations: Api<KafkaConnectorOffsets> = Api::namespaced(client.clone(), namespace);
    for (name, _) in OPERATIONS {
        let conditions = words(&operations.get(name).await?.status.unwrap_or_default().conditions);
        if !conditions.iter().any(|word| word == "Ready=True Completed") {
            missing.push(format!("{name}: {conditions:?}"));
        }
    }
    if connectors.get_metadata_opt(LEAVES).await?.is_some() {
        missing.push(LEAVES.to_owned());
    }
    if workers.world().restarts.is_empty() {
        missing.push("a restart".to_owned());
    }
    Ok(missing)
}
