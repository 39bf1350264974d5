//! The source path: poll → encode → producer → ledger → offsets. Mirrors `WorkerSourceTask`.
//!
//! A position is written only after Kafka has acknowledged its record and all before it: positions never run ahead of
//! data.

use std::{
    collections::{HashSet, VecDeque},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use sluice_kafka::{ClientError, OutgoingRecord, Producer, SendRefused};
use sluice_plugin::{Kind, SourceTask, model::SourceRecord};
use tokio::{
    sync::Notify,
    time::{Instant, sleep_until, timeout},
};

use crate::{
    clients::{ClientSpec, Topics},
    control::Control,
    converters::{Converters, Encoded},
    creation::Creation,
    engine::TaskParts,
    guard::Guard,
    ledger::{Committable, Ledger},
    metrics::TaskStats,
    offsets::OffsetStore,
    trace::Failure,
};

const SEND_FAILED: &str = "Unrecoverable exception from producer send callback";
/// Pause after a poll that may succeed later.
const POLL_RETRY: Duration = Duration::from_millis(100);

/// Runs a source task until it is told to stop, or fails.
pub(crate) async fn run(
    mut control: Control,
    parts: TaskParts,
    task: Box<dyn SourceTask>,
    store: Arc<dyn OffsetStore>,
) -> Result<(), Failure> {
    let mut source = Source::new(&control, parts, task, store)?;
    let outcome = source.flow(&mut control).await;
    if control.abandonment.has_come() {
        // A successor may be ahead already: nothing of this task counts any more.
        return Ok(());
    }
    let closed = source.close(outcome.is_ok()).await;
    outcome.and(closed)
}

struct Source {
    task: Box<dyn SourceTask>,
    converters: Converters,
    guard: Guard,
    producer: Producer,
    outcomes: Arc<Outcomes>,
    ledger: Ledger,
    /// Encoded records that the producer's queue had no room for yet.
    unsent: VecDeque<Encoded>,
    /// Positions whose write failed, to be written with the next ones.
    uncommitted: Vec<Committable>,
    store: Arc<dyn OffsetStore>,
    creation: Option<(Creation, Arc<dyn Topics>)>,
    created: HashSet<Arc<str>>,
    connector: String,
    stats: Arc<TaskStats>,
    flush_interval: Duration,
    flush_timeout: Duration,
    commit_due: Instant,
    /// Not polled before: later than now only after a retriable error.
    poll_due: Instant,
    _grant: crate::budget::Grant,
}

/// Outcomes of sends, handed over by the producer's thread. Never more than the producer's queue holds.
#[derive(Default)]
struct Outcomes {
    arrived: Mutex<Vec<(u64, Option<ClientError>)>>,
    news: Notify,
}

impl Source {
    fn new(
        control: &Control,
        parts: TaskParts,
        task: Box<dyn SourceTask>,
        store: Arc<dyn OffsetStore>,
    ) -> Result<Self, Failure> {
        let TaskParts { settings, plugins, connector, task: _, grant } = parts;
        let stats = Arc::clone(&control.stats);
        let spec = ClientSpec {
            id: &control.id,
            worker: &settings.worker,
            connector: &connector,
            budget: grant.bytes(),
        };
        let outcomes = Arc::<Outcomes>::default();
        let delivered = Arc::clone(&outcomes);
        let producer = spec.producer(move |number, outcome| {
            let mut arrived = delivered.arrived.lock().unwrap_or_else(PoisonError::into_inner);
            arrived.push((number, outcome.err()));
            delivered.news.notify_one();
        })?;
        let creation = match Creation::parse(&connector)?.filter(|_| settings.topic_creation) {
            Some(creation) => Some((creation, spec.topics()?)),
            None => None,
        };
        Ok(Self {
            task,
            converters: Converters::new(&*plugins, &connector, &settings.worker)?,
            guard: Guard::new(&connector, Arc::clone(&stats))?,
            producer,
            outcomes,
            ledger: Ledger::default(),
            unsent: VecDeque::new(),
            uncommitted: Vec::new(),
            store,
            creation,
            created: HashSet::new(),
            connector: control.id.connector.clone(),
            stats,
            flush_interval: settings.flush_interval,
            flush_timeout: settings.flush_timeout,
            commit_due: Instant::now() + settings.flush_interval,
            poll_due: Instant::now(),
            _grant: grant,
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
            }
            let has_room = self.send_unsent().await?;
            let can_poll = control.shall_run() && has_room && Instant::now() >= self.poll_due;
            tokio::select! {
                biased;
                () = stop.cancelled() => {}
                () = control.target_set() => control.report().await,
                () = sleep_until(self.commit_due) => {}
                () = self.producer.ready(), if !self.unsent.is_empty() => {}
                // Dropping a poll loses no record, by its contract.
                polled = self.task.poll(), if can_poll => match polled {
                    Err(error) if error.kind() == Kind::Retriable => self.poll_later(&error),
                    polled => self.encode(polled?)?,
                },
                () = sleep_until(self.poll_due), if self.poll_due > Instant::now() => {}
                () = outcomes.news.notified() => {}
            }
        }
        Ok(())
    }

    /// The system may be there again soon: `WorkerSourceTask` polls again at once, which would keep a core busy here.
    fn poll_later(&mut self, error: &sluice_plugin::Error) {
        tracing::warn!(connector = self.connector, %error, "the source could not be polled; trying again");
        self.poll_due = Instant::now() + POLL_RETRY;
    }

    /// Turns a poll into bytes and notes each record in the ledger.
    fn encode(&mut self, records: Vec<SourceRecord>) -> Result<(), Failure> {
        if records.is_empty() {
            return Ok(());
        }
        self.stats.records_in.add(records.len() as u64);
        self.stats.batch_size.add(records.len() as f64);
        for record in records {
            let encoded = self.converters.encode(&record);
            let number = self.ledger.track(&record.source_partition, record.source_offset);
            match encoded {
                Ok(encoded) => self.unsent.push_back(Encoded { number, ..encoded }),
                Err(error) => {
                    self.guard.skip(error)?;
                    self.ledger.done(number);
                }
            }
        }
        Ok(())
    }

    /// Hands records to the producer; false once its queue is full.
    async fn send_unsent(&mut self) -> Result<bool, Failure> {
        while let Some(record) = self.unsent.front() {
            if !self.created.contains(&record.topic) {
                let topic = Arc::clone(&record.topic);
                self.create_topic(&topic).await?;
                continue;
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
                Ok(()) => drop(self.unsent.pop_front()),
                Err(SendRefused::QueueFull) => return Ok(false),
                Err(SendRefused::Failed(error)) => {
                    return Err(Failure::from(error).within(SEND_FAILED));
                }
            }
        }
        Ok(true)
    }

    async fn create_topic(&mut self, topic: &Arc<str>) -> Result<(), Failure> {
        let wanted = self.creation.as_ref().and_then(|(creation, _)| creation.topic(topic));
        if let (Some(new), Some((_, topics))) = (wanted, &self.creation) {
            topics.create(new).await?;
        }
        self.created.insert(Arc::clone(topic));
        Ok(())
    }

    /// Notes which records Kafka has taken.
    fn take_outcomes(&mut self) -> Result<(), Failure> {
        let mut arrived = self.outcomes.arrived.lock().unwrap_or_else(PoisonError::into_inner);
        let outcomes = std::mem::take(&mut *arrived);
        drop(arrived);
        let mut written = 0;
        for (number, error) in outcomes {
            match error {
                None => written += 1,
                Some(error) if self.guard.tolerates() => {
                    tracing::error!(connector = self.connector, %error, "a record was dropped");
                    self.stats.errors.failed();
                    self.stats.errors.skipped();
                }
                Some(error) => return Err(Failure::from(error).within(SEND_FAILED)),
            }
            self.ledger.done(number);
        }
        self.stats.records_out.add(written);
        self.stats.active.set(self.ledger.span() as u64);
        Ok(())
    }

    /// Writes the positions of what Kafka has taken. What cannot be written now is written the next time.
    async fn commit(&mut self) -> Result<(), Failure> {
        self.commit_due = Instant::now() + self.flush_interval;
        let mut positions = std::mem::take(&mut self.uncommitted);
        for (partition, offset) in self.ledger.take_committable() {
            match positions.iter_mut().find(|(known, _)| **known == *partition) {
                Some((_, known)) => *known = offset,
                None => positions.push((partition, offset)),
            }
        }
        if positions.is_empty() {
            return Ok(());
        }
        let started = Instant::now();
        let write = positions
            .iter()
            .map(|(partition, offset)| ((**partition).clone(), Some(offset.clone())));
        let written =
            timeout(self.flush_timeout, self.store.write(&self.connector, write.collect())).await;
        let failed = match written {
            Ok(Ok(())) => None,
            Ok(Err(error)) => Some(error.to_string()),
            Err(_) => Some("offset.flush.timeout.ms is over".to_owned()),
        };
        self.stats.committed(failed.is_none(), started.elapsed());
        if let Some(error) = failed {
            tracing::warn!(
                connector = self.connector,
                error,
                "positions could not be committed; trying again"
            );
            self.uncommitted = positions;
            return Ok(());
        }
        Ok(self.task.commit(&positions).await?)
    }

    /// Waits for what was sent, commits it, and frees everything. After a failure what Kafka has taken counts as well.
    async fn close(mut self, in_order: bool) -> Result<(), Failure> {
        if in_order && let Err(error) = self.producer.flush(self.flush_timeout).await {
            tracing::warn!(
                connector = self.connector,
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
