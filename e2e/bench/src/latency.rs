//! W12: how long records take to come out of a worker, at a pace that nothing slows down.

mod arrivals;
mod figures;
mod floor;
mod schedule;

use std::{
    fs,
    path::Path,
    time::{Duration, Instant},
};

use anyhow::{Context, Result};
use serde_json::json;
use sluice_kafka::{OutgoingRecord, Producer};
use sluice_kit::{connect::ConnectWorker, wait};
use tokio::task::spawn_blocking;

use crate::{
    broker::Broker,
    duel::Duel,
    payload::STRING,
    process,
    throughput::{WARM_UP, order},
    workers::{self, Side},
};
use arrivals::Tail;
use figures::parts;
pub(crate) use figures::{Latencies, LatencyRun, Passed};
use schedule::Schedule;

/// How long the first record may take, and the last one after it was due.
const PATIENCE: Duration = Duration::from_mins(1);

/// Milliseconds since 1970.
pub(crate) fn now_millis() -> i64 {
    (arrivals::now() / 1000).cast_signed()
}

/// Who makes the records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    /// A producer of the bench.
    Bench,
    /// A source connector of the same worker.
    Source,
}

/// One form of the workload.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Paced {
    pub(crate) name: &'static str,
    pub(crate) origin: Origin,
    /// Records a second.
    pub(crate) rate: u32,
}

/// All that is measured, in order.
pub(crate) const SCENARIOS: [Paced; 4] = [
    Paced { name: "sink, 1000 records a second", origin: Origin::Bench, rate: 1_000 },
    Paced { name: "sink, 10000 records a second", origin: Origin::Bench, rate: 10_000 },
    Paced { name: "source to sink, 1000 records a second", origin: Origin::Source, rate: 1_000 },
    Paced { name: "source to sink, 10000 records a second", origin: Origin::Source, rate: 10_000 },
];

/// What a run needs to know.
struct Bench<'a> {
    broker: &'a Broker,
    scenario: Paced,
    seconds: u32,
    folder: &'a Path,
}

/// Measures a scenario; each run takes that many seconds.
pub(crate) async fn measure(
    broker: &Broker,
    scenario: Paced,
    seconds: u32,
    pairs: usize,
    folder: &Path,
) -> Result<Latencies> {
    let plugins = workers::plugins(folder).await?;
    process::pin(broker.process()?, "0-1023")?;
    let bench = Bench { broker, scenario, seconds, folder };
    let java = bench.worker(Side::Java, &plugins).await?;
    let sluice = bench.worker(Side::Sluice, &plugins).await?;
    let mut duel = Duel::new(java, sluice);
    for (number, side) in WARM_UP.into_iter().enumerate() {
        bench.run(side, duel.turn(side).await?, &format!("warm-up-{number}")).await?;
    }
    let mut runs = Vec::new();
    for (number, side) in order(pairs).into_iter().enumerate() {
        let run = bench.run(side, duel.turn(side).await?, &format!("run-{number}")).await?;
        eprintln!("{}: {side}: {:?} us, {:.1} us CPU", scenario.name, run.parts, run.worker);
        runs.push(run);
    }
    duel.stop().await?;
    let floor = if scenario.origin == Origin::Source { bench.floor(pairs).await? } else { vec![] };
    Ok(Latencies { scenario, runs, floor })
}

impl Bench<'_> {
    async fn worker(&self, side: Side, plugins: &Path) -> Result<ConnectWorker> {
        let group = format!("{}-{side:?}", self.scenario_name()).to_lowercase();
        let bootstrap = self.broker.server.bootstrap();
        let file = workers::file(&bootstrap, &group, plugins, self.folder);
        let worker = ConnectWorker::start(&file, &side.launch(None)?).await?;
        workers::healthy(&worker).await?;
        Ok(worker)
    }

    fn scenario_name(&self) -> String {
        format!("w12-{}", self.scenario.name.replace([' ', ','], "-"))
    }

    async fn run(&self, side: Side, worker: &ConnectWorker, name: &str) -> Result<LatencyRun> {
        let name = format!("{}-{side:?}-{name}", self.scenario_name()).to_lowercase();
        let (sink, source) = (format!("{name}-sink"), format!("{name}-source"));
        let file = self.folder.join(&name);
        self.broker.create(&name).await?;
        workers::create(worker, &sink, &workers::file_sink(&name, &file)).await?;
        let producer = self.broker.prompt_producer("1")?;
        let tail = first_arrived(&producer, &name, &file).await?;

        let total = u64::from(self.scenario.rate) * u64::from(self.seconds);
        let patience = Duration::from_secs(self.seconds.into()) + PATIENCE;
        let before = process::cpu(worker.process_id())?;
        let arriving = spawn_blocking(move || tail.arrivals(total, Instant::now() + patience));
        self.send(side, worker, producer, (&name, &source), total).await?;
        let arrived = arriving.await?.with_context(|| name.clone())?;
        let cpu = process::cpu(worker.process_id())? - before;
        if self.scenario.origin == Origin::Source {
            workers::delete(worker, &source).await?;
        }
        workers::delete(worker, &sink).await?;
        fs::remove_file(&file)?;
        self.broker.delete(&name).await?;
        let (records, parts) = parts(&arrived, self.scenario.rate)?;
        Ok(LatencyRun { side, records, parts, worker: cpu * 1e6 / total as f64 })
    }

    /// As many runs without a worker as either side had with one.
    async fn floor(&self, pairs: usize) -> Result<Vec<Vec<u64>>> {
        let mut floor = Vec::new();
        for number in 0..order(pairs).len() / 2 {
            let name = format!("{}-floor-{number}", self.scenario_name());
            let (rate, seconds) = (self.scenario.rate, u64::from(self.seconds));
            let arrived =
                floor::arrivals(self.broker, &name, rate, u64::from(rate) * seconds).await?;
            let (_, parts) = parts(&arrived, self.scenario.rate)?;
            eprintln!("{}: no worker: {parts:?} us", self.scenario.name);
            floor.push(parts);
        }
        Ok(floor)
    }

    /// Has all records made: here and now, or from now on by a connector.
    async fn send(
        &self,
        side: Side,
        worker: &ConnectWorker,
        producer: Producer,
        (topic, source): (&str, &str),
        total: u64,
    ) -> Result<()> {
        match self.scenario.origin {
            Origin::Bench => {
                let (rate, topic) = (self.scenario.rate, topic.to_owned());
                let sending = spawn_blocking(move || {
                    Schedule::from_now(rate).send(&producer, &topic, total)?;
                    anyhow::Ok(producer)
                });
                let producer = sending.await??;
                producer.flush(PATIENCE).await?;
                producer.close().await;
            }
            Origin::Source => {
                let config = json!({
                    "connector.class": side.source(),
                    "tasks.max": "1",
                    "topic": topic,
                    "value.converter": STRING,
                    "content": "due",
                    "rate": self.scenario.rate.to_string(),
                    "records": total.to_string(),
                });
                workers::create(worker, source, &config).await?;
                producer.close().await;
            }
        }
        Ok(())
    }
}

/// Sends one record and waits until the sink has written it: from then on the sink is not what is waited for.
async fn first_arrived(producer: &Producer, topic: &str, file: &Path) -> Result<Tail> {
    let record = OutgoingRecord {
        topic,
        partition: Some(0),
        timestamp: None,
        key: None,
        value: Some(b"first"),
        headers: &[],
    };
    producer.send(&record, 0)?;
    wait::until(PATIENCE, "the first record", async || {
        fs::read_to_string(file).is_ok_and(|it| it == "first\n")
    })
    .await?;
    Tail::behind(file)
}
