//! What workers and connectors do on Kafka, from their settings. Pure.

use std::collections::BTreeMap;

use kube::ResourceExt;
use sluice_crds::{KafkaConnect, KafkaConnector};

use crate::cluster::worker_file;
use crate::connector::desired;

/// Kinds of Kafka's resources.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Topic,
    Group,
    TransactionalId,
}

/// What is done with them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operation {
    Create,
    Read,
    Write,
    Describe,
    DescribeConfigs,
    Delete,
}

use Operation::{Create, Delete, Describe, DescribeConfigs, Read, Write};

/// One right, and what it is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Need {
    pub(super) why: String,
    pub(super) kind: Kind,
    pub(super) name: String,
    /// Whether everything is meant whose name begins so.
    pub(super) is_prefix: bool,
    pub(super) operations: &'static [Operation],
}

/// All that is known, and what is not.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub(super) needs: Vec<Need>,
    pub(super) unknown: Vec<String>,
}

/// Keys of sources with the topic that they write to.
const SOURCE_TOPICS: [&str; 2] = ["topic", "kafka.topic"];

/// Reads settings.
pub(super) fn of(cluster: &KafkaConnect, connectors: &[&KafkaConnector]) -> Found {
    let mut found = Found::default();
    let spec = &cluster.spec;
    found.topic("configurations of connectors", &spec.config_storage_topic, INTERNAL);
    found.topic("positions of sources", &spec.offset_storage_topic, INTERNAL);
    found.topic("states of connectors and tasks", &spec.status_storage_topic, INTERNAL);
    found.add("the group of the workers", Kind::Group, &spec.group_id, &[Read]);
    let settings = worker_file::without_secrets(spec);
    let support = settings.get("exactly.once.source.support").map(String::as_str);
    if support.is_some_and(|it| it != "disabled") {
        let leader = format!("connect-cluster-{}", spec.group_id);
        found.add("what the leader writes alone", Kind::TransactionalId, &leader, TRANSACTIONS);
    }
    for connector in connectors {
        found.connector(connector, &spec.group_id, support == Some("enabled"));
    }
    found
}

/// Workers create the topic, and look whether it is compacted.
const INTERNAL: &[Operation] = &[Create, Read, Write, DescribeConfigs];
const TRANSACTIONS: &[Operation] = &[Write, Describe];

impl Found {
    fn add(
        &mut self,
        why: impl Into<String>,
        kind: Kind,
        name: &str,
        operations: &'static [Operation],
    ) {
        let (why, name) = (why.into(), name.to_owned());
        self.needs.push(Need { why, kind, name, is_prefix: false, operations });
    }

    fn topic(&mut self, why: impl Into<String>, name: &str, operations: &'static [Operation]) {
        self.add(why, Kind::Topic, name, operations);
    }

    fn connector(&mut self, connector: &KafkaConnector, group: &str, is_exactly_once: bool) {
        let desired = match desired::of(connector) {
            Ok(desired) => desired,
            Err(error) => {
                self.unknown.push(format!("KafkaConnector {}: {error}", connector.name_any()));
                return;
            }
        };
        let (name, config) = (&desired.place.name, &desired.config);
        let set = |key: &str| config.get(key).map(|it| it.trim()).filter(|it| !it.is_empty());
        if set("topics").is_some() || set("topics.regex").is_some() {
            return self.sink(name, config);
        }
        let mut topics: Vec<String> =
            SOURCE_TOPICS.into_iter().filter_map(set).map(str::to_owned).collect();
        for topic in connector.status.iter().flat_map(|it| &it.topics) {
            if !topics.contains(topic) {
                topics.push(topic.clone());
            }
        }
        for topic in &topics {
            let why = format!("what {name} writes");
            self.named(why, topic, &[Create, Write]);
        }
        if topics.is_empty() {
            self.unknown.push(format!(
                "{name}: its settings do not say which topics it writes: grant Create and Write on those"
            ));
        }
        if let Some(topic) = set("offsets.storage.topic") {
            self.topic(format!("positions of {name}"), topic, INTERNAL);
        }
        if is_exactly_once {
            let (why, name) = (format!("transactions of {name}"), format!("{group}-{name}-"));
            let kind = Kind::TransactionalId;
            self.needs.push(Need { why, kind, name, is_prefix: true, operations: TRANSACTIONS });
        }
    }

    fn sink(&mut self, name: &str, config: &BTreeMap<String, String>) {
        let topics = config.get("topics").into_iter().flat_map(|it| it.split(','));
        for topic in topics.map(str::trim).filter(|it| !it.is_empty()) {
            self.named(format!("what {name} reads"), topic, &[Read]);
        }
        if let Some(pattern) = config.get("topics.regex").filter(|it| !it.trim().is_empty()) {
            self.unknown.push(format!("{name}: grant Read on the topics that {pattern} means"));
        }
        let own = config.get("consumer.override.group.id").cloned();
        let group = own.unwrap_or_else(|| format!("connect-{name}"));
        // Delete: the REST API forgets positions by deleting the group.
        self.add(format!("the group of {name}"), Kind::Group, &group, &[Read, Delete]);
        let letters = config.get("errors.deadletterqueue.topic.name");
        if let Some(topic) = letters.filter(|it| !it.is_empty()) {
            self.named(format!("dead letters of {name}"), topic, &[Create, Write]);
        }
    }

    /// A topic that settings name, unless workers put its name in.
    fn named(&mut self, why: String, topic: &str, operations: &'static [Operation]) {
        if !topic.contains("${") {
            return self.topic(why, topic, operations);
        }
        self.unknown
            .push(format!("{why}: {topic} is put in by the workers: grant {operations:?} on it"));
    }
}
