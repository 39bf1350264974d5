//! The chart, as Helm installs it.

use anyhow::Result;
use sluice_kit::kubernetes::Node;

use super::stage::{ROOT, available, images, turn};

#[tokio::test]
async fn helm_installs_waits_and_keeps_what_users_made() -> Result<()> {
    sluice_kit::require!(Node::missing());
    let _turn = turn().await;
    let node = Node::start(images().await?).await?;
    let chart = format!("{ROOT}/charts/sluice");
    let namespaced = ["--namespace", "sluice", "--wait", "--timeout=120s"];
    let install = ["install", "sluice", &chart, "--create-namespace"];
    node.helm(install.iter().chain(&namespaced)).await?;
    available(node.kubectl(), "sluice").await?;
    let cluster = "
apiVersion: sluice.dev/v1alpha1
kind: KafkaConnect
metadata: {name: mine, namespace: default}
spec:
  replicas: 0
  bootstrapServers: kafka:9092
  groupId: mine
  configStorageTopic: mine-configs
  statusStorageTopic: mine-status
  offsetStorageTopic: mine-offsets
";
    node.kubectl().apply(cluster).await?;
    let reconciled = ["wait", "--for=create", "statefulset/mine-connect", "--timeout=60s"];
    node.kubectl().run(reconciled).await?;
    node.helm(["uninstall", "sluice"].iter().chain(&namespaced)).await?;
    node.kubectl().run(["get", "kafkaconnects.sluice.dev/mine"]).await?;
    Ok(())
}
