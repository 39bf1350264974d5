//! Positions in Kafka: the offsets topic (`KafkaOffsetBackingStore`).

use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use bytes::Bytes;
use sluice_kafka::log::{Log, LogConfig, LogError, LogEvent};
use sluice_plugin::model::{SourceOffset, SourcePartition};
use tokio::{sync::mpsc, task::JoinSet};

use super::{OffsetError, OffsetRecord, OffsetStore, index::Index};

/// An [`OffsetStore`] over the offsets topic.
pub struct KafkaOffsets {
    log: Log,
    index: Arc<Mutex<Index>>,
    /// Follows the topic; ends when this is dropped.
    _follower: JoinSet<()>,
}

impl KafkaOffsets {
    /// Opens the topic and follows it from the beginning.
    pub async fn start(config: LogConfig) -> Result<Self, LogError> {
        let (log, records) = Log::start(config).await?;
        let index = Arc::<Mutex<Index>>::default();
        let mut follower = JoinSet::new();
        follower.spawn(follow(records, Arc::clone(&index)));
        Ok(Self { log, index, _follower: follower })
    }

    fn with<T>(&self, act: impl FnOnce(&mut Index) -> T) -> T {
        act(&mut self.index.lock().unwrap_or_else(PoisonError::into_inner))
    }

    async fn catch_up(&self) -> Result<(), OffsetError> {
        self.log.read_to_end().await.map_err(|error| OffsetError::Topic(Box::new(error)))
    }
}

async fn follow(mut records: mpsc::Receiver<LogEvent>, index: Arc<Mutex<Index>>) {
    while let Some(event) = records.recv().await {
        match event {
            LogEvent::Records(records) => {
                let mut index = index.lock().unwrap_or_else(PoisonError::into_inner);
                for record in records {
                    let key = record.key.unwrap_or_default();
                    if !index.apply(&key, record.value.as_deref()) {
                        tracing::warn!(
                            offset = record.offset,
                            "ignoring a record of the offsets topic"
                        );
                    }
                }
            }
            LogEvent::End(end) => end.reached(),
        }
    }
}

#[async_trait]
impl OffsetStore for KafkaOffsets {
    async fn read(
        &self,
        connector: &str,
        partitions: &[SourcePartition],
    ) -> Result<Vec<Option<SourceOffset>>, OffsetError> {
        self.catch_up().await?;
        Ok(self.with(|index| partitions.iter().map(|it| index.offset(connector, it)).collect()))
    }

    async fn write(
        &self,
        connector: &str,
        offsets: Vec<(SourcePartition, Option<SourceOffset>)>,
    ) -> Result<(), OffsetError> {
        let records = self.records(connector, &offsets)?;
        let records =
            records.into_iter().map(|(key, value)| (Bytes::from(key), value.map(Bytes::from)));
        let written = self.log.send_all(records.collect()).await;
        written.map_err(|error| OffsetError::Topic(Box::new(error)))
    }

    async fn all(
        &self,
        connector: &str,
    ) -> Result<Vec<(SourcePartition, SourceOffset)>, OffsetError> {
        self.catch_up().await?;
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
