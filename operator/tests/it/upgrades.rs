//! From the release before and back: charts and definitions change under resources and workers that go on.
//!
//! `fixtures/previous` has the chart as it stood at commit 1862938, and the objects that its operator made of a cluster.

use std::collections::BTreeMap;
use std::fs;

use anyhow::{Context, Result, ensure};
use k8s_openapi::api::apps::v1::{Deployment, StatefulSet};
use k8s_openapi::api::core::v1::Pod;
use k8s_openapi::api::events::v1::Event;
use kube::api::{DynamicObject, ListParams, Patch, PatchParams};
use kube::discovery::ApiResource;
use kube::{Api, Client, ResourceExt};
use serde_json::{Value, json};
use sluice_crds::{KafkaConnect, KafkaConnector, yaml};
use sluice_kit::kubernetes::{ControlPlane, missing_for_control_plane};
use sluice_kit::require;
use tokio::task::JoinSet;

use crate::bed::{self, Bed, create_namespace, make_ready, root};

const HERE: &str = "sluice-system";
const OPERATOR: &str = "sluice-operator/cluster";

fn fixture(name: &str) -> String {
    root().join("operator/tests/fixtures/previous").join(name).display().to_string()
}

/// Helm's `upgrade --install` of a chart, once all of it is ready.
async fn install(plane: &ControlPlane, chart: &str) -> Result<()> {
    let fixed = ["upgrade", "--install", "sluice", chart, "--namespace", HERE];
    let waiting = ["--create-namespace", "--wait", "--timeout", "90s"];
    plane.helm().run(fixed.iter().chain(&waiting)).await.map(drop)
}

/// Plays the kubelet on all pods, as long as it is kept.
pub(crate) fn kubelet(client: &Client) -> JoinSet<()> {
    let client = client.clone();
    let mut running = JoinSet::new();
    running.spawn(async move {
        let mut pause = tokio::time::interval(std::time::Duration::from_millis(100));
        loop {
            pause.tick().await;
            // The API server may be busy; the next look does it.
            drop(make_ready(&client, &Api::all(client.clone())).await);
        }
    });
    running
}

/// What the operator before made of the cluster `my-connect`.
async fn workers_of_before(client: &Client, cluster: &KafkaConnect) -> Result<()> {
    let path = fixture("workers.yaml");
    let namespace = cluster.namespace().context("it is in a namespace")?;
    let uid = cluster.uid().context("it is there")?;
    for document in yaml::read(&path, &fs::read_to_string(&path)?)? {
        let mut object = document.value;
        object["metadata"]["namespace"] = namespace.as_str().into();
        object["metadata"]["ownerReferences"][0]["uid"] = uid.as_str().into();
        let object: DynamicObject = serde_json::from_value(object)?;
        let types = object.types.clone().context("a kind")?;
        let kind = types.try_into().context("a group and version")?;
        let api: Api<DynamicObject> =
            Api::namespaced_with(client.clone(), &namespace, &ApiResource::from_gvk(&kind));
        let parameters = PatchParams::apply(OPERATOR).force();
        api.patch(&object.name_any(), &parameters, &Patch::Apply(&object)).await?;
    }
    Ok(())
}

/// The pods' identities by name.
async fn pods(bed: &Api<Pod>) -> Result<BTreeMap<String, String>> {
    let pods = bed.list(&ListParams::default()).await?;
    Ok(pods.into_iter().map(|it| (it.name_any(), it.uid().unwrap_or_default())).collect())
}

/// What identifies the resources, and what users have written.
async fn resources(client: &Client, namespace: &str) -> Result<Value> {
    let clusters: Api<KafkaConnect> = Api::namespaced(client.clone(), namespace);
    let connectors: Api<KafkaConnector> = Api::namespaced(client.clone(), namespace);
    let (cluster, connector) = (clusters.get("my-connect").await?, connectors.get("orders").await?);
    Ok(json!([cluster.uid(), cluster.spec, connector.uid(), connector.spec]))
}

async fn strategy(client: &Client) -> Result<Option<String>> {
    let operators: Api<Deployment> = Api::namespaced(client.clone(), HERE);
    let spec = operators.get("sluice-operator").await?.spec;
    Ok(spec.and_then(|it| it.strategy).and_then(|it| it.type_))
}

