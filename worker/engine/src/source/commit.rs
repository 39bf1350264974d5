//! Positions of what Kafka has taken, written down.

use std::time::Duration;

use tokio::time::{Instant, timeout};
use tracing::Instrument as _;

use super::Source;
use crate::trace::Failure;

impl Source {
    /// Writes the positions of what Kafka has taken. What cannot be written now is written the next time.
    pub(super) async fn commit(&mut self) -> Result<(), Failure> {
        // As `LoggingContext.forOffsets`: connector and task again, as only the innermost span is told.
        let (connector, task) = (&self.id.connector, self.id.task);
        let span = tracing::info_span!("commit", connector, task, scope = "offsets");
        self.write_positions().instrument(span).await
    }

    async fn write_positions(&mut self) -> Result<(), Failure> {
        let mut positions = std::mem::take(&mut self.uncommitted);
        for (partition, offset) in self.ledger.take_committable() {
            match positions.iter_mut().find(|(known, _)| **known == *partition) {
                Some((_, known)) => *known = offset,
                None => positions.push((partition, offset)),
            }
        }
        if positions.is_empty() {
            self.stats.committed(true, Duration::ZERO);
            return Ok(());
        }
        // Positions never run ahead of the dead letters that stand for their records.
        self.reporters.settled().await?;
        if self.abandonment.has_come() {
            return Ok(());
        }
        let started = Instant::now();
        let write = positions
            .iter()
            .map(|(partition, offset)| ((**partition).clone(), Some(offset.clone())));
        let written =
            timeout(self.flush_timeout, self.store.write(&self.id.connector, write.collect()))
                .await;
        let failed = match written {
            Ok(Ok(())) => None,
            Ok(Err(error)) => Some(error.to_string()),
            Err(_) => Some("offset.flush.timeout.ms is over".to_owned()),
        };
        self.stats.committed(failed.is_none(), started.elapsed());
        if let Some(error) = failed {
            tracing::warn!(
                connector = self.id.connector,
                error,
                "positions could not be committed; trying again"
            );
            self.uncommitted = positions;
            return Ok(());
        }
        Ok(self.task.commit(&positions).await?)
    }
}
