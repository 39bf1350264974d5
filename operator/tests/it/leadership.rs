//! Two operators as processes: one works, and the other takes over when it dies, stops or is robbed of its Lease.

use std::net::TcpListener;
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use k8s_openapi::api::coordination::v1::Lease;
use kube::api::{Patch, PatchParams, PostParams};
use kube::{Api, Client};
use serde_json::json;
use sluice_crds::KafkaConnect;
use sluice_kit::kubernetes::missing_for_control_plane;
use sluice_kit::{require, wait};
use tokio::process::{Child, Command};
use tokio::time::Instant;

use crate::bed::{cluster, create_namespace, shared_plane};
use crate::program::{get, until_answer};

/// How long anything may take on a busy machine.
const PATIENCE: Duration = Duration::from_mins(1);
/// Lease, renewal and retry in seconds: the least that the documentation speaks of.
const QUICK: [u64; 3] = [4, 3, 1];
/// The defaults.
const USUAL: [u64; 3] = [15, 10, 2];
const LEADS: &str = "\nsluice_operator_leader 1\n";

struct Operator {
    process: Child,
    port: u16,
}

impl Operator {
    /// Starts one and waits until it is ready, to lead or to stand by.
    async fn start(namespace: &str, [lease, renew, retry]: [u64; 3]) -> Result<Self> {
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let process = Command::new(env!("CARGO_BIN_EXE_sluice-operator"))
            .args([
                format!("--address=127.0.0.1:{port}"),
                format!("--watch-namespace={namespace}"),
                format!("--lease-namespace={namespace}"),
                format!("--lease-duration={lease}"),
                format!("--renew-deadline={renew}"),
            ])
            .env("SLUICE_RETRY_PERIOD", retry.to_string())
            .env("KUBECONFIG", shared_plane().await?.kubeconfig())
            .stdout(Stdio::null())
            .kill_on_drop(true)
            .spawn()?;
        until_answer(port, "/readyz", "HTTP/1.1 200").await?;
        Ok(Self { process, port })
    }

    async fn leads(&self) -> bool {
        get(self.port, "/metrics").await.is_ok_and(|text| text.contains(LEADS))
    }

    /// Waits until it leads, or no longer does; says how long that took.
    async fn until_leads(&self, expected: bool) -> Result<Duration> {
        let start = Instant::now();
        let what = format!("an operator to lead: {expected}");
        wait::until(PATIENCE, &what, async || self.leads().await == expected).await?;
        Ok(start.elapsed())
    }

    async fn signal(&self, signal: &str) -> Result<()> {
        let process = self.process.id().context("a running operator")?.to_string();
        Command::new("kill").args([signal, &process]).status().await?;
        Ok(())
    }
}

/// A namespace with a leader and one that stands by.
async fn pair(times: [u64; 3]) -> Result<(Client, String, Operator, Operator)> {
    let client = shared_plane().await?.client().await?;
    let namespace = create_namespace(&client).await?;
    let leader = Operator::start(&namespace, times).await?;
    leader.until_leads(true).await?;
    let standby = Operator::start(&namespace, times).await?;
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
    let operator = Operator::start(&namespace, QUICK).await?;
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
