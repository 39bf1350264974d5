//! Why a resource is as it is: the closed list behind condition reasons and metric labels.

use std::fmt;

/// Reason of a condition. The text after each variant is the remedy, or what it means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reason {
    /// Every worker runs the current revision and is ready.
    AllWorkersReady,
    /// The spec could be turned into a worker configuration.
    Accepted,
    /// The REST API answers.
    Answers,
    /// Zero workers were asked for: set spec.replicas to resume.
    Suspended,
    /// Pods of a new revision replace those of the old one.
    RollingOut,
    /// A pod of a new revision cannot run, or tasks failed on it: the roll has stopped. Correct the change or take it back.
    RolloutStuck,
    /// A change with which workers could not run was taken back: correct it. The workers run as before.
    RolledBack,
    /// Some pods are not ready: look at them.
    WorkersNotReady,
    /// The REST API of the workers does not answer: look at their logs and at network policies.
    WorkersUnreachable,
    /// A field of the resource cannot be used: change it as the message says.
    InvalidSpec,
    /// A Secret that the resource names does not exist: create it.
    SecretNotFound,
    /// A Secret lacks a key: add it.
    SecretKeyNotFound,
    /// A ConfigMap that the resource names does not exist: create it.
    ConfigMapNotFound,
    /// A ConfigMap lacks a key: add it.
    ConfigMapKeyNotFound,
    /// An older cluster has the group or an internal topic: choose another.
    GroupTaken,
    /// Something of the spec has no effect: the message says what and why.
    PartlyIgnored,
    /// The installed definition is older than the operator, and its status lacks fields: install those of its version.
    DefinitionOutdated,
    /// The API server refuses what the operator writes: the message says what and why.
    ApplyRefused,
    /// The API server does not answer.
    ApiUnavailable,
    /// The annotation sluice.dev/pause-reconciliation keeps the operator from acting: remove it.
    ReconciliationPaused,
    /// The connector and all tasks run.
    Running,
    /// Paused, as asked.
    Paused,
    /// Stopped, as asked.
    Stopped,
    /// On its way to the requested state.
    Starting,
    /// No worker has the connector or some task at the moment.
    Unassigned,
    /// The connector has made no tasks: look at its settings, there may be nothing to do for it.
    NoTasks,
    /// The connector failed: the message has the first line of the trace.
    ConnectorFailed,
    /// Tasks failed: the message names them and has the first line of a trace.
    TaskFailed,
    /// The connector or a task failed and is restarted soon: the message says when.
    RestartPending,
    /// A restart that an annotation or the spec asks for was refused: the message says why.
    RestartRefused,
    /// Work on positions that an annotation asks for was refused: the message says why.
    OffsetsRefused,
    /// The work on positions is done.
    Completed,
    /// Positions can only be changed of a stopped connector: set its spec.state to stopped.
    WaitingForStopped,
    /// Another change of the same positions comes first.
    WaitingForTurn,
    /// The connector that an operation names does not exist here: create it, or delete the operation.
    ConnectorNotFound,
    /// The workers, or this kind of connector, cannot do it: the message says what can be done.
    NotSupported,
    /// The work on positions cannot be done: read the message, and make another operation.
    OperationFailed,
    /// Nobody knows whether a change of positions was made: compare them with the backup, and make another operation.
    OperationInterrupted,
    /// An annotation has a value that means nothing: correct or remove it.
    UnknownAnnotationValue,
    /// Nothing names the cluster: set spec.cluster or the label.
    NoClusterLabel,
    /// The cluster does not exist here: create it, or name another one.
    ClusterNotFound,
    /// The cluster has no workers: scale it up.
    ClusterHasNoWorkers,
    /// Another resource has the connector of that name: give one of the two another spec.name.
    NameTaken,
    /// Kafka Connect refuses the settings: the message is its own.
    InvalidConfig,
    /// A topic that a sink is to read does not exist: create it, or correct the settings.
    TopicNotFound,
    /// The workers redistribute work: the operator tries again.
    Rebalancing,
    /// A worker answers with an internal error: look at its log.
    WorkerError,
}

