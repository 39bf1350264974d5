//! Records: what a source hands out and what a sink takes.

use std::sync::Arc;

use crate::{Headers, SchemaAndValue, SourceOffset, SourcePartition};

/// Where a record's timestamp comes from (`org.apache.kafka.common.record.TimestampType`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TimestampType {
    /// The record has none.
    NoTimestampType,
    /// The producer set it.
    CreateTime,
    /// The broker set it.
    LogAppendTime,
}

/// A record on its way into Kafka.
#[derive(Debug, Clone, PartialEq)]
pub struct SourceRecord {
    /// Which part of the source it comes from. Shared by the records of that part.
    pub source_partition: Arc<SourcePartition>,
    /// The position *after* this record: a task opened there goes on with the next one.
    pub source_offset: SourceOffset,
    /// Topic to write to.
    pub topic: Arc<str>,
    /// Kafka partition, if the source chooses it.
    pub partition: Option<i32>,
    /// Key.
    pub key: SchemaAndValue,
    /// Value.
    pub value: SchemaAndValue,
    /// Milliseconds since the epoch; the time of sending if none.
    pub timestamp: Option<i64>,
    /// Headers.
    pub headers: Headers,
}

/// A record on its way out of Kafka.
#[derive(Debug, Clone, PartialEq)]
pub struct SinkRecord {
    /// Topic, as transforms have left it.
    pub topic: Arc<str>,
    /// Partition it was read from.
    pub partition: i32,
    /// Offset it was read at.
    pub offset: i64,
    /// Key.
    pub key: SchemaAndValue,
    /// Value.
    pub value: SchemaAndValue,
    /// Milliseconds since the epoch.
    pub timestamp: Option<i64>,
    /// What the timestamp means.
    pub timestamp_type: TimestampType,
    /// Headers.
    pub headers: Headers,
}
