//! Positions that last as long as the process: for tests and for runs that start over each time.

use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;
use sluice_plugin::model::{SourceOffset, SourcePartition};

use super::{OffsetError, OffsetRecord, OffsetStore, index::Index};

/// An [`OffsetStore`] in memory.
#[derive(Debug, Default)]
pub struct MemoryOffsets {
    index: Mutex<Index>,
}

impl MemoryOffsets {
    fn with<T>(&self, act: impl FnOnce(&mut Index) -> T) -> T {
        act(&mut self.index.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[async_trait]
impl OffsetStore for MemoryOffsets {
    async fn read(
        &self,
        connector: &str,
        partitions: &[SourcePartition],
    ) -> Result<Vec<Option<SourceOffset>>, OffsetError> {
        Ok(self.with(|index| partitions.iter().map(|it| index.offset(connector, it)).collect()))
    }

    async fn write(
        &self,
        connector: &str,
        offsets: Vec<(SourcePartition, Option<SourceOffset>)>,
    ) -> Result<(), OffsetError> {
        self.with(|index| {
            for (partition, offset) in &offsets {
                for (key, value) in index.entries(connector, partition, offset.as_ref())? {
                    index.apply(&key, value.as_deref());
                }
            }
            Ok(())
        })
    }

    async fn all(
        &self,
        connector: &str,
    ) -> Result<Vec<(SourcePartition, SourceOffset)>, OffsetError> {
        Ok(self.with(|index| index.all(connector)))
    }

    fn records(
        &self,
        connector: &str,
        offsets: &[(SourcePartition, Option<SourceOffset>)],
    ) -> Result<Vec<OffsetRecord>, OffsetError> {
        self.with(|index| index.records(connector, offsets))
    }
}
