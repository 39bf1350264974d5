//! The sink path: consumer → decode → put → flush → commit. Mirrors `WorkerSinkTask`.
//!
//! Offsets are committed on time, before partitions are given away, and at the stop; only what `flush` has said
//! survives a crash.

use std::{sync::Arc, time::Duration};

use sluice_kafka::{BatchConsumer, Event};
use sluice_plugin::{Kind, SinkTask, TopicOffsets, model::TopicPartition};
use tokio::time::{Instant, sleep_until};

use crate::{
    clients::{Batch, ClientSpec, Pending},
    control::Control,
    converters::Converters,
    engine::TaskParts,
    guard::Guard,
    metrics::TaskStats,
    topics::Subscription,
    trace::Failure,
};

/// What Java says around an error of `put`, and of nothing else.
const EXITING: &str = "Exiting WorkerSinkTask due to unrecoverable exception.";
/// Pause before a batch is put again after a retriable error.
const RETRY: Duration = Duration::from_secs(1);

/// Runs a sink task until it is told to stop, or fails.
pub(crate) async fn run(
    mut control: Control,
    parts: TaskParts,
    task: Box<dyn SinkTask>,
) -> Result<(), Failure> {
    let mut sink = Sink::new(&control, parts, task)?;
    let outcome = sink.flow(&mut control).await;
    if control.abandonment.has_come() {
        // A successor may be ahead already: nothing of this task counts any more.
        return Ok(());
    }
    let closed = sink.close(outcome.is_ok()).await;
    outcome.and(closed)
}

struct Sink {
    task: Box<dyn SinkTask>,
    consumer: BatchConsumer,
    subscription: Subscription,
    converters: Converters,
    guard: Guard,
    stats: Arc<TaskStats>,
    /// What was consumed and is not taken by the task yet: more than a moment only after a retriable error.
    batch: Batch,
    batch_limit: usize,
    /// When the batch is put again; none while nothing is held back.
    retry_at: Option<Instant>,
    assigned: Vec<TopicPartition>,
    /// Offsets after what the task has taken.
    positions: TopicOffsets,
    /// What the group has.
    committed: TopicOffsets,
    /// A commit on its way: what it commits, and since when.
    committing: Option<(TopicOffsets, Instant, Pending<()>)>,
    flush_interval: Duration,
    commit_due: Instant,
    is_paused: bool,
    _grant: crate::budget::Grant,
}

impl Sink {
    fn new(control: &Control, parts: TaskParts, task: Box<dyn SinkTask>) -> Result<Self, Failure> {
        let TaskParts { settings, plugins, connector, task: own, grant } = parts;
        let stats = Arc::clone(&control.stats);
        let spec = ClientSpec {
            id: &control.id,
            worker: &settings.worker,
            connector: &connector,
            budget: grant.bytes(),
        };
        let subscription = Subscription::parse(&own, &spec.consumer_keys(), || spec.topics())?;
        let (consumer, batch_limit) = spec.consumer()?;
        Ok(Self {
            task,
            consumer,
            subscription,
            converters: Converters::new(&*plugins, &connector, &settings.worker)?,
            guard: Guard::new(&connector, Arc::clone(&stats))?,
            stats,
            batch: Batch::default(),
            batch_limit,
            retry_at: None,
            assigned: Vec::new(),
            positions: TopicOffsets::new(),
            committed: TopicOffsets::new(),
            committing: None,
            flush_interval: settings.flush_interval,
            commit_due: Instant::now() + settings.flush_interval,
            is_paused: false,
            _grant: grant,
        })
    }

    async fn flow(&mut self, control: &mut Control) -> Result<(), Failure> {
        let stop = control.stop.clone();
        self.is_paused = !control.shall_run();
        control.report().await;
        while !stop.is_cancelled() {
            let retry_at = self.retry_at;
            tokio::select! {
                biased;
                () = stop.cancelled() => {}
                () = control.target_set() => {
                    self.set_paused(!control.shall_run());
                    control.report().await;
                }
                topics = self.subscription.changed() => self.consumer.subscribe(&topics)?,
                outcome = settled(&mut self.committing) => self.commit_settled(outcome),
                () = sleep_until(self.commit_due) => self.begin_commit().await?,
                () = at(retry_at) => self.put().await?,
                event = self.consumer.next(&mut self.batch, self.batch_limit) => match event? {
                    Event::Records => self.put().await?,
                    Event::Assigned(partitions) => self.take_over(partitions).await?,
                    Event::Revoked { partitions, lost } => self.give_up(&partitions, lost).await?,
                },
            }
        }
        Ok(())
    }

