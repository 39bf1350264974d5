//! What the operator tells about a connector.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};
use kube::KubeSchema;
use serde::{Deserialize, Serialize};

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
    /// The KafkaConnect that has the connector. Differs from the spec while the connector moves.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cluster: Option<String>,
    /// Namespace of that KafkaConnect, if it is another one than the connector's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cluster_namespace: Option<String>,
    /// Name that the connector has there. Differs from the spec while the connector moves.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// What the workers report, in the shape of Kafka Connect's REST API. Absent while no worker knows the connector.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub connector_status: Option<ConnectorReport>,
    /// Largest number of tasks, as given or else as many as there are.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tasks_max: Option<i32>,
    /// Running tasks of all, for people: 2/3.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tasks_running: Option<String>,
    /// Generation whose settings the workers have.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub applied_generation: Option<i64>,
    /// The ControllerRevision that keeps the settings; the last ten are kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub revision: Option<String>,
    /// What the settings take from Secrets and ConfigMaps: kind/name/key.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub references: Vec<String>,
    /// Topics that the connector has used since it was created or they were reset, the first hundred in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub topics: Vec<String>,
    /// How many topics there are.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub topics_total: Option<i32>,
    /// How far a sink is behind its topics, on workers of Sluice. Renewed once a minute at most, and when it has moved by
    /// a tenth.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lag: Option<Lag>,
    /// The topic of dead letters, on workers of Sluice, if the connector has one. Renewed as lag is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dead_letters: Option<DeadLetters>,
    /// Restarts of what failed; absent while nothing has failed lately.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub auto_restart: Option<AutoRestartStatus>,
    /// The token of the last restart on demand.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub restart_token: Option<String>,
    /// Label selector of the worker pods, for autoscalers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub selector: Option<String>,
}

/// How far a sink is behind its topics.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct Lag {
    /// Records that its group has yet to commit, as far as offsets tell, over all partitions.
    pub records: i64,
    /// Age of the oldest of them in seconds, by its timestamp; absent if it has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seconds: Option<i64>,
    /// When that was so.
    pub time: Time,
    /// Topics that config.topics names and that do not exist, 20 at most.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub absent_topics: Vec<String>,
}

/// The records that a connector has sorted out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
pub struct DeadLetters {
    /// Topic that takes them.
    pub topic: String,
    /// Records in it, as far as offsets tell. Connectors may share a topic.
    pub records: i64,
    /// When that was so.
    pub time: Time,
}

/// Restarts of what failed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct AutoRestartStatus {
    /// Restarts of the connector and its tasks since each last ran well.
    #[serde(default)]
    pub count: i32,
    /// Name of the connector.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub connector_name: String,
    /// The latest restart.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_restart_timestamp: Option<Time>,
    /// The next restart, while one is due.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_restart_timestamp: Option<Time>,
    /// The connector instance and each task that failed lately, the first hundred.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub instances: Vec<InstanceRestarts>,
}

/// Restarts of the connector instance, or of one task.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct InstanceRestarts {
    /// Number of the task; absent for the connector instance.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub task: Option<i32>,
    /// Restarts since it last ran well.
    pub count: i32,
    /// The latest restart.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_restart_timestamp: Option<Time>,
    /// The next restart, while one is due.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_restart_timestamp: Option<Time>,
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
