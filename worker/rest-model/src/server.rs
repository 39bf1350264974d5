//! The worker as a whole: root, health, and the body of every error.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::SettingsPatch;

/// Body of every answer that is an error.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ErrorMessage {
    /// The HTTP status again.
    pub error_code: i32,
    /// What went wrong; `null` when an exception had no message.
    pub message: Option<String>,
}

/// Answer to `GET /`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ServerInfo {
    /// Version of the worker.
    pub version: String,
    /// Commit that it was built from.
    pub commit: String,
    /// The Kafka cluster that it works on.
    pub kafka_cluster_id: String,
}

/// Answer to `GET /health`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Health {
    /// One word.
    pub status: HealthStatus,
    /// A sentence for people.
    pub message: String,
}

/// The word in [`Health`]; the HTTP status says the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum HealthStatus {
    /// 200: started, and the control thread answers.
    Healthy,
    /// 503: still starting.
    Starting,
    /// 500: the control thread does not answer.
    Unhealthy,
}

/// A bare sentence: the answer to changed or deleted offsets.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Message {
    /// The sentence.
    pub message: String,
}

/// The level of a logger.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LoggerLevel {
    /// Log4j's name of the level.
    pub level: String,
    /// When it was changed, in milliseconds since the epoch; `null` if it was not.
    pub last_modified: Option<i64>,
}

/// Body of `PUT /admin/loggers/{logger}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(from = "SettingsPatch")]
#[schemars(!from)]
pub struct NewLevel {
    /// Log4j's name of the level, in any spelling; a worker refuses a request without one.
    #[schemars(required)]
    pub level: Option<String>,
}

impl From<SettingsPatch> for NewLevel {
    fn from(SettingsPatch(mut asked): SettingsPatch) -> Self {
        Self { level: asked.remove("level").flatten() }
    }
}
