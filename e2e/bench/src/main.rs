//! `sluice-bench`: measures Sluice beside Kafka Connect on a real broker, and writes the tables that are published.

mod broker;
mod density;
mod disturbance;
mod duel;
mod footprint;
mod latency;
mod machine;
mod payload;
mod process;
mod progress;
mod report;
mod scale;
mod scenarios;
mod statistics;
mod table;
mod throughput;
mod workers;

use std::{
    fs,
    io::Write as _,
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::{Result, bail};
use clap::{Parser, ValueEnum};

use broker::Broker;
use machine::Machine;
use report::Report;
use scenarios::Scenario;
use workers::Side;

/// Measures Sluice beside Kafka Connect. Needs the release builds of worker and operator.
#[derive(Debug, Parser)]
#[command(name = "sluice-bench")]
struct Arguments {
    /// Fewer records, runs and scenarios; prints the tables and keeps the published ones.
    #[arg(long)]
    quick: bool,
    /// Records in each run of the smallest; the others have a quarter.
    #[arg(long)]
    records: Option<u64>,
    /// Pairs of runs in each scenario.
    #[arg(long)]
    pairs: Option<usize>,
    /// Only this part; prints the tables and keeps the published ones.
    #[arg(long, value_enum)]
    only: Option<Part>,
    /// Clusters of the operator's part.
    #[arg(long)]
    clusters: Option<usize>,
    /// Connectors of the operator's part.
    #[arg(long)]
    connectors: Option<usize>,
    /// Only scenarios whose workload and name hold this, such as `W2: with schema`.
    #[arg(long)]
    scenario: Option<String>,
}

impl Arguments {
    fn pairs(&self) -> usize {
        self.pairs.unwrap_or(if self.quick { 2 } else { 5 })
    }

    fn size(&self) -> scale::Size {
        let [clusters, connectors, idle] =
            if self.quick { [5, 200, 30] } else { [100, 10_000, 600] };
        scale::Size {
            clusters: self.clusters.unwrap_or(clusters).max(1),
            connectors: self.connectors.unwrap_or(connectors).max(1),
            idle: Duration::from_secs(idle as u64),
        }
    }

    fn wants(&self, scenario: &str) -> bool {
        self.scenario.as_ref().is_none_or(|part| scenario.contains(part))
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Part {
    /// Start-up and size.
    Footprint,
    /// W1, W2, W4 and W5.
    Throughput,
    /// W12.
    Latency,
    /// W13 and W15.
    Density,
    /// W14.
    Disturbance,
    /// The operator with many resources.
    Scale,
}

#[tokio::main(worker_threads = 1)]
async fn main() -> Result<()> {
    let arguments = Arguments::parse();
    if cfg!(debug_assertions) {
        bail!("a debug build measures nothing: run `make bench`");
    }
    let report = measure(&arguments).await?;
    let text = report.text();
    if arguments.quick || arguments.only.is_some() || arguments.scenario.is_some() {
        std::io::stdout().write_all(text.as_bytes())?;
        return Ok(());
    }
    save("RESULTS.md", text)
}

/// Writes a file that is published.
fn save(file: &str, text: String) -> Result<()> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    fs::create_dir_all(folder.join("results"))?;
    Ok(fs::write(folder.join(file), text)?)
}

/// What to type to run the same again.
fn command(arguments: impl Iterator<Item = String>) -> String {
    let given = arguments.collect::<Vec<_>>().join(" ");
    if given.is_empty() { "make bench".to_owned() } else { format!("make bench ARGS='{given}'") }
}

async fn measure(arguments: &Arguments) -> Result<Report> {
    let is_in = |part| arguments.only.is_none_or(|only| only == part);
    let mut report = Report {
        machine: Machine::look(),
        command: command(std::env::args().skip(1)),
        records: arguments.records.unwrap_or(if arguments.quick { 4_000_000 } else { 8_000_000 }),
        footprints: Vec::new(),
        operator: None,
        sizes: Vec::new(),
        outcomes: Vec::new(),
        latencies: Vec::new(),
        densities: Vec::new(),
        disturbances: Vec::new(),
        scale: None,
    };
    let is_whole = arguments.scenario.is_none();
    if is_in(Part::Scale) && is_whole {
        report.scale = Some(scale::measure(arguments.size()).await?);
    }
    if arguments.only == Some(Part::Scale) {
        return Ok(report);
    }
    let folder = tempfile::Builder::new().prefix("sluice-bench-").tempdir()?;
    let broker = Broker::start().await?;
    if is_in(Part::Footprint) {
        footprints(arguments, &broker, folder.path(), &mut report).await?;
    }
    if is_in(Part::Density) && is_whole {
        densities(&broker, folder.path(), &mut report).await?;
    }
    if is_in(Part::Disturbance) && is_whole {
        disturbances(&broker, folder.path(), &mut report).await?;
    }
    if is_in(Part::Throughput) {
        throughput(arguments, &broker, folder.path(), &mut report).await?;
    }
    if is_in(Part::Latency) {
        latency(arguments, &broker, folder.path(), &mut report).await?;
    }
    Ok(report)
}

async fn footprints(
    arguments: &Arguments,
    broker: &Broker,
    folder: &Path,
    report: &mut Report,
) -> Result<()> {
    let plugins: PathBuf = workers::plugins(folder).await?;
    let runs = if arguments.quick { 3 } else { 10 };
    for side in [Side::Java, Side::Sluice] {
        let footprint = footprint::worker(side, broker, &plugins, runs).await?;
        eprintln!("{footprint:?}");
        report.footprints.push(footprint);
    }
    report.operator = Some(footprint::operator().await?);
    for program in ["sluice-worker", "sluice-operator"] {
        report.sizes.push((program, footprint::size(program)?));
    }
    Ok(())
}

async fn densities(broker: &Broker, folder: &Path, report: &mut Report) -> Result<()> {
    let plugins = workers::plugins(folder).await?;
    for side in [Side::Java, Side::Sluice] {
        report.densities.extend(density::measure(side, broker, &plugins, folder).await?);
    }
    Ok(())
}

async fn disturbances(broker: &Broker, folder: &Path, report: &mut Report) -> Result<()> {
    let plugins = workers::plugins(folder).await?;
    for delay in disturbance::DELAYS {
        for side in [Side::Java, Side::Sluice] {
            let measured = disturbance::measure(side, delay, broker, &plugins, folder).await?;
            eprintln!("{measured:?}");
            report.disturbances.extend(measured);
        }
    }
    Ok(())
}

async fn throughput(
    arguments: &Arguments,
    broker: &Broker,
    folder: &Path,
    report: &mut Report,
) -> Result<()> {
    let wanted = |it: &Scenario| arguments.wants(&format!("{:?}: {}", it.workload, it.name));
    for scenario in scenarios::all().into_iter().filter(wanted) {
        let records = scenario.payload.records(report.records);
        let outcome =
            throughput::measure(broker, scenario, records, arguments.pairs(), folder).await?;
        report.outcomes.push(outcome);
        if !arguments.quick {
            // Scenario by scenario: what was measured is kept even if a later one fails.
            save("results/runs.csv", report::csv::runs(&report.outcomes))?;
            save("results/samples.csv", report::csv::samples(&report.outcomes))?;
        }
    }
    Ok(())
}

async fn latency(
    arguments: &Arguments,
    broker: &Broker,
    folder: &Path,
    report: &mut Report,
) -> Result<()> {
    let wanted = |it: &latency::Paced| arguments.wants(&format!("W12: {}", it.name));
    let seconds = seconds(report.records);
    for scenario in latency::SCENARIOS.into_iter().filter(wanted) {
        let measured =
            latency::measure(broker, scenario, seconds, arguments.pairs(), folder).await?;
        report.latencies.push(measured);
        if !arguments.quick {
            save("results/latency.csv", report::csv::latencies(&report.latencies))?;
        }
    }
    Ok(())
}

/// How long a run at a pace takes: half a minute if the others have the usual 8 million records, 5 s at least.
fn seconds(records: u64) -> u32 {
    u32::try_from(records.saturating_mul(30) / 8_000_000).unwrap_or(u32::MAX).clamp(5, 300)
}
