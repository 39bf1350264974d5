//! The report: tables for readers, and the samples behind them for whoever wants to do the sums again.

pub(crate) mod csv;
pub(crate) mod density;
pub(crate) mod disturbance;
pub(crate) mod footprint;
pub(crate) mod latency;
pub(crate) mod scale;
pub(crate) mod tables;
pub(crate) mod throughput;

use anyhow::Result;
use clap::ValueEnum as _;

use crate::{
    footprint::Idle,
    machine::{self, Machine},
    part::Part,
    table::Table,
};

const INTRODUCTION: &str = "\
Written by `make bench`; the samples behind the tables are in [results](results). Kafka Connect is Apache's release, with
the JVM flags of its own script, on the same broker and in the same run. Each section says when it was measured last, and on
what.";

/// What holds for a whole section.
pub(crate) struct Facts {
    machine: Machine,
    command: String,
}

impl Facts {
    /// Looks around, before the measurement.
    pub(crate) fn look(command: String) -> Self {
        Self { machine: Machine::look(), command }
    }

    fn table(&self) -> String {
        let Machine { processor, cores, memory, kernel, java, commit, load } = &self.machine;
        let mut table = Table::new(&["", ""]);
        table.row(&["machine", &format!("{processor}, {cores} cores, {memory}, Linux {kernel}")]);
        table.row(&["versions", &format!("Apache Kafka and Kafka Connect 4.3.1; {java}")]);
        table.row(&["commit, command", &format!("{commit}, `{}`", self.command)]);
        let note = "the bench itself keeps two cores busy; more is other work on the machine";
        table.row(&["load average", &format!("{load} before, {} after: {note}", machine::load())]);
        table.finish()
    }
}

/// The section of a part that has just been measured.
pub(crate) fn section(part: Part, facts: &Facts, body: &str) -> String {
    format!("## {}\n\n{}\n{}\n", part.heading(), facts.table(), body.trim_end())
}

/// The whole file, from the sections that there are.
pub(crate) fn document(section: impl Fn(Part) -> Result<Option<String>>) -> Result<String> {
    let mut text = format!("# Measurements\n\n{INTRODUCTION}\n");
    for part in Part::value_variants() {
        if let Some(section) = section(*part)? {
            text.push('\n');
            text.push_str(&section);
        }
    }
    Ok(text)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sections_stand_in_their_order_and_those_never_measured_are_left_out() {
        let text =
            document(
                |part| Ok((part != Part::Density).then(|| format!("## {}\n", part.heading()))),
            );
        let headings: Vec<String> = text
            .into_iter()
            .flat_map(|it| it.lines().map(str::to_owned).collect::<Vec<_>>())
            .filter(|it| it.starts_with("## "))
            .collect();
        assert_eq!(
            headings,
            [
                "## Start-up and size",
                "## W14: disturbance",
                "## Throughput",
                "## Throughput with a Schema Registry",
                "## JDBC sink",
                "## W12: latency",
                "## JDBC source: large tables",
                "## Operator: many resources"
            ]
        );
    }
}
