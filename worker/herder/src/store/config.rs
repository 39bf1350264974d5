//! The config topic: replays its records into the cluster's configuration, and makes new ones.
//!
//! Mirrors `KafkaConfigBackingStore`. Keys and JSON are byte-compatible with Java's (`store/config/record.rs`).

mod fencing;
mod record;

pub(crate) use record::task_id as record_task_id;

use std::collections::{BTreeMap, BTreeSet};

use sluice_config::Properties;
use sluice_engine::TaskId;
use sluice_rest_model::InitialState;

pub use fencing::FencingNeed;
pub use record::{ConfigRecord, LoggerChange, RestartRequest, SessionKey, encode};

/// What the user wants a connector to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum TargetState {
    /// Run.
    #[default]
    Started,
    /// Keep tasks, move nothing.
    Paused,
    /// Keep no tasks.
    Stopped,
}

impl From<InitialState> for TargetState {
    fn from(initial: InitialState) -> Self {
        match initial {
            InitialState::Running => Self::Started,
            InitialState::Paused => Self::Paused,
            InitialState::Stopped => Self::Stopped,
        }
    }
}

/// One connector as the config topic has it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ConnectorEntry {
    /// The configuration; none while only a target state or task records are there.
    pub config: Option<Properties>,
    /// What the user wants.
    pub target: TargetState,
    /// Committed task configurations, of which the first `task_count` are live.
    tasks: BTreeMap<i32, Properties>,
    task_count: Option<usize>,
    /// Task configurations that wait for their commit record.
    deferred: BTreeMap<i32, Properties>,
    /// The connector configuration that the live task set was made from.
    applied: Option<Properties>,
    inconsistent: bool,
}

impl ConnectorEntry {
    /// The live task configurations in the order of their numbers; none while the set is inconsistent.
    pub fn tasks(&self) -> Vec<(i32, &Properties)> {
        let count = self.task_count.unwrap_or(0);
        if self.inconsistent {
            return Vec::new();
        }
        (0..count as i32).filter_map(|id| self.tasks.get(&id).map(|it| (id, it))).collect()
    }

    /// Whether a commit record named task records that compaction has taken away.
    pub const fn is_inconsistent(&self) -> bool {
        self.inconsistent
    }

    /// Whether `configs` would change nothing: same task set, made from the same connector configuration.
    pub fn has_applied(&self, configs: &[Properties]) -> bool {
        self.task_count == Some(configs.len())
            && !self.inconsistent
            && self.applied == self.config
            && self.tasks().iter().map(|(_, it)| *it).eq(configs.iter())
    }
}

/// What a record changed.
#[derive(Debug, Clone, PartialEq)]
pub enum Change {
    /// A connector is new.
    Added(String),
    /// A connector has another configuration.
    Reconfigured(String),
    /// A connector is gone.
    Removed(String),
    /// A connector has a new live task set.
    Tasks(String),
    /// The user wants something else of a connector.
    Target(String),
    /// Somebody asked to restart a connector.
    Restart(RestartRequest),
    /// The leader made a new key for internal requests.
    SessionKey,
    /// Somebody set the level of a logger on all workers.
    Logger(LoggerChange),
}

/// The cluster's configuration after the records read so far.
#[derive(Debug, Clone, PartialEq)]
pub struct ClusterConfig {
    next_offset: i64,
    connectors: BTreeMap<String, ConnectorEntry>,
    session_key: Option<SessionKey>,
    histories: BTreeMap<String, fencing::TaskHistory>,
}

impl Default for ClusterConfig {
    fn default() -> Self {
        Self {
            next_offset: -1,
            connectors: BTreeMap::new(),
            session_key: None,
            histories: BTreeMap::new(),
        }
    }
}

impl ClusterConfig {
    /// Offset after the last record read; -1 before the first.
    pub const fn offset(&self) -> i64 {
        self.next_offset
    }

    /// Key for signing internal requests.
    pub const fn session_key(&self) -> Option<&SessionKey> {
        self.session_key.as_ref()
    }

    /// Names of the configured connectors.
    pub fn connectors(&self) -> impl Iterator<Item = &str> {
        self.connectors.iter().filter(|(_, it)| it.config.is_some()).map(|(name, _)| &**name)
    }

    /// A configured connector.
    pub fn connector(&self, name: &str) -> Option<&ConnectorEntry> {
        self.connectors.get(name).filter(|it| it.config.is_some())
    }

    /// The configuration of a connector.
    pub fn config(&self, name: &str) -> Option<&Properties> {
        self.connector(name).and_then(|it| it.config.as_ref())
    }

