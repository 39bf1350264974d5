//! What the operator tells about a cluster.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use kube::KubeSchema;
use serde::{Deserialize, Serialize};

/// What the operator knows about a cluster.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct KafkaConnectStatus {
    /// Generation of the spec that the rest of the status speaks of; -1 before the operator has looked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
    /// Ready (always there), Reconciling and Stalled (only while True), ConfigValid, WorkersReady, GroupReachable, Warning
    /// (only while something of the spec has no effect), ReconciliationPaused (only while True).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[x_kube(merge_strategy = ListMerge::Map(vec!["type".into()]))]
    pub conditions: Vec<Condition>,
    /// Where the REST API of the workers answers inside the Kubernetes cluster. Absent without workers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// Workers that exist, ready or not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub replicas: Option<i32>,
    /// Workers that are ready.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ready_replicas: Option<i32>,
    /// Ready workers of desired ones, for people: 2/3.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub workers: Option<String>,
    /// Label selector of the worker pods, for autoscalers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub selector: Option<String>,
    /// Version that the workers report.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// Identity of the Kafka cluster that the workers report.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kafka_cluster_id: Option<String>,
    /// The worker pods, the first hundred.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 100))]
    pub members: Vec<Member>,
    /// Image of the workers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub image: Option<String>,
    /// The worker that leads the group, by its pod.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub leader: Option<String>,
    /// Stable, or Rebalancing while connectors or tasks are on their way to a worker. Absent while the workers do not
    /// answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub group_state: Option<GroupState>,
    /// Running connectors of all, for people: 2/3.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub connectors: Option<String>,
    /// Running tasks of all, for people: 5/6.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tasks: Option<String>,
    /// How far the worker pods support exactly-once sources, while not all are disabled: preparing, enabled; several while
    /// that changes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub exactly_once_source: Vec<String>,
    /// The ControllerRevision with what the workers last ran well with; only with spec.rollout.onFailure: Rollback.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub good_revision: Option<String>,
    /// The change that was taken back, until there is another one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rolled_back: Option<RolledBack>,
    /// Connectors that the workers have, the first two hundred.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 200))]
    pub connector_plugins: Vec<ConnectorPlugin>,
}

/// A change with which workers could not run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
pub struct RolledBack {
    /// Digest of the pods and the worker file that could not run.
    pub change: String,
    /// The ControllerRevision that the workers went back to.
    pub revision: String,
    /// What went wrong.
    pub message: String,
}

/// A worker pod.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct Member {
    /// Name of the pod.
    pub name: String,
    /// Whether it has joined the group and answers.
    pub ready: bool,
    /// Revision of the pod template that it was made from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub revision: Option<String>,
}

/// Whether a group has settled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub enum GroupState {
    /// All connectors and tasks have a worker.
    Stable,
    /// Some are on their way to a worker.
    Rebalancing,
}

/// A connector that can be run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
pub struct ConnectorPlugin {
    /// Java class name under which it is configured.
    pub class: String,
    /// source or sink.
    #[serde(rename = "type")]
    pub kind: String,
    /// Its version.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
}
