//! A machine for one node: namespaces and a cgroup of its own on this host, gone when the test process is.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};

use super::control_plane::until;
use super::lasting::Process;
use super::place::Place;
use super::programs::on_path;
use super::reaper::Reaper;

const INIT: &str = include_str!("../../kubernetes/node/init.sh");
const CLEAN: &str = include_str!("../../kubernetes/node/clean.sh");

/// What the machine's programs come from, by Debian's names.
const PROGRAMS: [(&str, &str); 8] = [
    ("bash", "bash"),
    ("containerd", "containerd"),
    ("runc", "runc"),
    ("nft", "nftables"),
    ("ip", "iproute2"),
    ("unshare", "util-linux"),
    ("nsenter", "util-linux"),
    ("find", "findutils"),
];

/// The running namespaces.
#[derive(Debug)]
pub(super) struct Machine {
    init: u32,
    holder: Process,
    _reaper: Reaper,
}

impl Machine {
    /// Starts one that keeps its state in `state` and its pods below `cgroup`. The folder goes with it.
    pub(super) async fn start(state: &Path, cgroup: &str) -> Result<Self> {
        let folder = state.display().to_string();
        fs::create_dir_all(state.join("log"))?;
        let namespaces = [
            "unshare",
            "--mount",
            "--net",
            "--pid",
            "--ipc",
            "--uts",
            "--fork",
            "--kill-child=KILL",
            "--mount-proc",
        ];
        let mut argv = namespaces.map(str::to_owned).to_vec();
        argv.extend(["bash", "-c", INIT, "init", &folder, cgroup].map(str::to_owned));
        let holder = Process::start("the machine", &argv, &state.join("log/machine.log"))?;
        let arguments = [holder.id().to_string(), cgroup.to_owned(), folder];
        let reaper = Reaper::start(CLEAN, &arguments)?;
        let mut processes = [holder];
        until("the machine's network", &mut processes, async || state.join("up").exists()).await?;
        let [holder] = processes;
        Ok(Self { init: first_child(holder.id())?, holder, _reaper: reaper })
    }

    /// The process id of the machine's first process, as the host sees it.
    pub(super) fn init(&self) -> u32 {
        self.init
    }

    pub(super) fn place(&self) -> Place {
        Place::Machine { init: self.init }
    }

    /// The process to watch: it ends only with the machine.
    pub(super) fn check(&mut self) -> Result<()> {
        self.holder.check()
    }
}

fn first_child(parent: u32) -> Result<u32> {
    let path = format!("/proc/{parent}/task/{parent}/children");
    let children = fs::read_to_string(&path).with_context(|| format!("reading {path}"))?;
    let first = children.split_whitespace().next();
    Ok(first.context("the machine has no first process")?.parse()?)
}

/// What this host lacks to hold a machine, in one line.
pub(super) fn missing() -> Option<String> {
    let packages: Vec<&str> = PROGRAMS
        .iter()
        .filter(|(program, _)| !on_path(program))
        .map(|(_, package)| *package)
        .chain(
            (!Path::new("/usr/lib/cni/bridge").exists()).then_some("containernetworking-plugins"),
        )
        .collect();
    if !packages.is_empty() {
        return Some(format!(
            "not installed: {0} (apt-get install --no-install-recommends {0})",
            packages.join(" ")
        ));
    }
    let allowed = Command::new("unshare")
        .args(["--mount", "--net", "--pid", "--fork", "true"])
        .output()
        .is_ok_and(|it| it.status.success());
    (!allowed).then(|| "namespaces cannot be made: run as root".to_owned())
}
