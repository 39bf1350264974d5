//! What a cluster says of itself, as plain values.

use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
};

use kafka_protocol::{
    ResponseError,
    messages::{BrokerId, MetadataResponse},
};

/// A broker to call.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Node {
    id: i32,
    host: Arc<str>,
    port: u16,
}

impl Node {
    /// A broker at an address that the cluster advertised.
    pub fn new(id: i32, host: &str, port: i32) -> Self {
        Self { id, host: host.into(), port: u16::try_from(port).unwrap_or_default() }
    }

    /// Whichever broker answers.
    pub fn any() -> Self {
        Self::new(-1, "", 0)
    }

    /// Broker id.
    pub fn id(&self) -> i32 {
        self.id
    }

    /// Host name.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// Port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Whether any broker will do.
    pub fn is_any(&self) -> bool {
        self.host.is_empty()
    }
}

/// The cluster as one broker sees it.
#[derive(Debug, Clone)]
pub struct Metadata {
    /// Id of the cluster.
    pub cluster_id: Option<String>,
    /// Where admin requests go.
    pub controller: Option<Node>,
    /// All brokers.
    pub brokers: Vec<Node>,
    /// The topics asked for.
    pub topics: Vec<TopicMetadata>,
}

/// One topic.
#[derive(Debug, Clone)]
pub struct TopicMetadata {
    /// Name.
    pub name: String,
    /// What is wrong with it, such as that it does not exist.
    pub error: Option<ResponseError>,
    /// Whether it is one of Kafka's own.
    pub is_internal: bool,
    /// Partitions, by number.
    pub partitions: Vec<PartitionMetadata>,
}

/// One partition.
#[derive(Debug, Clone)]
pub struct PartitionMetadata {
    /// Number.
    pub partition: i32,
    /// The broker to read from and write to, while there is one.
    pub leader: Option<Node>,
    /// The racks of the brokers that have copies, as far as those are there and have told one.
    pub racks: BTreeSet<String>,
}

impl Metadata {
    pub(super) fn from_answer(answer: &MetadataResponse) -> Self {
        let brokers: HashMap<i32, Node> = answer
            .brokers
            .iter()
            .map(|it| (it.node_id.0, Node::new(it.node_id.0, &it.host, it.port)))
            .collect();
        let racks: HashMap<i32, &str> = answer
            .brokers
            .iter()
            .filter_map(|it| Some((it.node_id.0, it.rack.as_deref()?)))
            .collect();
        let rack_of = |id: &BrokerId| racks.get(&id.0).map(|it| (*it).to_owned());
        let topics = answer.topics.iter().map(|topic| {
            let mut partitions: Vec<_> = topic
                .partitions
                .iter()
                .map(|it| PartitionMetadata {
                    partition: it.partition_index,
                    leader: brokers.get(&it.leader_id.0).cloned(),
                    racks: it.replica_nodes.iter().filter_map(rack_of).collect(),
                })
                .collect();
            partitions.sort_by_key(|it| it.partition);
            TopicMetadata {
                name: topic.name.as_ref().map(|name| name.to_string()).unwrap_or_default(),
                error: ResponseError::try_from_code(topic.error_code),
                is_internal: topic.is_internal,
                partitions,
            }
        });
        Self {
            cluster_id: answer.cluster_id.as_ref().map(ToString::to_string),
            controller: brokers.get(&answer.controller_id.0).cloned(),
            topics: topics.collect(),
            brokers: brokers.into_values().collect(),
        }
    }
}
