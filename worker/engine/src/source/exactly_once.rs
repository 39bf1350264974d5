//! The source path with exactly-once delivery: records and positions in one transaction. Mirrors
//! `ExactlyOnceWorkerSourceTask` (KIP-618).
//!
//! A task begins once the tasks before it can write no more, and fails rather than write what may be written twice.

mod boundary;
mod opening;
mod port;
mod transaction;

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use sluice_kafka::Producer;
use sluice_plugin::{AnySourceConnector, Kind, SourceTask, TransactionEnd, model::SourceRecord};
use tokio::time::{Instant, sleep_until, timeout};
use tokio_util::sync::CancellationToken;
use tracing::Instrument as _;

use super::{
    POLL_RETRY,
    encode::{Encoder, Outcome},
    topics::TopicMaker,
};
use crate::{
    active_topics::TopicTracker,
    control::{Abandonment, Control},
    converters::Encoded,
    engine::TaskParts,
    guard::Guard,
    metrics::TaskStats,
    offsets::{OffsetStore, layered::not_copied},
    reporters::Reporters,
    settings::Distributed,
    spans::Tracer,
    task::TaskId,
    trace::Failure,
};
use boundary::Boundary;
use port::Told;
use transaction::{Sent, Transaction};

/// What a worker has checked before it lets an exactly-once task write. Errors are traces.
#[async_trait]
pub trait Preflight: Send + Sync {
    /// Has the tasks of earlier configurations fenced off, if the leader finds that needed.
    async fn fence(&self) -> Result<(), String>;
    /// Checks, once the task's own producer is the only one, that the task is still to run here.
    async fn verify(&self) -> Result<(), String>;
}

/// What a task of this kind is started with besides.
pub(crate) struct Start {
    pub(crate) worker: Arc<Distributed>,
    pub(crate) preflight: Box<dyn Preflight>,
    /// The worker's positions.
    pub(crate) store: Arc<dyn OffsetStore>,
}

/// Runs a source task until it is told to stop, or fails.
pub(crate) async fn run(
    mut control: Control,
    parts: TaskParts,
    connector: Arc<dyn AnySourceConnector>,
    start: Start,
) -> Result<(), Failure> {
    let stop = control.stop.clone();
    let opening = ExactlyOnce::open(&control, parts, &*connector, start);
    let opened = tokio::select! {
        opened = opening => opened?,
        // Checks that lead nowhere must not hold up the stop. The task has sent nothing.
        () = stop.cancelled() => return Ok(()),
    };
    let mut this = opened;
    control.opened();
    let outcome = this.flow(&mut control).await;
    if control.abandonment.has_come() {
        // A successor may be ahead already: nothing of this task counts any more.
        return Ok(());
    }
    this.close(outcome).await
}

struct ExactlyOnce {
    task: Box<dyn SourceTask>,
    encoder: Encoder,
    guard: Guard,
    reporters: Arc<Reporters>,
    transaction: Transaction<Producer>,
    told: Arc<Told>,
    boundary: Boundary,
    maker: TopicMaker,
    id: TaskId,
    /// The worker's positions, if the connector has a topic of its own.
    workers: Option<Arc<dyn OffsetStore>>,
    stats: Arc<TaskStats>,
    /// None unless spans are wanted.
    tracer: Option<Tracer>,
    topics: TopicTracker,
    /// Topics that records of the open transaction went to.
    sent_to: Vec<Arc<str>>,
    flush_timeout: Duration,
    /// Not polled before: later than now only after a retriable error.
    poll_due: Instant,
    /// Since when the task is asked for records.
    asked: Option<Instant>,
    /// Records polled and neither committed nor left out.
    active: u64,
    abandonment: Arc<Abandonment>,
}

impl ExactlyOnce {
    async fn flow(&mut self, control: &mut Control) -> Result<(), Failure> {
        let stop = control.stop.clone();
        control.report().await;
        self.boundary.begin(Instant::now());
        while !stop.is_cancelled() {
            let can_poll = control.shall_run() && Instant::now() >= self.poll_due;
            self.asked = can_poll.then(|| self.asked.unwrap_or_else(Instant::now));
            let due = self.boundary.due().filter(|_| self.transaction.is_open());
            tokio::select! {
                biased;
                () = stop.cancelled() => {}
                () = control.target_set() => {
                    control.report().await;
                    self.turned(control.shall_run()).await?;
                }
                () = sleep_until(due.unwrap_or_else(Instant::now)), if due.is_some() => {
                    let end = self.boundary.after_batch(Instant::now())?;
                    self.end(end).await?;
                }
                // Dropping a poll loses no record, by its contract.
                polled = self.task.poll(), if can_poll => match polled {
                    Err(error) if error.kind() == Kind::Retriable => self.poll_later(&error),
                    polled => self.send_all(polled?, &stop).await?,
                },
                () = sleep_until(self.poll_due), if self.poll_due > Instant::now() => {}
            }
        }
        Ok(())
    }

    fn poll_later(&mut self, error: &sluice_plugin::Error) {
        tracing::warn!(connector = self.id.connector, %error, "the source could not be polled; trying again");
        self.asked = None;
        self.poll_due = Instant::now() + POLL_RETRY;
    }

    /// A pause ends the transaction: it would expire.
    async fn turned(&mut self, shall_run: bool) -> Result<(), Failure> {
        if shall_run {
            self.boundary.begin(Instant::now());
            return Ok(());
        }
        let end = self.boundary.at_end()?;
        self.end(end).await
    }

