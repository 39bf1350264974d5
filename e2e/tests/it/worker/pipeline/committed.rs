//! What a pipeline has committed, read with Kafka's own tools.

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use sluice_kit::kafka::KafkaServer;
use sluice_kit::wait;

use super::super::lines::WIDTH;
use super::{PATIENCE, Pipeline};

/// Lines up to which the positions were committed.
#[derive(Debug)]
pub(crate) struct Committed {
    pub(crate) source: usize,
    pub(crate) sink: usize,
}

impl Pipeline {
    /// What is committed now, read with Kafka's own tools. Holds as long as no line came twice into the topic.
    pub(crate) async fn committed(&self, kafka: &KafkaServer) -> Result<Committed> {
        let (source, sink) = tokio::try_join!(self.source_bytes(kafka), self.sink_offset(kafka))?;
        Ok(Committed { source: source / WIDTH, sink })
    }

    /// Waits until the positions after so many lines are committed at both ends.
    pub(crate) async fn commits(&self, kafka: &KafkaServer, count: usize) -> Result<()> {
        self.comes_out(count).await?;
        wait::until_ok(PATIENCE, "all lines to be committed", async || {
            let committed = self.committed(kafka).await?;
            ensure!(committed.source == count && committed.sink == count, "{committed:?}");
            Ok(())
        })
        .await
    }

    async fn source_bytes(&self, kafka: &KafkaServer) -> Result<usize> {
        let (bootstrap, topic) = (kafka.bootstrap(), format!("{}-offsets", self.cluster));
        let positions = kafka
            .tool(
                "org.apache.kafka.tools.consumer.ConsoleConsumer",
                &[
                    "--bootstrap-server",
                    &bootstrap,
                    "--topic",
                    &topic,
                    "--from-beginning",
                    "--timeout-ms",
                    "2000",
                ],
            )
            .await?;
        let Some(last) = positions.lines().last() else { return Ok(0) };
        let position: Value = serde_json::from_str(last).context(positions.clone())?;
        let bytes = position["position"].as_u64().context("a position in bytes")? as usize;
        ensure!(bytes.is_multiple_of(WIDTH), "position {bytes} is inside a line");
        Ok(bytes)
    }

    async fn sink_offset(&self, kafka: &KafkaServer) -> Result<usize> {
        let (bootstrap, group) = (kafka.bootstrap(), format!("connect-{}-sink", self.name));
        let table = kafka
            .tool(
                "org.apache.kafka.tools.consumer.group.ConsumerGroupCommand",
                &["--bootstrap-server", &bootstrap, "--describe", "--offsets", "--group", &group],
            )
            .await?;
        let mut rows = table.lines().map(|row| row.split_whitespace().collect::<Vec<_>>());
        let column = rows
            .by_ref()
            .find_map(|head| head.iter().position(|it| *it == "CURRENT-OFFSET"))
            .with_context(|| format!("no offsets in {table}"))?;
        let row = rows.next().with_context(|| format!("no row in {table}"))?;
        let offset = row.get(column).with_context(|| format!("no offset in {table}"))?;
        Ok(if *offset == "-" { 0 } else { offset.parse()? })
    }
}
