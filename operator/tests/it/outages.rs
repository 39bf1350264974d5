//! An API server that is away: running connectors do not notice, and the operator comes back by itself.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use k8s_openapi::api::core::v1::Secret;
use kube::api::PostParams;
use serde_json::json;
use sluice_kit::kubernetes::missing_for_control_plane;
use sluice_kit::require;
use sluice_rest_model::State;
use tempfile::TempDir;
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::{Instant, interval};

use crate::applied::{soak, versions};
use crate::bed::{Bed, shared_plane};
use crate::process::{Operator, QUICK};

/// Long enough that the lead is lost and connections are tried again and again.
const SHORT: Duration = Duration::from_secs(20);
const LONG: Duration = Duration::from_mins(5);
/// Questions to the group without a change, after which nothing more is to come.
const REST: u32 = 3;

/// The way to the API server, which can be cut.
struct Line {
    address: String,
    server: String,
    folder: TempDir,
    connections: JoinSet<()>,
}

impl Line {
    async fn open() -> Result<Self> {
        let text = std::fs::read_to_string(shared_plane().await?.kubeconfig())?;
        let (_, rest) = text.split_once("https://").context("the server of the kubeconfig")?;
        let server = rest.split_whitespace().next().unwrap_or_default();
        let server = server.trim_matches(['"', '\'', '/', ',']).to_owned();
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?.to_string();
        let folder = tempfile::tempdir()?;
        std::fs::write(folder.path().join("kubeconfig"), text.replace(&server, &address))?;
        let mut line = Self { address, server, folder, connections: JoinSet::new() };
        line.connections.spawn(forward(listener, line.server.clone()));
        Ok(line)
    }

    fn kubeconfig(&self) -> PathBuf {
        self.folder.path().join("kubeconfig")
    }

    /// Ends all connections, and refuses others.
    async fn cut(&mut self) {
        self.connections.shutdown().await;
    }

    async fn mend(&mut self) -> Result<()> {
        let listener = TcpListener::bind(&self.address).await?;
        self.connections.spawn(forward(listener, self.server.clone()));
        Ok(())
    }
}

async fn forward(listener: TcpListener, server: String) {
    let mut connections = JoinSet::new();
    while let Ok((mut near, _)) = listener.accept().await {
        let server = server.clone();
        connections.spawn(async move {
            let mut far = TcpStream::connect(server).await?;
            copy_bidirectional(&mut near, &mut far).await
        });
    }
}

/// Waits until nothing has moved for a while, and gives the versions of everything.
async fn at_rest(bed: &Bed) -> Result<Vec<(String, Option<String>)>> {
    let mut seen = (Vec::new(), 0);
    bed.until("everything to be at rest", async || {
        let (now, polls) = (versions(bed).await?, bed.workers.world().polls);
        if now != seen.0 {
            seen = (now, polls);
        }
        Ok(polls >= seen.1 + REST)
    })
    .await?;
    Ok(seen.0)
}

#[tokio::test]
async fn an_api_server_that_was_away_finds_everything_as_it_was() -> Result<()> {
    require!(missing_for_control_plane());
    let (bed, mut line) = (Bed::idle().await?, Line::open().await?);
    let (workers, _server) = bed.workers.serve().await?;
    let workers = [format!("--worker-url=http://{workers}/{{cluster}}")];
    let mut operator = Operator::start(&line.kubeconfig(), &bed.namespace, QUICK, &workers).await?;
    let secret: Secret = serde_json::from_value(
        json!({"metadata": {"name": "user"}, "stringData": {"password": "hunter2"}}),
    )?;
    bed.api::<Secret>().create(&PostParams::default(), &secret).await?;
    bed.cluster("my-connect", &json!({})).await?;
    bed.ready_cluster("my-connect").await?;
    let held = json!({"p": {"secretKeyRef": {"name": "user", "key": "password"}}});
    bed.connector("orders", &json!({"class": "X", "config": held})).await?;
    bed.connector("rests", &json!({"class": "X", "state": "paused"})).await?;
    bed.connector_is("orders", "Ready=True Running").await?;
    bed.connector_is("rests", "Ready=True Paused").await?;
    let (before, writes) = (at_rest(&bed).await?, bed.workers.world().writes);

    line.cut().await;
    let end = Instant::now() + soak().map_or(SHORT, |_| LONG);
    let mut pace = interval(Duration::from_millis(500));
    while Instant::now() < end {
        pace.tick().await;
        operator.check()?;
        ensure!(bed.workers.world().writes == writes, "the workers were told to change");
    }
    ensure!(!operator.leads().await, "it leads without a Lease");
    line.mend().await?;
    let took = operator.until_leads(true).await?;
    eprintln!("leads again after {took:?}");

    let after = at_rest(&bed).await?;
    let moved: Vec<_> = after.iter().filter(|it| !before.contains(it)).collect();
    ensure!(after == before, "something moved: {moved:?}");
    ensure!(bed.workers.world().writes == writes, "the workers were told to change");
    operator.check()?;
    bed.workers.world().set_task("orders", State::Failed);
    bed.connector_is("orders", "Ready=False TaskFailed").await?;
    bed.connector("new", &json!({"class": "X"})).await?;
    bed.connector_is("new", "Ready=True Running").await.map(drop)
}