    async fn send_all(
        &mut self,
        records: Vec<SourceRecord>,
        stop: &CancellationToken,
    ) -> Result<(), Failure> {
        if !records.is_empty() {
            let asked = self.asked.take();
            self.count_poll(records.len(), asked.map_or(Duration::ZERO, |it| it.elapsed()));
        }
        for record in records {
            if self.send(record, stop).await? == Sent::Stopped {
                // Neither this record nor those after it have a position: they are polled again.
                return Ok(());
            }
        }
        let end = self.boundary.after_batch(Instant::now())?;
        self.end(end).await
    }

    async fn send(
        &mut self,
        mut record: SourceRecord,
        stop: &CancellationToken,
    ) -> Result<Sent, Failure> {
        // Asked first: the connector knows the record as it was.
        let end = self.boundary.after_record(&record)?;
        match self.encoder.encode(&mut record, &self.guard).await? {
            Outcome::Stopped => return Ok(Sent::Stopped),
            Outcome::Dropped => self.active -= 1,
            Outcome::Encoded(mut encoded) => {
                if let Some(tracer) = &mut self.tracer {
                    tracer.sent(std::iter::once(&mut encoded));
                }
                let sent = match self.topic_ready(&encoded, stop).await? {
                    Sent::Yes => self.transaction.send(&encoded, stop).await?,
                    Sent::Stopped => Sent::Stopped,
                };
                if sent == Sent::Stopped {
                    return Ok(Sent::Stopped);
                }
                self.stats.bytes.add(encoded.size() as u64);
                if !self.sent_to.contains(&encoded.topic) {
                    self.sent_to.push(encoded.topic);
                }
            }
        }
        let offset = std::mem::take(&mut record.source_offset);
        self.transaction.passed(&record.source_partition, offset);
        self.end(end).await?;
        Ok(Sent::Yes)
    }

    async fn topic_ready(
        &mut self,
        record: &Encoded,
        stop: &CancellationToken,
    ) -> Result<Sent, Failure> {
        while !self.maker.is_ready(&record.topic).await? {
            let again = self.maker.retry_at().unwrap_or_else(Instant::now);
            tokio::select! {
                () = sleep_until(again) => {}
                () = stop.cancelled() => return Ok(Sent::Stopped),
            }
        }
        Ok(Sent::Yes)
    }

    /// Ends the transaction, if it is to end.
    async fn end(&mut self, end: Option<TransactionEnd>) -> Result<(), Failure> {
        match end {
            None => Ok(()),
            Some(TransactionEnd::Commit) => self.commit().await,
            Some(TransactionEnd::Abort) => {
                if self.transaction.is_open() {
                    tracing::info!(
                        connector = self.id.connector,
                        "a transaction is aborted, as the connector wants"
                    );
                    self.transaction.abort().await?;
                    self.told.take_written();
                    self.sent_to.clear();
                }
                // What was thrown away is not to be read again.
                self.commit().await
            }
        }
    }

    async fn commit(&mut self) -> Result<(), Failure> {
        // As `LoggingContext.forOffsets`: connector and task again, as only the innermost span is told.
        let (connector, task) = (&self.id.connector, self.id.task);
        let span = tracing::info_span!("commit", connector, task, scope = "offsets");
        self.commit_all().instrument(span).await
    }

    async fn commit_all(&mut self) -> Result<(), Failure> {
        // Positions never run ahead of the dead letters that stand for their records.
        self.reporters.settled().await?;
        if self.abandonment.has_come() {
            return Ok(());
        }
        let started = Instant::now();
        let committed = self.transaction.commit().await;
        self.stats.committed(committed.is_ok(), started.elapsed());
        let committed = committed?;
        if let Some(size) = committed.size {
            self.stats.transaction_size.add(size as f64);
            self.active = 0;
            self.stats.active.set(0);
            self.stats.records_out.add(size);
            self.told.take_written();
            self.sent_to.drain(..).for_each(|topic| self.topics.uses(&topic));
        }
        if committed.positions.is_empty() {
            return Ok(());
        }
        self.copy(&committed.positions).await;
        Ok(self.task.commit(&committed.positions).await?)
    }

    /// Keeps the worker's topic in step; what counts is committed already.
    async fn copy(&mut self, positions: &[crate::ledger::Committable]) {
        let Some(workers) = &self.workers else { return };
        let copy =
            positions.iter().map(|(partition, it)| ((**partition).clone(), Some(it.clone())));
        let copied = workers.write(&self.id.connector, copy.collect());
        match timeout(self.flush_timeout, copied).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => not_copied(&self.id.connector, &error),
            Err(_) => not_copied(&self.id.connector, &"offset.flush.timeout.ms is over"),
        }
    }

    fn count_poll(&mut self, records: usize, took: Duration) {
        self.stats.records_in.add(records as u64);
        self.stats.batch_size.add(records as f64);
        self.stats.batch_time.add_time(took);
        self.active += records as u64;
        self.stats.active.set(self.active);
    }

    /// Commits what was sent, unless the task has failed or the connector decides, and frees everything.
    async fn close(mut self, outcome: Result<(), Failure>) -> Result<(), Failure> {
        let committed = match outcome {
            Ok(()) => match self.boundary.at_end() {
                Ok(end) => self.end(end).await,
                Err(failure) => Err(failure),
            },
            failed => failed,
        };
        if self.transaction.is_open() {
            // Readers wait for what is open. If it cannot be aborted, the next task's producer does.
            let aborted = timeout(self.flush_timeout, self.transaction.abort()).await;
            if !matches!(aborted, Ok(Ok(()))) {
                tracing::warn!(
                    connector = self.id.connector,
                    "an open transaction was left behind"
                );
            }
        }
        let closed = self.task.close().await;
        self.transaction.port.close().await;
        committed.and(closed.map_err(Failure::from))
    }
}
