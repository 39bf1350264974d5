//! Connectors, from the resource to the workers and back.

use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use k8s_openapi::api::core::v1::{Namespace, Secret};
use kube::Api;
use kube::api::{DeleteParams, Patch, PatchParams, PostParams};
use serde_json::json;
use sluice_crds::{KafkaConnect, KafkaConnector};
use sluice_kit::kubernetes::missing_for_control_plane;
use sluice_kit::require;
use sluice_rest_model::State;

use crate::bed::Bed;
use crate::workers::SILENT;

/// A bed with a cluster that the operator knows.
async fn bed() -> Result<Bed> {
    let bed = Bed::new().await?;
    bed.cluster("my-connect", &json!({})).await?;
    Ok(bed)
}

#[tokio::test]
async fn a_connector_is_created_changed_paused_and_deleted() -> Result<()> {
    require!(missing_for_control_plane());
    let bed = bed().await?;
    bed.workers.world().conflicts = 2;
    bed.connector("orders", &json!({"class": "X", "tasksMax": 2, "config": {"a": 1}})).await?;
    let connector = bed.connector_is("orders", "Ready=True Running").await?;
    assert_eq!(connector.metadata.finalizers.context("a finalizer")?, ["sluice.dev/connector"]);
    let status = connector.status.context("a status")?;
    assert_eq!(status.tasks_running.as_deref(), Some("1/1"));
    assert_eq!(status.tasks_max, Some(2));
    let known = bed.workers.world().connectors["orders"].config.clone();
    assert_eq!(known["tasks.max"], "2");
    assert_eq!(known["a"], "1");

    // A resource that is as it should be is not written, neither here nor there.
    let writes = bed.workers.world().writes;
    let version = connector.metadata.resource_version;
    let looks = bed.workers.world().looks;
    bed.until("three more looks", async || Ok(bed.workers.world().looks >= looks + 3)).await?;
    assert_eq!(bed.workers.world().writes, writes);
    let again: KafkaConnector = bed.api().get("orders").await?;
    assert_eq!(again.metadata.resource_version, version);

    let change = json!({"spec": {"state": "paused", "config": {"a": 2}}});
    bed.change::<KafkaConnector>("orders", &change).await?;
    bed.connector_is("orders", "Ready=True Paused").await?;
    assert_eq!(bed.workers.world().connectors["orders"].config["a"], "2");
    bed.change::<KafkaConnector>("orders", &json!({"spec": {"state": "stopped"}})).await?;
    bed.connector_is("orders", "Ready=True Stopped").await?;
    bed.change::<KafkaConnector>("orders", &json!({"spec": {"state": "running"}})).await?;
    bed.connector_is("orders", "Ready=True Running").await?;

    bed.api::<KafkaConnector>().delete("orders", &DeleteParams::default()).await?;
    bed.gone::<KafkaConnector>("orders").await?;
    assert!(bed.workers.world().connectors.is_empty());
    Ok(())
}

#[tokio::test]
async fn a_connector_is_scaled_as_workloads_are() -> Result<()> {
    require!(missing_for_control_plane());
    let bed = bed().await?;
    bed.connector("orders", &json!({"class": "X", "tasksMax": 1})).await?;
    bed.connector_is("orders", "Ready=True Running").await?;
    let connectors = bed.api::<KafkaConnector>();
    let five = Patch::Merge(json!({"spec": {"replicas": 5}}));
    connectors.patch_scale("orders", &PatchParams::default(), &five).await?;
    bed.connector_is("orders", "Ready=True Running").await?;
    assert_eq!(bed.workers.world().connectors["orders"].config["tasks.max"], "5");
    let scale = connectors.get_scale("orders").await?.status.context("a status")?;
    let workers = "app.kubernetes.io/instance=my-connect,app.kubernetes.io/name=kafka-connect";
    assert_eq!((scale.replicas, scale.selector.as_deref()), (5, Some(workers)));
    Ok(())
}

