//! The report: tables for readers, and the samples behind them for whoever wants to do the sums again.

pub(crate) mod csv;
mod density;
mod disturbance;
mod latency;
mod scale;
mod throughput;

use std::fmt::Write as _;

use crate::{
    density::Density,
    disturbance::Disturbance,
    footprint::{Footprint, IDLE, Idle, SETTLED},
    latency::Latencies,
    machine::{self, Machine},
    scale::Scale,
    scenarios::Workload,
    statistics::{largest, median},
    table::Table,
    throughput::Outcome,
};

/// What was measured.
pub(crate) struct Report {
    pub(crate) machine: Machine,
    pub(crate) command: String,
    pub(crate) records: u64,
    pub(crate) footprints: Vec<Footprint>,
    pub(crate) operator: Option<Idle>,
    /// Bytes of the stripped programs.
    pub(crate) sizes: Vec<(&'static str, u64)>,
    pub(crate) outcomes: Vec<Outcome>,
    pub(crate) latencies: Vec<Latencies>,
    pub(crate) densities: Vec<Density>,
    pub(crate) disturbances: Vec<Disturbance>,
    pub(crate) scale: Option<Scale>,
}

const INTRODUCTION: &str = "\
Written by `make bench`; the samples behind the tables are in [results](results). Kafka Connect is Apache's release, with
the JVM flags of its own script, on the same broker and in the same run.";

impl Report {
    /// The whole file.
    pub(crate) fn text(&self) -> String {
        let mut text = format!("# Measurements\n\n{INTRODUCTION}\n\n{}\n", self.facts());
        if !self.footprints.is_empty() {
            let _ = write!(text, "## Start-up and size\n\n{}\n", self.start_up());
        }
        if !self.densities.is_empty() {
            let _ = writeln!(text, "{}", density::section(&self.densities));
        }
        if !self.disturbances.is_empty() {
            let _ = writeln!(text, "{}", disturbance::section(&self.disturbances));
        }
        if let Some(scale) = &self.scale {
            let _ = writeln!(text, "{}", scale::section(scale));
        }
        if !self.outcomes.is_empty() {
            let _ = write!(text, "## Throughput\n\n{}\n", throughput::HOW);
        }
        for workload in Workload::ALL {
            let outcomes = || self.outcomes.iter().filter(|it| it.scenario.workload == workload);
            if outcomes().next().is_some() {
                let _ = write!(text, "\n## {}\n\n", workload.heading());
                let _ = writeln!(text, "{}", throughput::ratios(outcomes()));
                let _ = writeln!(text, "{}", throughput::costs(outcomes()));
            }
        }
        if !self.outcomes.is_empty() {
            let _ = write!(text, "\n## Loaded memory\n\n{}\n", throughput::memory(&self.outcomes));
        }
        if !self.latencies.is_empty() {
            let _ = write!(text, "\n{}\n", latency::section(&self.latencies));
        }
        text
    }

    fn facts(&self) -> String {
        let Machine { processor, cores, memory, kernel, java, commit, load } = &self.machine;
        let mut table = Table::new(&["", ""]);
        table.row(&["machine", &format!("{processor}, {cores} cores, {memory}, Linux {kernel}")]);
        table.row(&["versions", &format!("Apache Kafka and Kafka Connect 4.3.1; {java}")]);
        table.row(&["commit, command", &format!("{commit}, `{}`", self.command)]);
        let note = "the bench itself keeps two cores busy; more is other work on the machine";
        table.row(&["load average", &format!("{load} before, {} after: {note}", machine::load())]);
        table.finish()
    }

    fn start_up(&self) -> String {
        let mut text = format!(
            "Start-up is from exec to `/health` 200, on existing internal topics, with the broker's \
             `group.initial.rebalance.delay.ms=0`; memory is of a worker without connectors, and of the operator without \
             resources, after {} s.\n\n",
            (SETTLED + IDLE).as_secs()
        );
        let mut table = Table::new(&[
            "process",
            "start, median",
            "start, slowest",
            "runs",
            "resident",
            "peak",
            "private",
            "idle CPU, % of a core",
        ]);
        for Footprint { side, starts, idle } in &self.footprints {
            let times = [format!("{:.0} ms", median(starts)), format!("{:.0} ms", largest(starts))];
            let [median, slowest] = times;
            let name = format!("{side} worker");
            table.row(
                &[&[name, median, slowest, starts.len().to_string()][..], &cells(idle)].concat(),
            );
        }
        if let Some(idle) = &self.operator {
            let none = || "–".to_owned();
            let name = "Sluice operator".to_owned();
            table.row(&[&[name, none(), none(), none()][..], &cells(idle)].concat());
        }
        text.push_str(&table.finish());
        for (program, bytes) in &self.sizes {
            let _ = write!(text, "\n`{program}`, stripped: {:.1} MB.", *bytes as f64 / 1e6);
        }
        text.push('\n');
        text
    }
}

fn cells(idle: &Idle) -> [String; 4] {
    let mib = |kib: u64| format!("{:.1} MiB", kib as f64 / 1024.0);
    let memory = idle.memory;
    [
        mib(memory.resident),
        mib(memory.peak),
        mib(memory.private),
        format!("{:.2}", idle.cpu * 100.0),
    ]
}
