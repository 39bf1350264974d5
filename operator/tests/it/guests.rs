//! Connectors of other namespaces than their cluster's: only where it lets them in, and with nothing but their own.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use k8s_openapi::api::core::v1::Secret;
use kube::ResourceExt;
use kube::api::{DeleteParams, Patch, PatchParams, PostParams};
use serde_json::{Value, json};
use sluice_crds::{KafkaConnect, KafkaConnector};
use sluice_kit::kubernetes::missing_for_control_plane;
use sluice_kit::require;

use crate::bed::Bed;
use crate::workers::Connector;

/// A namespace with the cluster `my-connect` and an operator, which serves another one as well.
async fn two() -> Result<(Bed, Bed)> {
    let team = Bed::idle().await?;
    let home = team.namespace.clone();
    let central = Bed::with(|settings| settings.namespaces.push(home)).await?;
    central.cluster("my-connect", &json!({})).await?;
    central.ready_cluster("my-connect").await?;
    Ok((central, team))
}

async fn let_in(central: &Bed, names: &[&str]) -> Result<()> {
    let change = json!({"spec": {"allowedNamespaces": {"names": names}}});
    central.change::<KafkaConnect>("my-connect", &change).await?;
    central.ready_cluster("my-connect").await.map(drop)
}

/// A connector of the team on a cluster of the other namespace.
async fn guest(central: &Bed, team: &Bed, name: &str, spec: &Value) -> Result<()> {
    let mut spec = spec.clone();
    spec["class"] = json!("X");
    spec["clusterNamespace"] = json!(central.namespace);
    team.connector(name, &spec).await.map(drop)
}

async fn secret(bed: &Bed, value: &str) -> Result<()> {
    let secret = json!({"metadata": {"name": "db"}, "stringData": {"password": value}});
    let api = bed.api::<Secret>();
    api.create(&PostParams::default(), &serde_json::from_value(secret)?).await?;
    Ok(())
}

/// What the workers of the cluster are given.
async fn carried(central: &Bed) -> Result<BTreeMap<String, String>> {
    let secret = central.api::<Secret>().get_opt("my-connect-connect-secrets").await?;
    let data = secret.and_then(|secret| secret.data).unwrap_or_default();
    data.into_iter().map(|(key, value)| Ok((key, String::from_utf8(value.0)?))).collect()
}

async fn until_carried(central: &Bed, expected: &[(String, &str)]) -> Result<()> {
    let expected: BTreeMap<String, String> =
        expected.iter().map(|(key, value)| (key.clone(), (*value).to_owned())).collect();
    let what = format!("{:?}", expected.keys());
    central.until(&what, async || Ok(carried(central).await? == expected)).await
}

fn names(central: &Bed) -> Vec<String> {
    central.workers.world().connectors.keys().cloned().collect()
}

async fn message(team: &Bed, name: &str) -> Result<String> {
    let connector: KafkaConnector = team.api().get(name).await?;
    let conditions = connector.status.unwrap_or_default().conditions;
    let ready = conditions.iter().find(|it| it.type_ == "Ready").context("Ready")?;
    Ok(ready.message.clone())
}

async fn delete(team: &Bed, name: &str) -> Result<()> {
    team.api::<KafkaConnector>().delete(name, &DeleteParams::default()).await?;
    team.gone::<KafkaConnector>(name).await
}

fn password() -> Value {
    json!({"password": {"secretKeyRef": {"name": "db", "key": "password"}}})
}

#[tokio::test]
async fn a_connector_runs_on_a_cluster_of_another_namespace_that_lets_it_in() -> Result<()> {
    require!(missing_for_control_plane());
    let (central, team) = two().await?;
    secret(&central, "of the cluster").await?;
    secret(&team, "of the team").await?;
    guest(&central, &team, "orders", &json!({"config": password()})).await?;
    team.connector_is("orders", "Reconciling=True ClusterNotFound").await?;
    assert!(names(&central).is_empty() && carried(&central).await?.is_empty());

    let_in(&central, &["some-other", &team.namespace]).await?;
    let connector = team.connector_is("orders", "Ready=True Running").await?;
    let status = connector.status.context("a status")?;
    assert_eq!(status.cluster.as_deref(), Some("my-connect"));
    assert_eq!(status.cluster_namespace.as_deref(), Some(central.namespace.as_str()));
    let key = format!("Namespace-{}.db_password", team.namespace);
    until_carried(&central, &[(key.clone(), "of the team")]).await?;
    let shown = central.workers.world().connectors["orders"].config["password"].clone();
    assert_eq!(shown, format!("${{secrets:Namespace-{}.db:password}}", team.namespace));

    // A connector of the cluster's own namespace has the value of its own, under the same names.
    central.connector("local", &json!({"class": "X", "config": password()})).await?;
    central.connector_is("local", "Ready=True Running").await?;
    let own = ("db_password".to_owned(), "of the cluster");
    until_carried(&central, &[(key.clone(), "of the team"), own.clone()]).await?;
    team.change::<Secret>("db", &json!({"stringData": {"password": "changed"}})).await?;
    until_carried(&central, &[(key, "changed"), own.clone()]).await?;

    delete(&team, "orders").await?;
    assert_eq!(names(&central), ["local"]);
    until_carried(&central, &[own]).await
}

