//! What is asked of which broker, and when: one request at a time at each leader, for as much as the memory has room.

use std::{
    collections::{HashMap, HashSet},
    time::Duration,
};

use futures::FutureExt;
use kafka_protocol::{
    messages::{
        BrokerId, FetchRequest, TopicName,
        fetch_request::{FetchPartition, FetchTopic},
    },
    protocol::StrBytes,
};
use sluice_model::TopicPartition;

use super::{Asked, Done, FetchSettings, Fetcher, Partition, Place};
use crate::{
    fetched::CompletedFetch,
    memory::{LEAST, Taken},
    wire::Node,
};

/// Answers of one partition that may wait to be handed out: while one is, the next one is fetched.
const AHEAD: usize = 2;
/// How long a broker may hold a request while other partitions have records to hand out: they are to be fetched again
/// soon, and there is one request at a time.
const SHORT_WAIT: Duration = Duration::from_millis(5);
/// What is asked for before it is known how much comes.
const FIRST: usize = 1024 * 1024;
/// From version 13 on, topics are named by id.
const NEWEST_FETCH: i16 = 12;

/// A partition to ask for, and from where.
type Wanted = (TopicPartition, i64);

impl Fetcher {
    /// Asks every leader that has nothing to answer.
    pub(super) fn begin_fetches(&mut self) {
        let unpaused = || self.partitions.values().filter(|it| !it.is_paused);
        let held: usize = unpaused().flat_map(|it| &it.completed).map(CompletedFetch::size).sum();
        // Without a record in sight there would be no end to waiting for others to give memory back.
        let mut must = held == 0 && self.busy_leaders.is_empty();
        let room = self.settings.most_held.saturating_sub(held);
        if room == 0 && !must {
            return;
        }
        let holding: HashSet<Node> = self
            .partitions
            .values()
            .filter(|it| !it.completed.is_empty())
            .filter_map(|it| it.leader.clone())
            .collect();
        for (leader, partitions) in self.wanted() {
            let appetite = self.appetites.get(&leader).copied().unwrap_or(FIRST);
            let most = appetite.min(room).min(self.settings.most_bytes as usize).max(LEAST);
            let taken = match self.share.try_take(most) {
                None if must => self.share.take(LEAST),
                None => return,
                Some(taken) => taken,
            };
            must = false;
            let wait = if holding.contains(&leader) { SHORT_WAIT } else { self.settings.wait };
            self.fetch(leader, &partitions, wait.min(self.settings.wait), taken);
        }
    }

    /// What may be asked for at idle leaders; first what has waited the longest, because an answer may end early.
    fn wanted(&self) -> HashMap<Node, Vec<Wanted>> {
        let is_wanted = |it: &Partition| !it.is_busy && !it.is_paused && it.completed.len() < AHEAD;
        let mut partitions: Vec<(&TopicPartition, &Partition)> =
            self.partitions.iter().filter(|(_, it)| is_wanted(it)).collect();
        partitions.sort_by_key(|(_, it)| (it.completed.len(), it.served));
        let mut wanted: HashMap<Node, Vec<Wanted>> = HashMap::new();
        for (of, partition) in partitions {
            if let (Some(leader), Place::At(at)) = (&partition.leader, partition.place)
                && !self.busy_leaders.contains(leader)
            {
                wanted.entry(leader.clone()).or_default().push((of.clone(), at));
            }
        }
        wanted
    }

    fn fetch(&mut self, leader: Node, partitions: &[Wanted], wait: Duration, taken: Taken) {
        let mut asked = Asked::new();
        for (of, _) in partitions {
            let Some(partition) = self.partitions.get_mut(of) else { continue };
            partition.is_busy = true;
            asked.push((of.clone(), partition.generation));
        }
        let request = request(&self.settings, partitions, wait, taken.bytes());
        self.busy_leaders.insert(leader.clone());
        let client = self.client.clone();
        let limit = wait + self.settings.request_timeout;
        let fetch = async move {
            let outcome = client.call_with(&leader, limit, NEWEST_FETCH, |_| request).await;
            Done::Fetched(leader, asked, taken, outcome)
        };
        self.tasks.push(fetch.boxed());
    }
}

fn request(
    settings: &FetchSettings,
    partitions: &[Wanted],
    wait: Duration,
    most: usize,
) -> FetchRequest {
    let most = i32::try_from(most).unwrap_or(i32::MAX).min(settings.most_bytes);
    let mut topics: Vec<FetchTopic> = Vec::new();
    for (of, at) in partitions {
        let wanted = FetchPartition::default()
            .with_partition(of.partition)
            .with_fetch_offset(*at)
            .with_partition_max_bytes(settings.partition_bytes.min(most));
        match topics.iter_mut().find(|it| **it.topic == *of.topic) {
            Some(topic) => topic.partitions.push(wanted),
            None => topics.push(
                FetchTopic::default()
                    .with_topic(TopicName(StrBytes::from_string(of.topic.to_string())))
                    .with_partitions(vec![wanted]),
            ),
        }
    }
    FetchRequest::default()
        .with_replica_id(BrokerId(-1))
        .with_max_wait_ms(wait.as_millis() as i32)
        .with_min_bytes(settings.least_bytes.min(most))
        .with_max_bytes(most)
        .with_isolation_level(settings.isolation.level())
        .with_rack_id(StrBytes::from_string(settings.rack.clone()))
        .with_topics(topics)
}