    /// The live configuration of a task.
    pub fn task(&self, id: &TaskId) -> Option<&Properties> {
        let entry = self.connector(&id.connector)?;
        entry.tasks().into_iter().find(|(number, _)| *number == id.task).map(|(_, config)| config)
    }

    /// The live tasks of a connector.
    pub fn task_ids(&self, name: &str) -> Vec<TaskId> {
        let tasks = self.connector(name).map(ConnectorEntry::tasks).unwrap_or_default();
        tasks.into_iter().map(|(task, _)| TaskId { connector: name.to_owned(), task }).collect()
    }

    /// How many tasks the newest set of a connector has, whether it is complete or not.
    pub fn task_count(&self, name: &str) -> usize {
        self.connector(name).and_then(|it| it.task_count).unwrap_or(0)
    }

    /// How many sets of task configurations a connector has had.
    pub fn task_generation(&self, name: &str) -> u64 {
        self.histories.get(name).map_or(0, fencing::TaskHistory::generation)
    }

    /// What has to be done before tasks of an exactly-once source write.
    pub fn fencing_need(&self, name: &str) -> FencingNeed {
        let history = self.histories.get(name);
        history.map_or(FencingNeed::Nothing, |it| it.need(self.task_count(name)))
    }

    /// Every live task.
    pub fn all_tasks(&self) -> BTreeSet<TaskId> {
        self.connectors().flat_map(|name| self.task_ids(name)).collect()
    }

    /// Takes the next record of the topic. Records that mean nothing to us are skipped.
    pub fn apply(&mut self, offset: i64, key: &[u8], value: Option<&[u8]>) -> Option<Change> {
        self.next_offset = offset + 1;
        let record = record::decode(key, value)
            .inspect_err(
                |error| tracing::warn!(offset, %error, "ignoring a record of the config topic"),
            )
            .ok()?;
        match record {
            ConfigRecord::Connector(name, Some(config)) => Some(self.put_connector(name, config)),
            ConfigRecord::Connector(name, None) => self.remove_connector(name),
            ConfigRecord::Target(name, state) => self.put_target(name, state),
            ConfigRecord::Task(id, config) => {
                self.connectors.entry(id.connector).or_default().deferred.insert(id.task, config);
                None
            }
            ConfigRecord::Commit(name, count) => self.commit_tasks(name, count),
            ConfigRecord::TaskCount(name, count) => {
                self.histories.entry(name).or_default().counted(count);
                None
            }
            ConfigRecord::SessionKey(key) => {
                self.session_key = Some(key);
                Some(Change::SessionKey)
            }
            ConfigRecord::Restart(request) => Some(Change::Restart(request)),
            ConfigRecord::Logger(change) => Some(Change::Logger(change)),
            ConfigRecord::Other => None,
        }
    }

    fn put_connector(&mut self, name: String, config: Properties) -> Change {
        let entry = self.connectors.entry(name.clone()).or_default();
        let is_new = entry.config.replace(config).is_none();
        if is_new { Change::Added(name) } else { Change::Reconfigured(name) }
    }

    /// A removed connector leaves nothing behind, so that one of the same name starts afresh.
    fn remove_connector(&mut self, name: String) -> Option<Change> {
        let removed = self.connectors.remove(&name)?;
        removed.config.map(|_| Change::Removed(name))
    }

    /// A target state may come before its connector: that is how Java creates one paused or stopped.
    fn put_target(&mut self, name: String, state: Option<TargetState>) -> Option<Change> {
        let Some(state) = state else {
            let entry = self.connectors.get_mut(&name)?;
            entry.target = TargetState::Started;
            return None;
        };
        let entry = self.connectors.entry(name.clone()).or_default();
        let changed = entry.target != state;
        entry.target = state;
        (changed && entry.config.is_some()).then_some(Change::Target(name))
    }

    fn commit_tasks(&mut self, name: String, count: usize) -> Option<Change> {
        let entry = self.connectors.get_mut(&name)?;
        let mut deferred = std::mem::take(&mut entry.deferred);
        // Tasks of a connector that was deleted, of whose configuration compaction has left nothing.
        entry.config.as_ref()?;
        // Compaction leaves tasks of larger sets from before, whose commit record it has taken away.
        deferred.retain(|id, _| usize::try_from(*id).is_ok_and(|id| id < count));
        let complete = deferred.len() == count;
        self.histories.entry(name.clone()).or_default().committed(complete);
        entry.task_count = Some(count);
        entry.applied.clone_from(&entry.config);
        entry.inconsistent = !complete;
        if !complete {
            tracing::warn!(
                connector = name,
                "task configurations are incomplete after compaction; no task runs until they are written again"
            );
            return None;
        }
        entry.tasks = deferred;
        Some(Change::Tasks(name))
    }
}

#[cfg(test)]
mod tests;
