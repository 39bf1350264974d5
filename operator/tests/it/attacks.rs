//! What somebody may try who can write resources of a namespace: nothing beyond it is asked for, and nobody else loses
//! anything.

use anyhow::{Context, Result, ensure};
use k8s_openapi::api::core::v1::Pod;
use k8s_openapi::api::events::v1::Event;
use kube::ResourceExt;
use kube::api::{ListParams, Patch, PatchParams, PostParams};
use serde_json::{Value, json};
use sluice_crds::{KafkaConnect, KafkaConnector};
use sluice_kit::kubernetes::missing_for_control_plane;
use sluice_kit::require;
use sluice_rest_model::ConnectorOffsets;

use crate::bed::{Bed, create_namespace, shared_plane, words};
use crate::costs::Requests;

/// Names that would be a part of the path.
const HOSTILE: [&str; 4] =
    ["../../default/secrets/x", "x/../../../default/configmaps/y", "..", "%2e%2e%2fsecrets"];

/// Specs of clusters that name something, each field in turn.
fn clusters(name: &str) -> Vec<Value> {
    let trusted = json!([{"secretName": name, "certificate": "ca.crt"}]);
    let password = json!({"secretName": name, "password": "p"});
    vec![
        json!({"tls": {"trustedCertificates": trusted}}),
        json!({"authentication": {"type": "plain", "username": "u", "passwordSecret": password}}),
        json!({"rest": {"tls": {"secretName": name}}}),
        json!({"logging": {"type": "external", "valueFrom": {
            "configMapKeyRef": {"name": name, "key": "levels"},
        }}}),
    ]
}

/// The same of connectors.
fn connectors(name: &str) -> Vec<Value> {
    let key = json!({"name": name, "key": "p"});
    let password = json!({"secretName": name, "password": "p"});
    vec![
        json!({"class": "X", "config": {"p": {"secretKeyRef": key}}}),
        json!({"class": "X", "config": {"p": {"configMapKeyRef": key}}}),
        json!({"class": "X", "config": {"p": format!("${{secrets:{name}:p}}")}}),
        json!({"class": "X", "rollbackTo": name}),
        json!({"class": "X", "listOffsets": {"toConfigMap": {"name": name}}}),
        json!({"class": "X", "connectRest": {
            "endpoint": "http://127.0.0.1:1",
            "authentication": {"type": "basic", "username": "u", "passwordSecret": password},
        }}),
    ]
}

#[tokio::test]
async fn names_that_lead_elsewhere_are_asked_for_nowhere() -> Result<()> {
    require!(missing_for_control_plane());
    let client = shared_plane().await?.client().await?;
    let namespace = create_namespace(&client).await?;
    let requests = Requests::default();
    let bed = Bed::within(client, namespace.clone(), requests.client().await?).await?;
    bed.cluster("my-connect", &json!({})).await?;
    bed.ready_cluster("my-connect").await?;
    let mut made = 0;
    for (number, name) in HOSTILE.into_iter().enumerate() {
        for (field, spec) in clusters(name).into_iter().enumerate() {
            // What the API server refuses by itself is fine as well.
            made += u32::from(bed.cluster(&format!("a-{number}-{field}"), &spec).await.is_ok());
        }
        for (field, spec) in connectors(name).into_iter().enumerate() {
            let object = format!("a-{number}-{field}");
            if bed.connector(&object, &spec).await.is_ok() {
                made += 1;
                let list = json!({"metadata": {"annotations": {
                    "sluice.dev/connector-offsets": "list",
                }}});
                bed.change::<KafkaConnector>(&object, &list).await?;
            }
        }
    }
    ensure!(made > 0, "nothing was tried");
    bed.until("a look at all", async || {
        let clusters = bed.api::<KafkaConnect>().list(&ListParams::default()).await?;
        let connectors = bed.api::<KafkaConnector>().list(&ListParams::default()).await?;
        let seen =
            clusters.iter().map(|it| it.status.as_ref().and_then(|it| it.observed_generation));
        let others = connectors
            .iter()
            .map(|it| it.status.as_ref().and_then(|status| status.observed_generation));
        Ok(seen.chain(others).all(|seen| seen.is_some_and(|generation| generation > 0)))
    })
    .await?;
    let here = format!("/namespaces/{namespace}/");
    for request in requests.all() {
        let elsewhere = request.contains("..") || request.contains('%');
        let inside = request.contains(&here) || !request.contains("/namespaces/");
        ensure!(inside && !elsewhere, "{request}");
    }
    Ok(())
}

