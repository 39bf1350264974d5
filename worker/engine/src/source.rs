//! The source path: poll → encode → producer → ledger → offsets. Mirrors `WorkerSourceTask`.
//!
//! A position is written only after Kafka has acknowledged its record and all before it: positions never run ahead of
//! data.

mod commit;
mod encode;
pub(crate) mod exactly_once;
mod outcomes;
mod topics;

use std::{
    collections::{HashMap, VecDeque},
    sync::Arc,
    time::Duration,
};

use sluice_kafka::{OutgoingRecord, Producer, SendRefused};
use sluice_plugin::{AnySourceConnector, Kind, SourceContext, SourceTask, model::SourceRecord};
use tokio::time::{Instant, sleep_until};

use crate::{
    active_topics::TopicTracker,
    control::{Abandonment, Control},
    converters::Encoded,
    engine::TaskParts,
    guard::{Guard, Policy},
    ledger::{Committable, Ledger},
    metrics::TaskStats,
    offsets::{ConnectorOffsets, OffsetStore, own::Positions},
    reporters::Reporters,
    spans::Tracer,
    task::TaskId,
    trace::Failure,
};
pub(crate) use encode::Encoder;
use encode::Outcome;
use outcomes::{Delivered, Outcomes};
use topics::TopicMaker;

const SEND_REFUSED: &str = "Unrecoverable exception trying to send";
/// Pause after a poll that may succeed later.
const POLL_RETRY: Duration = Duration::from_millis(100);

/// Runs a source task until it is told to stop, or fails.
pub(crate) async fn run(
    mut control: Control,
    parts: TaskParts,
    connector: Arc<dyn AnySourceConnector>,
    store: Arc<dyn OffsetStore>,
) -> Result<(), Failure> {
    let mut source = Source::open(&control, parts, &*connector, store).await?;
    control.opened();
    let outcome = source.flow(&mut control).await;
    if control.abandonment.has_come() {
        // A successor may be ahead already: nothing of this task counts any more.
        return Ok(());
    }
    let closed = source.close().await;
    outcome.and(closed)
}

struct Source {
    task: Box<dyn SourceTask>,
    encoder: Encoder,
    guard: Guard,
    reporters: Arc<Reporters>,
    producer: Producer,
    outcomes: Arc<Outcomes>,
    ledger: Ledger,
    /// What was sent and may have to be reported, by number; empty unless somebody listens.
    sent: HashMap<u64, SourceRecord>,
    /// Encoded records that the producer's queue had no room for yet.
    unsent: VecDeque<Encoded>,
    /// Positions whose write failed, to be written with the next ones.
    uncommitted: Vec<Committable>,
    store: Arc<dyn OffsetStore>,
    maker: TopicMaker,
    id: TaskId,
    stats: Arc<TaskStats>,
    /// None unless spans are wanted.
    tracer: Option<Tracer>,
    topics: TopicTracker,
    /// Topics that records were sent to since Kafka took some the last time.
    sent_to: Vec<Arc<str>>,
    flush_interval: Duration,
    flush_timeout: Duration,
    commit_due: Instant,
    /// Not polled before: later than now only after a retriable error.
    poll_due: Instant,
    /// Since when the task is asked for records.
    asked: Option<Instant>,
    /// Records polled and not yet written or left out.
    active: u64,
    abandonment: Arc<Abandonment>,
}

impl Source {
    async fn open(
        control: &Control,
        parts: TaskParts,
        plugin: &dyn AnySourceConnector,
        workers: Arc<dyn OffsetStore>,
    ) -> Result<Self, Failure> {
        let stats = Arc::clone(&control.stats);
        let clients = parts.clients(&control.id);
        clients.allowed("producer")?;
        let policy = Policy::parse(&parts.connector)?;
        let reporters = parts.reporters(control, &policy).await?;
        let encoder = Encoder::new(parts.converters()?, parts.chain()?, reporters.wants_original());
        let store = match &parts.settings.distributed {
            Some(group) => Positions::open(group, &clients, &workers).await?.store,
            None => workers,
        };
        let offsets =
            ConnectorOffsets { store: Arc::clone(&store), connector: control.id.connector.clone() };
        let worker = Arc::clone(&parts.settings.plugin_limits);
        let context = SourceContext { offsets: Arc::new(offsets), worker, transactions: None };
        control.built().await;
        let task = plugin.open(&parts.task, context).await?;
        let outcomes = Arc::<Outcomes>::default();
        let producer = clients.producer(Delivered(Arc::clone(&outcomes)))?;
        let cutoff = producer.cutoff();
        control.abandonment.closes(move || cutoff.cut());
        let maker = TopicMaker::parse(&parts.connector, parts.settings.topic_creation, &clients)?;
        let tracer = clients.source_tracer(parts.settings.tracing.as_ref())?;
        Ok(Self {
            task,
            encoder,
            guard: Guard::new(
                policy,
                Arc::clone(&reporters),
                Arc::clone(&stats),
                control.stop.clone(),
            ),
            reporters,
            producer,
            outcomes,
            ledger: Ledger::default(),
            sent: HashMap::new(),
            unsent: VecDeque::new(),
            uncommitted: Vec::new(),
            store,
            maker,
            id: control.id.clone(),
            stats,
            tracer,
            topics: TopicTracker::new(control, parts.told_topics),
            sent_to: Vec::new(),
            flush_interval: parts.settings.flush_interval,
            flush_timeout: parts.settings.flush_timeout,
            commit_due: Instant::now() + parts.settings.flush_interval,
            poll_due: Instant::now(),
            asked: None,
            active: 0,
            abandonment: Arc::clone(&control.abandonment),
        })
    }

