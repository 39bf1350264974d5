//! The example of a worker with plugins of its own: built, held to the conformance suites, and run.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result, anyhow, ensure};
use serde_json::json;
use sluice_crds::{KafkaConnect, KafkaConnector, admit, yaml};
use sluice_kit::connect::{ConnectWorker, WorkerFile};
use sluice_kit::{ports, wait};
use tokio::process::{Child, Command};

const EXAMPLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../examples/custom-plugins");
const LOCK: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../Cargo.lock");
const PATIENCE: Duration = Duration::from_mins(1);

/// The target folder that this test was built in: what the example needs has been built there already.
fn target() -> Result<PathBuf> {
    let test = std::env::current_exe()?;
    let folder = test.ancestors().find(|it| it.file_name().is_some_and(|name| name == "debug"));
    let target = folder.and_then(Path::parent);
    Ok(target.context("the test was not started from a target folder")?.to_owned())
}

/// Builds the example and runs its own tests, with the versions of this workspace; the program.
async fn build() -> Result<PathBuf> {
    let target = target()?;
    fs::copy(LOCK, Path::new(EXAMPLE).join("Cargo.lock"))?;
    let mut cargo = Command::new(env!("CARGO"));
    cargo
        .args(["test", "--offline", "--manifest-path"])
        .arg(Path::new(EXAMPLE).join("Cargo.toml"))
        .env("CARGO_TARGET_DIR", &target)
        .stdin(Stdio::null());
    // What an outer cargo says of this package is nothing to that one: build scripts would run again for it.
    for (name, _) in std::env::vars() {
        if ["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_BIN_"].iter().any(|it| name.starts_with(it)) {
            cargo.env_remove(name);
        }
    }
    let output = cargo.kill_on_drop(true).output().await?;
    ensure!(
        output.status.success(),
        "{}{}",
        String::from_utf8_lossy(&output.stderr),
        String::from_utf8_lossy(&output.stdout)
    );
    Ok(target.join("debug/custom-worker"))
}

/// The embedded broker, which every worker has in it.
fn broker(program: &Path, address: &str) -> Result<Child> {
    let mut command = Command::new(program);
    command.args(["broker", "--listen", address]).stdin(Stdio::null()).stderr(Stdio::null());
    Ok(command.kill_on_drop(true).spawn()?)
}

#[tokio::test]
async fn a_record_goes_through_plugins_of_ones_own() -> Result<()> {
    let program = build().await?;
    let folder = tempfile::tempdir()?;
    let copy = folder.path().join("ticks.csv");
    let address = format!("127.0.0.1:{}", ports::free()?);
    let _broker = broker(&program, &address)?;
    let file = WorkerFile::new(&address, "custom")
        .with("consumer.metadata.max.age.ms", "500")
        .with("sluice.file.paths", &folder.path().display().to_string());
    let worker = ConnectWorker::sluice_program(&program, &file).await?;
    wait::until_ok(PATIENCE, "the worker to be ready", async || {
        worker.ask("GET", "/health", None).await.map(drop)
    })
    .await?;

    let plugins = worker.ask("GET", "/connector-plugins?connectorsOnly=false", None).await?;
    for class in [
        "com.example.TickerSourceConnector",
        "com.example.CsvConverter",
        "com.example.RemovePii$Key",
        "com.example.RemovePii$Value",
    ] {
        ensure!(plugins.to_string().contains(class), "{class} is not in {plugins}");
    }
    let source = json!({
        "connector.class": "com.example.TickerSourceConnector",
        "topic": "ticks",
        "interval.ms": "20",
        "ticker.name": "north, \"1\"",
        "contact.email": "nobody@example.com",
        "contact.phone": "+0 123",
        "transforms": "pii",
        "transforms.pii.type": "com.example.RemovePii$Value",
        "value.converter": "com.example.CsvConverter",
    });
    let sink = json!({
        "connector.class": "FileStreamSink",
        "topics": "ticks",
        "file": copy,
        "value.converter": "org.apache.kafka.connect.storage.StringConverter",
    });
    for (name, config) in [("ticks", source), ("copy", sink)] {
        wait::until_ok(PATIENCE, "the connector to be created", async || {
            let path = format!("/connectors/{name}/config");
            worker.ask("PUT", &path, Some(&config)).await.map(drop)
        })
        .await?;
    }
    let mut text = String::new();
    wait::until(PATIENCE, "ticks to come through", async || {
        text = fs::read_to_string(&copy).unwrap_or_default();
        text.lines().count() >= 3
    })
    .await
    .with_context(|| worker.output().unwrap_or_default())?;
    let lines: Vec<&str> = text.lines().take(3).collect();
    let expected: Vec<String> = (0..3).map(|tick| format!("{tick},\"north, \"\"1\"\"\"")).collect();
    ensure!(lines == expected, "{text}");
    worker.stop().await
}

#[test]
fn its_resources_are_admitted() -> Result<()> {
    let read = |name: &str| -> Result<yaml::Document> {
        let text = fs::read_to_string(Path::new(EXAMPLE).join("deploy").join(name))?;
        let documents = yaml::read(name, &text).map_err(|error| anyhow!("{error}"))?;
        documents.into_iter().next().context("a resource")
    };
    admit::<KafkaConnect>(&read("connect.yaml")?).map_err(|errors| anyhow!("{errors:?}"))?;
    admit::<KafkaConnector>(&read("ticker.yaml")?).map_err(|errors| anyhow!("{errors:?}"))?;
    Ok(())
}
