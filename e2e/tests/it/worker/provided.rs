//! Values that configurations name and that stand in files: used, never shown, and looked at again when they change.

use std::fs;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use sluice_kit::connect::{ConnectWorker, WorkerFile};
use sluice_kit::kafka::KafkaServer;
use sluice_kit::{java, wait};

use super::dead_letters::records::{self, Record};
use super::pipeline::PATIENCE;

/// Stands in every value.
const SECRET: &str = "hush-hush";

const SINK: &str = "org.apache.kafka.connect.file.FileStreamSinkConnector";

#[tokio::test]
async fn values_are_used_and_do_not_show() -> Result<()> {
    sluice_kit::require!(java::missing());
    let kafka = KafkaServer::shared().await?;
    let folder = tempfile::tempdir()?;
    let at = folder.path().display().to_string();
    let secrets = folder.path().join("secrets");
    fs::create_dir(&secrets)?;
    // The folder of the first value is not there: the task fails, and its trace has the path.
    fs::write(secrets.join("out_file"), format!("{at}/{SECRET}/out.txt"))?;
    fs::write(folder.path().join("p.properties"), format!("topic={SECRET}-topic\n"))?;
    let file = WorkerFile::new(&kafka.bootstrap(), "provided")
        .with("sluice.file.paths", &at)
        .with("sluice.secrets.path", &secrets.display().to_string())
        .with("config.providers", "f")
        .with(
            "config.providers.f.class",
            "org.apache.kafka.common.config.provider.FileConfigProvider",
        );
    let worker = ConnectWorker::sluice(&file).await?;
    let config = json!({
        "connector.class": SINK, "tasks.max": "1", "name": "provided",
        "topics": format!("${{f:{at}/p.properties:topic}}"), "file": "${secrets:out:file}",
    });
    let mut wrong = config.clone();
    wrong["tasks.max"] = "<${secrets:out:file}>".into();
    wait::until_ok(PATIENCE, "the worker to be ready", async || {
        worker.ask("GET", "/health", None).await.map(drop)
    })
    .await?;
    let mut shown = vec![validated(&worker, &config).await?, validated(&worker, &wrong).await?];
    wait::until_ok(PATIENCE, "the connector to be created", async || {
        worker.ask("PUT", "/connectors/provided/config", Some(&config)).await.map(drop)
    })
    .await?;
    shown.push(task_is(&worker, "FAILED").await?);
    let stored = worker.ask("GET", "/connectors/provided/config", None).await?;
    ensure!(stored == config, "{stored}");
    for path in ["", "/tasks", "/status", "/tasks/0/status"] {
        shown.push(worker.ask("GET", &format!("/connectors/provided{path}"), None).await?);
    }
    shown.push(worker.ask("GET", "/connectors?expand=info&expand=status", None).await?);
    shown.push(worker.metrics().await?.into());
    fs::create_dir(folder.path().join("other"))?;
    fs::write(secrets.join("out_file"), format!("{at}/other/{SECRET}.txt"))?;
    shown.push(task_is(&worker, "RUNNING").await?);
    ensure!(folder.path().join(format!("other/{SECRET}.txt")).exists(), "the new value is used");
    shown.push(worker.output()?.into());
    for text in shown {
        ensure!(!text.to_string().contains(SECRET), "{text}");
    }
    Ok(())
}

#[tokio::test]
async fn a_secret_may_come_late_and_shows_in_no_dead_letter() -> Result<()> {
    const ORDER: &str = r#"{"schema":{"type":"struct","fields":[{"field":"id","type":"int64"}]},"payload":{"id":7}}"#;
    sluice_kit::require!(java::missing());
    let kafka = KafkaServer::shared().await?;
    let folder = tempfile::tempdir()?;
    let at = folder.path().display().to_string();
    let order = Record { value: Some(ORDER.into()), ..Record::default() };
    records::write(kafka, "provided-late", &[order]).await?;
    let secret = folder.path().join("late_field");
    fs::write(&secret, SECRET)?;
    let file = WorkerFile::new(&kafka.bootstrap(), "provided-late")
        .with("value.converter.schemas.enable", "true")
        .with("sluice.file.paths", &at)
        .with("sluice.secrets.path", &at);
    let mut worker = ConnectWorker::sluice(&file).await?;
    // The record has no such field, and the error names it.
    let config = json!({
        "connector.class": SINK, "name": "provided", "topics": "provided-late",
        "file": folder.path().join("out"),
        "transforms": "field",
        "transforms.field.type": "org.apache.kafka.connect.transforms.ExtractField$Value",
        "transforms.field.field": "${secrets:late:field}",
        "errors.tolerance": "all",
        "errors.deadletterqueue.topic.name": "provided-late-letters",
        "errors.deadletterqueue.topic.replication.factor": "1",
        "errors.deadletterqueue.context.headers.enable": "true",
    });
    wait::until_ok(PATIENCE, "the connector to be created", async || {
        worker.ask("PUT", "/connectors/provided/config", Some(&config)).await.map(drop)
    })
    .await?;
    let letter = wait::until_ok(PATIENCE, "the dead letter", async || {
        let letters = records::read(kafka, "provided-late-letters", 1).await?;
        letters.into_iter().next().context("no letter")
    })
    .await?;
    let header = |name: &str| {
        let name = format!("__connect.errors.exception.{name}");
        let value = letter.headers.iter().find(|it| it.0 == name)?.1.clone();
        String::from_utf8(value?).ok()
    };
    ensure!(header("message").is_some_and(|it| it == "Unknown field: [hidden]"), "{letter:?}");
    let stacktrace = header("stacktrace").context("no stack trace")?;
    ensure!(!stacktrace.contains(SECRET), "{stacktrace}");

    worker.terminate().await?;
    fs::remove_file(&secret)?;
    worker.start_again().await?;
    let failed = all_are(&worker, "FAILED").await?.to_string();
    ensure!(failed.contains("ConfigException"), "{failed}");
    fs::write(&secret, SECRET)?;
    all_are(&worker, "RUNNING").await.map(drop)
}

/// The status of the connector once it and its task are in this state.
async fn all_are(worker: &ConnectWorker, state: &str) -> Result<Value> {
    wait::until_ok(PATIENCE, &format!("connector and task to be {state}"), async || {
        let status = worker.ask("GET", "/connectors/provided/status", None).await?;
        let states = [&status["connector"]["state"], &status["tasks"][0]["state"]];
        ensure!(states.iter().all(|it| *it == state), "{status}");
        Ok(status)
    })
    .await
}

async fn validated(worker: &ConnectWorker, config: &Value) -> Result<Value> {
    worker.ask("PUT", "/connector-plugins/FileStreamSink/config/validate", Some(config)).await
}

/// The status of the connector once its task is in this state.
async fn task_is(worker: &ConnectWorker, state: &str) -> Result<Value> {
    wait::until_ok(PATIENCE, &format!("the task to be {state}"), async || {
        let status = worker.ask("GET", "/connectors/provided/status", None).await?;
        let task = status["tasks"].get(0).context("a task")?;
        ensure!(task["state"] == state, "{status}");
        Ok(status)
    })
    .await
}
