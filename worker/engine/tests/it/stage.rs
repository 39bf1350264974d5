//! A broker, an engine and what tests ask them.

use std::sync::Arc;
use std::time::{Duration, Instant};

use kafka_protocol::messages::ApiKey;
use prometheus::{Registry, proto::MetricFamily};
use sluice_broker::{Broker, BrokerConfig, Fault, Faults};
use sluice_engine::{
    Engine, EngineSettings, MemoryOffsets, OffsetStore, TargetState, TaskEvent, TaskId,
};
use sluice_kafka::admin::{Admin, NewTopic};
use sluice_kafka::{
    Batch, BatchConsumer, ClientSettings, ConsumerConfig, Event, Message, Share, wire,
};
use sluice_plugin::model::TopicPartition;
use sluice_plugin::{Properties, TopicOffsets};
use tokio::sync::mpsc;
use tokio::time::timeout;

use crate::plugins::Plugins;

/// Long enough for whatever is awaited; reached only when a test fails.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// The topic of all tests.
pub(crate) const TOPIC: &str = "numbers";

pub(crate) struct Stage {
    pub(crate) broker: Broker,
    pub(crate) faults: Faults,
    pub(crate) plugins: Arc<Plugins>,
    pub(crate) worker: Properties,
    pub(crate) admin: Admin,
}

/// An engine and what it tells.
pub(crate) struct Running {
    pub(crate) engine: Engine,
    pub(crate) events: mpsc::Receiver<TaskEvent>,
    registry: Registry,
}

