//! The Kafka clients of tasks, with Connect's layers of settings and its client ids.

mod shared;

use std::{pin::Pin, sync::Arc};

use async_trait::async_trait;
use sluice_kafka::{
    BatchConsumer, ClientError, ClientSettings, ConsumerConfig, Deliveries, Logins, Memory,
    Producer, ProducerConfig, RecordMetadata,
    admin::{Admin, NewTopic},
    layered, wire,
};
use sluice_plugin::{
    Properties,
    config::{connector::OverridePolicy, java_order},
};
use tokio::runtime::Handle;

use crate::{
    offsets::own::are_same_servers,
    settings::{Mask, under},
    spans::{Tracer, Tracing},
    task::TaskId,
    trace::Failure,
};

pub(crate) use shared::SharedClients;
pub(crate) use sluice_kafka::{Batch, Message, TimestampType};

/// What the client id of a source's producer begins with.
const PRODUCER: &str = "connector-producer";

/// A call that goes on while the task does other things.
pub(crate) type Pending<T> = Pin<Box<dyn Future<Output = Result<T, Failure>> + Send>>;

/// Whom a client is for.
#[derive(Clone, Copy)]
pub(crate) struct ClientSpec<'a> {
    pub(crate) id: &'a TaskId,
    /// Keys of the worker's file.
    pub(crate) worker: &'a Properties,
    /// The connector's settings, with overrides.
    pub(crate) connector: &'a Properties,
    /// What all tasks together may hold of records.
    pub(crate) memory: &'a Memory,
    /// The logins that clients with equal settings share.
    pub(crate) logins: &'a Logins,
    pub(crate) overrides: &'a OverridePolicy,
    pub(crate) mask: &'a Mask,
}

