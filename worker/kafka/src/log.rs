//! A compacted topic that is read from the beginning and then for ever: Kafka Connect's internal topics
//! (`KafkaBasedLog` there).
//!
//! It runs on the wire client, not on librdkafka: three librdkafka consumers and producers would cost an idle worker
//! some twenty threads and several MiB, and start-up would wait for their timers. Here a log is two small tasks; a
//! write is one Produce request at a time (as Connect's `max.in.flight.requests.per.connection=1`), a read one
//! fetch per leader that the broker answers as soon as there is something.

mod leader;
mod memory;
mod partitioner;
mod reader;
mod topic;
mod writer;

use bytes::Bytes;
use tokio::{
    sync::{mpsc, oneshot},
    task::JoinSet,
};

pub use leader::{LeaderWriter, NotWritten};
pub use topic::LogError;

use crate::{
    admin::{Admin, Isolation, NewTopic},
    message::Message,
    wire::{Client, Error},
};

/// Batches that may wait for the receiver; each holds at most one fetch.
const WAITING_BATCHES: usize = 4;

/// Writes that may wait for their turn.
const WAITING_WRITES: usize = 64;

/// What a log needs to start.
#[derive(Debug, Clone)]
pub struct LogConfig {
    /// The worker's client. Reads take connections of their own, all else is shared.
    pub client: Client,
    /// The topic, created like this if it is missing. `cleanup.policy` is always `compact`.
    pub topic: NewTopic,
    /// The worker's key that names the topic, such as `config.storage.topic`, for errors.
    pub key: &'static str,
    /// What the topic holds, such as `connector configurations`, for errors.
    pub purpose: &'static str,
    /// Whether the topic must have exactly one partition.
    pub single_partition: bool,
    /// Which records of transactions are handed out.
    pub isolation: Isolation,
}

/// A record of the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogRecord {
    /// Partition.
    pub partition: i32,
    /// Offset.
    pub offset: i64,
    /// Milliseconds since 1970.
    pub timestamp: i64,
    /// Key.
    pub key: Option<Bytes>,
    /// Value; none deletes the key.
    pub value: Option<Bytes>,
}

impl From<Message> for LogRecord {
    fn from(message: Message) -> Self {
        // Copies: a slice would keep the whole fetch alive for as long as the value.
        let own = |part: Option<Bytes>| part.map(|it| Bytes::copy_from_slice(&it));
        Self {
            partition: message.partition,
            offset: message.offset,
            timestamp: message.timestamp,
            key: own(message.key),
            value: own(message.value),
        }
    }
}

/// What a log's receiver gets.
#[derive(Debug)]
pub enum LogEvent {
    /// Records, in order per partition.
    Records(Vec<LogRecord>),
    /// Everything that existed when [`Log::read_to_end`] was called came before this.
    End(End),
}

/// Answers a [`Log::read_to_end`] once all records before it were applied.
#[derive(Debug)]
pub struct End(oneshot::Sender<()>);

impl End {
    /// Lets the call return. Dropping it does the same with an error.
    pub fn reached(self) {
        // A caller that gave up needs no answer.
        let _ = self.0.send(());
    }
}

/// A write or read to the end that could not be done.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Failure {
    /// The broker refused it.
    #[error(transparent)]
    Kafka(#[from] Error),
    /// The log was stopped.
    #[error("the log is stopped")]
    Stopped,
}

/// A running log.
#[derive(Debug)]
pub struct Log {
    topic: String,
    partitions: usize,
    kept: Kept,
}

/// Where the records are.
#[derive(Debug)]
enum Kept {
    Topic(Topic),
    Memory(memory::MemoryLog),
}

/// A topic, with what reads and writes it.
#[derive(Debug)]
struct Topic {
    admin: Admin,
    writes: mpsc::Sender<writer::Write>,
    ends: mpsc::Sender<reader::ReadTo>,
    tasks: JoinSet<()>,
}

impl Log {
    /// Creates the topic if it is missing, checks it, and starts to read it from the beginning. Tries for as long
    /// as no broker can be reached; refused identities and unfit topics are errors at once.
    pub async fn start(config: LogConfig) -> Result<(Self, mpsc::Receiver<LogEvent>), LogError> {
        let partitions = topic::prepare(&config).await?;
        let (events, receiver) = mpsc::channel(WAITING_BATCHES);
        let (ends, reads) = mpsc::channel(WAITING_WRITES);
        let (writes, queued) = mpsc::channel(WAITING_WRITES);
        let LogConfig { client, topic, isolation, .. } = config;
        let mut tasks = JoinSet::new();
        tasks.spawn(reader::run(reader::Source {
            client: client.dedicated(),
            topic: topic.name.clone(),
            partitions,
            isolation,
            events,
            reads,
        }));
        tasks.spawn(writer::run(client.clone(), topic.name.clone(), partitions, queued));
        let admin = Admin::new(client);
        let kept = Kept::Topic(Topic { admin, writes, ends, tasks });
        Ok((Self { topic: topic.name, partitions, kept }, receiver))
    }

    /// A log of one partition that is nowhere but in this process.
    pub fn in_memory(name: &str) -> (Self, mpsc::Receiver<LogEvent>) {
        let (events, receiver) = mpsc::channel(WAITING_BATCHES);
        let kept = Kept::Memory(memory::MemoryLog::new(events));
        (Self { topic: name.to_owned(), partitions: 1, kept }, receiver)
    }

    /// Name of the topic.
    pub fn topic(&self) -> &str {
        &self.topic
    }

    /// Number of partitions.
    pub fn partitions(&self) -> usize {
        self.partitions
    }

    /// Writes one record and waits until it is safe.
    pub async fn send(&self, key: impl Into<Bytes>, value: Option<Bytes>) -> Result<(), Failure> {
        self.send_all(vec![(key.into(), value)]).await
    }

    /// Writes records, in order per key, and waits until all are safe. Passing failures are tried again without
    /// end, as Connect's producers do; callers set their own limit, after which a write may still happen.
    pub async fn send_all(&self, records: Vec<(Bytes, Option<Bytes>)>) -> Result<(), Failure> {
        if records.is_empty() {
            return Ok(());
        }
        let topic = match &self.kept {
            Kept::Topic(topic) => topic,
            Kept::Memory(memory) => return memory.send_all(records).await,
        };
        let (done, outcome) = oneshot::channel();
        let write = writer::Write { records, done };
        topic.writes.send(write).await.map_err(|_| Failure::Stopped)?;
        outcome.await.map_err(|_| Failure::Stopped)?.map_err(Failure::from)
    }

    /// Returns when the receiver has answered a [`LogEvent::End`] that follows every record which existed when
    /// this was called; those of open transactions are waited for, whatever becomes of them
    /// (`KafkaBasedLog.readToEnd`). The receiver must be read meanwhile. Cancel-safe.
    pub async fn read_to_end(&self) -> Result<(), Failure> {
        let Topic { admin, ends: reads, .. } = match &self.kept {
            Kept::Topic(topic) => topic,
            Kept::Memory(memory) => return memory.read_to_end().await,
        };
        let ends = topic::ends(admin, &self.topic, self.partitions).await?;
        let (done, reached) = oneshot::channel();
        let read = reader::ReadTo { ends, end: End(done) };
        reads.send(read).await.map_err(|_| Failure::Stopped)?;
        reached.await.map_err(|_| Failure::Stopped)
    }

    /// Stops reading and writing. Writes under way may or may not happen.
    pub async fn stop(self) {
        if let Kept::Topic(mut topic) = self.kept {
            topic.tasks.shutdown().await;
        }
    }
}
