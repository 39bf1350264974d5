//! Admin calls over the wire client: topics, offsets and groups, as far as Connect needs them.

mod fencing;
mod groups;
mod times;

pub use groups::has_members;

use std::{
    collections::{BTreeMap, HashMap},
    time::Duration,
};

use kafka_protocol::{
    ResponseError,
    messages::{
        BrokerId, CreateTopicsRequest, DescribeConfigsRequest, ListOffsetsRequest, TopicName,
        create_topics_request::{CreatableTopic, CreatableTopicConfig},
        describe_configs_request::DescribeConfigsResource,
        list_offsets_request::{ListOffsetsPartition, ListOffsetsTopic},
    },
    protocol::StrBytes,
};
use sluice_model::TopicPartition;

use crate::wire::{Client, Error, Metadata, Node};

/// Time for one call.
const TIMEOUT: Duration = Duration::from_secs(30);

/// A topic to create.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewTopic {
    /// Name.
    pub name: String,
    /// Number of partitions; -1 for the broker's default.
    pub partitions: i32,
    /// Copies of each partition; -1 for the broker's default.
    pub replication: i16,
    /// Topic configuration, such as `cleanup.policy`.
    pub config: BTreeMap<String, String>,
}

/// How creating a topic went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Created {
    /// It is new.
    Created,
    /// It was there already.
    Existed,
}

/// Which place in a partition to ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// The first offset that still exists.
    First,
    /// The offset of the next record; under [`Isolation::Committed`] of the first record of an open transaction.
    Last,
    /// The offset of the first record of this time or later, in milliseconds since 1970; -1 where there is none.
    At(i64),
}

/// Which records of transactions count.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Isolation {
    /// All, as Java's clients default to.
    #[default]
    Uncommitted,
    /// Only committed ones.
    Committed,
}

impl Isolation {
    /// The number on the wire.
    pub(crate) fn level(self) -> i8 {
        i8::from(self == Self::Committed)
    }
}

/// Admin calls. Cheap to clone; none of them is retried.
#[derive(Debug, Clone)]
pub struct Admin {
    client: Client,
}

impl Admin {
    /// Over the connections of `client`.
    pub fn new(client: Client) -> Self {
        Self { client }
    }

    /// Creates a topic unless it exists.
    pub async fn create_topic(&self, topic: &NewTopic) -> Result<Created, Error> {
        let config = topic.config.iter().map(|(key, value)| {
            CreatableTopicConfig::default().with_name(text(key)).with_value(Some(text(value)))
        });
        let request = CreateTopicsRequest::default()
            .with_timeout_ms(TIMEOUT.as_millis() as i32)
            .with_topics(vec![
                CreatableTopic::default()
                    .with_name(TopicName(text(&topic.name)))
                    .with_num_partitions(topic.partitions)
                    .with_replication_factor(topic.replication)
                    .with_configs(config.collect()),
            ]);
        let controller = self.client.controller().await?;
        let answer = self.client.call(&controller, request, TIMEOUT).await?;
        for topic in answer.topics {
            if topic.error_code == ResponseError::TopicAlreadyExists.code() {
                return Ok(Created::Existed);
            }
            Error::check(topic.error_code, topic.error_message.as_deref())?;
        }
        Ok(Created::Created)
    }

    /// The configuration of a topic, defaults included.
    pub async fn topic_config(&self, topic: &str) -> Result<BTreeMap<String, String>, Error> {
        const TOPIC: i8 = 2;
        let request = DescribeConfigsRequest::default().with_resources(vec![
            DescribeConfigsResource::default()
                .with_resource_type(TOPIC)
                .with_resource_name(text(topic))
                .with_configuration_keys(None),
        ]);
        let answer = self.client.call(&Node::any(), request, TIMEOUT).await?;
        let mut config = BTreeMap::new();
        for resource in answer.results {
            Error::check(resource.error_code, resource.error_message.as_deref())?;
            config.extend(resource.configs.into_iter().filter_map(|entry| {
                entry.value.map(|value| (entry.name.to_string(), value.to_string()))
            }));
        }
        Ok(config)
    }

    /// How many partitions a topic has; none if it does not exist.
    pub async fn partitions(&self, topic: &str) -> Result<Option<usize>, Error> {
        let metadata = self.client.metadata(Some(&[topic.to_owned()])).await?;
        let Some(found) = metadata.topics.first() else { return Ok(None) };
        match found.error {
            None => Ok(Some(found.partitions.len())),
            Some(ResponseError::UnknownTopicOrPartition) => Ok(None),
            Some(code) => Err(Error::Broker { code, message: None }),
        }
    }

