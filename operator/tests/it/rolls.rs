//! Rolls: one pod at a time, only when the group has settled, and never further than a version that cannot run.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use k8s_openapi::api::core::v1::Pod;
use kube::ResourceExt;
use kube::api::ListParams;
use serde_json::{Value, json};
use sluice_crds::KafkaConnect;
use sluice_kit::kubernetes::missing_for_control_plane;
use sluice_kit::require;
use sluice_rest_model::State;

use crate::bed::{Bed, words};

const ASK: &str = "sluice.dev/manual-rolling-update";

/// A cluster of three ready workers with a connector on them.
async fn running() -> Result<Bed> {
    let bed = Bed::new().await?;
    bed.cluster("my-connect", &json!({"replicas": 3})).await?;
    bed.ready_cluster("my-connect").await?;
    bed.connector("orders", &json!({"class": "X"})).await?;
    bed.connector_is("orders", "Ready=True Running").await?;
    Ok(bed)
}

/// The pods' identities by name.
async fn pods(bed: &Bed) -> Result<BTreeMap<String, String>> {
    let pods = bed.api::<Pod>().list(&ListParams::default()).await?;
    Ok(pods.into_iter().map(|it| (it.name_any(), it.uid().unwrap_or_default())).collect())
}

/// Waits until `Ready` of the cluster has a reason and a message that contains this.
async fn told(bed: &Bed, reason: &str, message: &str) -> Result<KafkaConnect> {
    bed.until(&format!("{reason}: {message}"), async || {
        let cluster: KafkaConnect = bed.api().get("my-connect").await?;
        let status = cluster.status.unwrap_or_default();
        let ready = status.conditions.iter().find(|it| it.type_ == "Ready");
        Ok(ready.is_some_and(|it| it.reason == reason && it.message.contains(message)))
    })
    .await?;
    Ok(bed.api().get("my-connect").await?)
}

/// Waits until exactly one pod is another one than before, and says which.
async fn replaced(bed: &Bed, before: &BTreeMap<String, String>) -> Result<String> {
    let mut which = None;
    bed.until("a pod to be replaced", async || {
        let now = pods(bed).await?;
        which =
            now.iter().find(|(name, uid)| before.get(*name) != Some(uid)).map(|it| it.0.clone());
        Ok(which.is_some() && now.len() == before.len())
    })
    .await?;
    let which = which.context("a pod")?;
    let now = pods(bed).await?;
    let others = before.iter().filter(|(name, _)| **name != which);
    assert!(others.clone().all(|(name, uid)| now.get(name) == Some(uid)), "{before:?} {now:?}");
    Ok(which)
}

fn image(image: &str) -> Value {
    json!({"spec": {"image": image}})
}

#[tokio::test]
async fn a_roll_goes_on_once_the_pod_is_ready_and_the_group_has_settled() -> Result<()> {
    require!(missing_for_control_plane());
    let bed = running().await?;
    let first = pods(&bed).await?;
    bed.change::<KafkaConnect>("my-connect", &image("worker:2")).await?;
    assert_eq!(replaced(&bed, &first).await?, "my-connect-connect-2");
    told(&bed, "RollingOut", "my-connect-connect-2 is starting").await?;

    bed.workers.world().set_task("orders", State::Unassigned);
    bed.make_pods_ready().await?;
    told(&bed, "RollingOut", "task 0 of orders is UNASSIGNED").await?;
    let second = pods(&bed).await?;
    assert_eq!(replaced(&bed, &first).await?, "my-connect-connect-2");

    bed.workers.world().set_task("orders", State::Running);
    assert_eq!(replaced(&bed, &second).await?, "my-connect-connect-1");
    let cluster = bed.ready_cluster("my-connect").await?;
    let last = pods(&bed).await?;
    assert!(last.iter().all(|(name, uid)| first.get(name) != Some(uid)), "{first:?} {last:?}");
    assert_eq!(cluster.status.context("a status")?.image.as_deref(), Some("worker:2"));
    Ok(())
}

#[tokio::test]
async fn a_version_that_crashes_stops_the_roll_and_going_back_heals() -> Result<()> {
    require!(missing_for_control_plane());
    let bed = running().await?;
    let before = pods(&bed).await?;
    bed.change::<KafkaConnect>("my-connect", &image("worker:1")).await?;
    bed.ready_cluster("my-connect").await?;
    let good = pods(&bed).await?;
    assert!(good.iter().all(|(name, uid)| before.get(name) != Some(uid)));

    bed.change::<KafkaConnect>("my-connect", &image("worker:bad")).await?;
    let pod = replaced(&bed, &good).await?;
    let crashed = json!({"containerStatuses": [{
        "name": "connect", "image": "i", "imageID": "", "ready": false, "restartCount": 3,
        "state": {"waiting": {"reason": "CrashLoopBackOff"}},
        "lastState": {"terminated": {"exitCode": 1, "message": "no such setting"}},
    }]});
    bed.set_pod_status(&pod, &crashed).await?;
    let stuck = told(&bed, "RolloutStuck", "exited with 1: no such setting").await?;
    let words = words(&stuck.status.context("a status")?.conditions);
    assert!(words.contains(&"Stalled=True RolloutStuck".to_owned()), "{words:?}");
    let looks = bed.workers.world().looks;
    bed.until("three more looks", async || Ok(bed.workers.world().looks >= looks + 3)).await?;
    assert_eq!(replaced(&bed, &good).await?, pod, "the others stay");

    bed.change::<KafkaConnect>("my-connect", &image("worker:1")).await?;
    bed.ready_cluster("my-connect").await?;
    assert_eq!(replaced(&bed, &good).await?, pod, "the others have never been touched");
    Ok(())
}

#[tokio::test]
async fn a_task_that_fails_on_a_new_worker_stops_the_roll() -> Result<()> {
    require!(missing_for_control_plane());
    let bed = running().await?;
    let before = pods(&bed).await?;
    bed.change::<KafkaConnect>("my-connect", &image("worker:2")).await?;
    let pod = replaced(&bed, &before).await?;
    bed.workers.world().worker = format!("{pod}.my-connect-connect.n.svc:8083");
    bed.workers.world().set_task("orders", State::Failed);
    bed.make_pods_ready().await?;
    told(&bed, "RolloutStuck", "task 0 of orders has failed").await?;
    bed.workers.world().set_task("orders", State::Running);
    bed.ready_cluster("my-connect").await.map(drop)
}

#[tokio::test]
async fn a_roll_that_is_asked_for_replaces_every_pod_once() -> Result<()> {
    require!(missing_for_control_plane());
    let bed = running().await?;
    let before = pods(&bed).await?;
    let ask = json!({"metadata": {"annotations": {ASK: "true"}}});
    bed.change::<KafkaConnect>("my-connect", &ask).await?;
    bed.until("all pods to be replaced", async || {
        bed.make_pods_ready().await?;
        let now = pods(&bed).await?;
        Ok(now.len() == 3 && now.iter().all(|(name, uid)| before.get(name) != Some(uid)))
    })
    .await?;
    let cluster = bed.ready_cluster("my-connect").await?;
    assert!(!cluster.annotations().contains_key(ASK), "the request is done");
    let after = pods(&bed).await?;
    let looks = bed.workers.world().looks;
    bed.until("three more looks", async || Ok(bed.workers.world().looks >= looks + 3)).await?;
    assert_eq!(pods(&bed).await?, after);
    Ok(())
}
