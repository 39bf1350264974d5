//! What is asked for once: restarts and work on positions.

use anyhow::{Context, Result};
use k8s_openapi::api::core::v1::ConfigMap;
use kube::api::PostParams;
use serde_json::{Value, json};
use sluice_crds::{KafkaConnector, condition};
use sluice_kit::kubernetes::missing_for_control_plane;
use sluice_kit::require;
use sluice_rest_model::State;

use crate::bed::{Bed, words};

async fn bed() -> Result<Bed> {
    let bed = Bed::new().await?;
    bed.cluster("my-connect", &json!({})).await?;
    Ok(bed)
}

async fn annotate(bed: &Bed, key: &str, value: &str) -> Result<()> {
    let change = json!({"metadata": {"annotations": {key: value}}});
    bed.change::<KafkaConnector>("orders", &change).await.map(drop)
}

/// Waits until the annotation is gone: its work is done.
async fn done(bed: &Bed, key: &str) -> Result<()> {
    bed.until(&format!("{key} to be done"), async || {
        let connector: KafkaConnector = bed.api().get("orders").await?;
        Ok(!connector.metadata.annotations.unwrap_or_default().contains_key(key))
    })
    .await
}

/// Waits for a warning that contains a text.
async fn warned(bed: &Bed, reason: &str, text: &str) -> Result<()> {
    let connector = bed.connector_is("orders", &format!("Warning=True {reason}")).await?;
    let conditions = connector.status.context("a status")?.conditions;
    let warning = conditions.iter().find(|it| it.type_ == condition::WARNING);
    let message = &warning.context("a warning")?.message;
    anyhow::ensure!(message.contains(text), "{message}");
    Ok(())
}

#[tokio::test]
async fn annotations_restart_once_and_go() -> Result<()> {
    require!(missing_for_control_plane());
    let bed = bed().await?;
    bed.connector("orders", &json!({"class": "X"})).await?;
    bed.connector_is("orders", "Ready=True Running").await?;
    for (key, value, expected) in [
        ("sluice.dev/restart", "true", "orders?includeTasks=false&onlyFailed=false"),
        (
            "sluice.dev/restart",
            "includeTasks,onlyFailed",
            "orders?includeTasks=true&onlyFailed=true",
        ),
        ("sluice.dev/restart-task", "0", "orders/0"),
    ] {
        annotate(&bed, key, value).await?;
        done(&bed, key).await?;
        assert_eq!(std::mem::take(&mut bed.workers.world().restarts), [expected]);
    }
    bed.connector_is("orders", "Ready=True Running").await?;
    assert_eq!(bed.workers.world().restarts, [""; 0]);
    Ok(())
}

#[tokio::test]
async fn annotations_that_mean_nothing_keep_nothing_from_being_done() -> Result<()> {
    require!(missing_for_control_plane());
    let bed = bed().await?;
    let mut object = crate::bed::connector("orders", &json!({"class": "X"}));
    object["metadata"]["annotations"] =
        json!({"sluice.dev/restart": "", "sluice.dev/connector-offsets": ""});
    let api = bed.api::<KafkaConnector>();
    api.create(&PostParams::default(), &serde_json::from_value(object)?).await?;
    bed.connector_is("orders", "Ready=True Running").await?;
    warned(&bed, "UnknownAnnotationValue", "list, alter or reset").await?;
    let alter = json!({"metadata": {"annotations":
        {"sluice.dev/restart": null, "sluice.dev/connector-offsets": "alter"}}});
    bed.change::<KafkaConnector>("orders", &alter).await?;
    warned(&bed, "OffsetsRefused", "spec.alterOffsets.fromConfigMap is missing").await?;
    assert_eq!(bed.workers.world().restarts, [""; 0]);
    let none = json!({"metadata": {"annotations":
        {"sluice.dev/restart": null, "sluice.dev/connector-offsets": null}}});
    bed.change::<KafkaConnector>("orders", &none).await?;
    bed.until("the warning to go", async || {
        let connector: KafkaConnector = api.get("orders").await?;
        let conditions = connector.status.unwrap_or_default().conditions;
        Ok(words(&conditions).iter().all(|word| !word.starts_with("Warning")))
    })
    .await
}

