//! Clusters, from the resource to ready workers.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use k8s_openapi::api::apps::v1::StatefulSet;
use k8s_openapi::api::core::v1::{ConfigMap, Pod, Service, ServiceAccount};
use k8s_openapi::api::events::v1::Event;
use k8s_openapi::api::networking::v1::NetworkPolicy;
use k8s_openapi::api::policy::v1::PodDisruptionBudget;
use kube::api::{DeleteParams, EvictParams, ListParams, Patch, PatchParams};
use kube::{Api, ResourceExt};
use serde_json::json;
use sluice_crds::KafkaConnect;
use sluice_kit::kubernetes::missing_for_control_plane;
use sluice_kit::require;

use crate::bed::{Bed, words};

/// Versions of everything that the operator writes.
pub(crate) async fn versions(bed: &Bed) -> Result<BTreeMap<String, String>> {
    let mut versions = BTreeMap::new();
    let mut note = |kind: &str, object: &dyn Fn() -> (String, String)| {
        let (name, version) = object();
        versions.insert(format!("{kind}/{name}"), version);
    };
    macro_rules! note_all {
        ($($kind:ty),*) => {$(
            for object in bed.api::<$kind>().list(&ListParams::default()).await? {
                note(stringify!($kind), &|| {
                    (object.name_any(), object.resource_version().unwrap_or_default())
                });
            }
        )*};
    }
    note_all!(KafkaConnect, StatefulSet, ConfigMap, Service, ServiceAccount, PodDisruptionBudget);
    note_all!(NetworkPolicy);
    Ok(versions)
}

#[tokio::test]
async fn a_cluster_becomes_ready_and_looking_again_writes_nothing() -> Result<()> {
    require!(missing_for_control_plane());
    let bed = Bed::new().await?;
    let fresh = bed.cluster("my-connect", &json!({})).await?;
    assert_eq!(fresh.status.context("a status at once")?.observed_generation, Some(-1));

    let cluster = bed.ready_cluster("my-connect").await?;
    let status = cluster.status.context("a status")?;
    assert_eq!(status.observed_generation, cluster.metadata.generation);
    assert_eq!(status.workers.as_deref(), Some("2/2"));
    assert_eq!(status.version.as_deref(), Some("4.3.1"));
    let members: Vec<_> = status.members.iter().map(|it| (it.name.as_str(), it.ready)).collect();
    assert_eq!(members, [("my-connect-connect-0", true), ("my-connect-connect-1", true)]);
    assert_eq!(status.connectors.as_deref(), Some("0/0"));
    assert_eq!(status.connector_plugins.len(), 2);
    let words = words(&status.conditions);
    assert!(!words.iter().any(|word| word.starts_with("Reconciling")), "{words:?}");

    let before = versions(&bed).await?;
    assert_eq!(before.keys().filter(|it| it.contains("my-connect")).count(), 8, "{before:?}");
    // The probe of the workers tells that the operator has looked again.
    let looks = bed.workers.world().looks;
    bed.until("three more looks", async || Ok(bed.workers.world().looks >= looks + 3)).await?;
    assert_eq!(versions(&bed).await?, before);

    let events: Api<Event> = bed.api();
    let events = events.list(&ListParams::default()).await?;
    let ready = events.iter().any(|event| event.reason.as_deref() == Some("AllWorkersReady"));
    assert!(ready, "no event tells that the cluster is ready");
    Ok(())
}

#[tokio::test]
async fn what_somebody_deletes_comes_back_and_all_goes_with_the_cluster() -> Result<()> {
    require!(missing_for_control_plane());
    let bed = Bed::new().await?;
    bed.cluster("my-connect", &json!({})).await?;
    bed.ready_cluster("my-connect").await?;

    let services: Api<Service> = bed.api();
    let name = "my-connect-connect-api";
    let uid = services.get(name).await?.uid();
    services.delete(name, &DeleteParams::default()).await?;
    bed.until("the Service to come back", async || {
        Ok(services.get_opt(name).await?.is_some_and(|service| service.uid() != uid))
    })
    .await?;

    bed.api::<KafkaConnect>().delete("my-connect", &DeleteParams::default()).await?;
    bed.gone::<KafkaConnect>("my-connect").await?;
    bed.gone::<StatefulSet>("my-connect-connect").await?;
    bed.gone::<ConfigMap>("my-connect-connect-config").await
}

