//! Short names for what the tests do over and over.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use anyhow::{Context, Result, bail};
use sluice_kafka::{
    BatchConsumer, ClientSettings, ConsumerConfig, OutgoingRecord, Producer, ProducerConfig, Share,
    admin::{Admin, NewTopic},
    wire::Client,
};
use sluice_kit::kafka::{KafkaServer, Listener};
use tokio::time::{Instant, timeout};

/// Within which anything must happen.
pub(crate) const LIMIT: Duration = Duration::from_mins(1);

/// Settings of a client with further keys.
pub(crate) fn settings(
    kafka: &KafkaServer,
    listener: Listener,
    more: &[(&str, &str)],
) -> Result<ClientSettings> {
    let mut keys: BTreeMap<String, String> = kafka.client(listener);
    keys.insert("bootstrap.servers".to_owned(), kafka.address(listener));
    keys.extend(more.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())));
    Ok(ClientSettings::parse(&keys)?)
}

/// Settings of the plain listener.
pub(crate) fn plain(kafka: &KafkaServer, more: &[(&str, &str)]) -> Result<ClientSettings> {
    settings(kafka, Listener::Plain, more)
}

/// Creates a topic.
pub(crate) async fn create(
    settings: &ClientSettings,
    name: &str,
    partitions: i32,
    config: &[(&str, &str)],
) -> Result<()> {
    let admin = Admin::new(Client::new(settings, "test-admin")?);
    let config = config.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
    let topic =
        NewTopic { name: name.to_owned(), partitions, replication: 1, config: config.collect() };
    admin.create_topic(&topic).await?;
    Ok(())
}

/// A consumer of a group.
pub(crate) fn consumer(settings: &ClientSettings, group: &str) -> Result<BatchConsumer> {
    consumer_with(settings, group, Share::alone(8 << 20))
}

/// A consumer of a group that holds no more than its share.
pub(crate) fn consumer_with(
    settings: &ClientSettings,
    group: &str,
    share: Share,
) -> Result<BatchConsumer> {
    let config = ConsumerConfig {
        group_id: Some(group.to_owned()),
        client_id: "test-consumer".to_owned(),
        isolation: None,
        share,
        runtime: None,
    };
    Ok(BatchConsumer::new(settings, config)?)
}

/// Writes `count` records, numbered from `from`, over the partitions in turn and waits for their acks.
pub(crate) async fn produce(
    settings: &ClientSettings,
    topic: &str,
    partitions: i32,
    from: u64,
    count: u64,
) -> Result<()> {
    let acked = Arc::new(AtomicU64::new(0));
    let counter = Arc::clone(&acked);
    let config = ProducerConfig {
        client_id: "test-producer".to_owned(),
        share: Share::alone(4 << 20),
        transactional_id: None,
    };
    let producer = Producer::new(settings, config, move |_, outcome| {
        if outcome.is_ok() {
            counter.fetch_add(1, Ordering::SeqCst);
        }
    })?;
    for number in from..from + count {
        let value = number.to_string();
        let headers = [("name", Some(b"x".as_slice())), ("none", None)];
        let record = OutgoingRecord {
            topic,
            partition: Some((number % partitions as u64) as i32),
            timestamp: Some(1_700_000_000_000),
            key: (number % 2 == 0).then_some(value.as_bytes()),
            value: Some(value.as_bytes()),
            headers: if number % 100 == 0 { &headers } else { &[] },
        };
        while let Err(refused) = producer.send(&record, number) {
            if refused != sluice_kafka::SendRefused::QueueFull {
                bail!(refused);
            }
            producer.ready().await;
        }
    }
    producer.flush(LIMIT).await?;
    producer.close().await;
    anyhow::ensure!(acked.load(Ordering::SeqCst) == count, "not all records were acknowledged");
    Ok(())
}

/// Waits for a value that `look` finds.
pub(crate) async fn eventually<T>(
    what: &str,
    mut look: impl AsyncFnMut() -> Option<T>,
) -> Result<T> {
    let deadline = Instant::now() + LIMIT;
    let found = async {
        loop {
            if let Some(found) = look().await {
                return found;
            }
            tokio::task::yield_now().await;
        }
    };
    timeout(deadline - Instant::now(), found).await.with_context(|| format!("{what}: not in time"))
}
