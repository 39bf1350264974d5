//! Logs: internal topics.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use anyhow::{Context, Result};
use bytes::Bytes;
use sluice_kafka::{
    ClientSettings, OutgoingRecord, Producer, ProducerConfig, Share,
    admin::{Admin, Isolation, NewTopic},
    log::{LeaderWriter, Log, LogConfig, LogError, LogEvent, NotWritten},
    wire::Client,
};
use sluice_kit::{
    java,
    kafka::{KafkaOptions, KafkaServer},
};
use tokio::{sync::mpsc, task::JoinSet, time::timeout};

use crate::support::{LIMIT, create, plain};

type State = Arc<Mutex<BTreeMap<String, Option<String>>>>;

#[tokio::test(flavor = "multi_thread")]
async fn what_was_written_is_read_by_the_end_and_again_from_the_beginning() -> Result<()> {
    sluice_kit::require!(java::missing());
    let kafka = KafkaServer::shared().await?;
    let settings = plain(kafka, &[])?;
    let config = config(&settings, "log-state", 5)?;
    let (log, mut tasks, state) = start(config.clone()).await?;
    timeout(LIMIT, log.read_to_end()).await??;
    assert!(state.lock().is_ok_and(|state| state.is_empty()));
    let rows = |from: usize| {
        (from..from + 500).map(|at| {
            let value = (at % 10 != 0).then(|| Bytes::from(format!("value {at}")));
            (Bytes::from(format!("key-{at}")), value)
        })
    };
    log.send_all(rows(0).collect()).await?;
    log.send_all(rows(500).collect()).await?;
    log.send("key-1", Some(Bytes::from_static(b"newer"))).await?;
    timeout(LIMIT, log.read_to_end()).await??;
    check(&state)?;
    log.stop().await;
    tasks.shutdown().await;
    // Another worker, from the beginning. The topic is there now.
    let (log, mut tasks, state) = start(config).await?;
    timeout(LIMIT, log.read_to_end()).await??;
    check(&state)?;
    let admin = Admin::new(Client::new(&settings, "test")?);
    assert_eq!(admin.topic_config("log-state").await?["cleanup.policy"], "compact");
    log.stop().await;
    tasks.shutdown().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_land_where_librdkafka_with_javas_partitioner_puts_them() -> Result<()> {
    sluice_kit::require!(java::missing());
    let kafka = KafkaServer::shared().await?;
    for compression in ["none", "gzip", "snappy", "lz4", "zstd"] {
        let settings = plain(kafka, &[("compression.type", compression)])?;
        let topic = format!("log-{compression}");
        let (log, mut events) = Log::start(config(&settings, &topic, 7)?).await?;
        let keys: Vec<_> =
            (0..100).map(|at| format!("[\"source\",{{\"file\":\"{at}\"}}]")).collect();
        log.send_all(keys.iter().map(|key| (Bytes::from(key.clone()), None)).collect()).await?;
        send_by_librdkafka(&settings, &topic, &keys).await?;
        let mut places: BTreeMap<Bytes, Vec<i32>> = BTreeMap::new();
        while places.values().map(Vec::len).sum::<usize>() < 200 {
            let event = timeout(LIMIT, events.recv()).await?.context("the log ended")?;
            let LogEvent::Records(records) = event else { continue };
            for record in records {
                places.entry(record.key.unwrap_or_default()).or_default().push(record.partition);
            }
        }
        for (key, partitions) in places {
            assert_eq!(partitions.len(), 2);
            assert_eq!(partitions[0], partitions[1], "{key:?}");
        }
        log.stop().await;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_topic_that_loses_state_is_refused_in_connects_words() -> Result<()> {
    sluice_kit::require!(java::missing());
    let kafka = KafkaServer::shared().await?;
    let settings = plain(kafka, &[])?;
    for policy in ["delete", "compact,delete"] {
        let topic = format!("log-{}", policy.replace(',', "-"));
        create(&settings, &topic, 1, &[("cleanup.policy", policy)]).await?;
        let refused = Log::start(config(&settings, &topic, 1)?).await.err().context("taken")?;
        assert_eq!(
            refused.to_string(),
            format!(
                "Topic '{topic}' supplied via the 'offset.storage.topic' property is required to \
                 have 'cleanup.policy=compact' to guarantee consistency and durability of source \
                 connector offsets, but found the topic currently has 'cleanup.policy={policy}'. \
                 Continuing would likely result in eventually losing source connector offsets and \
                 problems restarting this Connect cluster in the future. Change the \
                 'offset.storage.topic' property in the Connect worker configurations to use a \
                 topic with 'cleanup.policy=compact'."
            )
        );
    }
    create(&settings, "log-wide", 2, &[("cleanup.policy", "compact")]).await?;
    let single = LogConfig { single_partition: true, ..config(&settings, "log-wide", 1)? };
    let refused = Log::start(single).await.err();
    assert!(matches!(refused, Some(LogError::Partitions { found: 2, .. })), "{refused:?}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transaction_is_seen_whole_or_not_at_all() -> Result<()> {
    sluice_kit::require!(java::missing());
    let kafka = KafkaServer::shared().await?;
    let settings = plain(kafka, &[])?;
    let committed =
        LogConfig { isolation: Isolation::Committed, ..config(&settings, "log-transactions", 1)? };
    let (log, mut tasks, state) = start(committed).await?;
    let writer = ProducerConfig {
        client_id: String::new(),
        share: Share::alone(1 << 20),
        transactional_id: Some("log-transactions".to_owned()),
    };
    let writer = Producer::new(&settings, writer, |_, _| {})?;
    writer.init_transactions().await?;
    for key in ["kept", "dropped", "kept too"] {
        writer.begin_transaction()?;
        writer.send(&record("log-transactions", key.as_bytes()), 0)?;
        if key == "dropped" {
            writer.flush(LIMIT).await?;
            writer.abort_transaction().await?;
        } else {
            writer.commit_transaction().await?;
        }
    }
    // A commit is answered before its marker is in the partition: the marker is waited for.
    log.read_to_end().await?;
    let keys: Vec<_> = state.lock().map(|it| it.keys().cloned().collect()).unwrap_or_default();
    assert_eq!(keys, ["kept", "kept too"]);
    writer.close().await;
    log.stop().await;
    tasks.shutdown().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_leader_that_was_replaced_writes_no_more() -> Result<()> {
    sluice_kit::require!(java::missing());
    let kafka = KafkaServer::shared().await?;
    let settings = plain(kafka, &[])?;
    let (log, mut tasks, state) = start(config(&settings, "log-leaders", 1)?).await?;
    let leader = || LeaderWriter::new(settings.clone(), "test", "log-leaders", "log-leaders");
    let (old, new) = (leader(), leader());
    let row = |key: &'static str| [(Bytes::from_static(key.as_bytes()), None)];
    assert!(matches!(old.write(&row("none")).await, Err(NotWritten::Unclaimed)));
    old.announce();
    let rows = row("old");
    let (claimed, written) = tokio::join!(old.claim(), old.write(&rows));
    claimed?;
    written?;
    new.announce();
    new.claim().await?;
    let refused = old.write(&row("fenced")).await;
    assert!(matches!(refused, Err(NotWritten::Refused(_))), "{refused:?}");
    new.write(&row("new")).await?;
    assert!(matches!(old.write(&row("fenced")).await, Err(NotWritten::Unclaimed)));
    log.read_to_end().await?;
    let keys: Vec<_> = state.lock().map(|it| it.keys().cloned().collect()).unwrap_or_default();
    assert_eq!(keys, ["new", "old"]);
    log.stop().await;
    tasks.shutdown().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_open_transaction_ends_when_its_producer_is_fenced() -> Result<()> {
    sluice_kit::require!(java::missing());
    let kafka = KafkaServer::shared().await?;
    let settings = plain(kafka, &[])?;
    create(&settings, "log-fenced", 1, &[]).await?;
    let zombie = ProducerConfig {
        client_id: String::new(),
        share: Share::alone(1 << 20),
        transactional_id: Some("log-fenced-0".to_owned()),
    };
    let zombie = Producer::new(&settings, zombie, |_, _| {})?;
    zombie.init_transactions().await?;
    zombie.begin_transaction()?;
    zombie.send(&record("log-fenced", b"open"), 0)?;
    zombie.flush(LIMIT).await?;
    let admin = Admin::new(Client::new(&settings, "test-log")?);
    admin.fence_producers(&["log-fenced-0".to_owned(), "log-fenced-1".to_owned()]).await?;
    let fenced = zombie.commit_transaction().await.err().map(|it| it.java_class());
    assert_eq!(fenced, Some("org.apache.kafka.common.errors.ProducerFencedException"));
    zombie.close().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broker_that_dies_is_waited_for() -> Result<()> {
    sluice_kit::require!(java::missing());
    let mut kafka = KafkaServer::start(KafkaOptions::default()).await?;
    let settings = plain(&kafka, &[])?;
    let (log, mut tasks, state) = start(config(&settings, "log-outage", 2)?).await?;
    log.send("before", None).await?;
    kafka.kill9()?;
    let (write, back) = tokio::join!(log.send("after", None), kafka.restart());
    back?;
    write?;
    timeout(LIMIT, log.read_to_end()).await??;
    let keys: Vec<_> = state.lock().map(|it| it.keys().cloned().collect()).unwrap_or_default();
    assert_eq!(keys, ["after", "before"]);
    log.stop().await;
    tasks.shutdown().await;
    Ok(())
}

fn config(settings: &ClientSettings, topic: &str, partitions: i32) -> Result<LogConfig> {
    let topic =
        NewTopic { name: topic.to_owned(), partitions, replication: 1, config: BTreeMap::new() };
    Ok(LogConfig {
        client: Client::new(settings, "test-log")?,
        topic,
        key: "offset.storage.topic",
        purpose: "source connector offsets",
        single_partition: false,
        isolation: Isolation::Uncommitted,
    })
}

/// A log whose records are applied to a map, as a worker does.
async fn start(config: LogConfig) -> Result<(Log, JoinSet<()>, State)> {
    let (log, events) = Log::start(config).await?;
    let state = State::default();
    let mut tasks = JoinSet::new();
    tasks.spawn(apply(events, Arc::clone(&state)));
    Ok((log, tasks, state))
}

async fn apply(mut events: mpsc::Receiver<LogEvent>, state: State) {
    let text = |bytes: &Bytes| String::from_utf8_lossy(bytes).into_owned();
    while let Some(event) = events.recv().await {
        match event {
            LogEvent::Records(records) => {
                let Ok(mut state) = state.lock() else { return };
                for record in records {
                    let key = record.key.as_ref().map(text).unwrap_or_default();
                    state.insert(key, record.value.as_ref().map(text));
                }
            }
            LogEvent::End(end) => end.reached(),
        }
    }
}

fn check(state: &State) -> Result<()> {
    let state = state.lock().map_err(|_| anyhow::anyhow!("a panic while applying"))?;
    assert_eq!(state.len(), 1000);
    assert_eq!(state["key-1"].as_deref(), Some("newer"));
    assert_eq!(state["key-10"], None);
    assert_eq!(state["key-999"].as_deref(), Some("value 999"));
    Ok(())
}

async fn send_by_librdkafka(settings: &ClientSettings, topic: &str, keys: &[String]) -> Result<()> {
    let config = ProducerConfig { share: Share::alone(1 << 20), ..ProducerConfig::default() };
    let producer = Producer::new(settings, config, |_, _| {})?;
    for key in keys {
        producer.send(&record(topic, key.as_bytes()), 0)?;
    }
    producer.flush(LIMIT).await?;
    producer.close().await;
    Ok(())
}

fn record<'a>(topic: &'a str, key: &'a [u8]) -> OutgoingRecord<'a> {
    let value = Some(b"x".as_slice());
    OutgoingRecord { topic, partition: None, timestamp: None, key: Some(key), value, headers: &[] }
}
