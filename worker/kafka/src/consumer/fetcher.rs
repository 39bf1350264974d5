//! Fetches the records of assigned partitions (`Fetcher`): at each leader one request is under way, for the partitions
//! that have little left to hand out. It runs inside of its owner's calls, on its owner's thread, and hands out records
//! where they lie in the answers, without a copy.
//!
//! librdkafka would copy and allocate each record, which alone costs more than all of this.

mod answer;
mod ask;
mod lookup;
mod settings;

use std::{
    collections::{BTreeMap, HashMap, HashSet, VecDeque},
    time::Duration,
};

use futures::{FutureExt, StreamExt, future::BoxFuture, stream::FuturesUnordered};
use kafka_protocol::messages::FetchResponse;
use sluice_model::TopicPartition;

use super::TopicOffsets;
use crate::{
    batch::Batch,
    failure::ClientError,
    fetched::{CompletedFetch, Enough, Unreadable},
    memory::{LEAST, Share, Taken},
    wire::{self, Client, Metadata, Node},
};
pub(super) use settings::{FetchSettings, Reset};

/// Pause after something failed.
const PAUSE: Duration = Duration::from_millis(100);

/// Looks up the offsets that the group has committed; partitions without one are left out.
pub(super) type Committed = Box<
    dyn Fn(Vec<TopicPartition>) -> BoxFuture<'static, Result<TopicOffsets, ClientError>> + Send,
>;

/// Where a partition is read from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// From what the group has committed, else by the reset policy.
    Committed,
    /// By the reset policy.
    Reset,
    /// From here.
    At(i64),
}

struct Partition {
    /// Tells answers to this assignment from those to an earlier one.
    generation: u64,
    place: Place,
    /// Offset behind what was handed out.
    handed_out: Option<i64>,
    leader: Option<Node>,
    completed: VecDeque<CompletedFetch>,
    /// Number of the last answer that had records of it.
    served: u64,
    is_busy: bool,
    is_paused: bool,
}

/// Partitions that something is under way for, each with its generation.
type Asked = Vec<(TopicPartition, u64)>;

/// What came to an end.
enum Done {
    Fetched(Node, Asked, Taken, Result<FetchResponse, wire::Error>),
    Leaders(Result<Metadata, wire::Error>),
    Starts(Asked, Result<TopicOffsets, ClientError>),
    Paused,
}

/// Reads assigned partitions.
pub(super) struct Fetcher {
    client: Client,
    settings: FetchSettings,
    share: Share,
    committed: Committed,
    partitions: BTreeMap<TopicPartition, Partition>,
    /// Whose turn it is to hand out records.
    turns: VecDeque<TopicPartition>,
    tasks: FuturesUnordered<BoxFuture<'static, Done>>,
    busy_leaders: HashSet<Node>,
    /// Bytes that are worth asking a leader for: twice what its last answer had.
    appetites: HashMap<Node, usize>,
    brokers: HashMap<i32, Node>,
    is_looking: bool,
    is_pausing: bool,
    generations: u64,
    answers: u64,
}

impl Fetcher {
    pub(super) fn new(
        client: Client,
        settings: FetchSettings,
        share: Share,
        committed: Committed,
    ) -> Self {
        Self {
            client,
            settings,
            share,
            committed,
            partitions: BTreeMap::new(),
            turns: VecDeque::new(),
            tasks: FuturesUnordered::new(),
            busy_leaders: HashSet::new(),
            appetites: HashMap::new(),
            brokers: HashMap::new(),
            is_looking: false,
            is_pausing: false,
            generations: 0,
            answers: 0,
        }
    }

    /// Reads a partition from an offset, else from what the group has committed. One that is read already moves.
    pub(super) fn add(&mut self, of: &TopicPartition, start: Option<i64>) {
        self.generations += 1;
        let before = self.partitions.remove(of);
        let partition = Partition {
            generation: self.generations,
            place: start.map_or(Place::Committed, Place::At),
            handed_out: start,
            leader: before.as_ref().and_then(|it| it.leader.clone()),
            completed: VecDeque::new(),
            served: 0,
            is_busy: false,
            is_paused: before.is_some_and(|it| it.is_paused),
        };
        self.turns.retain(|it| it != of);
        self.partitions.insert(of.clone(), partition);
    }

