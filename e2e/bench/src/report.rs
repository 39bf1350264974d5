//! The report: tables for readers, and the samples behind them for whoever wants to do the sums again.

use std::fmt::Write as _;

use crate::{
    footprint::{Footprint, IDLE, Idle, SETTLED},
    machine::{self, Machine},
    scenarios::Workload,
    statistics::{largest, median, smallest, spread, verdict},
    table::Table,
    throughput::{Outcome, Run},
    workers::Side,
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
}

const INTRODUCTION: &str = "\
Written by `make bench`; the samples behind the tables are in [results](results). Kafka Connect is Apache's release, with
the JVM flags of its own script, on the same broker and in the same run.";

const HOW: &str = "\
One broker, one topic per number of partitions and kind of value, no keys, uncompressed batches of up to 1 MB. Each run
is a new connector, and so a new group, that reads the topic from its beginning into a sink that keeps nothing: W1 with
`ByteArrayConverter`, 100 bytes a value unless the row says otherwise; W2 with `JsonConverter`, about 75 bytes of JSON, and
300 more in the envelope that names the schema; consumer settings are the defaults of either side unless the row names some. The order is
A B A B … and then A A B B; the JVM's first two connectors are not counted. Both workers commit every 200 ms, which is how
progress is seen: from the group's committed offsets on the broker, beside `/proc/PID/stat` of worker and broker. Figures
are of the steady part, the last 60 % of the records. Every run is checked: what the group committed is the end of the topic, and
Java's sink has counted as many. *Spread* is the largest over the smallest CPU per record among equal runs of a side, less
one; a ratio within the larger spread is called no difference. The idle one of the two workers stays up meanwhile.";

impl Report {
    /// The whole file.
    pub(crate) fn text(&self) -> String {
        let mut text = format!("# Measurements\n\n{INTRODUCTION}\n\n{}\n", self.facts());
        if !self.footprints.is_empty() {
            let _ = write!(text, "## Start-up and size\n\n{}\n", self.start_up());
        }
        if !self.outcomes.is_empty() {
            let _ = write!(text, "## Throughput\n\n{HOW}\n");
        }
        for workload in [Workload::W1, Workload::W2] {
            let outcomes = || self.outcomes.iter().filter(|it| it.scenario.workload == workload);
            if outcomes().next().is_some() {
                let _ = write!(text, "\n## {}\n\n", workload.heading());
                let _ = write!(text, "{}\n{}\n", ratios(outcomes()), costs(outcomes()));
            }
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

/// What is compared.
fn ratios<'a>(outcomes: impl Iterator<Item = &'a Outcome>) -> String {
    let mut table = Table::new(&[
        "scenario",
        "CPU per record",
        "lowest–highest pair",
        "rate",
        "spread A/A, B/B",
    ]);
    for outcome in outcomes {
        let cpu = |side| outcome.of(side, |run| run.steady.worker);
        let rate = |side| outcome.of(side, |run| run.steady.rate());
        let (java, sluice) = (cpu(Side::Java), cpu(Side::Sluice));
        let spreads = [spread(&java), spread(&sluice)];
        let pairs: Vec<f64> = java.iter().zip(&sluice).map(|(java, ours)| java / ours).collect();
        let rates = [rate(Side::Java), rate(Side::Sluice)];
        let within = largest(&[spread(&rates[0]), spread(&rates[1])]);
        table.row(&[
            outcome.scenario.name.to_owned(),
            verdict(median(&java) / median(&sluice), largest(&spreads)),
            format!("{:.2}–{:.2}x", smallest(&pairs), largest(&pairs)),
            verdict(median(&rates[1]) / median(&rates[0]), within),
            format!("{:.0} %, {:.0} %", spreads[0] * 100.0, spreads[1] * 100.0),
        ]);
    }
    table.finish()
}

/// What it is compared from.
fn costs<'a>(outcomes: impl Iterator<Item = &'a Outcome> + Clone) -> String {
    let mut table = Table::new(&[
        "scenario",
        "side",
        "runs",
        "records",
        "worker CPU per record",
        "lowest–highest",
        "records a second, steady",
        "first to last record",
        "broker CPU per record",
        "peak memory",
    ]);
    for outcome in outcomes.clone() {
        for side in [Side::Java, Side::Sluice] {
            let of = |figure: fn(&Run) -> f64| outcome.of(side, figure);
            let cpu = of(|run| run.steady.worker);
            table.row(&[
                outcome.scenario.name.to_owned(),
                side.to_string(),
                cpu.len().to_string(),
                outcome.runs.first().map_or(0, |it| it.counted).to_string(),
                format!("{:.3} µs", median(&cpu)),
                format!("{:.3}–{:.3}", smallest(&cpu), largest(&cpu)),
                format!("{:.2} M", median(&of(|run| run.steady.rate())) / 1e6),
                format!("{:.2} M", median(&of(|run| run.whole.rate())) / 1e6),
                format!("{:.3} µs", median(&of(|run| run.steady.broker))),
                format!("{:.0} MiB", largest(&of(|run| run.peak as f64)) / 1024.0),
            ]);
        }
    }
    let settings = outcomes.filter(|it| !it.scenario.overrides.is_empty());
    let mut text = table.finish();
    for outcome in settings {
        let pairs =
            outcome.scenario.overrides.iter().map(|(key, value)| format!("`{key}={value}`"));
        let _ = write!(
            text,
            "\n*{}*: {}.\n",
            outcome.scenario.name,
            pairs.collect::<Vec<_>>().join(", ")
        );
    }
    text
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

/// Every run, one line each.
pub(crate) fn runs(outcomes: &[Outcome]) -> String {
    let mut text = String::from(
        "workload,scenario,run,side,counted,steady_records,steady_seconds,steady_worker_us,steady_broker_us,\
         whole_records,whole_seconds,whole_worker_us,peak_kib\n",
    );
    for outcome in outcomes {
        for (number, run) in outcome.runs.iter().enumerate() {
            let _ = writeln!(
                text,
                "{:?},\"{}\",{number},{},{},{},{:.4},{:.4},{:.4},{},{:.4},{:.4},{}",
                outcome.scenario.workload,
                outcome.scenario.name,
                run.side,
                run.counted,
                run.steady.records,
                run.steady.seconds,
                run.steady.worker,
                run.steady.broker,
                run.whole.records,
                run.whole.seconds,
                run.whole.worker,
                run.peak,
            );
        }
    }
    text
}

/// Every sample of every run.
pub(crate) fn samples(outcomes: &[Outcome]) -> String {
    let mut text = String::from(
        "workload,scenario,run,side,seconds,committed,worker_cpu_seconds,broker_cpu_seconds\n",
    );
    for outcome in outcomes {
        for (number, run) in outcome.runs.iter().enumerate() {
            for sample in &run.samples {
                let _ = writeln!(
                    text,
                    "{:?},\"{}\",{number},{},{:.3},{},{:.2},{:.2}",
                    outcome.scenario.workload,
                    outcome.scenario.name,
                    run.side,
                    sample.at,
                    sample.records,
                    sample.worker,
                    sample.broker,
                );
            }
        }
    }
    text
}
