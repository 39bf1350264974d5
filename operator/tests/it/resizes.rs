//! Other CPU and memory for workers that run: in place where the API server and the kubelet can, else by new pods.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::Result;
use k8s_openapi::api::apps::v1::StatefulSet;
use k8s_openapi::api::core::v1::Pod;
use kube::ResourceExt;
use kube::api::{ListParams, Patch, PatchParams};
use serde_json::{Value, json};
use sluice_crds::KafkaConnect;
use sluice_kit::kubernetes::missing_for_control_plane;
use sluice_kit::require;

use crate::bed::{Bed, give_resources, words};

fn small() -> Value {
    json!({"requests": {"cpu": "500m", "memory": "256Mi"}, "limits": {"memory": "512Mi"}})
}

fn large() -> Value {
    json!({"requests": {"cpu": "1", "memory": "256Mi"}, "limits": {"memory": "1Gi"}})
}

/// A cluster of two ready workers with these resources.
async fn running(bed: &Bed, resources: &Value) -> Result<BTreeMap<String, String>> {
    bed.cluster("my-connect", &json!({"resources": resources})).await?;
    bed.ready_cluster("my-connect").await?;
    pods(bed).await
}

/// The pods' identities by name.
async fn pods(bed: &Bed) -> Result<BTreeMap<String, String>> {
    let pods = bed.api::<Pod>().list(&ListParams::default()).await?;
    Ok(pods.into_iter().map(|it| (it.name_any(), it.uid().unwrap_or_default())).collect())
}

/// What the worker of each pod shall have.
async fn resources(bed: &Bed) -> Result<Vec<Value>> {
    let pods = bed.api::<Pod>().list(&ListParams::default()).await?;
    let workers = pods.into_iter().filter_map(|pod| pod.spec?.containers.into_iter().next());
    Ok(workers.map(|it| json!(it.resources)).collect())
}

async fn ask(bed: &Bed, resources: &Value) -> Result<()> {
    let change = json!({"spec": {"resources": resources}});
    bed.change::<KafkaConnect>("my-connect", &change).await.map(drop)
}

/// Waits until a cluster is ready as it was last asked for, with what somebody does meanwhile.
async fn ready(bed: &Bed, mut meanwhile: impl AsyncFnMut() -> Result<()>) -> Result<()> {
    bed.until("the cluster to be ready", async || {
        meanwhile().await?;
        let cluster: KafkaConnect = bed.api().get("my-connect").await?;
        let status = cluster.status.unwrap_or_default();
        let words = words(&status.conditions);
        let is_ready = words.iter().any(|it| it.starts_with("Ready=True"));
        Ok(is_ready && status.observed_generation == cluster.metadata.generation)
    })
    .await
}

#[tokio::test]
async fn pods_get_other_resources_without_being_replaced() -> Result<()> {
    require!(missing_for_control_plane());
    let bed = Bed::new().await?;
    let before = running(&bed, &small()).await?;
    ask(&bed, &large()).await?;
    ready(&bed, async || give_resources(&bed.api()).await).await?;
    assert_eq!(pods(&bed).await?, before);
    let set: StatefulSet = bed.api().get("my-connect-connect").await?;
    let status = set.status.unwrap_or_default();
    assert_eq!(status.updated_replicas, Some(2));
    for pod in bed.api::<Pod>().list(&ListParams::default()).await? {
        assert_eq!(pod.labels().get("controller-revision-hash"), status.update_revision.as_ref());
    }
    assert_eq!(resources(&bed).await?, [large(), large()]);
    // A change of something else still replaces them.
    bed.change::<KafkaConnect>("my-connect", &json!({"spec": {"image": "worker:2"}})).await?;
    bed.until("all pods to be replaced", async || {
        bed.make_pods_ready().await?;
        let now = pods(&bed).await?;
        Ok(now.len() == 2 && now.iter().all(|(name, uid)| before.get(name) != Some(uid)))
    })
    .await
}

#[tokio::test]
async fn resources_that_are_taken_back_are_taken_back_from_pods_too() -> Result<()> {
    require!(missing_for_control_plane());
    let bed = Bed::new().await?;
    let before = running(&bed, &small()).await?;
    ask(&bed, &large()).await?;
    let is_asked = async || Ok(resources(&bed).await?.contains(&large()));
    bed.until("a pod to be asked", is_asked).await?;
    // The kubelet has done nothing yet, and the template is again the one that the pods were made from.
    ask(&bed, &small()).await?;
    ready(&bed, async || give_resources(&bed.api()).await).await?;
    assert_eq!(resources(&bed).await?, [small(), small()]);
    assert_eq!(pods(&bed).await?, before);
    Ok(())
}

/// Plays the kubelet: it cannot resize this pod. Says so of no pod that has taken its name by now.
async fn refuse(bed: &Bed, name: &str, uid: &str) -> Result<()> {
    let refusal = json!({
        "metadata": {"uid": uid},
        "status": {"conditions": [
            {"type": "PodResizePending", "status": "True", "reason": "Infeasible", "message": "no such node"},
            {"type": "Ready", "status": "True"},
        ]},
    });
    let patch = Patch::Merge(&refusal);
    match bed.api::<Pod>().patch_status(name, &PatchParams::default(), &patch).await {
        Err(kube::Error::Api(status)) if matches!(status.code, 404 | 409 | 422) => Ok(()),
        outcome => Ok(outcome.map(drop)?),
    }
}

#[tokio::test]
async fn pods_that_the_kubelet_cannot_resize_are_replaced() -> Result<()> {
    require!(missing_for_control_plane());
    let bed = Bed::new().await?;
    let before = running(&bed, &small()).await?;
    ask(&bed, &large()).await?;
    ready(&bed, async || {
        bed.make_pods_ready().await?;
        for (name, uid) in pods(&bed).await? {
            if before.get(&name) == Some(&uid) {
                refuse(&bed, &name, &uid).await?;
            }
        }
        Ok(())
    })
    .await?;
    let after = pods(&bed).await?;
    assert!(after.iter().all(|(name, uid)| before.get(name) != Some(uid)), "{before:?} {after:?}");
    Ok(())
}

#[tokio::test]
async fn pods_that_wait_for_room_too_long_are_replaced() -> Result<()> {
    require!(missing_for_control_plane());
    let bed = Bed::with(|settings| settings.resize = Duration::ZERO).await?;
    let before = running(&bed, &small()).await?;
    ask(&bed, &large()).await?;
    // The kubelet says nothing at all.
    ready(&bed, async || bed.make_pods_ready().await).await?;
    let after = pods(&bed).await?;
    assert!(after.iter().all(|(name, uid)| before.get(name) != Some(uid)), "{before:?} {after:?}");
    Ok(())
}

#[tokio::test]
async fn pods_that_the_api_server_does_not_resize_are_replaced() -> Result<()> {
    require!(missing_for_control_plane());
    let bed = Bed::new().await?;
    // From no resources at all to some: a pod keeps its quality of service as long as it lives.
    let before = running(&bed, &json!({})).await?;
    ask(&bed, &small()).await?;
    ready(&bed, async || bed.make_pods_ready().await).await?;
    let after = pods(&bed).await?;
    assert!(after.iter().all(|(name, uid)| before.get(name) != Some(uid)), "{before:?} {after:?}");
    Ok(())
}
