//! Records of the config topic: the keys and JSON that Java workers read and write.

use std::collections::BTreeMap;

use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use serde::Deserialize;
use serde_json::{Value, json};
use sluice_config::Properties;
use sluice_engine::TaskId;

use super::TargetState;

const CONNECTOR: &str = "connector-";
const TASK: &str = "task-";
const COMMIT: &str = "commit-";
const TARGET_STATE: &str = "target-state-";
const RESTART: &str = "restart-connector-";
const SESSION_KEY: &str = "session-key";
const TASK_COUNT: &str = "tasks-fencing-";
const LOGGER: &str = "logger-cluster-";

/// A key and a value of the config topic; no value deletes what the key named.
pub(super) type KeyValue = (String, Option<String>);

/// The key with which workers sign internal requests.
#[derive(Clone, PartialEq, Eq)]
pub struct SessionKey {
    /// Secret bytes.
    pub key: Vec<u8>,
    /// Name of the algorithm that the key is for.
    pub algorithm: String,
    /// When the leader made it, in milliseconds since the epoch.
    pub created: i64,
}

impl std::fmt::Debug for SessionKey {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "SessionKey {{ algorithm: {}, created: {} }}", self.algorithm, self.created)
    }
}

/// A wish to restart a connector and perhaps its tasks (KIP-745).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RestartRequest {
    /// Which connector.
    pub connector: String,
    /// Its tasks as well.
    pub include_tasks: bool,
    /// Only what is failed.
    pub only_failed: bool,
}

/// A level for a logger and its children on each worker (KIP-976).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoggerChange {
    /// The logger.
    pub namespace: String,
    /// Its level, as somebody wrote it.
    pub level: String,
}

/// A record, understood.
#[derive(Debug, Clone, PartialEq)]
pub enum ConfigRecord {
    /// A connector's configuration, or its removal.
    Connector(String, Option<Properties>),
    /// A connector's target state, or its removal.
    Target(String, Option<TargetState>),
    /// A task's configuration; live once committed.
    Task(TaskId, Properties),
    /// Makes the first so many task records live.
    Commit(String, usize),
    /// Tasks of a source were fenced, and it has so many now.
    TaskCount(String, usize),
    /// A new session key.
    SessionKey(SessionKey),
    /// A restart.
    Restart(RestartRequest),
    /// The level of a logger and its children, on each worker.
    Logger(LoggerChange),
    /// A kind of record that this worker has no use for.
    Other,
}

