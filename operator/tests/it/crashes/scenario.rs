//! What is asked of the operator.

use anyhow::Result;
use kube::api::{Patch, PatchParams, PostParams};
use kube::{Api, Client};
use serde_json::{Value, json};
use sluice_crds::KafkaConnect;

use crate::bed::{cluster, words};
use crate::workers::Workers;

mod arrival;

/// Name of the one cluster.
const CLUSTER: &str = "my-connect";

/// What is asked while writes are counted.
#[derive(Clone, Copy, Debug)]
pub(super) enum Scenario {
    /// Something of all that the operator writes for resources that come.
    Arrival,
    /// Other CPU and memory for workers that run.
    Resize,
    /// Exactly-once sources, which come in two rolls.
    ExactlyOnce,
}

impl Scenario {
    /// Creates what there is before there is an operator.
    pub(super) async fn arrange(
        self,
        client: &Client,
        namespace: &str,
        workers: &Workers,
    ) -> Result<()> {
        let spec = match self {
            Self::Arrival => return arrival::arrange(client, namespace, workers).await,
            Self::Resize => json!({"replicas": 2, "resources": resources("500m", "512Mi")}),
            Self::ExactlyOnce => json!({"replicas": 1}),
        };
        let clusters: Api<KafkaConnect> = Api::namespaced(client.clone(), namespace);
        let object = serde_json::from_value(cluster(CLUSTER, &spec))?;
        clusters.create(&PostParams::default(), &object).await?;
        Ok(())
    }

    /// What is asked once everything is as it was arranged; none if what was arranged is all.
    pub(super) fn change(self) -> Option<Value> {
        let spec = match self {
            Self::Arrival => return None,
            Self::Resize => json!({"resources": resources("1", "1Gi")}),
            Self::ExactlyOnce => json!({"config": {"exactly.once.source.support": "enabled"}}),
        };
        Some(json!({"spec": spec}))
    }

    /// What is not yet as it was asked for.
    pub(super) async fn missing(
        self,
        client: &Client,
        namespace: &str,
        workers: &Workers,
    ) -> Result<Vec<String>> {
        let clusters: Api<KafkaConnect> = Api::namespaced(client.clone(), namespace);
        let cluster = clusters.get(CLUSTER).await?;
        let status = cluster.status.unwrap_or_default();
        let conditions = words(&status.conditions);
        let is_ready = conditions.iter().any(|word| word.starts_with("Ready=True"));
        if !is_ready || status.observed_generation != cluster.metadata.generation {
            return Ok(vec![format!("the cluster: {conditions:?}")]);
        }
        match self {
            Self::Arrival => arrival::missing(client, namespace, workers).await,
            Self::Resize | Self::ExactlyOnce => Ok(Vec::new()),
        }
    }
}

/// Asks for a change.
pub(super) async fn ask(client: &Client, namespace: &str, change: &Value) -> Result<()> {
    let clusters: Api<KafkaConnect> = Api::namespaced(client.clone(), namespace);
    clusters.patch(CLUSTER, &PatchParams::default(), &Patch::Merge(change)).await?;
    Ok(())
}

fn resources(cpu: &str, memory: &str) -> Value {
    json!({"requests": {"cpu": cpu, "memory": memory}, "limits": {"memory": memory}})
}