#[tokio::test]
async fn a_failed_task_is_told_and_so_is_its_recovery() -> Result<()> {
    require!(missing_for_control_plane());
    let bed = bed().await?;
    bed.connector("orders", &json!({"class": "X"})).await?;
    bed.connector_is("orders", "Ready=True Running").await?;
    let set = |state| {
        if let Some(connector) = bed.workers.world().connectors.get_mut("orders") {
            connector.task = state;
        }
    };
    set(State::Failed);
    let failed = bed.connector_is("orders", "Stalled=True TaskFailed").await?;
    let status = failed.status.context("a status")?;
    assert_eq!(status.conditions[0].message, "task 0 of 1 failed: java.lang.Oops: it broke");
    set(State::Running);
    bed.connector_is("orders", "Ready=True Running").await.map(drop)
}

#[tokio::test]
async fn what_is_refused_is_refused_in_connects_words_or_by_key() -> Result<()> {
    require!(missing_for_control_plane());
    let bed = bed().await?;
    let invalid = "Connector configuration is invalid and contains the following 1 error(s):\nx";
    bed.workers.world().invalid = Some(invalid.to_owned());
    bed.connector("orders", &json!({"class": "X"})).await?;
    let refused = bed.connector_is("orders", "Stalled=True InvalidConfig").await?;
    assert_eq!(refused.status.context("a status")?.conditions[0].message, invalid);

    bed.workers.world().invalid = None;
    bed.connector_is("orders", "Ready=True Running").await?;

    // What is wrong is told by key before anything is applied, and what runs goes on.
    let wrong = [("a.password", "Invalid value hunter2"), ("b", "Missing")];
    let wrong = wrong.map(|(key, error)| (key.to_owned(), error.to_owned()));
    bed.workers.world().wrong = wrong.into();
    let config = json!({"spec": {"config": {"a.password": "hunter2", "b": "", "c": 1}}});
    bed.change::<KafkaConnector>("orders", &config).await?;
    let refused = bed.connector_is("orders", "Stalled=True InvalidConfig").await?;
    let message = &refused.status.context("a status")?.conditions[0].message;
    assert_eq!(message, "spec.config: a.password: Invalid value [hidden]; b: Missing");
    let known = bed.workers.world().connectors["orders"].config.clone();
    assert!(!known.contains_key("c"), "{known:?}");
    bed.workers.world().wrong.clear();
    bed.connector_is("orders", "Ready=True Running").await?;

    bed.connector("named", &json!({"class": "X", "config": {"tasks.max": 3}})).await?;
    let refused = bed.connector_is("named", "Stalled=True InvalidSpec").await?;
    let message = &refused.status.context("a status")?.conditions[0].message;
    assert!(message.starts_with("spec.config[tasks.max]: "), "{message}");
    Ok(())
}

#[tokio::test]
async fn a_connector_waits_for_its_cluster() -> Result<()> {
    require!(missing_for_control_plane());
    let bed = Bed::new().await?;
    bed.connector("orders", &json!({"class": "X"})).await?;
    bed.connector_is("orders", "Ready=False ClusterNotFound").await?;
    bed.cluster("my-connect", &json!({"replicas": 0})).await?;
    bed.connector_is("orders", "Ready=False ClusterHasNoWorkers").await?;
    bed.change::<KafkaConnect>("my-connect", &json!({"spec": {"replicas": 1}})).await?;
    bed.connector_is("orders", "Ready=True Running").await.map(drop)
}

