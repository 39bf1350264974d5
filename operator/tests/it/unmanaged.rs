//! Connectors that no resource asks for.

use anyhow::Result;
use kube::api::{DeleteParams, ListParams};
use serde_json::json;
use sluice_crds::{KafkaConnect, KafkaConnector};
use sluice_kit::kubernetes::missing_for_control_plane;
use sluice_kit::require;

use crate::bed::Bed;
use crate::workers::Connector;

/// A cluster with a connector of a resource and one that was made over REST.
async fn bed() -> Result<Bed> {
    let bed = Bed::new().await?;
    bed.cluster("my-connect", &json!({})).await?;
    bed.connector("orders", &json!({"class": "X", "name": "Orders"})).await?;
    bed.ready_cluster("my-connect").await?;
    bed.connector_is("orders", "Ready=True Running").await?;
    let config = [("connector.class", "Y"), ("name", "By Hand"), ("tasks.max", "3"), ("a", "1")];
    let config = config.map(|(key, value)| (key.to_owned(), value.to_owned())).into();
    bed.workers.world().connectors.insert("By Hand".to_owned(), Connector::running(config));
    Ok(bed)
}

async fn set_policy(bed: &Bed, policy: &str) -> Result<()> {
    let change = json!({"spec": {"unmanagedConnectors": policy}});
    bed.change::<KafkaConnect>("my-connect", &change).await.map(drop)
}

fn names(bed: &Bed) -> Vec<String> {
    bed.workers.world().connectors.keys().cloned().collect()
}

#[tokio::test]
async fn strangers_are_left_alone_unless_they_are_to_be_deleted() -> Result<()> {
    require!(missing_for_control_plane());
    let bed = bed().await?;
    let looks = bed.workers.world().looks;
    bed.until("more looks", async || Ok(bed.workers.world().looks >= looks + 5)).await?;
    assert_eq!(names(&bed), ["By Hand", "Orders"]);
    set_policy(&bed, "Delete").await?;
    bed.until("the stranger to go", async || Ok(names(&bed) == ["Orders"])).await
}

#[tokio::test]
async fn an_adopted_connector_becomes_a_resource_and_is_not_touched() -> Result<()> {
    require!(missing_for_control_plane());
    let bed = bed().await?;
    let before = bed.workers.world().connectors["By Hand"].config.clone();
    let writes = bed.workers.world().writes;
    set_policy(&bed, "Adopt").await?;
    let connectors = bed.api::<KafkaConnector>();
    let mut adopted = None;
    bed.until("the resource", async || {
        let list = connectors.list(&ListParams::default()).await?;
        adopted = list.items.into_iter().find(|it| it.spec.name.as_deref() == Some("By Hand"));
        Ok(adopted.is_some())
    })
    .await?;
    let name = adopted.and_then(|it| it.metadata.name).unwrap_or_default();
    assert!(name.starts_with("by-hand-"), "{name}");
    bed.connector_is(&name, "Ready=True Running").await?;
    assert_eq!(bed.workers.world().connectors["By Hand"].config, before);
    assert_eq!(bed.workers.world().writes, writes);
    assert_eq!(connectors.list(&ListParams::default()).await?.items.len(), 2);
    // From now on it is a connector like any other.
    connectors.delete(&name, &DeleteParams::default()).await?;
    bed.gone::<KafkaConnector>(&name).await?;
    assert_eq!(names(&bed), ["Orders"]);
    Ok(())
}
