//! `sluice dev`: the manifests of a folder, run on this machine by real processes until Ctrl-C or the time is over.
//!
//! manifests → layout → files → processes → connectors over REST → board. What a cluster would do is decided by the
//! same code as in the operator.

use std::net::{SocketAddr, TcpListener};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use sluice_crds::yaml;
use tokio::net::TcpStream;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, sleep_until, timeout};
use tokio_util::sync::CancellationToken;

use super::arguments::Dev;
use crate::connect_api::{ConnectApi, connections};
use crate::names::{METRICS_PORT, REST_PORT};
use crate::properties;

mod board;
mod follow;
mod layout;
mod manifests;
mod mounts;
mod processes;
mod screen;

use board::Board;
use follow::Worker;
use layout::{Kafka, Layout};
use manifests::Manifests;
use mounts::{Folder, Places};
use processes::{Event, Program, keep_running};
use screen::{Screen, log_line};

/// Time for workers to commit and leave their group.
const WORKER_PATIENCE: Duration = Duration::from_millis(1200);
/// Time for the broker to bring its data to the disk.
const BROKER_PATIENCE: Duration = Duration::from_millis(500);
/// Time for the broker to listen.
const BROKER_START: Duration = Duration::from_secs(10);
const REDRAW: Duration = Duration::from_millis(500);
const EVENTS: usize = 256;

/// Why manifests do not run.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Manifests are wrong.
    #[error("{}", lines(.0))]
    Manifests(Vec<yaml::Error>),
    /// There is nothing to run.
    #[error("no KafkaConnect in {0}")]
    Nothing(PathBuf),
    /// A file or folder cannot be used.
    #[error("cannot {what} {path}")]
    File {
        /// What was being done.
        what: &'static str,
        /// With which file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// No port is free, or no signal can be received.
    #[error("the system has no room for another run")]
    System(#[source] std::io::Error),
    /// The broker did not start.
    #[error(
        "the embedded broker does not listen; see what it says above, or name a Kafka with --bootstrap-servers"
    )]
    Broker,
}

fn lines(errors: &[yaml::Error]) -> String {
    let lines: Vec<String> = errors.iter().map(ToString::to_string).collect();
    lines.join("\n")
}

/// Runs manifests. Success is a run that was ended by hand, or one of limited time in which all became Ready.
pub(super) async fn run(settings: Dev) -> Result<ExitCode, Error> {
    let state = tempfile::tempdir().map_err(Error::System)?;
    let state_path = settings.data_dir.clone().unwrap_or_else(|| state.path().to_owned());
    let state_path = absolute(&state_path)?;
    let manifests = read(&settings.path)?;
    let embedded = SocketAddr::from(([127, 0, 0, 1], free_port(9092)?));
    let embedded = embedded.to_string();
    let named = settings.bootstrap_servers.clone();
    let kafka = match &named {
        Some(address) => Kafka::Named(address),
        None => Kafka::Embedded(&embedded),
    };
    let manifests_path = absolute(&settings.path)?;
    let beside = if settings.path.is_dir() {
        manifests_path.as_path()
    } else {
        manifests_path.parent().unwrap_or(Path::new("/"))
    };
    let places = Places { manifests: beside, state: &state_path, given: &settings.mounts };
    let layout = layout::of(&manifests, kafka, places).map_err(Error::Manifests)?;
    if layout.clusters.is_empty() {
        return Err(Error::Nothing(settings.path));
    }
    for folder in &layout.folders {
        make(folder)?;
    }
    let mut run = Run::new(settings, state_path)?;
    let outcome = run.live(layout, kafka).await;
    run.stop().await;
    outcome
}

fn read(path: &Path) -> Result<Manifests, Error> {
    let file = |what, path: &Path| {
        let path = path.to_owned();
        move |source| Error::File { what, path, source }
    };
    let mut manifests = Manifests::default();
    let mut errors = Vec::new();
    for path in manifests::files(path).map_err(file("read", path))? {
        let text = std::fs::read_to_string(&path).map_err(file("read", &path))?;
        if let Err(more) = manifests::take(&path.display().to_string(), &text, &mut manifests) {
            errors.extend(more);
        }
    }
    if errors.is_empty() { Ok(manifests) } else { Err(Error::Manifests(errors)) }
}

/// Makes a folder and its files, for this user alone where it makes them.
fn make(folder: &Folder) -> Result<(), Error> {
    let failed = |source| Error::File { what: "make", path: folder.path.clone(), source };
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(&folder.path).map_err(failed)?;
    for (name, content) in &folder.files {
        write(&folder.path.join(name), content)?;
    }
    Ok(())
}

fn write(path: &Path, content: &[u8]) -> Result<(), Error> {
    let failed = |source| Error::File { what: "write", path: path.to_owned(), source };
    let mut options = std::fs::OpenOptions::new();
    let file = options.write(true).create(true).truncate(true).mode(0o600).open(path);
    file.and_then(|mut file| std::io::Write::write_all(&mut file, content)).map_err(failed)
}

fn absolute(path: &Path) -> Result<PathBuf, Error> {
    std::path::absolute(path).map_err(|source| Error::File {
        what: "find",
        path: path.to_owned(),
        source,
    })
}

/// The preferred port if it is free, else any that is.
fn free_port(preferred: u16) -> Result<u16, Error> {
    let bind = |port: u16| TcpListener::bind(("127.0.0.1", port));
    let listener = bind(preferred).or_else(|_| bind(0)).map_err(Error::System)?;
    listener.local_addr().map(|address| address.port()).map_err(Error::System)
}

/// A run under way.
struct Run {
    settings: Dev,
    state: PathBuf,
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
    fn new(settings: Dev, state: PathBuf) -> Result<Self, Error> {
        let beside =
            std::env::current_exe().map_err(Error::System)?.with_file_name("sluice-worker");
        let found = || if beside.is_file() { beside } else { PathBuf::from("sluice-worker") };
        let program = settings.worker_binary.clone().unwrap_or_else(found);
        let (events, heard) = mpsc::channel(EVENTS);
        Ok(Self {
            settings,
            state,
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
    async fn live(&mut self, layout: Layout, kafka: Kafka<'_>) -> Result<ExitCode, Error> {
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
            self.board.add("KafkaConnector", &connector.desired.name);
            let of = |(name, _): &&(&String, _)| **name == connector.desired.cluster;
            let workers = everyone.iter().find(of).map(|(_, workers)| workers.as_slice());
            let api = |worker: &Worker| ConnectApi::new(connections.clone(), worker.rest.clone());
            let workers = workers.unwrap_or_default().iter().map(api).collect();
            self.followers.spawn(follow::connector(connector.clone(), workers, updates.clone()));
        }
        let all = everyone.into_iter().flat_map(|(_, workers)| workers).collect();
        self.followers.spawn(follow::records(all, connections, updates.clone()));
        Ok(())
    }

    /// The first worker of all has the ports that a pod has, if they are free.
    fn start_worker(&mut self, cluster: &layout::Cluster, index: usize) -> Result<Worker, Error> {
        let is_first = self.workers.is_empty();
        let preferred = |port: i32| if is_first { port as u16 } else { 0 };
        let (rest, metrics) =
            (free_port(preferred(REST_PORT))?, free_port(preferred(METRICS_PORT))?);
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
    async fn stop(mut self) {
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
