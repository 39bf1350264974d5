//! What GitOps does all day: the same manifests again. Nothing may move.

use std::env;
use std::time::Duration;

use anyhow::{Result, ensure};
use k8s_openapi::api::core::v1::{Pod, Secret};
use k8s_openapi::api::events::v1::Event;
use kube::api::ListParams;
use kube::{Resource, ResourceExt};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use sluice_crds::KafkaConnector;
use sluice_kit::kubernetes::{ControlPlane, missing_for_control_plane};
use sluice_kit::require;
use tokio::time::{Instant, interval};

use crate::bed::{Bed, cluster, connector};
use crate::clusters;

/// As many seconds as `SLUICE_SOAK_SECONDS` says, if it is set.
pub(crate) fn soak() -> Option<Duration> {
    let seconds = env::var("SLUICE_SOAK_SECONDS").ok()?.parse().ok()?;
    Some(Duration::from_secs(seconds))
}

async fn versions_of<K>(bed: &Bed) -> Result<Vec<(String, Option<String>)>>
where
    K: Resource<Scope = k8s_openapi::NamespaceResourceScope, DynamicType = ()>
        + Clone
        + std::fmt::Debug
        + DeserializeOwned,
{
    let objects = bed.api::<K>().list(&ListParams::default()).await?;
    let version = |it: &K| (format!("{} {}", K::kind(&()), it.name_any()), it.resource_version());
    Ok(objects.iter().map(version).collect())
}

/// Versions of everything in the namespace, events among them.
pub(crate) async fn versions(bed: &Bed) -> Result<Vec<(String, Option<String>)>> {
    let of_cluster = clusters::versions(bed).await?;
    let mut all: Vec<_> = of_cluster.into_iter().map(|(name, it)| (name, Some(it))).collect();
    all.extend(versions_of::<KafkaConnector>(bed).await?);
    all.extend(versions_of::<Pod>(bed).await?);
    all.extend(versions_of::<Secret>(bed).await?);
    all.extend(versions_of::<Event>(bed).await?);
    Ok(all)
}

#[tokio::test]
async fn applying_the_same_again_moves_nothing() -> Result<()> {
    require!(missing_for_control_plane());
    let bed = Bed::new().await?;
    let kubectl = ControlPlane::shared().await?.kubectl();
    let list = |items: &[Value]| json!({"apiVersion": "v1", "kind": "List", "items": items});
    let settings = json!({"class": "X", "tasksMax": 1, "config": {"a": 1, "b": true}});
    let by_kubectl = list(&[
        cluster("my-connect", &json!({"config": {"offset.flush.interval.ms": 5000}})),
        connector("orders", &settings),
    ]);
    let by_gitops = list(&[
        connector("rests", &json!({"class": "X", "state": "paused"})),
        connector("ends", &json!({"class": "X", "state": "stopped"})),
    ]);
    let folder = tempfile::tempdir()?;
    let file = |name: &str, list: &Value| -> Result<String> {
        let path = folder.path().join(name);
        std::fs::write(&path, list.to_string())?;
        Ok(format!("--filename={}", path.display()))
    };
    let (by_kubectl, by_gitops) = (file("a.yaml", &by_kubectl)?, file("b.yaml", &by_gitops)?);
    let here = format!("--namespace={}", bed.namespace);
    // Some as kubectl does by itself, some as Argo CD and Flux do.
    let apply = async || {
        kubectl.run(["apply", &by_kubectl, &here]).await?;
        let manager = "--field-manager=gitops";
        kubectl
            .run(["apply", "--server-side", "--force-conflicts", manager, &by_gitops, &here])
            .await
    };
    apply().await?;
    bed.ready_cluster("my-connect").await?;
    for (name, reason) in [("orders", "Running"), ("rests", "Paused"), ("ends", "Stopped")] {
        bed.connector_is(name, &format!("Ready=True {reason}")).await?;
    }
    let mut before = versions(&bed).await?;
    bed.until("everything to be at rest", async || {
        apply().await?;
        let now = versions(&bed).await?;
        let rests = now == before;
        before = now;
        Ok(rests)
    })
    .await?;

    let (end, writes) =
        (Instant::now() + soak().unwrap_or(Duration::from_mins(1)), bed.workers.world().writes);
    let looks = bed.workers.world().looks;
    let mut pace = interval(Duration::from_secs(5));
    while Instant::now() < end {
        pace.tick().await;
        apply().await?;
        let now = versions(&bed).await?;
        let moved: Vec<_> = now.iter().filter(|it| !before.contains(it)).collect();
        ensure!(now == before, "something moved: {moved:?}");
    }
    // The operator has looked all the time, and asked the workers for no change.
    ensure!(bed.workers.world().looks > looks + 20, "the operator has not looked");
    ensure!(bed.workers.world().writes == writes, "the workers were told to change");
    Ok(())
}
