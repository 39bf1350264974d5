//! W4: a source makes records and stops after so many. Progress and truth are the end of its topic.

use anyhow::Result;
use serde_json::json;
use sluice_kit::connect::ConnectWorker;

use super::{Bench, watch::Watched};
use crate::{
    payload::Payload,
    workers::{self, Side},
};

impl Bench<'_> {
    /// One run, and how many records the topic has once the connector is gone.
    pub(super) async fn make(
        &self,
        side: Side,
        worker: &ConnectWorker,
        connector: &str,
    ) -> Result<(Watched, u64)> {
        self.broker.create(connector).await?;
        let (content, size) = match self.scenario.payload {
            Payload::Bytes(size) => ("bytes", size),
            _ => ("order", 0),
        };
        let config = self.config(json!({
            "connector.class": side.source(),
            "topic": connector,
            "content": content,
            "size": size.to_string(),
            "records": self.records.to_string(),
        }));
        workers::create(worker, connector, &config).await?;
        let in_topic = async || self.broker.ends(connector, 1).await;
        let watched = self.watch(worker, &[connector], in_topic).await?;
        workers::delete(worker, connector).await?;
        let counted = in_topic().await?;
        self.broker.delete(connector).await?;
        Ok((watched, counted))
    }
}
