//! Brokers and clients for the tests.

use std::time::Duration;

use rdkafka::ClientConfig;
use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::message::{BorrowedMessage, Message};
use rdkafka::producer::{FutureProducer, FutureRecord};
use rdkafka::topic_partition_list::TopicPartitionListElem;
use sluice_broker::{Broker, BrokerConfig};

/// More than anything here takes on a busy machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

pub(crate) async fn broker() -> Broker {
    Broker::start(BrokerConfig::default()).await.unwrap()
}

pub(crate) fn client(broker: &Broker, settings: &[(&str, &str)]) -> ClientConfig {
    let mut config = ClientConfig::new();
    config.set("bootstrap.servers", broker.address().to_string());
    for (key, value) in settings {
        config.set(*key, *value);
    }
    config
}

pub(crate) fn producer(broker: &Broker, settings: &[(&str, &str)]) -> FutureProducer {
    client(broker, settings).create().unwrap()
}

pub(crate) fn admin(broker: &Broker) -> AdminClient<DefaultClientContext> {
    client(broker, &[]).create().unwrap()
}

pub(crate) async fn create_topic(broker: &Broker, name: &str, partitions: i32) {
    let topic = NewTopic::new(name, partitions, TopicReplication::Fixed(1));
    let results = admin(broker).create_topics(&[topic], &AdminOptions::new()).await.unwrap();
    assert_eq!(results, [Ok(name.to_owned())]);
}

/// Sends one after the other and answers partition and offset of each.
pub(crate) async fn send_all(
    producer: &FutureProducer,
    topic: &str,
    values: impl IntoIterator<Item = String>,
) -> Vec<(i32, i64)> {
    let mut sent = Vec::new();
    for value in values {
        let record = FutureRecord::<String, String>::to(topic).payload(&value);
        let delivery = producer.send(record, PATIENCE).await.unwrap();
        sent.push((delivery.partition, delivery.offset));
    }
    sent
}

/// A consumer in a group, from the beginning where nothing is committed.
pub(crate) fn member(broker: &Broker, group: &str, topic: &str) -> BaseConsumer {
    let settings = [
        ("group.id", group),
        ("auto.offset.reset", "earliest"),
        ("enable.auto.commit", "false"),
        ("session.timeout.ms", "6000"),
        ("heartbeat.interval.ms", "200"),
    ];
    let consumer: BaseConsumer = client(broker, &settings).create().unwrap();
    consumer.subscribe(&[topic]).unwrap();
    consumer
}

/// Polls until `count` values have come.
pub(crate) fn take(consumer: &BaseConsumer, count: usize) -> Vec<String> {
    let deadline = std::time::Instant::now() + PATIENCE;
    let mut values = Vec::new();
    while values.len() < count {
        assert!(std::time::Instant::now() < deadline, "only {} of {count} came", values.len());
        if let Some(message) = consumer.poll(Duration::from_millis(100)) {
            values.push(text(&message.unwrap()));
        }
    }
    values
}

pub(crate) fn text(message: &BorrowedMessage<'_>) -> String {
    String::from_utf8(message.payload().unwrap().to_vec()).unwrap()
}

/// Polls all until the condition holds.
pub(crate) fn poll_until(consumers: &[&BaseConsumer], mut holds: impl FnMut() -> bool) {
    let deadline = std::time::Instant::now() + PATIENCE;
    while !holds() {
        assert!(std::time::Instant::now() < deadline, "the condition never came true");
        for consumer in consumers {
            if let Some(Err(error)) = consumer.poll(Duration::from_millis(20)) {
                panic!("{error}");
            }
        }
    }
}

pub(crate) fn assigned(consumer: &BaseConsumer) -> Vec<i32> {
    let assignment = consumer.assignment().unwrap();
    let mut partitions: Vec<i32> =
        assignment.elements().iter().map(TopicPartitionListElem::partition).collect();
    partitions.sort_unstable();
    partitions
}
