//! What a sink task may ask of the engine (`org.apache.kafka.connect.sink.SinkTaskContext`).

use std::{
    collections::BTreeSet,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use sluice_model::{SinkRecord, TopicPartition};

use crate::{Error, Properties, Result, TopicOffsets};

/// What a sink task may use. The engine does what it is asked for before the next `put`.
#[derive(Clone)]
pub struct SinkContext {
    /// Limits that the worker sets for this plugin, such as `sluice.file.paths` (prefix `sluice.` kept).
    pub worker: Arc<Properties>,
    /// Where records go that cannot be written; none unless the connector logs errors or has a dead letter queue.
    pub errant_records: Option<Arc<dyn ErrantRecordReporter>>,
    wishes: Arc<Mutex<SinkWishes>>,
}

/// What a sink task has asked for and the engine has not done yet.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SinkWishes {
    /// Offsets to read on from.
    pub offsets: TopicOffsets,
    /// Longest wait until the next `put`.
    pub timeout: Option<Duration>,
    /// Partitions that shall not be read. Stays until the task resumes them or loses them.
    pub paused: BTreeSet<TopicPartition>,
    /// Whether offsets shall be committed before their time.
    pub commit: bool,
}

/// Takes records that a sink cannot write (KIP-610).
pub trait ErrantRecordReporter: Send + Sync {
    /// Reports a record: it is logged and goes to the dead letter queue, as the connector is set up.
    ///
    /// `Ok` means that the task goes on without the record; no offset behind it is committed before the report is
    /// durable. An error means that `errors.tolerance` allows no failure: return it from `put`.
    fn report(&self, record: &SinkRecord, error: Error) -> Result<Reported>;
}

/// A report on its way. Waiting for it is not needed, and dropping it takes nothing back.
pub type Reported = Pin<Box<dyn Future<Output = Result<()>> + Send>>;

impl SinkContext {
    /// A context that has been asked for nothing.
    pub fn new(
        worker: Arc<Properties>,
        errant_records: Option<Arc<dyn ErrantRecordReporter>>,
    ) -> Self {
        Self { worker, errant_records, wishes: Arc::default() }
    }

    /// Reads on from these offsets instead, also backwards. Partitions that the task does not have are ignored.
    pub fn rewind(&self, offsets: &TopicOffsets) {
        self.wishes().offsets.extend(offsets.iter().map(|(key, offset)| (key.clone(), *offset)));
    }

    /// Wait before the batch is put again after a retriable error, or before an empty one is put. Counts once.
    pub fn timeout(&self, timeout: Duration) {
        self.wishes().timeout = Some(timeout);
    }

    /// Stops reading these partitions until they are resumed.
    pub fn pause(&self, partitions: &[TopicPartition]) {
        self.wishes().paused.extend(partitions.iter().cloned());
    }

    /// Reads these partitions again.
    pub fn resume(&self, partitions: &[TopicPartition]) {
        self.wishes().paused.retain(|it| !partitions.contains(it));
    }

    /// Commits offsets soon, not only when `offset.flush.interval.ms` is over.
    pub fn request_commit(&self) {
        self.wishes().commit = true;
    }

    /// For the engine: what was asked for, to be changed as it is done.
    pub fn wishes(&self) -> MutexGuard<'_, SinkWishes> {
        self.wishes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wishes_gather_until_they_are_taken() {
        let context = SinkContext::new(Arc::default(), None);
        let (first, second) = (TopicPartition::new("t", 0), TopicPartition::new("t", 1));
        context.pause(&[first.clone(), second.clone()]);
        context.resume(std::slice::from_ref(&first));
        context.rewind(&TopicOffsets::from([(first.clone(), 7)]));
        context.rewind(&TopicOffsets::from([(first.clone(), 5)]));
        context.request_commit();
        let wishes = context.wishes().clone();
        assert_eq!(wishes.paused, BTreeSet::from([second]));
        assert_eq!(wishes.offsets, TopicOffsets::from([(first, 5)]));
        assert!(wishes.commit && wishes.timeout.is_none());
    }
}
