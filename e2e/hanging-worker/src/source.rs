//! Sources that hang.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use async_trait::async_trait;
use sluice_plugin::config::{Config, ConfigDef, Report};
use sluice_plugin::model::{
    ConnectRecord, SchemaAndValue, SourceOffset, SourcePartition, SourceRecord, Value,
};
use sluice_plugin::{Properties, Result, SourceConnector, SourceContext, SourceTask, Watched};

use crate::hang::{Hanging, HangsAtLast, block};

/// Hangs in `validate`, `split`, `watch`, `stop`, `alter`, `open`, `poll`, `commit` or `close`.
pub(crate) struct HangingSource;

#[async_trait]
impl SourceConnector for HangingSource {
    type Config = Hanging;
    const NAME: &'static str = "com.example.HangingSourceConnector";

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
        _: &[(SourcePartition, Option<SourceOffset>)],
    ) -> Result<bool> {
        config.visit("alter").await;
        Ok(true)
    }

    async fn open(
        &self,
        config: Hanging,
        _: &Properties,
        _: SourceContext,
    ) -> Result<Box<dyn SourceTask>> {
        config.visit("open").await;
        Ok(Box::new(Task(config)))
    }
}

struct Task(Hanging);

#[async_trait]
impl SourceTask for Task {
    async fn poll(&mut self) -> Result<Vec<SourceRecord>> {
        self.0.visit("poll").await;
        tokio::time::sleep(Duration::from_millis(50)).await;
        let place = |name: &str| BTreeMap::from([(name.to_owned(), Value::Int64(0))]);
        let (key, value) = (SchemaAndValue::NULL, SchemaAndValue::NULL);
        Ok(vec![SourceRecord {
            source_partition: Arc::new(SourcePartition(place("all"))),
            source_offset: SourceOffset(place("at")),
            data: ConnectRecord::new("hanging", key, value),
        }])
    }

    async fn commit(&mut self, _: &[(Arc<SourcePartition>, SourceOffset)]) -> Result<()> {
        self.0.visit("commit").await;
        Ok(())
    }

    async fn close(&mut self) -> Result<()> {
        self.0.visit("close").await;
        Ok(())
    }
}

/// Hangs when it is asked for its keys.
pub(crate) struct UndefinableSource;

pub(crate) struct Undefinable;

impl Config for Undefinable {
    fn definition() -> ConfigDef {
        block()
    }

    fn read(_: &Properties) -> std::result::Result<(Self, Report), Report> {
        Ok((Self, Report::default()))
    }
}

#[async_trait]
impl SourceConnector for UndefinableSource {
    type Config = Undefinable;
    const NAME: &'static str = "com.example.UndefinableSourceConnector";

    async fn split(&self, _: &Undefinable, _: &Properties, _: usize) -> Result<Vec<Properties>> {
        Ok(Vec::new())
    }

    async fn open(
        &self,
        _: Undefinable,
        settings: &Properties,
        _: SourceContext,
    ) -> Result<Box<dyn SourceTask>> {
        Ok(Box::new(Task(Hanging(settings.clone()))))
    }
}
