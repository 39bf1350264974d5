//! What is changed behind the resource's back, and what is left alone on request.

use anyhow::{Context, Result};
use k8s_openapi::api::events::v1::Event;
use kube::api::ListParams;
use serde_json::json;
use sluice_crds::KafkaConnector;
use sluice_kit::kubernetes::missing_for_control_plane;
use sluice_kit::require;
use sluice_rest_model::State;

use crate::bed::{Bed, words};

async fn bed() -> Result<Bed> {
    let bed = Bed::new().await?;
    bed.cluster("my-connect", &json!({})).await?;
    bed.connector("orders", &json!({"class": "X", "config": {"a": 1, "b": 2}})).await?;
    bed.connector_is("orders", "Ready=True Running").await?;
    Ok(bed)
}

/// Waits for an event with a reason, and gives its note.
async fn event(bed: &Bed, reason: &str, part: &str) -> Result<String> {
    let events = bed.api::<Event>();
    let mut found = None;
    bed.until(&format!("the event {reason} {part}"), async || {
        let list = events.list(&ListParams::default()).await?;
        let notes = list.items.into_iter().filter(|it| it.reason.as_deref() == Some(reason));
        found = notes.filter_map(|it| it.note).find(|note| note.contains(part));
        Ok(found.is_some())
    })
    .await?;
    found.context("the event")
}

#[tokio::test]
async fn what_others_change_is_put_back_and_told_by_key() -> Result<()> {
    require!(missing_for_control_plane());
    let bed = bed().await?;
    event(&bed, "Running", "").await?;
    if let Some(connector) = bed.workers.world().connectors.get_mut("orders") {
        connector.config.insert("a".into(), "hush".into());
        connector.config.remove("b");
        connector.config.insert("c".into(), "hush".into());
    }
    let note = event(&bed, "DriftCorrected", "settings").await?;
    let told =
        "settings differed from the resource and were put back: changed a; added b; removed c";
    assert_eq!(note, told);
    assert_eq!(bed.workers.world().connectors["orders"].config["a"], "1");

    bed.connector_is("orders", "Ready=True Running").await?;
    if let Some(connector) = bed.workers.world().connectors.get_mut("orders") {
        connector.state = State::Paused;
        connector.task = State::Paused;
    }
    event(&bed, "DriftCorrected", "PAUSED").await?;
    bed.connector_is("orders", "Ready=True Running").await?;

    bed.workers.world().connectors.clear();
    event(&bed, "DriftCorrected", "was gone").await?;
    bed.connector_is("orders", "Ready=True Running").await?;

    // What the resource itself changes is no drift.
    let change = json!({"spec": {"config": {"a": 3}}});
    bed.change::<KafkaConnector>("orders", &change).await?;
    assert_eq!(event(&bed, "ConfigApplied", "").await?, "settings were applied: changed a");
    Ok(())
}

#[tokio::test]
async fn topics_are_told_in_order_and_bounded_number() -> Result<()> {
    require!(missing_for_control_plane());
    let bed = bed().await?;
    bed.workers.world().topics = (0..250).rev().map(|topic| format!("t{topic:03}")).collect();
    bed.until("the topics", async || {
        let connector: KafkaConnector = bed.api().get("orders").await?;
        let status = connector.status.unwrap_or_default();
        Ok(status.topics_total == Some(250)
            && status.topics.len() == 100
            && status.topics.first().map(String::as_str) == Some("t000"))
    })
    .await
}

#[tokio::test]
async fn a_paused_resource_changes_nothing_but_can_be_deleted() -> Result<()> {
    require!(missing_for_control_plane());
    let bed = bed().await?;
    let pause =
        |value| json!({"metadata": {"annotations": {"sluice.dev/pause-reconciliation": value}}});
    bed.change::<KafkaConnector>("orders", &pause(Some("true"))).await?;
    bed.until("the pause", async || {
        let connector: KafkaConnector = bed.api().get("orders").await?;
        let words = words(&connector.status.unwrap_or_default().conditions);
        Ok(words.contains(&"ReconciliationPaused=True ReconciliationPaused".to_owned())
            && words.contains(&"Ready=True Running".to_owned()))
    })
    .await?;
    let writes = bed.workers.world().writes;
    bed.change::<KafkaConnector>("orders", &json!({"spec": {"config": {"a": 5}}})).await?;
    // Another connector shows that the operator has looked at what came before it.
    bed.connector("other", &json!({"class": "X"})).await?;
    bed.connector_is("other", "Ready=True Running").await?;
    assert_eq!(bed.workers.world().writes, writes + 1);

    bed.change::<KafkaConnector>("orders", &pause(None)).await?;
    let back = bed.connector_is("orders", "Ready=True Running").await?;
    let words = words(&back.status.context("a status")?.conditions);
    assert!(words.iter().all(|word| !word.starts_with("ReconciliationPaused")), "{words:?}");
    assert_eq!(bed.workers.world().connectors["orders"].config["a"], "5");

    bed.change::<KafkaConnector>("orders", &pause(Some("true"))).await?;
    bed.api::<KafkaConnector>().delete("orders", &kube::api::DeleteParams::default()).await?;
    bed.gone::<KafkaConnector>("orders").await?;
    assert!(!bed.workers.world().connectors.contains_key("orders"));
    Ok(())
}
