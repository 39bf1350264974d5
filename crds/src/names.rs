//! Words of the API that more than one program uses.

/// API group of all kinds.
pub const GROUP: &str = "sluice.dev";

/// Label on a `KafkaConnector` that names the `KafkaConnect` it runs on.
pub const CLUSTER_LABEL: &str = "sluice.dev/cluster";

/// Condition types. `READY` is always there; `RECONCILING` and `STALLED` only while they are True.
pub mod condition {
    /// The desired state is reached and holds.
    pub const READY: &str = "Ready";
    /// Work is under way; nobody needs to act.
    pub const RECONCILING: &str = "Reconciling";
    /// Nothing will get better until a person acts.
    pub const STALLED: &str = "Stalled";
    /// `KafkaConnect`: the spec could be turned into a worker configuration.
    pub const CONFIG_VALID: &str = "ConfigValid";
    /// `KafkaConnect`: every worker pod of the current revision is ready.
    pub const WORKERS_READY: &str = "WorkersReady";
    /// `KafkaConnect`: the workers' REST API answers the operator.
    pub const GROUP_REACHABLE: &str = "GroupReachable";
    /// An annotation keeps the operator from acting. Only there while True.
    pub const RECONCILIATION_PAUSED: &str = "ReconciliationPaused";
    /// Something that was asked for has no effect, or was not done. Only there while True.
    pub const WARNING: &str = "Warning";
    /// `KafkaConnector`: the connector instance runs.
    pub const CONNECTOR_RUNNING: &str = "ConnectorRunning";
    /// `KafkaConnector`: there are tasks, and all of them run.
    pub const TASKS_RUNNING: &str = "TasksRunning";
}
