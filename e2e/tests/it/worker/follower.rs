//! Two workers: whichever a client asks, the same happens and the same is answered.

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use sluice_kit::connect::{ConnectWorker, WorkerFile};
use sluice_kit::java;
use sluice_kit::kafka::KafkaServer;
use sluice_kit::wait;

use super::pipeline::PATIENCE;

#[tokio::test]
async fn a_follower_does_what_the_leader_does() -> Result<()> {
    sluice_kit::require!(java::missing());
    let kafka = KafkaServer::shared().await?;
    let file = WorkerFile::new(&kafka.bootstrap(), "asked-both");
    let workers = [ConnectWorker::sluice(&file).await?, ConnectWorker::sluice(&file).await?];
    // One of them leads; which one does not matter.
    for [asked, other] in [[0, 1], [1, 0]] {
        let pair = Pair { asked: &workers[asked], other: &workers[other] };
        pair.live().await.with_context(|| format!("asking worker {asked}"))?;
    }
    Ok(())
}

/// The worker that a client asks, and the other one.
struct Pair<'a> {
    asked: &'a ConnectWorker,
    other: &'a ConnectWorker,
}

impl Pair<'_> {
    /// The life of a connector of two tasks, through one worker.
    async fn live(&self) -> Result<()> {
        let config = json!({
            "connector.class": "Datagen", "kafka.topic": "asked-both", "quickstart": "orders",
            "tasks.max": "2",
        });
        let creation = json!({"name": "it", "config": config});
        let created = self.does("POST", "/connectors", Some(&creation), 201).await?;
        ensure!(created["type"] == "source" && created["config"]["tasks.max"] == "2", "{created}");
        self.becomes("RUNNING", 2).await?;
        let again = self.does("POST", "/connectors", Some(&creation), 409).await?;
        ensure!(again["message"] == "Connector it already exists", "{again}");
        self.does("PUT", "/connectors/it/pause", None, 202).await?;
        self.becomes("PAUSED", 2).await?;
        self.does("PUT", "/connectors/it/resume", None, 202).await?;
        self.becomes("RUNNING", 2).await?;
        // Connector and tasks live on either worker, so both ways of forwarding are taken.
        self.does("POST", "/connectors/it/restart", None, 204).await?;
        self.becomes("RUNNING", 2).await?;
        for task in [0, 1] {
            self.does("POST", &format!("/connectors/it/tasks/{task}/restart"), None, 204).await?;
        }
        self.becomes("RUNNING", 2).await?;
        self.does("POST", "/connectors/it/restart?includeTasks=true", None, 202).await?;
        self.becomes("RUNNING", 2).await?;
        let mut wider = config.clone();
        wider["tasks.max"] = json!("3");
        self.does("PUT", "/connectors/it/config", Some(&wider), 200).await?;
        self.becomes("RUNNING", 3).await?;
        let wrong = json!({"connector.class": "Datagen", "tasks.max": "0"});
        let refused = self.does("PUT", "/connectors/it/config", Some(&wrong), 400).await?;
        let told = refused["message"].as_str().unwrap_or_default();
        ensure!(told.contains("contains the following 3 error(s)"), "{told}");
        self.does("PUT", "/connectors/it/stop", None, 204).await?;
        self.becomes("STOPPED", 0).await?;
        self.does("DELETE", "/connectors/it", None, 204).await?;
        self.does("DELETE", "/connectors/it", None, 404).await?;
        self.agree("/connectors", |names| *names == json!([])).await
    }

    /// Asks one worker; a rebalance in progress is waited for, as clients do.
    async fn does(
        &self,
        method: &str,
        path: &str,
        body: Option<&Value>,
        expected: u16,
    ) -> Result<Value> {
        wait::until_ok(PATIENCE, &format!("{expected} to {method} {path}"), async || {
            let (status, answer) = self.asked.request(method, path, body).await?;
            ensure!(status == expected, "{status} {answer}");
            Ok(answer)
        })
        .await
    }

    /// Waits until connector and tasks are in a state, and both workers tell the same of them.
    async fn becomes(&self, state: &str, tasks: usize) -> Result<()> {
        self.agree("/connectors/it/status", |status| {
            let parts = status["tasks"].as_array().map(Vec::as_slice).unwrap_or_default();
            parts.len() == tasks
                && parts.iter().chain([&status["connector"]]).all(|part| part["state"] == state)
        })
        .await?;
        self.agree("/connectors/it/tasks", |list| {
            list.as_array().is_some_and(|it| it.len() == tasks)
        })
        .await?;
        self.agree("/connectors/it", |info| info["name"] == "it").await
    }

    async fn agree(&self, path: &str, holds: impl Fn(&Value) -> bool) -> Result<()> {
        wait::until_ok(PATIENCE, &format!("both to agree on {path}"), async || {
            let mine = self.asked.ask("GET", path, None).await?;
            let theirs = self.other.ask("GET", path, None).await?;
            ensure!(mine == theirs && holds(&mine), "{mine} and {theirs}");
            Ok(())
        })
        .await
    }
}
