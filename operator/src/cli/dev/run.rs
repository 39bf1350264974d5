//! A run: starts broker and workers, follows the resources, shows them, and stops it all.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, sleep_until, timeout};
use tokio_util::sync::CancellationToken;

use super::board::Board;
use super::follow::{self, Worker};
use super::layout::{self, Kafka, Layout};
use super::ports::Ports;
use super::processes::{Event, Program, keep_running};
use super::screen::{Screen, log_line};
use super::{Dev, Error, write};
use crate::cli::worker_program;
use crate::connect_api::{ConnectApi, connections};
use crate::names::{METRICS_PORT, REST_PORT};
use crate::properties;

/// Time for workers to commit and leave their group.
const WORKER_PATIENCE: Duration = Duration::from_millis(1200);
/// Time for the broker to bring its data to the disk.
const BROKER_PATIENCE: Duration = Duration::from_millis(500);
/// Time for the broker to listen.
const BROKER_START: Duration = Duration::from_secs(10);
const REDRAW: Duration = Duration::from_millis(500);
const EVENTS: usize = 256;

/// A run under way.
pub(super) struct Run {
    settings: Dev,
    state: PathBuf,
    ports: Ports,
    program: PathBuf,
    screen: Screen,
    board: Board,
    events: mpsc::Sender<Event>,
    heard: mpsc::Receiver<Event>,
    workers: JoinSet<()>,
    broker: JoinSet<()>,
    followers: JoinSet<()>,
    stop_workers: CancellationToken,
    stop_broker: CancellationToken,
}

impl Run {
    pub(super) fn new(settings: Dev, state: PathBuf, ports: Ports) -> Result<Self, Error> {
        let program = worker_program(settings.worker_binary.as_deref()).map_err(Error::System)?;
        let (events, heard) = mpsc::channel(EVENTS);
        Ok(Self {
            settings,
            state,
            ports,
            program,
            screen: Screen::new(),
            board: Board::default(),
            events,
            heard,
            workers: JoinSet::new(),
            broker: JoinSet::new(),
            followers: JoinSet::new(),
            stop_workers: CancellationToken::new(),
            stop_broker: CancellationToken::new(),
        })
    }

    /// Starts everything and shows it until it is over.
    pub(super) async fn live(
        &mut self,
        layout: Layout,
        kafka: Kafka<'_>,
    ) -> Result<ExitCode, Error> {
        let mut interrupt = signal(SignalKind::interrupt()).map_err(Error::System)?;
        let mut terminate = signal(SignalKind::terminate()).map_err(Error::System)?;
        let end = self.settings.time.map(|time| Instant::now() + time);
        for note in &layout.notes {
            self.screen.line(note);
        }
        if let Kafka::Embedded(address) = kafka {
            tokio::select! {
                listens = self.start_broker(address) => listens?,
                _ = interrupt.recv() => return Ok(ExitCode::SUCCESS),
                _ = terminate.recv() => return Ok(ExitCode::SUCCESS),
            }
        }
        let (updates, mut updated) = mpsc::channel(EVENTS);
        self.start_workers(&layout, &updates)?;
        let mut redraw = tokio::time::interval(REDRAW);
        loop {
            tokio::select! {
                _ = interrupt.recv() => return Ok(ExitCode::SUCCESS),
                _ = terminate.recv() => return Ok(ExitCode::SUCCESS),
                () = until(end) => return Ok(self.judge()),
                Some(event) = self.heard.recv() => self.show(event),
                Some(update) = updated.recv() => {
                    if let Some(news) = self.board.take(update) {
                        self.screen.news(&news);
                    }
                }
                _ = redraw.tick() => self.screen.draw(&self.board),
            }
        }
    }

    async fn start_broker(&mut self, address: &str) -> Result<(), Error> {
        self.screen.line(&format!(
            "broker: embedded, at {address}; for development only, it is no production broker"
        ));
        let data = self.state.join("broker").display().to_string();
        let arguments = ["broker", "--listen", address, "--data-dir", &data];
        let program = Program {
            name: "broker".to_owned(),
            file: self.program.clone(),
            arguments: arguments.map(str::to_owned).into(),
            environment: [].into(),
            patience: BROKER_PATIENCE,
        };
        let (events, stop) = (self.events.clone(), self.stop_broker.clone());
        self.broker.spawn(keep_running(program, events, stop));
        let listens = timeout(BROKER_START, listening(address));
        tokio::pin!(listens);
        loop {
            tokio::select! {
                listens = &mut listens => return listens.map_err(|_| Error::Broker),
                Some(event) = self.heard.recv() => self.show(event),
            }
        }
    }

