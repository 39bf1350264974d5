//! Where and on what the figures were measured.

use std::{fs, process::Command, thread};

/// Facts that every table needs beside it.
#[derive(Clone, Debug)]
pub(crate) struct Machine {
    pub(crate) processor: String,
    pub(crate) cores: usize,
    pub(crate) memory: String,
    pub(crate) kernel: String,
    pub(crate) java: String,
    pub(crate) commit: String,
    pub(crate) load: String,
}

impl Machine {
    /// Looks around. The load is the one before the bench adds its own.
    pub(crate) fn look() -> Self {
        let of = |path: &str| fs::read_to_string(path).unwrap_or_default();
        let processor = field(&of("/proc/cpuinfo"), "model name").unwrap_or_default();
        let memory = field(&of("/proc/meminfo"), "MemTotal").unwrap_or_default();
        let gib = memory.trim_end_matches(" kB").parse::<u64>().unwrap_or(0) >> 20;
        Self {
            processor,
            cores: thread::available_parallelism().map_or(0, std::num::NonZero::get),
            memory: format!("{gib} GiB"),
            kernel: of("/proc/sys/kernel/osrelease").trim().to_owned(),
            java: said("java", &["-version"]).lines().nth(1).unwrap_or_default().to_owned(),
            commit: commit(),
            load: load(),
        }
    }
}

/// The load averages of the last 1, 5 and 15 minutes.
pub(crate) fn load() -> String {
    let text = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    text.split(' ').take(3).collect::<Vec<_>>().join(" ")
}

/// The commit, marked if sources differ from it. Results of earlier runs are no sources.
fn commit() -> String {
    let head = said("git", &["rev-parse", "--short=12", "HEAD"]).trim().to_owned();
    let sources =
        ["status", "--porcelain", "--", ":/", ":!/e2e/bench/RESULTS.md", ":!/e2e/bench/results"];
    if said("git", &sources).is_empty() { head } else { format!("{head} with changes") }
}

fn said(program: &str, arguments: &[&str]) -> String {
    let folder = env!("CARGO_MANIFEST_DIR");
    let output = Command::new(program).args(arguments).current_dir(folder).output();
    output.map_or_else(
        |_| String::new(),
        // Java tells its version on standard error.
        |it| String::from_utf8_lossy(&[it.stdout, it.stderr].concat()).into_owned(),
    )
}

fn field(text: &str, name: &str) -> Option<String> {
    let line = text.lines().find(|line| line.starts_with(name))?;
    Some(line.split_once(':')?.1.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_found_by_name() {
        let text = "processor\t: 0\nmodel name\t: A CPU @ 2 GHz\n";
        assert_eq!(field(text, "model name").as_deref(), Some("A CPU @ 2 GHz"));
        assert_eq!(field(text, "flags"), None);
    }
}