#[tokio::test]
async fn a_new_token_restarts_once_and_the_first_one_never() -> Result<()> {
    require!(missing_for_control_plane());
    let bed = bed().await?;
    bed.connector("orders", &json!({"class": "X", "restart": {"token": "1"}})).await?;
    let connector = bed.connector_is("orders", "Ready=True Running").await?;
    assert_eq!(connector.status.context("a status")?.restart_token.as_deref(), Some("1"));
    assert_eq!(bed.workers.world().restarts, [""; 0]);
    let change = json!({"spec": {"restart": {"token": "2"}}});
    bed.change::<KafkaConnector>("orders", &change).await?;
    bed.connector_is("orders", "Ready=True Running").await?;
    let looks = bed.workers.world().looks;
    bed.until("three more looks", async || Ok(bed.workers.world().looks >= looks + 3)).await?;
    let restarts = bed.workers.world().restarts.clone();
    assert_eq!(restarts, ["orders?includeTasks=true&onlyFailed=false"]);
    Ok(())
}

#[tokio::test]
async fn what_fails_is_restarted_until_the_budget_is_used_up() -> Result<()> {
    require!(missing_for_control_plane());
    let bed = bed().await?;
    let rules = json!({"maxRestarts": 2, "backoffSeconds": 1, "maxBackoffSeconds": 5});
    bed.connector("orders", &json!({"class": "X", "autoRestart": rules})).await?;
    bed.connector_is("orders", "Ready=True Running").await?;
    let fail = || {
        if let Some(connector) = bed.workers.world().connectors.get_mut("orders") {
            connector.task = State::Failed;
        }
    };
    bed.workers.world().restarts_heal = true;
    fail();
    bed.connector_is("orders", "Reconciling=True RestartPending").await?;
    let healed = bed.connector_is("orders", "Ready=True Running").await?;
    let account = healed.status.context("a status")?.auto_restart.context("an account")?;
    assert_eq!((account.count, account.instances[0].task), (1, Some(0)));

    bed.workers.world().restarts_heal = false;
    fail();
    bed.connector_is("orders", "Stalled=True TaskFailed").await?;
    let restarts = bed.workers.world().restarts.clone();
    // It ran well for long enough if the machine was slow: then it counts anew.
    anyhow::ensure!(matches!(restarts.len(), 2 | 3), "{restarts:?}");
    assert!(restarts.iter().all(|it| it == "orders/0"), "{restarts:?}");
    Ok(())
}

#[tokio::test]
async fn positions_are_listed_altered_and_reset() -> Result<()> {
    require!(missing_for_control_plane());
    let bed = bed().await?;
    let spec = json!({
        "class": "X",
        "listOffsets": {"toConfigMap": {"name": "positions"}},
        "alterOffsets": {"fromConfigMap": {"name": "positions"}},
    });
    let config_maps = bed.api::<ConfigMap>();
    let others: ConfigMap =
        serde_json::from_value(json!({"metadata": {"name": "positions"}, "data": {"other": "x"}}))?;
    config_maps.create(&PostParams::default(), &others).await?;
    bed.connector("orders", &spec).await?;
    bed.connector_is("orders", "Ready=True Running").await?;
    let entry = |position: u32| json!({"offsets": [{"partition": {"file": "a"}, "offset": {"position": position}}]});
    let known = |bed: &Bed| -> Result<Value> {
        Ok(serde_json::to_value(&bed.workers.world().connectors["orders"].offsets)?)
    };
    if let Some(connector) = bed.workers.world().connectors.get_mut("orders") {
        connector.offsets = serde_json::from_value(entry(5))?;
    }

    let annotation = "sluice.dev/connector-offsets";
    annotate(&bed, annotation, "list").await?;
    done(&bed, annotation).await?;
    let data = config_maps.get("positions").await?.data.context("data")?;
    assert_eq!(data["other"], "x");
    assert_eq!(serde_json::from_str::<Value>(&data["offsets.json"])?, entry(5));

    annotate(&bed, annotation, "alter").await?;
    warned(&bed, "OffsetsRefused", "set spec.state to stopped first").await?;
    let text = json!({"data": {"offsets.json": entry(7).to_string()}});
    bed.change::<ConfigMap>("positions", &text).await?;
    bed.change::<KafkaConnector>("orders", &json!({"spec": {"state": "stopped"}})).await?;
    // It was kept, and is tried again.
    done(&bed, annotation).await?;
    assert_eq!(known(&bed)?, entry(7));

    annotate(&bed, annotation, "reset").await?;
    done(&bed, annotation).await?;
    assert_eq!(known(&bed)?, json!({"offsets": []}));
    Ok(())
}