pub(crate) fn properties(entries: &[(&str, &str)]) -> Properties {
    entries.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

impl Stage {
    pub(crate) async fn set() -> Self {
        let faults = Faults::new();
        let config = BrokerConfig { faults: Some(faults.clone()), ..BrokerConfig::default() };
        let broker = Broker::start(config).await.unwrap();
        let worker = properties(&[
            ("bootstrap.servers", &broker.address().to_string()),
            ("key.converter", "String"),
            ("value.converter", "String"),
            ("offset.flush.interval.ms", "50"),
            ("retry.backoff.ms", "10"),
            ("retry.backoff.max.ms", "20"),
            ("reconnect.backoff.ms", "10"),
            ("reconnect.backoff.max.ms", "20"),
            ("consumer.auto.offset.reset", "earliest"),
        ]);
        let settings = ClientSettings::parse(&worker).unwrap();
        let admin = Admin::new(wire::Client::new(&settings, "test").unwrap());
        let topic = NewTopic {
            name: TOPIC.to_owned(),
            partitions: 1,
            replication: 1,
            config: Properties::new(),
        };
        admin.create_topic(&topic).await.unwrap();
        Self { broker, faults, plugins: Arc::default(), worker, admin }
    }

    /// An engine with the worker's keys and these.
    pub(crate) fn engine(&self, more: &[(&str, &str)], offsets: Arc<dyn OffsetStore>) -> Running {
        let mut worker = self.worker.clone();
        worker.extend(properties(more));
        self.engine_of(EngineSettings::parse(&worker, "test:8083").unwrap(), offsets)
    }

    /// An engine with these settings.
    pub(crate) fn engine_of(
        &self,
        settings: EngineSettings,
        offsets: Arc<dyn OffsetStore>,
    ) -> Running {
        let (tell, events) = mpsc::channel(64);
        let plugins = Arc::clone(&self.plugins) as Arc<dyn sluice_engine::PluginSource>;
        let registry = Registry::new();
        let engine = Engine::new(settings, plugins, offsets, tell, &registry);
        Running { engine, events, registry }
    }

    pub(crate) fn plain(&self) -> Running {
        self.engine(&[], Arc::new(MemoryOffsets::default()))
    }

    /// Lets calls of this kind go wrong a few times.
    pub(crate) fn fail(&self, api: ApiKey, fault: Fault, times: usize) {
        self.faults.set_times(api, fault, times);
    }

    /// How many records the topic has.
    pub(crate) async fn records(&self) -> i64 {
        end_of(&self.admin).await
    }

    /// Waits until the topic has this many records, and reads them.
    pub(crate) async fn values(&self, count: usize) -> Vec<String> {
        let text = |it: Message| it.value.expect("a value").to_vec();
        let messages = self.messages(TOPIC, count).await.into_iter();
        messages.map(|it| String::from_utf8(text(it)).expect("text")).collect()
    }

    /// Waits until the topic has a record with this value.
    pub(crate) async fn values_with(&self, value: &str) {
        let mut values = self.values(1).await;
        while !values.iter().any(|it| it == value) {
            values = self.values(values.len() + 1).await;
        }
    }

    /// Waits until a topic has this many records, and reads them.
    pub(crate) async fn messages(&self, topic: &str, count: usize) -> Vec<Message> {
        let settings = ClientSettings::parse(&self.worker).unwrap();
        let config = ConsumerConfig {
            group_id: None,
            client_id: "reader".to_owned(),
            isolation: None,
            share: Share::alone(1 << 20),
            runtime: None,
        };
        let mut consumer = BatchConsumer::new(&settings, config).unwrap();
        let start = TopicOffsets::from([(TopicPartition::new(topic, 0), 0)]);
        consumer.assign(&start);
        let mut messages = Vec::new();
        let mut batch = Batch::default();
        while messages.len() < count {
            let next = timeout(PATIENCE, consumer.next(&mut batch, 500));
            let event =
                next.await.unwrap_or_else(|_| panic!("{} records", messages.len())).unwrap();
            assert!(matches!(event, Event::Records));
            messages.extend(batch.iter());
            batch.clear();
        }
        consumer.close().await;
        messages
    }
}

pub(crate) async fn end_of(admin: &Admin) -> i64 {
    let partition = TopicPartition::new(TOPIC, 0);
    let ends = admin.end_offsets(&[partition]).await.unwrap();
    ends.into_values().sum()
}

impl Running {
    /// What Prometheus would see under a name, all tasks together; 0 if there is nothing.
    pub(crate) fn metric(&self, name: &str) -> f64 {
        let families = self.registry.gather();
        let found = families.iter().find(|it| it.name() == name);
        let values = found.into_iter().flat_map(MetricFamily::get_metric);
        values.map(|it| it.get_gauge().get_value() + it.get_counter().get_value()).sum()
    }

    /// Starts task 0 of the connector `class`, which is also the name of its class.
    pub(crate) fn start(&self, class: &str, more: &[(&str, &str)]) -> TaskId {
        self.start_as(class, TargetState::Running, more)
    }

    pub(crate) fn start_as(
        &self,
        class: &str,
        target: TargetState,
        more: &[(&str, &str)],
    ) -> TaskId {
        let mut connector =
            properties(&[("name", class), ("connector.class", class), ("topics", TOPIC)]);
        connector.extend(properties(more));
        let id = TaskId::new(class, 0);
        self.engine.start_task(id.clone(), &connector, &connector, target).unwrap();
        id
    }

    /// The next thing that became of a task. Which topics it uses is not asked.
    pub(crate) async fn told(&mut self) -> TaskEvent {
        loop {
            let event = timeout(PATIENCE, self.events.recv()).await;
            let event = event.expect("an event").expect("an engine");
            if !matches!(event, TaskEvent::ActiveTopic(..) | TaskEvent::Built(_)) {
                return event;
            }
        }
    }

    /// The trace of the next task that fails.
    pub(crate) async fn failure(&mut self) -> String {
        loop {
            if let TaskEvent::Failed(_, trace) = self.told().await {
                return trace;
            }
        }
    }
}

/// Waits until something holds.
pub(crate) async fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !holds() {
        assert!(Instant::now() < deadline, "waited in vain for {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
