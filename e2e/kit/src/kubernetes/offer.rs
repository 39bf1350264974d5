//! What pods find beside themselves: names for servers in the machine's network, volumes of folders on the host.

use std::path::Path;

use anyhow::Result;
use serde_json::json;

use super::Node;

impl Node {
    /// Gives a server that listens on a port of [`Node::ADDRESS`] a name and another port in a namespace: a Service
    /// without pods.
    pub async fn offer_server(
        &self,
        namespace: &str,
        (name, port): (&str, u16),
        listens_on: u16,
    ) -> Result<()> {
        let service = json!({
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {"name": name, "namespace": namespace},
            "spec": {"ports": [{"name": "server", "port": port, "targetPort": listens_on}]},
        });
        let endpoints = json!({
            "apiVersion": "discovery.k8s.io/v1",
            "kind": "EndpointSlice",
            "metadata": {
                "name": name,
                "namespace": namespace,
                "labels": {"kubernetes.io/service-name": name},
            },
            "addressType": "IPv4",
            "ports": [{"name": "server", "port": listens_on}],
            "endpoints": [{"addresses": [Self::ADDRESS.to_string()]}],
        });
        self.kubectl().apply(&format!("{service}\n---\n{endpoints}")).await?;
        Ok(())
    }

    /// Offers a folder as a volume that many pods may write to, for the claim of this name.
    pub async fn offer_volume(&self, namespace: &str, claim: &str, folder: &Path) -> Result<()> {
        let volume = json!({
            "apiVersion": "v1",
            "kind": "PersistentVolume",
            "metadata": {"name": format!("{namespace}-{claim}")},
            "spec": {
                "accessModes": ["ReadWriteMany"],
                "capacity": {"storage": "10Gi"},
                "claimRef": {"namespace": namespace, "name": claim},
                "hostPath": {"path": folder, "type": "Directory"},
                "persistentVolumeReclaimPolicy": "Retain",
            },
        });
        self.kubectl().apply(&volume.to_string()).await?;
        Ok(())
    }
}