    /// Reads a partition no longer.
    pub(super) fn remove(&mut self, of: &TopicPartition) {
        self.partitions.remove(of);
        self.turns.retain(|it| it != of);
    }

    /// Reads nothing any more.
    pub(super) fn clear(&mut self) {
        self.partitions.clear();
        self.turns.clear();
    }

    /// Stops or goes on handing out records of a partition. What is held of it is fetched again if memory is short.
    pub(super) fn pause(&mut self, of: &TopicPartition, pause: bool) {
        let Some(partition) = self.partitions.get_mut(of) else { return };
        partition.is_paused = pause;
        if pause
            && self.share.is_over()
            && let Some(next) = partition.completed.front()
        {
            self.generations += 1;
            partition.generation = self.generations;
            partition.place = Place::At(next.position());
            partition.completed.clear();
            partition.is_busy = false;
            self.turns.retain(|it| it != of);
        }
    }

    /// The offset behind what was handed out; none before the first record.
    pub(super) fn position(&self, of: &TopicPartition) -> Option<i64> {
        self.partitions.get(of).and_then(|it| it.handed_out)
    }

    /// Whether answers are under way, so that it is worth looking for them.
    pub(super) fn is_fetching(&self) -> bool {
        !self.tasks.is_empty()
    }

    /// Appends records to `batch` until it has `most`, as far as they have arrived and as many as the memory has room
    /// for a second time.
    pub(super) fn hand_out(&mut self, batch: &mut Batch, most: usize) -> Result<(), ClientError> {
        // Whoever gets them makes something else of them, of about the same size.
        let most_bytes = (self.share.assured() / 4).max(LEAST);
        let enough = Enough {
            records: most,
            bytes: batch.size().saturating_add(most_bytes),
            unpacked: batch.unpacked().saturating_add(most_bytes),
        };
        for _ in 0..self.turns.len() {
            let Some(of) = self.turns.pop_front() else { break };
            let Some(partition) = self.partitions.get_mut(&of) else { continue };
            if partition.is_paused {
                self.turns.push_back(of);
                continue;
            }
            while let Some(completed) = partition.completed.front_mut() {
                let outcome = completed.hand_out(batch, enough);
                partition.handed_out = Some(completed.position());
                if outcome.map_err(|reason| unreadable(&of, &reason))? {
                    break;
                }
                partition.completed.pop_front();
            }
            if !partition.completed.is_empty() {
                // The batch is full: the partition goes on next time.
                self.turns.push_front(of);
                return Ok(());
            }
        }
        Ok(())
    }

    /// Takes what has come to an end and begins what can begin, without waiting.
    pub(super) fn step(&mut self) -> Result<(), ClientError> {
        self.begin();
        while let Some(Some(done)) = self.tasks.next().now_or_never() {
            self.take(done)?;
            self.begin();
        }
        Ok(())
    }

    /// Waits until something has come to an end, and takes it. Cancel-safe.
    pub(super) async fn progress(&mut self) -> Result<(), ClientError> {
        self.begin();
        match self.tasks.next().await {
            Some(done) => self.take(done),
            None => std::future::pending().await,
        }
    }

    fn begin(&mut self) {
        if self.is_pausing {
            return;
        }
        self.begin_starts();
        self.begin_leaders();
        self.begin_fetches();
    }

    fn pause_after(&mut self, what: &str, error: &dyn std::fmt::Display) {
        tracing::warn!(%error, "{what} failed; trying again");
        self.pause_for_a_while();
    }

    fn pause_for_a_while(&mut self) {
        self.pause_until(PAUSE);
    }

    fn pause_until(&mut self, time: Duration) {
        if !self.is_pausing {
            self.is_pausing = true;
            self.tasks.push(tokio::time::sleep(time).map(|()| Done::Paused).boxed());
        }
    }
}

/// Java's words around what is wrong, and what to do where there is something.
fn unreadable(of: &TopicPartition, reason: &Unreadable) -> ClientError {
    let mut message = format!(
        "Received exception when fetching the next record from {of}. If needed, please seek past the record to \
         continue consumption: {reason}"
    );
    if matches!(reason, Unreadable::TooLong { .. }) {
        message += ". The consumer's key sluice.record.max.bytes allows more; the connector's offsets can be moved \
                    past the record";
    }
    ClientError::corrupt(message)
}
