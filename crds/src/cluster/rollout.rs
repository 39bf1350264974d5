//! How a change reaches the workers.

use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How a change reaches the workers: always one pod at a time, and no further than the first one that cannot run.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct Rollout {
    /// What becomes of a change with which a worker cannot run or tasks fail: Stop (the default) leaves the pods as they
    /// are, Rollback goes back to what they ran well with before. A change that was taken back is not tried again until
    /// the spec, or what it names, changes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub on_failure: Option<OnFailure>,
}

/// What becomes of a change with which workers cannot run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum OnFailure {
    /// The pods stay as they are.
    #[default]
    Stop,
    /// They go back to what they ran well with.
    Rollback,
}
