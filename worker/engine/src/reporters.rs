//! Where records that failed are told: the log, the dead letter queue.

mod dead_letters;
mod errant;
mod headers;
mod log;
mod outstanding;

use std::sync::Arc;

use sluice_plugin::model::SourceRecord;

use crate::{
    clients::{ClientSpec, Message},
    control::Abandonment,
    converters::Converters,
    guard::{LogPolicy, Policy},
    metrics::TaskStats,
    stage::Step,
    task::TaskId,
    trace::Failure,
};
use dead_letters::DeadLetters;
pub(crate) use errant::ErrantRecords;

/// A record as it was before anything was done to it.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Original<'a> {
    /// Read from Kafka.
    Consumed(&'a Message),
    /// Handed out by a source.
    Polled(&'a SourceRecord),
}

/// The reporters of one task.
pub(crate) struct Reporters {
    id: TaskId,
    log: Option<LogPolicy>,
    dead_letters: Option<DeadLetters>,
    stats: Arc<TaskStats>,
}

impl Reporters {
    /// Sets up what the connector wants; makes the dead letter topic if there is none. `json` writes the records of
    /// sources down.
    pub(crate) async fn start(
        spec: &ClientSpec<'_>,
        policy: &Policy,
        stats: Arc<TaskStats>,
        json: impl FnOnce() -> Result<Converters, Failure>,
        abandonment: &Abandonment,
    ) -> Result<Self, Failure> {
        let mut reporters = Self::without_dead_letters(spec.id.clone(), policy, stats);
        if let Some(policy) = &policy.dead_letters {
            let stats = Arc::clone(&reporters.stats);
            reporters.dead_letters =
                Some(DeadLetters::start(spec, policy.clone(), stats, json, abandonment).await?);
        }
        Ok(reporters)
    }

    /// The log alone.
    pub(crate) const fn without_dead_letters(
        id: TaskId,
        policy: &Policy,
        stats: Arc<TaskStats>,
    ) -> Self {
        Self { id, log: policy.log, dead_letters: None, stats }
    }

    /// Whether anybody hears of a record that fails.
    pub(crate) const fn has_listeners(&self) -> bool {
        self.log.is_some() || self.dead_letters.is_some()
    }

    /// Whether a record is wanted as it was before any transform.
    pub(crate) fn wants_original(&self) -> bool {
        self.dead_letters.is_some() || self.log.is_some_and(|it| it.names_record)
    }

    /// Tells of a record; the number under which [`Self::settled_up_to`] knows its dead letter.
    pub(crate) fn report(&self, step: &Step, failure: &Failure, original: Original<'_>) -> u64 {
        if let Some(policy) = self.log {
            log::write(&self.id, policy, step, failure, original);
            self.stats.errors.logged.add(1);
        }
        self.dead_letters.as_ref().map_or(0, |it| it.write(step, failure, original))
    }

    /// Waits until all dead letters are durable. To be called before a position behind them is committed.
    pub(crate) async fn settled(&self) -> Result<(), Failure> {
        match &self.dead_letters {
            Some(dead_letters) => dead_letters.settled().await,
            None => Ok(()),
        }
    }

    /// Waits until a dead letter is durable, and those before it.
    pub(crate) async fn settled_up_to(&self, number: u64) -> Result<(), Failure> {
        match &self.dead_letters {
            Some(dead_letters) => dead_letters.settled_up_to(number).await,
            None => Ok(()),
        }
    }
}
