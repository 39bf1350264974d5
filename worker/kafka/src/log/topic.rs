//! Makes sure that a log's topic exists and is fit to hold state.

use std::{collections::HashMap, future::Future, time::Duration};

use kafka_protocol::ResponseError;
use sluice_model::TopicPartition;

use super::LogConfig;
use crate::{
    admin::{Admin, Created},
    wire::Error,
};

/// Pauses between tries: short at first, because start-up should not wait for a broker that has just come up.
const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// How often a topic that was just created may still be unknown to the broker that is asked.
const VISIBLE_TRIES: u32 = 50;

/// Why a log cannot start. Texts equal those of Kafka Connect.
#[derive(Debug, Clone, thiserror::Error)]
pub enum LogError {
    /// The topic loses data.
    #[error(
        "Topic '{topic}' supplied via the '{key}' property is required to have \
         'cleanup.policy=compact' to guarantee consistency and durability of {purpose}, but found \
         the topic currently has 'cleanup.policy={found}'. Continuing would likely result in \
         eventually losing {purpose} and problems restarting this Connect cluster in the future. \
         Change the '{key}' property in the Connect worker configurations to use a topic with \
         'cleanup.policy=compact'."
    )]
    Policy {
        /// Topic.
        topic: String,
        /// The worker's key that names it.
        key: &'static str,
        /// What it holds.
        purpose: &'static str,
        /// The policy it has.
        found: String,
    },
    /// The topic has too many partitions to keep an order over all records.
    #[error(
        "Topic '{topic}' supplied via the '{key}' property is required to have a single partition \
         in order to guarantee consistency of {purpose}, but found {found} partitions."
    )]
    Partitions {
        /// Topic.
        topic: String,
        /// The worker's key that names it.
        key: &'static str,
        /// What it holds.
        purpose: &'static str,
        /// How many it has.
        found: usize,
    },
    /// An ACL is missing.
    #[error(
        "Not authorized to access topics: [{topic}], which '{key}' names: the worker's user needs {needs} on it"
    )]
    Forbidden {
        /// Topic.
        topic: String,
        /// The worker's key that names it.
        key: &'static str,
        /// Operations.
        needs: &'static str,
    },
    /// Kafka refused something.
    #[error("Error while attempting to create/find topic(s) '{topic}': {cause}")]
    Kafka {
        /// Topic.
        topic: String,
        /// Why.
        cause: Error,
    },
}

impl LogError {
    /// The Java class that such an error has in traces.
    pub fn java_class(&self) -> &'static str {
        match self {
            Self::Policy { .. } | Self::Partitions { .. } => {
                "org.apache.kafka.common.config.ConfigException"
            }
            Self::Forbidden { .. } => "org.apache.kafka.common.errors.TopicAuthorizationException",
            Self::Kafka { .. } => "org.apache.kafka.connect.errors.ConnectException",
        }
    }

    /// What Kafka refused of a topic for which these operations are needed.
    fn refused(config: &LogConfig, needs: &'static str, cause: Error) -> Self {
        let topic = config.topic.name.clone();
        match cause.code() {
            Some(ResponseError::TopicAuthorizationFailed) => {
                Self::Forbidden { topic, key: config.key, needs }
            }
            _ => Self::Kafka { topic, cause },
        }
    }
}

/// What a worker does with a topic that is there.
const READS_AND_WRITES: &str = "Read and Write";

/// Finds or creates the topic and returns its number of partitions.
pub(super) async fn prepare(config: &LogConfig) -> Result<usize, LogError> {
    let admin = Admin::new(config.client.clone());
    let name = &config.topic.name;
    let kafka = |cause| LogError::refused(config, READS_AND_WRITES, cause);
    let found = persist(|| admin.partitions(name)).await.map_err(kafka)?;
    let partitions = match found {
        Some(partitions) => {
            check_policy(config, &admin).await?;
            partitions
        }
        None => create(config, &admin).await?,
    };
    if config.single_partition && partitions != 1 {
        return Err(LogError::Partitions {
            topic: name.clone(),
            key: config.key,
            purpose: config.purpose,
            found: partitions,
        });
    }
    Ok(partitions)
}

/// The offsets up to which a read to the end must get.
pub(super) async fn ends(
    admin: &Admin,
    topic: &str,
    partitions: usize,
) -> Result<HashMap<i32, i64>, Error> {
    let all: Vec<_> =
        (0..partitions).map(|partition| TopicPartition::new(topic, partition as i32)).collect();
    let ends = persist(|| admin.end_offsets(&all)).await?;
    Ok(ends.into_iter().map(|(of, end)| (of.partition, end)).collect())
}

/// Calls until it works or cannot work.
pub(super) async fn persist<T, F: Future<Output = Result<T, Error>>>(
    mut call: impl FnMut() -> F,
) -> Result<T, Error> {
    let mut pause = FIRST_PAUSE;
    loop {
        match call().await {
            Err(error) if error.is_retriable() => {
                tracing::debug!(%error, "Kafka is asked again");
                tokio::time::sleep(pause).await;
                pause = (pause * 2).min(LONGEST_PAUSE);
            }
            outcome => return outcome,
        }
    }
}

async fn create(config: &LogConfig, admin: &Admin) -> Result<usize, LogError> {
    let name = &config.topic.name;
    let kafka = |cause| LogError::refused(config, READS_AND_WRITES, cause);
    let mut topic = config.topic.clone();
    topic.config.insert("cleanup.policy".to_owned(), "compact".to_owned());
    if config.single_partition {
        topic.partitions = 1;
    }
    let create = async |topic| {
        let created = persist(|| admin.create_topic(topic)).await;
        created.map_err(|cause| LogError::refused(config, "Create, Read and Write", cause))
    };
    // Another worker may create it between our look and this.
    if create(&topic).await? == Created::Existed {
        check_policy(config, admin).await?;
    }
    for _ in 0..VISIBLE_TRIES {
        if let Some(partitions) = persist(|| admin.partitions(name)).await.map_err(kafka)? {
            return Ok(partitions);
        }
        tokio::time::sleep(FIRST_PAUSE).await;
    }
    Err(kafka(Error::Broker { code: ResponseError::UnknownTopicOrPartition, message: None }))
}

async fn check_policy(config: &LogConfig, admin: &Admin) -> Result<(), LogError> {
    let name = &config.topic.name;
    let settings = match persist(|| admin.topic_config(name)).await {
        Ok(settings) => settings,
        // As in Java: without the right to look, the topic is taken on trust.
        Err(error)
            if matches!(
                error.code(),
                Some(
                    ResponseError::TopicAuthorizationFailed
                        | ResponseError::ClusterAuthorizationFailed
                )
            ) =>
        {
            tracing::warn!(topic = name, %error, "cleanup.policy could not be checked");
            return Ok(());
        }
        Err(cause) => return Err(LogError::Kafka { topic: name.clone(), cause }),
    };
    let found = settings.get("cleanup.policy").cloned().unwrap_or_default();
    if found.trim() == "compact" {
        return Ok(());
    }
    Err(LogError::Policy { topic: name.clone(), key: config.key, purpose: config.purpose, found })
}