    fn start_workers(
        &mut self,
        layout: &Layout,
        updates: &mpsc::Sender<follow::Update>,
    ) -> Result<(), Error> {
        let connections = connections();
        let mut everyone = Vec::new();
        for cluster in &layout.clusters {
            let mut workers = Vec::new();
            for index in 0..cluster.replicas {
                workers.push(self.start_worker(cluster, index)?);
            }
            self.board.add("KafkaConnect", &cluster.name);
            let (name, updates) = (cluster.name.clone(), updates.clone());
            let follow = follow::cluster(name, workers.clone(), connections.clone(), updates);
            self.followers.spawn(follow);
            everyone.push((&cluster.name, workers));
        }
        for connector in &layout.connectors {
            self.board.add("KafkaConnector", &connector.desired.place.name);
            let of = |(name, _): &&(&String, _)| **name == connector.desired.place.cluster;
            let workers = everyone.iter().find(of).map(|(_, workers)| workers.as_slice());
            let api = |worker: &Worker| ConnectApi::new(connections.clone(), worker.rest.clone());
            let workers = workers.unwrap_or_default().iter().map(api).collect();
            self.followers.spawn(follow::connector(connector.clone(), workers, updates.clone()));
        }
        let all = everyone.into_iter().flat_map(|(_, workers)| workers).collect();
        self.followers.spawn(follow::records(all, connections, updates.clone()));
        Ok(())
    }

    /// The first worker of all has the ports that a pod has, if they are free; the others those that follow.
    fn start_worker(&mut self, cluster: &layout::Cluster, index: usize) -> Result<Worker, Error> {
        let mut free = |first: i32| self.ports.free(first as u16).map_err(Error::System);
        let (rest, metrics) = (free(REST_PORT)?, free(METRICS_PORT)?);
        let settings = layout::worker_settings(cluster, rest, metrics);
        let file = self.state.join(format!("{}-{index}.properties", cluster.name));
        write(&file, properties::render(&settings).as_bytes())?;
        let name = format!("{}-{index}", cluster.name);
        let worker = Worker {
            rest: format!("http://127.0.0.1:{rest}"),
            metrics: format!("http://127.0.0.1:{metrics}"),
        };
        self.screen
            .line(&format!("{name}: REST {0}, metrics {1}/metrics", worker.rest, worker.metrics));
        let program = Program {
            name,
            file: self.program.clone(),
            arguments: vec!["distributed".to_owned(), file.display().to_string()],
            environment: cluster.environment.clone(),
            patience: WORKER_PATIENCE,
        };
        let (events, stop) = (self.events.clone(), self.stop_workers.clone());
        self.workers.spawn(keep_running(program, events, stop));
        Ok(worker)
    }

    fn show(&mut self, event: Event) {
        match event {
            Event::Started { name } if self.settings.verbose => {
                self.screen.line(&format!("{name}: started"));
            }
            Event::Started { .. } => {}
            Event::Line { name, text } => {
                if let Some(text) = log_line(&text, self.settings.verbose) {
                    self.screen.line(&format!("{name}: {text}"));
                }
            }
            Event::Ended { name, how, pause } => {
                let pause = pause.as_secs_f64();
                self.screen.line(&format!("{name}: ended ({how}); started again in {pause} s"));
            }
        }
    }

    /// The end of a run of limited time.
    fn judge(&mut self) -> ExitCode {
        self.screen.draw(&self.board);
        if let Some(rates) = self.board.rates() {
            self.screen.news(&rates);
        }
        let never: Vec<String> = self
            .board
            .never_ready()
            .map(|row| {
                format!("{} never became ready ({}): {}", row.title(), row.reason, row.message)
            })
            .collect();
        for line in &never {
            self.screen.line(line);
        }
        if self.board.all_were_ready() {
            self.screen.line("every resource became ready");
            ExitCode::SUCCESS
        } else {
            ExitCode::FAILURE
        }
    }

    /// Ends the workers, then the broker that they still commit to; what they say meanwhile is of no interest.
    pub(super) async fn stop(mut self) {
        self.followers.shutdown().await;
        self.heard.close();
        self.stop_workers.cancel();
        while self.workers.join_next().await.is_some() {}
        self.stop_broker.cancel();
        while self.broker.join_next().await.is_some() {}
    }
}

async fn until(end: Option<Instant>) {
    match end {
        Some(end) => sleep_until(end).await,
        None => std::future::pending().await,
    }
}

/// Returns once something listens.
async fn listening(address: &str) {
    while TcpStream::connect(address).await.is_err() {
        sleep(Duration::from_millis(20)).await;
    }
}
