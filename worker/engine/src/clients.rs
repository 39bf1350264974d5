//! The Kafka clients of tasks, with Connect's layers of settings and its client ids.

use std::{pin::Pin, sync::Arc};

use async_trait::async_trait;
use sluice_kafka::{
    BatchConsumer, ClientError, ClientSettings, ConsumerConfig, Producer, ProducerConfig,
    RecordMetadata,
    admin::{Admin, NewTopic},
    layered, wire,
};
use sluice_plugin::Properties;

use crate::{settings::under, task::TaskId, trace::Failure};

pub(crate) use sluice_kafka::{Batch, Message, TimestampType};

/// A call that goes on while the task does other things.
pub(crate) type Pending<T> = Pin<Box<dyn Future<Output = Result<T, Failure>> + Send>>;

/// Whom a client is for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ClientSpec<'a> {
    pub(crate) id: &'a TaskId,
    /// Keys of the worker's file.
    pub(crate) worker: &'a Properties,
    /// The connector's settings, with overrides.
    pub(crate) connector: &'a Properties,
    /// Most bytes of records to hold.
    pub(crate) budget: usize,
}

impl ClientSpec<'_> {
    /// The worker's keys, those under `kind.`, and the connector's `kind.override.`, the later ones first in rank.
    fn settings(&self, kind: &str) -> Result<ClientSettings, Failure> {
        let overrides = under(self.connector, &format!("{kind}.override."));
        let layers = layered(self.worker, &format!("{kind}."), &overrides);
        ClientSettings::parse(&layers).map_err(|error| Failure::from(ClientError::from(error)))
    }

    /// The consumer's keys as its own parts read them.
    pub(crate) fn consumer_keys(&self) -> Properties {
        layered(self.worker, "consumer.", &under(self.connector, "consumer.override."))
    }

    /// A member of the sink's group, and the most records that one batch of it has.
    pub(crate) fn consumer(&self) -> Result<(BatchConsumer, usize), Failure> {
        let settings = self.settings("consumer")?;
        let limit = settings.max_poll_records().map_err(ClientError::from)?;
        let config = ConsumerConfig {
            group_id: Some(format!("connect-{}", self.id.connector)),
            client_id: format!("connector-consumer-{}", self.id),
            isolation: None,
            budget: self.budget,
        };
        Ok((BatchConsumer::new(&settings, config)?, limit))
    }

    /// A producer for a source; `delivered` gets the outcome of each record on the producer's thread.
    pub(crate) fn producer(
        &self,
        delivered: impl Fn(u64, Result<RecordMetadata, ClientError>) + Send + Sync + 'static,
    ) -> Result<Producer, Failure> {
        self.producer_named("connector-producer", delivered)
    }

    fn producer_named(
        &self,
        role: &str,
        delivered: impl Fn(u64, Result<RecordMetadata, ClientError>) + Send + Sync + 'static,
    ) -> Result<Producer, Failure> {
        let settings = self.settings("producer")?;
        let config = ProducerConfig {
            client_id: format!("{role}-{}", self.id),
            budget: self.budget,
            transactional_id: None,
        };
        Ok(Producer::new(&settings, config, delivered)?)
    }

    /// A producer for dead letters.
    pub(crate) fn dead_letter_producer(
        &self,
        delivered: impl Fn(u64, Result<RecordMetadata, ClientError>) + Send + Sync + 'static,
    ) -> Result<Producer, Failure> {
        self.producer_named("connector-dlq-producer", delivered)
    }

    /// Looks at and makes topics.
    pub(crate) fn topics(&self) -> Result<Arc<dyn Topics>, Failure> {
        self.topics_named("connector-adminclient")
    }

    /// Looks at and makes the topic of dead letters.
    pub(crate) fn dead_letter_topics(&self) -> Result<Arc<dyn Topics>, Failure> {
        self.topics_named("connector-dlq-adminclient")
    }

    fn topics_named(&self, role: &str) -> Result<Arc<dyn Topics>, Failure> {
        let settings = self.settings("admin")?;
        let client_id = settings.client_id().map(str::to_owned);
        let client_id = client_id.unwrap_or_else(|| format!("{role}-{}", self.id));
        let client = wire::Client::new(&settings, &client_id).map_err(ClientError::from)?;
        Ok(Arc::new(KafkaTopics { client: client.clone(), admin: Admin::new(client) }))
    }
}

/// The topics of the cluster.
#[async_trait]
pub(crate) trait Topics: Send + Sync {
    /// Names of all topics that are not internal to Kafka.
    async fn names(&self) -> Result<Vec<String>, Failure>;
    /// Creates a topic unless it exists.
    async fn create(&self, topic: NewTopic) -> Result<(), Failure>;
}

struct KafkaTopics {
    client: wire::Client,
    admin: Admin,
}

#[async_trait]
impl Topics for KafkaTopics {
    async fn names(&self) -> Result<Vec<String>, Failure> {
        let metadata = self.client.metadata(None).await?;
        Ok(metadata.topics.into_iter().filter(|it| !it.is_internal).map(|it| it.name).collect())
    }

    async fn create(&self, topic: NewTopic) -> Result<(), Failure> {
        self.admin.create_topic(&topic).await?;
        Ok(())
    }
}

impl From<ClientError> for Failure {
    fn from(error: ClientError) -> Self {
        Self::of(error.java_class(), error.message())
    }
}

impl From<wire::Error> for Failure {
    fn from(error: wire::Error) -> Self {
        Self::of("org.apache.kafka.common.KafkaException", error.to_string())
    }
}

#[cfg(test)]
pub(crate) mod fake {
    //! Topics that a test names.

    use std::sync::{Mutex, PoisonError};

    use super::{Arc, Failure, NewTopic, Topics, async_trait};

    /// A cluster of topics.
    pub(crate) struct FakeTopics(Mutex<Vec<String>>);

    impl FakeTopics {
        pub(crate) fn of(names: &[&str]) -> Arc<Self> {
            Arc::new(Self(Mutex::new(names.iter().map(|it| (*it).to_owned()).collect())))
        }

        pub(crate) fn add(&self, name: &str) {
            self.0.lock().unwrap_or_else(PoisonError::into_inner).push(name.to_owned());
        }
    }

    #[async_trait]
    impl Topics for FakeTopics {
        async fn names(&self) -> Result<Vec<String>, Failure> {
            Ok(self.0.lock().unwrap_or_else(PoisonError::into_inner).clone())
        }

        async fn create(&self, topic: NewTopic) -> Result<(), Failure> {
            self.add(&topic.name);
            Ok(())
        }
    }
}
