//! Connectors: what authors write (typed), and what the engine sees (erased).

use std::sync::Arc;

use async_trait::async_trait;
use sluice_config::{Config, ConfigDef, Report};

use crate::{
    Properties, Result, SinkContext, SinkTask, SourceContext, SourceTask,
    transform::{parse, validate},
};

/// Copies data from a system into Kafka.
#[async_trait]
pub trait SourceConnector: Send + Sync + 'static {
    /// The connector's own keys.
    type Config: Config;
    /// Full Java class name that users write in `connector.class`.
    const NAME: &'static str;
    /// Version shown by the REST API.
    const VERSION: &'static str = env!("CARGO_PKG_VERSION");

    /// Splits the work over at most `max_tasks` tasks: the settings of each.
    async fn split(
        &self,
        config: &Self::Config,
        settings: &Properties,
        max_tasks: usize,
    ) -> Result<Vec<Properties>>;

    /// Starts one task with the settings that `split` gave it, parsed and as they are. Spawns nothing that outlives it.
    async fn open(
        &self,
        config: Self::Config,
        settings: &Properties,
        context: SourceContext,
    ) -> Result<Box<dyn SourceTask>>;
}

/// Copies data from Kafka into a system.
#[async_trait]
pub trait SinkConnector: Send + Sync + 'static {
    /// The connector's own keys.
    type Config: Config;
    /// Full Java class name that users write in `connector.class`.
    const NAME: &'static str;
    /// Version shown by the REST API.
    const VERSION: &'static str = env!("CARGO_PKG_VERSION");

    /// Starts one task. Spawns nothing that outlives the task.
    async fn open(&self, config: Self::Config, context: SinkContext) -> Result<Box<dyn SinkTask>>;
}

/// Kind of a plugin as the REST API names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum PluginType {
    /// `sink`.
    Sink,
    /// `source`.
    Source,
    /// `transformation`.
    Transformation,
    /// `predicate`.
    Predicate,
    /// `converter`.
    Converter,
    /// `header_converter`.
    HeaderConverter,
}

/// A source connector without its types.
#[async_trait]
pub trait AnySourceConnector: Send + Sync {
    /// Full class name.
    fn name(&self) -> &'static str;
    /// Version.
    fn version(&self) -> &'static str;
    /// Definition of the connector's own keys.
    fn definition(&self) -> ConfigDef;
    /// Checks the connector's own keys, touching nothing.
    fn validate(&self, settings: &Properties) -> Report;
    /// See [`SourceConnector::split`].
    async fn split(&self, settings: &Properties, max_tasks: usize) -> Result<Vec<Properties>>;
    /// See [`SourceConnector::open`].
    async fn open(
        &self,
        settings: &Properties,
        context: SourceContext,
    ) -> Result<Box<dyn SourceTask>>;
}

/// A sink connector without its types.
#[async_trait]
pub trait AnySinkConnector: Send + Sync {
    /// Full class name.
    fn name(&self) -> &'static str;
    /// Version.
    fn version(&self) -> &'static str;
    /// Definition of the connector's own keys.
    fn definition(&self) -> ConfigDef;
    /// Checks the connector's own keys, touching nothing.
    fn validate(&self, settings: &Properties) -> Report;
    /// See [`SinkConnector::open`].
    async fn open(&self, settings: &Properties, context: SinkContext) -> Result<Box<dyn SinkTask>>;
}

/// A connector as the catalog holds it.
#[derive(Clone)]
pub enum ConnectorPlugin {
    /// Into Kafka.
    Source(Arc<dyn AnySourceConnector>),
    /// Out of Kafka.
    Sink(Arc<dyn AnySinkConnector>),
}

#[async_trait]
impl<C: SourceConnector> AnySourceConnector for C {
    fn name(&self) -> &'static str {
        C::NAME
    }

    fn version(&self) -> &'static str {
        C::VERSION
    }

    fn definition(&self) -> ConfigDef {
        C::Config::definition()
    }

    fn validate(&self, settings: &Properties) -> Report {
        validate::<C::Config>(settings)
    }

    async fn split(&self, settings: &Properties, max_tasks: usize) -> Result<Vec<Properties>> {
        let config = parse::<C::Config>(settings)?;
        SourceConnector::split(self, &config, settings, max_tasks).await
    }

    async fn open(
        &self,
        settings: &Properties,
        context: SourceContext,
    ) -> Result<Box<dyn SourceTask>> {
        let config = parse::<C::Config>(settings)?;
        SourceConnector::open(self, config, settings, context).await
    }
}

#[async_trait]
impl<C: SinkConnector> AnySinkConnector for C {
    fn name(&self) -> &'static str {
        C::NAME
    }

    fn version(&self) -> &'static str {
        C::VERSION
    }

    fn definition(&self) -> ConfigDef {
        C::Config::definition()
    }

    fn validate(&self, settings: &Properties) -> Report {
        validate::<C::Config>(settings)
    }

    async fn open(&self, settings: &Properties, context: SinkContext) -> Result<Box<dyn SinkTask>> {
        let config = parse::<C::Config>(settings)?;
        SinkConnector::open(self, config, context).await
    }
}
