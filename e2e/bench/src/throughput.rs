//! W1 and W2: a null sink reads a topic, again and again, on either side in turns.

use std::{
    fs,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};
use serde_json::json;
use sluice_kit::{
    connect::{ConnectWorker, WorkerFile},
    wait,
};
use tokio::time::sleep;

use crate::{
    broker::Broker,
    process,
    progress::{self, Cost, Sample},
    scenarios::Scenario,
    workers::{self, Side},
};

/// Pause between two looks at the group's offsets.
const LOOK: Duration = Duration::from_millis(20);
/// How long one run may take.
const LONGEST: Duration = Duration::from_mins(5);

/// One connector's way through the topic.
#[derive(Clone, Debug)]
pub(crate) struct Run {
    pub(crate) side: Side,
    pub(crate) samples: Vec<Sample>,
    pub(crate) steady: Cost,
    pub(crate) whole: Cost,
    /// Most memory that the worker had resident, in KiB.
    pub(crate) peak: u64,
    /// What the truth was read from, and what it said.
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
fn order(pairs: usize) -> Vec<Side> {
    let mut order = [Side::Java, Side::Sluice].repeat(pairs);
    order.extend([Side::Java, Side::Java, Side::Sluice, Side::Sluice]);
    order
}

/// What a run needs to know.
struct Bench<'a> {
    broker: &'a Broker,
    scenario: &'a Scenario,
    topic: &'a str,
    records: u64,
    folder: &'a Path,
}

/// Measures a scenario on a topic that [`Broker::fill`] made.
pub(crate) async fn measure(
    broker: &Broker,
    scenario: Scenario,
    (topic, records): (&str, u64),
    pairs: usize,
    folder: &Path,
) -> Result<Outcome> {
    let plugins = workers::plugins(folder).await?;
    let all = scenario.cores.map_or("0-1023", |(_, broker)| broker);
    process::pin(broker.process()?, all)?;
    let bench = Bench { broker, scenario: &scenario, topic, records, folder };
    let java = bench.worker(Side::Java, &plugins).await?;
    let sluice = bench.worker(Side::Sluice, &plugins).await?;
    let worker = |side| if side == Side::Java { &java } else { &sluice };
    // The JVM's first two connectors compile what the others run.
    for (number, side) in [Side::Java, Side::Java, Side::Sluice].into_iter().enumerate() {
        bench.run(side, worker(side), &format!("warm-up-{number}")).await?;
    }
    let mut runs = Vec::new();
    for (number, side) in order(pairs).into_iter().enumerate() {
        let name = format!("run-{number}");
        let run = match bench.run(side, worker(side), &name).await {
            Ok(run) => run,
            // A commit that came late can leave a run without samples; a second failure is one.
            Err(error) => {
                eprintln!("{}: {side}: again: {error:#}", scenario.name);
                bench.run(side, worker(side), &format!("{name}-again")).await?
            }
        };
        eprintln!(
            "{}: {side}: {:.3} us, {:.2} M/s, peak {} MiB",
            scenario.name,
            run.steady.worker,
            run.steady.rate() / 1e6,
            run.peak >> 10
        );
        runs.push(run);
    }
    java.stop().await?;
    sluice.stop().await?;
    Ok(Outcome { scenario, runs })
}

impl Bench<'_> {
    async fn worker(&self, side: Side, plugins: &Path) -> Result<ConnectWorker> {
        let group = format!("{}-{side:?}", self.topic_and_pinning()).to_lowercase();
        let file: WorkerFile = workers::file(&self.broker.server.bootstrap(), &group, plugins);
        let worker =
            ConnectWorker::start(&file, &side.launch(self.scenario.cores.map(|it| it.0))?).await?;
        workers::healthy(&worker).await?;
        Ok(worker)
    }

    /// Names that no other scenario has.
    fn topic_and_pinning(&self) -> String {
        let name = format!("{:?} {}", self.scenario.workload, self.scenario.name);
        name.replace(|it: char| !it.is_ascii_alphanumeric(), "-")
    }

    async fn run(&self, side: Side, worker: &ConnectWorker, name: &str) -> Result<Run> {
        let connector = format!("{}-{side:?}-{name}", self.topic_and_pinning()).to_lowercase();
        let counted = self.folder.join(&connector);
        let mut config = json!({
            "connector.class": side.sink(),
            "tasks.max": "1",
            "topics": self.topic,
            "counted": counted.display().to_string(),
        });
        let converter = self.scenario.payload.converter();
        for (key, value) in converter.iter().chain(self.scenario.overrides) {
            config[*key] = json!(value);
        }
        process::forget_peak(worker.process_id())?;
        let body = json!({"name": connector, "config": config});
        // Refused for a moment while the worker's group changes hands after the connector before it.
        wait::until_ok(LONGEST, "the connector to be taken", async || {
            worker.ask("POST", "/connectors", Some(&body)).await
        })
        .await?;
        let samples = self.watch(worker.process_id(), &connector).await?;
        let peak = process::memory(worker.process_id())?.peak;
        workers::delete(worker, &connector).await?;
        let counted = self.truth(side, &connector, counted).await?;
        ensure!(counted == self.records, "{connector}: {counted} of {} records", self.records);
        let part = |of: fn(&[Sample], u64) -> Option<Cost>| {
            of(&samples, self.records).context("too few records for a steady part")
        };
        let (steady, whole) = (part(progress::steady)?, part(progress::whole)?);
        Ok(Run { side, samples, steady, whole, peak, counted })
    }

    /// Looks at the group until it has committed every record of the topic.
    async fn watch(&self, worker: u32, connector: &str) -> Result<Vec<Sample>> {
        let group = format!("connect-{connector}");
        let broker = self.broker.process()?;
        let start = Instant::now();
        let mut samples: Vec<Sample> = Vec::new();
        loop {
            let records =
                self.broker.committed(&group, self.topic, self.scenario.partitions).await?;
            let sample = Sample {
                at: start.elapsed().as_secs_f64(),
                records,
                worker: process::cpu(worker)?,
                broker: process::cpu(broker)?,
            };
            if samples.last().is_none_or(|it| it.records != records) {
                samples.push(sample);
            }
            if records >= self.records {
                return Ok(samples);
            }
            ensure!(start.elapsed() < LONGEST, "{connector} has committed {records} records only");
            sleep(LOOK).await;
        }
    }

    /// How many records arrived: what Java's sink has counted, or what our group has committed, which must be the end
    /// of the topic.
    async fn truth(&self, side: Side, connector: &str, counted: PathBuf) -> Result<u64> {
        let ends = self.broker.ends(self.topic, self.scenario.partitions).await?;
        let group = format!("connect-{connector}");
        let committed = self.broker.committed(&group, self.topic, self.scenario.partitions).await?;
        ensure!(committed == ends, "{connector}: {committed} committed, the topic has {ends}");
        if side == Side::Sluice {
            return Ok(committed);
        }
        let mut text = String::new();
        wait::until(LONGEST, "the sink's count", async || {
            fs::read_to_string(&counted).is_ok_and(|it| {
                text = it;
                true
            })
        })
        .await?;
        Ok(text.parse()?)
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
