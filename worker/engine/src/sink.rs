//! The sink path: consumer → decode → put → flush → commit. Mirrors `WorkerSinkTask`.
//!
//! Offsets are committed on time, before partitions are given away, and at the stop; only what `flush` has said
//! survives a crash.

mod ahead;
mod commit;
mod decode;

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use sluice_kafka::{BatchConsumer, Event};
use sluice_plugin::{
    AnySinkConnector, ErrantRecordReporter, Kind, SinkContext, SinkTask, TopicOffsets,
    model::{SinkRecord, TopicPartition},
};
use tokio::time::{Instant, sleep_until};

use crate::{
    active_topics::TopicTracker,
    clients::Batch,
    control::Control,
    engine::TaskParts,
    guard::{Guard, Policy},
    metrics::TaskStats,
    reporters::{ErrantRecords, Reporters},
    spans::Tracer,
    topics::Subscription,
    trace::Failure,
};
use ahead::Ahead;
use commit::{Commit, settled};
pub(crate) use decode::Decoder;
use decode::Progress;

/// What Java says around an error of `put`, and of nothing else.
const EXITING: &str = "Exiting WorkerSinkTask due to unrecoverable exception.";
/// Pause before a batch is put again after a retriable error, if the task names none.
const RETRY: Duration = Duration::from_secs(1);

/// Runs a sink task until it is told to stop, or fails.
pub(crate) async fn run(
    mut control: Control,
    parts: TaskParts,
    connector: Arc<dyn AnySinkConnector>,
) -> Result<(), Failure> {
    let mut sink = Sink::open(&control, parts, &*connector).await?;
    control.opened();
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
    context: SinkContext,
    consumer: BatchConsumer,
    subscription: Subscription,
    decoder: Decoder,
    guard: Guard,
    reporters: Arc<Reporters>,
    errant_records: Option<Arc<ErrantRecords>>,
    stats: Arc<TaskStats>,
    /// None unless spans are wanted.
    tracer: Option<Tracer>,
    topics: TopicTracker,
    /// What was consumed and is not taken by the task yet: more than a moment only after a retriable error.
    batch: Batch,
    /// The records of `batch`, as the task gets them each time.
    records: Vec<SinkRecord>,
    batch_limit: usize,
    /// Whether the task has asked for `records` again: nothing more is read until it has taken them.
    is_held: bool,
    /// When the task gets `records` in any case, even if there are none.
    put_at: Option<Instant>,
    assigned: Vec<TopicPartition>,
    /// Offsets after what the task has taken.
    positions: TopicOffsets,
    /// What the group has, or where reading began.
    committed: TopicOffsets,
    ahead: Ahead,
    /// A commit on its way.
    committing: Option<Commit>,
    flush_interval: Duration,
    flush_timeout: Duration,
    commit_due: Instant,
    is_paused: bool,
    /// What the consumer was told to leave alone.
    paused: BTreeSet<TopicPartition>,
}

impl Sink {
    async fn open(
        control: &Control,
        parts: TaskParts,
        plugin: &dyn AnySinkConnector,
    ) -> Result<Self, Failure> {
        let stats = Arc::clone(&control.stats);
        let clients = parts.clients(&control.id);
        clients.allowed("consumer")?;
        let policy = Policy::parse(&parts.connector)?;
        let reporters = parts.reporters(control, &policy).await?;
        let errant_records = if reporters.has_listeners() {
            let (reporters, stats) = (Arc::clone(&reporters), Arc::clone(&stats));
            let converters = parts.converters()?;
            Some(Arc::new(ErrantRecords::new(reporters, stats, policy.tolerates, converters)))
        } else {
            None
        };
        let reporter = errant_records.clone().map(|it| it as Arc<dyn ErrantRecordReporter>);
        let context = SinkContext::new(Arc::clone(&parts.settings.plugin_limits), reporter);
        let decoder = Decoder::new(parts.converters()?, parts.chain()?, errant_records.is_some());
        let topics = || clients.topics();
        let subscription = Subscription::parse(&parts.task, &clients.consumer_keys(), topics)?;
        let tracer = clients.sink_tracer(parts.settings.tracing.as_ref())?;
        control.built().await;
        let task = plugin.open(&parts.task, context.clone()).await?;
        let (consumer, batch_limit) = clients.consumer(parts.runtime.clone())?;
        stats.consumes(consumer.traffic());
        let cutoff = consumer.cutoff();
        control.abandonment.closes(move || cutoff.cut());
        Ok(Self {
            task,
            context,
            consumer,
            subscription,
            decoder,
            guard: Guard::new(
                policy,
                Arc::clone(&reporters),
                Arc::clone(&stats),
                control.stop.clone(),
            ),
            reporters,
            errant_records,
            stats,
            tracer,
            topics: TopicTracker::new(control, parts.told_topics),
            batch: Batch::default(),
            records: Vec::new(),
            batch_limit,
            is_held: false,
            put_at: None,
            assigned: Vec::new(),
            positions: TopicOffsets::new(),
            committed: TopicOffsets::new(),
            ahead: Ahead::default(),
            committing: None,
            flush_interval: parts.settings.flush_interval,
            flush_timeout: parts.settings.flush_timeout,
            commit_due: Instant::now() + parts.settings.flush_interval,
            is_paused: false,
            paused: BTreeSet::new(),
        })
    }

