//! Keys of a worker in a group (`DistributedConfig`), parsed once.

use sluice_config::{Config, Millis, Properties};
use sluice_engine::Distributed;
use sluice_group::protocol::ConnectProtocol;
use sluice_herder::ExactlyOnce;
use sluice_kafka::{
    ClientSettings,
    admin::{Isolation, NewTopic},
    log::{LeaderWriter, LogConfig},
    wire::Client,
};

/// Keys of a distributed worker.
#[derive(Debug, Config)]
pub(crate) struct DistributedConfig {
    /// Group of workers that this one belongs to.
    #[config(key = "group.id", importance = High, check = not_blank)]
    pub(crate) group_id: String,
    /// Topic of connector and task configurations.
    #[config(key = "config.storage.topic", importance = High, check = not_blank)]
    config_topic: String,
    /// Copies of that topic; -1 for the broker's default.
    #[config(key = "config.storage.replication.factor", default = "3", importance = Low)]
    config_replication: i16,
    /// Topic of source offsets.
    #[config(key = "offset.storage.topic", importance = High, check = not_blank)]
    offset_topic: String,
    /// Partitions of that topic; -1 for the broker's default.
    #[config(key = "offset.storage.partitions", default = "25", importance = Low)]
    offset_partitions: i32,
    /// Copies of that topic; -1 for the broker's default.
    #[config(key = "offset.storage.replication.factor", default = "3", importance = Low)]
    offset_replication: i16,
    /// Topic of connector and task statuses.
    #[config(key = "status.storage.topic", importance = High, check = not_blank)]
    status_topic: String,
    /// Partitions of that topic; -1 for the broker's default.
    #[config(key = "status.storage.partitions", default = "5", importance = Low)]
    status_partitions: i32,
    /// Copies of that topic; -1 for the broker's default.
    #[config(key = "status.storage.replication.factor", default = "3", importance = Low)]
    status_replication: i16,
    /// How long the group waits for a silent worker.
    #[config(key = "session.timeout.ms", default = "10000", importance = High)]
    pub(crate) session_timeout: Millis,
    /// Pause between signs of life.
    #[config(key = "heartbeat.interval.ms", default = "3000", importance = High)]
    pub(crate) heartbeat_interval: Millis,
    /// How long a rebalance waits for each worker.
    #[config(key = "rebalance.timeout.ms", default = "60000", importance = High)]
    pub(crate) rebalance_timeout: Millis,
    /// How long catching up with the config topic may take.
    #[config(key = "worker.sync.timeout.ms", default = "3000", importance = Medium)]
    pub(crate) sync_timeout: Millis,
    /// Pause of a worker that could not catch up, in a group of the protocol eager.
    #[config(key = "worker.unsync.backoff.ms", default = "300000", importance = Medium)]
    pub(crate) unsync_backoff: Millis,
    /// Group protocol: eager, compatible or sessioned.
    #[config(key = "connect.protocol", default = "sessioned", importance = Low, check = known_protocol)]
    protocol: String,
    /// How long the work of a lost worker waits for its return.
    #[config(key = "scheduled.rebalance.max.delay.ms", default = "300000", importance = Low)]
    pub(crate) max_delay: Millis,
    /// Whether sources deliver exactly once: disabled, preparing or enabled.
    #[config(key = "exactly.once.source.support", default = "disabled", importance = High, check = known_support)]
    exactly_once: String,
    /// Age at which the key of internal requests is replaced.
    #[config(key = "inter.worker.key.ttl.ms", default = "3600000", importance = Low)]
    pub(crate) key_ttl: Millis,
}

fn not_blank(text: &str) -> Result<(), String> {
    (!text.is_empty()).then_some(()).ok_or_else(|| "String must be non-empty".to_owned())
}

fn known_protocol(text: &str) -> Result<(), String> {
    let names = ["eager", "compatible", "sessioned"];
    let is_known = names.iter().any(|it| it.eq_ignore_ascii_case(text));
    is_known.then_some(()).ok_or_else(|| format!("String must be one of: {}", names.join(", ")))
}

