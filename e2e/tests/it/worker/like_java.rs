//! The REST API as a user meets it, asked of a Java worker and of ours: status codes and bodies are the same.

mod steps;
mod traces;

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use sluice_kit::connect::{ConnectWorker, WorkerFile};
use sluice_kit::java;
use sluice_kit::kafka::KafkaServer;
use sluice_kit::wait;

use super::pipeline::PATIENCE;
use steps::Step::{Ask, Until};

#[tokio::test]
async fn answers_are_those_of_java() -> Result<()> {
    sluice_kit::require!(java::missing());
    let kafka = KafkaServer::shared().await?;
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("in.txt");
    std::fs::write(&file, "a line\n")?;
    let worker_file = |group: &str| {
        WorkerFile::new(&kafka.bootstrap(), group)
            .with("sluice.file.paths", &folder.path().display().to_string())
    };
    let java = ConnectWorker::java(&worker_file("asked-java")).await?;
    let sluice = ConnectWorker::sluice(&worker_file("asked-sluice")).await?;
    for worker in [&java, &sluice] {
        wait::until_ok(PATIENCE, "a worker to be ready", async || {
            worker.ask("GET", "/health", None).await.map(drop)
        })
        .await?;
    }
    let mut different = Vec::new();
    for step in steps::refusals(&file).into_iter().chain(steps::life(&file)) {
        match step {
            Ask(method, path, body) => {
                let body = (!body.is_null()).then_some(body);
                let expected = answer(&java, method, path, body.as_ref()).await?;
                let got = answer(&sluice, method, path, body.as_ref()).await?;
                if got != expected {
                    let asked = format!("{method} {path} {}", body.unwrap_or_default());
                    different.push(format!("{asked}\n  Java:   {expected}\n  Sluice: {got}"));
                }
            }
            Until(state) => {
                for worker in [&java, &sluice] {
                    is_in(worker, state).await.with_context(|| worker.url())?;
                }
            }
        }
    }
    ensure!(different.is_empty(), "{}", different.join("\n"));
    Ok(())
}

/// Status and body, without what may differ between two workers.
async fn answer(
    worker: &ConnectWorker,
    method: &str,
    path: &str,
    body: Option<&Value>,
) -> Result<String> {
    let (status, mut body) = wait::until_ok(PATIENCE, "no rebalance", async || {
        let (status, answer) = worker.request(method, path, body).await?;
        ensure!(!answer.to_string().contains("rebalance"), "{answer}");
        Ok((status, answer))
    })
    .await?;
    let version = worker.ask("GET", "/", None).await?["version"].take();
    let configs = body.get_mut("configs").and_then(Value::as_array_mut);
    configs.into_iter().flatten().for_each(forget_what_forms_show);
    let text = format!("{status} {body}")
        .replace(worker.id(), "WORKER")
        .replace(&version.to_string(), "VERSION");
    // Each lists its own plugins.
    Ok(text.split("available connectors are:").next().unwrap_or_default().to_owned())
}

/// Prose, layout and choices of a form are our own, and so is what stands in for a class that is not given.
fn forget_what_forms_show(config: &mut Value) {
    for shown in ["documentation", "width", "order_in_group", "default_value"] {
        config["definition"][shown] = Value::Null;
    }
    config["value"]["recommended_values"] = Value::Null;
    let name = config["value"]["name"].as_str().unwrap_or_default();
    if name.ends_with(".converter") || name.ends_with(".plugin.version") {
        config["value"]["value"] = Value::Null;
        config["value"]["visible"] = Value::Null;
    }
}

async fn is_in(worker: &ConnectWorker, state: &str) -> Result<()> {
    wait::until_ok(PATIENCE, &format!("the connector to be {state}"), async || {
        let status = worker.ask("GET", "/connectors/it/status", None).await?;
        let tasks = status["tasks"].as_array().context("a list of tasks")?;
        let settled = tasks.len() == usize::from(state != "STOPPED")
            && tasks.iter().chain([&status["connector"]]).all(|part| part["state"] == state);
        ensure!(settled, "{status}");
        Ok(())
    })
    .await
}
