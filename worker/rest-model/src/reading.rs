//! How far a sink has read its topics, and the dead letters of a connector: `GET /sluice/connectors/{name}/reading`, which
//! Kafka Connect does not have.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// All partitions that a sink reads or has read, and what a connector has sorted out.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Reading {
    /// In the order of topics and partitions. A source has none.
    pub partitions: Vec<ReadPartition>,
    /// Topics that `topics` names and that do not exist.
    #[serde(default)]
    pub absent: Vec<String>,
    /// The topic of dead letters, if the connector has one and no time was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dead_letters: Option<DeadLetterTopic>,
}

/// The topic that takes a connector's dead letters.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DeadLetterTopic {
    /// Topic.
    pub topic: String,
    /// Records that are in it, as far as offsets tell; those of other connectors too that have the same topic.
    pub records: i64,
}

/// One partition that a sink reads, in offsets.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ReadPartition {
    /// Topic.
    pub topic: String,
    /// Number of the partition.
    pub partition: i32,
    /// What the sink's group has committed; `null` if nothing.
    pub position: Option<i64>,
    /// The first record that still exists.
    pub beginning: i64,
    /// The next record to be written.
    pub end: i64,
    /// Records that have yet to be read, as far as offsets tell.
    pub lag: i64,
    /// When the first of them was written, in milliseconds since 1970; `null` if that is not known.
    pub waiting_since: Option<i64>,
    /// The first record of the time that was asked for or later, else the next to be written; `null` if no time was
    /// asked for.
    pub at: Option<i64>,
}