    /// All partitions of those of the topics that exist.
    pub async fn partitions_of(&self, topics: &[String]) -> Result<Vec<TopicPartition>, Error> {
        let metadata = self.client.metadata(Some(topics)).await?;
        let mut found = Vec::new();
        for topic in metadata.topics {
            match topic.error {
                None => found.extend(
                    topic
                        .partitions
                        .iter()
                        .map(|it| TopicPartition::new(topic.name.as_str(), it.partition)),
                ),
                Some(ResponseError::UnknownTopicOrPartition) => {}
                Some(code) => return Err(Error::Broker { code, message: Some(topic.name) }),
            }
        }
        Ok(found)
    }

    /// The names of all topics.
    pub async fn topics(&self) -> Result<Vec<String>, Error> {
        let metadata = self.client.metadata(None).await?;
        Ok(metadata.topics.into_iter().map(|topic| topic.name).collect())
    }

    /// The offset of the next record of each partition.
    pub async fn end_offsets(
        &self,
        partitions: &[TopicPartition],
    ) -> Result<BTreeMap<TopicPartition, i64>, Error> {
        self.offsets(partitions, End::Last, Isolation::Uncommitted).await
    }

    /// One place in each partition, asked of the leaders.
    pub async fn offsets(
        &self,
        partitions: &[TopicPartition],
        end: End,
        isolation: Isolation,
    ) -> Result<BTreeMap<TopicPartition, i64>, Error> {
        let mut topics: Vec<String> = partitions.iter().map(|it| it.topic.to_string()).collect();
        topics.sort_unstable();
        topics.dedup();
        let metadata = self.client.metadata(Some(&topics)).await?;
        let mut found = BTreeMap::new();
        for (leader, partitions) in by_leader(&metadata, partitions)? {
            let request = ListOffsetsRequest::default()
                .with_replica_id(BrokerId(-1))
                .with_isolation_level(isolation.level())
                .with_topics(asked(&partitions, end));
            // Nothing newer than 6 is needed, and 10 asks for a timeout.
            let answer = self.client.call_with(&leader, TIMEOUT, 6, |_| request).await?;
            for topic in answer.topics {
                for partition in topic.partitions {
                    Error::check(partition.error_code, None)?;
                    let of = TopicPartition::new(&**topic.name, partition.partition_index);
                    found.insert(of, partition.offset);
                }
            }
        }
        Ok(found)
    }

    /// The id of the cluster.
    pub async fn cluster_id(&self) -> Result<Option<String>, Error> {
        Ok(self.client.metadata(Some(&[])).await?.cluster_id)
    }
}

fn by_leader(
    metadata: &Metadata,
    partitions: &[TopicPartition],
) -> Result<HashMap<Node, Vec<TopicPartition>>, Error> {
    let mut leaders: HashMap<Node, Vec<TopicPartition>> = HashMap::new();
    for asked in partitions {
        let topic = metadata.topics.iter().find(|it| it.name == *asked.topic);
        if let Some(code) = topic.and_then(|it| it.error) {
            return Err(Error::Broker { code, message: Some(asked.topic.to_string()) });
        }
        let leader = topic
            .and_then(|it| it.partitions.iter().find(|it| it.partition == asked.partition))
            .and_then(|it| it.leader.clone())
            .ok_or_else(|| Error::Broker {
                code: ResponseError::LeaderNotAvailable,
                message: Some(asked.to_string()),
            })?;
        leaders.entry(leader).or_default().push(asked.clone());
    }
    Ok(leaders)
}

fn asked(partitions: &[TopicPartition], end: End) -> Vec<ListOffsetsTopic> {
    let timestamp = match end {
        End::First => -2,
        End::Last => -1,
        End::At(time) => time,
    };
    let mut topics: BTreeMap<&str, Vec<ListOffsetsPartition>> = BTreeMap::new();
    for asked in partitions {
        topics.entry(&asked.topic).or_default().push(
            ListOffsetsPartition::default()
                .with_partition_index(asked.partition)
                .with_timestamp(timestamp),
        );
    }
    topics
        .into_iter()
        .map(|(topic, partitions)| {
            ListOffsetsTopic::default()
                .with_name(TopicName(text(topic)))
                .with_partitions(partitions)
        })
        .collect()
}

fn text(text: &str) -> StrBytes {
    StrBytes::from_string(text.to_owned())
}
