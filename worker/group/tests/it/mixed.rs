//! Our worker and a Java worker in one group, each as leader.

use std::time::Duration;

use anyhow::{Context, Result};
use serde_json::json;
use sluice_group::{ConnectProtocol, assign::Unit};
use sluice_kit::{
    connect::{ConnectWorker, WorkerFile},
    java,
    kafka::KafkaServer,
    require, wait,
};

use crate::worker::{Pace, Plan, SOON, Worker};

const GROUP: &str = "mixed";
const DELAY: Duration = Duration::from_secs(1);

fn plan() -> Plan {
    Plan(vec![("m1", 1), ("m2", 1), ("m3", 1), ("m4", 1)])
}

async fn java_worker(bootstrap: &str) -> Result<ConnectWorker> {
    let delay = DELAY.as_millis().to_string();
    let file = WorkerFile::new(bootstrap, GROUP);
    ConnectWorker::java(&file.with("scheduled.rebalance.max.delay.ms", &delay)).await
}

#[tokio::test]
async fn java_and_we_share_work_with_either_as_leader() -> Result<()> {
    require!(java::missing());
    let bootstrap = KafkaServer::shared().await?.bootstrap();
    let java = java_worker(&bootstrap).await?;
    let source = tempfile::NamedTempFile::new()?;
    for (name, _) in plan().0 {
        let config = json!({
            "connector.class": "org.apache.kafka.connect.file.FileStreamSourceConnector",
            "file": source.path(), "topic": "mixed", "tasks.max": "1",
        });
        java.ask("PUT", &format!("/connectors/{name}/config"), Some(&config)).await?;
        runs(&java, &Unit::Connector(name.into())).await?;
        runs(&java, &Unit::Task(name.into(), 0)).await?;
    }

    let ours = Worker::start(
        &bootstrap,
        GROUP,
        "http://127.0.0.1:1/",
        &plan(),
        DELAY,
        ConnectProtocol::Sessioned,
        Pace::BRISK,
    )?;
    let half = plan().units() / 2;
    ours.sees(SOON, "half of Java's work", |it| it.work.len() == half).await?;
    assert!(!ours.view().is_leader);
    assert_eq!(ours.view().leader_url, format!("{}/", java.url()));

    java.stop().await?;
    ours.sees(SOON, "everything after Java", |it| it.work.len() == plan().units()).await?;
    assert!(ours.view().is_leader);

    let java = java_worker(&bootstrap).await?;
    let view = ours
        .sees(SOON, "half handed to Java", |it| {
            it.work.len() == half && it.shares.iter().all(|share| share.work.len() == half)
        })
        .await?;
    let own_url = format!("{}/", java.url());
    let share = view.shares.iter().find(|it| it.url == own_url).context("Java is a member")?;
    for unit in &share.work {
        runs(&java, unit).await?;
    }
    java.kill9()?;
    ours.sees(SOON, "everything after Java's death", |it| it.work.len() == plan().units()).await?;
    ours.leave().await
}

/// Waits until Java says that it runs a connector or a task.
async fn runs(java: &ConnectWorker, unit: &Unit) -> Result<()> {
    let path = format!("/connectors/{}/status", unit.connector());
    wait::until(SOON, &format!("{unit:?} on Java"), async || {
        let Ok(status) = java.ask("GET", &path, None).await else { return false };
        let part = match unit {
            Unit::Connector(_) => &status["connector"],
            Unit::Task(_, task) => &status["tasks"][*task as usize],
        };
        part["state"] == "RUNNING" && part["worker_id"] == java.id()
    })
    .await
}
