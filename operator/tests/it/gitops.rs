//! Flux's own controllers bring a repository into a real cluster, by the examples of deploy/flux as they are: they apply,
//! wait for what kstatus says, apply again, give up on what is stalled, and prune.
//!
//! It is done twice: with an archive whose address and digest the test writes where source-controller would, and with
//! that controller, which fetches with Git. Both take minutes to build, so this is for a soak alone.

use std::fmt::Write as _;
use std::fs;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use k8s_openapi::jiff::Timestamp;
use kube::Client;
use ring::digest;
use serde_json::{Value, json};
use sluice_crds::KafkaConnector;
use sluice_kit::kubernetes::{
    ControlPlane, FLUX_NAMESPACE, Flux, Kubectl, foreign_definitions, missing_for_control_plane,
};
use sluice_kit::{require, wait};
use tokio::task::{JoinSet, spawn_blocking};

use crate::applied::{soak, versions};
use crate::bed::{Bed, root};
use crate::upgrades::kubelet;

mod repository;

use repository::Repository;

/// Flux looks at what it waits for every five seconds.
const PATIENCE: Duration = Duration::from_mins(3);
/// The namespace of the sample, and the name of what brings it.
const PIPELINE: &str = "quickstart";
const SINK: &str = "deploy/samples/quickstart/lines-sink.yaml";

#[tokio::test]
async fn flux_syncs_the_samples_waits_for_ready_and_prunes() -> Result<()> {
    require!(missing_for_control_plane());
    if soak().is_some() {
        for fetches in [false, true] {
            synced(fetches).await.with_context(|| format!("Flux fetches by itself: {fetches}"))?;
        }
    }
    Ok(())
}

async fn synced(fetches: bool) -> Result<()> {
    let mut scene = Scene::set(fetches).await?;
    let first = scene.repository.commit()?;
    scene.publish(&first).await?;
    scene.ready_at(&first).await.context("the first sync")?;
    for connector in ["lines-source", "lines-sink", "orders"] {
        scene.bed.connector_is(connector, "Ready=True Running").await?;
    }

    // The same again, once all is at rest: nothing moves.
    scene.again(&first, "second").await.context("the second sync")?;
    let before = versions(&scene.bed).await?;
    scene.again(&first, "third").await.context("the third sync")?;
    assert_eq!(versions(&scene.bed).await?, before);

    // What needs a person fails the rollout at once, not after the five minutes that the example gives it.
    let sound = fs::read_to_string(scene.repository.file(SINK))?;
    let lacks = format!("{sound}    p: {{secretKeyRef: {{name: missing, key: k}}}}\n");
    fs::write(scene.repository.file(SINK), lacks)?;
    let broken = scene.repository.commit()?;
    scene.publish(&broken).await?;
    let told = scene.failed_at(&broken).await.context("the sync of what is stalled")?;
    ensure!(told.contains("lines-sink"), "{told}");

    fs::write(scene.repository.file(SINK), sound)?;
    fs::remove_file(scene.repository.file("deploy/samples/quickstart/orders.yaml"))?;
    let list = scene.repository.file("deploy/samples/quickstart/Kustomization");
    let resources = fs::read_to_string(&list)?.replace("  - orders.yaml\n", "");
    fs::write(&list, resources)?;
    let smaller = scene.repository.commit()?;
    scene.publish(&smaller).await?;
    scene.ready_at(&smaller).await.context("the sync without a connector")?;
    scene.bed.gone::<KafkaConnector>("orders").await?;
    let left: Vec<String> = scene.bed.workers.world().connectors.keys().cloned().collect();
    assert_eq!(left, ["lines-sink", "lines-source"], "the workers have what the repository has");
    Ok(())
}

/// A cluster with Flux, an operator, and workers that are played.
struct Scene {
    plane: ControlPlane,
    repository: Repository,
    bed: Bed,
    flux: Flux,
    /// Whether Flux fetches by itself.
    fetches: bool,
    _kubelet: JoinSet<()>,
}

impl Scene {
    async fn set(fetches: bool) -> Result<Self> {
        let plane = ControlPlane::start().await?;
        let client = plane.client().await?;
        let kubectl = plane.kubectl();
        let foreign = spawn_blocking(foreign_definitions).await??.display().to_string();
        kubectl.run(["apply", "--server-side", "-f", &foreign]).await?;
        let established = ["wait", "--for=condition=Established", "crd", "--all"];
        kubectl.run(established.into_iter().chain(["--timeout=60s"])).await?;
        kubectl.run(["create", "namespace", FLUX_NAMESPACE]).await?;
        let repository = Repository::new().await?;
        apply_examples(kubectl, &repository).await?;
        let flux = Flux::start(plane.kubeconfig(), fetches).await?;
        let bed = operator(&client).await?;
        let kubelet = kubelet(&client);
        Ok(Self { plane, repository, bed, flux, fetches, _kubelet: kubelet })
    }

