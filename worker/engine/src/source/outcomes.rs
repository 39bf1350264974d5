//! What became of the records that were sent.

use std::sync::{Arc, Mutex, PoisonError};

use sluice_kafka::{ClientError, Deliveries, Delivery};
use tokio::sync::Notify;

use super::Source;
use crate::{
    reporters::Original,
    stage::{Stage, Step},
    trace::Failure,
};

const SEND_FAILED: &str = "Unrecoverable exception from producer send callback";
/// What Java names as the class that could not write a record.
const SOURCE_TASK: &str = "org.apache.kafka.connect.runtime.WorkerSourceTask";

/// Outcomes of sends, handed over by the producer's thread. Never more than the producer's queue holds.
#[derive(Default)]
pub(super) struct Outcomes {
    arrived: Mutex<Vec<Delivery>>,
    /// Told when there are some.
    pub(super) news: Notify,
}

/// The producer's end of the outcomes.
pub(super) struct Delivered(pub(super) Arc<Outcomes>);

impl Deliveries for Delivered {
    fn take(&self, delivered: &mut Vec<Delivery>) {
        self.0.arrived.lock().unwrap_or_else(PoisonError::into_inner).append(delivered);
        self.0.news.notify_one();
    }
}

impl Source {
    /// Notes which records Kafka has taken.
    pub(super) fn take_outcomes(&mut self) -> Result<(), Failure> {
        let mut arrived = self.outcomes.arrived.lock().unwrap_or_else(PoisonError::into_inner);
        let outcomes = std::mem::take(&mut *arrived);
        drop(arrived);
        if outcomes.is_empty() {
            return Ok(());
        }
        let mut written = 0;
        for (number, outcome) in outcomes {
            match outcome {
                Ok(_) => {
                    written += 1;
                    self.sent.remove(&number);
                    self.done(number);
                }
                Err(error) => self.refused(number, error)?,
            }
        }
        if written > 0 {
            self.sent_to.drain(..).for_each(|topic| self.topics.uses(&topic));
        }
        self.stats.records_out.add(written);
        self.stats.active.set(self.active);
        Ok(())
    }

    /// Kafka does not take a record. That is the end, unless it is about this record and the connector tolerates it.
    pub(super) fn refused(&mut self, number: u64, error: ClientError) -> Result<(), Failure> {
        if !self.guard.tolerates() || error.is_authentication() {
            return Err(Failure::from(error).within(SEND_FAILED));
        }
        tracing::error!(connector = self.id.connector, %error, "a record was dropped");
        self.stats.errors.failed();
        self.stats.errors.marked();
        if let Some(record) = self.sent.remove(&number) {
            let step = Step::new(Stage::KafkaProduce, SOURCE_TASK);
            self.reporters.report(&step, &Failure::from(error), Original::Polled(&record));
        }
        self.done(number);
        Ok(())
    }

    /// Nothing more is done about a record.
    pub(super) fn done(&mut self, number: u64) {
        self.ledger.done(number);
        self.active -= 1;
    }
}
