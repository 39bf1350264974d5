//! Throughput: the runs of a scenario, on either side in turns.

mod files;
mod made;
mod read;
mod rows;
mod watch;

use std::path::Path;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use sluice_kit::connect::ConnectWorker;

use crate::{
    broker::Broker,
    duel::Duel,
    payload::Payload,
    postgres::{Bare, Database},
    process,
    progress::{self, Cost, Sample},
    registry::Registry,
    scenarios::{Scenario, Workload},
    workers::{self, Side},
};
use watch::Watched;

/// One connector's way through its records.
#[derive(Clone, Debug)]
pub(crate) struct Run {
    pub(crate) side: Side,
    pub(crate) samples: Vec<Sample>,
    /// Of the part that [`Workload::window`] names.
    pub(crate) steady: Cost,
    pub(crate) whole: Cost,
    /// Most memory that the worker had resident, in KiB.
    pub(crate) peak: u64,
    /// Its mean over the run, in KiB.
    pub(crate) mean: f64,
    /// What the truth was read from said.
    pub(crate) counted: u64,
}

/// All runs of a scenario, in their order.
#[derive(Clone, Debug)]
pub(crate) struct Outcome {
    pub(crate) scenario: Scenario,
    pub(crate) runs: Vec<Run>,
}

impl Outcome {
    /// One figure of all runs of a side.
    pub(crate) fn of(&self, side: Side, figure: impl Fn(&Run) -> f64) -> Vec<f64> {
        self.runs.iter().filter(|it| it.side == side).map(figure).collect()
    }
}

/// The order of the runs: `pairs` times one and the other, then each twice in a row.
pub(crate) fn order(pairs: usize) -> Vec<Side> {
    let mut order = [Side::Java, Side::Sluice].repeat(pairs);
    order.extend([Side::Java, Side::Java, Side::Sluice, Side::Sluice]);
    order
}

/// What comes before the runs that count: the JVM's first two connectors compile what the others run.
pub(crate) const WARM_UP: [Side; 3] = [Side::Java, Side::Java, Side::Sluice];

/// How often a run may come to nothing before the whole measurement does.
const ATTEMPTS: usize = 5;

/// What the runs share.
pub(crate) struct Servers<'a> {
    broker: &'a Broker,
    /// There if the records of any run need one.
    registry: Option<Registry>,
    /// There if any run writes to it.
    database: Option<Database>,
}

impl<'a> Servers<'a> {
    /// Starts what the scenarios need.
    pub(crate) async fn start(broker: &'a Broker, scenarios: &[Scenario]) -> Result<Self> {
        let (mut registry, mut database) = (None, None);
        if scenarios.iter().any(|it| it.payload.schema().is_some()) {
            registry = Some(Registry::start().await?);
        }
        if scenarios.iter().any(|it| it.workload == Workload::W7) {
            database = Some(Database::start().await?);
        }
        Ok(Self { broker, registry, database })
    }

    /// What the database takes by itself, of the rows of these runs.
    pub(crate) fn bare(&self, outcomes: &[Outcome], folder: &Path) -> Result<Vec<Bare>> {
        let mut shapes: Vec<(u32, u64)> = Vec::new();
        for outcome in outcomes {
            if let (Payload::Row(columns), Some(run)) =
                (outcome.scenario.payload, outcome.runs.first())
            {
                shapes.push((columns, run.counted));
            }
        }
        shapes.sort_unstable();
        shapes.dedup();
        let Some(database) = &self.database else { return Ok(Vec::new()) };
        shapes.into_iter().map(|(columns, rows)| database.bare(columns, rows, folder)).collect()
    }
}

/// What a run needs to know.
struct Bench<'a> {
    broker: &'a Broker,
    /// The registry that holds the schema of the records.
    registry: Option<&'a Registry>,
    database: Option<&'a Database>,
    scenario: &'a Scenario,
    records: u64,
    folder: &'a Path,
}

