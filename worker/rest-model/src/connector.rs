//! Connectors: what a client creates and what the worker tells about one.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Deserializer, Serialize};

use crate::{ConnectorStateInfo, SettingsPatch, settings::scalar_of};

/// Answer to `GET /connectors/{name}`, and to whatever creates or changes one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConnectorInfo {
    /// The connector's name.
    pub name: String,
    /// Its configuration as stored (placeholders unresolved), including `name`.
    pub config: BTreeMap<String, String>,
    /// The tasks it has now; empty right after creation.
    pub tasks: Vec<TaskId>,
    /// Source or sink.
    #[serde(rename = "type")]
    pub kind: ConnectorKind,
}

/// Which way a connector moves records.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ConnectorKind {
    /// Into Kafka.
    Source,
    /// Out of Kafka.
    Sink,
    /// The class is not known to the worker that answers.
    #[serde(other)]
    Unknown,
}

impl fmt::Display for ConnectorKind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Source => "source",
            Self::Sink => "sink",
            Self::Unknown => "unknown",
        })
    }
}

/// Names one task.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct TaskId {
    /// The connector it belongs to.
    pub connector: String,
    /// Its number, from 0.
    pub task: i32,
}

/// One element of the answer to `GET /connectors/{name}/tasks`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaskInfo {
    /// Which task.
    pub id: TaskId,
    /// Its configuration as stored.
    pub config: BTreeMap<String, String>,
}

/// One value of the answer to `GET /connectors?expand=…`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Expanded {
    /// With `expand=status`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<ConnectorStateInfo>,
    /// With `expand=info`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub info: Option<ConnectorInfo>,
}

/// One value of the answer to `GET /connectors/{name}/topics`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ActiveTopics {
    /// Topics that the connector has used.
    pub topics: Vec<String>,
}

/// Body of `POST /connectors`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CreateConnectorRequest {
    /// The name; a missing one counts as empty, blanks around it do not count.
    #[serde(default, deserialize_with = "trimmed")]
    pub name: String,
    /// The configuration; a worker refuses a request without one.
    pub config: Option<SettingsPatch>,
    /// The state to create it in; running unless said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub initial_state: Option<InitialState>,
}

/// The state that a new connector starts in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum InitialState {
    /// Runs at once.
    Running,
    /// Assigned but moving nothing.
    Paused,
    /// No tasks at all.
    Stopped,
}

impl<'de> Deserialize<'de> for InitialState {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        match text.to_ascii_uppercase().as_str() {
            "RUNNING" => Ok(Self::Running),
            "PAUSED" => Ok(Self::Paused),
            "STOPPED" => Ok(Self::Stopped),
            _ => Err(serde::de::Error::unknown_variant(&text, &["RUNNING", "PAUSED", "STOPPED"])),
        }
    }
}

fn trimmed<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let name = scalar_of(deserializer)?.unwrap_or_default();
    Ok(name.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn info_has_connects_fields_in_connects_order() {
        let info = ConnectorInfo {
            name: "orders".into(),
            config: BTreeMap::from([("name".into(), "orders".into())]),
            tasks: vec![TaskId { connector: "orders".into(), task: 0 }],
            kind: ConnectorKind::Sink,
        };
        let text = r#"{"name":"orders","config":{"name":"orders"},"tasks":[{"connector":"orders","task":0}],"type":"sink"}"#;
        assert_eq!(serde_json::to_string(&info).unwrap(), text);
        assert_eq!(serde_json::from_str::<ConnectorInfo>(text).unwrap(), info);
    }

    #[test]
    fn create_requests_are_read_leniently_where_connect_is_lenient() {
        let full: CreateConnectorRequest = serde_json::from_value(
            json!({"name": " a ", "config": {"tasks.max": 2}, "initial_state": "stopped"}),
        )
        .unwrap();
        assert_eq!(full.name, "a");
        let config = full.config.expect("a configuration");
        assert_eq!(config.0["tasks.max"].as_deref(), Some("2"));
        assert_eq!(full.initial_state, Some(InitialState::Stopped));
        let bare: CreateConnectorRequest =
            serde_json::from_value(json!({"name": null, "config": null})).unwrap();
        assert_eq!(bare.name, "");
        assert_eq!(bare.config, None);
    }

    #[test]
    fn create_requests_with_surprises_are_refused() {
        for body in [json!({"nme": "a"}), json!({"name": "a", "initial_state": "idle"})] {
            assert!(serde_json::from_value::<CreateConnectorRequest>(body).is_err());
        }
    }
}