    /// Hands what was consumed to the task. After a retriable error nothing more is read until it has taken exactly that.
    async fn put(&mut self) -> Result<(), Failure> {
        let records = self.converters.decode(&self.batch, &self.guard)?;
        if self.retry_at.is_none() {
            self.stats.records_in.add(self.batch.len() as u64);
        }
        let (count, started) = (records.len(), Instant::now());
        match self.task.put(&records).await {
            Ok(()) => {}
            Err(error) if error.kind() == Kind::Retriable => {
                tracing::warn!(%error, "the sink asks for the same batch again");
                if self.retry_at.is_none() {
                    self.consumer.pause(&self.assigned);
                }
                self.retry_at = Some(Instant::now() + RETRY);
                return Ok(());
            }
            Err(error) => return Err(Failure::from(error).within(EXITING)),
        }
        self.stats.batch_size.add(count as f64);
        self.stats.batch_time.add(started.elapsed().as_secs_f64() * 1e3);
        self.stats.records_out.add(count as u64);
        self.positions.extend(self.batch.positions());
        self.batch.clear();
        if self.retry_at.take().is_some() && !self.is_paused {
            self.consumer.resume(&self.assigned);
        }
        Ok(())
    }

    fn set_paused(&mut self, paused: bool) {
        if std::mem::replace(&mut self.is_paused, paused) == paused || self.retry_at.is_some() {
            return;
        }
        if paused {
            self.consumer.pause(&self.assigned);
        } else {
            self.consumer.resume(&self.assigned);
        }
    }

    async fn take_over(&mut self, partitions: Vec<TopicPartition>) -> Result<(), Failure> {
        self.consumer.acknowledge_assigned(&partitions, &TopicOffsets::new())?;
        self.task.assigned(&partitions).await?;
        if self.is_paused || self.retry_at.is_some() {
            self.consumer.pause(&partitions);
        }
        self.assigned.extend(partitions);
        self.stats.partitions.set(self.assigned.len() as u64);
        Ok(())
    }

    async fn give_up(&mut self, partitions: &[TopicPartition], lost: bool) -> Result<(), Failure> {
        if !lost {
            self.commit_now().await?;
        }
        self.task.revoked(partitions).await?;
        self.consumer.acknowledge_revoked(partitions)?;
        let is_kept = |it: &TopicPartition| !partitions.contains(it);
        self.assigned.retain(is_kept);
        self.positions.retain(|it, _| is_kept(it));
        self.committed.retain(|it, _| is_kept(it));
        // What the task has not taken of them, whoever gets them will.
        self.batch.retain(is_kept);
        self.stats.partitions.set(self.assigned.len() as u64);
        Ok(())
    }

    /// What the task has made durable and the group does not have yet.
    async fn flush(&mut self) -> Result<TopicOffsets, Failure> {
        let mut offsets = self.task.flush(&self.positions).await?;
        offsets.retain(|partition, offset| {
            // Partitions that are not ours, and offsets beyond what was consumed, are mistakes of the plugin.
            let is_reached =
                self.positions.get(partition).is_some_and(|position| *offset <= *position);
            is_reached && self.committed.get(partition) != Some(offset)
        });
        Ok(offsets)
    }

    /// Begins a commit, unless one is on its way.
    async fn begin_commit(&mut self) -> Result<(), Failure> {
        self.commit_due = Instant::now() + self.flush_interval;
        if self.committing.is_some() {
            return Ok(());
        }
        let offsets = self.flush().await?;
        if offsets.is_empty() {
            self.stats.commit_skips.add(1);
            return Ok(());
        }
        self.stats.commit_seqno.add(1);
        let commit = self.consumer.commit(&offsets);
        let pending: Pending<()> = Box::pin(async move { commit.await.map_err(Failure::from) });
        self.committing = Some((offsets, Instant::now(), pending));
        Ok(())
    }

    fn commit_settled(&mut self, outcome: Result<(), Failure>) {
        let Some((offsets, started, _)) = self.committing.take() else { return };
        self.stats.committed(outcome.is_ok(), started.elapsed());
        match outcome {
            Ok(()) => self.committed.extend(offsets),
            Err(error) => tracing::warn!(%error, "offsets could not be committed; trying again"),
        }
    }

    /// Commits and waits for it.
    async fn commit_now(&mut self) -> Result<(), Failure> {
        if self.committing.is_some() {
            let outcome = settled(&mut self.committing).await;
            self.commit_settled(outcome);
        }
        self.begin_commit().await?;
        if self.committing.is_some() {
            let outcome = settled(&mut self.committing).await;
            self.commit_settled(outcome);
        }
        Ok(())
    }

    /// Commits what the task has made durable, and frees everything. After a failure nothing more is committed.
    async fn close(mut self, in_order: bool) -> Result<(), Failure> {
        let committed = if in_order { self.commit_now().await } else { Ok(()) };
        let closed = self.task.close().await;
        self.consumer.close().await;
        committed.and(closed.map_err(Failure::from))
    }
}

/// The end of the commit on its way; never, if there is none.
async fn settled(
    committing: &mut Option<(TopicOffsets, Instant, Pending<()>)>,
) -> Result<(), Failure> {
    match committing {
        Some((_, _, pending)) => pending.await,
        None => std::future::pending().await,
    }
}

async fn at(instant: Option<Instant>) {
    match instant {
        Some(instant) => sleep_until(instant).await,
        None => std::future::pending().await,
    }
}
