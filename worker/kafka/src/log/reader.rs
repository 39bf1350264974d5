//! Reads a log's partitions from the beginning and for ever: at each leader one fetch is under way, which the broker
//! answers as soon as there is something to read.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
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
use tokio::sync::mpsc;

use super::{End, LogEvent, LogRecord};
use crate::{
    admin::{self, Admin, Isolation},
    batch::Batch,
    fetched::{CompletedFetch, Enough, LONGEST_RECORD, Origin, Reading},
    wire::{Client, Error, Node},
};

/// How long a broker may hold a fetch that finds nothing.
const WAIT: Duration = Duration::from_secs(5);
/// Most bytes of one fetch, and of one partition in it.
const FETCH_BYTES: i32 = 4 * 1024 * 1024;
const PARTITION_BYTES: i32 = 1024 * 1024;
/// What is handed on at once, unless the answer has less.
const ENOUGH: Enough =
    Enough { records: 10_000, bytes: usize::MAX, unpacked: FETCH_BYTES as usize };
const READING: Reading = Reading { check_crcs: true, longest_record: LONGEST_RECORD };
/// Pause after a failed fetch.
const PAUSE: Duration = Duration::from_millis(100);
/// From version 13 on, topics are named by id.
const NEWEST_FETCH: i16 = 12;

/// What to read and where it goes.
pub(super) struct Source {
    pub(super) client: Client,
    pub(super) topic: String,
    pub(super) partitions: usize,
    pub(super) isolation: Isolation,
    pub(super) events: mpsc::Sender<LogEvent>,
    pub(super) reads: mpsc::Receiver<ReadTo>,
}

/// A wish to be told when these offsets are reached.
pub(super) struct ReadTo {
    pub(super) ends: HashMap<i32, i64>,
    pub(super) end: End,
}

struct Reader {
    source: Source,
    positions: BTreeMap<i32, i64>,
    leaders: HashMap<i32, Node>,
    waiting: Vec<ReadTo>,
}

type Outcome = (Node, Result<FetchResponse, Error>);

/// The receiver of the events is gone.
struct Unheard;

/// Reads until the receiver is dropped or the task is aborted.
pub(super) async fn run(source: Source) {
    let positions = (0..source.partitions).map(|partition| (partition as i32, 0)).collect();
    let mut reader = Reader { source, positions, leaders: HashMap::new(), waiting: Vec::new() };
    // Ends when nobody listens any more.
    let Err(Unheard) = reader.read().await;
}

impl Reader {
    async fn read(&mut self) -> Result<std::convert::Infallible, Unheard> {
        let mut fetches: FuturesUnordered<BoxFuture<'static, Outcome>> = FuturesUnordered::new();
        let mut asked: HashSet<Node> = HashSet::new();
        loop {
            self.find_leaders().await;
            for leader in self.leaders.values() {
                if asked.insert(leader.clone()) {
                    fetches.push(self.fetch(leader.clone()));
                }
            }
            tokio::select! {
                Some((leader, outcome)) = fetches.next() => {
                    asked.remove(&leader);
                    self.take(&leader, outcome).await?;
                }
                Some(read) = self.source.reads.recv() => self.waiting.push(read),
                () = self.source.events.closed() => return Err(Unheard),
            }
            self.announce_ends().await?;
        }
    }