    async fn flow(&mut self, control: &mut Control) -> Result<(), Failure> {
        let stop = control.stop.clone();
        let outcomes = Arc::clone(&self.outcomes);
        control.report().await;
        while !stop.is_cancelled() {
            self.take_outcomes()?;
            if Instant::now() >= self.commit_due {
                self.commit().await?;
                // From its end: where commits take longer than this, records come in between.
                self.commit_due = Instant::now() + self.flush_interval;
            }
            let has_room = self.send_unsent().await?;
            let can_poll = control.shall_run() && has_room && Instant::now() >= self.poll_due;
            self.asked = can_poll.then(|| self.asked.unwrap_or_else(Instant::now));
            tokio::select! {
                biased;
                () = stop.cancelled() => {}
                () = control.target_set() => control.report().await,
                () = sleep_until(self.commit_due) => {}
                () = room(&self.producer, &self.maker), if !self.unsent.is_empty() => {}
                // Dropping a poll loses no record, by its contract.
                polled = self.task.poll(), if can_poll => match polled {
                    Err(error) if error.kind() == Kind::Retriable => self.poll_later(&error),
                    polled => self.encode(polled?).await?,
                },
                () = sleep_until(self.poll_due), if self.poll_due > Instant::now() => {}
                () = outcomes.news.notified() => {}
            }
        }
        // What was polled goes out, if there is room: Java looks at the stop only before it polls.
        self.send_unsent().await.map(drop)
    }

    /// The system may be there again soon: `WorkerSourceTask` polls again at once, which would keep a core busy here.
    fn poll_later(&mut self, error: &sluice_plugin::Error) {
        tracing::warn!(connector = self.id.connector, %error, "the source could not be polled; trying again");
        self.asked = None;
        self.poll_due = Instant::now() + POLL_RETRY;
    }

    /// Turns a poll into bytes and notes each record in the ledger.
    async fn encode(&mut self, records: Vec<SourceRecord>) -> Result<(), Failure> {
        let asked = self.asked.take();
        if records.is_empty() {
            return Ok(());
        }
        self.count_poll(records.len(), asked.map_or(Duration::ZERO, |it| it.elapsed()));
        let unsent = self.unsent.len();
        self.encode_all(records).await?;
        if let Some(tracer) = &mut self.tracer {
            tracer.sent(self.unsent.range_mut(unsent..));
        }
        Ok(())
    }

    async fn encode_all(&mut self, records: Vec<SourceRecord>) -> Result<(), Failure> {
        let active = self.active;
        let mut bytes = 0;
        for mut record in records {
            let outcome = self.encoder.encode(&mut record, &self.guard).await?;
            if matches!(outcome, Outcome::Stopped) {
                // Neither this record nor those after it have a position: they are polled again.
                break;
            }
            let listens = self.reporters.has_listeners();
            let kept = listens.then(|| record.source_offset.clone());
            let offset = std::mem::take(&mut record.source_offset);
            let number = self.ledger.track(&record.source_partition, offset);
            let Outcome::Encoded(encoded) = outcome else {
                self.done(number);
                continue;
            };
            bytes += encoded.size();
            self.unsent.push_back(Encoded { number, ..encoded });
            if let Some(source_offset) = kept {
                self.sent.insert(number, SourceRecord { source_offset, ..record });
            }
        }
        self.stats.bytes.add(bytes as u64);
        if self.active < active {
            // No outcome comes of those that were left out.
            self.stats.active.set(self.active);
        }
        Ok(())
    }

    fn count_poll(&mut self, records: usize, took: Duration) {
        self.stats.records_in.add(records as u64);
        self.stats.batch_size.add(records as f64);
        self.stats.batch_time.add_time(took);
        self.active += records as u64;
        self.stats.active.set(self.active);
    }

    /// Hands records to the producer; false once its queue is full, or a topic has to be waited for.
    async fn send_unsent(&mut self) -> Result<bool, Failure> {
        while let Some(record) = self.unsent.front() {
            if !self.maker.is_ready(&record.topic).await? {
                return Ok(false);
            }
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
            match self.producer.send(&outgoing, record.number) {
                Ok(()) => {
                    if !self.sent_to.contains(&record.topic) {
                        self.sent_to.push(Arc::clone(&record.topic));
                    }
                    self.unsent.pop_front();
                }
                Err(SendRefused::QueueFull) => return Ok(false),
                // Java's producer throws what the protocol has no name for, and no tolerance covers that.
                Err(SendRefused::Failed(error)) if !error.is_of_protocol() => {
                    return Err(Failure::from(error).within(SEND_REFUSED));
                }
                Err(SendRefused::Failed(error)) => {
                    let number = record.number;
                    self.unsent.pop_front();
                    self.refused(number, error)?;
                }
            }
        }
        Ok(true)
    }

    /// Waits for what was sent, commits it, and frees everything; after a failure as well, as what was sent before it
    /// is as good as ever (`WorkerSourceTask.finalOffsetCommit`).
    async fn close(mut self) -> Result<(), Failure> {
        if let Err(error) = self.producer.flush(self.flush_timeout).await {
            tracing::warn!(
                connector = self.id.connector,
                %error,
                "not everything sent was acknowledged before the end"
            );
        }
        let taken = self.take_outcomes();
        let committed = self.commit().await;
        let closed = self.task.close().await;
        self.producer.close().await;
        taken.and(committed).and(closed.map_err(Failure::from))
    }
}

/// Returns when what is not sent yet may be.
async fn room(producer: &Producer, maker: &TopicMaker) {
    match maker.retry_at() {
        Some(instant) => sleep_until(instant).await,
        None => producer.ready().await,
    }
}
