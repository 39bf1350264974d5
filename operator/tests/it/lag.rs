//! How far sinks are behind and what they have sorted out, in the status of their resources, and how seldom that is written.

use anyhow::{Context, Result};
use kube::ResourceExt;
use kube::api::{Patch, PatchParams};
use serde_json::json;
use sluice_crds::{KafkaConnector, condition};
use sluice_kit::kubernetes::missing_for_control_plane;
use sluice_kit::require;
use sluice_rest_model::{DeadLetterTopic, ReadPartition, Reading};

use crate::bed::{Bed, words};

#[tokio::test]
async fn a_sink_that_misses_a_topic_says_so_beside_ready() -> Result<()> {
    require!(missing_for_control_plane());
    let bed = Bed::new().await?;
    bed.cluster("my-connect", &json!({})).await?;
    let absent = |bed: &Bed, topics: &[&str]| {
        let absent = topics.iter().map(|it| (*it).to_owned()).collect();
        let reading = Reading { partitions: vec![partition(0)], absent, ..Reading::default() };
        bed.workers.world().readings.insert("orders".to_owned(), reading);
    };
    absent(&bed, &["ordres"]);
    let spec = |topics: &str| json!({"class": "X", "config": {"topics": topics}});
    bed.connector("orders", &spec("ordres")).await?;
    bed.connector_is("orders", "Ready=True Running").await?;
    let told = bed.connector_is("orders", "Warning=True TopicNotFound").await?;
    let conditions = told.status.context("a status")?.conditions;
    let warning = conditions.iter().find(|it| it.type_ == condition::WARNING);
    let message = &warning.context("a warning")?.message;
    assert_eq!(message, "there is no topic ordres; create it, or correct spec.config[topics]");

    // What was found out of other settings is not held against the present ones.
    absent(&bed, &[]);
    bed.change::<KafkaConnector>("orders", &json!({"spec": spec("orders")})).await?;
    bed.until("the warning to go", async || {
        let connector: KafkaConnector = bed.api().get("orders").await?;
        let conditions = connector.status.unwrap_or_default().conditions;
        Ok(words(&conditions).iter().all(|word| !word.starts_with("Warning")))
    })
    .await
}

fn partition(lag: i64) -> ReadPartition {
    ReadPartition {
        topic: "t".to_owned(),
        partition: 0,
        position: Some(0),
        beginning: 0,
        end: lag,
        lag,
        waiting_since: None,
        at: None,
    }
}

#[tokio::test]
async fn lag_is_told_once_a_minute_at_most_and_only_if_it_moved() -> Result<()> {
    require!(missing_for_control_plane());
    let bed = Bed::new().await?;
    bed.cluster("my-connect", &json!({})).await?;
    let lags = |bed: &Bed, lag| {
        let dead_letters =
            Some(DeadLetterTopic { topic: "orders-dlq".to_owned(), records: lag / 100 });
        let partitions = vec![partition(lag)];
        let reading = Reading { partitions, dead_letters, ..Reading::default() };
        bed.workers.world().readings.insert("orders".to_owned(), reading);
    };
    lags(&bed, 100);
    bed.connector("orders", &json!({"class": "X"})).await?;
    let api = bed.api::<KafkaConnector>();
    let records = async || {
        let status = api.get("orders").await?.status.unwrap_or_default();
        anyhow::Ok(status.lag.map(|lag| lag.records))
    };
    let sorted_out = async || {
        let status = api.get("orders").await?.status.unwrap_or_default();
        anyhow::Ok(status.dead_letters.map(|it| (it.topic, it.records)))
    };
    bed.until("the lag", async || Ok(records().await? == Some(100))).await?;
    assert_eq!(sorted_out().await?, Some(("orders-dlq".to_owned(), 1)));
    bed.connector_is("orders", "Ready=True Running").await?;

    // It moves, and nothing is written within the minute.
    let before = api.get("orders").await?.resource_version();
    lags(&bed, 5000);
    let looks = bed.workers.world().looks;
    bed.until("three more looks", async || Ok(bed.workers.world().looks >= looks + 3)).await?;
    assert_eq!(api.get("orders").await?.resource_version(), before);

    let age = async || {
        let time = json!({"time": "2026-01-01T00:00:00Z"});
        let long_ago = json!({"status": {"lag": time, "deadLetters": time}});
        let (parameters, patch) = (PatchParams::default(), Patch::Merge(long_ago));
        anyhow::Ok(api.patch_status("orders", &parameters, &patch).await?.resource_version())
    };
    age().await?;
    bed.until("the later lag", async || Ok(records().await? == Some(5000))).await?;
    assert_eq!(sorted_out().await?, Some(("orders-dlq".to_owned(), 50)));
    // A little more is not worth a write, however long ago the last one was.
    let aged = age().await?;
    lags(&bed, 5100);
    let asked = bed.workers.world().times.len();
    bed.until("three more questions", async || Ok(bed.workers.world().times.len() >= asked + 3))
        .await?;
    assert_eq!(api.get("orders").await?.resource_version(), aged);
    Ok(())
}
