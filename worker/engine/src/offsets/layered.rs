//! Positions of a connector that has a topic of its own, over those of the worker's topic (`ConnectorOffsetBackingStore`).

use std::sync::Arc;

use async_trait::async_trait;
use sluice_plugin::model::{SourceOffset, SourcePartition};

use super::{OffsetError, OffsetRecord, OffsetStore, json};

/// An [`OffsetStore`] of two: what the first has counts, and the second is kept in step so that a connector that loses its
/// own topic goes on near its place.
pub(crate) struct LayeredOffsets {
    own: Arc<dyn OffsetStore>,
    workers: Arc<dyn OffsetStore>,
}

impl LayeredOffsets {
    pub(crate) fn new(own: Arc<dyn OffsetStore>, workers: Arc<dyn OffsetStore>) -> Self {
        Self { own, workers }
    }
}

/// Tells of a copy that could not be written; what counts was.
pub(crate) fn not_copied(connector: &str, error: &dyn std::fmt::Display) {
    tracing::warn!(connector, %error, "positions could not be copied to the worker's topic");
}

#[async_trait]
impl OffsetStore for LayeredOffsets {
    async fn read(
        &self,
        connector: &str,
        partitions: &[SourcePartition],
    ) -> Result<Vec<Option<SourceOffset>>, OffsetError> {
        let workers = self.workers.read(connector, partitions).await?;
        let own = self.own.read(connector, partitions).await?;
        Ok(own.into_iter().zip(workers).map(|(own, workers)| own.or(workers)).collect())
    }

    /// What is forgotten goes from the worker's topic first: else it would come back from there.
    async fn write(
        &self,
        connector: &str,
        offsets: Vec<(SourcePartition, Option<SourceOffset>)>,
    ) -> Result<(), OffsetError> {
        let (gone, kept): (Vec<_>, Vec<_>) =
            offsets.iter().cloned().partition(|(_, offset)| offset.is_none());
        if !gone.is_empty() {
            self.workers.write(connector, gone).await?;
        }
        self.own.write(connector, offsets).await?;
        if let Err(error) = self.workers.write(connector, kept).await {
            not_copied(connector, &error);
        }
        Ok(())
    }

    async fn all(
        &self,
        connector: &str,
    ) -> Result<Vec<(SourcePartition, SourceOffset)>, OffsetError> {
        let mut all = self.own.all(connector).await?;
        let known: Vec<String> = all.iter().map(|(it, _)| json::canonical(&it.0)).collect();
        let workers = self.workers.all(connector).await?.into_iter();
        all.extend(workers.filter(|(it, _)| !known.contains(&json::canonical(&it.0))));
        Ok(all)
    }

    fn records(
        &self,
        connector: &str,
        offsets: &[(SourcePartition, Option<SourceOffset>)],
    ) -> Result<Vec<OffsetRecord>, OffsetError> {
        self.own.records(connector, offsets)
    }
}

#[cfg(test)]
mod tests {
    use sluice_plugin::model::Value;

    use super::{super::MemoryOffsets, *};

    fn of(name: &str) -> SourcePartition {
        SourcePartition([("file".to_owned(), Value::from(name))].into())
    }

    fn at(position: i64) -> SourceOffset {
        SourceOffset([("position".to_owned(), Value::from(position))].into())
    }

    #[tokio::test]
    async fn the_own_topic_counts_and_the_worker_s_is_kept_in_step() -> Result<(), OffsetError> {
        let (own, workers) = (Arc::<MemoryOffsets>::default(), Arc::<MemoryOffsets>::default());
        workers.write("c", vec![(of("a"), Some(at(1))), (of("b"), Some(at(2)))]).await?;
        own.write("c", vec![(of("b"), Some(at(3)))]).await?;
        let both = LayeredOffsets::new(
            Arc::clone(&own) as Arc<dyn OffsetStore>,
            Arc::clone(&workers) as Arc<dyn OffsetStore>,
        );
        let asked = [of("a"), of("b"), of("c")];
        assert_eq!(both.read("c", &asked).await?, [Some(at(1)), Some(at(3)), None]);
        let mut all = both.all("c").await?;
        all.sort_by_key(|(it, _)| json::canonical(&it.0));
        assert_eq!(all, [(of("a"), at(1)), (of("b"), at(3))]);
        both.write("c", vec![(of("a"), None), (of("c"), Some(at(4)))]).await?;
        for store in [&own, &workers] {
            assert_eq!(store.read("c", &[of("a"), of("c")]).await?, [None, Some(at(4))]);
        }
        Ok(())
    }
}
