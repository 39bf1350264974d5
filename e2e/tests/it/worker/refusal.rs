//! Mistakes in a worker file and in what it names: the worker says which key or topic and what to do, and ends.

use anyhow::{Context, Result, ensure};
use sluice_kit::connect::{ConnectWorker, WorkerFile};
use sluice_kit::java;
use sluice_kit::kafka::KafkaServer;

#[tokio::test]
async fn unfit_internal_topics_are_refused_by_name() -> Result<()> {
    sluice_kit::require!(java::missing());
    let kafka = KafkaServer::shared().await?;
    kafka.create_topic("losing", 1, &["cleanup.policy=delete"]).await?;
    kafka.create_topic("halved", 2, &["cleanup.policy=compact"]).await?;
    let policy = "'cleanup.policy=delete'";
    for (key, topic, what) in [
        ("config.storage.topic", "losing", policy),
        ("offset.storage.topic", "losing", policy),
        ("status.storage.topic", "losing", policy),
        ("config.storage.topic", "halved", "found 2 partitions"),
    ] {
        let file = WorkerFile::new(&kafka.bootstrap(), "unfit").with(key, topic);
        let said = refused(&file).await.with_context(|| format!("{key}={topic}"))?;
        for part in [key, topic, what, "is required to have"] {
            ensure!(said.contains(part), "{part} is not in {said}");
        }
    }
    Ok(())
}

#[tokio::test]
async fn missing_and_malformed_keys_are_named() -> Result<()> {
    // Nothing of this needs a broker: the file is wrong whatever Kafka says.
    let good = WorkerFile::new("127.0.0.1:1", "malformed");
    for key in [
        "group.id",
        "key.converter",
        "value.converter",
        "config.storage.topic",
        "offset.storage.topic",
        "status.storage.topic",
    ] {
        let said = refused(&good.clone().without(key)).await.context(key)?;
        let told = format!("Missing required configuration \\\"{key}\\\"");
        ensure!(said.contains(&told), "{told} is not in {said}");
    }
    for (key, value) in [
        ("group.id", ""),
        ("bootstrap.servers", "nonsense"),
        ("security.protocol", "SSH"),
        ("session.timeout.ms", "soon"),
        ("connect.protocol", "telepathy"),
        ("key.converter", "com.example.NoConverter"),
        ("value.converter", "com.example.NoConverter"),
        ("offset.flush.interval.ms", "often"),
        ("offset.storage.partitions", "many"),
    ] {
        let said = refused(&good.clone().with(key, value)).await.context(key)?;
        ensure!(said.contains(key) && said.contains(value), "{key}={value} is not in {said}");
    }
    Ok(())
}

/// The last line of a worker that has to refuse this file.
async fn refused(file: &WorkerFile) -> Result<String> {
    let (status, output) = ConnectWorker::refused(file).await?;
    ensure!(!status.success(), "it ended with {status}: {output}");
    Ok(output.lines().last().unwrap_or_default().to_owned())
}
