//! What the operator tells about work on positions.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};
use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::position::Position;

/// What became of the operation.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct KafkaConnectorOffsetsStatus {
    /// Generation of the spec that the rest of the status speaks of; -1 before the operator has looked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
    /// Ready (always there): whether it was done. Reconciling and Stalled (only while True).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[x_kube(merge_strategy = ListMerge::Map(vec!["type".into()]))]
    pub conditions: Vec<Condition>,
    /// Pending: nothing was changed yet. Running: the workers were asked, or are about to be. Succeeded, Failed: it has
    /// ended, and will not be done again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phase: Option<OffsetsPhase>,
    /// When the change began.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub start_time: Option<Time>,
    /// When it ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub completion_time: Option<Time>,
    /// The ConfigMap with all positions as they were before, under the key offsets.json. It goes with the operation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub backup: Option<String>,
    /// The KafkaConnector as it was when the change began: if it was changed since, the change is not tried again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub began_with: Option<ConnectorVersion>,
    /// Positions before, the first hundred.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub before: Vec<Position>,
    /// How many there were.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub before_total: Option<i32>,
    /// Positions after, or what they would be; the first hundred.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub after: Vec<Position>,
    /// How many there are then.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after_total: Option<i32>,
}

/// A KafkaConnector at one time.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
pub struct ConnectorVersion {
    /// Its uid.
    pub uid: String,
    /// Its generation.
    pub generation: i64,
}

/// How far an operation has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub enum OffsetsPhase {
    /// Nothing was changed yet.
    Pending,
    /// The workers were asked, or are about to be.
    Running,
    /// Done.
    Succeeded,
    /// Not done, or not wholly.
    Failed,
}

impl OffsetsPhase {
    /// Whether nothing happens any more.
    pub const fn is_over(self) -> bool {
        matches!(self, Self::Succeeded | Self::Failed)
    }
}
