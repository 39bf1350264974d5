//! Fetches the records of assigned partitions (`Fetcher`): at each leader one request is under way, for the partitions
//! that have little left to hand out. It runs inside of its owner's calls, on its owner's thread, and hands out records
//! where they lie in the answers, without a copy.
//!
//! librdkafka keeps the group; it copies and allocates each record, which alone costs more than all of this.

mod settings;

use std::{
    collections::{BTreeMap, HashMap, HashSet, VecDeque},
    sync::Arc,
    time::Duration,
};

use futures::{FutureExt, StreamExt, future::BoxFuture, stream::FuturesUnordered};
use kafka_protocol::{
    ResponseError,
    messages::{
        BrokerId, FetchRequest, FetchResponse, TopicName,
        fetch_request::{FetchPartition, FetchTopic},
        fetch_response::PartitionData,
    },
    protocol::StrBytes,
};
use sluice_model::TopicPartition;

use super::TopicOffsets;
use crate::{
    admin::{Admin, End},
    batch::Batch,
    failure::ClientError,
    fetched::{self, CompletedFetch, Enough, Origin, Unreadable},
    wire::{self, Client, Metadata, Node},
};
pub(super) use settings::{FetchSettings, Reset};

/// Answers of one partition that may wait to be handed out: while one is, the next one is fetched.
const AHEAD: usize = 2;
/// Pause after something failed.
const PAUSE: Duration = Duration::from_millis(100);
/// How long a broker may hold a request while other partitions have records to hand out: they are to be fetched again
/// soon, and there is one request at a time.
const SHORT_WAIT: Duration = Duration::from_millis(5);
/// From version 13 on, topics are named by id.
const NEWEST_FETCH: i16 = 12;

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
    is_busy: bool,
    is_paused: bool,
}

/// Partitions that something is under way for, each with its generation.
type Asked = Vec<(TopicPartition, u64)>;

/// What came to an end.
enum Done {
    Fetched(Node, Asked, Result<FetchResponse, wire::Error>),
    Leaders(Result<Metadata, wire::Error>),
    Starts(Asked, Result<TopicOffsets, ClientError>),
    Paused,
}

/// Reads assigned partitions.
pub(super) struct Fetcher {
    client: Client,
    settings: FetchSettings,
    committed: Committed,
    partitions: BTreeMap<TopicPartition, Partition>,
    /// Whose turn it is to hand out records.
    turns: VecDeque<TopicPartition>,
    tasks: FuturesUnordered<BoxFuture<'static, Done>>,
    busy_leaders: HashSet<Node>,
    brokers: HashMap<i32, Node>,
    is_looking: bool,
    is_pausing: bool,
    generations: u64,
}

