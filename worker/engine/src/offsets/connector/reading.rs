//! How far a sink has read its topics: where its group is, and what lies behind. And how many records a connector has sorted
//! out.

use std::{cmp::Reverse, collections::BTreeMap};

use sluice_kafka::{
    admin::{Admin, End, Isolation},
    wire::Client,
};
use sluice_plugin::{ConnectorPlugin, model::TopicPartition};

use super::{Asked, OffsetsRefusal};
use crate::{clients::topics_of, guard::Policy, topics::Subscription, trace::Failure};

/// Most partitions of which the first unread record is fetched, those with the most of them first.
const MOST_FETCHED: usize = 64;

/// How a connector stands to its topics.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reading {
    /// All partitions that a sink reads or has read, in order; a source has none.
    pub partitions: Vec<ReadPartition>,
    /// Topics that `topics` of a sink names and that do not exist.
    pub absent: Vec<String>,
    /// The topic of dead letters, if the connector has one and no time was asked for.
    pub dead_letters: Option<DeadLetterTopic>,
}

/// The topic that takes a connector's dead letters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeadLetterTopic {
    /// Its name.
    pub topic: String,
    /// Records that are in it, as far as offsets tell. Other connectors may share it.
    pub records: i64,
}

/// One partition that a sink reads, in offsets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadPartition {
    /// Which one.
    pub of: TopicPartition,
    /// What the group has committed, if it has.
    pub position: Option<i64>,
    /// The first record that still exists.
    pub beginning: i64,
    /// The next record to be written.
    pub end: i64,
    /// Records that have yet to be read, as far as offsets tell: compaction and transactions leave gaps.
    pub lag: i64,
    /// When the first of them was written, in milliseconds since 1970.
    pub waiting_since: Option<i64>,
    /// The first record of the time that was asked for or later; where there is none, the next to be written.
    pub at: Option<i64>,
}

/// What the brokers tell.
#[derive(Debug, Default)]
struct Found {
    committed: BTreeMap<TopicPartition, i64>,
    beginnings: BTreeMap<TopicPartition, i64>,
    ends: BTreeMap<TopicPartition, i64>,
    at: Option<BTreeMap<TopicPartition, i64>>,
}

impl Asked<'_> {
    /// How a connector stands to its topics. With a time, in milliseconds since 1970, says where that is in those that a
    /// sink reads; without, since when records wait.
    pub(crate) async fn reading(&self, time: Option<i64>) -> Result<Reading, OffsetsRefusal> {
        let name = self.name();
        let is_sink = matches!(&self.plugin, ConnectorPlugin::Sink(_));
        if !is_sink && time.is_some() {
            let told = format!("Connector {name} is a source; only sinks read topics");
            return Err(OffsetsRefusal::BadRequest(told));
        }
        self.look(is_sink, time).await.map_err(|error| {
            tracing::error!(connector = name, %error, "its topics cannot be looked at");
            let told = format!("Failed to look at the topics of connector {name}");
            OffsetsRefusal::Failed(format!("{told}: {}", error.headline()))
        })
    }

    async fn look(&self, is_sink: bool, time: Option<i64>) -> Result<Reading, Failure> {
        let (settings, client) = self.clients.shared_client(self.shared)?;
        let told = self.look_by(&client, is_sink, time).await;
        if told.is_err() {
            self.shared.forget(&settings);
        }
        told
    }

    async fn look_by(
        &self,
        client: &Client,
        is_sink: bool,
        time: Option<i64>,
    ) -> Result<Reading, Failure> {
        let mut reading =
            if is_sink { self.partitions(client, time).await? } else { Reading::default() };
        let policy = if time.is_none() { Policy::parse(self.settings)?.dead_letters } else { None };
        if let Some(policy) = policy {
            reading.dead_letters = self.dead_letters(policy.topic, client).await;
        }
        Ok(reading)
    }

    /// None if the topic cannot be looked at: a connector may write where its administration may not read, and the rest
    /// is to be told all the same.
    async fn dead_letters(&self, topic: String, client: &Client) -> Option<DeadLetterTopic> {
        match kept(&topic, &Admin::new(client.clone())).await {
            Ok(records) => Some(DeadLetterTopic { topic, records }),
            Err(error) => {
                let connector = self.name();
                tracing::debug!(connector, topic, %error, "the dead letters cannot be counted");
                None
            }
        }
    }

    async fn partitions(&self, client: &Client, time: Option<i64>) -> Result<Reading, Failure> {
        let (group, admin) = (self.clients.group()?, Admin::new(client.clone()));
        let keys = self.clients.consumer_keys();
        let is = |key: &str, value: &str| {
            keys.get(key).is_some_and(|it| it.trim().eq_ignore_ascii_case(value))
        };
        let isolation = if is("isolation.level", "read_committed") {
            Isolation::Committed
        } else {
            Isolation::Uncommitted
        };
        let topics = || Ok(topics_of(client.clone()));
        let subscription = Subscription::parse(self.settings, &keys, topics)?;
        let named = subscription.present().await?;
        let mut topics = named.clone();
        let committed = admin.group_offsets(&group).await?;
        topics.extend(committed.keys().map(|it| it.topic.to_string()));
        topics.sort_unstable();
        topics.dedup();
        let all = admin.partitions_of(&topics).await?;
        let absent = absent(named, &all);
        let beginnings = admin.offsets(&all, End::First, isolation).await?;
        let ends = admin.offsets(&all, End::Last, isolation).await?;
        let at = match time {
            Some(time) => Some(admin.offsets(&all, End::At(time), isolation).await?),
            None => None,
        };
        let found = Found { committed, beginnings, ends, at };
        let begins_late = is("auto.offset.reset", "latest") || is("auto.offset.reset", "none");
        let mut partitions = found.assemble(!begins_late);
        if time.is_none() {
            fetch_times(&mut partitions, &admin).await?;
        }
        Ok(Reading { partitions, absent, dead_letters: None })
    }
}

