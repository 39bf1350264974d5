//! Connectors: what a client creates and what the worker tells about one.

use std::collections::BTreeMap;
use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};

use crate::{ConnectorStateInfo, SettingsPatch, fields::Fields, settings::scalar_of};

/// Answer to `GET /connectors/{name}`, and to whatever creates or changes one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
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
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
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
#[derive(
    Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
pub struct TaskId {
    /// The connector it belongs to.
    pub connector: String,
    /// Its number, from 0.
    pub task: i32,
}

/// One element of the answer to `GET /connectors/{name}/tasks`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TaskInfo {
    /// Which task.
    pub id: TaskId,
    /// Its configuration as stored.
    pub config: BTreeMap<String, String>,
}

/// Answer to `GET /connectors`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Listed {
    /// Their names.
    Names(Vec<String>),
    /// With `expand`, what was asked for by name.
    Expanded(BTreeMap<String, Expanded>),
}

/// One value of the answer to `GET /connectors?expand=…`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Expanded {
    /// With `expand=status`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<ConnectorStateInfo>,
    /// With `expand=info`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub info: Option<ConnectorInfo>,
}

/// One value of the answer to `GET /connectors/{name}/topics`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ActiveTopics {
    /// Topics that the connector has used.
    pub topics: Vec<String>,
}

/// Body of `POST /connectors`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "Fields")]
#[schemars(!try_from)]
pub struct CreateConnectorRequest {
    /// The name; a missing one counts as empty, blanks around it do not count.
    pub name: String,
    /// The configuration; a worker refuses a request without one.
    #[schemars(required)]
    pub config: Option<SettingsPatch>,
    /// The state to create it in; running unless said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub initial_state: Option<InitialState>,
}

impl TryFrom<Fields> for CreateConnectorRequest {
    type Error = serde_json::Error;

    fn try_from(fields: Fields) -> Result<Self, Self::Error> {
        fields.check(&["name", "config", "initial_state"])?;
        let Scalar(name) = fields.read("name")?;
        Ok(Self {
            name: name.unwrap_or_default().trim().to_owned(),
            config: fields.read("config")?,
            initial_state: fields.read("initial_state")?,
        })
    }
}

/// Text that may have come as a number or a boolean.
#[derive(Default, Deserialize)]
#[serde(transparent)]
struct Scalar(#[serde(deserialize_with = "scalar_of")] Option<String>);

/// The state that a new connector starts in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
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
    fn the_last_of_a_field_counts() {
        let text =
            r#"{"name":"a","config":{"k":"1","k":"2"},"name":"b","config":{"k":"3","k":"4"}}"#;
        let request: CreateConnectorRequest = serde_json::from_str(text).unwrap();
        let config = request.config.expect("a configuration");
        assert_eq!((request.name.as_str(), config.0["k"].as_deref()), ("b", Some("4")));
        let text = r#"{"name":"a","config":{},"initial_state":"PAUSED","name":"b"}"#;
        let error = serde_json::from_str::<CreateConnectorRequest>(text).unwrap_err();
        assert!(error.to_string().contains("\"name\" is there again"), "{error}");
    }

    #[test]
    fn create_requests_with_surprises_are_refused() {
        for body in [json!({"nme": "a"}), json!({"name": "a", "initial_state": "idle"})] {
            assert!(serde_json::from_value::<CreateConnectorRequest>(body).is_err());
        }
    }
}
