//! Connectors and tasks that fail, and run again once they are restarted: `restart_failed_connector`,
//! `restart_failed_task`, and both with `includeTasks`.

use anyhow::{Result, ensure};
use serde_json::{Value, json};
use sluice_kit::kafka::KafkaServer;
use sluice_kit::{java, wait};

use super::super::pipeline::PATIENCE;
use super::cluster::Cluster;

#[tokio::test]
async fn what_has_failed_runs_again_when_it_is_restarted() -> Result<()> {
    sluice_kit::require!(java::missing());
    let kafka = KafkaServer::shared().await?;
    tokio::try_join!(
        in_a_group_of(kafka, "sessioned"),
        in_a_group_of(kafka, "compatible"),
        in_a_group_of(kafka, "eager")
    )?;
    Ok(())
}

async fn in_a_group_of(kafka: &KafkaServer, protocol: &str) -> Result<()> {
    let file = Cluster::file(&kafka.bootstrap(), &format!("failed-{protocol}"));
    let cluster = Cluster::start(&file.with("connect.protocol", protocol)).await?;
    let part = |asked, name, class, mode| Failing { cluster: &cluster, asked, name, class, mode };
    let parts = [
        part(0, "source-connector", "MockSourceConnector", "connector-failure"),
        part(1, "sink-connector", "MockSinkConnector", "connector-failure"),
        part(2, "source-task", "MockSourceConnector", "task-failure"),
        part(0, "sink-task", "MockSinkConnector", "task-failure"),
    ];
    // Before anything can fail: a rebalance starts nothing anew.
    for part in &parts {
        part.create().await?;
    }
    let [a, b, c, d] = &parts;
    tokio::try_join!(a.comes_back(), b.comes_back(), c.comes_back(), d.comes_back())?;
    Ok(())
}

/// A connector of which one part fails two seconds after each start.
struct Failing<'a> {
    cluster: &'a Cluster,
    /// The worker that its client knows, whoever has the connector.
    asked: usize,
    name: &'static str,
    class: &'static str,
    mode: &'static str,
}

impl Failing<'_> {
    async fn create(&self) -> Result<()> {
        let mut config = json!({
            "connector.class": format!("org.apache.kafka.connect.tools.{}", self.class),
            "mock_mode": self.mode, "delay_ms": "2000",
        });
        if self.class.contains("Sink") {
            config["topics"] = "failing".into();
            // Groups of one broker, whose members must not know of each other.
            let group = format!("{}-{}", self.name, self.cluster.workers[0].id());
            config["consumer.override.group.id"] = group.into();
        }
        self.cluster.create(self.name, &config).await
    }

    async fn comes_back(&self) -> Result<()> {
        let name = self.name;
        self.is("FAILED").await?;
        let part = if self.is_task() { "tasks/0/" } else { "" };
        let path = format!("/connectors/{name}/{part}restart");
        self.cluster.ask(self.asked, "POST", &path, None).await?;
        self.is("RUNNING").await?;
        self.is("FAILED").await?;

        let (only_failed, tasks) = (!self.is_task(), self.is_task());
        let flags = format!("onlyFailed={only_failed}&includeTasks={tasks}");
        let path = format!("/connectors/{name}/restart?{flags}");
        // The leader decides by its own copy of the statuses, which may be a moment behind that of the worker asked.
        let worker = &self.cluster.workers[self.asked];
        wait::until_ok(PATIENCE, &format!("{name} to be restarted"), async || {
            let told = worker.ask("POST", &path, None).await?;
            ensure!(self.part_of(&told)["state"] == "RESTARTING", "{told}");
            Ok(())
        })
        .await?;
        self.is("RUNNING").await
    }

    async fn is(&self, state: &str) -> Result<()> {
        let (worker, path) =
            (&self.cluster.workers[self.asked], format!("/connectors/{}/status", self.name));
        wait::until_ok(PATIENCE, &format!("{} to be {state}", self.name), async || {
            let status = worker.ask("GET", &path, None).await?;
            ensure!(self.part_of(&status)["state"] == state, "{status}");
            Ok(())
        })
        .await
    }

    fn part_of<'a>(&self, status: &'a Value) -> &'a Value {
        if self.is_task() { &status["tasks"][0] } else { &status["connector"] }
    }

    fn is_task(&self) -> bool {
        self.mode == "task-failure"
    }
}