    /// Asks for the leaders if one is not known, until at least one is.
    async fn find_leaders(&mut self) {
        while self.leaders.len() < self.positions.len() {
            match self.source.client.metadata(Some(std::slice::from_ref(&self.source.topic))).await
            {
                Ok(metadata) => {
                    let partitions = metadata.topics.into_iter().flat_map(|it| it.partitions);
                    self.leaders.extend(
                        partitions.filter_map(|it| it.leader.map(|leader| (it.partition, leader))),
                    );
                    self.leaders.retain(|partition, _| self.positions.contains_key(partition));
                }
                Err(error) => tracing::warn!(topic = self.source.topic, %error, "no leaders found"),
            }
            if !self.leaders.is_empty() {
                return;
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    fn fetch(&self, leader: Node) -> BoxFuture<'static, Outcome> {
        let partitions = self
            .positions
            .iter()
            .filter(|(partition, _)| self.leaders.get(*partition) == Some(&leader))
            .map(|(partition, position)| {
                FetchPartition::default()
                    .with_partition(*partition)
                    .with_fetch_offset(*position)
                    .with_partition_max_bytes(PARTITION_BYTES)
            });
        let topic = FetchTopic::default()
            .with_topic(TopicName(StrBytes::from_string(self.source.topic.clone())))
            .with_partitions(partitions.collect());
        let request = FetchRequest::default()
            .with_replica_id(BrokerId(-1))
            .with_max_wait_ms(WAIT.as_millis() as i32)
            .with_min_bytes(1)
            .with_max_bytes(FETCH_BYTES)
            .with_isolation_level(self.source.isolation.level())
            .with_topics(vec![topic]);
        let client = self.source.client.clone();
        async move {
            let limit = WAIT + crate::wire::LOOKUP_TIMEOUT;
            let outcome = client.call_with(&leader, limit, NEWEST_FETCH, |_| request).await;
            (leader, outcome)
        }
        .boxed()
    }

    async fn take(
        &mut self,
        leader: &Node,
        outcome: Result<FetchResponse, Error>,
    ) -> Result<(), Unheard> {
        let answer = match outcome.and_then(|answer| {
            Error::check(answer.error_code, None)?;
            Ok(answer)
        }) {
            Ok(answer) => answer,
            Err(error) => {
                tracing::warn!(topic = self.source.topic, %error, "a log could not be read");
                self.leaders.retain(|_, known| known != leader);
                tokio::time::sleep(PAUSE).await;
                return Ok(());
            }
        };
        let partitions = answer.responses.into_iter().flat_map(|it| it.partitions);
        for data in partitions {
            self.take_partition(data).await?;
        }
        Ok(())
    }

    async fn take_partition(&mut self, data: PartitionData) -> Result<(), Unheard> {
        let partition = data.partition_index;
        let Some(position) = self.positions.get(&partition).copied() else { return Ok(()) };
        if let Some(code) = ResponseError::try_from_code(data.error_code) {
            self.recover(partition, code).await;
            return Ok(());
        }
        let Some(bytes) = data.records.filter(|bytes| !bytes.is_empty()) else { return Ok(()) };
        let aborted = data.aborted_transactions.unwrap_or_default();
        let of = Origin { topic: self.source.topic.as_str().into(), partition };
        let mut fetch = CompletedFetch::new(of, position, bytes, &aborted, READING);
        loop {
            let mut batch = Batch::default();
            let outcome = fetch.hand_out(&mut batch, ENOUGH);
            self.positions.insert(partition, fetch.position());
            if !batch.is_empty() {
                let records = batch.iter().map(LogRecord::from).collect();
                self.source.events.send(LogEvent::Records(records)).await.map_err(|_| Unheard)?;
            }
            match outcome {
                Ok(true) => {}
                Ok(false) => return Ok(()),
                Err(reason) => {
                    let (topic, position) = (&self.source.topic, fetch.position());
                    tracing::error!(topic, partition, position, %reason, "a batch cannot be read");
                    tokio::time::sleep(PAUSE).await;
                    return Ok(());
                }
            }
        }
    }

    async fn recover(&mut self, partition: i32, code: ResponseError) {
        let topic = &self.source.topic;
        if code == ResponseError::OffsetOutOfRange {
            // The topic was recreated or its beginning deleted: Connect's consumers reset to the earliest.
            let of = TopicPartition::new(topic.as_str(), partition);
            let admin = Admin::new(self.source.client.clone());
            let first = admin
                .offsets(std::slice::from_ref(&of), admin::End::First, Isolation::Uncommitted)
                .await;
            if let Some(first) = first.ok().and_then(|found| found.get(&of).copied()) {
                tracing::warn!(topic, partition, first, "a log was reset");
                self.positions.insert(partition, first);
                return;
            }
        } else {
            tracing::info!(topic, partition, %code, "a log's partition has moved");
        }
        self.leaders.remove(&partition);
        tokio::time::sleep(PAUSE).await;
    }

    async fn announce_ends(&mut self) -> Result<(), Unheard> {
        let positions = &self.positions;
        let is_reached = |read: &mut ReadTo| {
            read.ends.iter().all(|(partition, end)| {
                positions.get(partition).is_none_or(|position| position >= end)
            })
        };
        let reached: Vec<_> = self.waiting.extract_if(.., is_reached).collect();
        for read in reached {
            self.source.events.send(LogEvent::End(read.end)).await.map_err(|_| Unheard)?;
        }
        Ok(())
    }
}
