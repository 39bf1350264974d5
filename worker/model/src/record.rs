//! Records: what a source hands out, what a sink takes, and the part of them that transforms change.

mod text;

use std::{
    ops::{Deref, DerefMut},
    sync::Arc,
};

use bytes::Bytes;

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

/// What records of both directions have (`org.apache.kafka.connect.connector.ConnectRecord`): all that a transform may
/// change.
#[derive(Debug, Clone, PartialEq)]
pub struct ConnectRecord {
    /// Topic to write to, or the one read from as transforms have left it.
    pub topic: Arc<str>,
    /// Kafka partition; a source need not choose one.
    pub partition: Option<i32>,
    /// Key.
    pub key: SchemaAndValue,
    /// Value.
    pub value: SchemaAndValue,
    /// Milliseconds since the epoch. If none, a source's record gets the time of sending.
    pub timestamp: Option<i64>,
    /// Headers.
    pub headers: Headers,
    /// Offset that a sink's record was read at; a source's record has none. Transforms leave it alone.
    pub offset: Option<i64>,
}

/// A record on its way into Kafka: a [`ConnectRecord`] with its place in the source.
#[derive(Debug, Clone, PartialEq)]
pub struct SourceRecord {
    /// Which part of the source it comes from. Shared by the records of that part.
    pub source_partition: Arc<SourcePartition>,
    /// The position *after* this record: a task opened there goes on with the next one.
    pub source_offset: SourceOffset,
    /// What is written.
    pub data: ConnectRecord,
}

/// A record on its way out of Kafka: a [`ConnectRecord`] with the place that it was read from.
#[derive(Debug, Clone, PartialEq)]
pub struct SinkRecord {
    /// What was read, as transforms have left it.
    pub data: ConnectRecord,
    /// What the timestamp means.
    pub timestamp_type: TimestampType,
    /// Set once a transform may change the topic: the others cost nothing.
    original_topic: Option<Arc<str>>,
    original_partition: i32,
    original_offset: i64,
    raw: Option<Box<RawRecord>>,
}

/// The bytes that a record was read from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RawRecord {
    /// Key.
    pub key: Option<Bytes>,
    /// Value.
    pub value: Option<Bytes>,
    /// Headers in order; names may repeat.
    pub headers: Vec<(Arc<str>, Option<Bytes>)>,
    /// Milliseconds since the epoch.
    pub timestamp: Option<i64>,
}

impl ConnectRecord {
    /// A record of a source: without partition, timestamp and headers.
    pub fn new(topic: impl Into<Arc<str>>, key: SchemaAndValue, value: SchemaAndValue) -> Self {
        Self {
            topic: topic.into(),
            partition: None,
            key,
            value,
            timestamp: None,
            headers: Headers::default(),
            offset: None,
        }
    }
}

impl SinkRecord {
    /// What was read from a place of Kafka, before any transform; `data` names the place.
    pub fn new(data: ConnectRecord, timestamp_type: TimestampType) -> Self {
        Self {
            timestamp_type,
            original_topic: None,
            original_partition: data.partition.unwrap_or_default(),
            original_offset: data.offset.unwrap_or_default(),
            raw: None,
            data,
        }
    }

    /// Notes the topic as the original one. To be called before the first transform.
    pub fn keep_original_topic(&mut self) {
        self.original_topic.get_or_insert_with(|| Arc::clone(&self.data.topic));
    }

    /// Keeps the bytes that the record was read from.
    pub fn keep_raw(&mut self, raw: RawRecord) {
        self.raw = Some(Box::new(raw));
    }

    /// The bytes that the record was read from; there only if they may be needed for a dead letter.
    pub fn raw(&self) -> Option<&RawRecord> {
        self.raw.as_deref()
    }

    /// Topic before any transform (KIP-793).
    pub fn original_topic(&self) -> &Arc<str> {
        self.original_topic.as_ref().unwrap_or(&self.data.topic)
    }

    /// Partition before any transform.
    pub const fn original_partition(&self) -> i32 {
        self.original_partition
    }

    /// Offset before any transform.
    pub const fn original_offset(&self) -> i64 {
        self.original_offset
    }
}

// In Java both kinds of record extend `ConnectRecord`; here plugins read its parts the same way.

impl Deref for SourceRecord {
    type Target = ConnectRecord;

    fn deref(&self) -> &ConnectRecord {
        &self.data
    }
}

impl DerefMut for SourceRecord {
    fn deref_mut(&mut self) -> &mut ConnectRecord {
        &mut self.data
    }
}

impl Deref for SinkRecord {
    type Target = ConnectRecord;

    fn deref(&self) -> &ConnectRecord {
        &self.data
    }
}

impl DerefMut for SinkRecord {
    fn deref_mut(&mut self) -> &mut ConnectRecord {
        &mut self.data
    }
}
