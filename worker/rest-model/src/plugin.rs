//! The plugins that a worker has: `GET /connector-plugins`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// One plugin.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PluginInfo {
    /// Java class name under which it is configured.
    pub class: String,
    /// What it plugs into.
    #[serde(rename = "type")]
    pub kind: PluginKind,
    /// Its version; left out when undefined.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
}

/// Kinds of plugin, in the order in which a worker lists them.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum PluginKind {
    /// Moves records out of Kafka.
    Sink,
    /// Moves records into Kafka.
    Source,
    /// Changes single records.
    Transformation,
    /// Decides whether a transformation applies.
    Predicate,
    /// Between record values and bytes.
    Converter,
    /// Between header values and bytes.
    HeaderConverter,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_undefined_version_is_left_out() {
        let plugin = PluginInfo {
            class: "org.apache.kafka.connect.storage.SimpleHeaderConverter".into(),
            kind: PluginKind::HeaderConverter,
            version: None,
        };
        assert_eq!(
            serde_json::to_string(&plugin).unwrap(),
            r#"{"class":"org.apache.kafka.connect.storage.SimpleHeaderConverter","type":"header_converter"}"#
        );
    }
}
