//! Connect workers as processes of the test: Apache's on Java, and ours. Both take the same file and speak the same
//! REST API, so a test is written once for either.

mod http;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use crate::lasting::{self, Process};
use crate::reaper::Reaper;
use crate::{binaries, java, ports, wait};

/// How long a worker may take to answer on a busy machine.
const START: Duration = Duration::from_secs(90);

/// How long it may take to end after SIGTERM.
const STOP: Duration = Duration::from_mins(1);

/// A worker file of a cluster whose topics are named after its group.
#[derive(Clone, Debug)]
pub struct WorkerFile {
    settings: BTreeMap<String, String>,
}

impl WorkerFile {
    /// JSON converters without schemas, a REST port of its own on loopback, quick commits.
    pub fn new(bootstrap: &str, group: &str) -> Self {
        let mut file = Self { settings: BTreeMap::new() };
        for (key, value) in [
            ("bootstrap.servers", bootstrap),
            ("group.id", group),
            ("key.converter", "org.apache.kafka.connect.json.JsonConverter"),
            ("value.converter", "org.apache.kafka.connect.json.JsonConverter"),
            ("key.converter.schemas.enable", "false"),
            ("value.converter.schemas.enable", "false"),
            ("offset.flush.interval.ms", "1000"),
        ] {
            file = file.with(key, value);
        }
        for (topic, suffix) in [("config", "configs"), ("offset", "offsets"), ("status", "status")]
        {
            file = file
                .with(&format!("{topic}.storage.topic"), &format!("{group}-{suffix}"))
                .with(&format!("{topic}.storage.replication.factor"), "1");
        }
        file.with("offset.storage.partitions", "1").with("status.storage.partitions", "1")
    }

    /// With one setting more, or another value.
    #[must_use]
    pub fn with(mut self, key: &str, value: &str) -> Self {
        self.settings.insert(key.to_owned(), value.to_owned());
        self
    }

    fn write(&self, path: &Path) -> Result<()> {
        let lines: Vec<String> =
            self.settings.iter().map(|(key, value)| format!("{key}={value}")).collect();
        fs::write(path, lines.join("\n")).with_context(|| format!("writing {}", path.display()))
    }
}

/// A running worker; dropped, it is killed.
#[derive(Debug)]
pub struct ConnectWorker {
    address: String,
    process: Process,
    _reaper: Reaper,
}

impl ConnectWorker {
    /// Starts a worker of Apache Kafka Connect and waits until it answers.
    pub async fn java(file: &WorkerFile) -> Result<Self> {
        let class_path = java::class_path().await?;
        Self::start("Java Connect", file, |worker_file, folder| {
            let mut command = java::jvm(&class_path, java::QUICK);
            command.arg("org.apache.kafka.connect.cli.ConnectDistributed").arg(worker_file);
            command.current_dir(folder);
            Ok(command)
        })
        .await
    }

    /// Starts a worker of Sluice, as the build of the test made it, and waits until it answers.
    pub async fn sluice(file: &WorkerFile) -> Result<Self> {
        Self::sluice_program(&binaries::binary("sluice-worker")?, file).await
    }

    /// The same with another build.
    pub async fn sluice_program(program: &Path, file: &WorkerFile) -> Result<Self> {
        let metrics = ports::free()?;
        let file = file.clone().with("sluice.metrics.listener", &format!("127.0.0.1:{metrics}"));
        Self::start("sluice-worker", &file, |worker_file, folder| {
            let mut command = lasting::command(program);
            command.arg("distributed").arg(worker_file);
            command.current_dir(folder);
            Ok(command)
        })
        .await
    }

    async fn start(
        name: &str,
        file: &WorkerFile,
        command: impl FnOnce(&Path, &Path) -> Result<std::process::Command>,
    ) -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("sluice-connect-").tempdir()?.keep();
        let reaper = Reaper::start("rm -rf \"$1\"", &[folder.display().to_string()])?;
        let address = format!("127.0.0.1:{}", ports::free()?);
        let plugins = folder.join("plugins");
        fs::create_dir(&plugins)?;
        let worker_file = folder.join("worker.properties");
        file.clone()
            .with("listeners", &format!("http://{address}"))
            .with("rest.advertised.host.name", "127.0.0.1")
            .with("plugin.path", &plugins.display().to_string())
            .with("plugin.discovery", "service_load")
            .write(&worker_file)?;
        let command = command(&worker_file, &folder)?;
        let process = Process::run(name, command, &folder.join("worker.log"))?;
        let mut worker = Self { address, process, _reaper: reaper };
        worker.answers().await?;
        Ok(worker)
    }

    async fn answers(&mut self) -> Result<()> {
        let mut died = Ok(());
        wait::until(START, "the worker to answer", async || {
            died = self.process.check();
            died.is_err()
                || http::request(&self.address, "GET", "/", None)
                    .await
                    .is_ok_and(|(status, _)| status == 200)
        })
        .await
        .with_context(|| self.process.tail())?;
        died
    }

    /// Its REST API, as workers advertise it.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The worker id that its statuses carry.
    pub fn id(&self) -> &str {
        &self.address
    }

    /// The process id.
    pub fn process_id(&self) -> u32 {
        self.process.id()
    }

    /// Sends a request; status code and body (null if there is none).
    pub async fn request(
        &self,
        method: &str,
        path: &str,
        body: Option<&Value>,
    ) -> Result<(u16, Value)> {
        http::request(&self.address, method, path, body)
            .await
            .with_context(|| format!("{method} {path}\n{}", self.process.tail()))
    }

    /// Sends a request that must succeed; its body.
    pub async fn ask(&self, method: &str, path: &str, body: Option<&Value>) -> Result<Value> {
        let (status, answer) = self.request(method, path, body).await?;
        ensure!((200..300).contains(&status), "{method} {path}: {status} {answer}");
        Ok(answer)
    }

    /// SIGKILL.
    pub fn kill9(mut self) -> Result<()> {
        self.process.kill()
    }

    /// SIGTERM, and waits for the end.
    pub async fn stop(mut self) -> Result<()> {
        self.process.terminate(STOP).await.map(drop)
    }

    /// The file that it logs to.
    pub fn log(&self) -> PathBuf {
        self.process.log().to_owned()
    }
}
