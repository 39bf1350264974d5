//! `KafkaConnector`: a connector that runs on a cluster.

use std::collections::BTreeMap;

use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::schema;

pub mod connect_rest;
pub mod operations;
pub mod status;

use connect_rest::ConnectRest;
use operations::{AlterOffsets, AutoRestart, ListOffsets, Restart};
use status::KafkaConnectorStatus;

/// A connector. `spec.cluster` or the label `sluice.dev/cluster` names the `KafkaConnect` that runs it, in the same
/// namespace unless `spec.clusterNamespace` names another.
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
    doc = "A connector. spec.cluster or the label sluice.dev/cluster names the KafkaConnect that runs it, in the same namespace unless spec.clusterNamespace names another.",
    scale(
        spec_replicas_path = ".spec.tasksMax",
        status_replicas_path = ".status.tasksMax",
        label_selector_path = ".status.selector"
    ),
    printcolumn(
        name = "Cluster",
        type_ = "string",
        json_path = ".status.cluster",
        description = "The KafkaConnect that has it"
    ),
    printcolumn(
        name = "Tasks",
        type_ = "string",
        json_path = ".status.tasksRunning",
        description = "Running tasks of all"
    ),
    printcolumn(
        name = "Lag",
        type_ = "integer",
        json_path = ".status.lag.records",
        description = "Records that a sink has yet to read"
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
    printcolumn(
        name = "Warning",
        type_ = "string",
        json_path = ".status.conditions[?(@.type=='Warning')].reason",
        description = "What is missing or has no effect"
    ),
    printcolumn(name = "Age", type_ = "date", json_path = ".metadata.creationTimestamp"),
    printcolumn(name = "Class", type_ = "string", json_path = ".spec.class", priority = 1),
    printcolumn(
        name = "Dead-Letters",
        type_ = "integer",
        json_path = ".status.deadLetters.records",
        description = "Records in the connector's topic of dead letters",
        priority = 1
    ),
    printcolumn(
        name = "Message",
        type_ = "string",
        json_path = ".status.conditions[?(@.type=='Ready')].message",
        priority = 1
    )
)]
#[serde(rename_all = "camelCase")]
#[x_kube(
    validation = (
        "!(has(self.cluster) && has(self.connectRest))",
        "give one of cluster and connectRest"
    ),
    validation = (
        "!(has(self.clusterNamespace) && has(self.connectRest))",
        "give one of clusterNamespace and connectRest"
    )
)]
pub struct KafkaConnectorSpec {
    /// The KafkaConnect that runs the connector. The label sluice.dev/cluster says the same: one of the two is enough,
    /// and both must agree.
    #[schemars(length(min = 1, max = 63))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cluster: Option<String>,
    /// Namespace of the KafkaConnect. Default: that of the connector. Another one has to let this namespace in, by its
    /// spec.allowedNamespaces; Secrets and ConfigMaps that the connector names are those of its own namespace all the
    /// same.
    #[schemars(length(min = 1, max = 63), regex(pattern = r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$"))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cluster_namespace: Option<String>,
    /// A Kafka Connect cluster that the operator does not run. Takes the place of cluster and label.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub connect_rest: Option<ConnectRest>,
    /// Name of the connector in Kafka Connect. Default: the name of the resource. Another name later is another
    /// connector: the former one is deleted.
    #[schemars(length(min = 1, max = 200))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
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
    /// Settings of the connector. Values are strings, numbers or booleans, or one of secretKeyRef and configMapKeyRef
    /// with name and key: then the workers are given the value, and nothing that can be read shows it. The keys name, connector.class, tasks.max
    /// and connector.plugin.version are refused: they have fields of their own.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(schema_with = "schema::free_map")]
    pub config: BTreeMap<String, Value>,
    /// What the connector shall do: running (the default), paused (keeps its tasks, moves nothing) or stopped (has no
    /// tasks).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<TargetState>,
    /// Name of a ControllerRevision of this connector: while it is given, the connector runs with the class, tasksMax,
    /// version and config of that revision in place of those of the spec. status.revision names the present one.
    #[schemars(length(min = 1, max = 253))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rollback_to: Option<String>,
    /// Restarts of what fails. Default: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub auto_restart: Option<AutoRestart>,
    /// A restart on demand.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub restart: Option<Restart>,
    /// Where the annotation sluice.dev/connector-offsets=list writes the positions of the connector.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub list_offsets: Option<ListOffsets>,
    /// Where the annotation sluice.dev/connector-offsets=alter takes the positions of the stopped connector from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub alter_offsets: Option<AlterOffsets>,
    /// What becomes of the connector when the resource is deleted: Delete (the default) deletes it, Stop stops it and
    /// keeps its settings and positions, Orphan leaves it as it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deletion_policy: Option<DeletionPolicy>,
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

/// What becomes of the connector when the resource is deleted: Delete (the default) deletes it, Stop stops it and
/// keeps its settings and positions, Orphan leaves it as it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub enum DeletionPolicy {
    /// Delete it.
    #[default]
    Delete,
    /// Stop it; settings and positions stay.
    Stop,
    /// Leave it as it is.
    Orphan,
}
