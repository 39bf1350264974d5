//! Positions of source connectors: where they are kept and how a task reads them.

pub(crate) mod connector;
mod file;
mod index;
pub(crate) mod json;
pub(crate) mod layered;
mod memory;
pub(crate) mod own;
mod topic;

use async_trait::async_trait;
use sluice_plugin::{
    self as plugin, OffsetReader,
    model::{SourceOffset, SourcePartition},
};

pub use connector::{
    DeadLetterTopic, JsonOffset, OffsetsChange, OffsetsRefusal, ReadPartition, Reading,
};
pub use file::{FileError, FileOffsets, Malformed};
pub use memory::MemoryOffsets;
pub use topic::KafkaOffsets;

use std::sync::Arc;

/// Takes a record of the offsets topic apart, and writes what it says again.
#[cfg(feature = "fuzzing")]
pub fn read_offset(key: &[u8], value: &[u8]) {
    if let Some((connector, partition)) = json::read_key(key) {
        let _ = json::write_key(&connector, &partition);
        let _ = json::canonical(&partition);
    }
    if let Some(offset) = json::read_fields(value) {
        let _ = json::write_fields(&offset);
    }
}

/// Why positions could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum OffsetError {
    /// A connector put something into a position that the offsets topic cannot hold.
    #[error(
        "Offsets may only contain primitive types as values, but field {field} contains {kind}"
    )]
    NotPrimitive {
        /// Field of the partition or offset.
        field: String,
        /// What it contains.
        kind: &'static str,
    },
    /// The topic could not be read or written.
    #[error("the offsets topic cannot be used")]
    Topic(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The file could not be written.
    #[error(transparent)]
    File(#[from] FileError),
}

/// A record of an offsets topic: key and value, none to forget.
pub type OffsetRecord = (Vec<u8>, Option<Vec<u8>>);

/// Keeps the positions of all source connectors.
#[async_trait]
pub trait OffsetStore: Send + Sync {
    /// The newest position of each partition, in the order asked. Sees all that was written before the call,
    /// by any worker.
    async fn read(
        &self,
        connector: &str,
        partitions: &[SourcePartition],
    ) -> Result<Vec<Option<SourceOffset>>, OffsetError>;

    /// Makes positions durable; none forgets a partition. Not cancel-safe: a dropped call may have written.
    async fn write(
        &self,
        connector: &str,
        offsets: Vec<(SourcePartition, Option<SourceOffset>)>,
    ) -> Result<(), OffsetError>;

    /// All partitions of a connector that have a position. Sees what `read` sees.
    async fn all(
        &self,
        connector: &str,
    ) -> Result<Vec<(SourcePartition, SourceOffset)>, OffsetError>;

    /// The records that set positions, for whoever writes them in a transaction of its own.
    fn records(
        &self,
        connector: &str,
        offsets: &[(SourcePartition, Option<SourceOffset>)],
    ) -> Result<Vec<OffsetRecord>, OffsetError>;
}

/// The positions of one connector, as its tasks may read them.
pub(crate) struct ConnectorOffsets {
    pub(crate) store: Arc<dyn OffsetStore>,
    pub(crate) connector: String,
}

#[async_trait]
impl OffsetReader for ConnectorOffsets {
    async fn offsets(
        &self,
        partitions: &[SourcePartition],
    ) -> plugin::Result<Vec<Option<SourceOffset>>> {
        let read = self.store.read(&self.connector, partitions).await;
        read.map_err(|error| plugin::Error::fatal("Failed to fetch offsets.").because(error))
    }
}
