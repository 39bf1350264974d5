//! The same records without a worker: a producer and a consumer of the bench and the broker between them. What a worker adds
//! to this is its own; less than this it cannot take.

use anyhow::{Context, Result, ensure};
use sluice_kafka::{Batch, BatchConsumer, ConsumerConfig, Event, Share};
use sluice_model::TopicPartition;
use tokio::{task::spawn_blocking, time::timeout};

use super::{PATIENCE, arrivals::now, schedule::Schedule};
use crate::broker::Broker;

/// Records that are taken at once, as a sink does by default.
const MOST: usize = 500;

/// Microseconds from due to read of so many records, in their order.
pub(super) async fn arrivals(
    broker: &Broker,
    name: &str,
    rate: u32,
    total: u64,
) -> Result<Vec<u64>> {
    broker.create(name).await?;
    let config = ConsumerConfig {
        client_id: "bench-floor".to_owned(),
        share: Share::alone(64 << 20),
        ..ConsumerConfig::default()
    };
    let mut consumer = BatchConsumer::new(broker.settings(), config)?;
    consumer.assign(&[(TopicPartition::new(name, 0), 0)].into());
    let (producer, topic) = (broker.prompt_producer("0")?, name.to_owned());
    let sending = spawn_blocking(move || {
        Schedule::from_now(rate).send(&producer, &topic, total)?;
        anyhow::Ok(producer)
    });
    let read = read(&mut consumer, total).await;
    consumer.close().await;
    let producer = sending.await??;
    producer.flush(PATIENCE).await?;
    producer.close().await;
    broker.delete(name).await?;
    read.with_context(|| name.to_owned())
}

async fn read(consumer: &mut BatchConsumer, total: u64) -> Result<Vec<u64>> {
    let mut latencies = Vec::with_capacity(usize::try_from(total)?);
    let mut batch = Batch::default();
    while (latencies.len() as u64) < total {
        let next = timeout(PATIENCE, consumer.next(&mut batch, MOST)).await??;
        ensure!(next == Event::Records, "a rebalance without a group");
        let seen = now();
        for message in batch.iter() {
            let value = message.value.context("a record without a value")?;
            let due: u64 = std::str::from_utf8(&value)?.parse()?;
            latencies.push(seen.saturating_sub(due));
        }
        batch.clear();
    }
    Ok(latencies)
}
