//! The tables of throughput.

use std::fmt::Write as _;

use crate::{
    payload::Payload,
    postgres::Bare,
    scenarios::Workload,
    statistics::{largest, median, smallest, spread, verdict},
    table::Table,
    throughput::{Outcome, Run},
    workers::Side,
};

/// How all of them were measured.
const HOW: &str = "\
One broker, no keys. The order of the runs is A B A B … and then A A B B; the JVM's first two runs of a scenario are not counted.
Each run is a new connector; consumer and producer settings are the defaults of either side unless the row names some.

CPU and memory are what `/proc` says of worker and broker. *Spread* is the largest over the smallest CPU per record among equal
runs of a side, less one; a ratio within the larger spread is called no difference. The other one of the two workers is
frozen meanwhile (`SIGSTOP`).";

/// How sinks that keep nothing were measured.
macro_rules! read {
    ($values:literal) => {
        concat!(
            "A new group reads a topic (uncompressed batches of up to 1 MB) from its beginning into a sink that keeps nothing, ",
            $values,
            " Both workers commit every 200 ms, which is how progress is seen: from the group's committed offsets on the broker.\n\
             Figures are of the last 60 % of the records. What the group committed must be the end of the topic, and Java's sink\n\
             must have counted as many."
        )
    };
}

/// How a workload was measured.
const fn how(workload: Workload) -> &'static str {
    match workload {
        Workload::W1 => {
            read!("with `ByteArrayConverter`,\n100 bytes a value unless the row says otherwise.")
        }
        Workload::W2 => read!(
            "with `JsonConverter`: about 75\nbytes of JSON, and 300 more in the envelope that names the schema."
        ),
        Workload::W3 => read!(
            "with `AvroConverter` and\n`ProtobufConverter`, Confluent's (7.0.16) or ours of the same names, on the same orders of about \
             45 bytes, whose schema one\nApicurio Registry holds for both."
        ),
        Workload::W4 => {
            "\
A source with one task makes 1000 records a poll out of what is there already (the same keys, values, schema and position on
either side) for a new topic of one partition, and stops after so many. Progress is the end offset of the topic, which must be
the number of records once the connector is gone. Figures are of 40 % to 90 % of the records: the last ones leave the
producer's queue when the source is done."
        }
        Workload::W5 => {
            "\
Apache's `FileStreamSource` and `FileStreamSink`, and ours of the same names, copy a file of lines of 100 bytes over a new topic
of one partition. Progress is the length of the copy, which must be the same file byte by byte. Figures are of all of it, from
the source's creation to the last line, of both connectors together."
        }
        Workload::W7 => {
            "\
A new group reads rows as Avro from a topic into a table of PostgreSQL, which has a primary key and no other index, by Debezium's
`io.debezium.connector.jdbc.JdbcSinkConnector` (3.6.0) in Kafka Connect and ours of the same name, with the same settings. An
upsert finds every other row there already. Progress is what the group has committed, every 200 ms; the table must have every
row, each as it was written last. Nothing is pinned, and the server does not wait for its disk (`fsync=off`). *Without a worker*
is one connection of `psql`: `COPY` of the same rows to the table, or to another one and from there by `INSERT … ON CONFLICT`."
        }
    }
}

/// Its tables.
pub(crate) fn body(all: &[Outcome], bare: &[Bare]) -> String {
    let mut text = format!("{HOW}\n");
    for workload in Workload::ALL {
        let outcomes = || all.iter().filter(|it| it.scenario.workload == workload);
        if outcomes().next().is_some() {
            let _ = write!(text, "\n### {}\n\n{}\n\n", workload.heading(), how(workload));
            let _ = writeln!(text, "{}", ratios(outcomes()));
            let _ = writeln!(text, "{}", costs(outcomes()).trim_end());
            if workload == Workload::W7 {
                let _ = writeln!(text, "\n{}", limits(outcomes(), bare).trim_end());
            }
        }
    }
    let _ = write!(text, "\n### Loaded memory\n\n{}\n", memory(all));
    text
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

/// How near to what the database takes by itself.
fn limits<'a>(outcomes: impl Iterator<Item = &'a Outcome>, bare: &[Bare]) -> String {
    let mut table =
        Table::new(&["scenario", "without a worker, rows a second", "Kafka Connect", "Sluice"]);
    for outcome in outcomes {
        let alike = |it: &&Bare| Payload::Row(it.columns) == outcome.scenario.payload;
        let Some(bare) = bare.iter().find(alike) else { continue };
        let limit = if outcome.scenario.upserts() { bare.upsert } else { bare.insert };
        let share = |side| {
            let rate = median(&outcome.of(side, |run| run.steady.rate()));
            format!("{:.0} %", rate / limit * 100.0)
        };
        table.row(&[
            outcome.scenario.name.to_owned(),
            format!("{:.2} M", limit / 1e6),
            share(Side::Java),
            share(Side::Sluice),
        ]);
    }
    table.finish()
}

/// What the workers hold while they are busy.
fn memory(outcomes: &[Outcome]) -> String {
    let mut table = Table::new(&[
        "scenario",
        "Kafka Connect, mean",
        "peak",
        "Sluice, mean",
        "peak",
        "ratio of means",
        "of peaks",
    ]);
    for outcome in outcomes {
        let mib = |kib: f64| format!("{:.0} MiB", kib / 1024.0);
        let of = |side| {
            let means = outcome.of(side, |run| run.mean);
            (median(&means), largest(&outcome.of(side, |run| run.peak as f64)))
        };
        let (java, sluice) = (of(Side::Java), of(Side::Sluice));
        table.row(&[
            format!("{:?}: {}", outcome.scenario.workload, outcome.scenario.name),
            mib(java.0),
            mib(java.1),
            mib(sluice.0),
            mib(sluice.1),
            format!("{:.1}x", java.0 / sluice.0),
            format!("{:.1}x", java.1 / sluice.1),
        ]);
    }
    let how = "Resident memory of the worker during the runs: the median of their means, and the largest that any had.";
    format!("{how}\n\n{}", table.finish())
}
