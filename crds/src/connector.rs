//! `KafkaConnector`: a connector that runs on a cluster.

use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::schema;

/// A connector. The label `sluice.dev/cluster` names the `KafkaConnect` that runs it, in the same namespace.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, CustomResource, KubeSchema)]
#[kube(
    group = "sluice.dev",
    version = "v1alpha1",
    kind = "KafkaConnector",
    plural = "kafkaconnectors",
    shortname = "slctr",
    category = "sluice",
    namespaced,
    cel,
    derive = "PartialEq",
    status = "KafkaConnectorStatus",
    doc = "A connector. The label sluice.dev/cluster names the KafkaConnect that runs it, in the same namespace.",
    scale(
        spec_replicas_path = ".spec.tasksMax",
        status_replicas_path = ".status.tasksMax",
        label_selector_path = ".status.selector"
    ),
    printcolumn(
        name = "Cluster",
        type_ = "string",
        json_path = ".metadata.labels.sluice\\.dev/cluster",
        description = "The KafkaConnect that runs it"
    ),
    printcolumn(
        name = "Tasks",
        type_ = "string",
        json_path = ".status.tasksRunning",
        description = "Running tasks of all"
    ),
    printcolumn(
        name = "Ready",
        type_ = "string",
        json_path = ".status.conditions[?(@.type=='Ready')].status",
        description = "Whether the connector and every task do what was asked"
    ),
    printcolumn(
        name = "Reason",
        type_ = "string",
        json_path = ".status.conditions[?(@.type=='Ready')].reason",
        description = "Why it is or is not ready"
    ),
    printcolumn(name = "Age", type_ = "date", json_path = ".metadata.creationTimestamp"),
    printcolumn(name = "Class", type_ = "string", json_path = ".spec.class", priority = 1),
    printcolumn(
        name = "Message",
        type_ = "string",
        json_path = ".status.conditions[?(@.type=='Ready')].message",
        priority = 1
    )
)]
#[serde(rename_all = "camelCase")]
pub struct KafkaConnectorSpec {
    /// Class of the connector (connector.class): its full name, its short name, or that without the word Connector.
    #[schemars(length(min = 1))]
    pub class: String,
    /// Largest number of tasks (tasks.max). Default: the worker's, which is 1.
    #[schemars(range(min = 1))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tasks_max: Option<i32>,
    /// Version of the plugin (connector.plugin.version): an exact one or a range.
    #[schemars(length(min = 1))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// Settings of the connector. Values are strings, numbers or booleans. The keys name, connector.class, tasks.max
    /// and connector.plugin.version are refused: they have fields of their own.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(schema_with = "schema::free_map")]
    pub config: BTreeMap<String, Value>,
    /// What the connector shall do: running (the default), paused (keeps its tasks, moves nothing) or stopped (has no
    /// tasks).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<TargetState>,
}

/// What the connector shall do: running (the default), paused (keeps its tasks, moves nothing) or stopped (has no
/// tasks).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum TargetState {
    /// Move records.
    #[default]
    Running,
    /// Keep its tasks and move nothing.
    Paused,
    /// Have no tasks.
    Stopped,
}

/// What the operator knows about a connector.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct KafkaConnectorStatus {
    /// Generation of the spec that the rest of the status speaks of; -1 before the operator has looked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
    /// Ready (always there), Reconciling and Stalled (only while True), ConnectorRunning, TasksRunning.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[x_kube(merge_strategy = ListMerge::Map(vec!["type".into()]))]
    pub conditions: Vec<Condition>,
    /// The KafkaConnect that has the connector. Differs from the label while the connector moves.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cluster: Option<String>,
    /// What the workers report, in the shape of Kafka Connect's REST API. Absent while no worker knows the connector.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub connector_status: Option<ConnectorReport>,
    /// Largest number of tasks, as given or else as many as there are.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tasks_max: Option<i32>,
    /// Running tasks of all, for people: 2/3.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tasks_running: Option<String>,
    /// Label selector of the worker pods, for autoscalers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub selector: Option<String>,
}

/// The workers' report on one connector.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
pub struct ConnectorReport {
    /// Name of the connector.
    pub name: String,
    /// source, sink or unknown.
    #[serde(rename = "type")]
    pub kind: String,
    /// The connector instance itself.
    pub connector: InstanceReport,
    /// Its tasks by number.
    #[serde(default)]
    pub tasks: Vec<TaskReport>,
}

/// The workers' report on the connector instance.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
pub struct InstanceReport {
    /// UNASSIGNED, RUNNING, PAUSED, STOPPED, FAILED or RESTARTING.
    pub state: String,
    /// The worker it is on, host:port.
    pub worker_id: String,
    /// First line of what went wrong.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trace: Option<String>,
}

/// The workers' report on one task.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
pub struct TaskReport {
    /// Number of the task.
    pub id: i32,
    /// UNASSIGNED, RUNNING, PAUSED, FAILED or RESTARTING.
    pub state: String,
    /// The worker it is on, host:port.
    pub worker_id: String,
    /// First line of what went wrong.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trace: Option<String>,
}
