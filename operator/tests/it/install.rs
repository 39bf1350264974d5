//! Installation as the README says it, up to where an image is pulled.

use anyhow::{Result, ensure};
use sluice_kit::kubernetes::{ControlPlane, missing_for_control_plane};
use sluice_kit::require;

use crate::bed::root;

#[tokio::test]
async fn the_folders_apply_with_plain_kubectl() -> Result<()> {
    require!(missing_for_control_plane());
    let plane = ControlPlane::start().await?;
    let kubectl = plane.kubectl();
    let folder = |path: &str| root().join(path).display().to_string();
    // Client side, where a large CRD does not fit into the annotation.
    kubectl.run(["apply", "-f", &folder("crds")]).await?;
    kubectl.run(["apply", "-k", &folder("deploy/base")]).await?;
    let established = ["wait", "--for=condition=Established", "crd", "--all", "--timeout=60s"];
    kubectl.run(established).await?;
    kubectl.run(["apply", "-k", &folder("deploy/samples/quickstart")]).await?;
    // The same again from the single files changes nothing.
    let again = kubectl.run(["apply", "-f", &folder("deploy/samples/quickstart")]).await?;
    ensure!(again.lines().all(|line| line.ends_with("unchanged")), "{again}");
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
    Ok(())
}
