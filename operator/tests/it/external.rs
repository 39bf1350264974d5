//! Connectors of a Kafka Connect that the operator does not run.

use std::sync::Arc;

use anyhow::Result;
use k8s_openapi::api::core::v1::Secret;
use kube::api::{DeleteParams, PostParams};
use rustls::server::NoClientAuth;
use serde_json::json;
use sluice_crds::KafkaConnector;
use sluice_kit::kubernetes::missing_for_control_plane;
use sluice_kit::require;

use crate::access;
use crate::bed::Bed;

#[tokio::test]
async fn a_connector_runs_on_a_cluster_that_is_named_by_its_address() -> Result<()> {
    require!(missing_for_control_plane());
    let bed = Bed::new().await?;
    // admin:hunter2
    let address = bed.workers.serve_alone("Basic YWRtaW46aHVudGVyMg==").await?;
    let password = json!({"secretName": "admin", "password": "password"});
    let rest = json!({
        "endpoint": format!("http://{address}"),
        "authentication": {"type": "basic", "username": "admin", "passwordSecret": password},
    });
    bed.connector("orders", &json!({"class": "X", "connectRest": rest})).await?;
    bed.connector_is("orders", "Stalled=True SecretKeyNotFound").await?;
    let secret: Secret = serde_json::from_value(
        json!({"metadata": {"name": "admin"}, "stringData": {"password": "hunter2\n"}}),
    )?;
    bed.api::<Secret>().create(&PostParams::default(), &secret).await?;
    let connector = bed.connector_is("orders", "Ready=True Running").await?;
    let status = connector.status.unwrap_or_default();
    assert_eq!(status.cluster, Some(format!("http://{address}")));
    assert_eq!(status.selector, None);
    bed.change::<KafkaConnector>("orders", &json!({"spec": {"state": "stopped"}})).await?;
    bed.connector_is("orders", "Ready=True Stopped").await?;

    // Its way into a cluster of the operator's own is a change of the resource.
    bed.cluster("my-connect", &json!({})).await?;
    bed.cluster("other", &json!({})).await?;
    let change = json!({"spec": {"connectRest": null, "cluster": "other", "state": "running"},
        "metadata": {"labels": {"sluice.dev/cluster": null}}});
    bed.change::<KafkaConnector>("orders", &change).await?;
    bed.connector_is("orders", "Ready=True Running").await?;
    let names: Vec<String> = bed.workers.world().connectors.keys().cloned().collect();
    assert_eq!(names, ["other/orders"]);
    bed.api::<KafkaConnector>().delete("orders", &DeleteParams::default()).await?;
    bed.gone::<KafkaConnector>("orders").await
}

#[tokio::test]
async fn an_https_address_is_trusted_as_the_connector_says_and_not_otherwise() -> Result<()> {
    require!(missing_for_control_plane());
    let bed = Bed::new().await?;
    let pems = access::certificates()?;
    // admin:hunter2
    let behind = bed.workers.serve_alone("Basic YWRtaW46aHVudGVyMg==").await?;
    let address = access::secured(behind, &pems, Arc::new(NoClientAuth)).await?;
    let data = json!({"ca.crt": pems["ca.crt"], "other.crt": access::certificates()?["ca.crt"], "password": "hunter2"});
    let secret = json!({"metadata": {"name": "theirs"}, "stringData": data});
    bed.api::<Secret>().create(&PostParams::default(), &serde_json::from_value(secret)?).await?;
    let password = json!({"secretName": "theirs", "password": "password"});
    let rest = json!({
        "endpoint": format!("https://{address}"),
        "authentication": {"type": "basic", "username": "admin", "passwordSecret": password},
    });
    bed.connector("orders", &json!({"class": "X", "connectRest": rest})).await?;
    bed.connector_is("orders", "Ready=False WorkersUnreachable").await?;
    let trust = |key: &str| {
        let tls = json!({"trustedCertificates": [{"secretName": "theirs", "certificate": key}]});
        json!({"spec": {"connectRest": {"tls": tls}}})
    };
    bed.change::<KafkaConnector>("orders", &trust("other.crt")).await?;
    bed.connector_is("orders", "Ready=False WorkersUnreachable").await?;
    assert_eq!(bed.workers.world().writes, 0, "nothing was sent to who is not trusted");
    bed.change::<KafkaConnector>("orders", &trust("ca.crt")).await?;
    bed.connector_is("orders", "Ready=True Running").await?;
    bed.api::<KafkaConnector>().delete("orders", &DeleteParams::default()).await?;
    bed.gone::<KafkaConnector>("orders").await
}