/// Those of the topics that have no partition.
fn absent(mut topics: Vec<String>, partitions: &[TopicPartition]) -> Vec<String> {
    topics.retain(|topic| !partitions.iter().any(|it| *it.topic == **topic));
    topics
}

impl Found {
    /// `from_beginning`: whether a group begins there where it has committed nothing.
    fn assemble(&self, from_beginning: bool) -> Vec<ReadPartition> {
        let one = |(of, beginning): (&TopicPartition, &i64)| {
            let beginning = *beginning;
            let end = *self.ends.get(of)?;
            let position = self.committed.get(of).copied();
            let start = if from_beginning { beginning } else { end };
            let next = position.unwrap_or(start).max(beginning);
            let at =
                self.at.as_ref().map(|at| at.get(of).copied().filter(|it| *it >= 0).unwrap_or(end));
            Some(ReadPartition {
                of: of.clone(),
                position,
                beginning,
                end,
                lag: (end - next).max(0),
                waiting_since: None,
                at,
            })
        };
        self.beginnings.iter().filter_map(one).collect()
    }
}

/// How many records are in a topic, as far as offsets tell; none in one that nobody has made.
async fn kept(topic: &str, admin: &Admin) -> Result<i64, Failure> {
    let all = admin.partitions_of(&[topic.to_owned()]).await?;
    let beginnings = admin.offsets(&all, End::First, Isolation::Uncommitted).await?;
    let ends = admin.offsets(&all, End::Last, Isolation::Uncommitted).await?;
    Ok(ends.iter().map(|(of, end)| end - beginnings.get(of).copied().unwrap_or(*end)).sum())
}

async fn fetch_times(partitions: &mut [ReadPartition], admin: &Admin) -> Result<(), Failure> {
    let mut behind: Vec<&mut ReadPartition> =
        partitions.iter_mut().filter(|it| it.lag > 0).collect();
    behind.sort_by_key(|it| Reverse(it.lag));
    behind.truncate(MOST_FETCHED);
    let next = |it: &&mut ReadPartition| (it.of.clone(), it.end - it.lag);
    let times = admin.timestamps(&behind.iter().map(next).collect()).await?;
    for partition in behind {
        partition.waiting_since = times.get(&partition.of).copied();
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn topics_without_partitions_are_absent() {
        let named = ["a", "b"].map(str::to_owned).to_vec();
        let there = [TopicPartition::new("b", 0), TopicPartition::new("once", 0)];
        assert_eq!(absent(named.clone(), &there), ["a"]);
        assert_eq!(absent(named, &[]), ["a", "b"]);
    }

    #[test]
    fn lag_counts_what_exists_and_has_not_been_read() {
        let of = TopicPartition::new("t", 0);
        let found = |committed: Option<i64>, at: Option<i64>| Found {
            committed: committed.map(|it| (of.clone(), it)).into_iter().collect(),
            beginnings: BTreeMap::from([(of.clone(), 10)]),
            ends: BTreeMap::from([(of.clone(), 30)]),
            at: at.map(|it| BTreeMap::from([(of.clone(), it)])),
        };
        for (committed, from_beginning, lag) in [
            (Some(12), true, 18),
            (Some(30), true, 0),
            // Records were deleted before they were read.
            (Some(3), true, 20),
            // The topic was made anew.
            (Some(99), true, 0),
            (None, true, 20),
            (None, false, 0),
        ] {
            let partition = found(committed, None).assemble(from_beginning).remove(0);
            assert_eq!((partition.lag, partition.at), (lag, None), "{committed:?}");
        }
        for (at, expected) in [(15, 15), (-1, 30)] {
            assert_eq!(found(None, Some(at)).assemble(true)[0].at, Some(expected));
        }
        let gone = Found { committed: BTreeMap::from([(of.clone(), 1)]), ..Found::default() };
        assert!(gone.assemble(true).is_empty(), "a topic that is gone has no partitions");
    }
}
