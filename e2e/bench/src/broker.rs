//! The broker of a bench run: its topics, and the truth about groups.

use std::{collections::BTreeMap, time::Duration};

use anyhow::{Context, Result, bail, ensure};
use kafka_protocol::{
    messages::{
        DeleteTopicsRequest, GroupId, OffsetFetchRequest, TopicName,
        delete_topics_request::DeleteTopicState, offset_fetch_request::OffsetFetchRequestTopic,
    },
    protocol::StrBytes,
};
use sluice_kafka::{
    ClientSettings, OutgoingRecord, Producer, ProducerConfig, SendRefused, Share,
    admin::{Admin, Created, NewTopic},
    wire,
};
use sluice_kit::{
    kafka::{KafkaOptions, KafkaServer},
    wait,
};
use sluice_model::TopicPartition;

/// Apache's default flags for a broker.
pub(crate) const FLAGS: [&str; 7] = [
    "-Xms1G",
    "-Xmx1G",
    "-server",
    "-XX:+UseG1GC",
    "-XX:MaxGCPauseMillis=20",
    "-XX:InitiatingHeapOccupancyPercent=35",
    "-XX:+ExplicitGCInvokesConcurrent",
];

const CALL: Duration = Duration::from_secs(30);
/// Records that go to one partition before the next gets some.
const RUN: u64 = 10_000;

/// A started broker with a client of its own.
pub(crate) struct Broker {
    pub(crate) server: KafkaServer,
    client: wire::Client,
    settings: ClientSettings,
}

impl Broker {
    /// Starts it with the JVM's flags of Apache's script.
    pub(crate) async fn start() -> Result<Self> {
        let flags = FLAGS.map(str::to_owned).to_vec();
        let server = KafkaServer::start(KafkaOptions { flags, ..KafkaOptions::default() }).await?;
        let entries = [
            ("bootstrap.servers", server.bootstrap().as_str()),
            ("batch.size", "1000000"),
            ("linger.ms", "50"),
            ("acks", "1"),
        ]
        .map(|(key, value)| (key.to_owned(), value.to_owned()));
        let settings = ClientSettings::parse(&BTreeMap::from(entries))?;
        let client = wire::Client::new(&settings, "bench")?;
        Ok(Self { server, client, settings })
    }

    /// Settings of clients that read.
    pub(crate) const fn settings(&self) -> &ClientSettings {
        &self.settings
    }

    /// The process id.
    pub(crate) fn process(&self) -> Result<u32> {
        self.server.process_id().context("the broker runs")
    }

    /// A topic of `records` values without keys, in batches of up to 1 MB, the same number in each partition.
    pub(crate) async fn fill(
        &self,
        topic: &str,
        partitions: u32,
        records: u64,
        value: impl Fn(u64) -> Vec<u8>,
    ) -> Result<()> {
        self.server.create_topic(topic, partitions, &[]).await?;
        let config = ProducerConfig {
            client_id: "bench".to_owned(),
            share: Share::alone(512 << 20),
            transactional_id: None,
        };
        let producer = Producer::new(&self.settings, config, |_, _| {})?;
        for number in 0..records {
            let value = value(number);
            let record = OutgoingRecord {
                topic,
                partition: Some(i32::try_from(number / RUN % u64::from(partitions))?),
                timestamp: None,
                key: None,
                value: Some(&value),
                headers: &[],
            };
            while let Err(refused) = producer.send(&record, number) {
                match refused {
                    SendRefused::QueueFull => producer.ready().await,
                    SendRefused::Failed(error) => return Err(error.into()),
                }
            }
        }
        producer.flush(Duration::from_mins(2)).await?;
        producer.close().await;
        let there = self.ends(topic, partitions).await?;
        ensure!(there == records, "{topic} has {there} records, not {records}");
        Ok(())
    }

    /// A new topic of one partition.
    pub(crate) async fn create(&self, topic: &str) -> Result<()> {
        self.create_with(topic, BTreeMap::new()).await
    }

    /// The same, whose records the broker stamps when they come.
    pub(crate) async fn create_stamped(&self, topic: &str) -> Result<()> {
        let stamp = ("message.timestamp.type".to_owned(), "LogAppendTime".to_owned());
        self.create_with(topic, [stamp].into()).await
    }

    async fn create_with(&self, topic: &str, config: BTreeMap<String, String>) -> Result<()> {
        let new = NewTopic { name: topic.to_owned(), partitions: 1, replication: 1, config };
        let created = Admin::new(self.client.clone()).create_topic(&new).await?;
        ensure!(created == Created::Created, "{topic} was there before");
        // The broker hears of it from the controller.
        wait::until_ok(CALL, "the topic", async || self.ends(topic, 1).await).await.map(drop)
    }

    /// Deletes a topic, so that the disk does not fill up.
    pub(crate) async fn delete(&self, topic: &str) -> Result<()> {
        let name = TopicName(StrBytes::from_string(topic.to_owned()));
        let build = |version| {
            let request = DeleteTopicsRequest::default().with_timeout_ms(30_000);
            if version >= 6 {
                request.with_topics(vec![DeleteTopicState::default().with_name(Some(name))])
            } else {
                request.with_topic_names(vec![name])
            }
        };
        let node = self.client.controller().await?;
        let answer = self.client.call_with(&node, CALL, i16::MAX, build).await?;
        ensure!(answer.responses.iter().all(|it| it.error_code == 0), "{topic} was not deleted");
        Ok(())
    }

    /// A producer that waits so many milliseconds for others to come along.
    pub(crate) fn prompt_producer(&self, linger: &str) -> Result<Producer> {
        let entries = [
            ("bootstrap.servers", self.server.bootstrap().as_str()),
            ("linger.ms", linger),
            ("acks", "1"),
        ]
        .map(|(key, value)| (key.to_owned(), value.to_owned()));
        let settings = ClientSettings::parse(&BTreeMap::from(entries))?;
        let config = ProducerConfig {
            client_id: "bench-pace".to_owned(),
            share: Share::alone(512 << 20),
            transactional_id: None,
        };
        Ok(Producer::new(&settings, config, |_, _| {})?)
    }

    /// The end offsets of a topic, summed.
    pub(crate) async fn ends(&self, topic: &str, partitions: u32) -> Result<u64> {
        let all: Vec<TopicPartition> = (0..i32::try_from(partitions)?)
            .map(|partition| TopicPartition::new(topic, partition))
            .collect();
        let ends = Admin::new(self.client.clone()).end_offsets(&all).await?;
        Ok(ends.values().map(|offset| offset.unsigned_abs()).sum())
    }

    /// The offsets that a group has committed for a topic, summed.
    pub(crate) async fn committed(&self, group: &str, topic: &str, partitions: u32) -> Result<u64> {
        // The last version that asks for one group.
        const ONE_GROUP: i16 = 7;
        let node = self.client.coordinator(group).await?;
        let asked = OffsetFetchRequestTopic::default()
            .with_name(TopicName(StrBytes::from_string(topic.to_owned())))
            .with_partition_indexes((0..i32::try_from(partitions)?).collect());
        let group = GroupId(StrBytes::from_string(group.to_owned()));
        let build =
            |_| OffsetFetchRequest::default().with_group_id(group).with_topics(Some(vec![asked]));
        let answer = self.client.call_with(&node, CALL, ONE_GROUP, build).await?;
        if answer.error_code != 0 {
            bail!("the committed offsets of a group: error {}", answer.error_code);
        }
        let rows = answer.topics.iter().flat_map(|it| &it.partitions);
        Ok(rows.filter_map(|it| u64::try_from(it.committed_offset).ok()).sum())
    }
}