#[tokio::test]
async fn a_spec_that_cannot_be_used_stalls_until_it_is_changed() -> Result<()> {
    require!(missing_for_control_plane());
    let bed = Bed::new().await?;
    bed.cluster("my-connect", &json!({"config": {"a": [1]}})).await?;
    bed.until("the refusal", async || {
        let cluster: KafkaConnect = bed.api().get("my-connect").await?;
        let status = cluster.status.unwrap_or_default();
        let stalled = status.conditions.iter().find(|condition| condition.type_ == "Stalled");
        Ok(stalled.is_some_and(|it| it.message.contains("spec.config[a]: is a list")))
    })
    .await?;
    bed.change::<KafkaConnect>("my-connect", &json!({"spec": {"config": {"a": null}}})).await?;
    let cluster = bed.ready_cluster("my-connect").await?;
    let words = words(&cluster.status.context("a status")?.conditions);
    assert!(!words.iter().any(|word| word.starts_with("Stalled")), "{words:?}");
    Ok(())
}

#[tokio::test]
async fn pods_roll_only_for_what_they_read_at_start() -> Result<()> {
    require!(missing_for_control_plane());
    let bed = Bed::new().await?;
    bed.cluster("my-connect", &json!({})).await?;
    bed.ready_cluster("my-connect").await?;
    let sets: Api<StatefulSet> = bed.api();
    let revision = async || -> Result<Option<String>> {
        let set = sets.get("my-connect-connect").await?;
        Ok(set.status.and_then(|status| status.update_revision))
    };
    let first = revision().await?;
    let clusters: Api<KafkaConnect> = bed.api();
    let three = Patch::Merge(json!({"spec": {"replicas": 3}}));
    clusters.patch_scale("my-connect", &PatchParams::default(), &three).await?;
    bed.until("the third worker", async || {
        let set = sets.get("my-connect-connect").await?;
        Ok(set.status.is_some_and(|status| status.replicas == 3))
    })
    .await?;
    assert_eq!(revision().await?, first);
    let scale = clusters.get_scale("my-connect").await?;
    let selector = scale.status.and_then(|status| status.selector).context("a selector")?;
    let pods: Api<Pod> = bed.api();
    assert_eq!(pods.list(&ListParams::default().labels(&selector)).await?.items.len(), 3);
    let change = json!({"spec": {"config": {"offset.flush.interval.ms": 1000}}});
    bed.change::<KafkaConnect>("my-connect", &change).await?;
    bed.until("a new revision", async || Ok(revision().await? != first)).await
}

#[tokio::test]
async fn an_eviction_takes_one_ready_worker_at_a_time() -> Result<()> {
    require!(missing_for_control_plane());
    let bed = Bed::new().await?;
    bed.cluster("my-connect", &json!({"replicas": 3})).await?;
    bed.ready_cluster("my-connect").await?;
    let pods = bed.api::<Pod>();
    let evict = async |name: &str| pods.evict(name, &EvictParams::default()).await;
    // The budget allows nothing before its controller has counted the pods.
    bed.until("the eviction", async || Ok(evict("my-connect-connect-2").await.is_ok())).await?;
    let second = evict("my-connect-connect-1").await;
    let is_too_many = matches!(&second, Err(kube::Error::Api(answer)) if answer.code == 429);
    assert!(is_too_many, "{second:?}");
    // Once the one that was evicted is back and ready, the next one may go.
    bed.ready_cluster_of("my-connect", "3/3").await?;
    bed.until("the next eviction", async || Ok(evict("my-connect-connect-1").await.is_ok())).await
}
