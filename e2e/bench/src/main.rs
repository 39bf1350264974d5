//! `sluice-bench`: measures Sluice beside Kafka Connect on a real broker, and writes the tables that are published.

mod broker;
mod density;
mod disturbance;
mod duel;
mod footprint;
mod latency;
mod machine;
mod part;
mod payload;
mod postgres;
mod process;
mod progress;
mod registry;
mod report;
mod scale;
mod scenarios;
mod statistics;
mod table;
mod tables;
mod throughput;
mod workers;

use std::{
    fs,
    io::Write as _,
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::{Context as _, Result, bail};
use clap::{Parser, ValueEnum};

use broker::Broker;
use part::Part;
use report::Facts;
use scenarios::Scenario;
use throughput::Servers;
use workers::Side;

/// Measures Sluice beside Kafka Connect. Needs the release builds of worker and operator.
#[derive(Debug, Parser)]
#[command(name = "sluice-bench")]
struct Arguments {
    /// Fewer records, runs and scenarios; prints the tables and keeps the published ones.
    #[arg(long)]
    quick: bool,
    /// Records in each run of the smallest; larger ones have fewer.
    #[arg(long)]
    records: Option<u64>,
    /// Pairs of runs in each scenario.
    #[arg(long)]
    pairs: Option<usize>,
    /// Only this part; the tables of the others stay as they were published.
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

    /// Of the runs that other figures are fractions of.
    fn records(&self) -> u64 {
        self.records.unwrap_or(if self.quick { 4_000_000 } else { 8_000_000 })
    }

    /// Whether what is measured takes the place of what is published.
    fn publishes(&self) -> bool {
        !self.quick && self.scenario.is_none()
    }

    fn wants_part(&self, part: Part) -> bool {
        self.only.is_none_or(|only| only == part)
            && (self.scenario.is_none() || part.has_scenarios())
    }

    fn wants(&self, scenario: &str) -> bool {
        self.scenario.as_ref().is_none_or(|part| scenario.contains(part))
    }
}

#[tokio::main(worker_threads = 1)]
async fn main() -> Result<()> {
    let arguments = Arguments::parse();
    if cfg!(debug_assertions) {
        bail!("a debug build measures nothing: run `make bench`");
    }
    let parts: Vec<Part> =
        Part::value_variants().iter().copied().filter(|it| arguments.wants_part(*it)).collect();
    let folder = tempfile::Builder::new().prefix("sluice-bench-").tempdir()?;
    let broker =
        if parts.iter().any(|it| it.needs_broker()) { Some(Broker::start().await?) } else { None };
    let bench = Bench { arguments, broker, folder: folder.path().to_owned() };
    for part in parts {
        let facts = Facts::look(command(std::env::args().skip(1)));
        let body = bench.measure(part).await?;
        let section = report::section(part, &facts, &body);
        if bench.arguments.publishes() {
            // Part by part: what was measured is kept even if a later one fails.
            save(part.file(), &section)?;
            save("RESULTS.md", &report::document(saved)?)?;
        } else {
            std::io::stdout().write_all(section.as_bytes())?;
        }
    }
    Ok(())
}

fn folder() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Writes a file that is published.
fn save(file: &str, text: &str) -> Result<()> {
    fs::create_dir_all(folder().join("results"))?;
    fs::write(folder().join(file), text).with_context(|| file.to_owned())
}

/// The section of a part as it was measured last, if ever.
fn saved(part: Part) -> Result<Option<String>> {
    match fs::read_to_string(folder().join(part.file())) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        text => text.map(Some).with_context(|| part.file().to_owned()),
    }
}

/// What to type to run the same again.
fn command(arguments: impl Iterator<Item = String>) -> String {
    let given = arguments.collect::<Vec<_>>().join(" ");
    if given.is_empty() { "make bench".to_owned() } else { format!("make bench ARGS='{given}'") }
}

/// What all parts need.
struct Bench {
    arguments: Arguments,
    broker: Option<Broker>,
    folder: PathBuf,
}

