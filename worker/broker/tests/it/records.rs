//! Records: produced, consumed, kept over a restart, bounded by memory, never twice.

use std::time::Duration;

use kafka_protocol::error::ResponseError;
use kafka_protocol::messages::ApiKey;
use rdkafka::admin::{AdminOptions, NewTopic, ResourceSpecifier, TopicReplication};
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::RDKafkaErrorCode;
use rdkafka::producer::FutureRecord;
use rdkafka::{Offset, TopicPartitionList};
use sluice_broker::{Broker, BrokerConfig, Fault, Faults};

use crate::clients::*;

fn numbered(count: usize) -> impl Iterator<Item = String> {
    (0..count).map(|index| format!("value {index}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn records_come_back_in_order_with_every_codec_this_client_has() {
    let broker = broker().await;
    for codec in ["none", "gzip", "zstd", "lz4", "snappy"] {
        let settings = [("compression.codec", codec), ("linger.ms", "1")];
        let sent = send_all(&producer(&broker, &settings), codec, numbered(50)).await;
        assert_eq!(sent, (0..50).map(|offset| (0, offset)).collect::<Vec<_>>());
        let consumer = member(&broker, codec, codec);
        assert_eq!(take(&consumer, 50), numbered(50).collect::<Vec<_>>());
    }
    broker.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_is_lost_does_not_double_what_an_idempotent_producer_sends() {
    let faults = Faults::new();
    let config = BrokerConfig { faults: Some(faults.clone()), ..BrokerConfig::default() };
    let broker = Broker::start(config).await.unwrap();
    create_topic(&broker, "once", 1).await;
    let settings = [
        ("enable.idempotence", "true"),
        ("retry.backoff.ms", "10"),
        ("reconnect.backoff.ms", "10"),
    ];
    let producer = producer(&broker, &settings);
    send_all(&producer, "once", numbered(1)).await;
    faults.set_times(ApiKey::Produce, Fault::DropAfter, 3);
    let sent = send_all(&producer, "once", numbered(5)).await;
    assert_eq!(sent, (1..6).map(|offset| (0, offset)).collect::<Vec<_>>());
    faults.set_times(ApiKey::Produce, Fault::Answer(ResponseError::NotEnoughReplicas), 2);
    assert_eq!(send_all(&producer, "once", numbered(1)).await, [(0, 6)]);
    let consumer: BaseConsumer = client(&broker, &[("group.id", "x")]).create().unwrap();
    assert_eq!(consumer.fetch_watermarks("once", 0, PATIENCE).unwrap(), (0, 7));
    broker.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn topics_records_and_commits_survive_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let config =
        BrokerConfig { data_dir: Some(folder.path().to_owned()), ..BrokerConfig::default() };
    let broker = Broker::start(config.clone()).await.unwrap();
    create_topic(&broker, "kept", 2).await;
    let sent = send_all(&producer(&broker, &[]), "kept", numbered(40)).await;
    let first = member(&broker, "g", "kept");
    take(&first, 30);
    first.commit_consumer_state(rdkafka::consumer::CommitMode::Sync).unwrap();
    drop(first);
    broker.stop().await;

    let broker = Broker::start(config).await.unwrap();
    let probe: BaseConsumer = client(&broker, &[("group.id", "x")]).create().unwrap();
    let total: i64 = (0..2)
        .map(|partition| probe.fetch_watermarks("kept", partition, PATIENCE).unwrap().1)
        .sum();
    assert_eq!(total, sent.len() as i64);
    let again = member(&broker, "g", "kept");
    assert_eq!(take(&again, 10).len(), 10);
    let more = send_all(&producer(&broker, &[]), "kept", numbered(1)).await;
    assert!(more[0].1 > 0, "offsets go on: {more:?}");
    broker.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_memory_makes_producers_wait_and_loses_nothing() {
    let config = BrokerConfig { memory_limit: 200_000, ..BrokerConfig::default() };
    let broker = Broker::start(config).await.unwrap();
    let settings =
        [("request.timeout.ms", "100"), ("message.timeout.ms", "1500"), ("linger.ms", "0")];
    let producer = producer(&broker, &settings);
    let payload = "x".repeat(10_000);
    let mut accepted = 0_i64;
    let refused = loop {
        let record = FutureRecord::<String, String>::to("full").payload(&payload);
        match producer.send(record, PATIENCE).await {
            Ok(_) => accepted += 1,
            Err((error, _)) => break error,
        }
        assert!(accepted < 100, "the limit is not kept");
    };
    let code = refused.rdkafka_error_code();
    let expected = [RDKafkaErrorCode::MessageTimedOut, RDKafkaErrorCode::RequestTimedOut];
    assert!(expected.map(Some).contains(&code), "{refused}");
    let probe: BaseConsumer = client(&broker, &[("group.id", "x")]).create().unwrap();
    let (first, next) = probe.fetch_watermarks("full", 0, PATIENCE).unwrap();
    assert!(first == 0 && next >= accepted && accepted > 10, "{first} {next} {accepted}");

    let mut until = TopicPartitionList::new();
    until.add_partition_offset("full", 0, Offset::End).unwrap();
    admin(&broker).delete_records(&until, &AdminOptions::new()).await.unwrap();
    send_all(&producer, "full", [payload]).await;
    broker.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn topics_are_created_with_settings_or_refused_with_a_reason() {
    let broker = broker().await;
    let admin = admin(&broker);
    let options = AdminOptions::new();
    let topic = |name| NewTopic::new(name, 3, TopicReplication::Fixed(1));
    let compacted = topic("compacted").set("cleanup.policy", "compact");
    let cases = [
        (compacted, None),
        (topic("compacted"), Some(RDKafkaErrorCode::TopicAlreadyExists)),
        (topic("a b"), Some(RDKafkaErrorCode::InvalidTopic)),
        (topic("odd").set("no.such", "1"), Some(RDKafkaErrorCode::InvalidConfig)),
        (
            NewTopic::new("wide", 1, TopicReplication::Fixed(3)),
            Some(RDKafkaErrorCode::InvalidReplicationFactor),
        ),
    ];
    for (topic, expected) in &cases {
        let results = admin.create_topics([topic], &options).await.unwrap();
        let refused = results[0].as_ref().err().map(|(_, code)| *code);
        assert_eq!(refused, *expected, "{}", topic.name);
    }
    let resource = ResourceSpecifier::Topic("compacted");
    let described = admin.describe_configs(&[resource], &options).await.unwrap();
    let described = described[0].as_ref().unwrap().entry_map();
    assert_eq!(described["cleanup.policy"].value.as_deref(), Some("compact"));
    assert_eq!(described["retention.ms"].value.as_deref(), Some("604800000"));
    admin.delete_topics(&["compacted"], &options).await.unwrap()[0].as_ref().unwrap();
    let again = admin.delete_topics(&["compacted"], &options).await.unwrap();
    let code = again[0].as_ref().err().map(|(_, code)| *code);
    assert_eq!(code, Some(RDKafkaErrorCode::UnknownTopicOrPartition));
    broker.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_time_leads_to_the_first_record_that_is_not_older() {
    let broker = broker().await;
    let producer = producer(&broker, &[]);
    for time in [1_000, 2_000, 3_000] {
        let record = FutureRecord::<String, str>::to("timed").payload("x").timestamp(time);
        producer.send(record, PATIENCE).await.unwrap();
    }
    let probe: BaseConsumer = client(&broker, &[("group.id", "x")]).create().unwrap();
    let cases = [(0, Offset::Offset(0)), (1_500, Offset::Offset(1)), (3_001, Offset::End)];
    for (time, expected) in cases {
        let mut wanted = TopicPartitionList::new();
        wanted.add_partition_offset("timed", 0, Offset::Offset(time)).unwrap();
        let found = probe.offsets_for_times(wanted, PATIENCE).unwrap();
        assert_eq!(found.elements()[0].offset(), expected, "{time}");
    }
    broker.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_waiting_fetch_is_answered_when_a_record_comes() {
    let broker = broker().await;
    create_topic(&broker, "live", 1).await;
    let settings =
        [("group.id", "x"), ("fetch.wait.max.ms", "5000"), ("auto.offset.reset", "earliest")];
    let consumer: BaseConsumer = client(&broker, &settings).create().unwrap();
    let mut wanted = TopicPartitionList::new();
    wanted.add_partition_offset("live", 0, Offset::Beginning).unwrap();
    consumer.assign(&wanted).unwrap();
    assert!(consumer.poll(Duration::from_millis(500)).is_none());
    let started = std::time::Instant::now();
    send_all(&producer(&broker, &[]), "live", ["now".to_owned()]).await;
    assert_eq!(take(&consumer, 1), ["now"]);
    assert!(started.elapsed() < Duration::from_secs(4));
    // A consumer that closes without a broker waits long for its coordinator.
    drop(consumer);
    broker.stop().await;
}
