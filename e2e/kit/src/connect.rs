//! Connect workers as processes of the test: Apache's on Java, and ours. Both take the same file and speak the same
//! REST API, so a test is written once for either.

mod file;
mod http;
mod launch;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitStatus;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use serde_json::Value;

pub use file::WorkerFile;
pub(crate) use http::send;
pub use http::{HttpAnswer, HttpRequest};
pub use launch::Launch;

use crate::lasting::Process;
use crate::reaper::Reaper;
use crate::{binaries, java, ports, wait};

/// How long a worker may take to answer on a busy machine.
const START: Duration = Duration::from_secs(90);

/// How long it may take to end after SIGTERM.
const STOP: Duration = Duration::from_mins(1);

/// A running worker; dropped, it is killed.
#[derive(Debug)]
pub struct ConnectWorker {
    address: String,
    metrics: Option<String>,
    launch: Launch,
    folder: PathBuf,
    process: Process,
    started: Instant,
    _reaper: Reaper,
}

impl ConnectWorker {
    /// Starts a worker of Apache Kafka Connect and waits until it answers.
    pub async fn java(file: &WorkerFile) -> Result<Self> {
        Self::start(file, &Launch::java(java::QUICK)).await?.answering().await
    }

    /// The same with more on its class path, such as [`java::test_connectors`].
    pub async fn java_with(file: &WorkerFile, jars: &Path) -> Result<Self> {
        Self::start(file, &Launch::java(java::QUICK).with_jars(jars)).await?.answering().await
    }

    /// Starts a worker of Sluice, as the build of the test made it, and waits until it answers.
    pub async fn sluice(file: &WorkerFile) -> Result<Self> {
        Self::sluice_program(&binaries::binary("sluice-worker")?, file).await
    }

    /// The same with another build.
    pub async fn sluice_program(program: &Path, file: &WorkerFile) -> Result<Self> {
        Self::start(file, &Launch::sluice(program)).await?.answering().await
    }

    /// Starts a worker of Sluice that has to end by itself; how it ended and what it said.
    pub async fn refused(file: &WorkerFile) -> Result<(ExitStatus, String)> {
        Self::refused_by(file, &Launch::sluice(&binaries::binary("sluice-worker")?)).await
    }

    /// The same of any worker.
    pub async fn refused_by(file: &WorkerFile, launch: &Launch) -> Result<(ExitStatus, String)> {
        let mut worker = Self::start(file, launch).await?;
        let status = worker.process.exit(START).await?;
        Ok((status, worker.output()?))
    }

    /// Starts a worker and does not wait.
    pub async fn start(file: &WorkerFile, launch: &Launch) -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("sluice-connect-").tempdir()?.keep();
        let reaper = Reaper::start("rm -rf \"$1\"", &[folder.display().to_string()])?;
        let address = format!("127.0.0.1:{}", ports::free()?);
        let plugins = folder.join("plugins");
        fs::create_dir(&plugins)?;
        let own = format!("http://{address}");
        let listeners =
            file.get("listeners").map_or_else(|| own.clone(), |more| format!("{own},{more}"));
        let mut file = file
            .clone()
            .with("listeners", &listeners)
            .with("rest.advertised.host.name", "127.0.0.1")
            .with("plugin.discovery", "service_load");
        if !file.has("plugin.path") {
            file = file.with("plugin.path", &plugins.display().to_string());
        }
        let tells = launch.is_sluice() || file.has("metric.reporters");
        let metrics = tells.then(ports::free).transpose()?;
        let metrics = metrics.map(|port| format!("127.0.0.1:{port}"));
        if let Some(address) = &metrics {
            file = file.with("sluice.metrics.listener", address);
        }
        file.write(&folder.join("worker.properties"))?;
        let (process, started) = launch.run(&folder).await?;
        let launch = launch.clone();
        Ok(Self { address, metrics, launch, folder, process, started, _reaper: reaper })
    }

    /// When its process was started.
    pub const fn started(&self) -> Instant {
        self.started
    }

    /// Waits until it answers.
    pub async fn answering(mut self) -> Result<Self> {
        self.answers().await?;
        Ok(self)
    }

    /// Starts a worker that has ended again, with the same file and the same address, and waits until it answers.
    pub async fn start_again(&mut self) -> Result<()> {
        self.run_again().await?;
        self.answers().await
    }

    /// The same without waiting.
    pub async fn run_again(&mut self) -> Result<()> {
        (self.process, self.started) = self.launch.run(&self.folder).await?;
        Ok(())
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

    /// Sends a request, to the letter.
    pub async fn send(&self, request: &HttpRequest) -> Result<HttpAnswer> {
        http::send(&self.address, request)
            .await
            .with_context(|| format!("{request:?}\n{}", self.process.tail()))
    }

    /// Sends a request that must succeed; its body.
    pub async fn ask(&self, method: &str, path: &str, body: Option<&Value>) -> Result<Value> {
        let (status, answer) = self.request(method, path, body).await?;
        ensure!((200..300).contains(&status), "{method} {path}: {status} {answer}");
        Ok(answer)
    }

    /// What a worker of Sluice tells Prometheus; or what the reporter of a Java worker that has one answers, if it
    /// listens where `sluice.metrics.listener` says.
    pub async fn metrics(&self) -> Result<String> {
        let address = self.metrics.as_ref().context("a worker with metrics")?;
        http::text(address, "/metrics").await
    }

    /// Where it tells Prometheus its metrics, `host:port`; none if it is a Java worker.
    pub fn metrics_address(&self) -> Option<&str> {
        self.metrics.as_deref()
    }

    /// SIGKILL.
    pub fn kill9(mut self) -> Result<()> {
        self.crash()
    }

    /// SIGKILL of a worker that [`Self::start_again`] is to follow.
    pub fn crash(&mut self) -> Result<()> {
        self.process.kill()
    }

    /// SIGTERM, and waits for the end.
    pub async fn stop(mut self) -> Result<()> {
        self.terminate().await.map(drop)
    }

    /// The same of a worker that [`Self::start_again`] is to follow; how it ended.
    pub async fn terminate(&mut self) -> Result<ExitStatus> {
        self.process.terminate(STOP).await
    }

    /// The file that it logs to.
    pub fn log(&self) -> PathBuf {
        self.process.log().to_owned()
    }

    /// What it has said since its last start.
    pub fn output(&self) -> Result<String> {
        let log = self.process.log();
        fs::read_to_string(log).with_context(|| format!("reading {}", log.display()))
    }
}