impl Bench {
    /// Measures a part; its tables.
    async fn measure(&self, part: Part) -> Result<String> {
        match part {
            Part::Footprint => self.footprint().await,
            Part::Density => self.density().await,
            Part::Disturbance => self.disturbance().await,
            Part::Throughput | Part::Registry | Part::Rows => self.throughput(part).await,
            Part::Latency => self.latency().await,
            Part::Tables => self.tables().await,
            Part::Scale => Ok(report::scale::body(&scale::measure(self.arguments.size()).await?)),
        }
    }

    fn broker(&self) -> Result<&Broker> {
        self.broker.as_ref().context("this part was to need no broker")
    }

    async fn footprint(&self) -> Result<String> {
        let plugins = workers::plugins(&self.folder).await?;
        let runs = if self.arguments.quick { 3 } else { 10 };
        let mut footprints = Vec::new();
        for side in [Side::Java, Side::Sluice] {
            let footprint = footprint::worker(side, self.broker()?, &plugins, runs).await?;
            eprintln!("{footprint:?}");
            footprints.push(footprint);
        }
        let operator = footprint::operator().await?;
        let mut sizes = Vec::new();
        for program in ["sluice-worker", "sluice-operator"] {
            sizes.push((program, footprint::size(program)?));
        }
        Ok(report::footprint::body(&footprints, &operator, &sizes))
    }

    async fn density(&self) -> Result<String> {
        let plugins = workers::plugins(&self.folder).await?;
        let mut all = Vec::new();
        for side in [Side::Java, Side::Sluice] {
            all.extend(density::measure(side, self.broker()?, &plugins, &self.folder).await?);
        }
        Ok(report::density::body(&all))
    }

    async fn disturbance(&self) -> Result<String> {
        let plugins = workers::plugins(&self.folder).await?;
        let mut all = Vec::new();
        for delay in disturbance::DELAYS {
            for side in [Side::Java, Side::Sluice] {
                let broker = self.broker()?;
                let measured =
                    disturbance::measure(side, delay, broker, &plugins, &self.folder).await?;
                eprintln!("{measured:?}");
                all.extend(measured);
            }
        }
        Ok(report::disturbance::body(&all))
    }

    async fn throughput(&self, part: Part) -> Result<String> {
        let wants =
            |it: &Scenario| self.arguments.wants(&format!("{:?}: {}", it.workload, it.name));
        let all = scenarios::all().into_iter().filter(|it| it.part() == part);
        let scenarios: Vec<Scenario> = all.filter(wants).collect();
        let [runs, samples] = part.samples();
        let servers = Servers::start(self.broker()?, &scenarios).await?;
        let mut outcomes = Vec::new();
        for scenario in scenarios {
            let records = scenario.payload.records(self.arguments.records());
            let pairs = self.arguments.pairs();
            outcomes
                .push(throughput::measure(&servers, scenario, records, pairs, &self.folder).await?);
            if self.arguments.publishes() {
                save(&runs, &report::csv::runs(&outcomes))?;
                save(&samples, &report::csv::samples(&outcomes))?;
            }
        }
        let bare = servers.bare(&outcomes, &self.folder)?;
        Ok(report::throughput::body(&outcomes, &bare))
    }

    async fn tables(&self) -> Result<String> {
        let plugins = workers::plugins(&self.folder).await?;
        let sizes: &[u64] =
            if self.arguments.quick { &[100_000, 1_000_000] } else { &[1_000_000, 10_000_000] };
        let (bare, all) = tables::measure(self.broker()?, &plugins, &self.folder, sizes).await?;
        Ok(report::tables::body(bare, &all))
    }

    async fn latency(&self) -> Result<String> {
        let wants = |it: &latency::Paced| self.arguments.wants(&format!("W12: {}", it.name));
        let seconds = seconds(self.arguments.records());
        let mut all = Vec::new();
        for scenario in latency::SCENARIOS.into_iter().filter(wants) {
            let pairs = self.arguments.pairs();
            let broker = self.broker()?;
            all.push(latency::measure(broker, scenario, seconds, pairs, &self.folder).await?);
            if self.arguments.publishes() {
                save("results/latency.csv", &report::csv::latencies(&all))?;
            }
        }
        Ok(report::latency::body(&all))
    }
}

/// How long a run at a pace takes: half a minute if the others have the usual 8 million records, 5 s at least.
fn seconds(records: u64) -> u32 {
    u32::try_from(records.saturating_mul(30) / 8_000_000).unwrap_or(u32::MAX).clamp(5, 300)
}
