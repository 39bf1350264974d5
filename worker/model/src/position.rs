//! Positions: where a source stands in its system, and where a sink stands in a topic.

use std::{collections::BTreeMap, sync::Arc};

use crate::Value;

/// Names a part of the source system, such as one file. Values are primitives.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct SourcePartition(pub BTreeMap<String, Value>);

/// A connector's own position in one [`SourcePartition`]. Values are primitives.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct SourceOffset(pub BTreeMap<String, Value>);

/// A partition of a Kafka topic.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TopicPartition {
    /// Topic.
    pub topic: Arc<str>,
    /// Partition number.
    pub partition: i32,
}

impl TopicPartition {
    /// Names a partition.
    pub fn new(topic: impl Into<Arc<str>>, partition: i32) -> Self {
        Self { topic: topic.into(), partition }
    }
}

impl std::fmt::Display for TopicPartition {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "{}-{}", self.topic, self.partition)
    }
}
