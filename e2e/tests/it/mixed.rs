//! Java workers and ours on the same group and the same topics: side by side, one after the other, and back.

mod lines;
mod matrix;
mod migration;
mod party;
mod tools;
mod work;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use sluice_kit::connect::{ConnectWorker, WorkerFile};
use sluice_kit::java;
use sluice_kit::kafka::KafkaServer;
use sluice_kit::wait;
use tempfile::TempDir;

/// Session time-out and rebalance delay together, several times over.
const PATIENCE: Duration = Duration::from_secs(90);

/// Two pipelines from file to file: four connectors, four tasks.
const PIPELINES: [&str; 2] = ["one", "two"];

/// A folder, and workers of one group that may touch it.
struct Group {
    kafka: &'static KafkaServer,
    name: &'static str,
    folder: TempDir,
}

/// A worker file for either kind, with groups of workers and of sinks that are quick to see who is gone.
fn worker_file(kafka: &KafkaServer, group: &str) -> WorkerFile {
    WorkerFile::new(&kafka.bootstrap(), group)
        .with("session.timeout.ms", "6000")
        .with("heartbeat.interval.ms", "1000")
        .with("scheduled.rebalance.max.delay.ms", "1000")
        .with("consumer.session.timeout.ms", "6000")
        .with("consumer.heartbeat.interval.ms", "1000")
        .with("consumer.metadata.max.age.ms", "1000")
}

impl Group {
    async fn new(name: &'static str) -> Result<Self> {
        Ok(Self { kafka: KafkaServer::shared().await?, name, folder: tempfile::tempdir()? })
    }

    fn file(&self) -> WorkerFile {
        let folder = self.folder.path().display().to_string();
        worker_file(self.kafka, self.name).with("sluice.file.paths", &folder)
    }

    async fn java(&self) -> Result<ConnectWorker> {
        ConnectWorker::java(&self.file()).await
    }

    async fn sluice(&self) -> Result<ConnectWorker> {
        ConnectWorker::sluice(&self.file()).await
    }

    fn path(&self, pipeline: &str, end: &str) -> PathBuf {
        self.folder.path().join(format!("{pipeline}.{end}"))
    }

    /// The topic of a pipeline, with which the names of its connectors begin: tests share a broker.
    fn topic(&self, pipeline: &str) -> String {
        format!("{}-{pipeline}", self.name)
    }

    async fn create_pipelines(&self, worker: &ConnectWorker) -> Result<()> {
        let string = "org.apache.kafka.connect.storage.StringConverter";
        for pipeline in PIPELINES {
            let topic = self.topic(pipeline);
            std::fs::write(self.path(pipeline, "in"), "")?;
            let source = json!({
                "connector.class": "org.apache.kafka.connect.file.FileStreamSourceConnector",
                "file": self.path(pipeline, "in"),
                "topic": topic,
                "value.converter": string,
            });
            let sink = json!({
                "connector.class": "org.apache.kafka.connect.file.FileStreamSinkConnector",
                "file": self.path(pipeline, "out"),
                "topics": topic,
                "value.converter": string,
            });
            put(worker, &format!("{topic}-source"), &source).await?;
            put(worker, &format!("{topic}-sink"), &sink).await?;
        }
        Ok(())
    }

    /// Appends a line to each pipeline's file and waits until it comes out, whoever runs the tasks.
    async fn passes(&self, line: &str) -> Result<()> {
        for pipeline in PIPELINES {
            append(&self.path(pipeline, "in"), line)?;
        }
        for pipeline in PIPELINES {
            let out = self.path(pipeline, "out");
            wait::until(PATIENCE, &format!("{line:?} in {}", out.display()), async || {
                std::fs::read_to_string(&out).is_ok_and(|text| text.lines().any(|it| it == line))
            })
            .await?;
        }
        Ok(())
    }

    /// The lines that came out, of the first pipeline.
    fn came_out(&self) -> Result<Vec<String>> {
        let text = std::fs::read_to_string(self.path(PIPELINES[0], "out"))?;
        Ok(text.lines().map(str::to_owned).collect())
    }
}

#[tokio::test]
async fn both_work_in_a_group_that_java_leads() -> Result<()> {
    sluice_kit::require!(java::missing());
    let group = Group::new("java-leads").await?;
    let java = group.java().await?;
    let sluice = group.sluice().await?;
    group.create_pipelines(&sluice).await?;
    all_run_on(&sluice, &[&java, &sluice]).await?;
    group.passes("together").await?;
    group.is_listed().await?;
    java.kill9()?;
    all_run_on(&sluice, &[&sluice]).await?;
    group.passes("alone").await?;
    group.is_listed().await?;
    group.sinks_are_described().await
}