impl ClientSpec<'_> {
    /// The worker's keys, those under `kind.`, and the connector's `kind.override.`, the later ones first in rank.
    fn settings(&self, kind: &str) -> Result<ClientSettings, Failure> {
        self.parsed(&self.layers(kind)?)
    }

    fn layers(&self, kind: &str) -> Result<Properties, Failure> {
        Ok(layered(self.worker, &format!("{kind}."), &self.allowed(kind)?))
    }

    fn parsed(&self, layers: &Properties) -> Result<ClientSettings, Failure> {
        ClientSettings::parse_with(layers, self.logins)
            .map_err(|error| Failure::from(ClientError::from(error)))
    }

    /// The settings of a client that the connector overrides, if the worker's policy lets it: a configuration may have
    /// come past the worker's REST API (`Worker.connectorClientConfigOverrides`).
    pub(crate) fn allowed(&self, kind: &str) -> Result<Properties, Failure> {
        let overrides = under(self.connector, &format!("{kind}.override."));
        let told = |name: &str| {
            // What a `ConfigValue` looks like, without the value: it may be a password.
            let reason = self.overrides.refusal(name)?;
            Some(format!("[{name},[hidden],[],[{reason}],true]"))
        };
        let names = java_order::ordered(overrides.keys().map(String::as_str));
        let refused: Vec<String> = names.into_iter().filter_map(told).collect();
        if refused.is_empty() {
            return Ok(overrides);
        }
        Err(Failure::new(format!("Client Config Overrides not allowed [{}]", refused.join(", "))))
    }

    /// The consumer's keys as its own parts read them.
    pub(crate) fn consumer_keys(&self) -> Properties {
        layered(self.worker, "consumer.", &under(self.connector, "consumer.override."))
    }

    /// A member of the sink's group, whose heartbeats come from `runtime`, and the most records that one batch of it has.
    pub(crate) fn consumer(
        &self,
        runtime: Option<Handle>,
    ) -> Result<(BatchConsumer, usize), Failure> {
        let settings = self.settings("consumer")?;
        let limit = settings.max_poll_records().map_err(ClientError::from)?;
        let config = ConsumerConfig {
            group_id: Some(self.default_group()),
            client_id: self.consumer_id(),
            isolation: None,
            share: self.memory.share(),
            runtime,
        };
        Ok((BatchConsumer::new(&settings, config)?, limit))
    }

    /// Reads topics without a group, and calls about them.
    pub(crate) fn reader(&self) -> Result<(BatchConsumer, Admin), Failure> {
        let overrides = self.allowed("consumer")?;
        let mut layers = layered(self.worker, "consumer.", &overrides);
        for key in ["group.id", "group.instance.id"] {
            layers.remove(key);
        }
        let settings = self.parsed(&layers)?;
        let client_id = format!("connector-preview-{}", self.id.connector);
        let config = ConsumerConfig { client_id, share: self.memory.share(), ..Default::default() };
        Ok((BatchConsumer::new(&settings, config)?, self.connector_admin()?))
    }

    /// A producer for a source; `delivered` gets the outcomes on the producer's thread.
    pub(crate) fn producer(&self, delivered: impl Deliveries) -> Result<Producer, Failure> {
        let (settings, config) = self.producer_named(PRODUCER)?;
        Ok(Producer::with(&settings, config, delivered)?)
    }

    /// The producer of an exactly-once task, under the transactional id that a group's leader fences
    /// (`Worker.exactlyOnceSourceTaskProducerConfigs`).
    pub(crate) fn transactional_producer(
        &self,
        group: &str,
        delivered: impl Deliveries,
    ) -> Result<Producer, Failure> {
        let (settings, mut config) = self.producer_named(PRODUCER)?;
        config.transactional_id = Some(transactional_id(group, self.id));
        Ok(Producer::with(&settings, config, delivered)?)
    }

    /// Whether what the connector produces goes to the cluster that the worker keeps its own topics in, as far as
    /// addresses tell (`Worker.sameOffsetTopicAsWorker`).
    pub(crate) fn is_on_workers_cluster(&self) -> bool {
        const SERVERS: &str = "bootstrap.servers";
        let overrides = under(self.connector, "producer.override.");
        let own = layered(self.worker, "producer.", &overrides);
        are_same_servers(own.get(SERVERS), self.worker.get(SERVERS))
    }

    /// Reads and makes the connector's own topic of positions.
    pub(crate) fn offsets_client(&self) -> Result<wire::Client, Failure> {
        self.wire(self.consumer_id())
    }

    /// Calls about the connector as a whole.
    pub(crate) fn connector_admin(&self) -> Result<Admin, Failure> {
        let client_id = format!("connector-worker-adminclient-{}", self.id.connector);
        Ok(Admin::new(self.wire(client_id)?))
    }

    /// A producer for dead letters; `delivered` gets the outcome of each record on the producer's thread.
    pub(crate) fn dead_letter_producer(
        &self,
        delivered: impl Fn(u64, Result<RecordMetadata, ClientError>) + Send + Sync + 'static,
    ) -> Result<Producer, Failure> {
        let (settings, config) = self.producer_named("connector-dlq-producer")?;
        Ok(Producer::new(&settings, config, delivered)?)
    }

    fn producer_named(&self, role: &str) -> Result<(ClientSettings, ProducerConfig), Failure> {
        let config = ProducerConfig {
            client_id: format!("{role}-{}", self.id),
            share: self.memory.share(),
            transactional_id: None,
        };
        Ok((self.settings("producer")?, config))
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
        Ok(topics_of(self.wire(format!("{role}-{}", self.id))?))
    }

    fn wire(&self, client_id: String) -> Result<wire::Client, Failure> {
        wire_of(&self.settings("admin")?, client_id)
    }

    /// The settings of calls about the connector as a whole, and the client of `shared` that has the same.
    pub(crate) fn shared_client(
        &self,
        shared: &SharedClients,
    ) -> Result<(Properties, wire::Client), Failure> {
        let layers = self.layers("admin")?;
        let make = || wire_of(&self.parsed(&layers)?, "connector-worker-adminclient".to_owned());
        let client = shared.of(&layers, make)?;
        Ok((layers, client))
    }

    /// The group of a sink's tasks.
    pub(crate) fn group(&self) -> Result<String, Failure> {
        Ok(self.group_of(&self.settings("consumer")?))
    }

    fn group_of(&self, consumer: &ClientSettings) -> String {
        consumer.group_id().map_or_else(|| self.default_group(), str::to_owned)
    }

    fn consumer_id(&self) -> String {
        format!("connector-consumer-{}", self.id)
    }

    /// What makes spans of the records that a source sends, if they are wanted.
    pub(crate) fn source_tracer(
        &self,
        tracing: Option<&Tracing>,
    ) -> Result<Option<Tracer>, Failure> {
        let Some(tracing) = tracing else { return Ok(None) };
        let usual = || format!("{PRODUCER}-{}", self.id);
        let client = self.settings("producer")?.client_id().map_or_else(usual, str::to_owned);
        Ok(Some(Tracer::of_source(tracing, client)))
    }

    /// What makes spans of the records that a sink takes, if they are wanted.
    pub(crate) fn sink_tracer(&self, tracing: Option<&Tracing>) -> Result<Option<Tracer>, Failure> {
        let Some(tracing) = tracing else { return Ok(None) };
        let settings = self.settings("consumer")?;
        let client = settings.client_id().map_or_else(|| self.consumer_id(), str::to_owned);
        Ok(Some(Tracer::of_sink(tracing, client, self.group_of(&settings))))
    }

    fn default_group(&self) -> String {
        format!("connect-{}", self.id.connector)
    }
}

