//! Tasks that fail, on a Java worker and on ours: the same state and the same chain of exceptions.

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use sluice_kit::connect::{ConnectWorker, WorkerFile};
use sluice_kit::java;
use sluice_kit::kafka::KafkaServer;
use sluice_kit::wait;

use super::super::pipeline::PATIENCE;

const TOPIC: &str = "traced";
const JSON: &str = "org.apache.kafka.connect.json.JsonConverter";
const BYTES: &str = "org.apache.kafka.connect.converters.ByteArrayConverter";

/// Connectors whose task fails.
fn failing(folder: &str) -> Vec<(&'static str, Value)> {
    let source = "org.apache.kafka.connect.file.FileStreamSourceConnector";
    let sink = "org.apache.kafka.connect.file.FileStreamSinkConnector";
    let (from, to) = (format!("{folder}/in.txt"), format!("{folder}/out.txt"));
    vec![
        (
            "no-json",
            json!({
                "connector.class": sink, "topics": TOPIC, "file": to,
                "value.converter": JSON, "value.converter.schemas.enable": "false",
            }),
        ),
        (
            "no-envelope",
            json!({
                "connector.class": sink, "topics": "traced-json", "file": to,
                "value.converter": JSON, "value.converter.schemas.enable": "true",
            }),
        ),
        (
            "no-bytes",
            json!({
                "connector.class": source, "topic": "traced-none", "file": from,
                "value.converter": BYTES,
            }),
        ),
        (
            "no-folder",
            json!({
                "connector.class": sink, "topics": TOPIC, "file": format!("{folder}/none/out.txt"),
            }),
        ),
    ]
}

#[tokio::test]
async fn failures_are_told_as_java_tells_them() -> Result<()> {
    sluice_kit::require!(java::missing());
    let kafka = KafkaServer::shared().await?;
    let bootstrap = kafka.bootstrap();
    for (topic, record) in [(TOPIC, "nothing of JSON\n"), ("traced-json", "{\"a\":1}\n")] {
        let arguments = ["--bootstrap-server", &bootstrap, "--topic", topic];
        let producer = "org.apache.kafka.tools.ConsoleProducer";
        kafka.tool_with(producer, &arguments, record.as_bytes()).await?;
    }
    let folder = tempfile::tempdir()?;
    std::fs::write(folder.path().join("in.txt"), "a line\n")?;
    let folder = folder.path().display().to_string();
    let file = |group: &str| WorkerFile::new(&bootstrap, group).with("sluice.file.paths", &folder);
    let java = ConnectWorker::java(&file("traced-java")).await?;
    let sluice = ConnectWorker::sluice(&file("traced-sluice")).await?;
    let mut different = Vec::new();
    for (name, config) in failing(&folder) {
        let expected = failure(&java, "java", name, &config).await?;
        let got = failure(&sluice, "sluice", name, &config).await?;
        if got != expected {
            different.push(format!("{name}\n  Java:   {expected:#?}\n  Sluice: {got:#?}"));
        }
    }
    ensure!(different.is_empty(), "{}", different.join("\n"));
    Ok(())
}

/// The exceptions of the trace, the outermost first, of a connector that still counts as running.
async fn failure(
    worker: &ConnectWorker,
    side: &str,
    name: &str,
    config: &Value,
) -> Result<Vec<String>> {
    // Both clusters are on one broker: a connector's name is its consumer group.
    let own = format!("{side}-{name}");
    wait::until_ok(PATIENCE, "the connector to be created", async || {
        worker.ask("PUT", &format!("/connectors/{own}/config"), Some(config)).await.map(drop)
    })
    .await?;
    let trace = wait::until_ok(PATIENCE, &format!("{own} to fail"), async || {
        let status = worker.ask("GET", &format!("/connectors/{own}/status"), None).await?;
        let task = &status["tasks"][0];
        let is_failed = task["state"] == "FAILED" && status["connector"]["state"] == "RUNNING";
        ensure!(is_failed, "{status}");
        Ok(task["trace"].as_str().context("a trace")?.to_owned())
    })
    .await?;
    Ok(trace.replace(&own, name).lines().filter_map(exception).collect())
}

/// Class and message of a line that names an exception. What a JSON parser or the system says has words of its own.
fn exception(line: &str) -> Option<String> {
    let told = line.strip_prefix("Caused by: ").unwrap_or(line);
    let (class, _) = told.split_once(": ").unwrap_or((told, ""));
    let is_class = class.contains('.') && !class.contains(char::is_whitespace);
    if !is_class || class.starts_with("com.fasterxml.") {
        return None;
    }
    let is_connects = class.starts_with("org.apache.kafka.connect.");
    Some(if is_connects { line.to_owned() } else { class.to_owned() })
}
