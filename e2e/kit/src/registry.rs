//! A real Schema Registry: Apicurio's, by its API that is Confluent's.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use tempfile::TempDir;
use tokio::task::spawn_blocking;

use crate::connect::{self, HttpRequest};
use crate::lasting::Process;
use crate::{cache, java, ports, wait};

/// What is fetched; it decides the place in the cache.
const ARTIFACT: &str = "io.apicurio:apicurio-registry-app:3.3.3:tar.gz:all";
/// The oldest Java that runs it.
const JAVA: u32 = 21;
/// How long its start may take on a busy machine.
const START: Duration = Duration::from_mins(2);

/// A running registry; dropped, it is killed, and its schemas are removed.
#[derive(Debug)]
pub struct SchemaRegistry {
    port: u16,
    process: Process,
    app: PathBuf,
    folder: TempDir,
}

impl SchemaRegistry {
    /// What this machine lacks, in one line.
    pub fn missing() -> Option<String> {
        let is_new = java::newest().is_some_and(|it| it.release >= JAVA);
        java::missing().or_else(|| {
            (!is_new)
                .then(|| format!("java {JAVA} or newer is neither on the PATH nor in /usr/lib/jvm"))
        })
    }

    /// Starts one on a port of its own.
    pub async fn start() -> Result<Self> {
        Self::start_at(ports::free()?).await
    }

    /// Starts one where another one was.
    pub async fn start_at(port: u16) -> Result<Self> {
        let app = spawn_blocking(|| {
            let fetch = |folder: &Path| java::unpack(ARTIFACT, folder);
            cache::entry("apicurio", &[ARTIFACT.as_bytes()], fetch)
        })
        .await??;
        let folder = tempfile::Builder::new().prefix("sluice-registry-").tempdir()?;
        let process = serve(&app, folder.path(), port).await?;
        Ok(Self { port, process, app, folder })
    }

    /// The URL for `schema.registry.url`.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}/apis/ccompat/v7", self.port)
    }

    /// Its port, to start another one there.
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// SIGKILL. What it held stays.
    pub fn kill9(&mut self) -> Result<()> {
        self.process.kill()
    }

    /// Starts it again on its data and its port.
    pub async fn restart(&mut self) -> Result<()> {
        self.process = serve(&self.app, self.folder.path(), self.port).await?;
        Ok(())
    }

    /// Ends it at once, with all that it held.
    pub fn kill(self) {
        drop(self.process);
        drop(self.folder);
    }
}

/// Starts the program and waits until it answers. Its schemas lie in the folder, and are there before it says that they are.
async fn serve(app: &Path, folder: &Path, port: u16) -> Result<Process> {
    let runtime = java::newest().context("there is no Java")?;
    let mut argv = vec![runtime.program().display().to_string()];
    argv.extend(java::QUICK.map(str::to_owned));
    argv.extend([
        "-Dquarkus.http.host=127.0.0.1".to_owned(),
        format!("-Dquarkus.http.port={port}"),
        // Where it tells its health: a fixed port else, which one registry alone could have.
        "-Dquarkus.management.host=127.0.0.1".to_owned(),
        format!("-Dquarkus.management.port={}", ports::free()?),
        "-Dapicurio.storage.kind=sql".to_owned(),
        "-Dapicurio.storage.sql.kind=h2".to_owned(),
        format!("-Dapicurio.datasource.url=jdbc:h2:file:{}/db;WRITE_DELAY=0", folder.display()),
        "-jar".to_owned(),
        program(app)?.display().to_string(),
    ]);
    let mut process = Process::start("Apicurio Registry", &argv, &folder.join("log"))?;
    let mut died = Ok(());
    wait::until(START, "the Schema Registry to answer", async || {
        died = process.check();
        died.is_err() || subjects(port).await.is_ok()
    })
    .await?;
    died?;
    Ok(process)
}

async fn subjects(port: u16) -> Result<()> {
    let request = HttpRequest {
        method: "GET".to_owned(),
        path: "/apis/ccompat/v7/subjects".to_owned(),
        headers: Vec::new(),
        body: String::new(),
    };
    let answer = connect::send(&format!("127.0.0.1:{port}"), &request).await?;
    ensure!(answer.status == 200, "{}: {}", answer.status, answer.body);
    Ok(())
}

/// The program, in the archive's folder or in the only one below it.
fn program(app: &Path) -> Result<PathBuf> {
    let below = fs::read_dir(app)?.filter_map(|it| Some(it.ok()?.path()));
    let mut places =
        std::iter::once(app.to_owned()).chain(below).map(|it| it.join("quarkus-run.jar"));
    places.find(|it| it.exists()).context("the archive has no quarkus-run.jar")
}
