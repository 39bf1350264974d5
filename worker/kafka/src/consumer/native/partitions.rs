//! librdkafka's list of partitions, owned.

use std::ffi::{CStr, CString};

use rdkafka_sys as ffi;
use sluice_model::TopicPartition;

use super::error_of;
use crate::failure::ClientError;

/// A place in a partition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum Offset {
    /// The group's committed one, else what `auto.offset.reset` says.
    Stored,
    /// This one.
    At(i64),
}

/// A subscription names no partition.
const ANY_PARTITION: i32 = -1;
const STORED: i64 = ffi::RD_KAFKA_OFFSET_STORED as i64;

/// A list of partitions with an offset and an error each.
pub(in super::super) struct Partitions(*mut ffi::rd_kafka_topic_partition_list_t);

// SAFETY: a plain value of the heap that one thread uses at a time.
unsafe impl Send for Partitions {}

impl Partitions {
    pub(in super::super) fn new<'a>(
        rows: impl IntoIterator<Item = (&'a TopicPartition, Offset)>,
    ) -> Self {
        let list = Self::empty();
        for (row, offset) in rows {
            list.add(&row.topic, row.partition, offset);
        }
        list
    }

    /// A list of topics, as `subscribe` takes it.
    pub(in super::super) fn topics(topics: &[String]) -> Self {
        let list = Self::empty();
        for topic in topics {
            list.add(topic, ANY_PARTITION, Offset::Stored);
        }
        list
    }

    /// The rows whose offset is known.
    pub(in super::super) fn known(&self) -> Vec<(TopicPartition, i64)> {
        self.rows().filter(|(_, offset)| *offset >= 0).collect()
    }

    pub(super) fn as_ptr(&self) -> *mut ffi::rd_kafka_topic_partition_list_t {
        self.0
    }

    /// The first error of a row.
    pub(super) fn first_error(&self) -> Result<(), ClientError> {
        for row in elements(self.0) {
            if row.err != ffi::rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR_NO_ERROR {
                let error = error_of(row.err);
                let message = format!("{}-{}: {}", name(row), row.partition, error.message());
                return Err(ClientError::new(row.err as i32, message));
            }
        }
        Ok(())
    }

    fn empty() -> Self {
        // SAFETY: no precondition; it aborts rather than return null.
        Self(unsafe { ffi::rd_kafka_topic_partition_list_new(8) })
    }

    fn add(&self, topic: &str, partition: i32, offset: Offset) {
        // A topic's name has no NUL; one with it cannot exist and is left out.
        let Ok(topic) = CString::new(topic) else { return };
        // SAFETY: the list is ours; the name is copied.
        unsafe {
            let row = ffi::rd_kafka_topic_partition_list_add(self.0, topic.as_ptr(), partition);
            (*row).offset = match offset {
                Offset::Stored => STORED,
                Offset::At(offset) => offset,
            };
        }
    }

    fn rows(&self) -> impl Iterator<Item = (TopicPartition, i64)> {
        elements(self.0)
            .iter()
            .map(|row| (TopicPartition::new(name(row), row.partition), row.offset))
    }
}

impl Drop for Partitions {
    fn drop(&mut self) {
        // SAFETY: ours alone.
        unsafe { ffi::rd_kafka_topic_partition_list_destroy(self.0) };
    }
}

/// The partitions of a list that librdkafka lends to a callback.
pub(super) fn lent(list: *mut ffi::rd_kafka_topic_partition_list_t) -> Vec<TopicPartition> {
    elements(list).iter().map(|row| TopicPartition::new(name(row), row.partition)).collect()
}

fn elements<'a>(
    list: *mut ffi::rd_kafka_topic_partition_list_t,
) -> &'a [ffi::rd_kafka_topic_partition_t] {
    if list.is_null() {
        return &[];
    }
    // SAFETY: callers hold the list for as long as they use the slice; `elems` has `cnt` initialized rows.
    unsafe {
        match (*list).cnt {
            0 => &[],
            count => std::slice::from_raw_parts((*list).elems, count as usize),
        }
    }
}

fn name(row: &ffi::rd_kafka_topic_partition_t) -> String {
    // SAFETY: every row has a name.
    unsafe { CStr::from_ptr(row.topic) }.to_string_lossy().into_owned()
}