#[tokio::test]
async fn who_is_not_let_in_learns_nothing_and_takes_nothing() -> Result<()> {
    require!(missing_for_control_plane());
    let (central, team) = two().await?;
    central.connector("victim", &json!({"class": "X"})).await?;
    central.connector_is("victim", "Ready=True Running").await?;
    let stray = Connector::running([("connector.class".to_owned(), "X".to_owned())].into());
    central.workers.world().connectors.insert("stray".to_owned(), stray);
    secret(&team, "of the team").await?;

    // A cluster that there is, and one that there is not: the same words.
    for (name, cluster) in [("there", "my-connect"), ("nowhere", "my-nowhere")] {
        guest(&central, &team, name, &json!({"config": password(), "name": "stray"})).await?;
        let label = json!({"metadata": {"labels": {"sluice.dev/cluster": cluster}}});
        team.change::<KafkaConnector>(name, &label).await?;
        team.until(&format!("the end of {name}"), async || {
            Ok(message(&team, name).await.is_ok_and(|it| it.contains(cluster)))
        })
        .await?;
        team.connector_is(name, "Reconciling=True ClusterNotFound").await?;
    }
    let told = message(&team, "there").await?;
    assert_eq!(told, message(&team, "nowhere").await?.replace("my-nowhere", "my-connect"));

    // A status that says that it is there already does not help, whatever is done with the resource then.
    let connectors = team.api::<KafkaConnector>();
    for victim in ["victim", "stray"] {
        let status = json!({"cluster": "my-connect", "clusterNamespace": central.namespace,
            "name": victim, "references": ["Secret/db/password"]});
        let spoof = Patch::Merge(json!({"status": status}));
        connectors.patch_status("there", &PatchParams::default(), &spoof).await?;
        let elsewhere = json!({"spec": {"clusterNamespace": null, "tasksMax": 3}});
        team.change::<KafkaConnector>("there", &elsewhere).await?;
        team.connector_is("there", "Reconciling=True ClusterNotFound").await?;
        connectors.patch_status("there", &PatchParams::default(), &spoof).await?;
        delete(&team, "there").await?;
        guest(&central, &team, "there", &json!({"name": victim})).await?;
    }
    assert_eq!(names(&central), ["stray", "victim"]);
    assert!(carried(&central).await?.is_empty());

    // A cluster that lets everybody in, and that this operator does not serve.
    let unserved = Bed::idle().await?;
    let spec = json!({"allowedNamespaces": {"names": ["*"]}});
    unserved.cluster("my-connect", &spec).await?;
    guest(&unserved, &team, "unserved", &json!({})).await?;
    team.connector_is("unserved", "Reconciling=True ClusterNotFound").await.map(drop)
}

#[tokio::test]
async fn a_connector_of_another_namespace_takes_no_place_and_no_value_of_others() -> Result<()> {
    require!(missing_for_control_plane());
    let (central, team) = two().await?;
    let_in(&central, &["*"]).await?;
    central.connector("orders", &json!({"class": "X", "config": {"a": "1"}})).await?;
    central.connector_is("orders", "Ready=True Running").await?;
    guest(&central, &team, "orders", &json!({"config": {"a": "2"}})).await?;
    team.connector_is("orders", "Stalled=True NameTaken").await?;
    let told = message(&team, "orders").await?;
    assert!(!told.contains(&central.namespace), "{told}");
    delete(&team, "orders").await?;
    assert_eq!(central.workers.world().connectors["orders"].config["a"], "1");

    let by_hand = format!("${{secrets:Namespace-{}.db:password}}", team.namespace);
    let folder = "${sluice:/etc/sluice-secrets:db_password}";
    for (number, text) in
        [by_hand.as_str(), folder, "${env:PASSWORD}", "${file:/etc/x:y}"].iter().enumerate()
    {
        let name = format!("reads-{number}");
        guest(&central, &team, &name, &json!({"config": {"a": text}})).await?;
        team.connector_is(&name, "Stalled=True InvalidSpec").await?;
    }
    // Nor do those of the cluster's own namespace get what was carried for others.
    central.connector("reads", &json!({"class": "X", "config": {"a": by_hand}})).await?;
    central.connector_is("reads", "Stalled=True InvalidSpec").await?;
    assert_eq!(names(&central), ["orders"]);
    Ok(())
}

#[tokio::test]
async fn who_is_no_longer_let_in_loses_the_connector_to_the_cluster() -> Result<()> {
    require!(missing_for_control_plane());
    let (central, team) = two().await?;
    let_in(&central, &[&team.namespace]).await?;
    for name in ["first", "second"] {
        guest(&central, &team, name, &json!({})).await?;
        team.connector_is(name, "Ready=True Running").await?;
    }
    // While they are let in they are nobody's strays.
    let strict = json!({"spec": {"unmanagedConnectors": "Delete"}});
    central.change::<KafkaConnect>("my-connect", &strict).await?;
    let stray = Connector::running(BTreeMap::new());
    central.workers.world().connectors.insert("stray".to_owned(), stray);
    central
        .until("the stray to go", async || Ok(!names(&central).contains(&"stray".to_owned())))
        .await?;
    assert_eq!(names(&central), ["first", "second"]);

    let kind = json!({"spec": {"unmanagedConnectors": null}});
    central.change::<KafkaConnect>("my-connect", &kind).await?;
    let_in(&central, &[]).await?;
    team.connector_is("first", "Reconciling=True ClusterNotFound").await?;
    delete(&team, "first").await?;
    assert_eq!(names(&central), ["first", "second"], "they run on until the cluster's owner says");
    central.change::<KafkaConnect>("my-connect", &strict).await?;
    central.until("all to go", async || Ok(names(&central).is_empty())).await?;
    let second: KafkaConnector = team.api().get("second").await?;
    assert!(second.finalizers().contains(&"sluice.dev/connector".to_owned()));
    delete(&team, "second").await
}
