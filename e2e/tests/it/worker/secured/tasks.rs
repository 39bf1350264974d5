//! A worker that is let in while the clients of its tasks are not: the tasks fail and say why, the worker goes on.

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use sluice_kit::connect::ConnectWorker;
use sluice_kit::java;
use sluice_kit::kafka::{KafkaServer, Listener, PLAIN_USER, SCRAM_USER, Settings};
use sluice_kit::wait;

use super::super::pipeline::PATIENCE;
use super::{WRONG, file, sasl};

#[tokio::test]
async fn tasks_that_are_refused_fail_and_say_why() -> Result<()> {
    sluice_kit::require!(java::missing());
    let kafka = KafkaServer::shared_secured().await?;
    let topic = "refused-tasks";
    kafka.create_topic(topic, 1, &[]).await?;
    let mut file = file(kafka, topic, Listener::SaslSslScram512, Settings::new());
    for (key, value) in sasl("SCRAM-SHA-512", SCRAM_USER.0, WRONG) {
        for prefix in ["producer.", "consumer."] {
            file = file.with(&format!("{prefix}{key}"), &value);
        }
    }
    let worker = ConnectWorker::sluice(&file).await?;
    let source = json!({"connector.class": "Datagen", "kafka.topic": topic, "quickstart": "users"});
    let sink = json!({"connector.class": "NullSink", "topics": topic});
    let mut said = String::new();
    for (name, config) in [("refused-source", source), ("refused-sink", sink)] {
        said += &fails(&worker, name, &config)
            .await
            .with_context(|| format!("{name}: {}", worker.output().unwrap_or_default()))?;
    }
    worker.ask("GET", "/health", None).await?;
    said += &worker.ask("GET", "/connectors?expand=info&expand=status", None).await?.to_string();
    said += &worker.output()?;
    for password in [WRONG, PLAIN_USER.1, SCRAM_USER.1] {
        ensure!(!said.contains(password), "a password in {said}");
    }
    Ok(())
}

/// The trace of a connector's task, which has to blame its identity.
async fn fails(worker: &ConnectWorker, name: &str, config: &Value) -> Result<String> {
    wait::until_ok(PATIENCE, "the connector to be created", async || {
        worker.ask("PUT", &format!("/connectors/{name}/config"), Some(config)).await.map(drop)
    })
    .await?;
    let trace = wait::until_ok(PATIENCE, "the task to fail", async || {
        let status = worker.ask("GET", &format!("/connectors/{name}/tasks/0/status"), None).await?;
        ensure!(status["state"] == "FAILED", "{status}");
        Ok(status["trace"].as_str().context("a trace")?.to_owned())
    })
    .await?;
    let class = "org.apache.kafka.common.errors.SaslAuthenticationException";
    ensure!(trace.contains(class), "{class} is not in {trace}");
    Ok(trace)
}
