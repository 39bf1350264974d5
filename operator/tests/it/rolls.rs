//! Rolls: one pod at a time, only when the group has settled, and never further than a version that cannot run.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use k8s_openapi::api::apps::v1::{ControllerRevision, StatefulSet};
use k8s_openapi::api::core::v1::{ConfigMap, Pod};
use k8s_openapi::api::events::v1::Event;
use kube::ResourceExt;
use kube::api::{DeleteParams, ListParams};
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

/// The status of a pod whose worker ends again and again.
fn crashed() -> Value {
    json!({"containerStatuses": [{
        "name": "connect", "image": "i", "imageID": "", "ready": false, "restartCount": 3,
        "state": {"waiting": {"reason": "CrashLoopBackOff"}},
        "lastState": {"terminated": {"exitCode": 1, "message": "no such setting"}},
    }]})
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
    let events = bed.api::<Event>().list(&ListParams::default()).await?;
    let told = events.iter().filter(|it| it.reason.as_deref() == Some("PodReplaced")).count();
    assert!(told > 0, "no event tells of pods that were replaced");
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
    bed.set_pod_status(&pod, &crashed()).await?;
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

/// What is kept for the case that a change cannot run.
async fn kept(bed: &Bed) -> Result<Vec<String>> {
    let ours = ListParams::default().labels("sluice.dev/cluster-uid");
    let revisions = bed.api::<ControllerRevision>().list(&ours).await?;
    Ok(revisions.iter().map(ResourceExt::name_any).collect())
}

/// A cluster as `running`, with what it runs well with kept.
async fn cautious() -> Result<(Bed, String)> {
    let bed = running().await?;
    let cautious = json!({"spec": {"rollout": {"onFailure": "Rollback"}}});
    bed.change::<KafkaConnect>("my-connect", &cautious).await?;
    let mut good = None;
    bed.until("what runs to be kept", async || {
        let cluster: KafkaConnect = bed.api().get("my-connect").await?;
        good = cluster.status.and_then(|status| status.good_revision);
        Ok(good.is_some())
    })
    .await?;
    let good = good.context("a revision")?;
    assert_eq!(kept(&bed).await?, [good.as_str()]);
    Ok((bed, good))
}

async fn worker_file(bed: &Bed) -> Result<String> {
    let map: ConfigMap = bed.api().get("my-connect-connect-config").await?;
    map.data.and_then(|mut data| data.remove("worker.properties")).context("a worker file")
}

async fn image_of_pods(bed: &Bed) -> Result<Option<String>> {
    let set: StatefulSet = bed.api().get("my-connect-connect").await?;
    let pods = set.spec.and_then(|spec| spec.template.spec);
    Ok(pods.and_then(|pods| pods.containers.into_iter().next()).and_then(|it| it.image))
}

#[tokio::test]
async fn a_change_that_cannot_run_is_taken_back_where_that_is_wanted() -> Result<()> {
    require!(missing_for_control_plane());
    let (bed, good) = cautious().await?;
    let (before, file) = (pods(&bed).await?, worker_file(&bed).await?);
    let image_before = image_of_pods(&bed).await?;
    let mut bad = image("worker:bad");
    bad["spec"]["config"] = json!({"offset.flush.interval.ms": 1234});
    bed.change::<KafkaConnect>("my-connect", &bad).await?;
    let pod = replaced(&bed, &before).await?;
    assert!(worker_file(&bed).await?.contains("offset.flush.interval.ms=1234"));
    let failed = pods(&bed).await?;
    bed.set_pod_status(&pod, &crashed()).await?;

    let taken_back = told(&bed, "RolledBack", "exited with 1: no such setting").await?;
    let status = taken_back.status.context("a status")?;
    assert!(words(&status.conditions).contains(&"Stalled=True RolledBack".to_owned()));
    assert_eq!(status.rolled_back.context("a change")?.revision, good);
    bed.until("the pod to be replaced again", async || {
        bed.make_pods_ready().await?;
        let now = pods(&bed).await?;
        Ok(now.len() == 3 && now.get(&pod) != failed.get(&pod))
    })
    .await?;
    bed.make_pods_ready().await?;
    told(&bed, "RolledBack", "3 of 3 workers ready").await?;
    assert_eq!(
        (worker_file(&bed).await?, image_of_pods(&bed).await?),
        (file.clone(), image_before)
    );
    let back = pods(&bed).await?;
    let looks = bed.workers.world().looks;
    bed.until("three more looks", async || Ok(bed.workers.world().looks >= looks + 3)).await?;
    assert_eq!(pods(&bed).await?, back, "it is not tried again");
    assert_eq!(replaced(&bed, &before).await?, pod, "the others have never been touched");

    // Another change is.
    bed.change::<KafkaConnect>("my-connect", &image("worker:2")).await?;
    let status = bed.ready_cluster("my-connect").await?.status.context("a status")?;
    assert_eq!((status.image.as_deref(), status.rolled_back), (Some("worker:2"), None));
    bed.until("the new one to be kept", async || {
        let kept = kept(&bed).await?;
        Ok(kept.len() == 1 && kept != [good.as_str()])
    })
    .await?;
    assert!(worker_file(&bed).await?.contains("offset.flush.interval.ms=1234"));
    bed.change::<KafkaConnect>("my-connect", &json!({"spec": {"rollout": null}})).await?;
    bed.until("nothing to be kept", async || Ok(kept(&bed).await?.is_empty())).await
}

#[tokio::test]
async fn without_anything_to_go_back_to_a_roll_stops_as_ever() -> Result<()> {
    require!(missing_for_control_plane());
    let (bed, good) = cautious().await?;
    let before = pods(&bed).await?;
    bed.api::<ControllerRevision>().delete(&good, &DeleteParams::default()).await?;
    bed.change::<KafkaConnect>("my-connect", &image("worker:bad")).await?;
    let pod = replaced(&bed, &before).await?;
    bed.set_pod_status(&pod, &crashed()).await?;
    told(&bed, "RolloutStuck", "exited with 1: no such setting").await?;
    assert_eq!(replaced(&bed, &before).await?, pod, "the others stay");

    // Going back by hand heals.
    bed.change::<KafkaConnect>("my-connect", &json!({"spec": {"image": null}})).await?;
    bed.ready_cluster("my-connect").await?;
    assert_eq!(replaced(&bed, &before).await?, pod);
    Ok(())
}

/// The pods once all are preparing. The last of them is not ready then, so that nothing goes on meanwhile.
async fn prepared(bed: &Bed) -> Result<BTreeMap<String, String>> {
    let ready = json!({"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]});
    let is_preparing = |pod: &Pod| {
        let support = pod.annotations().get("sluice.dev/exactly-once-source");
        support.is_some_and(|it| it == "preparing")
    };
    bed.until("all to be preparing", async || {
        let list = bed.api::<Pod>().list(&ListParams::default()).await?.items;
        if list.len() == 3 && list.iter().all(is_preparing) {
            return Ok(true);
        }
        for pod in &list {
            // It may have been replaced meanwhile.
            drop(bed.set_pod_status(&pod.name_any(), &ready).await);
        }
        Ok(false)
    })
    .await?;
    pods(bed).await
}

#[tokio::test]
async fn exactly_once_sources_come_and_go_in_two_rolls() -> Result<()> {
    require!(missing_for_control_plane());
    let bed = running().await?;
    let key = "exactly.once.source.support";
    let value = async || -> Result<Option<String>> {
        let file = worker_file(&bed).await?;
        Ok(file.lines().find_map(|it| it.strip_prefix(&format!("{key}="))).map(str::to_owned))
    };
    for (asked, then) in [(json!("enabled"), Some("enabled")), (json!(null), None)] {
        let before = pods(&bed).await?;
        bed.change::<KafkaConnect>("my-connect", &json!({"spec": {"config": {key: asked}}}))
            .await?;
        replaced(&bed, &before).await?;
        assert_eq!(value().await?.as_deref(), Some("preparing"), "{asked}");
        let prepared = prepared(&bed).await?;
        let status = bed.ready_cluster("my-connect").await?.status.context("a status")?;
        assert_eq!(value().await?.as_deref(), then);
        assert_eq!(status.exactly_once_source.first().map(String::as_str), then);
        let now = pods(&bed).await?;
        assert!(now.iter().all(|(name, uid)| prepared.get(name) != Some(uid)));
    }
    Ok(())
}