/// Measures a scenario.
pub(crate) async fn measure(
    servers: &Servers<'_>,
    scenario: Scenario,
    records: u64,
    pairs: usize,
    folder: &Path,
) -> Result<Outcome> {
    let plugins = workers::plugins(folder).await?;
    let broker = servers.broker;
    let registry = match scenario.payload.schema() {
        Some(_) => Some(servers.registry.as_ref().context("the records need a registry")?),
        None => None,
    };
    let cores = scenario.cores.map_or("0-1023", |(_, broker)| broker);
    process::pin(broker.process()?, cores)?;
    let database = servers.database.as_ref();
    let bench = Bench { broker, registry, database, scenario: &scenario, records, folder };
    bench.prepare().await?;
    let java = bench.worker(Side::Java, &plugins).await?;
    let sluice = bench.worker(Side::Sluice, &plugins).await?;
    let mut duel = Duel::new(java, sluice);
    for (number, side) in WARM_UP.into_iter().enumerate() {
        bench.run(side, duel.turn(side).await?, &format!("warm-up-{number}")).await?;
    }
    let mut runs = Vec::new();
    for (number, side) in order(pairs).into_iter().enumerate() {
        let name = format!("run-{number}");
        let worker = duel.turn(side).await?;
        let run = bench.run_until_steady(side, worker, &name).await?;
        eprintln!(
            "{}: {side}: {:.3} us, {:.2} M/s, peak {} MiB",
            scenario.name,
            run.steady.worker,
            run.steady.rate() / 1e6,
            run.peak >> 10
        );
        runs.push(run);
    }
    duel.stop().await?;
    Ok(Outcome { scenario, runs })
}

impl Bench<'_> {
    /// What all runs share.
    async fn prepare(&self) -> Result<()> {
        match self.scenario.workload {
            Workload::W1 | Workload::W2 | Workload::W3 | Workload::W7 => self.fill_topic().await,
            Workload::W4 => Ok(()),
            Workload::W5 => self.write_lines(),
        }
    }

    async fn worker(&self, side: Side, plugins: &Path) -> Result<ConnectWorker> {
        let group = format!("{}-{side:?}", self.scenario_name()).to_lowercase();
        let mut file = workers::file(&self.broker.server.bootstrap(), &group, plugins, self.folder)
            .with("offset.flush.interval.ms", self.scenario.workload.flush_interval());
        if let Some(database) = self.database {
            let both = format!("{},{}", plugins.display(), database.plugin.display());
            file = file.with("plugin.path", &both);
        }
        let mut launch = side.launch(self.scenario.cores.map(|it| it.0))?;
        if let Some(registry) = self.registry {
            launch = launch.with_jars(&registry.jars);
        }
        let worker = ConnectWorker::start(&file, &launch).await?;
        workers::healthy(&worker).await?;
        Ok(worker)
    }

    /// A name that no other scenario has.
    fn scenario_name(&self) -> String {
        let name = format!("{:?} {}", self.scenario.workload, self.scenario.name);
        name.replace(|it: char| !it.is_ascii_alphanumeric(), "-")
    }

    /// A commit that comes late can leave a run without samples: then it is run again.
    async fn run_until_steady(
        &self,
        side: Side,
        worker: &ConnectWorker,
        name: &str,
    ) -> Result<Run> {
        let mut attempt = 1;
        loop {
            match self.run(side, worker, &format!("{name}-{attempt}")).await {
                Err(error) if attempt < ATTEMPTS => {
                    eprintln!("{}: {side}: again: {error:#}", self.scenario.name);
                    workers::delete_all(worker).await?;
                    attempt += 1;
                }
                outcome => return outcome,
            }
        }
    }

    async fn run(&self, side: Side, worker: &ConnectWorker, name: &str) -> Result<Run> {
        let connector = format!("{}-{side:?}-{name}", self.scenario_name()).to_lowercase();
        process::forget_peak(worker.process_id())?;
        let (watched, counted) = match self.scenario.workload {
            Workload::W1 | Workload::W2 | Workload::W3 => self.read(side, worker, &connector).await,
            Workload::W4 => self.make(side, worker, &connector).await,
            Workload::W5 => self.copy_file(worker, &connector).await,
            Workload::W7 => self.write_rows(worker, &connector).await,
        }?;
        ensure!(counted == self.records, "{connector}: {counted} of {} records", self.records);
        let Watched { samples, mean, peak } = watched;
        let window = self.scenario.workload.window();
        let too_few = "too few records for a steady part";
        let steady = window.cost(&samples, self.records).context(too_few)?;
        let whole = progress::whole(&samples, self.records).context(too_few)?;
        Ok(Run { side, samples, steady, whole, peak, mean, counted })
    }

    /// A connector's settings: these, the converter's, and those of the scenario.
    fn config(&self, mut config: Value) -> Value {
        config["tasks.max"] = json!("1");
        let converter = self.scenario.payload.converter();
        for (key, value) in converter.iter().chain(self.scenario.overrides) {
            config[*key] = json!(value);
        }
        if let Some(registry) = self.registry {
            registry.name_in(&mut config);
        }
        config
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sides_take_turns_and_then_meet_themselves() {
        let letters: String =
            order(2).iter().map(|it| if *it == Side::Java { 'A' } else { 'B' }).collect();
        assert_eq!(letters, "ABABAABB");
    }
}