#[tokio::test(flavor = "multi_thread")]
async fn the_chart_before_is_upgraded_and_rolled_back_while_all_goes_on() -> Result<()> {
    require!(missing_for_control_plane());
    let plane = ControlPlane::start().await?;
    let client = plane.client().await?;
    let _kubelet = kubelet(&client);
    let namespace = create_namespace(&client).await?;
    let workers: Api<Pod> = Api::namespaced(client.clone(), &namespace);

    install(&plane, &fixture("sluice.tgz")).await.context("the chart before")?;
    let clusters: Api<KafkaConnect> = Api::namespaced(client.clone(), &namespace);
    let connectors: Api<KafkaConnector> = Api::namespaced(client.clone(), &namespace);
    let cluster = serde_json::from_value(bed::cluster("my-connect", &json!({})))?;
    let cluster = clusters.create(&kube::api::PostParams::default(), &cluster).await?;
    let connector = serde_json::from_value(bed::connector("orders", &json!({"class": "X"})))?;
    connectors.create(&kube::api::PostParams::default(), &connector).await?;
    workers_of_before(&client, &cluster).await?;
    let sets: Api<StatefulSet> = Api::namespaced(client.clone(), &namespace);
    let set = sets.get("my-connect-connect").await?.uid();
    sluice_kit::wait::until(bed::PATIENCE, "the workers of before", async || {
        pods(&workers).await.is_ok_and(|it| it.len() == 2)
    })
    .await?;
    let (before, written) = (pods(&workers).await?, resources(&client, &namespace).await?);

    install(&plane, &root().join("charts/sluice").display().to_string())
        .await
        .context("upgrade")?;
    // The operator before knew no Lease: two at once would undo each other's work.
    ensure!(strategy(&client).await?.as_deref() == Some("Recreate"));
    ensure!(pods(&workers).await? == before, "an upgrade of the chart alone replaces no worker");
    let bed = Bed::within(client.clone(), namespace.clone(), client.clone()).await?;
    bed.ready_cluster("my-connect").await.context("after the upgrade")?;
    bed.connector_is("orders", "Ready=True Running").await?;
    ensure!(sets.get("my-connect-connect").await?.uid() == set, "the StatefulSet is another one");
    same(&written, &resources(&client, &namespace).await?)?;
    let rolled = pods(&workers).await?;
    let upgraded = clusters.get("my-connect").await?.status.context("a status")?;
    ensure!(upgraded.image.is_some(), "new fields of the status are there: {upgraded:?}");

    // The definitions of before know less than the operator, which goes on.
    plane.helm().run(["rollback", "sluice", "1", "--namespace", HERE, "--wait"]).await?;
    bed.change::<KafkaConnector>("orders", &json!({"spec": {"state": "paused"}})).await?;
    bed.connector_is("orders", "Ready=True Paused").await.context("after the rollback")?;
    bed.change::<KafkaConnect>("my-connect", &json!({"metadata": {"labels": {"a": "b"}}})).await?;
    told_of_old_definitions(&bed).await?;
    ensure!(pods(&workers).await? == rolled, "a rollback of the chart alone replaces no worker");
    quiet(&bed).await?;

    bed.change::<KafkaConnector>("orders", &json!({"spec": {"state": null}})).await?;
    install(&plane, &root().join("charts/sluice").display().to_string()).await.context("again")?;
    install(&plane, &root().join("charts/sluice").display().to_string()).await.context("same")?;
    ensure!(strategy(&client).await?.as_deref() == Some("RollingUpdate"));
    bed.connector_is("orders", "Ready=True Running").await?;
    ensure!(pods(&workers).await? == rolled);
    same(&written, &resources(&client, &namespace).await?)
}

fn same(before: &Value, now: &Value) -> Result<()> {
    ensure!(before == now, "resources were\n{before}\nand are\n{now}");
    Ok(())
}

/// Waits for the event that says which definition is older, and which fields it lacks.
async fn told_of_old_definitions(bed: &Bed) -> Result<()> {
    bed.until("word of old definitions", async || {
        let events = bed.api::<Event>().list(&ListParams::default()).await?;
        Ok(events.iter().any(|it| {
            let note = it.note.as_deref().unwrap_or_default();
            it.reason.as_deref() == Some("DefinitionOutdated")
                && note.contains("the installed definition of Kafka")
                && note.contains("does not declare status.")
        }))
    })
    .await
}

/// With old definitions too, looking again writes nothing.
async fn quiet(bed: &Bed) -> Result<()> {
    let version = async || -> Result<_> {
        let connector: KafkaConnector = bed.api().get("orders").await?;
        Ok(connector.resource_version())
    };
    let (before, looks) = (version().await?, bed.workers.world().looks);
    bed.until("further looks", async || Ok(bed.workers.world().looks > looks + 4)).await?;
    ensure!(version().await? == before, "a look that finds nothing new writes");
    Ok(())
}