/// Why a record means nothing.
#[derive(Debug, thiserror::Error)]
pub(super) enum DecodeError {
    /// The key is no text.
    #[error("the key is not UTF-8")]
    Key,
    /// The value is no JSON of the expected form.
    #[error("the value of {0} has an unexpected form")]
    Value(String, #[source] serde_json::Error),
    /// The value has the right form and means nothing.
    #[error("the value of {0} holds {1}")]
    Content(String, &'static str),
}

/// Reads one record.
pub(super) fn decode(key: &[u8], value: Option<&[u8]>) -> Result<ConfigRecord, DecodeError> {
    let key = std::str::from_utf8(key).map_err(|_| DecodeError::Key)?;
    if let Some(name) = key.strip_prefix(TARGET_STATE) {
        let state = value.map(|it| target_state(key, it)).transpose()?;
        return Ok(ConfigRecord::Target(name.to_owned(), state));
    }
    if let Some(name) = key.strip_prefix(RESTART) {
        return restart(key, name, value);
    }
    if let Some(name) = key.strip_prefix(CONNECTOR) {
        let config = value.map(|it| properties(key, it)).transpose()?;
        return Ok(ConfigRecord::Connector(name.to_owned(), config));
    }
    let Some(value) = value else { return Ok(ConfigRecord::Other) };
    if let Some(rest) = key.strip_prefix(TASK) {
        let id = task_id(rest)
            .ok_or_else(|| DecodeError::Content(key.to_owned(), "no task number in its key"))?;
        return Ok(ConfigRecord::Task(id, properties(key, value)?));
    }
    if let Some(name) = key.strip_prefix(COMMIT) {
        let commit: Commit = parse(key, value)?;
        return Ok(ConfigRecord::Commit(name.to_owned(), commit.tasks));
    }
    if let Some(name) = key.strip_prefix(TASK_COUNT) {
        let count: TaskCount = parse(key, value)?;
        return Ok(ConfigRecord::TaskCount(name.to_owned(), count.tasks));
    }
    if key == SESSION_KEY {
        return session_key(key, value);
    }
    if let Some(namespace) = key.strip_prefix(LOGGER) {
        let logger: Logger = parse(key, value)?;
        let change = LoggerChange { namespace: namespace.to_owned(), level: logger.level };
        return Ok(ConfigRecord::Logger(change));
    }
    Ok(ConfigRecord::Other)
}

/// The index is what follows the last dash: names may hold dashes themselves.
pub(crate) fn task_id(text: &str) -> Option<TaskId> {
    let (connector, task) = text.rsplit_once('-')?;
    Some(TaskId { connector: connector.to_owned(), task: task.parse().ok()? })
}

fn parse<'a, T: Deserialize<'a>>(key: &str, value: &'a [u8]) -> Result<T, DecodeError> {
    serde_json::from_slice(value).map_err(|error| DecodeError::Value(key.to_owned(), error))
}

fn properties(key: &str, value: &[u8]) -> Result<Properties, DecodeError> {
    let parsed: Config = parse(key, value)?;
    Ok(parsed.properties.into_iter().filter_map(|(key, value)| Some((key, value?))).collect())
}

/// `state.v2` knows STOPPED; workers older than 3.5 write `state` alone.
fn target_state(key: &str, value: &[u8]) -> Result<TargetState, DecodeError> {
    let target: Target = parse(key, value)?;
    match target.state_v2.as_deref().or(target.state.as_deref()) {
        Some("STARTED") => Ok(TargetState::Started),
        Some("PAUSED") => Ok(TargetState::Paused),
        Some("STOPPED") => Ok(TargetState::Stopped),
        _ => Err(DecodeError::Content(key.to_owned(), "an unknown target state")),
    }
}

fn restart(key: &str, name: &str, value: Option<&[u8]>) -> Result<ConfigRecord, DecodeError> {
    let Some(value) = value else { return Ok(ConfigRecord::Other) };
    let flags: RestartFlags = parse(key, value)?;
    Ok(ConfigRecord::Restart(RestartRequest {
        connector: name.to_owned(),
        // Java takes a flag that is none as not set.
        include_tasks: flags.include_tasks.as_bool().unwrap_or_default(),
        only_failed: flags.only_failed.as_bool().unwrap_or_default(),
    }))
}

fn session_key(key: &str, value: &[u8]) -> Result<ConfigRecord, DecodeError> {
    let stored: StoredKey = parse(key, value)?;
    let secret = BASE64
        .decode(&stored.key)
        .map_err(|_| DecodeError::Content(key.to_owned(), "a key that is not base64"))?;
    Ok(ConfigRecord::SessionKey(SessionKey {
        key: secret,
        algorithm: stored.algorithm,
        created: stored.creation_timestamp,
    }))
}

#[derive(Deserialize)]
struct Config {
    properties: BTreeMap<String, Option<String>>,
}

#[derive(Deserialize)]
struct Commit {
    tasks: usize,
}

#[derive(Deserialize)]
struct Target {
    state: Option<String>,
    #[serde(rename = "state.v2")]
    state_v2: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct RestartFlags {
    #[serde(default)]
    include_tasks: Value,
    #[serde(default)]
    only_failed: Value,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct StoredKey {
    key: String,
    algorithm: String,
    creation_timestamp: i64,
}

#[derive(Deserialize)]
struct TaskCount {
    #[serde(rename = "task-count")]
    tasks: usize,
}

#[derive(Deserialize)]
struct Logger {
    level: String,
}

/// The records that bring about a change, in the order in which they must be written.
pub mod encode {
    use base64::Engine as _;

    use super::{
        BASE64, COMMIT, CONNECTOR, KeyValue, LOGGER, LoggerChange, Properties, RESTART,
        RestartRequest, SESSION_KEY, SessionKey, TARGET_STATE, TASK, TASK_COUNT, TargetState,
        Value, json,
    };

    /// Whether the leader alone may write these records. Any worker sets target states and levels of loggers.
    pub fn are_for_leaders(records: &[KeyValue]) -> bool {
        let is_anybodys = |key: &str| key.starts_with(TARGET_STATE) || key.starts_with(LOGGER);
        records.iter().any(|(key, _)| !is_anybodys(key))
    }

    /// How many tasks a source has, now that those before are fenced.
    pub fn task_count(name: &str, tasks: usize) -> KeyValue {
        (format!("{TASK_COUNT}{name}"), Some(format!(r#"{{"task-count":{tasks}}}"#)))
    }

    /// A connector's configuration; a wanted state that is not the default goes first, so that it never runs before.
    pub fn connector(
        name: &str,
        config: &Properties,
        initial: Option<TargetState>,
    ) -> Vec<KeyValue> {
        let mut records: Vec<KeyValue> =
            initial.map(|state| target(name, state)).into_iter().collect();
        records.push((format!("{CONNECTOR}{name}"), Some(text(&json!({ "properties": config })))));
        records
    }

    /// The removal of a connector with its target state.
    pub fn removal(name: &str) -> Vec<KeyValue> {
        vec![(format!("{CONNECTOR}{name}"), None), (format!("{TARGET_STATE}{name}"), None)]
    }

    /// A target state. Workers older than 3.5 read `state` alone and know no STOPPED.
    pub fn target(name: &str, state: TargetState) -> KeyValue {
        let (old, new) = match state {
            TargetState::Started => ("STARTED", "STARTED"),
            TargetState::Paused => ("PAUSED", "PAUSED"),
            TargetState::Stopped => ("PAUSED", "STOPPED"),
        };
        (
            format!("{TARGET_STATE}{name}"),
            Some(format!(r#"{{"state":"{old}","state.v2":"{new}"}}"#)),
        )
    }

    /// A whole task set: the tasks, then the record that makes them live.
    pub fn tasks(name: &str, configs: &[Properties]) -> Vec<KeyValue> {
        let task = |(id, config): (usize, &Properties)| {
            (format!("{TASK}{name}-{id}"), Some(text(&json!({ "properties": config }))))
        };
        let mut records: Vec<KeyValue> = configs.iter().enumerate().map(task).collect();
        records
            .push((format!("{COMMIT}{name}"), Some(format!(r#"{{"tasks":{}}}"#, configs.len()))));
        records
    }

    /// A restart request.
    pub fn restart(request: &RestartRequest) -> KeyValue {
        let value = format!(
            r#"{{"include-tasks":{},"only-failed":{}}}"#,
            request.include_tasks, request.only_failed
        );
        (format!("{RESTART}{}", request.connector), Some(value))
    }

    /// A session key.
    pub fn session_key(key: &SessionKey) -> KeyValue {
        let secret = BASE64.encode(&key.key);
        let value = format!(
            r#"{{"key":"{secret}","algorithm":"{}","creation-timestamp":{}}}"#,
            key.algorithm, key.created
        );
        (SESSION_KEY.to_owned(), Some(value))
    }

    /// The level of a logger.
    pub fn logger(change: &LoggerChange) -> KeyValue {
        let value = text(&json!({ "level": change.level }));
        (format!("{LOGGER}{}", change.namespace), Some(value))
    }

    fn text(value: &Value) -> String {
        value.to_string()
    }
}
