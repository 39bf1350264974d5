//! Tasks: the part of a connector that moves records, and what the engine gives it.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use async_trait::async_trait;
use sluice_model::{SinkRecord, SourceOffset, SourcePartition, SourceRecord, TopicPartition};

use crate::Result;

/// For each partition the offset of the next record to read.
pub type TopicOffsets = BTreeMap<TopicPartition, i64>;

/// Copies records out of a system. One task runs on one thread; no call overlaps another.
#[async_trait]
pub trait SourceTask: Send {
    /// Hands out the next records, in order; waits for some, or returns none after a while.
    ///
    /// Must be cancel-safe: when the future is dropped, no record that it would have returned is lost to the next call.
    async fn poll(&mut self) -> Result<Vec<SourceRecord>>;

    /// Everything up to these positions is durable in Kafka and its offsets are committed.
    async fn commit(&mut self) -> Result<()> {
        Ok(())
    }

    /// Frees what `open` took. Called once, also after a failure.
    async fn close(&mut self) -> Result<()> {
        Ok(())
    }
}

/// Writes records to a system. One task runs on one thread; no call overlaps another.
#[async_trait]
pub trait SinkTask: Send {
    /// The task now has these partitions in addition to those that it had.
    async fn assigned(&mut self, partitions: &[TopicPartition]) -> Result<()> {
        let _ = partitions;
        Ok(())
    }

    /// Takes the batch, in order within each partition. After a retriable error the same batch comes again.
    async fn put(&mut self, batch: Vec<SinkRecord>) -> Result<()>;

    /// Makes durable what was put; returns the offsets that survive a crash (`SinkTask.preCommit`).
    ///
    /// `current` is where the task stands: offsets beyond it are ignored, partitions left out are not committed.
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
}

/// What a sink task may use.
#[derive(Clone)]
pub struct SinkContext {
    /// Limits that the worker sets for this plugin, such as `sluice.file.paths` (prefix `sluice.` kept).
    pub worker: Arc<crate::Properties>,
    /// Wait before a batch is put again after a retriable error.
    pub retry_backoff: Duration,
}
