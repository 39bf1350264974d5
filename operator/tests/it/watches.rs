//! What the operator notices by itself, without a timer, and what it leaves alone.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use k8s_openapi::api::apps::v1::StatefulSet;
use k8s_openapi::api::core::v1::{Pod, Secret};
use kube::ResourceExt;
use kube::api::{ListParams, PostParams};
use serde_json::{Value, json};
use sluice_crds::{KafkaConnect, KafkaConnector};
use sluice_kit::kubernetes::missing_for_control_plane;
use sluice_kit::require;
use sluice_operator::Settings;
use sluice_rest_model::State;

use crate::bed::{self, Bed, words};
use crate::workers::MUTE;

const PAUSE: &str = "sluice.dev/pause-reconciliation";

/// An operator that looks again only because something has happened.
pub(crate) fn without_timers(settings: &mut Settings) {
    let never = Duration::from_hours(1);
    settings.resync = never;
    settings.poll = never;
    settings.retry = never;
}

async fn stateful_set(bed: &Bed) -> Result<StatefulSet> {
    Ok(bed.api().get("my-connect-connect").await?)
}

fn config_hash(set: &StatefulSet) -> Option<String> {
    let template = set.spec.as_ref()?.template.metadata.as_ref()?;
    template.annotations.as_ref()?.get("sluice.dev/config-hash").cloned()
}

/// How long a changed credential may take until workers reload it, or the first one is replaced.
const TAKES_EFFECT: Duration = Duration::from_secs(10);

/// The pods' identities.
async fn pods(bed: &Bed) -> Result<BTreeSet<Option<String>>> {
    let pods = bed.api::<Pod>().list(&ListParams::default()).await?;
    Ok(pods.iter().map(ResourceExt::uid).collect())
}

async fn secret(bed: &Bed, name: &str, data: &Value) -> Result<()> {
    let secret = json!({"metadata": {"name": name}, "stringData": data});
    let secret: Secret = serde_json::from_value(secret)?;
    bed.api().create(&PostParams::default(), &secret).await.map(drop).map_err(Into::into)
}

/// A cluster whose password is in the Secret `user`.
async fn with_password(bed: &Bed) -> Result<KafkaConnect> {
    secret(bed, "user", &json!({"password": "hunter2", "other": "x"})).await?;
    let authentication = json!({"authentication": {
        "type": "plain",
        "username": "u",
        "passwordSecret": {"secretName": "user", "password": "password"},
    }});
    bed.cluster("my-connect", &authentication).await?;
    bed.ready_cluster("my-connect").await
}

#[tokio::test]
async fn a_rotated_secret_is_noticed_without_a_timer() -> Result<()> {
    require!(missing_for_control_plane());
    let bed = Bed::with(without_timers).await?;
    with_password(&bed).await?;
    let before = pods(&bed).await?;
    let changed = Instant::now();
    bed.change::<Secret>("user", &json!({"stringData": {"password": "correct horse"}})).await?;
    bed.until("a worker to go", async || Ok(!pods(&bed).await?.is_superset(&before))).await?;
    ensure!(changed.elapsed() < TAKES_EFFECT, "it took {:?}", changed.elapsed());
    bed.ready_cluster("my-connect").await.map(drop)
}

#[tokio::test]
async fn what_workers_do_not_read_of_a_secret_replaces_none() -> Result<()> {
    require!(missing_for_control_plane());
    let mut bed = Bed::new().await?;
    with_password(&bed).await?;
    let before = (config_hash(&stateful_set(&bed).await?), pods(&bed).await?);
    let change = json!({"metadata": {"labels": {"team": "x"}}, "stringData": {"other": "y"}});
    bed.change::<Secret>("user", &change).await?;
    // An operator that starts anew knows the same.
    bed.stop().await?;
    let other = Bed::within(bed.client.clone(), bed.namespace.clone(), bed.client.clone()).await?;
    other.change::<KafkaConnect>("my-connect", &json!({"spec": {"replicas": 3}})).await?;
    other.ready_cluster_of("my-connect", "3/3").await?;
    ensure!(config_hash(&stateful_set(&other).await?) == before.0);
    ensure!(pods(&other).await?.is_superset(&before.1), "a worker was replaced");
    Ok(())
}

#[tokio::test]
async fn users_of_the_rest_api_change_without_new_workers() -> Result<()> {
    require!(missing_for_control_plane());
    let bed = Bed::with(without_timers).await?;
    secret(&bed, "users", &json!({"users": "ann=a"})).await?;
    let users = json!({"type": "basic", "users": {"secretName": "users", "key": "users"}});
    bed.cluster("my-connect", &json!({"rest": {"authentication": users}})).await?;
    bed.ready_cluster("my-connect").await?;
    let told = async || -> Result<BTreeSet<Option<String>>> {
        let pods = bed.api::<Pod>().list(&ListParams::default()).await?;
        let version =
            |pod: &Pod| pod.annotations().get("sluice.dev/rest-credentials-version").cloned();
        Ok(pods.iter().map(version).collect())
    };
    bed.until("the kubelet to be told", async || Ok(!told().await?.contains(&None))).await?;
    let (before, versions) = (pods(&bed).await?, told().await?);
    let changed = Instant::now();
    bed.change::<Secret>("users", &json!({"stringData": {"users": "ann=b"}})).await?;
    bed.until("it to be told again", async || Ok(told().await?.is_disjoint(&versions))).await?;
    ensure!(changed.elapsed() < TAKES_EFFECT, "it took {:?}", changed.elapsed());
    ensure!(pods(&bed).await? == before, "a worker was replaced");
    Ok(())
}

