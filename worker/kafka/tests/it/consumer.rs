//! The batch consumer: order, rebalances, offsets.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use anyhow::{Context, Result, bail};
use sluice_kafka::{
    Batch, BatchConsumer, ConsumerConfig, Event, Memory, Message, Share, TopicOffsets,
};
use sluice_kit::{java, kafka::KafkaServer};
use sluice_model::TopicPartition;
use tokio::time::timeout;

use crate::support::{LIMIT, consumer, consumer_with, create, eventually, plain, produce};

#[tokio::test(flavor = "multi_thread")]
async fn every_record_comes_in_order_over_several_partitions() -> Result<()> {
    const COUNT: u64 = 20_000;
    sluice_kit::require!(java::missing());
    let kafka = KafkaServer::shared().await?;
    let settings = plain(kafka, &[])?;
    create(&settings, "ordered", 4, &[]).await?;
    produce(&settings, "ordered", 4, 0, COUNT).await?;
    let mut reader = Reader::new(consumer(&settings, "ordered")?, "ordered")?;
    while reader.seen.len() < COUNT as usize {
        reader.step().await?;
    }
    assert_eq!(reader.seen, (0..COUNT).collect());
    reader.consumer.close().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn consumers_that_share_too_little_memory_get_on_all_the_same() -> Result<()> {
    const COUNT: u64 = 100_000;
    /// What one answer may have, as the producer's batches are.
    const ANSWER: usize = 1 << 20;
    sluice_kit::require!(java::missing());
    let kafka = KafkaServer::shared().await?;
    let settings = plain(kafka, &[])?;
    create(&settings, "scarce", 8, &[]).await?;
    produce(&settings, "scarce", 8, 0, COUNT).await?;
    let memory = Memory::new(1000);
    let mut readers = Vec::new();
    for group in ["scarce-a", "scarce-b", "scarce-c"] {
        readers.push(Reader::new(consumer_with(&settings, group, memory.share())?, "scarce")?);
    }
    let read = readers.iter_mut().map(async |reader| {
        while reader.seen.len() < COUNT as usize {
            reader.step().await?;
            anyhow::ensure!(memory.taken() <= 3 * ANSWER, "{} are taken", memory.taken());
        }
        Ok::<_, anyhow::Error>(())
    });
    futures::future::try_join_all(read).await?;
    for reader in readers {
        assert_eq!(reader.seen.len(), COUNT as usize);
        reader.consumer.close().await;
    }
    assert_eq!(memory.taken(), 0, "everything came back");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_keeps_all_its_parts() -> Result<()> {
    sluice_kit::require!(java::missing());
    let kafka = KafkaServer::shared().await?;
    let settings = plain(kafka, &[])?;
    create(&settings, "parts", 1, &[]).await?;
    produce(&settings, "parts", 1, 0, 2).await?;
    let alone = ConsumerConfig { share: Share::alone(1 << 20), ..ConsumerConfig::default() };
    let mut consumer = BatchConsumer::new(&settings, alone)?;
    consumer.assign(&TopicOffsets::from([(TopicPartition::new("parts", 0), 0)]));
    let mut batch = Batch::default();
    while batch.len() < 2 {
        timeout(LIMIT, consumer.next(&mut batch, 10)).await??;
    }
    let text = |value: &str| Some(bytes::Bytes::copy_from_slice(value.as_bytes()));
    let first = Message {
        topic: "parts".into(),
        partition: 0,
        offset: 0,
        timestamp: 1_700_000_000_000,
        timestamp_type: sluice_kafka::TimestampType::CreateTime,
        key: text("0"),
        value: text("0"),
        headers: vec![("name".into(), text("x")), ("none".into(), None)],
    };
    let read: Vec<Message> = batch.iter().collect();
    assert_eq!(read[0], first);
    assert_eq!((&read[1].key, &read[1].value), (&None, &text("1")));
    consumer.close().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rebalance_loses_nothing_and_repeats_nothing_committed() -> Result<()> {
    sluice_kit::require!(java::missing());
    let kafka = KafkaServer::shared().await?;
    let cooperative = "org.apache.kafka.clients.consumer.CooperativeStickyAssignor";
    // The first is Java's default list, as a user may have copied it.
    let eager = format!("org.apache.kafka.clients.consumer.RangeAssignor,{cooperative}");
    for (topic, strategy) in [("moved-eager", eager.as_str()), ("moved-stepwise", cooperative)] {
        let settings = plain(kafka, &[("partition.assignment.strategy", strategy)])?;
        create(&settings, topic, 4, &[]).await?;
        produce(&settings, topic, 4, 0, 1000).await?;
        let mut first = Reader::new(consumer(&settings, topic)?, topic)?;
        while first.seen.len() < 1000 {
            first.step().await?;
        }
        assert_eq!(first.owned.len(), 4);
        let mut second = Reader::new(consumer(&settings, topic)?, topic)?;
        while first.owned.len() != 2 || second.owned.len() != 2 {
            tokio::select! {
                step = first.step() => step?,
                step = second.step() => step?,
            }
        }
        produce(&settings, topic, 4, 1000, 1000).await?;
        while first.seen.len() + second.seen.len() < 2000 {
            tokio::select! {
                step = first.step() => step?,
                step = second.step() => step?,
            }
        }
        assert!(first.seen.is_disjoint(&second.seen), "what was committed came again");
        assert_eq!(second.seen.len(), 500);
        // The group gives everything back when a member leaves in order.
        first.commit().await?;
        first.consumer.close().await;
        while second.owned.len() != 4 {
            second.step().await?;
        }
        second.consumer.close().await;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn offsets_are_committed_read_sought_and_paused() -> Result<()> {
    sluice_kit::require!(java::missing());
    let kafka = KafkaServer::shared().await?;
    let settings = plain(kafka, &[])?;
    create(&settings, "offsets", 1, &[]).await?;
    produce(&settings, "offsets", 1, 0, 10).await?;
    let mut reader = Reader::new(consumer(&settings, "offsets")?, "offsets")?;
    while reader.seen.len() < 10 {
        reader.step().await?;
    }
    let partition = TopicPartition::new("offsets", 0);
    let consumer = &mut reader.consumer;
    let all = std::slice::from_ref(&partition);
    assert_eq!(consumer.position(all), TopicOffsets::from([(partition.clone(), 10)]));
    let offsets = TopicOffsets::from([(partition.clone(), 7)]);
    consumer.commit(&offsets).await?;
    assert_eq!(consumer.committed(all).await?, offsets);
    consumer.seek(&TopicOffsets::from([(partition.clone(), 5)]));
    let mut batch = Batch::default();
    while batch.len() < 5 {
        timeout(LIMIT, consumer.next(&mut batch, 10)).await??;
    }
    assert_eq!(batch.iter().map(|it| it.offset).collect::<Vec<_>>(), [5, 6, 7, 8, 9]);
    consumer.pause(all);
    produce(&settings, "offsets", 1, 10, 1).await?;
    let quiet = std::time::Duration::from_millis(500);
    assert!(timeout(quiet, consumer.next(&mut batch, 10)).await.is_err());
    consumer.resume(all);
    timeout(LIMIT, consumer.next(&mut batch, 10)).await??;
    assert_eq!(batch.iter().last().map(|it| it.offset), Some(10));
    reader.consumer.close().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_offset_is_an_error_if_none_may_be_made_up() -> Result<()> {
    sluice_kit::require!(java::missing());
    let kafka = KafkaServer::shared().await?;
    let settings = plain(kafka, &[("auto.offset.reset", "none")])?;
    create(&settings, "no-offset", 1, &[]).await?;
    let mut reader = Reader::new(consumer(&settings, "no-offset")?, "no-offset")?;
    let error = eventually("an error", async || reader.step().await.err()).await?;
    let error = error.downcast::<sluice_kafka::ClientError>()?;
    assert_eq!(
        error.java_class(),
        "org.apache.kafka.clients.consumer.NoOffsetForPartitionException"
    );
    reader.consumer.close().await;
    Ok(())
}

/// A consumer that commits what it gives up, as a sink task does.
struct Reader {
    consumer: BatchConsumer,
    owned: BTreeSet<TopicPartition>,
    next: BTreeMap<TopicPartition, i64>,
    seen: BTreeSet<u64>,
}

impl Reader {
    fn new(consumer: BatchConsumer, topic: &str) -> Result<Self> {
        consumer.subscribe(&[topic.to_owned()])?;
        Ok(Self { consumer, owned: BTreeSet::new(), next: BTreeMap::new(), seen: BTreeSet::new() })
    }

    /// Cancel-safe, because only the wait is awaited before something was taken.
    async fn step(&mut self) -> Result<()> {
        let mut batch = Batch::default();
        match timeout(LIMIT, self.consumer.next(&mut batch, 500)).await?? {
            Event::Records => self.take(&batch),
            Event::Assigned(partitions) => {
                self.consumer.acknowledge_assigned(&partitions, &TopicOffsets::new());
                self.owned.extend(partitions);
                Ok(())
            }
            Event::Revoked { partitions, lost } => {
                if lost {
                    bail!("partitions were lost");
                }
                // Not awaited, so that this stays cancel-safe.
                let commit = self.consumer.commit(&self.next);
                let runtime = tokio::runtime::Handle::current();
                tokio::task::block_in_place(|| runtime.block_on(commit))?;
                self.consumer.acknowledge_revoked(&partitions);
                self.owned.retain(|it| !partitions.contains(it));
                self.next.retain(|it, _| !partitions.contains(it));
                Ok(())
            }
        }
    }

    fn take(&mut self, batch: &Batch) -> Result<()> {
        for message in batch.iter() {
            let of =
                TopicPartition { topic: Arc::clone(&message.topic), partition: message.partition };
            if let Some(expected) = self.next.insert(of.clone(), message.offset + 1) {
                anyhow::ensure!(
                    expected == message.offset,
                    "{of}: {} after {expected}",
                    message.offset
                );
            }
            let value = message.value.as_deref().context("a record without value")?;
            let number = std::str::from_utf8(value)?.parse()?;
            anyhow::ensure!(self.seen.insert(number), "{number} came twice");
        }
        Ok(())
    }

    async fn commit(&self) -> Result<()> {
        Ok(self.consumer.commit(&self.next).await?)
    }
}
