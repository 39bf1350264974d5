//! A record as bytes, on its way in or out.

use std::sync::Arc;

use bytes::Bytes;

/// A record read from a topic. Key, value and header values are slices of one buffer per batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Topic.
    pub topic: Arc<str>,
    /// Partition.
    pub partition: i32,
    /// Offset in the partition.
    pub offset: i64,
    /// Milliseconds since 1970; meaningless without a [`TimestampType`].
    pub timestamp: i64,
    /// Who set the timestamp.
    pub timestamp_type: TimestampType,
    /// Key.
    pub key: Option<Bytes>,
    /// Value.
    pub value: Option<Bytes>,
    /// Headers in order; names may repeat.
    pub headers: Vec<(Arc<str>, Option<Bytes>)>,
}

/// Who set a timestamp, as Java names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TimestampType {
    /// There is none.
    NoTimestampType,
    /// The producer.
    CreateTime,
    /// The broker.
    LogAppendTime,
}

impl TimestampType {
    /// The name in Java's texts; none if there is no timestamp.
    pub const fn java_name(self) -> Option<&'static str> {
        match self {
            Self::NoTimestampType => None,
            Self::CreateTime => Some("CreateTime"),
            Self::LogAppendTime => Some("LogAppendTime"),
        }
    }
}

impl From<TimestampType> for sluice_model::TimestampType {
    fn from(of: TimestampType) -> Self {
        match of {
            TimestampType::NoTimestampType => Self::NoTimestampType,
            TimestampType::CreateTime => Self::CreateTime,
            TimestampType::LogAppendTime => Self::LogAppendTime,
        }
    }
}

impl From<sluice_model::TimestampType> for TimestampType {
    fn from(of: sluice_model::TimestampType) -> Self {
        match of {
            sluice_model::TimestampType::NoTimestampType => Self::NoTimestampType,
            sluice_model::TimestampType::CreateTime => Self::CreateTime,
            sluice_model::TimestampType::LogAppendTime => Self::LogAppendTime,
        }
    }
}

/// A record to write.
#[derive(Debug, Clone, Copy)]
pub struct OutgoingRecord<'a> {
    /// Topic.
    pub topic: &'a str,
    /// Partition; chosen from the key if none is given.
    pub partition: Option<i32>,
    /// Milliseconds since 1970; now if none is given.
    pub timestamp: Option<i64>,
    /// Key.
    pub key: Option<&'a [u8]>,
    /// Value.
    pub value: Option<&'a [u8]>,
    /// Headers in order.
    pub headers: &'a [(&'a str, Option<&'a [u8]>)],
}

/// Where a record was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RecordMetadata {
    /// Partition.
    pub partition: i32,
    /// Offset.
    pub offset: i64,
}
