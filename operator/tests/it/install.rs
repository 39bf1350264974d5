//! Installation as the README says it, up to where an image is pulled.

use std::fs;

use anyhow::{Context, Result, ensure};
use sluice_kit::kubernetes::{
    ControlPlane, Kubectl, foreign_definitions, missing_for_control_plane,
};
use sluice_kit::require;
use tokio::task::spawn_blocking;

use crate::bed::root;
use crate::charts;

const ESTABLISHED: [&str; 5] =
    ["wait", "--for=condition=Established", "crd", "--all", "--timeout=60s"];

fn path(path: &str) -> String {
    root().join(path).display().to_string()
}

#[tokio::test]
async fn the_folders_apply_with_plain_kubectl() -> Result<()> {
    require!(missing_for_control_plane());
    let plane = ControlPlane::start().await?;
    let kubectl = plane.kubectl();
    // Client side, where a large CRD does not fit into the annotation.
    kubectl.run(["apply", "-f", &path("crds")]).await?;
    kubectl.run(["apply", "-k", &path("deploy/base")]).await?;
    kubectl.run(ESTABLISHED).await?;
    kubectl.run(["apply", "-k", &path("deploy/samples/quickstart")]).await?;
    // The same again from the single files changes nothing.
    let again = kubectl.run(["apply", "-f", &path("deploy/samples/quickstart")]).await?;
    ensure!(again.lines().all(|line| line.ends_with("unchanged")), "{again}");
    kubectl.run(["apply", "-f", &path("deploy/samples/positions")]).await?;
    // Restricted as its namespace is, the operator's pod is admitted.
    let here = "--namespace=sluice-system";
    let pod = ["wait", "--for=create", "pod", "-l", "app.kubernetes.io/component=operator", here];
    kubectl.run(pod.into_iter().chain(["--timeout=60s"])).await?;

    let table = kubectl.run(["get", "slc,slctr", "-o", "wide"]).await?;
    for column in ["WORKERS", "TASKS", "READY", "REASON", "MESSAGE", "my-connect", "lines-sink"] {
        ensure!(table.contains(column), "no {column} in\n{table}");
    }
    let explained = kubectl.run(["explain", "kafkaconnects.sluice.dev.spec.tls"]).await?;
    ensure!(explained.contains("trustedCertificates"), "{explained}");
    everything_else_is_accepted(kubectl).await
}

/// Whatever else one may install is what the API server and the kinds of other projects take, to the last field.
async fn everything_else_is_accepted(kubectl: &Kubectl) -> Result<()> {
    let foreign = spawn_blocking(foreign_definitions).await??.display().to_string();
    kubectl.run(["apply", "--server-side", "-f", &foreign]).await?;
    kubectl.run(ESTABLISHED).await?;
    for namespace in ["one", "two", "argocd", "flux-system", charts::NAMESPACE] {
        kubectl.run(["create", "namespace", namespace]).await?;
    }
    let dry = ["apply", "--server-side", "--force-conflicts", "--dry-run=server"];
    for folder in ["deploy/overlays/namespaced", "deploy/monitoring", "deploy/argocd/health"] {
        let folder = ["-k", &path(folder)].map(str::to_owned);
        kubectl.run(dry.map(str::to_owned).iter().chain(&folder)).await?;
    }
    for file in [
        "deploy/argocd/operator.yaml",
        "deploy/argocd/pipeline.yaml",
        "deploy/flux/source.yaml",
        "deploy/flux/operator.yaml",
        "deploy/flux/pipeline.yaml",
    ] {
        let file = ["-f", &path(file)].map(str::to_owned);
        kubectl.run(dry.map(str::to_owned).iter().chain(&file)).await?;
    }
    let rendered = tempfile::NamedTempFile::new()?;
    let file = ["-f", &rendered.path().display().to_string()].map(str::to_owned);
    for (about, values) in charts::switches() {
        fs::write(rendered.path(), charts::text("charts/sluice", &values).await?)?;
        let accepted = kubectl.run(dry.map(str::to_owned).iter().chain(&file)).await;
        accepted.with_context(|| about.to_owned())?;
    }
    Ok(())
}

#[tokio::test]
async fn an_overlay_for_one_namespace_has_no_cluster_role() -> Result<()> {
    require!(missing_for_control_plane());
    let kubectl = ControlPlane::shared().await?.kubectl();
    let all = kubectl.run(["kustomize", &path("deploy/overlays/namespaced")]).await?;
    let kinds: Vec<&str> = all.lines().filter_map(|it| it.strip_prefix("kind: ")).collect();
    for kind in ["ClusterRole", "ClusterRoleBinding"] {
        ensure!(!kinds.contains(&kind), "{kinds:?}");
    }
    for kind in ["Role", "RoleBinding", "Deployment", "CustomResourceDefinition"] {
        ensure!(kinds.contains(&kind), "{kinds:?}");
    }
    ensure!(all.contains("--watch-namespace=sluice-system"), "{all}");
    for word in ["tokenreviews", "--reviews-url", "8443"] {
        ensure!(!all.contains(word), "tokens are asked about with a cluster role alone: {word}");
    }
    Ok(())
}
