//! Start-up and size: how soon a worker is healthy, and what it holds while it has nothing to do.

use std::{fs, path::Path, time::Duration};

use anyhow::{Context, Result};
use sluice_kit::{
    binaries,
    connect::{ConnectWorker, WorkerFile},
    kubernetes::ControlPlane,
    ports, wait,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    process::{Child, Command},
    time::sleep,
};

use crate::{
    broker::Broker,
    process::{self, Memory},
    workers::{self, Side},
};

/// How long a process may settle before its memory counts.
pub(crate) const SETTLED: Duration = Duration::from_secs(5);
/// How long its idle processor time is measured.
pub(crate) const IDLE: Duration = Duration::from_secs(10);
const PATIENCE: Duration = Duration::from_mins(1);

/// What one worker needs.
#[derive(Clone, Debug)]
pub(crate) struct Footprint {
    pub(crate) side: Side,
    /// Milliseconds from exec to `/health` 200, run by run.
    pub(crate) starts: Vec<f64>,
    pub(crate) idle: Idle,
}

/// A process without work.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Idle {
    pub(crate) memory: Memory,
    /// Share of a core.
    pub(crate) cpu: f64,
}

/// Starts a worker `runs` times in turns with nothing else, after one start that makes its internal topics.
pub(crate) async fn worker(
    side: Side,
    broker: &Broker,
    plugins: &Path,
    runs: usize,
) -> Result<Footprint> {
    let group = format!("footprint-{side:?}").to_lowercase();
    let file = workers::file(&broker.server.bootstrap(), &group, plugins, plugins);
    let mut starts = Vec::new();
    started(side, &file).await?.1.stop().await?;
    for _ in 0..runs {
        let (took, worker) = started(side, &file).await?;
        starts.push(took.as_secs_f64() * 1e3);
        worker.stop().await?;
    }
    let (_, worker) = started(side, &file).await?;
    let idle = idle(worker.process_id()).await?;
    worker.stop().await?;
    Ok(Footprint { side, starts, idle })
}

async fn started(side: Side, file: &WorkerFile) -> Result<(Duration, ConnectWorker)> {
    let worker = ConnectWorker::start(file, &side.launch(None)?).await?;
    Ok((workers::healthy(&worker).await?, worker))
}

/// What a process takes while it has nothing to do.
pub(crate) async fn idle(process: u32) -> Result<Idle> {
    sleep(SETTLED).await;
    let before = process::cpu(process)?;
    sleep(IDLE).await;
    let cpu = (process::cpu(process)? - before) / IDLE.as_secs_f64();
    Ok(Idle { memory: process::memory(process)?, cpu })
}

/// The operator with its resources known and none of them there.
pub(crate) async fn operator() -> Result<Idle> {
    let plane = ControlPlane::start().await?;
    for definition in sluice_crds::definitions() {
        plane.kubectl().apply(&definition.text()).await?;
    }
    let address = format!("127.0.0.1:{}", ports::free()?);
    let mut operator: Child = Command::new(binaries::release_binary("sluice-operator")?)
        .args(["--address", &address])
        .env("KUBECONFIG", plane.kubeconfig())
        .stdout(std::process::Stdio::null())
        .kill_on_drop(true)
        .spawn()?;
    wait::until(PATIENCE, "the operator to be ready", async || {
        get(&address, "/readyz").await.is_ok_and(|it| it.starts_with("HTTP/1.1 200"))
    })
    .await?;
    let idle = idle(operator.id().context("the operator runs")?).await?;
    operator.kill().await?;
    Ok(idle)
}

/// Asks a server on loopback for a page.
pub(crate) async fn get(address: &str, path: &str) -> Result<String> {
    let mut stream = TcpStream::connect(address).await?;
    let request = format!("GET {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await?;
    Ok(answer)
}

/// Bytes of a program of the release, which is stripped.
pub(crate) fn size(program: &str) -> Result<u64> {
    Ok(fs::metadata(binaries::release_binary(program)?)?.len())
}
