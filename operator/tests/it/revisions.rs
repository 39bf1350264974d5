//! The last settings of a connector, and the way back.

use anyhow::{Context, Result};
use k8s_openapi::api::apps::v1::ControllerRevision;
use kube::api::{DeleteParams, ListParams};
use serde_json::{Value, json};
use sluice_crds::KafkaConnector;
use sluice_kit::kubernetes::missing_for_control_plane;
use sluice_kit::require;

use crate::bed::Bed;

async fn revision(bed: &Bed) -> Result<String> {
    let connector = bed.connector_is("orders", "Ready=True Running").await?;
    connector.status.and_then(|status| status.revision).context("a revision")
}

async fn set(bed: &Bed, change: &Value) -> Result<()> {
    bed.change::<KafkaConnector>("orders", &json!({"spec": change})).await.map(drop)
}

#[tokio::test]
async fn the_last_ten_settings_are_kept_and_any_of_them_comes_back_by_name() -> Result<()> {
    require!(missing_for_control_plane());
    let bed = Bed::new().await?;
    bed.cluster("my-connect", &json!({})).await?;
    bed.connector("orders", &json!({"class": "X", "config": {"a": 0, "b": "x"}})).await?;
    let first = revision(&bed).await?;
    let mut known = vec![first.clone()];
    for a in 1..=10 {
        set(&bed, &json!({"config": {"a": a}})).await?;
        known.push(revision(&bed).await?);
    }
    let revisions = bed.api::<ControllerRevision>();
    let kept = async || -> Result<Vec<String>> {
        let list = revisions.list(&ListParams::default()).await?;
        let ours = |it: &ControllerRevision| {
            it.metadata
                .labels
                .as_ref()
                .is_some_and(|it| it.contains_key("sluice.dev/connector-uid"))
        };
        Ok(list.items.into_iter().filter(ours).filter_map(|it| it.metadata.name).collect())
    };
    bed.until("the oldest to go", async || Ok(kept().await?.len() == 10)).await?;
    assert!(!kept().await?.contains(&first));

    set(&bed, &json!({"rollbackTo": known[2]})).await?;
    assert_eq!(revision(&bed).await?, known[2]);
    assert_eq!(bed.workers.world().connectors["orders"].config["a"], "2");
    // What the spec says meanwhile waits.
    set(&bed, &json!({"config": {"a": 99}})).await?;
    assert_eq!(revision(&bed).await?, known[2]);
    assert_eq!(bed.workers.world().connectors["orders"].config["a"], "2");
    set(&bed, &json!({"rollbackTo": first})).await?;
    bed.connector_is("orders", "Stalled=True InvalidSpec").await?;
    set(&bed, &json!({"rollbackTo": null})).await?;
    revision(&bed).await?;
    assert_eq!(bed.workers.world().connectors["orders"].config["a"], "99");

    bed.api::<KafkaConnector>().delete("orders", &DeleteParams::default()).await?;
    bed.until("the revisions to go", async || Ok(kept().await?.is_empty())).await
}