#[tokio::test]
async fn a_task_that_fails_shows_without_a_timer_of_its_connector() -> Result<()> {
    require!(missing_for_control_plane());
    let bed = Bed::with(without_timers).await?;
    bed.cluster("my-connect", &json!({})).await?;
    bed.ready_cluster("my-connect").await?;
    bed.connector("orders", &json!({"class": "X"})).await?;
    bed.connector_is("orders", "Ready=True Running").await?;
    let tasks = async |expected: &str| {
        bed.until(&format!("{expected} tasks"), async || {
            let cluster: KafkaConnect = bed.api().get("my-connect").await?;
            Ok(cluster.status.unwrap_or_default().tasks.as_deref() == Some(expected))
        })
        .await
    };
    tasks("1/1").await?;
    bed.workers.world().set_task("orders", State::Failed);
    bed.connector_is("orders", "Ready=False TaskFailed").await?;
    tasks("0/1").await?;
    bed.workers.world().set_task("orders", State::Running);
    bed.connector_is("orders", "Ready=True Running").await?;
    tasks("1/1").await
}

#[tokio::test]
async fn paused_resources_are_left_alone_until_they_are_not() -> Result<()> {
    require!(missing_for_control_plane());
    let bed = Bed::new().await?;
    bed.cluster("my-connect", &json!({})).await?;
    bed.ready_cluster("my-connect").await?;
    bed.connector("orders", &json!({"class": "X"})).await?;
    bed.connector_is("orders", "Ready=True Running").await?;
    let pause = json!({"metadata": {"annotations": {PAUSE: "true"}}, "spec": {"replicas": 3}});
    bed.change::<KafkaConnect>("my-connect", &pause).await?;
    let pause = json!({"metadata": {"annotations": {PAUSE: "true"}}, "spec": {"state": "paused"}});
    bed.change::<KafkaConnector>("orders", &pause).await?;
    let paused = "ReconciliationPaused=True ReconciliationPaused".to_owned();
    bed.until("both to be paused", async || {
        let cluster: KafkaConnect = bed.api().get("my-connect").await?;
        let connector: KafkaConnector = bed.api().get("orders").await?;
        let cluster = words(&cluster.status.unwrap_or_default().conditions);
        let connector = words(&connector.status.unwrap_or_default().conditions);
        Ok(cluster.contains(&paused) && connector.contains(&paused))
    })
    .await?;
    let replicas = stateful_set(&bed).await?.spec.and_then(|spec| spec.replicas);
    assert_eq!(replicas, Some(2));
    assert_eq!(bed.workers.world().connectors["orders"].state, State::Running);

    let go_on = json!({"metadata": {"annotations": {PAUSE: null}}});
    bed.change::<KafkaConnect>("my-connect", &go_on).await?;
    bed.change::<KafkaConnector>("orders", &go_on).await?;
    let cluster = bed.ready_cluster_of("my-connect", "3/3").await?;
    let words = words(&cluster.status.context("a status")?.conditions);
    assert!(!words.contains(&paused), "{words:?}");
    bed.connector_is("orders", "Ready=True Paused").await.map(drop)
}

#[tokio::test]
async fn workers_that_never_answer_keep_no_other_cluster_waiting() -> Result<()> {
    require!(missing_for_control_plane());
    let bed = Bed::new().await?;
    for cluster in ["my-connect", MUTE] {
        bed.cluster(cluster, &json!({})).await?;
    }
    bed.ready_cluster("my-connect").await?;
    for number in 0..80 {
        let mut connector = bed::connector(&format!("mute-{number}"), &json!({"class": "X"}));
        connector["metadata"]["labels"]["sluice.dev/cluster"] = MUTE.into();
        let connector: KafkaConnector = serde_json::from_value(connector)?;
        bed.api().create(&PostParams::default(), &connector).await?;
    }
    bed.until("questions that are not answered", async || Ok(bed.workers.world().unanswered > 0))
        .await?;
    let start = Instant::now();
    bed.connector("orders", &json!({"class": "X"})).await?;
    bed.connector_is("orders", "Ready=True Running").await?;
    // A question is given up after ten seconds.
    ensure!(start.elapsed() < Duration::from_secs(8), "it took {:?}", start.elapsed());
    Ok(())
}

#[tokio::test]
async fn resources_of_another_operators_share_are_not_looked_at() -> Result<()> {
    require!(missing_for_control_plane());
    let bed = Bed::with(|settings| settings.labels = Some("share=one".to_owned())).await?;
    for cluster in ["theirs", "my-connect"] {
        bed.cluster(cluster, &json!({})).await?;
    }
    let ours = json!({"metadata": {"labels": {"share": "one"}}});
    bed.change::<KafkaConnect>("my-connect", &ours).await?;
    bed.ready_cluster("my-connect").await?;
    let theirs: KafkaConnect = bed.api().get("theirs").await?;
    assert_eq!(theirs.status.context("a status")?.observed_generation, Some(-1));
    // Handed over, it is.
    bed.change::<KafkaConnect>("theirs", &ours).await?;
    bed.ready_cluster("theirs").await.map(drop)
}
