//! Tasks: the part of a connector that moves records, and what the engine gives it.

use std::{collections::BTreeMap, sync::Arc};

use async_trait::async_trait;
use sluice_model::{SinkRecord, SourceOffset, SourcePartition, SourceRecord, TopicPartition};

use crate::Result;

/// For each partition the offset of the next record to read.
pub type TopicOffsets = BTreeMap<TopicPartition, i64>;

/// Copies records out of a system (`org.apache.kafka.connect.source.SourceTask`).
///
/// - **Threads**: one task runs on a thread with a runtime of its own, once it has settled on another thread with the same
///   runtime: what a plugin keeps for a thread stays behind. No call overlaps another, and none runs after
///   [`close`](Self::close). A call that blocks holds up the sending of what was polled before, and no other task.
/// - **Order**: records reach Kafka in the order of their source partition, as far as they go to one partition there.
/// - **Durability**: the engine commits the position of a record once Kafka has it and all before it of the same source
///   partition, or once they were left out on purpose. After a crash the task is opened at the last committed position.
/// - **Errors**: a retriable error of `poll` is told in the log, and `poll` is called again after a pause; any other
///   error of any call fails the task, and so does a panic. Once the task is told to stop, errors are only told in the log.
/// - **Stop**: the call that is on its way is dropped, what was polled is sent and committed, then `close` comes. A task
///   that has not ended within `task.shutdown.graceful.timeout.ms` is left behind: what it still does counts no more.
#[async_trait]
pub trait SourceTask: Send {
    /// Hands out the next records, in order; waits for some, or returns none after a while.
    ///
    /// Must be cancel-safe: when the future is dropped, no record that it would have returned is lost to the next call.
    /// That happens often, as a commit that is due or room in the producer's queue end the wait. Not called while the
    /// connector is paused, nor while Kafka takes no more.
    async fn poll(&mut self) -> Result<Vec<SourceRecord>>;

    /// Everything up to these positions is durable in Kafka, or left out on purpose, and the positions are committed:
    /// the system may forget it now. One entry for each part of the source that has moved on since the last call.
    ///
    /// Called again with a later position if it is not called for some; an error fails the task.
    async fn commit(&mut self, committed: &[(Arc<SourcePartition>, SourceOffset)]) -> Result<()> {
        let _ = committed;
        Ok(())
    }

    /// Frees what `open` took. Called once, also after a failure.
    async fn close(&mut self) -> Result<()> {
        Ok(())
    }
}

/// Writes records to a system (`org.apache.kafka.connect.sink.SinkTask`).
///
/// - **Threads**: one task runs on a thread with a runtime of its own, once it has settled on another thread with the same
///   runtime: what a plugin keeps for a thread stays behind. No call overlaps another, and none runs after
///   [`close`](Self::close). A call that takes longer than `max.poll.interval.ms` costs the task its partitions.
/// - **Cancellation**: calls are awaited to their end, unless the task is left behind because it has not stopped within
///   `task.shutdown.graceful.timeout.ms`.
/// - **Order**: `assigned` comes before the first record of a partition, and its last `flush` before `revoked`. Between
///   them its records come with rising offsets, but for what comes again after a rewind or an error.
/// - **Durability**: only what `flush` returned is committed. A crash brings everything behind that again, perhaps to
///   another task.
/// - **Errors**: a retriable error of `put` brings the same batch again; any other one fails the task, and so do errors of
///   `assigned`, `revoked` and `close`, and panics. After a failure nothing more is committed. Once the task is told to
///   stop, errors are only told in the log.
#[async_trait]
pub trait SinkTask: Send {
    /// The task now has these partitions in addition to those that it had.
    async fn assigned(&mut self, partitions: &[TopicPartition]) -> Result<()> {
        let _ = partitions;
        Ok(())
    }

    /// Takes the batch, in order within each partition. After a retriable error exactly this batch comes again, and
    /// nothing else before it. It may be empty: then nothing new has come in a while.
    ///
    /// A record that cannot be written goes to [`errant_records`](crate::SinkContext::errant_records); any other error
    /// fails the task.
    async fn put(&mut self, batch: &[SinkRecord]) -> Result<()>;

    /// Makes durable what was put; returns the offsets that survive a crash (`SinkTask.preCommit`).
    ///
    /// `current` is where the task stands: offsets beyond it are ignored, partitions left out are not committed. After
    /// an error the task is read back to what was committed last, and gets the records since then again.
    async fn flush(&mut self, current: &TopicOffsets) -> Result<TopicOffsets>;

    /// The task no longer has these partitions. Their last `flush` came just before.
    async fn revoked(&mut self, partitions: &[TopicPartition]) -> Result<()> {
        let _ = partitions;
        Ok(())
    }

    /// Frees what `open` took. Called once, also after a failure.
    async fn close(&mut self) -> Result<()> {
        Ok(())
    }
}

/// Reads the committed positions of one connector.
#[async_trait]
pub trait OffsetReader: Send + Sync {
    /// The position for each partition, in the order asked; none where nothing was committed.
    async fn offsets(&self, partitions: &[SourcePartition]) -> Result<Vec<Option<SourceOffset>>>;
}

/// What a source task may use.
#[derive(Clone)]
pub struct SourceContext {
    /// Committed positions of this connector.
    pub offsets: Arc<dyn OffsetReader>,
    /// Limits that the worker sets for this plugin, such as `sluice.file.paths` (prefix `sluice.` kept).
    pub worker: Arc<crate::Properties>,
    /// Ends transactions, if the user lets the connector say where (`transaction.boundary=connector`) and the worker
    /// delivers exactly once.
    pub transactions: Option<Arc<crate::TransactionContext>>,
}
