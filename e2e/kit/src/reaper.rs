//! Cleans up after the test process even if that is killed: a shell of its own session waits for the end of a pipe that
//! only the test process holds open, then runs its script.

use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result};

/// Runs its script when dropped, or when the test process dies.
#[derive(Debug)]
pub(crate) struct Reaper(Child);

impl Reaper {
    /// `script` sees `arguments` as `$1`, `$2`, ….
    pub(crate) fn start(script: &str, arguments: &[String]) -> Result<Self> {
        let waiting = format!("read -r _; {script}");
        // In a session of its own, where Ctrl-C in the terminal does not reach it.
        Command::new("setsid")
            .args(["sh", "-c", &waiting, "reaper"])
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .map(Self)
            .context("starting the clean-up shell (setsid, sh)")
    }
}

impl Drop for Reaper {
    fn drop(&mut self) {
        drop(self.0.stdin.take());
        // What it could not remove is removed by the next start; nothing useful can be done here.
        let _ = self.0.wait();
    }
}
