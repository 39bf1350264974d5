//! What the tables were made from, line by line.

use std::fmt::Write as _;

use crate::{latency::Latencies, throughput::Outcome};

/// Every run, one line each.
pub(crate) fn runs(outcomes: &[Outcome]) -> String {
    let mut text = String::from(
        "workload,scenario,run,side,counted,steady_records,steady_seconds,steady_worker_us,steady_broker_us,\
         whole_records,whole_seconds,whole_worker_us,mean_kib,peak_kib\n",
    );
    for outcome in outcomes {
        for (number, run) in outcome.runs.iter().enumerate() {
            let _ = writeln!(
                text,
                "{:?},\"{}\",{number},{},{},{},{:.4},{:.4},{:.4},{},{:.4},{:.4},{:.0},{}",
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
                run.mean,
                run.peak,
            );
        }
    }
    text
}

/// Every sample of every run.
pub(crate) fn samples(outcomes: &[Outcome]) -> String {
    let mut text = String::from(
        "workload,scenario,run,side,seconds,arrived,worker_cpu_seconds,broker_cpu_seconds\n",
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

/// Every run of the latencies.
pub(crate) fn latencies(all: &[Latencies]) -> String {
    let mut text = String::from("workload,scenario,run,side,records,worker_us");
    for (_, name, _) in Latencies::PARTS {
        let _ = write!(text, ",{name}_us");
    }
    text.push('\n');
    let mut line = |of: &Latencies, run: String, parts: &[u64]| {
        let _ = write!(text, "W12,\"{}\",{run}", of.scenario.name);
        for micros in parts {
            let _ = write!(text, ",{micros}");
        }
        text.push('\n');
    };
    for latencies in all {
        for (number, run) in latencies.runs.iter().enumerate() {
            let told = format!("{number},{},{},{:.3}", run.side, run.records, run.worker);
            line(latencies, told, &run.parts);
        }
        for (number, parts) in latencies.floor.iter().enumerate() {
            line(latencies, format!("{number},no worker,,"), parts);
        }
    }
    text
}
