//! W14: how long tasks stand still while a worker comes to their group, leaves it or dies.

mod gaps;

use std::{
    collections::BTreeMap,
    path::Path,
    time::{Duration, Instant},
};

use anyhow::{Result, ensure};
use serde_json::json;
use sluice_kit::connect::{ConnectWorker, WorkerFile};

use crate::{
    broker::Broker,
    latency::now_millis,
    payload::STRING,
    workers::{self, Side},
};
use gaps::Times;

/// Sources with one task each.
const CONNECTORS: usize = 9;
/// Records a second of each.
const RATE: &str = "200";
/// The session of both sides.
const SESSION: Duration = Duration::from_secs(10);
/// How long a group may take to come to rest.
const PATIENCE: Duration = Duration::from_mins(3);
/// How long it has to stay as it is to count as at rest.
const REST: Duration = Duration::from_secs(4);
const LOOK: Duration = Duration::from_millis(100);
/// The values of `scheduled.rebalance.max.delay.ms`, in seconds.
pub(crate) const DELAYS: [u64; 2] = [0, 10];

/// What happens to the group of two workers, one after the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Act {
    /// A third one joins.
    Add,
    /// It is told to stop (SIGTERM).
    Drain,
    /// One of the two is killed (SIGKILL).
    Kill,
}

impl Act {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Add => "a third worker joins",
            Self::Drain => "it is stopped (SIGTERM)",
            Self::Kill => "one of two is killed (SIGKILL)",
        }
    }
}

/// What one act did.
#[derive(Clone, Debug)]
pub(crate) struct Disturbance {
    pub(crate) side: Side,
    /// `scheduled.rebalance.max.delay.ms`, in seconds.
    pub(crate) delay: u64,
    pub(crate) act: Act,
    /// The longest pause between two records of each task that moved, in milliseconds.
    pub(crate) moved: Vec<f64>,
    /// The same of those that stayed.
    pub(crate) stayed: Vec<f64>,
}

/// The worker of each task, by connector.
type Placement = BTreeMap<String, String>;

/// When an act began and when the group was at rest again, in milliseconds since 1970, and who ran what.
struct Span {
    act: Act,
    from: i64,
    to: i64,
    before: Placement,
    after: Placement,
}

/// Measures a side.
pub(crate) async fn measure(
    side: Side,
    delay: u64,
    broker: &Broker,
    plugins: &Path,
    folder: &Path,
) -> Result<Vec<Disturbance>> {
    let group = format!("disturbance-{side:?}-{delay}").to_lowercase();
    let file = workers::file(&broker.server.bootstrap(), &group, plugins, folder)
        .with("session.timeout.ms", &SESSION.as_millis().to_string())
        .with("scheduled.rebalance.max.delay.ms", &(delay * 1000).to_string());
    let first = start(side, &file).await?;
    let second = start(side, &file).await?;
    let connectors: Vec<String> = (0..CONNECTORS).map(|it| format!("{group}-{it}")).collect();
    for connector in &connectors {
        broker.create_stamped(connector).await?;
        let config = json!({
            "connector.class": side.source(),
            "tasks.max": "1",
            "topic": connector,
            "value.converter": STRING,
            "content": "due",
            "rate": RATE,
        });
        workers::create(&first, connector, &config).await?;
    }
    let mut spans = Vec::new();
    let two = at_rest(&first, &[&first, &second]).await?;

    let from = now_millis();
    let third = start(side, &file).await?;
    let three = at_rest(&first, &[&first, &second, &third]).await?;
    spans.push(Span { act: Act::Add, from, to: now_millis(), before: two, after: three.clone() });

    let from = now_millis();
    third.stop().await?;
    let two = at_rest(&first, &[&first, &second]).await?;
    let after = two.clone();
    spans.push(Span { act: Act::Drain, from, to: now_millis(), before: three, after });

    let from = now_millis();
    second.kill9()?;
    let one = at_rest(&first, &[&first]).await?;
    spans.push(Span { act: Act::Kill, from, to: now_millis(), before: two, after: one });

    for connector in &connectors {
        workers::delete(&first, connector).await?;
    }
    first.stop().await?;
    let times = gaps::read(broker, &connectors).await?;
    for connector in &connectors {
        broker.delete(connector).await?;
    }
    spans.iter().map(|span| disturbance(side, delay, span, &times)).collect()
}

async fn start(side: Side, file: &WorkerFile) -> Result<ConnectWorker> {
    let worker = ConnectWorker::start(file, &side.launch(None)?).await?;
    workers::healthy(&worker).await?;
    Ok(worker)
}

/// Waits until all tasks run on these workers, each of which has some, and stay where they are.
async fn at_rest(asked: &ConnectWorker, workers: &[&ConnectWorker]) -> Result<Placement> {
    let began = Instant::now();
    let mut last = (Placement::new(), Instant::now());
    loop {
        let now = placement(asked).await.unwrap_or_default();
        let is_even = now.len() == CONNECTORS
            && workers.iter().all(|it| now.values().any(|id| id == it.id()))
            && now.values().all(|id| workers.iter().any(|it| it.id() == id));
        if now != last.0 || !is_even {
            last = (now, Instant::now());
        } else if last.1.elapsed() >= REST {
            return Ok(last.0);
        }
        ensure!(began.elapsed() < PATIENCE, "the group does not come to rest: {:?}", last.0);
        tokio::time::sleep(LOOK).await;
    }
}

/// Where the tasks run.
async fn placement(asked: &ConnectWorker) -> Result<Placement> {
    let all = asked.ask("GET", "/connectors?expand=status", None).await?;
    let of = |(name, it): (&String, &serde_json::Value)| {
        let task = &it["status"]["tasks"][0];
        let worker = task["worker_id"].as_str().filter(|_| task["state"] == "RUNNING")?;
        Some((name.clone(), worker.to_owned()))
    };
    Ok(all.as_object().into_iter().flatten().filter_map(of).collect())
}

fn disturbance(side: Side, delay: u64, span: &Span, times: &Times) -> Result<Disturbance> {
    let (mut moved, mut stayed) = (Vec::new(), Vec::new());
    for (connector, worker) in &span.before {
        let gap = gaps::longest(times, connector, span.from..span.to)?;
        let stays = span.after.get(connector) == Some(worker);
        if stays { &mut stayed } else { &mut moved }.push(gap);
    }
    Ok(Disturbance { side, delay, act: span.act, moved, stayed })
}