impl Fetcher {
    pub(super) fn new(client: Client, settings: FetchSettings, committed: Committed) -> Self {
        Self {
            client,
            settings,
            committed,
            partitions: BTreeMap::new(),
            turns: VecDeque::new(),
            tasks: FuturesUnordered::new(),
            busy_leaders: HashSet::new(),
            brokers: HashMap::new(),
            is_looking: false,
            is_pausing: false,
            generations: 0,
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

    /// Stops or goes on handing out records of a partition.
    pub(super) fn pause(&mut self, of: &TopicPartition, pause: bool) {
        if let Some(partition) = self.partitions.get_mut(of) {
            partition.is_paused = pause;
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

    /// Appends records to `batch` until it has `most`, as far as they have arrived.
    pub(super) fn hand_out(&mut self, batch: &mut Batch, most: usize) -> Result<(), ClientError> {
        let unpacked = batch.unpacked().saturating_add(self.settings.most_held);
        let enough = Enough { records: most, unpacked };
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

    fn begin_starts(&mut self) {
        for (place, from_group) in [(Place::Committed, true), (Place::Reset, false)] {
            let mut asked = Asked::new();
            for (of, partition) in &mut self.partitions {
                if partition.place == place && !partition.is_busy {
                    partition.is_busy = true;
                    asked.push((of.clone(), partition.generation));
                }
            }
            if asked.is_empty() {
                continue;
            }
            let partitions: Vec<_> = asked.iter().map(|(of, _)| of.clone()).collect();
            let committed = from_group.then(|| (self.committed)(partitions.clone()));
            let admin = Admin::new(self.client.clone());
            let (reset, isolation) = (self.settings.reset, self.settings.isolation);
            let find = async move {
                let mut starts = match committed {
                    Some(committed) => committed.await?,
                    None => TopicOffsets::new(),
                };
                let is_missing = |it: &TopicPartition| !starts.contains_key(it);
                let missing: Vec<_> = partitions.into_iter().filter(is_missing).collect();
                let end = match reset {
                    _ if missing.is_empty() => return Ok(starts),
                    Reset::Earliest => End::First,
                    Reset::Latest => End::Last,
                    Reset::None => return Err(ClientError::no_offset(&missing)),
                };
                starts.extend(admin.offsets(&missing, end, isolation).await?);
                Ok(starts)
            };
            self.tasks.push(find.map(|outcome| Done::Starts(asked, outcome)).boxed());
        }
    }

    fn begin_leaders(&mut self) {
        if self.is_looking {
            return;
        }
        let lost = self.partitions.iter().filter(|(_, it)| it.leader.is_none());
        let mut topics: Vec<String> = lost.map(|(of, _)| of.topic.to_string()).collect();
        topics.dedup();
        if topics.is_empty() {
            return;
        }
        self.is_looking = true;
        let client = self.client.clone();
        let look = async move { Done::Leaders(client.metadata(Some(&topics)).await) };
        self.tasks.push(look.boxed());
    }

    fn begin_fetches(&mut self) {
        let held: usize =
            self.partitions.values().flat_map(|it| &it.completed).map(CompletedFetch::size).sum();
        let room = self.settings.most_held.saturating_sub(held);
        let mut wanted: HashMap<Node, Vec<(TopicPartition, i64)>> = HashMap::new();
        let mut holding: HashSet<&Node> = HashSet::new();
        for (of, partition) in &self.partitions {
            let (Some(leader), Place::At(at)) = (&partition.leader, partition.place) else {
                continue;
            };
            if !partition.completed.is_empty() {
                holding.insert(leader);
            }
            let is_wanted = !partition.is_busy
                && !partition.is_paused
                && partition.completed.len() < AHEAD
                && (room > 0 || partition.completed.is_empty());
            if is_wanted && !self.busy_leaders.contains(leader) {
                wanted.entry(leader.clone()).or_default().push((of.clone(), at));
            }
        }
        let waits: Vec<(Node, Vec<_>, Duration)> = wanted
            .into_iter()
            .map(|(leader, partitions)| {
                let others = holding.contains(&leader);
                let wait = if others { SHORT_WAIT } else { self.settings.wait };
                (leader, partitions, wait.min(self.settings.wait))
            })
            .collect();
        for (leader, partitions, wait) in waits {
            self.fetch(leader, &partitions, wait);
        }
    }

    fn fetch(&mut self, leader: Node, partitions: &[(TopicPartition, i64)], wait: Duration) {
        let mut topics: Vec<FetchTopic> = Vec::new();
        let mut asked = Asked::new();
        for (of, at) in partitions {
            let Some(partition) = self.partitions.get_mut(of) else { continue };
            partition.is_busy = true;
            asked.push((of.clone(), partition.generation));
            let wanted = FetchPartition::default()
                .with_partition(of.partition)
                .with_fetch_offset(*at)
                .with_partition_max_bytes(self.settings.partition_bytes);
            // Partitions come ordered by topic.
            match topics.last_mut().filter(|it| **it.topic == *of.topic) {
                Some(topic) => topic.partitions.push(wanted),
                None => topics.push(
                    FetchTopic::default()
                        .with_topic(TopicName(StrBytes::from_string(of.topic.to_string())))
                        .with_partitions(vec![wanted]),
                ),
            }
        }
        let request = FetchRequest::default()
            .with_replica_id(BrokerId(-1))
            .with_max_wait_ms(wait.as_millis() as i32)
            .with_min_bytes(self.settings.least_bytes)
            .with_max_bytes(self.settings.most_bytes)
            .with_isolation_level(self.settings.isolation.level())
            .with_rack_id(StrBytes::from_string(self.settings.rack.clone()))
            .with_topics(topics);
        self.busy_leaders.insert(leader.clone());
        let client = self.client.clone();
        let limit = wait + self.settings.request_timeout;
        let fetch = async move {
            let outcome = client.call_with(&leader, limit, NEWEST_FETCH, |_| request).await;
            Done::Fetched(leader, asked, outcome)
        };
        self.tasks.push(fetch.boxed());
    }

    fn take(&mut self, done: Done) -> Result<(), ClientError> {
        match done {
            Done::Paused => self.is_pausing = false,
            Done::Leaders(outcome) => {
                self.is_looking = false;
                match outcome {
                    Ok(metadata) => self.take_leaders(&metadata)?,
                    Err(error) => self.pause_after("finding leaders", &error),
                }
            }
            Done::Starts(asked, outcome) => self.take_starts(asked, outcome)?,
            Done::Fetched(leader, asked, outcome) => {
                self.busy_leaders.remove(&leader);
                let outcome = outcome.and_then(|answer| {
                    wire::Error::check(answer.error_code, None)?;
                    Ok(answer)
                });
                self.free(&asked);
                match outcome {
                    Ok(answer) => self.take_answer(&asked, answer)?,
                    Err(error) => {
                        for (of, generation) in &asked {
                            self.lose_leader(of, *generation);
                        }
                        self.pause_after("fetching", &error);
                    }
                }
            }
        }
        Ok(())
    }

    fn take_leaders(&mut self, metadata: &Metadata) -> Result<(), ClientError> {
        self.brokers = metadata.brokers.iter().map(|it| (it.id(), it.clone())).collect();
        for topic in &metadata.topics {
            if let Some(code) = topic.error.filter(|it| !it.is_retriable()) {
                return Err(ClientError::new(
                    i32::from(code.code()),
                    format!("{code} [{}]", topic.name),
                ));
            }
            for found in &topic.partitions {
                let of = TopicPartition::new(topic.name.as_str(), found.partition);
                if let Some(partition) =
                    self.partitions.get_mut(&of).filter(|it| it.leader.is_none())
                {
                    partition.leader.clone_from(&found.leader);
                }
            }
        }
        if self.partitions.values().any(|it| it.leader.is_none()) {
            self.pause_for_a_while();
        }
        Ok(())
    }

    fn take_starts(
        &mut self,
        asked: Asked,
        outcome: Result<TopicOffsets, ClientError>,
    ) -> Result<(), ClientError> {
        self.free(&asked);
        let starts = match outcome {
            Ok(starts) => starts,
            Err(error) if error.is_retriable() => {
                self.pause_after("finding where to start", &error);
                return Ok(());
            }
            Err(error) => return Err(error),
        };
        for (of, generation) in asked {
            let partition = self.partitions.get_mut(&of).filter(|it| it.generation == generation);
            if let (Some(partition), Some(start)) = (partition, starts.get(&of)) {
                partition.place = Place::At(*start);
            }
        }
        Ok(())
    }

    fn take_answer(&mut self, asked: &Asked, answer: FetchResponse) -> Result<(), ClientError> {
        for topic in answer.responses {
            for data in topic.partitions {
                let of = TopicPartition::new(&**topic.topic, data.partition_index);
                let generation = asked.iter().find(|(it, _)| *it == of).map(|(_, it)| *it);
                if let Some(generation) = generation {
                    self.take_partition(&of, generation, data)?;
                }
            }
        }
        if answer.throttle_time_ms > 0 {
            // The broker holds later answers back itself; this only spares it the requests.
            self.pause_until(Duration::from_millis(answer.throttle_time_ms as u64).min(PAUSE));
        }
        Ok(())
    }

    fn take_partition(
        &mut self,
        of: &TopicPartition,
        generation: u64,
        data: PartitionData,
    ) -> Result<(), ClientError> {
        let current = self.partitions.get_mut(of).filter(|it| it.generation == generation);
        let Some(partition) = current else { return Ok(()) };
        let Place::At(position) = partition.place else { return Ok(()) };
        if let Some(code) = ResponseError::try_from_code(data.error_code) {
            return self.recover(of, generation, code);
        }
        if let Some(nearer) = self.brokers.get(&data.preferred_read_replica.0) {
            partition.leader = Some(nearer.clone());
        }
        let Some(bytes) = data.records.filter(|it| !it.is_empty()) else { return Ok(()) };
        let corrupt = |reason: Unreadable| {
            ClientError::corrupt(format!("{of} at offset {position}: {reason}"))
        };
        let Some(end) = fetched::end_of(bytes.clone()).map_err(corrupt)? else { return Ok(()) };
        let aborted = data.aborted_transactions.unwrap_or_default();
        let origin = Origin { topic: Arc::clone(&of.topic), partition: of.partition };
        let reading = self.settings.reading;
        let completed = CompletedFetch::new(origin, position, bytes, &aborted, reading);
        partition.place = Place::At(end.max(position));
        partition.completed.push_back(completed);
        if partition.completed.len() == 1 {
            self.turns.push_back(of.clone());
        }
        Ok(())
    }

    fn recover(
        &mut self,
        of: &TopicPartition,
        generation: u64,
        code: ResponseError,
    ) -> Result<(), ClientError> {
        match code {
            ResponseError::OffsetOutOfRange => {
                if self.settings.reset == Reset::None {
                    return Err(ClientError::new(
                        i32::from(code.code()),
                        format!("Fetch position is out of range for partition {of}"),
                    ));
                }
                tracing::warn!(partition = %of, "the position is out of range: it is reset");
                if let Some(partition) = self.partitions.get_mut(of) {
                    partition.place = Place::Reset;
                }
            }
            // The leader that we know is not the one that it is, or not yet: an answer to come again.
            _ if code.is_retriable()
                || matches!(
                    code,
                    ResponseError::FencedLeaderEpoch | ResponseError::UnknownLeaderEpoch
                ) =>
            {
                tracing::debug!(partition = %of, %code, "a partition cannot be fetched now");
                self.lose_leader(of, generation);
                self.pause_for_a_while();
            }
            _ => {
                return Err(ClientError::new(i32::from(code.code()), format!("{code} [{of}]")));
            }
        }
        Ok(())
    }

    fn free(&mut self, asked: &Asked) {
        for (of, generation) in asked {
            if let Some(partition) =
                self.partitions.get_mut(of).filter(|it| it.generation == *generation)
            {
                partition.is_busy = false;
            }
        }
    }

    fn lose_leader(&mut self, of: &TopicPartition, generation: u64) {
        if let Some(partition) =
            self.partitions.get_mut(of).filter(|it| it.generation == generation)
        {
            partition.leader = None;
        }
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