fn known_support(text: &str) -> Result<(), String> {
    let names = ["disabled", "preparing", "enabled"];
    let is_known = names.contains(&text);
    is_known.then_some(()).ok_or_else(|| format!("String must be one of: {}", names.join(", ")))
}

impl DistributedConfig {
    /// How far exactly-once delivery of sources goes.
    pub(crate) fn exactly_once(&self) -> ExactlyOnce {
        match self.exactly_once.as_str() {
            "enabled" => ExactlyOnce::Enabled,
            "preparing" => ExactlyOnce::Preparing,
            _ => ExactlyOnce::Disabled,
        }
    }

    /// What writes to the config topic as leader, unless every worker may.
    pub(crate) fn leader_writer(
        &self,
        settings: &ClientSettings,
        client_id: &str,
    ) -> Option<LeaderWriter> {
        let (group, topic) = (&self.group_id, &self.config_topic);
        let is_needed = self.exactly_once().has_transactional_leader();
        is_needed.then(|| LeaderWriter::new(settings.clone(), client_id, group, topic))
    }

    /// What the engine knows of the group.
    pub(crate) fn engine(&self, properties: &Properties) -> Distributed {
        Distributed {
            group_id: self.group_id.clone(),
            offsets: self.offset_topic(properties),
            exactly_once: self.exactly_once().is_enabled(),
        }
    }

    /// What of transactions the readers of internal topics see.
    fn isolation(&self) -> Isolation {
        if self.exactly_once().is_enabled() { Isolation::Committed } else { Isolation::Uncommitted }
    }

    /// The newest group protocol that this worker offers.
    pub(crate) fn protocol(&self) -> ConnectProtocol {
        match self.protocol.to_ascii_lowercase().as_str() {
            "eager" => ConnectProtocol::Eager,
            "compatible" => ConnectProtocol::Compatible,
            _ => ConnectProtocol::Sessioned,
        }
    }

    /// The config topic: one partition, whatever the file says.
    pub(crate) fn config_log(&self, properties: &Properties, client: &Client) -> LogConfig {
        let topic = new_topic(
            properties,
            "config.storage.",
            &self.config_topic,
            1,
            self.config_replication,
        );
        let log = log(client, topic, "config.storage.topic", "connector configurations", true);
        LogConfig { isolation: self.isolation(), ..log }
    }

    /// The offsets topic.
    pub(crate) fn offset_log(&self, properties: &Properties, client: &Client) -> LogConfig {
        let topic = self.offset_topic(properties);
        let log = log(client, topic, "offset.storage.topic", "source connector offsets", false);
        LogConfig { isolation: self.isolation(), ..log }
    }

    fn offset_topic(&self, properties: &Properties) -> NewTopic {
        let (name, partitions) = (&self.offset_topic, self.offset_partitions);
        new_topic(properties, "offset.storage.", name, partitions, self.offset_replication)
    }

    /// The status topic.
    pub(crate) fn status_log(&self, properties: &Properties, client: &Client) -> LogConfig {
        let partitions = self.status_partitions;
        let topic = new_topic(
            properties,
            "status.storage.",
            &self.status_topic,
            partitions,
            self.status_replication,
        );
        log(client, topic, "status.storage.topic", "connector and task statuses", false)
    }
}

fn log(
    client: &Client,
    topic: NewTopic,
    key: &'static str,
    purpose: &'static str,
    single_partition: bool,
) -> LogConfig {
    LogConfig {
        client: client.clone(),
        topic,
        key,
        purpose,
        single_partition,
        isolation: Isolation::default(),
    }
}

/// The topic with the settings that the file has for it; cleanup and partitions are the framework's to say.
fn new_topic(
    properties: &Properties,
    prefix: &str,
    name: &str,
    partitions: i32,
    replication: i16,
) -> NewTopic {
    const OWN: [&str; 4] = ["topic", "partitions", "replication.factor", "cleanup.policy"];
    let settings =
        properties.iter().filter_map(|(key, value)| Some((key.strip_prefix(prefix)?, value)));
    let config = settings
        .filter(|(key, _)| !OWN.contains(key))
        .map(|(key, value)| (key.to_owned(), value.clone()))
        .collect();
    NewTopic { name: name.to_owned(), partitions, replication, config }
}
