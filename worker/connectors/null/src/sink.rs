//! A sink that takes records and keeps nothing.
//!
//! Delivery: what it has taken counts as durable.

use async_trait::async_trait;
use sluice_plugin::{
    Result, SinkConnector, SinkContext, SinkTask, TopicOffsets,
    config::{Config, Properties, Report},
    model::SinkRecord,
};

/// Takes records and keeps nothing.
pub struct NullSink;

/// The null sink has no keys of its own.
pub struct NullConfig;

impl Config for NullConfig {
    fn definition() -> sluice_plugin::config::ConfigDef {
        sluice_plugin::config::ConfigDef::default()
    }

    fn read(_: &Properties) -> std::result::Result<(Self, Report), Report> {
        Ok((Self, Report::default()))
    }
}

struct NullTask;

#[async_trait]
impl SinkConnector for NullSink {
    type Config = NullConfig;
    const NAME: &'static str = "dev.sluice.NullSinkConnector";

    async fn open(
        &self,
        _: NullConfig,
        _: &Properties,
        _: SinkContext,
    ) -> Result<Box<dyn SinkTask>> {
        Ok(Box::new(NullTask))
    }
}

#[async_trait]
impl SinkTask for NullTask {
    async fn put(&mut self, _: &[SinkRecord]) -> Result<()> {
        Ok(())
    }

    async fn flush(&mut self, current: &TopicOffsets) -> Result<TopicOffsets> {
        Ok(current.clone())
    }
}
