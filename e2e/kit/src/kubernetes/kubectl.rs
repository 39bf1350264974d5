//! kubectl as the tests call it.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Context, Result, ensure};
use tokio::io::AsyncWriteExt;
use tokio::process::Command;

use super::place::Place;

/// kubectl with its cluster set.
#[derive(Clone, Debug)]
pub struct Kubectl {
    hyperkube: PathBuf,
    place: Place,
    kubeconfig: PathBuf,
    cache: PathBuf,
}

impl Kubectl {
    pub(super) fn new(hyperkube: &Path, place: Place, kubeconfig: PathBuf, state: &Path) -> Self {
        Self { hyperkube: hyperkube.to_owned(), place, kubeconfig, cache: state.join("kubectl") }
    }

    /// The kubeconfig file that it uses.
    pub fn kubeconfig(&self) -> &Path {
        &self.kubeconfig
    }

    /// A kubectl process to be started; dropped, it is killed.
    pub fn command<A: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = A>) -> Command {
        let argv = self.place.argv(&self.hyperkube.display().to_string(), ["kubectl"]);
        let mut command = Command::new(&argv[0]);
        command
            .args(&argv[1..])
            .args(arguments)
            .env("KUBECONFIG", &self.kubeconfig)
            .env("KUBECACHEDIR", &self.cache)
            .kill_on_drop(true);
        command
    }

    /// What kubectl prints; its error text if it fails.
    pub async fn run<A: AsRef<OsStr>>(
        &self,
        arguments: impl IntoIterator<Item = A>,
    ) -> Result<String> {
        let arguments: Vec<A> = arguments.into_iter().collect();
        let said: Vec<_> = arguments.iter().map(|it| it.as_ref().to_string_lossy()).collect();
        let said = said.join(" ");
        let output = self
            .command(&arguments)
            .stdin(Stdio::null())
            .output()
            .await
            .context("starting kubectl")?;
        text_of(&output).with_context(|| format!("kubectl {said}"))
    }

    /// Applies manifests given as text, server side.
    pub async fn apply(&self, manifests: &str) -> Result<String> {
        let mut child = self
            .command(["apply", "--server-side", "-f", "-"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .context("starting kubectl")?;
        let mut stdin = child.stdin.take().context("kubectl has no standard input")?;
        stdin.write_all(manifests.as_bytes()).await?;
        drop(stdin);
        text_of(&child.wait_with_output().await?).context("kubectl apply")
    }
}

fn text_of(output: &std::process::Output) -> Result<String> {
    ensure!(
        output.status.success(),
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}
