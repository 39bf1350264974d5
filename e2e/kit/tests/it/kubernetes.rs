//! The API tier and the node tier, as every other test gets them.

use anyhow::Result;
use sluice_kit::kubernetes::{ControlPlane, Node, missing_for_control_plane};

#[tokio::test]
async fn a_control_plane_runs_its_controllers() -> Result<()> {
    sluice_kit::require!(missing_for_control_plane());
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
    sluice_kit::require!(missing_for_control_plane());
    let client = ControlPlane::shared().await?.client().await?;
    assert_eq!(client.apiserver_version().await?.git_version, "v1.35.8");
    Ok(())
}

#[tokio::test]
async fn a_node_runs_a_restricted_pod_and_restarts_it() -> Result<()> {
    sluice_kit::require!(Node::missing());
    let node = Node::start(&[]).await?;
    let kubectl = node.kubectl();
    let pod = "
apiVersion: v1
kind: Pod
metadata: {name: idle}
spec:
  containers:
    - name: idle
      image: sluice.test/pause:1
      securityContext:
        allowPrivilegeEscalation: false
        readOnlyRootFilesystem: true
        runAsNonRoot: true
        capabilities: {drop: [ALL]}
        seccompProfile: {type: RuntimeDefault}
";
    kubectl.apply(pod).await?;
    kubectl.run(["wait", "--for=condition=Ready", "pod/idle", "--timeout=60s"]).await?;
    node.kill_container("default", "idle", "idle").await?;
    kubectl
        .run([
            "wait",
            "--for=jsonpath={.status.containerStatuses[0].restartCount}=1",
            "pod/idle",
            "--timeout=60s",
        ])
        .await?;
    Ok(())
}