#[tokio::test]
async fn a_connector_leaves_one_cluster_before_it_runs_on_another() -> Result<()> {
    require!(missing_for_control_plane());
    let bed = bed().await?;
    bed.cluster("other", &json!({})).await?;
    bed.connector("orders", &json!({"class": "X"})).await?;
    bed.connector_is("orders", "Ready=True Running").await?;
    let label = json!({"metadata": {"labels": {"sluice.dev/cluster": "other"}}});
    bed.change::<KafkaConnector>("orders", &label).await?;
    let known = async || -> Result<Vec<String>> {
        Ok(bed.workers.world().connectors.keys().cloned().collect())
    };
    bed.until("the move", async || Ok(known().await? == ["other/orders"])).await?;
    bed.until("the status to tell", async || {
        let connector: KafkaConnector = bed.api().get("orders").await?;
        Ok(connector.status.is_some_and(|it| it.cluster.as_deref() == Some("other")))
    })
    .await?;

    // Without the label only the status knows where it is.
    let label = json!({"metadata": {"labels": {"sluice.dev/cluster": null}}});
    bed.change::<KafkaConnector>("orders", &label).await?;
    bed.connector_is("orders", "Stalled=True NoClusterLabel").await?;
    bed.api::<KafkaConnector>().delete("orders", &DeleteParams::default()).await?;
    bed.gone::<KafkaConnector>("orders").await?;
    assert!(known().await?.is_empty());
    Ok(())
}

#[tokio::test]
async fn a_connector_that_gets_no_answer_delays_no_other() -> Result<()> {
    require!(missing_for_control_plane());
    let bed = bed().await?;
    bed.connector(SILENT, &json!({"class": "X"})).await?;
    bed.until("its first look", async || {
        let connector: KafkaConnector = bed.api().get(SILENT).await?;
        Ok(connector.metadata.finalizers.is_some())
    })
    .await?;
    let start = Instant::now();
    bed.connector("orders", &json!({"class": "X"})).await?;
    bed.connector_is("orders", "Ready=True Running").await?;
    assert!(start.elapsed() < Duration::from_secs(8), "it took {:?}", start.elapsed());
    // In the end the silence is told.
    bed.connector_is(SILENT, "Ready=False WorkersUnreachable").await.map(drop)
}

#[tokio::test]
async fn deletion_does_not_wait_for_ever_for_workers_that_are_gone() -> Result<()> {
    require!(missing_for_control_plane());
    let bed = bed().await?;
    bed.connector("orders", &json!({"class": "X"})).await?;
    bed.connector_is("orders", "Ready=True Running").await?;
    bed.workers.world().conflicts = u32::MAX;
    bed.api::<KafkaConnector>().delete("orders", &DeleteParams::default()).await?;
    bed.gone::<KafkaConnector>("orders").await
}

#[tokio::test]
async fn a_namespace_goes_with_everything_in_it() -> Result<()> {
    require!(missing_for_control_plane());
    let bed = bed().await?;
    bed.connector("orders", &json!({"class": "X"})).await?;
    bed.connector_is("orders", "Ready=True Running").await?;
    let namespaces: Api<Namespace> = Api::all(bed.client.clone());
    namespaces.delete(&bed.namespace, &DeleteParams::default()).await?;
    bed.until("the namespace to go", async || {
        // No kubelet confirms that pods have ended.
        bed.end_pods().await?;
        Ok(namespaces.get_opt(&bed.namespace).await?.is_none())
    })
    .await
}

#[tokio::test]
async fn workers_that_take_credentials_are_asked_nothing_before_those_are_known() -> Result<()> {
    require!(missing_for_control_plane());
    let bed = Bed::new().await?;
    let users = json!({"type": "basic", "users": {"secretName": "users", "key": "users"}});
    bed.cluster("my-connect", &json!({"rest": {"authentication": users}})).await?;
    bed.connector("orders", &json!({"class": "X"})).await?;
    let connector = bed.connector_is("orders", "Ready=False WorkersUnreachable").await?;
    let conditions = connector.status.unwrap_or_default().conditions;
    let told = "how to reach the workers of KafkaConnect my-connect is not known yet";
    assert!(conditions.iter().any(|it| it.message.starts_with(told)), "{conditions:?}");
    let asked = {
        let world = bed.workers.world();
        [world.writes, world.looks, world.polls]
    };
    assert_eq!(asked, [0, 0, 0], "they were asked without credentials");
    let users = json!({"metadata": {"name": "users"}, "stringData": {"users": "connect=hush"}});
    let users: Secret = serde_json::from_value(users)?;
    bed.api().create(&PostParams::default(), &users).await?;
    bed.ready_cluster("my-connect").await?;
    bed.connector_is("orders", "Ready=True Running").await.map(drop)
}