fn wire_of(settings: &ClientSettings, client_id: String) -> Result<wire::Client, Failure> {
    let client_id = settings.client_id().map_or(client_id, str::to_owned);
    Ok(wire::Client::new(settings, &client_id).map_err(ClientError::from)?)
}

/// The topics that a client sees.
pub(crate) fn topics_of(client: wire::Client) -> Arc<dyn Topics> {
    Arc::new(KafkaTopics { client: client.clone(), admin: Admin::new(client) })
}

/// The transactional id of a source task (`Worker.taskTransactionalId`).
pub(crate) fn transactional_id(group: &str, id: &TaskId) -> String {
    format!("{group}-{}-{}", id.connector, id.task)
}

/// The topics of the cluster.
#[async_trait]
pub(crate) trait Topics: Send + Sync {
    /// Names of all topics that are not internal to Kafka.
    async fn names(&self) -> Result<Vec<String>, Failure>;
    /// Creates a topic unless it exists.
    async fn create(&self, topic: NewTopic) -> Result<(), Failure>;
    /// Creates a topic only after it was looked for: a task may use topics that it may not create. False if that may
    /// succeed later.
    async fn ensure(&self, topic: NewTopic) -> Result<bool, Failure>;
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

    async fn ensure(&self, topic: NewTopic) -> Result<bool, Failure> {
        let made = match self.admin.partitions(&topic.name).await {
            Ok(Some(_)) => return Ok(true),
            Ok(None) => self.admin.create_topic(&topic).await.map(|_| true),
            Err(error) if error.is_retriable() => Err(error),
            Err(error) => return Err(not_described(error, &topic)),
        };
        made.or_else(|error| {
            if error.is_retriable() {
                tracing::warn!(topic = topic.name, %error, "a topic could not be made; trying again");
                return Ok(false);
            }
            Err(not_made(error, &topic))
        })
    }
}

/// As `TopicAdmin.describeTopics` tells it.
fn not_described(error: wire::Error, topic: &NewTopic) -> Failure {
    let name = &topic.name;
    Failure::from(error).within(format!("Error while attempting to describe topics '{name}'"))
}

/// As `TopicAdmin.createOrFindTopics` and `AbstractWorkerSourceTask.maybeCreateTopic` tell it.
fn not_made(error: wire::Error, topic: &NewTopic) -> Failure {
    let NewTopic { name, partitions, replication, config } = topic;
    let or_default = |count: i64| match count {
        -1 => "default".to_owned(),
        count => count.to_string(),
    };
    if error.java_class().ends_with("AuthorizationException") {
        let config: Vec<String> = config.iter().map(|(key, it)| format!("{key}={it}")).collect();
        let topic = format!(
            "(name={name}, numPartitions={}, replicationFactor={}, replicasAssignments=null, configs={{{}}})",
            or_default((*partitions).into()),
            or_default((*replication).into()),
            config.join(", ")
        );
        return Failure::from(error).within(format!(
            "Task failed to create new topic {topic}. Ensure that the task is authorized to create topics or that the \
             topic exists and restart the task"
        ));
    }
    Failure::from(error).within(format!("Error while attempting to create/find topic(s) '{name}'"))
}

impl From<ClientError> for Failure {
    fn from(error: ClientError) -> Self {
        Self::of(error.java_class(), error.message())
    }
}

impl From<wire::Error> for Failure {
    fn from(error: wire::Error) -> Self {
        Self::of(error.java_class(), error.to_string())
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

        async fn ensure(&self, topic: NewTopic) -> Result<bool, Failure> {
            self.create(topic).await.map(|()| true)
        }
    }
}
