//! The operator as a process: its lead is told by its metrics.

use std::net::TcpListener;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use sluice_kit::wait;
use tokio::process::{Child, Command};
use tokio::time::Instant;

use crate::program::{get, until_answer};

/// How long anything may take on a busy machine.
const PATIENCE: Duration = Duration::from_mins(1);
/// Lease, renewal and retry in seconds: the least that the documentation speaks of.
pub(crate) const QUICK: [u64; 3] = [4, 3, 1];
const LEADS: &str = "\nsluice_operator_leader 1\n";

pub(crate) struct Operator {
    pub(crate) process: Child,
    pub(crate) port: u16,
}

impl Operator {
    /// Starts one in a namespace and waits until it is ready, to lead or to stand by.
    pub(crate) async fn start(
        kubeconfig: &Path,
        namespace: &str,
        [lease, renew, retry]: [u64; 3],
        further: &[String],
    ) -> Result<Self> {
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let process = Command::new(env!("CARGO_BIN_EXE_sluice-operator"))
            .args([
                format!("--address=127.0.0.1:{port}"),
                format!("--watch-namespace={namespace}"),
                format!("--lease-namespace={namespace}"),
                format!("--lease-duration={lease}"),
                format!("--renew-deadline={renew}"),
            ])
            .args(further)
            .env("SLUICE_RETRY_PERIOD", retry.to_string())
            .env("KUBECONFIG", kubeconfig)
            .stdout(Stdio::null())
            .kill_on_drop(true)
            .spawn()?;
        until_answer(port, "/readyz", "HTTP/1.1 200").await?;
        Ok(Self { process, port })
    }

    pub(crate) async fn leads(&self) -> bool {
        get(self.port, "/metrics").await.is_ok_and(|text| text.contains(LEADS))
    }

    /// Waits until it leads, or no longer does; says how long that took.
    pub(crate) async fn until_leads(&self, expected: bool) -> Result<Duration> {
        let start = Instant::now();
        let what = format!("an operator to lead: {expected}");
        wait::until(PATIENCE, &what, async || self.leads().await == expected).await?;
        Ok(start.elapsed())
    }

    pub(crate) async fn signal(&self, signal: &str) -> Result<()> {
        let process = self.process.id().context("a running operator")?.to_string();
        Command::new("kill").args([signal, &process]).status().await?;
        Ok(())
    }

    /// Fails if it has ended.
    pub(crate) fn check(&mut self) -> Result<()> {
        ensure!(self.process.try_wait()?.is_none(), "the operator has ended");
        Ok(())
    }
}