impl Reason {
    /// Every reason.
    pub const ALL: [Self; 47] = [
        Self::AllWorkersReady,
        Self::Accepted,
        Self::Answers,
        Self::Suspended,
        Self::RollingOut,
        Self::RolloutStuck,
        Self::RolledBack,
        Self::WorkersNotReady,
        Self::WorkersUnreachable,
        Self::InvalidSpec,
        Self::SecretNotFound,
        Self::SecretKeyNotFound,
        Self::ConfigMapNotFound,
        Self::ConfigMapKeyNotFound,
        Self::GroupTaken,
        Self::PartlyIgnored,
        Self::DefinitionOutdated,
        Self::ApplyRefused,
        Self::ApiUnavailable,
        Self::ReconciliationPaused,
        Self::Running,
        Self::Paused,
        Self::Stopped,
        Self::Starting,
        Self::Unassigned,
        Self::NoTasks,
        Self::ConnectorFailed,
        Self::TaskFailed,
        Self::RestartPending,
        Self::RestartRefused,
        Self::OffsetsRefused,
        Self::Completed,
        Self::WaitingForStopped,
        Self::WaitingForTurn,
        Self::ConnectorNotFound,
        Self::NotSupported,
        Self::OperationFailed,
        Self::OperationInterrupted,
        Self::UnknownAnnotationValue,
        Self::NoClusterLabel,
        Self::ClusterNotFound,
        Self::ClusterHasNoWorkers,
        Self::NameTaken,
        Self::InvalidConfig,
        Self::TopicNotFound,
        Self::Rebalancing,
        Self::WorkerError,
    ];

    /// The word in conditions, events and metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AllWorkersReady => "AllWorkersReady",
            Self::Accepted => "Accepted",
            Self::Answers => "Answers",
            Self::Suspended => "Suspended",
            Self::RollingOut => "RollingOut",
            Self::RolloutStuck => "RolloutStuck",
            Self::RolledBack => "RolledBack",
            Self::WorkersNotReady => "WorkersNotReady",
            Self::WorkersUnreachable => "WorkersUnreachable",
            Self::InvalidSpec => "InvalidSpec",
            Self::SecretNotFound => "SecretNotFound",
            Self::SecretKeyNotFound => "SecretKeyNotFound",
            Self::ConfigMapNotFound => "ConfigMapNotFound",
            Self::ConfigMapKeyNotFound => "ConfigMapKeyNotFound",
            Self::GroupTaken => "GroupTaken",
            Self::PartlyIgnored => "PartlyIgnored",
            Self::DefinitionOutdated => "DefinitionOutdated",
            Self::ApplyRefused => "ApplyRefused",
            Self::ApiUnavailable => "ApiUnavailable",
            Self::ReconciliationPaused => "ReconciliationPaused",
            Self::Running => "Running",
            Self::Paused => "Paused",
            Self::Stopped => "Stopped",
            Self::Starting => "Starting",
            Self::Unassigned => "Unassigned",
            Self::NoTasks => "NoTasks",
            Self::ConnectorFailed => "ConnectorFailed",
            Self::TaskFailed => "TaskFailed",
            Self::RestartPending => "RestartPending",
            Self::RestartRefused => "RestartRefused",
            Self::OffsetsRefused => "OffsetsRefused",
            Self::Completed => "Completed",
            Self::WaitingForStopped => "WaitingForStopped",
            Self::WaitingForTurn => "WaitingForTurn",
            Self::ConnectorNotFound => "ConnectorNotFound",
            Self::NotSupported => "NotSupported",
            Self::OperationFailed => "OperationFailed",
            Self::OperationInterrupted => "OperationInterrupted",
            Self::UnknownAnnotationValue => "UnknownAnnotationValue",
            Self::NoClusterLabel => "NoClusterLabel",
            Self::ClusterNotFound => "ClusterNotFound",
            Self::ClusterHasNoWorkers => "ClusterHasNoWorkers",
            Self::NameTaken => "NameTaken",
            Self::InvalidConfig => "InvalidConfig",
            Self::TopicNotFound => "TopicNotFound",
            Self::Rebalancing => "Rebalancing",
            Self::WorkerError => "WorkerError",
        }
    }

    /// Whether nothing gets better until a person acts.
    pub const fn needs_a_person(self) -> bool {
        matches!(
            self,
            Self::RolloutStuck
                | Self::RolledBack
                | Self::InvalidSpec
                | Self::SecretNotFound
                | Self::SecretKeyNotFound
                | Self::ConfigMapNotFound
                | Self::ConfigMapKeyNotFound
                | Self::GroupTaken
                | Self::ApplyRefused
                | Self::ConnectorFailed
                | Self::TaskFailed
                | Self::NoClusterLabel
                | Self::NameTaken
                | Self::InvalidConfig
                | Self::NotSupported
                | Self::OperationFailed
                | Self::OperationInterrupted
        )
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

/// When to look again after something went wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Retry {
    /// After a pause that grows with each failure in a row.
    Backoff,
    /// When the resource changes: trying again cannot help.
    AwaitChange,
}
