//! Standalone mode: no group and no internal topics, connectors from files, positions in a file that Java shares.

mod apart;
mod stopped;

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Result, ensure};
use sluice_kit::connect::{ConnectWorker, Launch, WorkerFile};
use sluice_kit::kafka::KafkaServer;
use sluice_kit::{binaries, java};

use super::pipeline::Pipeline;

const LINES: usize = 2_000;

fn sluice() -> Result<Launch> {
    Ok(Launch::sluice(&binaries::binary("sluice-worker")?))
}

/// The worker file of a pipeline without what is for groups alone.
fn worker_file(pipeline: &Pipeline, kafka: &KafkaServer, offsets: &Path) -> WorkerFile {
    let mut file = pipeline.file(kafka);
    for key in ["group.id", "config.storage.topic", "offset.storage.topic", "status.storage.topic"]
    {
        file = file.without(key);
    }
    file.with("offset.storage.file.filename", &offsets.display().to_string())
}

/// The source as properties, the sink as the body of a request.
fn connector_files(pipeline: &Pipeline, folder: &Path) -> Result<[PathBuf; 2]> {
    let [source, sink] = pipeline.configs();
    let lines = source.as_object().into_iter().flatten();
    let lines = lines.filter_map(|(key, value)| Some(format!("{key}={}\n", value.as_str()?)));
    let [name, other] = pipeline.connectors();
    let files = [folder.join("source.properties"), folder.join("sink.json")];
    fs::write(&files[0], format!("name={name}\n{}", lines.collect::<String>()))?;
    fs::write(&files[1], serde_json::json!({"name": other, "config": sink}).to_string())?;
    Ok(files)
}

#[tokio::test]
async fn java_and_we_take_turns_on_the_same_files() -> Result<()> {
    sluice_kit::require!(java::missing());
    let kafka = KafkaServer::shared().await?;
    let pipeline = Pipeline::new("alone")?;
    let folder = tempfile::tempdir()?;
    let offsets = folder.path().join("connect.offsets");
    let file = worker_file(&pipeline, kafka, &offsets);
    let connectors = connector_files(&pipeline, folder.path())?;
    let mut written = 0;
    for launch in [Launch::java(java::QUICK), sluice()?, Launch::java(java::QUICK), sluice()?] {
        let launch = launch.alone_with(&connectors);
        let worker = ConnectWorker::start(&file, &launch).await?.answering().await?;
        pipeline.append(written..written + LINES)?;
        written += LINES;
        pipeline.ends_with(written - 1).await?;
        let names = worker.ask("GET", "/connectors", None).await?;
        ensure!(names.as_array().is_some_and(|it| it.len() == 2), "{names}");
        worker.stop().await?;
    }
    let replays = pipeline.replays(written)?;
    ensure!(replays.is_empty(), "{replays:?}");
    Ok(())
}

#[tokio::test]
async fn a_connector_that_cannot_be_created_ends_the_worker() -> Result<()> {
    sluice_kit::require!(java::missing());
    let kafka = KafkaServer::shared().await?;
    let pipeline = Pipeline::new("alone-refused")?;
    let folder = tempfile::tempdir()?;
    let file = worker_file(&pipeline, kafka, &folder.path().join("connect.offsets"));
    let connector = folder.path().join("c.properties");
    for text in ["connector.class=FileStreamSource\n", "name=c\nconnector.class=Nowhere\n"] {
        fs::write(&connector, text)?;
        for launch in [Launch::java(java::QUICK), sluice()?] {
            let launch = launch.alone_with(std::slice::from_ref(&connector));
            let (status, output) = ConnectWorker::refused_by(&file, &launch).await?;
            ensure!(status.code() == Some(3), "{text}: {status}\n{output}");
            ensure!(output.contains("Stopping after connector error"), "{text}: {output}");
        }
    }
    Ok(())
}

#[tokio::test]
async fn a_worker_on_its_own_comes_back_after_a_kill() -> Result<()> {
    sluice_kit::require!(java::missing());
    let kafka = KafkaServer::shared().await?;
    let pipeline = Pipeline::new("alone-killed")?;
    let folder = tempfile::tempdir()?;
    let file = worker_file(&pipeline, kafka, &folder.path().join("connect.offsets"));
    let connectors = connector_files(&pipeline, folder.path())?;
    let launch = sluice()?.alone_with(&connectors);
    let mut worker = ConnectWorker::start(&file, &launch).await?.answering().await?;
    let mut written = 0;
    for _ in 0..3 {
        pipeline.append(written..written + 50_000)?;
        written += 50_000;
        pipeline.comes_out(written - 25_000).await?;
        worker.crash()?;
        worker.start_again().await?;
    }
    // Some come twice, as after any crash, and none is missing.
    pipeline.ends_with(written - 1).await?;
    pipeline.has_all(written)?;
    worker.stop().await
}
