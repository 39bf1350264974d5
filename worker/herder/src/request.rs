//! What clients may ask of a worker, and how it can answer.

use sluice_engine::{OffsetsChange, TaskId};
use sluice_rest_model::{
    ConfigInfos, ConfigKeyInfo, ConnectorInfo, ConnectorOffsets, ConnectorStateInfo, Reading,
    SettingsPatch, TaskInfo, TaskState,
};

use crate::{
    signature::Signature,
    store::config::{LoggerChange, RestartRequest, TargetState},
};

/// A request of the REST API.
#[derive(Debug, Clone)]
pub enum Request {
    /// Does the control path answer? (`GET /health`)
    Ping,
    /// Names of all connectors.
    Connectors,
    /// One connector.
    Connector(String),
    /// State of one connector and its tasks.
    Status(String),
    /// Topics that a connector has used (KIP-558).
    Topics(String),
    /// Forget which topics a connector has used.
    ResetTopics(String),
    /// State of one task.
    TaskStatus(TaskId),
    /// Configurations of a connector's tasks.
    Tasks(String),
    /// A new connector.
    Create {
        /// Its name.
        name: String,
        /// Its configuration.
        config: SettingsPatch,
        /// The state to create it in.
        initial: Option<TargetState>,
    },
    /// A connector's whole configuration; creates it if it is not there.
    PutConfig {
        /// Its name.
        name: String,
        /// Its configuration.
        config: SettingsPatch,
    },
    /// Some keys of a connector's configuration; those without a value are taken away (KIP-477).
    PatchConfig {
        /// Its name.
        name: String,
        /// The keys.
        patch: SettingsPatch,
    },
    /// What is right and wrong with a configuration.
    Validate {
        /// Class in the path of the request.
        plugin: String,
        /// The configuration.
        config: SettingsPatch,
    },
    /// Offsets of a connector (KIP-875).
    Offsets(String),
    /// How far a sink has read its topics; with a time in milliseconds since 1970, also where that is in them.
    Reading(String, Option<i64>),
    /// Change offsets of a stopped connector.
    ChangeOffsets(String, OffsetsChange),
    /// What a plugin can be configured with.
    Define {
        /// Its class.
        plugin: String,
        /// Versions that will do; none for the latest.
        version: Option<String>,
    },
    /// Remove a connector.
    Delete(String),
    /// Pause or resume a connector.
    SetTarget(String, TargetState),
    /// Stop a connector: no tasks are kept.
    Stop(String),
    /// Restart a connector without its tasks.
    RestartConnector(String),
    /// Restart a connector as the flags say (KIP-745).
    Restart(RestartRequest),
    /// Restart one task.
    RestartTask(TaskId),
    /// Set the level of a logger on all workers (KIP-976).
    SetLogger(LoggerChange),
    /// About earlier tasks of a source (internal; KIP-618).
    Fencing(FencingRequest),
    /// A follower's new task set (internal).
    PutTaskConfigs {
        /// Whose tasks.
        connector: String,
        /// The raw body, which the signature covers.
        body: Vec<u8>,
        /// Proof that a member of the group sent it.
        signature: Option<Signature>,
    },
}

/// What exactly-once tasks need before they write.
#[derive(Debug, Clone)]
pub enum FencingRequest {
    /// Another worker wants earlier tasks fenced.
    OfWorker {
        /// Whose tasks.
        connector: String,
        /// The raw body, which the signature covers.
        body: Vec<u8>,
        /// Proof that a member of the group sent it.
        signature: Option<Signature>,
    },
    /// A task of this worker wants earlier tasks of its connector fenced.
    OfTask(String),
    /// May a task of this worker, whose predecessors are fenced, write?
    Verify {
        /// Which.
        task: TaskId,
        /// The set of task configurations that it is of.
        generation: u64,
    },
}

/// An answer that is not an error.
#[derive(Debug, Clone, PartialEq)]
pub enum Answer {
    /// Done; nothing to say.
    Done,
    /// Names of connectors.
    Names(Vec<String>),
    /// A connector; true if it was created.
    Connector(ConnectorInfo, bool),
    /// State of a connector and its tasks.
    Status(ConnectorStateInfo),
    /// Topics of a connector.
    Topics(String, Vec<String>),
    /// State of a task.
    TaskStatus(TaskState),
    /// Configurations of tasks.
    Tasks(Vec<TaskInfo>),
    /// Offsets of a connector.
    Offsets(ConnectorOffsets),
    /// How far a sink has read its topics.
    Reading(Reading),
    /// Keys of a plugin.
    Keys(Vec<ConfigKeyInfo>),
    /// A sentence.
    Message(String),
    /// The outcome of a validation.
    Validated(ConfigInfos),
}

/// Why a request cannot be met here, or not now, or not at all. Texts are Java's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// 404.
    #[error("{0}")]
    NotFound(String),
    /// 409: the name is taken.
    #[error("Connector {0} already exists")]
    AlreadyExists(String),
    /// 409.
    #[error("{0}")]
    Conflict(String),
    /// 400.
    #[error("{0}")]
    BadRequest(String),
    /// 403.
    #[error("{0}")]
    Forbidden(String),
    /// 409: a rebalance is on its way; the client tries again.
    #[error(
        "Cannot complete request momentarily due to stale configuration (typically caused by a concurrent config change)"
    )]
    StaleConfig,
    /// Another worker has to do it: its URL, if known.
    #[error(
        "Cannot complete request momentarily due to no known leader URL, likely because a rebalance was underway."
    )]
    Elsewhere(Option<String>),
    /// 503: not ready for this kind of request.
    #[error("{0}")]
    Unavailable(String),
    /// 500.
    #[error("{0}")]
    Internal(String),
}
