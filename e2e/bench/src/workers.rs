//! The two workers that are compared.

use std::{
    fmt, fs,
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::{Context, Result};
use sluice_kit::{
    binaries,
    connect::{ConnectWorker, Launch, WorkerFile},
    java, wait,
};

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

    /// How its release is started.
    pub(crate) fn launch(self, cores: Option<&str>) -> Result<Launch> {
        let launch = match self {
            Self::Java => Launch::java(FLAGS),
            Self::Sluice => Launch::sluice(&binaries::release_binary("sluice-worker")?),
        };
        Ok(launch.on_cores(cores))
    }
}

/// A worker file for bytes whose commits are frequent enough to see progress by.
pub(crate) fn file(bootstrap: &str, group: &str, plugins: &Path) -> WorkerFile {
    WorkerFile::new(bootstrap, group)
        .with("key.converter", BYTES)
        .with("value.converter", BYTES)
        .with("offset.flush.interval.ms", "200")
        .with("plugin.path", &plugins.display().to_string())
}

/// Compiles Java's null sink into a folder of plugins.
pub(crate) async fn plugins(folder: &Path) -> Result<PathBuf> {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("java/NullSink.java");
    let classes = java::compile(&source).await?;
    let plugins = folder.join("plugins");
    let plugin = plugins.join("null-sink");
    let services = plugin.join("META-INF/services");
    fs::create_dir_all(&services)?;
    for class in fs::read_dir(&classes)? {
        let class = class?;
        fs::copy(class.path(), plugin.join(class.file_name()))?;
    }
    fs::write(services.join("org.apache.kafka.connect.sink.SinkConnector"), "NullSink\n")?;
    Ok(plugins)
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

/// Waits until a connector is gone.
pub(crate) async fn delete(worker: &ConnectWorker, connector: &str) -> Result<()> {
    worker.ask("DELETE", &format!("/connectors/{connector}"), None).await?;
    wait::until(START, "the connector to go", async || {
        let path = format!("/connectors/{connector}/status");
        worker.request("GET", &path, None).await.is_ok_and(|(status, _)| status == 404)
    })
    .await
}
