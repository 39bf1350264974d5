//! Workers of both kinds that share a group: they come and go, and can be asked whether they are at rest.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use sluice_kit::connect::{ConnectWorker, Launch, WorkerFile};
use sluice_kit::kafka::KafkaServer;
use sluice_kit::{binaries, java, wait};

use super::lines::{Logs, Told};
use super::work::{Placement, State, Wanted};
use super::{PATIENCE, put, worker_file};

/// Lines of each task that are waited for.
const LINES: usize = 8;

/// How long they may take before the look begins anew.
const LOOK: Duration = Duration::from_secs(15);

/// Whose worker it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Java,
    Sluice,
}

struct Seat {
    kind: Kind,
    worker: Option<ConnectWorker>,
    is_up: bool,
}

/// Three workers of one group, not all of them up at all times.
pub(super) struct Party {
    file: WorkerFile,
    seats: Vec<Seat>,
    wanted: Wanted,
    logs: Logs,
}

impl Party {
    /// Starts the first of them.
    pub(super) async fn begin(name: &str, kinds: [Kind; 3]) -> Result<Self> {
        let kafka = KafkaServer::shared().await?;
        kafka.create_topic(name, 8, &[]).await?;
        let file = worker_file(kafka, name);
        let seats = kinds.map(|kind| Seat { kind, worker: None, is_up: false });
        let mut party =
            Self { file, seats: seats.into(), wanted: Wanted::default(), logs: Logs::default() };
        party.join(&[0]).await?;
        Ok(party)
    }

    /// Starts these, at the same time; one that was there before, under its old address.
    pub(super) async fn join(&mut self, seats: &[usize]) -> Result<()> {
        let jars = java::test_connectors().await?;
        for seat in seats {
            let Seat { kind, worker, is_up } = &mut self.seats[*seat];
            *is_up = true;
            if let Some(worker) = worker {
                worker.run_again().await?;
                continue;
            }
            let launch = match kind {
                Kind::Java => Launch::java(java::QUICK).with_jars(&jars),
                Kind::Sluice => Launch::sluice(&binaries::binary("sluice-worker")?),
            };
            *worker = Some(ConnectWorker::start(&self.file, &launch).await?);
        }
        for seat in seats {
            let worker = self.seats[*seat].worker.take().context("a worker was started")?;
            self.seats[*seat].worker = Some(worker.answering().await?);
        }
        Ok(())
    }

    /// SIGTERM.
    pub(super) async fn leave(&mut self, seat: usize) -> Result<()> {
        let worker = self.seats[seat].worker.as_mut().context("a worker")?;
        worker.terminate().await?;
        self.ended(seat)
    }

    /// SIGKILL.
    pub(super) fn kill(&mut self, seat: usize) -> Result<()> {
        self.seats[seat].worker.as_mut().context("a worker")?.crash()?;
        self.ended(seat)
    }

    fn ended(&mut self, seat: usize) -> Result<()> {
        self.seats[seat].is_up = false;
        let worker = self.seats[seat].worker.as_ref().context("a worker")?;
        self.logs.keep(worker.id(), &worker.output()?);
        Ok(())
    }

    fn up(&self) -> impl Iterator<Item = &ConnectWorker> {
        self.seats.iter().filter(|it| it.is_up).filter_map(|it| it.worker.as_ref())
    }

    fn worker(&self, seat: usize) -> Result<&ConnectWorker> {
        self.seats[seat].worker.as_ref().context("a worker")
    }

    /// Creates or changes a connector.
    pub(super) async fn put(&self, seat: usize, name: &str, config: &Value) -> Result<()> {
        put(self.worker(seat)?, name, config).await
    }

    /// Asks for something; a rebalance in progress answers 409, and clients try again.
    pub(super) async fn ask(&self, seat: usize, method: &str, path: &str) -> Result<()> {
        let worker = self.worker(seat)?;
        wait::until_ok(PATIENCE, &format!("{method} {path}"), async || {
            worker.ask(method, path, None).await.map(drop)
        })
        .await
    }

    /// From now on a connector is to be so.
    pub(super) fn want(&mut self, connector: &str, state: State, tasks: usize) {
        self.wanted.set(connector, state, tasks);
    }

    /// From now on a connector is not to be.
    pub(super) fn forget(&mut self, connector: &str) {
        self.wanted.remove(connector);
    }

    /// Who leads, as those of ours tell it; none if there is none of ours.
    pub(super) async fn leader(&self) -> Result<Option<usize>> {
        let ours = self.seats.iter().find(|it| it.is_up && it.kind == Kind::Sluice);
        let Some(ours) = ours.and_then(|it| it.worker.as_ref()) else { return Ok(None) };
        let told = ours.metrics().await?;
        let line = told.lines().find(|it| {
            it.starts_with("kafka_connect_connect_worker_rebalance_metrics_leader_name_info")
        });
        let line = line.context("a metric that names the leader")?;
        let is_it = |it: &Seat| {
            it.worker.as_ref().is_some_and(|worker| line.contains(&format!("{}/", worker.url())))
        };
        let seat = self.seats.iter().position(is_it);
        Ok(Some(seat.with_context(|| format!("none of the workers: {line}"))?))
    }

    /// Waits until everything that is wanted runs, and once, and the work is shared evenly.
    pub(super) async fn rests(&self, after: &str) -> Result<()> {
        wait::until_ok(PATIENCE, &format!("rest after {after}"), async || self.look().await).await
    }

    async fn look(&self) -> Result<()> {
        let placement = self.placement().await?;
        let marks = self.marks()?;
        // What does not run now must not write; what runs, only where it is said to.
        let mut told = Told::default();
        wait::until_ok(LOOK, "lines of every task", async || {
            told = self.told_since(&marks)?;
            told.has_lines_of(placement.running(), LINES)
        })
        .await?;
        told.is_only_of(placement.running())?;
        ensure!(self.placement().await? == placement, "work moved while it was looked at");
        Ok(())
    }

    /// Who has what, if all workers tell the same and it is what is wanted.
    async fn placement(&self) -> Result<Placement> {
        let mut placements = Vec::new();
        for worker in self.up() {
            let all = worker.ask("GET", "/connectors?expand=status", None).await?;
            placements.push(Placement::read(&all, &self.wanted)?);
        }
        placements.dedup();
        ensure!(placements.len() == 1, "the workers tell different things: {placements:#?}");
        let placement = placements.pop().context("a worker that is up")?;
        placement.is_even(&self.up().map(ConnectWorker::id).collect::<Vec<_>>())?;
        Ok(placement)
    }

    fn marks(&self) -> Result<Vec<usize>> {
        self.up().map(|it| Ok(it.output()?.len())).collect()
    }

    fn told_since(&self, marks: &[usize]) -> Result<Told> {
        let mut told = Told::default();
        for (worker, mark) in self.up().zip(marks) {
            told.read(worker.id(), worker.output()?.get(*mark..).unwrap_or_default());
        }
        Ok(told)
    }

    /// Fails if a task ever ran on two workers at a time, or left out a number.
    pub(super) fn never_ran_twice(&mut self) -> Result<()> {
        for worker in self.seats.iter().filter(|it| it.is_up).filter_map(|it| it.worker.as_ref()) {
            self.logs.keep(worker.id(), &worker.output()?);
        }
        self.logs.check()
    }
}
