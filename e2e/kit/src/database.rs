//! What the database servers share: a folder that belongs to the server's own user, who is not root.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use tempfile::TempDir;

use crate::kubernetes::on_path;
use crate::lasting;
use crate::reaper::Reaper;

/// A folder of a user, removed when it is dropped or the test process dies.
#[derive(Debug)]
pub(crate) struct Folder {
    root: TempDir,
    _reaper: Reaper,
}

impl Folder {
    /// An empty folder.
    pub(crate) fn of(user: &str, server: &str) -> Result<Self> {
        let root = tempfile::Builder::new().prefix(&format!("sluice-{server}-")).tempdir()?;
        if is_root() {
            let mut chown = Command::new("chown");
            succeeds("chown", chown.arg(user).arg(root.path()))?;
        }
        let path = root.path().display().to_string();
        let reaper = Reaper::start("rm -rf \"$1\"", &[path])?;
        Ok(Self { root, _reaper: reaper })
    }

    pub(crate) fn root(&self) -> &Path {
        self.root.path()
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.root.path().join(name)
    }
}

fn is_root() -> bool {
    rustix::process::getuid().is_root()
}

/// Why no process of the user can be started, if so.
pub(crate) fn missing_user(user: &str) -> Option<String> {
    if !on_path("setpriv") || !on_path("setsid") {
        return Some("setpriv and setsid (Debian: util-linux) are not on the PATH".to_owned());
    }
    let known = Command::new("id").args(["-u", user]).output().is_ok_and(|it| it.status.success());
    (is_root() && !known)
        .then(|| format!("there is no user {user}, which the server's package makes"))
}

/// A command that ends with the test process, as the user if the test may choose one.
pub(crate) fn as_user(user: &str, program: &Path) -> Command {
    let command = lasting::command(program);
    if !is_root() {
        return command;
    }
    let mut other = Command::new(command.get_program());
    other.args(["--reuid", user, "--regid", user, "--init-groups"]).args(command.get_args());
    other
}

/// Runs a command to its end; its output.
pub(crate) fn succeeds(name: &str, command: &mut Command) -> Result<String> {
    let output = command.output().with_context(|| format!("starting {name}"))?;
    let told = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{name} ended with {}:\n{told}", output.status);
    Ok(String::from_utf8_lossy(&output.stdout).trim_end().to_owned())
}