    async fn flow(&mut self, control: &mut Control) -> Result<(), Failure> {
        let stop = control.stop.clone();
        self.is_paused = !control.shall_run();
        control.report().await;
        while !stop.is_cancelled() {
            self.heed_wishes();
            let put_at = self.put_at;
            let commit_deadline =
                self.committing.as_ref().map(|it| it.started + self.flush_timeout);
            tokio::select! {
                biased;
                () = stop.cancelled() => {}
                () = control.target_set() => {
                    self.is_paused = !control.shall_run();
                    // As in Java, a task that is paused has its work committed.
                    self.commit_due = Instant::now();
                    control.report().await;
                }
                topics = self.subscription.changed() => self.consumer.subscribe(&topics)?,
                outcome = settled(&mut self.committing) => self.commit_settled(outcome),
                () = at(commit_deadline) => self.commit_timed_out(),
                () = sleep_until(self.commit_due) => {
                    self.begin_commit().await?;
                    self.put_at.get_or_insert_with(Instant::now);
                }
                () = at(put_at) => self.put().await?,
                event = self.consumer.next(&mut self.batch, self.batch_limit) => match event? {
                    Event::Records => self.receive().await?,
                    Event::Assigned(partitions) => self.take_over(partitions).await?,
                    Event::Revoked { partitions, lost } => self.give_up(&partitions, lost).await?,
                },
            }
        }
        Ok(())
    }

    /// Does what the task has asked for: reads on from elsewhere, pauses, commits.
    fn heed_wishes(&mut self) {
        let mut wishes = self.context.wishes();
        let mut seeks = std::mem::take(&mut wishes.offsets);
        seeks.retain(|it, _| self.assigned.contains(it));
        if !seeks.is_empty() {
            self.consumer.seek(&seeks);
            self.ahead.moved(&seeks);
            self.stats.active.set(self.ahead.records());
            self.committed.extend(seeks.clone());
            self.positions.extend(seeks);
        }
        if let Some(timeout) = wishes.timeout.take() {
            self.put_at = Some(Instant::now() + timeout);
        }
        if std::mem::take(&mut wishes.commit) {
            self.commit_due = Instant::now();
        }
        let rests = self.is_paused || self.is_held;
        let is_meant = |it: &&TopicPartition| rests || wishes.paused.contains(*it);
        if self.paused.is_empty() && wishes.paused.is_empty() && !rests {
            return;
        }
        let paused: BTreeSet<TopicPartition> =
            self.assigned.iter().filter(is_meant).cloned().collect();
        let newly: Vec<TopicPartition> = paused.difference(&self.paused).cloned().collect();
        let no_more: Vec<TopicPartition> = self.paused.difference(&paused).cloned().collect();
        self.consumer.pause(&newly);
        self.consumer.resume(&no_more);
        self.paused = paused;
    }

