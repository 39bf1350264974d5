//! The two workers that are compared.

use std::{
    fmt, fs,
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use sluice_kit::{
    binaries,
    connect::{ConnectWorker, Launch, WorkerFile},
    java, wait,
};

use crate::{duel::SESSION, payload::STRING};

/// What Apache's `connect-distributed.sh` gives the JVM.
pub(crate) const FLAGS: [&str; 8] = [
    "-Xms256M",
    "-Xmx2G",
    "-server",
    "-XX:+UseG1GC",
    "-XX:MaxGCPauseMillis=20",
    "-XX:InitiatingHeapOccupancyPercent=35",
    "-XX:+ExplicitGCInvokesConcurrent",
    "-Djava.awt.headless=true",
];

const START: Duration = Duration::from_mins(1);
const BYTES: &str = "org.apache.kafka.connect.converters.ByteArrayConverter";

/// Whose worker it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    Java,
    Sluice,
}

impl fmt::Display for Side {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Java => "Kafka Connect",
            Self::Sluice => "Sluice",
        })
    }
}

impl Side {
    /// The class of its null sink.
    pub(crate) const fn sink(self) -> &'static str {
        match self {
            Self::Java => "NullSink",
            Self::Sluice => "dev.sluice.NullSinkConnector",
        }
    }

    /// The class of its source of records that cost nothing.
    pub(crate) const fn source(self) -> &'static str {
        match self {
            Self::Java => "LoadSource",
            Self::Sluice => "dev.sluice.LoadSourceConnector",
        }
    }

    /// How its release is started.
    pub(crate) fn launch(self, cores: Option<&str>) -> Result<Launch> {
        let launch = match self {
            Self::Java => Launch::java(FLAGS),
            Self::Sluice => Launch::sluice(&binaries::release_binary("sluice-worker")?),
        };
        Ok(launch.on_cores(cores))
    }
}

/// A worker file for bytes, which allows files below `folder` to be read and written.
pub(crate) fn file(bootstrap: &str, group: &str, plugins: &Path, folder: &Path) -> WorkerFile {
    WorkerFile::new(bootstrap, group)
        .with("key.converter", BYTES)
        .with("value.converter", BYTES)
        .with("offset.flush.interval.ms", "60000")
        .with("session.timeout.ms", SESSION)
        .with("plugin.path", &plugins.display().to_string())
        .with("sluice.file.paths", &folder.display().to_string())
}

/// Compiles Java's null sink and load source into a folder of plugins.
pub(crate) async fn plugins(folder: &Path) -> Result<PathBuf> {
    let plugins = folder.join("plugins");
    for (class, service) in
        [("NullSink", "sink.SinkConnector"), ("LoadSource", "source.SourceConnector")]
    {
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("java/{class}.java"));
        let plugin = plugins.join(class);
        let services = plugin.join("META-INF/services");
        fs::create_dir_all(&services)?;
        for compiled in fs::read_dir(java::compile(&source).await?)? {
            let compiled = compiled?;
            fs::copy(compiled.path(), plugin.join(compiled.file_name()))?;
        }
        let service = services.join(format!("org.apache.kafka.connect.{service}"));
        fs::write(service, format!("{class}\n"))?;
    }
    Ok(plugins)
}

/// Apache's sink of lines of text, or ours of the same name, for one topic.
pub(crate) fn file_sink(topic: &str, file: &Path) -> Value {
    json!({
        "connector.class": "org.apache.kafka.connect.file.FileStreamSinkConnector",
        "tasks.max": "1",
        "topics": topic,
        "value.converter": STRING,
        "file": file.display().to_string(),
    })
}

/// Deletes what a run that failed has left behind.
pub(crate) async fn delete_all(worker: &ConnectWorker) -> Result<()> {
    let names = worker.ask("GET", "/connectors", None).await?;
    for name in names.as_array().into_iter().flatten().filter_map(Value::as_str) {
        delete(worker, name).await?;
    }
    Ok(())
}

/// Waits until a worker says that it is healthy, which takes until it is in its group.
pub(crate) async fn healthy(worker: &ConnectWorker) -> Result<Duration> {
    // Looks more often than the kit's waits do: this is what is measured.
    const PAUSE: Duration = Duration::from_millis(1);
    let measured = async {
        loop {
            let answer = worker.request("GET", "/health", None).await;
            let after = worker.started().elapsed();
            if answer.is_ok_and(|(status, _)| status == 200) {
                return after;
            }
            tokio::time::sleep(PAUSE).await;
        }
    };
    tokio::time::timeout(START, measured).await.context("waiting for /health")
}

/// Creates a connector.
pub(crate) async fn create(worker: &ConnectWorker, connector: &str, config: &Value) -> Result<()> {
    let body = json!({"name": connector, "config": config});
    // Refused for a moment while the worker's group changes hands after the connector before it.
    let taken = wait::until_ok(START, "the connector to be taken", async || {
        worker.ask("POST", "/connectors", Some(&body)).await
    });
    taken.await.map(drop)
}

/// An error if a connector's task has failed.
pub(crate) async fn check(worker: &ConnectWorker, connector: &str) -> Result<()> {
    let status = worker.ask("GET", &format!("/connectors/{connector}/status"), None).await?;
    ensure!(!status.to_string().contains("FAILED"), "{connector}: {status:#}");
    Ok(())
}

/// Deletes a connector and waits until it is gone.
pub(crate) async fn delete(worker: &ConnectWorker, connector: &str) -> Result<()> {
    // Refused for a moment as in [`create`].
    wait::until_ok(START, "the connector to be deleted", async || {
        worker.ask("DELETE", &format!("/connectors/{connector}"), None).await
    })
    .await?;
    wait::until(START, "the connector to go", async || {
        let path = format!("/connectors/{connector}/status");
        worker.request("GET", &path, None).await.is_ok_and(|(status, _)| status == 404)
    })
    .await
}
