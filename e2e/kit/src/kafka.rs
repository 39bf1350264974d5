//! A real Apache Kafka broker on free ports, with plain and secured listeners, and clusters of several.

mod cluster;
mod partitions;
mod properties;
mod repeat;
mod tls;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result};
use tokio::sync::OnceCell;
use tokio::task::spawn_blocking;

pub use cluster::KafkaCluster;
pub use partitions::Partition;
pub use properties::{Listener, Settings};
pub use tls::Certificates;

use crate::lasting::{self, Process};
use crate::reaper::Reaper;
use crate::{cache, java, wait};
use properties::{Addresses, Place};

/// How long a start may take on a busy machine.
const START: Duration = Duration::from_secs(90);
const STOP: Duration = Duration::from_mins(1);

/// The user of SASL PLAIN and its password.
pub const PLAIN_USER: (&str, &str) = ("alice", "alice-secret");
/// The user of SCRAM-SHA-256 and SCRAM-SHA-512 and its password.
pub const SCRAM_USER: (&str, &str) = ("bob", "bob-secret");

/// What a broker shall be like.
#[derive(Clone, Debug)]
pub struct KafkaOptions {
    /// Whether it has the secured listeners beside the plain one.
    pub secured: bool,
    /// The address it listens on and tells clients.
    pub host: String,
    /// The port of the plain listener; none takes a free one.
    pub port: Option<u16>,
    /// A process whose network the broker shall live in; none is the network of the test.
    pub network_of: Option<u32>,
    /// Further broker settings.
    pub properties: Settings,
    /// The cores it may use, as `taskset` takes them; none is all.
    pub cores: Option<String>,
    /// The flags of its JVM.
    pub flags: Vec<String>,
}

impl Default for KafkaOptions {
    fn default() -> Self {
        Self {
            secured: false,
            host: "127.0.0.1".to_owned(),
            port: None,
            network_of: None,
            properties: Settings::new(),
            cores: None,
            flags: java::QUICK.map(str::to_owned).to_vec(),
        }
    }
}

/// A broker; dropped, it ends and its data goes.
#[derive(Debug)]
pub struct KafkaServer {
    options: KafkaOptions,
    addresses: Addresses,
    folder: PathBuf,
    class_path: String,
    certificates: Option<Certificates>,
    process: Option<Process>,
    _reaper: Reaper,
}

