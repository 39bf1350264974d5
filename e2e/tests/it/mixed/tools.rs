//! Kafka's own tools, asked about groups that workers of either kind are in.

use anyhow::{Result, ensure};
use sluice_kit::wait;

use super::{Group, PATIENCE, PIPELINES};

impl Group {
    /// Kafka's tool knows the group of the workers for what it is.
    pub(super) async fn is_listed(&self) -> Result<()> {
        let tool = "org.apache.kafka.tools.GroupsCommand";
        let told = self.ask_kafka(tool, &["--list"]).await?;
        let words = |it: &str| it.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
        let is_it = |it: &str| words(it) == [self.name, "Classic", "connect"];
        ensure!(told.lines().any(is_it), "{} is not in {told}", self.name);
        Ok(())
    }

    /// The groups of the sinks show who reads, under the names that Java's workers give, and that nothing waits.
    pub(super) async fn sinks_are_described(&self) -> Result<()> {
        let tool = "org.apache.kafka.tools.consumer.group.ConsumerGroupCommand";
        for pipeline in PIPELINES {
            let topic = self.topic(pipeline);
            let group = format!("connect-{topic}-sink");
            let client = format!("connector-consumer-{topic}-sink-0");
            wait::until_ok(PATIENCE, &format!("{group} to be described"), async || {
                let told = self.ask_kafka(tool, &["--describe", "--group", &group]).await?;
                let is_it = |it: &str| {
                    let words: Vec<&str> = it.split_whitespace().collect();
                    matches!(words[..], [of, on, "0", at, end, "0", _, _, by]
                        if of == group && on == topic && at == end && by == client)
                };
                ensure!(told.lines().any(is_it), "{told}");
                Ok(())
            })
            .await?;
        }
        Ok(())
    }

    async fn ask_kafka(&self, tool: &str, arguments: &[&str]) -> Result<String> {
        let bootstrap = self.kafka.bootstrap();
        self.kafka.tool(tool, &[&["--bootstrap-server", &bootstrap], arguments].concat()).await
    }
}
