//! Values that settings take from Secrets and ConfigMaps.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use k8s_openapi::api::core::v1::{ConfigMap, Pod, Secret};
use kube::Api;
use kube::api::{DeleteParams, ListParams, PostParams};
use serde_json::{Value, json};
use sluice_crds::KafkaConnector;
use sluice_kit::kubernetes::missing_for_control_plane;
use sluice_kit::require;

use crate::bed::Bed;
use crate::watches::without_timers;

async fn create<K>(bed: &Bed, object: &Value) -> Result<()>
where
    K: kube::Resource<Scope = k8s_openapi::NamespaceResourceScope, DynamicType = ()>
        + Clone
        + std::fmt::Debug
        + serde::Serialize
        + serde::de::DeserializeOwned,
{
    let api: Api<K> = bed.api();
    api.create(&PostParams::default(), &serde_json::from_value(object.clone())?).await?;
    Ok(())
}

/// What the workers are given, as text.
async fn carried(bed: &Bed) -> Result<BTreeMap<String, String>> {
    let secret = bed.api::<Secret>().get_opt("my-connect-connect-secrets").await?;
    let data = secret.and_then(|secret| secret.data).unwrap_or_default();
    data.into_iter().map(|(key, value)| Ok((key, String::from_utf8(value.0)?))).collect()
}

async fn until_carried(bed: &Bed, expected: &[(&str, &str)]) -> Result<()> {
    let expected: BTreeMap<String, String> =
        expected.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
    bed.until(&format!("{:?}", expected.keys()), async || Ok(carried(bed).await? == expected)).await
}

/// The version that the pods were told.
async fn told(bed: &Bed) -> Result<Vec<Option<String>>> {
    let pods = bed.api::<Pod>().list(&ListParams::default()).await?;
    let version = |pod: Pod| pod.metadata.annotations?.remove("sluice.dev/secrets-version");
    Ok(pods.items.into_iter().map(version).collect())
}

#[tokio::test]
async fn values_reach_the_workers_and_show_nowhere_else() -> Result<()> {
    require!(missing_for_control_plane());
    let bed = Bed::new().await?;
    bed.cluster("my-connect", &json!({})).await?;
    bed.ready_cluster("my-connect").await?;
    let secret =
        |password| json!({"metadata": {"name": "db"}, "stringData": {"password": password}});
    let config = json!({
        "password": {"secretKeyRef": {"name": "db", "key": "password"}},
        "url": {"configMapKeyRef": {"name": "db", "key": "url"}},
    });
    bed.connector("orders", &json!({"class": "X", "config": config})).await?;
    bed.connector_is("orders", "Stalled=True SecretNotFound").await?;
    create::<Secret>(&bed, &secret("hunter2")).await?;
    bed.connector_is("orders", "Stalled=True ConfigMapNotFound").await?;
    create::<ConfigMap>(&bed, &json!({"metadata": {"name": "db"}, "data": {"url": "h"}})).await?;
    let connector = bed.connector_is("orders", "Ready=True Running").await?;
    until_carried(&bed, &[("ConfigMap-db_url", "h"), ("db_password", "hunter2")]).await?;
    let known = bed.workers.world().connectors["orders"].config.clone();
    assert_eq!(known["password"], "${secrets:db:password}");
    assert_eq!(known["url"], "${secrets:ConfigMap-db:url}");
    let shown = serde_json::to_string(&connector)?;
    assert!(!shown.contains("hunter2"), "{shown}");
    let status = connector.status.context("a status")?;
    assert_eq!(status.references, ["Secret/db/password", "ConfigMap/db/url"]);

    // Another connector has the same value and one of its own.
    create::<Secret>(&bed, &json!({"metadata": {"name": "api"}, "stringData": {"token": "t"}}))
        .await?;
    let config = json!({"both": "${secrets:db:password} ${secrets:api:token}"});
    bed.connector("other", &json!({"class": "X", "config": config})).await?;
    let all = [("ConfigMap-db_url", "h"), ("api_token", "t"), ("db_password", "hunter2")];
    until_carried(&bed, &all).await?;
    bed.connector_is("other", "Ready=True Running").await?;

    // A new value is carried at once, and the kubelet is told.
    let before = told(&bed).await?;
    assert_eq!(before.len(), 2);
    let writes = bed.workers.world().writes;
    bed.change::<Secret>("db", &secret("correct horse")).await?;
    let all = [("ConfigMap-db_url", "h"), ("api_token", "t"), ("db_password", "correct horse")];
    until_carried(&bed, &all).await?;
    bed.until("the pods to be told", async || {
        let now = told(&bed).await?;
        Ok(now.iter().zip(&before).all(|(now, before)| now.is_some() && now != before))
    })
    .await?;
    bed.connector_is("orders", "Ready=True Running").await?;
    assert_eq!(bed.workers.world().writes, writes);

    // What nobody refers to any more goes; what another one refers to stays.
    bed.change::<KafkaConnector>("orders", &json!({"spec": {"config": {"url": null}}})).await?;
    until_carried(&bed, &[("api_token", "t"), ("db_password", "correct horse")]).await?;
    bed.api::<KafkaConnector>().delete("other", &DeleteParams::default()).await?;
    bed.gone::<KafkaConnector>("other").await?;
    until_carried(&bed, &[("db_password", "correct horse")]).await
}

#[tokio::test]
async fn values_that_somebody_deletes_are_carried_again_at_once() -> Result<()> {
    require!(missing_for_control_plane());
    let bed = Bed::with(without_timers).await?;
    create::<Secret>(&bed, &json!({"metadata": {"name": "db"}, "stringData": {"p": "hunter2"}}))
        .await?;
    bed.cluster("my-connect", &json!({})).await?;
    bed.ready_cluster("my-connect").await?;
    let config = json!({"password": {"secretKeyRef": {"name": "db", "key": "p"}}});
    bed.connector("orders", &json!({"class": "X", "config": config})).await?;
    bed.connector("other", &json!({"class": "X"})).await?;
    bed.connector_is("orders", "Ready=True Running").await?;
    until_carried(&bed, &[("db_p", "hunter2")]).await?;
    let secrets = bed.api::<Secret>();
    for _ in 0..2 {
        let name = "my-connect-connect-secrets";
        let before = secrets.get(name).await?.metadata.uid;
        secrets.delete(name, &DeleteParams::default()).await?;
        bed.until("another Secret", async || {
            let found = secrets.get_opt(name).await?;
            Ok(found.is_some_and(|it| it.metadata.uid != before))
        })
        .await?;
        until_carried(&bed, &[("db_p", "hunter2")]).await?;
    }
    Ok(())
}
