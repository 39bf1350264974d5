//! The tables of latency.

use std::fmt::Write as _;

use crate::{
    latency::{Latencies, Passed},
    statistics::{largest, median, smallest, spread, verdict},
    table::Table,
    workers::Side,
};

const HOW: &str = "\
Records come at even distances, whether or not those before them have arrived (open loop), and carry the time at which they were
due: latency is from that time to the moment at which the bench sees the line in the file that `FileStreamSink` writes, which it
looks at every 200 µs. Nothing is left out when a worker is late. *Sink*: a producer of the bench (`linger.ms=1`) fills a topic of one
partition, and only the sink is the worker's. *Source to sink*: a paced source and the sink are connectors of the same worker.
Both workers have their default settings, on any core (`linger.ms` is 5 in Kafka Connect and 0 here); text by `StringConverter`. While
one is measured, the other is frozen. The order is A B A B … and then A A B B after
two runs of the JVM that do not count; the first second of a run does not count either. Every run is checked: each record arrives
once, in order. A ratio is Kafka Connect's over Sluice's, of the medians over the runs; *spread* is the largest over the smallest p99
among equal runs of a side, less one; a ratio within the larger spread of its own percentile is called no difference. *No worker* is
what the broker and its clients take of that by themselves: the same records from a producer of the bench (`linger.ms=0`, `acks=1`)
straight to a consumer of the bench, once the others are done.";

/// Its tables.
pub(crate) fn body(all: &[Latencies]) -> String {
    format!("{HOW}\n\n{}\n{}", ratios(all), figures(all))
}

fn ratios(all: &[Latencies]) -> String {
    let mut table = Table::new(&[
        "scenario",
        "p50",
        "p99",
        "p99.9",
        "lowest–highest pair, p99",
        "spread A/A, B/B",
    ]);
    for latencies in all {
        let of = |side, part| latencies.of(side, part);
        let ratio = |part| {
            let (java, sluice) = (of(Side::Java, part), of(Side::Sluice, part));
            let within = largest(&[spread(&java), spread(&sluice)]);
            verdict(median(&java) / median(&sluice), within)
        };
        let (java, sluice) = (of(Side::Java, Passed::P99), of(Side::Sluice, Passed::P99));
        let pairs: Vec<f64> = java.iter().zip(&sluice).map(|(java, ours)| java / ours).collect();
        table.row(&[
            latencies.scenario.name.to_owned(),
            ratio(Passed::P50),
            ratio(Passed::P99),
            ratio(Passed::P999),
            format!("{:.2}–{:.2}x", smallest(&pairs), largest(&pairs)),
            format!("{:.0} %, {:.0} %", spread(&java) * 100.0, spread(&sluice) * 100.0),
        ]);
    }
    table.finish()
}

fn figures(all: &[Latencies]) -> String {
    let mut table = Table::new(&[
        "scenario",
        "side",
        "runs",
        "records",
        "p50",
        "p90",
        "p99",
        "lowest–highest p99",
        "p99.9",
        "largest",
        "worker CPU per record",
    ]);
    let ms = |micros: f64| format!("{:.2} ms", micros / 1e3);
    let range = |of: &[f64]| format!("{:.2}–{:.2}", smallest(of) / 1e3, largest(of) / 1e3);
    for latencies in all {
        for side in [Side::Java, Side::Sluice] {
            let runs = || latencies.runs.iter().filter(|it| it.side == side);
            let worker: Vec<f64> = runs().map(|it| it.worker).collect();
            let middle = |part| ms(median(&latencies.of(side, part)));
            table.row(&[
                latencies.scenario.name.to_owned(),
                side.to_string(),
                runs().count().to_string(),
                runs().next().map_or(0, |it| it.records).to_string(),
                middle(Passed::P50),
                middle(Passed::P90),
                middle(Passed::P99),
                range(&latencies.of(side, Passed::P99)),
                middle(Passed::P999),
                ms(largest(&latencies.of(side, Passed::All))),
                format!("{:.1} µs", median(&worker)),
            ]);
        }
        if !latencies.floor.is_empty() {
            let middle = |part| ms(median(&latencies.of_floor(part)));
            table.row(&[
                latencies.scenario.name.to_owned(),
                "no worker".to_owned(),
                latencies.floor.len().to_string(),
                latencies.runs.first().map_or(0, |it| it.records).to_string(),
                middle(Passed::P50),
                middle(Passed::P90),
                middle(Passed::P99),
                range(&latencies.of_floor(Passed::P99)),
                middle(Passed::P999),
                ms(largest(&latencies.of_floor(Passed::All))),
                "–".to_owned(),
            ]);
        }
    }
    let mut text = table.finish();
    let _ =
        writeln!(text, "\n*largest* is of all runs; the other percentiles are medians over them.");
    text
}