#[tokio::test]
async fn a_status_that_names_another_connector_takes_nothing_from_it() -> Result<()> {
    require!(missing_for_control_plane());
    let bed = Bed::new().await?;
    bed.cluster("my-connect", &json!({})).await?;
    bed.ready_cluster("my-connect").await?;
    for name in ["evil", "victim"] {
        bed.connector(name, &json!({"class": "X"})).await?;
        bed.connector_is(name, "Ready=True Running").await?;
    }
    let positions: ConnectorOffsets =
        serde_json::from_value(json!({"offsets": [{"partition": {"p": 1}, "offset": {"o": 7}}]}))?;
    if let Some(victim) = bed.workers.world().connectors.get_mut("victim") {
        victim.offsets = positions.clone();
    }
    let connectors = bed.api::<KafkaConnector>();
    let named = async || -> Result<Option<String>> {
        Ok(connectors.get_status("evil").await?.status.and_then(|status| status.name))
    };
    let spoof = Patch::Merge(json!({"status": {"name": "victim"}}));
    connectors.patch_status("evil", &PatchParams::default(), &spoof).await?;
    bed.until("the truth in the status", async || Ok(named().await?.as_deref() == Some("evil")))
        .await?;
    connectors.patch_status("evil", &PatchParams::default(), &spoof).await?;
    connectors.delete("evil", &kube::api::DeleteParams::default()).await?;
    bed.gone::<KafkaConnector>("evil").await?;
    let victim = bed.workers.world().connectors.get("victim").map(|it| it.offsets.clone());
    assert_eq!(victim, Some(positions), "it was deleted");
    Ok(())
}

#[tokio::test]
async fn a_pod_that_only_looks_like_a_worker_is_left_alone() -> Result<()> {
    require!(missing_for_control_plane());
    let bed = Bed::new().await?;
    let cluster = bed.cluster("my-connect", &json!({"replicas": 1})).await?;
    bed.ready_cluster("my-connect").await?;
    let pods = bed.api::<Pod>();
    let real = pods.get("my-connect-connect-0").await?;
    let spoofed = json!({
        "metadata": {"name": "spoofed-7", "labels": real.labels()},
        "spec": {
            "securityContext": {"runAsNonRoot": true, "seccompProfile": {"type": "RuntimeDefault"}},
            "containers": [{"name": "connect", "image": "i", "securityContext": {
                "allowPrivilegeEscalation": false,
                "capabilities": {"drop": ["ALL"]},
            }}],
        },
    });
    let spoofed = pods.create(&PostParams::default(), &serde_json::from_value(spoofed)?).await?;
    let ask = json!({"metadata": {"annotations": {"sluice.dev/manual-rolling-update": "true"}}});
    bed.change::<KafkaConnect>("my-connect", &ask).await?;
    bed.until("the worker to be replaced", async || {
        bed.make_pods_ready().await?;
        let now = pods.get_opt("my-connect-connect-0").await?;
        Ok(now.is_some_and(|it| it.uid() != real.uid()))
    })
    .await?;
    let cluster = bed.ready_cluster(&cluster.name_any()).await?;
    let members = cluster.status.context("a status")?.members;
    assert_eq!(
        members.iter().map(|it| it.name.as_str()).collect::<Vec<_>>(),
        ["my-connect-connect-0"]
    );
    let now = pods.get("spoofed-7").await?;
    assert_eq!((now.uid(), now.annotations()), (spoofed.uid(), spoofed.annotations()));
    Ok(())
}

#[tokio::test]
async fn what_pod_security_forbids_never_becomes_a_pod() -> Result<()> {
    require!(missing_for_control_plane());
    let bed = Bed::new().await?;
    let container =
        |security: Value| json!({"containers": [{"name": "connect", "securityContext": security}]});
    for (number, spec) in [
        json!({"hostNetwork": true}),
        json!({"hostPID": true}),
        json!({"volumes": [{"name": "host", "hostPath": {"path": "/"}}]}),
        container(json!({"privileged": true})),
        container(json!({"runAsUser": 0, "runAsNonRoot": false})),
        container(json!({"capabilities": {"add": ["SYS_ADMIN"]}})),
    ]
    .into_iter()
    .enumerate()
    {
        let template = json!({"template": {"podTemplate": {"spec": spec}}});
        bed.cluster(&format!("c-{number}"), &template).await?;
    }
    for number in 0..6 {
        let (name, set) = (format!("c-{number}"), format!("c-{number}-connect"));
        bed.until(&format!("a refusal of {name}"), async || {
            let events = bed.api::<Event>().list(&ListParams::default()).await?;
            let is_refusal = |it: &Event| {
                let about = it.regarding.as_ref().and_then(|it| it.name.as_deref());
                about == Some(set.as_str()) && it.reason.as_deref() == Some("FailedCreate")
            };
            let cluster: KafkaConnect = bed.api().get(&name).await?;
            let conditions = words(&cluster.status.unwrap_or_default().conditions);
            // Some of it is refused before anything is made.
            let stalls = conditions.iter().any(|it| it.starts_with("Stalled=True"));
            Ok(stalls || events.iter().any(is_refusal))
        })
        .await?;
    }
    let pods = bed.api::<Pod>().list(&ListParams::default()).await?;
    ensure!(
        pods.items.is_empty(),
        "{:?}",
        pods.iter().map(ResourceExt::name_any).collect::<Vec<_>>()
    );
    Ok(())
}
