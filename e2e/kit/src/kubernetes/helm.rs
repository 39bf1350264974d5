//! Helm as the tests call it.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Context, Result, ensure};
use tokio::process::Command;
use tokio::task::spawn_blocking;

use super::place::Place;
use super::programs;

/// Helm leaves nothing in the user's home.
const FOLDERS: [(&str, &str); 3] = [
    ("HELM_CACHE_HOME", "helm/cache"),
    ("HELM_CONFIG_HOME", "helm/config"),
    ("HELM_DATA_HOME", "helm/data"),
];

/// Helm 4 with its cluster set, if it has one.
#[derive(Clone, Debug)]
pub struct Helm {
    place: Place,
    kubeconfig: PathBuf,
    state: PathBuf,
}

impl Helm {
    pub(super) fn new(place: Place, kubeconfig: &Path, state: &Path) -> Self {
        Self { place, kubeconfig: kubeconfig.to_owned(), state: state.to_owned() }
    }

    /// Helm without a cluster, for what renders and checks charts alone; it keeps its files in a folder of the caller.
    pub fn offline(folder: &Path) -> Self {
        Self::new(Place::Host, &folder.join("no-kubeconfig"), folder)
    }

    /// What Helm prints; its error text if it fails. The first call builds Helm, if the cache has none.
    pub async fn run<A: AsRef<OsStr>>(
        &self,
        arguments: impl IntoIterator<Item = A>,
    ) -> Result<String> {
        let helm = spawn_blocking(programs::helm).await??.display().to_string();
        let argv = self.place.argv(&helm, std::iter::empty::<String>());
        let mut command = Command::new(&argv[0]);
        command.args(&argv[1..]).args(arguments).kill_on_drop(true).stdin(Stdio::null());
        for (variable, folder) in FOLDERS {
            command.env(variable, self.state.join(folder));
        }
        let output = command.env("KUBECONFIG", &self.kubeconfig).output().await;
        let output = output.context("starting helm")?;
        ensure!(output.status.success(), "helm: {}", String::from_utf8_lossy(&output.stderr));
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }
}