    /// Makes records of what was consumed and hands them to the task.
    async fn receive(&mut self) -> Result<(), Failure> {
        self.stats.records_in.add(self.batch.len() as u64);
        self.stats.bytes.add(self.batch.size() as u64);
        self.records.clear();
        if let Some(tracer) = &mut self.tracer {
            tracer.received(&self.batch);
        }
        let decoded = self.decoder.decode(&self.batch, &self.guard, &mut self.records).await?;
        if decoded == Progress::Stopped {
            return Ok(());
        }
        for (partition, offset) in self.batch.starts() {
            self.topics.uses(&partition.topic);
            self.ahead.begin(&partition, offset);
            self.committed.entry(partition).or_insert(offset);
        }
        for (partition, offset) in self.batch.positions() {
            self.ahead.read(&partition, offset);
        }
        self.stats.active.set(self.ahead.records());
        self.put().await
    }

    /// Hands the records to the task. After a retriable error nothing more is read until it has taken exactly those.
    async fn put(&mut self) -> Result<(), Failure> {
        self.put_at = None;
        let (count, started) = (self.records.len(), Instant::now());
        let taken = self.task.put(&self.records).await;
        match taken {
            Ok(()) => {}
            Err(error) if error.kind() == Kind::Retriable => {
                tracing::warn!(%error, "the sink asks for the same batch again");
                self.is_held = true;
                self.put_at = Some(Instant::now() + RETRY);
                return Ok(());
            }
            Err(error) => return Err(Failure::from(error).within(EXITING)),
        }
        // The task may have swallowed an error that ends it.
        if let Some(failure) = self.errant_records.as_ref().and_then(|it| it.exceeded()) {
            return Err(failure.within(EXITING));
        }
        if let Some(tracer) = &mut self.tracer {
            tracer.taken(false);
        }
        self.stats.batch_size.add(count as f64);
        self.stats.batch_time.add_time(started.elapsed());
        self.stats.records_out.add(count as u64);
        self.positions.extend(self.batch.positions());
        self.batch.clear();
        self.records.clear();
        self.is_held = false;
        Ok(())
    }

    async fn take_over(&mut self, partitions: Vec<TopicPartition>) -> Result<(), Failure> {
        self.consumer.acknowledge_assigned(&partitions, &TopicOffsets::new());
        self.task.assigned(&partitions).await?;
        self.assigned.extend(partitions);
        self.stats.partitions.set(self.assigned.len() as u64);
        Ok(())
    }

    async fn give_up(&mut self, partitions: &[TopicPartition], lost: bool) -> Result<(), Failure> {
        let committed = if lost { Ok(()) } else { self.commit_now().await };
        let told = self.task.revoked(partitions).await;
        // Whatever has happened: without it the consumer could not leave its group.
        self.consumer.acknowledge_revoked(partitions);
        committed.and(told.map_err(Failure::from))?;
        let is_kept = |it: &TopicPartition| !partitions.contains(it);
        self.assigned.retain(is_kept);
        self.paused.retain(is_kept);
        self.context.wishes().paused.retain(is_kept);
        self.positions.retain(|it, _| is_kept(it));
        self.committed.retain(|it, _| is_kept(it));
        self.ahead.retain(is_kept);
        self.stats.active.set(self.ahead.records());
        // What the task has not taken of them, whoever gets them will.
        self.batch.retain(is_kept);
        if let Some(tracer) = &mut self.tracer {
            tracer.retain(is_kept);
        }
        self.records.retain(|it| {
            is_kept(&TopicPartition::new(Arc::clone(it.original_topic()), it.original_partition()))
        });
        self.stats.partitions.set(self.assigned.len() as u64);
        Ok(())
    }

    /// Commits what the task has made durable, and frees everything. After a failure nothing more is committed.
    async fn close(mut self, in_order: bool) -> Result<(), Failure> {
        if let Some(tracer) = self.tracer.as_mut().filter(|_| !in_order) {
            tracer.taken(true);
        }
        let committed = if in_order {
            self.commit_now().await
        } else {
            self.settle_reports().await;
            Ok(())
        };
        let closed = self.task.close().await;
        self.consumer.close().await;
        self.stats.partitions.set(0);
        committed.and(closed.map_err(Failure::from))
    }
}

async fn at(instant: Option<Instant>) {
    match instant {
        Some(instant) => sleep_until(instant).await,
        None => std::future::pending().await,
    }
}
