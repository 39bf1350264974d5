//! Flux's own controllers on a control plane.

use std::path::Path;

use anyhow::Result;
use tempfile::TempDir;
use tokio::task::spawn_blocking;

use super::lasting::{self, Process};
use super::programs;
use crate::ports;

/// Where Flux lives.
pub const FLUX_NAMESPACE: &str = "flux-system";

/// Running controllers; dropped, they are killed.
#[derive(Debug)]
pub struct Flux {
    processes: Vec<Process>,
    folder: TempDir,
}

impl Flux {
    /// Starts kustomize-controller, and source-controller if `with_sources`: without it, sources have the artifacts that
    /// somebody writes into their status. The cluster has Flux's definitions and its namespace. Builds what the cache does
    /// not have, which takes minutes each.
    pub async fn start(kubeconfig: &Path, with_sources: bool) -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("sluice-flux-").tempdir()?;
        let mut flux = Self { processes: Vec::new(), folder };
        // Dependencies are looked at again at once; nobody is told of anything.
        flux.run("kustomize-controller", kubeconfig, &["--requeue-dependency=1s".to_owned()])
            .await?;
        if with_sources {
            let address = format!("127.0.0.1:{}", ports::free()?);
            let storage = [
                format!("--storage-path={}", flux.folder.path().display()),
                format!("--storage-addr={address}"),
                format!("--storage-adv-addr={address}"),
            ];
            flux.run("source-controller", kubeconfig, &storage).await?;
        }
        Ok(flux)
    }

    async fn run(&mut self, name: &str, kubeconfig: &Path, arguments: &[String]) -> Result<()> {
        let controller = name.to_owned();
        let program = spawn_blocking(move || programs::flux(&controller)).await??;
        let folder = self.folder.path();
        let mut command = lasting::command(program);
        command
            .args(["--metrics-addr=127.0.0.1:0", "--events-addr=", "--log-level=info"])
            .arg(format!("--health-addr=127.0.0.1:{}", ports::free()?))
            .args(arguments)
            .env("KUBECONFIG", kubeconfig)
            .env("RUNTIME_NAMESPACE", FLUX_NAMESPACE)
            .env("HOME", folder)
            .env("TMPDIR", folder);
        let log = folder.join(format!("{name}.log"));
        self.processes.push(Process::run(name, command, &log)?);
        Ok(())
    }

    /// Fails with the end of its log if one of them has ended.
    pub fn check(&mut self) -> Result<()> {
        self.processes.iter_mut().try_for_each(Process::check)
    }

    /// The ends of their logs.
    pub fn tail(&self) -> String {
        self.processes.iter().map(Process::tail).collect()
    }
}
