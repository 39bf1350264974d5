//! One transaction after the other: records go in, positions follow, and both are there to be read or neither is.
//! Mirrors what `ExactlyOnceWorkerSourceTask` does with its producer.

use std::sync::Arc;

use sluice_kafka::{ClientError, OutgoingRecord, SendRefused};
use sluice_plugin::model::{SourceOffset, SourcePartition};
use tokio_util::sync::CancellationToken;

use super::port::{Port, Told};
use crate::{
    converters::Encoded,
    ledger::{Committable, Ledger},
    offsets::own::Positions,
    task::TaskId,
    trace::Failure,
};

const SEND_REFUSED: &str = "Unrecoverable exception trying to send";
/// What Kafka says once a transaction has lasted too long: its coordinator has ended it and moved on.
const EXPIRED: &str = "org.apache.kafka.common.errors.InvalidProducerEpochException";

/// The transactions of one task.
pub(super) struct Transaction<P> {
    id: TaskId,
    pub(super) port: P,
    told: Arc<Told>,
    is_open: bool,
    /// Records in the open transaction.
    size: u64,
    /// The newest position of each part of the source.
    ledger: Ledger,
    positions: Positions,
}

/// What was committed.
#[derive(Debug, PartialEq)]
pub(super) struct Committed {
    /// Records; none if there was no transaction.
    pub(super) size: Option<u64>,
    /// The positions behind them.
    pub(super) positions: Vec<Committable>,
}

/// Whether something was sent, or the task was told to stop before there was room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sent {
    /// It is on its way.
    Yes,
    /// It is not, and has no position.
    Stopped,
}

impl<P: Port> Transaction<P> {
    pub(super) fn new(id: TaskId, port: P, told: Arc<Told>, positions: Positions) -> Self {
        let ledger = Ledger::default();
        Self { id, port, told, is_open: false, size: 0, ledger, positions }
    }

    /// Whether there is something that a commit would make durable.
    pub(super) const fn is_open(&self) -> bool {
        self.is_open
    }

    /// Sends a record in the open transaction, or in a new one. Waits for room until `stop`.
    pub(super) async fn send(
        &mut self,
        record: &Encoded,
        stop: &CancellationToken,
    ) -> Result<Sent, Failure> {
        if *record.topic == *self.positions.topic {
            // Reading positions waits for open transactions: the task would wait for itself.
            return Err(Failure::new(
                "Source tasks may not produce to their own offsets topics when exactly-once support is enabled",
            ));
        }
        self.open()?;
        let headers: Vec<(&str, Option<&[u8]>)> =
            record.headers.iter().map(|(key, value)| (&**key, value.as_deref())).collect();
        let outgoing = OutgoingRecord {
            topic: &record.topic,
            partition: record.partition,
            timestamp: record.timestamp,
            key: record.key.as_deref(),
            value: record.value.as_deref(),
            headers: &headers,
        };
        loop {
            match self.port.send(&outgoing) {
                Ok(()) => break,
                Err(SendRefused::QueueFull) => tokio::select! {
                    () = self.port.ready() => {}
                    () = stop.cancelled() => return Ok(Sent::Stopped),
                },
                Err(SendRefused::Failed(error)) => return Err(self.failed(SEND_REFUSED, error)),
            }
        }
        self.size += 1;
        Ok(Sent::Yes)
    }

    /// Notes the position behind a record that was sent, or left out on purpose.
    pub(super) fn passed(&mut self, partition: &Arc<SourcePartition>, offset: SourceOffset) {
        let number = self.ledger.track(partition, offset);
        // Whether Kafka has it is the same for all of the transaction.
        self.ledger.done(number);
    }

    /// Commits records and positions, or positions alone, if there are any. After an error, neither is there to be read.
    pub(super) async fn commit(&mut self) -> Result<Committed, Failure> {
        let positions = self.ledger.take_committable();
        if positions.is_empty() && !self.is_open {
            return Ok(Committed { size: None, positions });
        }
        let what = format!("Failed to flush offsets and/or records for task {}", self.id);
        let write: Vec<_> = positions
            .iter()
            .map(|(partition, offset)| ((**partition).clone(), Some(offset.clone())))
            .collect();
        let records = self.positions.store.records(&self.id.connector, &write);
        let records = records.map_err(|error| {
            Failure::of("org.apache.kafka.connect.errors.DataException", error.to_string())
                .within(&what)
        })?;
        self.open()?;
        self.write(&records).await.map_err(|error| self.failed(&what, error))?;
        let committed = self.port.commit().await;
        committed.map_err(|error| self.failed(&what, error))?;
        self.is_open = false;
        Ok(Committed { size: Some(std::mem::take(&mut self.size)), positions })
    }

    /// Throws away what was sent. The positions stay, to be committed with what comes.
    pub(super) async fn abort(&mut self) -> Result<(), Failure> {
        self.port.abort().await?;
        self.is_open = false;
        self.size = 0;
        // What was thrown away was not written, and that is no failure.
        self.told.take_failure();
        Ok(())
    }

    async fn write(&self, records: &[(Vec<u8>, Option<Vec<u8>>)]) -> Result<(), ClientError> {
        for (key, value) in records {
            let record = OutgoingRecord {
                topic: &self.positions.topic,
                partition: None,
                timestamp: None,
                key: Some(key),
                value: value.as_deref(),
                headers: &[],
            };
            loop {
                match self.port.send(&record) {
                    Ok(()) => break,
                    Err(SendRefused::QueueFull) => self.port.ready().await,
                    Err(SendRefused::Failed(error)) => return Err(error),
                }
            }
        }
        Ok(())
    }

    fn open(&mut self) -> Result<(), Failure> {
        if !self.is_open {
            self.port.begin().map_err(|error| self.failed(SEND_REFUSED, error))?;
            self.is_open = true;
        }
        Ok(())
    }

    /// The task fails. A record that could not be written says more than that its transaction cannot be committed.
    fn failed(&self, what: &str, error: ClientError) -> Failure {
        let cause = self.told.take_failure().unwrap_or(error);
        if cause.java_class() != EXPIRED {
            return Failure::from(cause).within(what);
        }
        Failure::from(cause).within(format!(
            "The task {} was unable to finish writing records to Kafka before its producer transaction expired. It may be \
             necessary to reconfigure this connector in order for it to run healthily with exactly-once support. Options \
             for this include: tune the connector's producer configuration for higher throughput, increase the transaction \
             timeout for the connector's producers, decrease the offset commit interval (if using interval-based \
             transaction boundaries), or use the 'poll' transaction boundary (if the connector is not already configured \
             to use it).",
            self.id
        ))
    }
}

#[cfg(test)]
mod tests;
