//! The API tier and the node tier, as every other test gets them.

use anyhow::Result;
use sluice_kit::kubernetes::ControlPlane;

#[tokio::test]
async fn a_control_plane_runs_its_controllers() -> Result<()> {
    let plane = ControlPlane::start().await?;
    let kubectl = plane.kubectl();
    kubectl
        .apply(
            r"
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: pair, namespace: default}
spec:
  replicas: 2
  podManagementPolicy: Parallel
  serviceName: pair
  selector: {matchLabels: {app: pair}}
  template:
    metadata: {labels: {app: pair}}
    spec: {containers: [{name: it, image: it}]}
",
        )
        .await?;
    kubectl.run(["wait", "--for=create", "pod/pair-0", "pod/pair-1", "--timeout=20s"]).await?;
    let version = kubectl.run(["version"]).await?;
    assert!(version.contains("Server Version: v1.35.8"), "{version}");
    Ok(())
}

#[cfg(feature = "kubernetes")]
#[tokio::test]
async fn a_client_reads_the_shared_control_plane() -> Result<()> {
    let client = ControlPlane::shared().await?.client().await?;
    assert_eq!(client.apiserver_version().await?.git_version, "v1.35.8");
    Ok(())
}