#[tokio::test]
async fn both_work_in_a_group_that_sluice_leads() -> Result<()> {
    sluice_kit::require!(java::missing());
    let group = Group::new("sluice-leads").await?;
    let sluice = group.sluice().await?;
    let java = group.java().await?;
    group.create_pipelines(&java).await?;
    all_run_on(&java, &[&java, &sluice]).await?;
    group.passes("together").await?;
    sluice.kill9()?;
    all_run_on(&java, &[&java]).await?;
    group.passes("alone").await
}

#[tokio::test]
async fn connectors_run_where_their_classes_are() -> Result<()> {
    sluice_kit::require!(java::missing());
    let group = Group::new("classes").await?;
    let sluice = group.sluice().await?;
    let java = group.java().await?;
    // On Java's side these classes are in a jar of their own, which this worker lacks.
    let config = json!({
        "connector.class": "org.apache.kafka.connect.tools.MockSinkConnector",
        "topics": group.name,
    });
    for number in 0..3 {
        put(&sluice, &format!("classes-{number}"), &config).await?;
    }
    all_mocks_run_on(&sluice).await?;
    // What comes back to work that is there already is not known at first.
    java.kill9()?;
    let java = group.java().await?;
    group.create_pipelines(&java).await?;
    group.passes("together").await?;
    all_mocks_run_on(&sluice).await
}

#[tokio::test]
async fn a_cluster_changes_sides_and_back() -> Result<()> {
    sluice_kit::require!(java::missing());
    let group = Group::new("migrated").await?;
    let java = group.java().await?;
    group.create_pipelines(&java).await?;
    group.passes("by Java").await?;
    java.stop().await?;
    let sluice = group.sluice().await?;
    group.passes("by Sluice").await?;
    sluice.stop().await?;
    let java = group.java().await?;
    group.passes("by Java again").await?;
    java.stop().await?;
    assert_eq!(group.came_out()?, ["by Java", "by Sluice", "by Java again"]);
    Ok(())
}

async fn put(worker: &ConnectWorker, name: &str, config: &Value) -> Result<()> {
    let path = format!("/connectors/{name}/config");
    // A rebalance in progress answers 409; clients try again.
    wait::until_ok(PATIENCE, &format!("{name} to be created"), async || {
        worker.ask("PUT", &path, Some(config)).await.map(drop)
    })
    .await
}

/// Waits until every connector and task runs, and each of these workers has some of them, as `asked` knows.
async fn all_run_on(asked: &ConnectWorker, workers: &[&ConnectWorker]) -> Result<()> {
    let wanted: BTreeSet<&str> = workers.iter().map(|worker| worker.id()).collect();
    wait::until_ok(PATIENCE, "all tasks to run where they should", async || {
        let all = asked.ask("GET", "/connectors?expand=status", None).await?;
        let all = all.as_object().context("a map of connectors")?;
        ensure!(all.len() == 2 * PIPELINES.len(), "{} connectors", all.len());
        let mut seen = BTreeSet::new();
        for connector in all.values() {
            let status = &connector["status"];
            let tasks = status["tasks"].as_array().context("a list of tasks")?;
            ensure!(tasks.len() == 1, "not one task: {status}");
            for part in tasks.iter().chain([&status["connector"]]) {
                ensure!(part["state"] == "RUNNING", "not running: {status}");
                seen.insert(part["worker_id"].as_str().context("a worker")?);
            }
        }
        ensure!(seen == wanted, "they run on {seen:?} instead of {wanted:?}");
        Ok(())
    })
    .await
}

/// Waits until the connectors of the test above and their tasks run on a worker.
async fn all_mocks_run_on(worker: &ConnectWorker) -> Result<()> {
    wait::until_ok(PATIENCE, "all to run where their class is", async || {
        for number in 0..3 {
            let path = format!("/connectors/classes-{number}/status");
            let status = worker.ask("GET", &path, None).await?;
            for part in [&status["connector"], &status["tasks"][0]] {
                let runs = part["state"] == "RUNNING" && part["worker_id"] == worker.id();
                ensure!(runs, "{status}");
            }
        }
        Ok(())
    })
    .await
}

fn append(path: &Path, line: &str) -> Result<()> {
    use std::io::Write;
    let mut file = std::fs::OpenOptions::new().append(true).open(path)?;
    Ok(writeln!(file, "{line}")?)
}
