//! Runs the state machine: hands it what happens and does what it says. Decides nothing itself.

mod effects;
mod fencing;
mod in_use;
mod jobs;
mod members;
mod offsets;

use std::{
    collections::HashMap,
    sync::Arc,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use async_trait::async_trait;
use sluice_config::Properties;
use sluice_engine::{Engine, TaskEvent};
use sluice_group::{Change, JoinError, Seat};
use sluice_kafka::log::{LeaderWriter, Log, LogEvent, LogRecord};
use sluice_providers::Providers;
use tokio::{
    sync::mpsc,
    task::{AbortHandle, JoinSet},
};
use tokio_util::sync::CancellationToken;

use crate::{
    configured::ConfiguredWork,
    event::{Event, RequestId, StoredRecord},
    handle::{Asked, Handle, Waiting},
    loggers::Loggers,
    metrics::Metrics,
    settings::Settings,
    stage::Board,
    state::{Plugins, State},
    status_writer::StatusWriter,
    store::config::SessionKey,
};
pub use fencing::NotFenced;
use in_use::InUse;
use jobs::Done;

/// How long an ending process tries to write its last statuses.
const LAST_STATUSES: Duration = Duration::from_secs(2);

/// The other workers of the group. Errors are for people.
#[async_trait]
pub trait Workers: Send + Sync {
    /// Full names of the connectors that a worker has.
    async fn connectors(&self, worker: &str) -> Result<Vec<String>, String>;

    /// Sends a follower's task configurations to the leader, signed if there is a key.
    async fn send_tasks(
        &self,
        leader: &str,
        connector: &str,
        configs: &[Properties],
        key: Option<&SessionKey>,
    ) -> Result<(), String>;

    /// Has the leader fence the earlier tasks of a source, signed if there is a key.
    async fn fence(
        &self,
        leader: &str,
        connector: &str,
        key: Option<&SessionKey>,
    ) -> Result<(), NotFenced>;
}

/// Why the control path ended of itself.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The group refuses this worker for good.
    #[error("this worker cannot be a member of its group")]
    Group(#[source] JoinError),
    /// An internal topic can no longer be read.
    #[error("the {0} topic can no longer be read")]
    Log(&'static str),
}

/// An internal topic with its records on their way in.
pub type Followed = (Log, mpsc::Receiver<LogEvent>);

/// What the herder works with.
pub struct Herder {
    /// Settings of its decisions.
    pub settings: Settings,
    /// What it knows of plugins.
    pub plugins: Arc<dyn Plugins>,
    /// Runs connectors and tasks.
    pub engine: Arc<Engine>,
    /// Finds the values that configurations name.
    pub providers: Arc<Providers>,
    /// What tasks report.
    pub task_events: mpsc::Receiver<TaskEvent>,
    /// Membership in the worker group, if there is one.
    pub seat: Seat,
    /// The config topic, or what stands for it.
    pub config: Followed,
    /// The status topic, or what stands for it.
    pub status: Followed,
    /// Writes to the config topic what only the leader may, where a leader that was replaced shall write no more.
    pub leader_writer: Option<LeaderWriter>,
    /// The way to the other workers.
    pub workers: Arc<dyn Workers>,
    /// Levels of this worker's loggers.
    pub loggers: Loggers,
    /// Where the worker's metrics are registered.
    pub registry: prometheus::Registry,
}

/// The loop's own state.
struct Loop {
    state: State,
    plugins: Arc<dyn Plugins>,
    settings: Settings,
    engine: Arc<Engine>,
    providers: Arc<Providers>,
    in_use: InUse,
    handle: Handle,
    config_log: Arc<Log>,
    leader_writer: Option<Arc<LeaderWriter>>,
    config_records: mpsc::Receiver<LogEvent>,
    configured: ConfiguredWork,
    workers: Arc<dyn Workers>,
    statuses: StatusWriter,
    loggers: Loggers,
    metrics: Metrics,
    /// Absent while a round of joining has it.
    seat: Option<Box<Seat>>,
    jobs: JoinSet<Done>,
    /// The watch of each connector, with the start that it belongs to.
    watches: HashMap<String, (u64, AbortHandle)>,
    waiting: HashMap<RequestId, Waiting>,
    next_request: RequestId,
    /// What the worker does, for clients that wait in vain.
    stage: Board,
    is_leaving: bool,
    is_over: bool,
}

impl Herder {
    /// A handle for requests, and the queue to give to [`Herder::run`].
    pub fn handle() -> (Handle, Requests) {
        let (handle, requests) = Handle::new();
        (handle.clone(), Requests { handle, queue: requests })
    }

    /// Runs until told to stop; then every task is stopped, its offsets are committed, and the group is left.
    pub async fn run(
        mut self,
        requests: Requests,
        stop: CancellationToken,
    ) -> Result<(), RunError> {
        let Requests { handle, queue: mut requests } = requests;
        let ((status_log, mut status_records), (config_log, config_records)) =
            (self.status, self.config);
        let status_log = Arc::new(status_log);
        let (statuses, writer) = StatusWriter::new(Arc::clone(&status_log));
        let writers: JoinSet<_> = std::iter::once(writer).collect();
        let mut this = Loop {
            state: State::new(self.settings.clone(), Arc::clone(&self.plugins)),
            configured: ConfiguredWork::new(&self.settings, &self.plugins),
            metrics: Metrics::new(&self.registry, self.engine.samples()),
            plugins: self.plugins,
            settings: self.settings,
            engine: self.engine,
            providers: self.providers,
            in_use: InUse::default(),
            handle: handle.clone(),
            config_log: Arc::new(config_log),
            leader_writer: self.leader_writer.map(Arc::new),
            config_records,
            workers: self.workers,
            statuses,
            loggers: self.loggers,
            seat: Some(Box::new(self.seat)),
            jobs: JoinSet::new(),
            watches: HashMap::new(),
            waiting: HashMap::new(),
            next_request: 0,
            stage: handle.worker(),
            is_leaving: false,
            is_over: false,
        };
        tokio::select! {
            read = this.catch_up(&status_log, &mut status_records) => read?,
            // Told to stop while the topics cannot be read: nothing has been joined or started.
            () = stop.cancelled() => return Ok(()),
        }
        tracing::info!("the internal topics have been read");
        handle.set_started();
        this.step(Event::Started);
        let mut look_again = in_use::ticks();
        while !this.is_over {
            tokio::select! {
                _ = look_again.tick(), if !this.in_use.is_empty() => this.look_again(),
                Some(event) = self.task_events.recv() => this.step(Event::Task(event)),
                event = this.config_records.recv() => this.config_event(event.ok_or(RunError::Log("config"))?),
                event = status_records.recv() => this.status_event(event.ok_or(RunError::Log("status"))?),
                Some(asked) = requests.recv() => this.asked(asked),
                Some(done) = this.jobs.join_next() => this.done(done)?,
                change = changed(this.seat.as_deref_mut()) => this.step(Event::Membership(change)),
                () = stop.cancelled(), if !this.is_leaving => {
                    this.is_leaving = true;
                    this.step(Event::Stop);
                }
            }
        }
        // Before the group is left: its leader looks at them for what was stopped on purpose.
        this.statuses.close();
        let _ = tokio::time::timeout(LAST_STATUSES, writers.join_all()).await;
        this.leave().await;
        Ok(())
    }
}

/// The receiving end of a [`Handle`].
pub struct Requests {
    handle: Handle,
    queue: mpsc::Receiver<Asked>,
}

impl Loop {
    /// Reads both topics to their ends, side by side.
    async fn catch_up(
        &mut self,
        status_log: &Arc<Log>,
        status_records: &mut mpsc::Receiver<LogEvent>,
    ) -> Result<(), RunError> {
        let config_log = Arc::clone(&self.config_log);
        let ends = async {
            tokio::try_join!(read_to_end(&config_log, "config"), read_to_end(status_log, "status"))
        };
        tokio::pin!(ends);
        loop {
            tokio::select! {
                event = self.config_records.recv() => self.config_event(event.ok_or(RunError::Log("config"))?),
                event = status_records.recv() => self.status_event(event.ok_or(RunError::Log("status"))?),
                ended = &mut ends => return ended.map(drop),
            }
        }
    }

    fn step(&mut self, event: Event) {
        let begun = Instant::now();
        let event = event.masked(self.providers.hidden());
        let effects = self.state.step(now_millis(), event);
        for effect in effects {
            self.perform(effect);
        }
        self.metrics.update(&mut self.state, begun);
        let state = &self.state;
        self.watches.retain(|connector, (attempt, watch)| {
            let is_current = state.runs(connector, *attempt);
            if !is_current {
                watch.abort();
            }
            is_current
        });
    }

    fn config_event(&mut self, event: LogEvent) {
        match event {
            LogEvent::Records(records) => {
                self.step(Event::ConfigRecords(stored(records)));
                self.configured.update(self.state.config());
            }
            LogEvent::End(end) => end.reached(),
        }
    }

    fn status_event(&mut self, event: LogEvent) {
        match event {
            LogEvent::Records(records) => {
                self.step(Event::StatusRecords(stored(records)));
                self.configured.update_ended(self.state.statuses());
            }
            LogEvent::End(end) => end.reached(),
        }
    }

    fn asked(&mut self, (request, waiting): Asked) {
        self.next_request += 1;
        self.waiting.insert(self.next_request, waiting);
        self.step(Event::Request(self.next_request, request));
    }
}

/// Reads a topic to its end; tries again while the broker cannot be reached.
async fn read_to_end(log: &Log, name: &'static str) -> Result<(), RunError> {
    while let Err(error) = log.read_to_end().await {
        if matches!(error, sluice_kafka::log::Failure::Stopped) {
            return Err(RunError::Log(name));
        }
        tracing::warn!(%error, topic = log.topic(), "the {name} topic could not be read to its end; trying again");
        tokio::time::sleep(Duration::from_millis(250)).await;
    }
    Ok(())
}

/// Waits for the group to call, while no round of joining is on its way.
async fn changed(seat: Option<&mut Seat>) -> Change {
    match seat {
        Some(seat) => seat.changed().await,
        None => std::future::pending().await,
    }
}

fn stored(records: Vec<LogRecord>) -> Vec<StoredRecord> {
    let record = |LogRecord { offset, key, value, .. }: LogRecord| StoredRecord {
        offset,
        // A record without a key means nothing, yet its offset counts.
        key: key.map(|it| it.to_vec()).unwrap_or_default(),
        value: value.map(|it| it.to_vec()),
    };
    records.into_iter().map(record).collect()
}

fn now_millis() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |age| age.as_millis() as i64)
}