    /// Has Flux see a revision.
    async fn publish(&self, revision: &str) -> Result<()> {
        let source = "gitrepositories.source.toolkit.fluxcd.io/sluice";
        if self.fetches {
            return self.ask(source, revision).await;
        }
        let name = format!("{}.tar.gz", revision.rsplit(':').next().unwrap_or_default());
        let (bytes, url) = self.repository.archive(&name)?;
        let mut sum = "sha256:".to_owned();
        for byte in digest::digest(&digest::SHA256, &bytes).as_ref() {
            write!(sum, "{byte:02x}")?;
        }
        let (path, time) = (name, Timestamp::now().to_string());
        let artifact = json!({
            "path": path, "url": url, "revision": revision, "digest": sum, "lastUpdateTime": time,
        });
        let status = json!({"status": {"artifact": artifact}}).to_string();
        let patch = ["patch", source, "--subresource=status", "--type=merge", "-p", &status];
        self.flux_kubectl(&patch).await.map(drop)
    }

    /// Asks Flux to look at something now.
    async fn ask(&self, object: &str, token: &str) -> Result<()> {
        let asked = format!("reconcile.fluxcd.io/requestedAt={token}");
        self.flux_kubectl(&["annotate", "--overwrite", object, &asked]).await.map(drop)
    }

    async fn flux_kubectl(&self, arguments: &[&str]) -> Result<String> {
        let here = ["--namespace", FLUX_NAMESPACE];
        self.plane.kubectl().run(here.iter().chain(arguments)).await
    }

    /// Waits until the sample is applied and all of it is well.
    async fn ready_at(&mut self, revision: &str) -> Result<()> {
        self.until(|status, ready| {
            ensure!(ready["status"] == "True", "{ready}");
            ensure!(status["lastAppliedRevision"] == revision, "{status}");
            Ok(())
        })
        .await
    }

    /// Waits until Flux has given up on a revision; returns why.
    async fn failed_at(&mut self, revision: &str) -> Result<String> {
        let mut told = String::new();
        self.until(|status, ready| {
            ensure!(ready["status"] == "False", "{ready}");
            ensure!(ready["reason"] == "HealthCheckFailed", "{ready}");
            ensure!(status["lastAttemptedRevision"] == revision, "{status}");
            told = ready["message"].to_string();
            Ok(())
        })
        .await?;
        Ok(told)
    }

    /// Has Flux apply what it has applied already.
    async fn again(&mut self, revision: &str, token: &str) -> Result<()> {
        self.ask(&format!("kustomizations.kustomize.toolkit.fluxcd.io/{PIPELINE}"), token).await?;
        self.until(|status, ready| {
            ensure!(ready["status"] == "True", "{ready}");
            ensure!(status["lastHandledReconcileAt"] == token, "{status}");
            ensure!(status["lastAppliedRevision"] == revision, "{status}");
            Ok(())
        })
        .await
    }

    /// Waits until the status of the pipeline is so; it is told with its Ready condition.
    async fn until(&mut self, mut is_so: impl FnMut(&Value, &Value) -> Result<()>) -> Result<()> {
        let held = wait::until_ok(PATIENCE, "Flux", async || {
            self.flux.check()?;
            let kind = "kustomizations.kustomize.toolkit.fluxcd.io";
            let told = self.flux_kubectl(&["get", kind, PIPELINE, "-o", "json"]).await?;
            let told: Value = serde_json::from_str(&told)?;
            let (status, nothing) = (&told["status"], Value::Null);
            let mut conditions = status["conditions"].as_array().into_iter().flatten();
            let ready = conditions.find(|it| it["type"] == "Ready").unwrap_or(&nothing);
            ensure!(status["observedGeneration"] == told["metadata"]["generation"], "{status}");
            is_so(status, ready)
        })
        .await;
        held.with_context(|| self.flux.tail())
    }
}

/// Applies the examples, with this repository's address in place of the one that they tell to change, and plays who
/// provides volumes.
async fn apply_examples(kubectl: &Kubectl, repository: &Repository) -> Result<()> {
    let example = |name: &str| root().join("deploy/flux").join(name);
    let source = fs::read_to_string(example("source.yaml"))?;
    let placeholder = "https://git.example.com/platform/sluice.git";
    ensure!(source.contains(placeholder), "{source}");
    kubectl.apply(&source.replace(placeholder, &repository.url())).await?;
    for name in ["operator.yaml", "pipeline.yaml"] {
        kubectl.run(["apply", "-f", &example(name).display().to_string()]).await?;
    }
    let volume = json!({
        "apiVersion": "v1",
        "kind": "PersistentVolume",
        "metadata": {"name": "quickstart-files"},
        "spec": {
            "accessModes": ["ReadWriteMany"],
            "capacity": {"storage": "1Gi"},
            "claimRef": {"namespace": PIPELINE, "name": "quickstart-files"},
            "hostPath": {"path": "/nowhere"},
        },
    });
    kubectl.apply(&volume.to_string()).await.map(drop)
}

/// An operator for the namespace of the sample; the pods of the one that Flux installs are only played.
async fn operator(client: &Client) -> Result<Bed> {
    let alone = |settings: &mut sluice_operator::Settings| settings.election = None;
    Bed::within_and(client.clone(), PIPELINE.to_owned(), client.clone(), alone).await
}
