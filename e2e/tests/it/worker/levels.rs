//! Levels of loggers in a group of a Java worker and one of ours: whoever is asked, both take them.

use anyhow::{Result, ensure};
use serde_json::json;
use sluice_kit::connect::{ConnectWorker, WorkerFile};
use sluice_kit::java;
use sluice_kit::kafka::KafkaServer;
use sluice_kit::wait;

use super::pipeline::PATIENCE;

#[tokio::test]
async fn a_level_for_all_workers_reaches_both_kinds_and_no_later_one() -> Result<()> {
    sluice_kit::require!(java::missing());
    let kafka = KafkaServer::shared().await?;
    let file = WorkerFile::new(&kafka.bootstrap(), "levels");
    let (java, ours) = tokio::try_join!(ConnectWorker::java(&file), ConnectWorker::sluice(&file))?;
    // Levels that were set before a worker has started are none of its business.
    tokio::try_join!(started(&java), started(&ours))?;
    for (asked, logger) in [(&java, "com.example.a"), (&ours, "com.example.b")] {
        set(asked, logger).await?;
        for worker in [&java, &ours] {
            wait::until_ok(PATIENCE, &format!("{logger} to show debug"), async || {
                let told = worker.ask("GET", &format!("/admin/loggers/{logger}"), None).await?;
                ensure!(told["level"] == "DEBUG", "{told}");
                Ok(())
            })
            .await?;
        }
    }
    let later = ConnectWorker::sluice(&file).await?;
    started(&later).await?;
    let (status, told) = later.request("GET", "/admin/loggers/com.example.a", None).await?;
    ensure!(status == 404, "{told}");
    Ok(())
}

async fn started(worker: &ConnectWorker) -> Result<()> {
    wait::until_ok(PATIENCE, "a worker to be ready", async || {
        worker.ask("GET", "/health", None).await.map(drop)
    })
    .await
}

/// Sets a level once the worker takes requests.
async fn set(worker: &ConnectWorker, logger: &str) -> Result<()> {
    let path = format!("/admin/loggers/{logger}?scope=cluster");
    wait::until_ok(PATIENCE, "a worker that takes levels", async || {
        let (status, answer) =
            worker.request("PUT", &path, Some(&json!({ "level": "debug" }))).await?;
        ensure!(status == 204, "{status} {answer}");
        Ok(())
    })
    .await
}

#[tokio::test]
async fn levels_of_a_file_take_effect_while_the_worker_runs() -> Result<()> {
    sluice_kit::require!(java::missing());
    let kafka = KafkaServer::shared().await?;
    let folder = tempfile::tempdir()?;
    let levels = folder.path().join("loggers.properties");
    std::fs::write(&levels, "com.example=WARN\n")?;
    let file = WorkerFile::new(&kafka.bootstrap(), "levels-file")
        .with("sluice.loggers.file", &levels.display().to_string());
    let worker = ConnectWorker::sluice(&file).await?;
    let process = worker.process_id();
    for (text, expected) in [("com.example=WARN\n", "WARN"), ("root=ERROR\n", "ERROR")] {
        let next = folder.path().join("next");
        std::fs::write(&next, text)?;
        std::fs::rename(&next, &levels)?;
        wait::until_ok(PATIENCE, &format!("the level {expected}"), async || {
            let told = worker.ask("GET", "/admin/loggers/com.example", None).await?;
            ensure!(told["level"] == expected, "{told}");
            Ok(())
        })
        .await?;
    }
    ensure!(worker.process_id() == process, "it is the same worker");
    Ok(())
}
