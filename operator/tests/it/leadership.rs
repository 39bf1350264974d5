//! Two operators as processes: one works, and the other takes over when it dies, stops or is robbed of its Lease.

use std::time::Duration;

use anyhow::{Result, ensure};
use k8s_openapi::api::coordination::v1::Lease;
use kube::api::{Patch, PatchParams, PostParams};
use kube::{Api, Client};
use serde_json::json;
use sluice_crds::KafkaConnect;
use sluice_kit::kubernetes::missing_for_control_plane;
use sluice_kit::{require, wait};

use crate::bed::{cluster, create_namespace, shared_plane};
use crate::process::{Operator, QUICK};
use crate::program::until_answer;

/// How long anything may take on a busy machine.
const PATIENCE: Duration = Duration::from_mins(1);
/// Lease, renewal and retry in seconds by default.
const USUAL: [u64; 3] = [15, 10, 2];

/// One that watches a namespace, with its Lease there.
async fn start(namespace: &str, times: [u64; 3]) -> Result<Operator> {
    Operator::start(shared_plane().await?.kubeconfig(), namespace, times, &[]).await
}

/// A namespace with a leader and one that stands by.
async fn pair(times: [u64; 3]) -> Result<(Client, String, Operator, Operator)> {
    let client = shared_plane().await?.client().await?;
    let namespace = create_namespace(&client).await?;
    let leader = start(&namespace, times).await?;
    leader.until_leads(true).await?;
    let standby = start(&namespace, times).await?;
    ensure!(!standby.leads().await, "both lead");
    Ok((client, namespace, leader, standby))
}

/// Waits until somebody has looked at a new cluster.
async fn is_worked_on(client: &Client, namespace: &str) -> Result<()> {
    let clusters: Api<KafkaConnect> = Api::namespaced(client.clone(), namespace);
    let object = serde_json::from_value(cluster("seen", &json!({"config": {"group.id": "x"}})))?;
    clusters.create(&PostParams::default(), &object).await?;
    wait::until_ok(PATIENCE, "somebody to work", async || {
        let status = clusters.get_status("seen").await?.status.unwrap_or_default();
        ensure!(status.observed_generation == Some(1), "nobody works");
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_leader_that_is_killed_is_followed_once_its_lease_has_run_out() -> Result<()> {
    require!(missing_for_control_plane());
    let (client, namespace, mut leader, standby) = pair(QUICK).await?;
    leader.signal("-KILL").await?;
    leader.process.wait().await?;
    let took = standby.until_leads(true).await?;
    eprintln!("taken over {took:?} after the kill");
    let [lease, renew, _] = QUICK;
    ensure!(took >= Duration::from_secs(lease - renew), "too early: after {took:?}");
    ensure!(took < Duration::from_secs(2 * lease), "too late: after {took:?}");
    is_worked_on(&client, &namespace).await
}

#[tokio::test]
async fn a_leader_that_stops_hands_over_at_once() -> Result<()> {
    require!(missing_for_control_plane());
    let (client, namespace, mut leader, standby) = pair(USUAL).await?;
    leader.signal("-TERM").await?;
    let took = standby.until_leads(true).await?;
    eprintln!("handed over in {took:?}");
    let [lease, ..] = USUAL;
    ensure!(took < Duration::from_secs(lease / 2), "the lease was not released: {took:?}");
    ensure!(leader.process.wait().await?.success(), "the leader did not end well");
    is_worked_on(&client, &namespace).await
}

#[tokio::test]
async fn a_leader_that_loses_its_lease_stops_and_stands_by() -> Result<()> {
    require!(missing_for_control_plane());
    let client = shared_plane().await?.client().await?;
    let namespace = create_namespace(&client).await?;
    let operator = start(&namespace, QUICK).await?;
    operator.until_leads(true).await?;
    let leases: Api<Lease> = Api::namespaced(client.clone(), &namespace);
    let theirs = json!({"spec": {"holderIdentity": "somebody"}});
    leases.patch("sluice-operator", &PatchParams::default(), &Patch::Merge(theirs)).await?;
    operator.until_leads(false).await?;
    until_answer(operator.port, "/readyz", "HTTP/1.1 200").await?;
    // Somebody never renews.
    operator.until_leads(true).await?;
    let transitions = leases.get("sluice-operator").await?.spec.and_then(|it| it.lease_transitions);
    assert_eq!(transitions, Some(1), "the way back is a change of hands");
    is_worked_on(&client, &namespace).await
}
