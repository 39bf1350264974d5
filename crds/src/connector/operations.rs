//! What the operator does with a connector beside running it: restarts, and work on positions.

use kube::KubeSchema;
use serde::{Deserialize, Serialize};

/// Restarts of what fails.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct AutoRestart {
    /// Whether a failed connector or task is restarted. Default: true.
    #[serde(default = "yes")]
    pub enabled: bool,
    /// Most restarts of the connector, and of each task, before it has run well for a while. Default: no limit.
    #[schemars(range(min = 0))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_restarts: Option<i32>,
    /// Seconds before the first restart; each further one waits twice as long, and up to a quarter more at random.
    /// Default: 10.
    #[schemars(range(min = 1, max = 86_400))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub backoff_seconds: Option<i32>,
    /// Longest pause before a restart in seconds. Default: 600.
    #[schemars(range(min = 1, max = 86_400))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_backoff_seconds: Option<i32>,
}

const fn yes() -> bool {
    true
}

/// A restart on demand: once for each new token.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct Restart {
    /// Any text, such as a date. Whenever it changes, the connector is restarted.
    #[schemars(length(min = 1, max = 253))]
    pub token: String,
    /// Whether the tasks are restarted too. Default: true.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub include_tasks: Option<bool>,
    /// Whether only what has failed is restarted. Default: false.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub only_failed: Option<bool>,
}

/// Where the positions of the connector are listed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct ListOffsets {
    /// The ConfigMap that gets them, under the key offsets.json; it is created if it is not there.
    pub to_config_map: ConfigMapName,
}

/// Where new positions of the connector come from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct AlterOffsets {
    /// The ConfigMap that has them, under the key offsets.json.
    pub from_config_map: ConfigMapName,
}

/// A ConfigMap of the same namespace.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
pub struct ConfigMapName {
    /// Its name.
    #[schemars(length(min = 1, max = 253))]
    pub name: String,
}
