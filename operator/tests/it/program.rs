//! The program itself: waits for the CRDs, becomes ready, stays small, stops when told.

use std::net::TcpListener;
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use sluice_kit::kubernetes::{ControlPlane, missing_for_control_plane};
use sluice_kit::require;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::process::Command;
use tokio::time::{Instant, timeout};

use crate::bed::install_crds;

const PATIENCE: Duration = Duration::from_mins(1);
/// The operator without anything to do, in KiB. Debug builds touch more pages than the release does.
const LARGEST: u64 = 44 << 10;

/// Asks the operator on a port of loopback.
pub(crate) async fn get(port: u16, path: &str) -> Result<String> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await?;
    let request = format!("GET {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await?;
    Ok(answer)
}

/// Waits until an answer starts so.
pub(crate) async fn until_answer(port: u16, path: &str, start: &str) -> Result<String> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let answer = get(port, path).await.unwrap_or_default();
        if answer.starts_with(start) {
            return Ok(answer);
        }
        ensure!(Instant::now() < deadline, "{path} does not answer {start}: {answer}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test]
async fn the_operator_waits_for_its_crds_stays_small_and_stops_when_told() -> Result<()> {
    require!(missing_for_control_plane());
    let plane = ControlPlane::start().await?;
    let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
    let mut operator = Command::new(env!("CARGO_BIN_EXE_sluice-operator"))
        .arg(format!("--address=127.0.0.1:{port}"))
        .env("KUBECONFIG", plane.kubeconfig())
        .stdout(Stdio::null())
        .kill_on_drop(true)
        .spawn()?;
    until_answer(port, "/healthz", "HTTP/1.1 200").await?;
    until_answer(port, "/readyz", "HTTP/1.1 503").await?;
    install_crds(&plane, |_| {}).await?;
    until_answer(port, "/readyz", "HTTP/1.1 200").await?;
    until_answer(port, "/metrics", "HTTP/1.1 200").await?;

    let process = operator.id().context("a running operator")?;
    let status = std::fs::read_to_string(format!("/proc/{process}/status"))?;
    let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let resident = resident.context("VmRSS")?.trim().trim_end_matches(" kB").parse::<u64>()?;
    eprintln!("operator, idle: {resident} KiB resident");
    ensure!(resident < LARGEST, "{resident} KiB resident");

    Command::new("kill").args(["-TERM", &process.to_string()]).status().await?;
    let ended = timeout(Duration::from_secs(5), operator.wait()).await??;
    ensure!(ended.success(), "{ended}");
    Ok(())
}
