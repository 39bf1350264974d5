//! Where connectors are: names, clusters, and what stays of them.

use anyhow::{Context, Result};
use kube::api::{DeleteParams, PostParams};
use serde_json::{Value, json};
use sluice_crds::KafkaConnector;
use sluice_kit::kubernetes::missing_for_control_plane;
use sluice_kit::require;
use sluice_rest_model::State;

use crate::bed::{self, Bed};

fn names(bed: &Bed) -> Vec<String> {
    bed.workers.world().connectors.keys().cloned().collect()
}

async fn delete(bed: &Bed, name: &str) -> Result<()> {
    bed.api::<KafkaConnector>().delete(name, &DeleteParams::default()).await?;
    bed.gone::<KafkaConnector>(name).await
}

/// Without the label.
async fn create_unlabelled(bed: &Bed, name: &str, spec: &Value) -> Result<()> {
    let mut object = bed::connector(name, spec);
    object["metadata"]["labels"] = json!({});
    let api = bed.api::<KafkaConnector>();
    api.create(&PostParams::default(), &serde_json::from_value(object)?).await.map(drop)?;
    Ok(())
}

#[tokio::test]
async fn a_connector_has_the_name_and_the_cluster_that_its_fields_say() -> Result<()> {
    require!(missing_for_control_plane());
    let bed = Bed::new().await?;
    bed.cluster("my-connect", &json!({})).await?;
    let spec = json!({"class": "X", "cluster": "my-connect", "name": "Orders 2026"});
    create_unlabelled(&bed, "orders", &spec).await?;
    let connector = bed.connector_is("orders", "Ready=True Running").await?;
    assert_eq!(names(&bed), ["Orders 2026"]);
    let status = connector.status.context("a status")?;
    assert_eq!(status.cluster.as_deref(), Some("my-connect"));
    assert_eq!(status.name.as_deref(), Some("Orders 2026"));

    bed.change::<KafkaConnector>("orders", &json!({"spec": {"name": "orders-2027"}})).await?;
    bed.until("the new name", async || Ok(names(&bed) == ["orders-2027"])).await?;
    bed.connector_is("orders", "Ready=True Running").await?;
    delete(&bed, "orders").await?;
    assert!(names(&bed).is_empty());
    Ok(())
}

#[tokio::test]
async fn two_resources_never_take_turns_with_one_connector() -> Result<()> {
    require!(missing_for_control_plane());
    let bed = Bed::new().await?;
    bed.cluster("my-connect", &json!({})).await?;
    bed.connector("first", &json!({"class": "X", "name": "orders", "config": {"a": 1}})).await?;
    bed.connector_is("first", "Ready=True Running").await?;
    bed.connector("orders", &json!({"class": "Y"})).await?;
    bed.connector_is("orders", "Stalled=True NameTaken").await?;
    delete(&bed, "orders").await?;
    assert_eq!(bed.workers.world().connectors["orders"].config["a"], "1");

    // Once the first one goes, the second may have it.
    bed.connector("orders", &json!({"class": "Y"})).await?;
    bed.connector_is("orders", "Stalled=True NameTaken").await?;
    delete(&bed, "first").await?;
    bed.connector_is("orders", "Ready=True Running").await?;
    assert_eq!(bed.workers.world().connectors["orders"].config["connector.class"], "Y");
    Ok(())
}

#[tokio::test]
async fn what_stays_of_a_deleted_connector_is_up_to_its_policy() -> Result<()> {
    require!(missing_for_control_plane());
    let bed = Bed::new().await?;
    bed.cluster("my-connect", &json!({})).await?;
    for (policy, left) in
        [("Delete", None), ("Stop", Some(State::Stopped)), ("Orphan", Some(State::Running))]
    {
        let name = policy.to_lowercase();
        bed.connector(&name, &json!({"class": "X", "deletionPolicy": policy})).await?;
        bed.connector_is(&name, "Ready=True Running").await?;
        delete(&bed, &name).await?;
        let state = bed.workers.world().connectors.get(&name).map(|it| it.state);
        assert_eq!(state, left, "{policy}");
    }
    Ok(())
}
