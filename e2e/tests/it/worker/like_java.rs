//! The REST API as a user meets it, asked of a Java worker and of ours: status codes and bodies are the same.

mod differences;
mod steps;
mod traces;
mod validations;

use std::collections::BTreeSet;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use sluice_kit::connect::{ConnectWorker, WorkerFile};
use sluice_kit::java;
use sluice_kit::kafka::KafkaServer;
use sluice_kit::wait;

use super::pipeline::PATIENCE;
use steps::Step::{Ask, Until, Uses};

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
    let of_both = classes_of_both(&java, &sluice).await?;
    let mut different = Vec::new();
    let steps = steps::refusals(&file).into_iter();
    for step in steps.chain(validations::all(&file)).chain(steps::life(&file)) {
        match step {
            Ask(method, path, body) => {
                let body = (!body.is_null()).then_some(body);
                let asked = (method, path, body.as_ref());
                let expected = answer(&java, &of_both, asked).await?;
                let got = answer(&sluice, &of_both, asked).await?;
                if got != expected {
                    let (expected, got) = differences::apart(&expected, &got);
                    let asked = format!("{method} {path} {}", body.unwrap_or_default());
                    different.push(format!("{asked}\n  Java:   {expected}\n  Sluice: {got}"));
                }
            }
            Until(state) => {
                for worker in [&java, &sluice] {
                    is_in(worker, state).await.with_context(|| worker.url())?;
                }
            }
            Uses(topics) => {
                for worker in [&java, &sluice] {
                    uses(worker, topics).await.with_context(|| worker.url())?;
                }
            }
        }
    }
    ensure!(different.is_empty(), "{}", different.join("\n"));
    Ok(())
}

/// Status and body in lines, one for each key of a validation, without what may differ between two workers.
async fn answer(
    worker: &ConnectWorker,
    of_both: &BTreeSet<String>,
    (method, path, body): (&str, &str, Option<&Value>),
) -> Result<Vec<String>> {
    let (status, mut body) = wait::until_ok(PATIENCE, "no rebalance", async || {
        let (status, answer) = worker.request(method, path, body).await?;
        ensure!(!answer.to_string().contains("rebalance"), "{answer}");
        Ok((status, answer))
    })
    .await?;
    differences::forget(&mut body, of_both);
    let configs = body.get_mut("configs").map(Value::take);
    let mut lines = vec![format!("{status} {body}")];
    lines.extend(configs.iter().filter_map(Value::as_array).flatten().map(Value::to_string));
    let line = |text: String| {
        let text = text.replace(worker.id(), "WORKER");
        // Each lists its own plugins.
        text.split("available connectors are:").next().unwrap_or_default().to_owned()
    };
    Ok(lines.into_iter().map(line).collect())
}

/// Classes of plugins that both workers have.
async fn classes_of_both(java: &ConnectWorker, sluice: &ConnectWorker) -> Result<BTreeSet<String>> {
    let mut of_both: Option<BTreeSet<String>> = None;
    for worker in [java, sluice] {
        let listed = worker.ask("GET", "/connector-plugins?connectorsOnly=false", None).await?;
        let class = |it: &Value| it["class"].as_str().map(str::to_owned);
        let own: BTreeSet<String> =
            listed.as_array().into_iter().flatten().filter_map(class).collect();
        of_both = Some(of_both.map_or_else(|| own.clone(), |it| &it & &own));
    }
    Ok(of_both.unwrap_or_default())
}

async fn uses(worker: &ConnectWorker, topics: &[&str]) -> Result<()> {
    let expected = json!({"it": {"topics": topics}});
    wait::until_ok(PATIENCE, &format!("the topics to be {topics:?}"), async || {
        let answer = worker.ask("GET", "/connectors/it/topics", None).await?;
        ensure!(answer == expected, "{answer}");
        Ok(())
    })
    .await
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