impl KafkaServer {
    /// One with only the plain listener for the whole test process: give each test topics of its own.
    pub async fn shared() -> Result<&'static Self> {
        static SHARED: OnceCell<KafkaServer> = OnceCell::const_new();
        SHARED.get_or_try_init(|| Self::start(KafkaOptions::default())).await
    }

    /// One with all listeners for the whole test process.
    pub async fn shared_secured() -> Result<&'static Self> {
        static SHARED: OnceCell<KafkaServer> = OnceCell::const_new();
        let secured = KafkaOptions { secured: true, ..KafkaOptions::default() };
        SHARED.get_or_try_init(|| Self::start(secured)).await
    }

    /// Starts a broker and waits until it takes requests.
    pub async fn start(options: KafkaOptions) -> Result<Self> {
        let addresses = Addresses::choose(&options)?;
        Self::start_at(Place::ALONE, addresses, options).await
    }

    async fn start_at(place: Place, addresses: Addresses, options: KafkaOptions) -> Result<Self> {
        let class_path = java::class_path().await?;
        let folder = tempfile::Builder::new().prefix("sluice-kafka-").tempdir()?.keep();
        let reaper = Reaper::start("rm -rf \"$1\"", &[folder.display().to_string()])?;
        let certificates =
            options.secured.then(|| Certificates::create(&folder.join("tls"))).transpose()?;
        properties::write(&folder, &options, &addresses, &place)?;
        format(&class_path, &folder, options.secured, place.controllers.is_empty()).await?;
        let mut server = Self {
            options,
            addresses,
            folder,
            class_path,
            certificates,
            process: None,
            _reaper: reaper,
        };
        server.restart().await?;
        Ok(server)
    }

    /// The plain listener's address.
    pub fn bootstrap(&self) -> String {
        self.addresses.of(Listener::Plain)
    }

    /// The address of a listener; only [`Listener::Plain`] is there on a broker that is not secured.
    pub fn address(&self, listener: Listener) -> String {
        self.addresses.of(listener)
    }

    /// What a Java client needs to connect to a listener, as its keys have it.
    pub fn client(&self, listener: Listener) -> Settings {
        properties::client(listener, &self.addresses, self.certificates.as_ref())
    }

    /// The files of the secured listeners.
    pub fn certificates(&self) -> Result<&Certificates> {
        self.certificates.as_ref().context("the broker is not secured")
    }

    /// The broker's process id.
    pub fn process_id(&self) -> Option<u32> {
        self.process.as_ref().map(Process::id)
    }

    /// SIGKILL. The data stay.
    pub fn kill9(&mut self) -> Result<()> {
        self.process.take().map_or(Ok(()), |mut it| it.kill())
    }

    /// SIGTERM, as an operator of brokers does it. The data stay.
    pub async fn stop(&mut self) -> Result<()> {
        if let Some(mut process) = self.process.take() {
            process.terminate(STOP).await?;
        }
        Ok(())
    }

    /// Starts again on the same data and the same ports; a broker that still runs is stopped first.
    pub async fn restart(&mut self) -> Result<()> {
        self.stop().await?;
        let archive = spawn_blocking(archive).await??;
        let flags = self.options.flags.iter().cloned().chain(java::archive_flags(&archive));
        let mut command = self.place(java::jvm(&self.class_path, flags));
        command.arg("kafka.Kafka").arg(self.folder.join("server.properties"));
        let log = self.folder.join("server.log");
        let process = self.process.insert(Process::run("Kafka", command, &log)?);
        ready(process, &log).await
    }

    /// Runs one of Kafka's command line tools; returns what it printed.
    pub async fn tool(&self, class: &str, arguments: &[&str]) -> Result<String> {
        self.tool_with(class, arguments, b"").await
    }

    /// The same with something on standard input.
    pub async fn tool_with(&self, class: &str, arguments: &[&str], stdin: &[u8]) -> Result<String> {
        let jvm = self.place(java::jvm(&self.class_path, java::QUICK));
        let output = java::run_in(jvm, class, arguments, stdin).await?;
        Ok(String::from_utf8(output)?)
    }

    /// Creates a topic; `settings` are `key=value`.
    pub async fn create_topic(&self, name: &str, partitions: u32, settings: &[&str]) -> Result<()> {
        let bootstrap = self.bootstrap();
        let partitions = partitions.to_string();
        let mut arguments = vec!["--bootstrap-server", &bootstrap, "--create", "--topic", name];
        arguments.extend(["--partitions", &partitions, "--replication-factor", "1"]);
        for setting in settings {
            arguments.extend(["--config", setting]);
        }
        self.tool("org.apache.kafka.tools.TopicCommand", &arguments).await.map(drop)
    }

    fn place(&self, command: Command) -> Command {
        let mut words: Vec<String> = Vec::new();
        if let Some(process) = self.options.network_of {
            words.extend(["nsenter", "-t", &process.to_string(), "-n", "--"].map(str::to_owned));
        }
        if let Some(cores) = &self.options.cores {
            words.extend(["taskset", "-c", cores].map(str::to_owned));
        }
        if words.is_empty() { command } else { lasting::within(&words, &command) }
    }
}

async fn format(class_path: &str, folder: &Path, secured: bool, is_alone: bool) -> Result<()> {
    let file = folder.join("server.properties").display().to_string();
    let mut arguments = vec!["format", "-t", "c2x1aWNlLWtpdC1rYWZrYQ", "-c", &file];
    arguments.extend(is_alone.then_some("--standalone"));
    let (name, password) = SCRAM_USER;
    let users = ["SCRAM-SHA-256", "SCRAM-SHA-512"]
        .map(|mechanism| format!("{mechanism}=[name={name},password={password}]"));
    if secured {
        arguments.extend(users.iter().flat_map(|user| ["--add-scram", user]));
    }
    java::run_main(class_path, "kafka.tools.StorageTool", &arguments, b"").await.map(drop)
}

async fn ready(process: &mut Process, log: &Path) -> Result<()> {
    let mut died = Ok(());
    wait::until(START, "Kafka to take requests", async || {
        died = process.check();
        died.is_err() || fs::read_to_string(log).is_ok_and(|it| it.contains("Kafka Server started"))
    })
    .await
    .with_context(|| process.tail())?;
    died
}

/// Starts a broker once to note which classes it loads. Blocks.
fn archive() -> Result<PathBuf> {
    let class_path = java::jars()?;
    let inputs = java::archive_inputs()?;
    let inputs: Vec<&[u8]> = inputs.iter().map(Vec::as_slice).collect();
    let entry = cache::entry("kafka-archive", &inputs, |folder| {
        let output = java::jvm(&class_path, java::QUICK)
            .arg(format!("-XX:ArchiveClassesAtExit={}", folder.join("kafka.jsa").display()))
            .arg("kafka.Kafka")
            .output()?;
        let _ = output;
        Ok(())
    })?;
    Ok(entry.join("kafka.jsa"))
}
