//! The internal topics that a worker creates, as Kafka's own tool describes them.

use anyhow::{Context, Result, ensure};
use sluice_kit::connect::{ConnectWorker, WorkerFile};
use sluice_kit::java;
use sluice_kit::kafka::KafkaServer;
use sluice_kit::wait;

use super::pipeline::PATIENCE;

#[tokio::test]
async fn missing_topics_are_created_compacted() -> Result<()> {
    sluice_kit::require!(java::missing());
    let kafka = KafkaServer::shared().await?;
    let file = WorkerFile::new(&kafka.bootstrap(), "internal")
        .with("config.storage.partitions", "9")
        .with("offset.storage.partitions", "3")
        .with("status.storage.partitions", "2")
        .with("status.storage.segment.bytes", "2097152")
        .with("offset.storage.cleanup.policy", "delete");
    let worker = ConnectWorker::sluice(&file).await?;
    wait::until_ok(PATIENCE, "the worker to be ready", async || {
        worker.ask("GET", "/health", None).await.map(drop)
    })
    .await?;
    let bootstrap = kafka.bootstrap();
    let arguments = ["--bootstrap-server", &bootstrap, "--describe", "--topic", "internal-.*"];
    let told = kafka.tool("org.apache.kafka.tools.TopicCommand", &arguments).await?;
    for (topic, partitions, more) in [
        ("internal-configs", 1, "ReplicationFactor: 1"),
        ("internal-offsets", 3, "ReplicationFactor: 1"),
        ("internal-status", 2, "segment.bytes=2097152"),
    ] {
        let line = told
            .lines()
            .find(|line| line.starts_with(&format!("Topic: {topic}\t")))
            .with_context(|| format!("{topic} is not in {told}"))?;
        for part in [&format!("PartitionCount: {partitions}\t"), "cleanup.policy=compact", more] {
            ensure!(line.contains(part), "{part:?} is not in {line:?}");
        }
    }
    Ok(())
}
