//! The broker, as every other test gets it.

use anyhow::Result;
use sluice_kit::java;
use sluice_kit::kafka::{KafkaOptions, KafkaServer};

const TOPICS: &str = "org.apache.kafka.tools.TopicCommand";

#[tokio::test]
async fn a_killed_broker_comes_back_with_its_topics() -> Result<()> {
    sluice_kit::require!(java::missing());
    let mut kafka = KafkaServer::start(KafkaOptions::default()).await?;
    kafka.create_topic("kept", 1, &["cleanup.policy=compact"]).await?;
    kafka.kill9()?;
    kafka.restart().await?;
    let bootstrap = kafka.bootstrap();
    let topics = kafka.tool(TOPICS, &["--bootstrap-server", &bootstrap, "--list"]).await?;
    assert_eq!(topics, "kept\n");
    Ok(())
}
