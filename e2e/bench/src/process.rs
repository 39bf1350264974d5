//! What the kernel says about a process: memory, processor time, cores.

use std::{fs, process::Command};

use anyhow::{Context, Result, ensure};

/// Ticks of `/proc/PID/stat` in a second: the kernel's ABI has it fixed at 100 on every machine that we run on.
const TICKS: f64 = 100.0;

/// Memory in KiB.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Memory {
    pub(crate) resident: u64,
    pub(crate) peak: u64,
    /// Resident, with shared pages divided among those who share them.
    pub(crate) proportional: u64,
    /// Resident and shared with nobody.
    pub(crate) private: u64,
}

/// The memory of a process now.
pub(crate) fn memory(process: u32) -> Result<Memory> {
    let read = |file: &str| {
        let path = format!("/proc/{process}/{file}");
        fs::read_to_string(&path).with_context(|| format!("reading {path}"))
    };
    parse_memory(&read("status")?, &read("smaps_rollup")?)
}

/// KiB of memory that a process has resident now; cheaper to learn than the rest.
pub(crate) fn resident(process: u32) -> Result<u64> {
    let path = format!("/proc/{process}/status");
    kib(&fs::read_to_string(&path).with_context(|| format!("reading {path}"))?, "VmRSS:")
}

/// How many threads a process has.
pub(crate) fn threads(process: u32) -> Result<u64> {
    let path = format!("/proc/{process}/status");
    let status = fs::read_to_string(&path).with_context(|| format!("reading {path}"))?;
    let threads = status.lines().find_map(|line| line.strip_prefix("Threads:"));
    Ok(threads.context("Threads")?.trim().parse()?)
}

/// Lets the peak start again from what is resident now.
pub(crate) fn forget_peak(process: u32) -> Result<()> {
    fs::write(format!("/proc/{process}/clear_refs"), "5").context("resetting the peak")
}

/// Seconds of processor time, user and system, of all threads that the process has had.
pub(crate) fn cpu(process: u32) -> Result<f64> {
    let path = format!("/proc/{process}/stat");
    parse_cpu(&fs::read_to_string(&path).with_context(|| format!("reading {path}"))?)
}

/// Keeps all threads of a process to these cores.
pub(crate) fn pin(process: u32, cores: &str) -> Result<()> {
    let process = process.to_string();
    let pinned = Command::new("taskset").args(["-apc", cores, &process]).output()?;
    ensure!(pinned.status.success(), "taskset: {}", String::from_utf8_lossy(&pinned.stderr));
    Ok(())
}

/// Sends a signal by its name, such as `STOP`.
pub(crate) fn signal(process: u32, name: &str) -> Result<()> {
    let status = Command::new("kill").args(["-s", name, &process.to_string()]).status()?;
    ensure!(status.success(), "kill -s {name}: {status}");
    Ok(())
}

fn parse_memory(status: &str, rollup: &str) -> Result<Memory> {
    Ok(Memory {
        resident: kib(status, "VmRSS:")?,
        peak: kib(status, "VmHWM:")?,
        proportional: kib(rollup, "Pss:")?,
        private: kib(rollup, "Private_Clean:")? + kib(rollup, "Private_Dirty:")?,
    })
}

fn kib(text: &str, field: &str) -> Result<u64> {
    let value = text.lines().find_map(|line| line.strip_prefix(field)).context(field.to_owned())?;
    Ok(value.trim().trim_end_matches(" kB").parse()?)
}

fn parse_cpu(stat: &str) -> Result<f64> {
    // The name, in brackets, may hold spaces and brackets of its own.
    let (_, rest) = stat.rsplit_once(')').context("no name in stat")?;
    let fields: Vec<&str> = rest.split_whitespace().collect();
    let ticks = |at: usize| -> Result<u64> { Ok(fields.get(at).context("a short stat")?.parse()?) };
    Ok((ticks(11)? + ticks(12)?) as f64 / TICKS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_read_from_the_kernel_s_two_files() -> Result<()> {
        let status = "Name:\tx\nVmHWM:\t   200 kB\nVmRSS:\t   100 kB\n";
        let rollup = "Rss: 100 kB\nPss:    90 kB\nPss_Dirty: 1 kB\nPrivate_Clean: 20 kB\nPrivate_Dirty: 30 kB\n";
        let expected = Memory { resident: 100, peak: 200, proportional: 90, private: 50 };
        assert_eq!(parse_memory(status, rollup)?, expected);
        assert!(parse_memory("", rollup).is_err());
        Ok(())
    }

    #[test]
    fn processor_time_is_user_and_system() -> Result<()> {
        let stat = "7 (a ) b) S 1 7 7 0 -1 4194560 100 0 0 0 150 50 0 0 20 0 5 0 100 1 2";
        assert!((parse_cpu(stat)? - 2.0).abs() < 1e-9);
        assert!(parse_cpu("7 (a) S 1").is_err());
        Ok(())
    }
}
