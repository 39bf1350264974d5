//! What workers log.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::ConfigMapKeySelector;
use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Levels of loggers, here or in a ConfigMap.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = (
    "self.type != 'external' || has(self.valueFrom)",
    "logging of type external needs valueFrom.configMapKeyRef"
))]
pub struct Logging {
    /// inline: the levels are in loggers; external: they are in a ConfigMap.
    #[serde(rename = "type")]
    pub kind: LoggingType,
    /// Type inline: levels (OFF, ERROR, WARN, INFO, DEBUG, TRACE) by logger. A logger is root, a name of Kafka Connect's
    /// such as org.apache.kafka.connect.runtime.WorkerSinkTask, a module of the worker, or a key of Log4j with such a name
    /// in it: rootLogger.level, logger.a.name and logger.a.level, log4j.logger.NAME.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub loggers: BTreeMap<String, String>,
    /// Type external: where the levels are.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value_from: Option<LoggingSource>,
}

/// inline: the levels are in loggers; external: they are in a ConfigMap.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum LoggingType {
    /// In the resource.
    Inline,
    /// In a ConfigMap.
    External,
}

/// Where levels are.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct LoggingSource {
    /// A key of a ConfigMap: a properties file of Log4j, of which the levels count.
    pub config_map_key_ref: ConfigMapKeySelector,
}
