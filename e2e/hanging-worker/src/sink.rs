//! A sink that hangs.

use async_trait::async_trait;
use sluice_plugin::model::{SinkRecord, TopicPartition};
use sluice_plugin::{
    Properties, Result, SinkConnector, SinkContext, SinkTask, TopicOffsets, Watched,
};

use crate::hang::{Hanging, HangsAtLast};

/// Hangs in `validate`, `split`, `watch`, `stop`, `alter`, `open`, `assigned`, `put`, `flush`, `revoked` or `close`.
pub(crate) struct HangingSink;

#[async_trait]
impl SinkConnector for HangingSink {
    type Config = Hanging;
    const NAME: &'static str = "com.example.HangingSinkConnector";

    async fn split(&self, config: &Hanging, _: &Properties, _: usize) -> Result<Vec<Properties>> {
        config.visit("split").await;
        Ok(vec![config.0.clone()])
    }

    async fn watch(&self, config: Hanging, _: &Properties) -> Result<Watched> {
        config.visit("watch").await;
        let _last = config.is_in("stop").then(|| HangsAtLast(config));
        std::future::pending().await
    }

    async fn alter_offsets(
        &self,
        config: Hanging,
        _: &[(TopicPartition, Option<i64>)],
    ) -> Result<bool> {
        config.visit("alter").await;
        Ok(true)
    }

    async fn open(
        &self,
        config: Hanging,
        _: &Properties,
        _: SinkContext,
    ) -> Result<Box<dyn SinkTask>> {
        config.visit("open").await;
        Ok(Box::new(Task(config)))
    }
}

struct Task(Hanging);

#[async_trait]
impl SinkTask for Task {
    async fn assigned(&mut self, _: &[TopicPartition]) -> Result<()> {
        self.0.visit("assigned").await;
        Ok(())
    }

    async fn put(&mut self, batch: &[SinkRecord]) -> Result<()> {
        if !batch.is_empty() {
            self.0.visit("put").await;
        }
        Ok(())
    }

    async fn flush(&mut self, current: &TopicOffsets) -> Result<TopicOffsets> {
        self.0.visit("flush").await;
        Ok(current.clone())
    }

    async fn revoked(&mut self, _: &[TopicPartition]) -> Result<()> {
        self.0.visit("revoked").await;
        Ok(())
    }

    async fn close(&mut self) -> Result<()> {
        self.0.visit("close").await;
        Ok(())
    }
}
