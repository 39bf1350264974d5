//! What runs where: the answer to `GET /connectors/{name}/status`.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::ConnectorKind;

/// State of a connector and its tasks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ConnectorStateInfo {
    /// The connector's name.
    pub name: String,
    /// The connector instance itself.
    pub connector: ConnectorState,
    /// Its tasks by number.
    pub tasks: Vec<TaskState>,
    /// Source or sink.
    #[serde(rename = "type")]
    pub kind: ConnectorKind,
}

/// State of the connector instance.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ConnectorState {
    /// What it does now.
    pub state: State,
    /// The worker it is on, `host:port`.
    pub worker_id: String,
    /// Stack trace of what failed; left out when there is none.
    #[serde(default, skip_serializing_if = "is_blank")]
    pub trace: Option<String>,
    /// Version of the plugin; left out when unknown.
    #[serde(default, skip_serializing_if = "is_blank")]
    pub version: Option<String>,
}

/// State of one task; also the answer to `GET /connectors/{name}/tasks/{task}/status`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TaskState {
    /// Its number.
    pub id: i32,
    /// What it does now.
    pub state: State,
    /// The worker it is on, `host:port`.
    pub worker_id: String,
    /// Stack trace of what failed; left out when there is none.
    #[serde(default, skip_serializing_if = "is_blank")]
    pub trace: Option<String>,
    /// Version of the plugin; left out when unknown.
    #[serde(default, skip_serializing_if = "is_blank")]
    pub version: Option<String>,
}

/// State words on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum State {
    /// No worker has it.
    Unassigned,
    /// At work.
    Running,
    /// Loaded but moving nothing.
    Paused,
    /// Shut down on request; connectors only.
    Stopped,
    /// Ended by an error.
    Failed,
    /// About to be started again.
    Restarting,
}

impl fmt::Display for State {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Unassigned => "UNASSIGNED",
            Self::Running => "RUNNING",
            Self::Paused => "PAUSED",
            Self::Stopped => "STOPPED",
            Self::Failed => "FAILED",
            Self::Restarting => "RESTARTING",
        })
    }
}

// serde hands a reference to the field.
#[allow(clippy::ref_option)]
fn is_blank(text: &Option<String>) -> bool {
    text.as_deref().is_none_or(str::is_empty)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trace_and_version_appear_only_with_content() {
        let info = ConnectorStateInfo {
            name: "a".into(),
            connector: ConnectorState {
                state: State::Running,
                worker_id: "h:8083".into(),
                trace: Some(String::new()),
                version: Some("1".into()),
            },
            tasks: vec![TaskState {
                id: 0,
                state: State::Failed,
                worker_id: "h:8083".into(),
                trace: Some("boom".into()),
                version: None,
            }],
            kind: ConnectorKind::Source,
        };
        let text = concat!(
            r#"{"name":"a","connector":{"state":"RUNNING","worker_id":"h:8083","version":"1"},"#,
            r#""tasks":[{"id":0,"state":"FAILED","worker_id":"h:8083","trace":"boom"}],"type":"source"}"#
        );
        assert_eq!(serde_json::to_string(&info).unwrap(), text);
    }

    #[test]
    fn the_word_on_the_wire_is_the_word_in_a_sentence() {
        for state in [
            State::Unassigned,
            State::Running,
            State::Paused,
            State::Stopped,
            State::Failed,
            State::Restarting,
        ] {
            assert_eq!(serde_json::to_string(&state).unwrap(), format!("\"{state}\""));
        }
    }
}
