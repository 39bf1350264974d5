//! W1 to W3: a null sink reads a topic. Progress is what its group has committed.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Result, ensure};
use serde_json::json;
use sluice_kit::{connect::ConnectWorker, wait};

use super::{
    Bench,
    watch::{LONGEST, Watched},
};
use crate::workers::{self, Side};

impl Bench<'_> {
    pub(super) fn topic(&self) -> String {
        self.scenario.payload.topic(self.scenario.partitions)
    }

    /// Fills the topic unless an earlier scenario has.
    pub(super) async fn fill_topic(&self) -> Result<()> {
        let (topic, partitions) = (self.topic(), self.scenario.partitions);
        if self.broker.ends(&topic, partitions).await.unwrap_or(0) == 0 {
            let payload = self.scenario.payload;
            let header = match (self.registry, payload.schema()) {
                (Some(registry), Some(schema)) => registry.header(&topic, schema).await?,
                _ => Vec::new(),
            };
            let value = |number| [header.as_slice(), &payload.value(number)].concat();
            self.broker.fill(&topic, partitions, self.records, value).await?;
        }
        Ok(())
    }

    /// One run, and how many records have arrived.
    pub(super) async fn read(
        &self,
        side: Side,
        worker: &ConnectWorker,
        connector: &str,
    ) -> Result<(Watched, u64)> {
        let counted: PathBuf = self.folder.join(connector);
        let config = self.config(json!({
            "connector.class": side.sink(),
            "topics": self.topic(),
            "counted": counted.display().to_string(),
        }));
        workers::create(worker, connector, &config).await?;
        let committed = async || self.committed(connector).await;
        let watched = self.watch(worker, &[connector], committed).await?;
        workers::delete(worker, connector).await?;
        Ok((watched, self.truth(side, connector, &counted).await?))
    }

    /// How many records the connector's group has committed.
    pub(super) async fn committed(&self, connector: &str) -> Result<u64> {
        let group = format!("connect-{connector}");
        self.broker.committed(&group, &self.topic(), self.scenario.partitions).await
    }

    /// How many records arrived: what Java's sink has counted, or what our group has committed, which must be the end
    /// of the topic.
    async fn truth(&self, side: Side, connector: &str, counted: &Path) -> Result<u64> {
        let ends = self.broker.ends(&self.topic(), self.scenario.partitions).await?;
        let committed = self.committed(connector).await?;
        ensure!(committed == ends, "{connector}: {committed} committed, the topic has {ends}");
        if side == Side::Sluice {
            return Ok(committed);
        }
        let mut text = String::new();
        wait::until(LONGEST, "the sink's count", async || {
            fs::read_to_string(counted).is_ok_and(|it| {
                text = it;
                true
            })
        })
        .await?;
        Ok(text.parse()?)
    }
}
