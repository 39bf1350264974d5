//! Connectors: what authors write (typed), and what the engine sees (erased).

use std::sync::Arc;

use async_trait::async_trait;
use sluice_config::{Config, ConfigDef, Report};
use sluice_model::{SourceOffset, SourcePartition, TopicPartition};

use crate::{
    Properties, Result, SinkContext, SinkTask, SourceContext, SourceTask,
    transform::{parse, validate},
    usual_version,
};

/// What came of watching over a connector's work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Watched {
    /// The work has to be split anew.
    Changed,
    /// Nothing is to be watched until the work is split the next time.
    Nothing,
}

/// Whether a connector hands out each record exactly once to a worker that writes records and positions in one transaction
/// (`org.apache.kafka.connect.source.ExactlyOnceSupport`, KIP-618).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExactlyOnceSupport {
    /// It does, with the configuration that was given: after a restart it goes on exactly behind its committed position.
    Supported,
    /// It does not.
    Unsupported,
}

/// Copies data from a system into Kafka (`org.apache.kafka.connect.source.SourceConnector`).
///
/// One value of this type serves all connectors of the class, so it holds no state of any of them. A life goes
/// *parse → validate → permitted → split → open → poll → commit → close*: the first three touch nothing, [`split`] may
/// look at the external system, [`open`] is the first to take something of it.
///
/// - **Threads**: `open` runs on a thread of its task, every other call on one of its own: one that blocks harms
///   nobody else, but its client waits in vain, and it is left behind when the connector goes.
/// - **Cancellation**: each call may be dropped at any `await`. Nothing that it took outlives it.
/// - **Errors**: a retriable error of `split` is tried again after a growing pause; any other one fails the connector,
///   while tasks that run already go on. Any error of `open` fails the task.
///
/// [`split`]: SourceConnector::split
/// [`open`]: SourceConnector::open
#[async_trait]
pub trait SourceConnector: Send + Sync + 'static {
    /// The connector's own keys.
    type Config: Config;
    /// Full Java class name that users write in `connector.class`.
    const NAME: &'static str;
    /// Version shown by the REST API.
    const VERSION: &'static str = usual_version(Self::NAME);

    /// Refuses what the worker does not allow, such as files elsewhere than below its key `sluice.file.paths`. `worker` are
    /// its limits, as in [`SourceContext::worker`]. Called before each `split`, and touches nothing. What `open` touches it
    /// checks itself: its worker may be another one. Everything is allowed unless the connector says otherwise.
    ///
    /// # Errors
    /// Fatal; it names the key, what is not allowed, and the worker's key that would allow it.
    fn permitted(&self, config: &Self::Config, worker: &Properties) -> Result<()> {
        let _ = (config, worker);
        Ok(())
    }

    /// Splits the work over at most `max_tasks` tasks: the settings of each, which `open` gets one day on some worker.
    ///
    /// The same configuration and the same external system give the same answer: a different one makes the whole
    /// cluster replace the tasks. Each answer is made from `settings` and holds nothing that changes by itself, such as
    /// a time.
    async fn split(
        &self,
        config: &Self::Config,
        settings: &Properties,
        max_tasks: usize,
    ) -> Result<Vec<Properties>>;

    /// Watches the external system while the connector runs, until the work has to be split anew
    /// (`ConnectorContext.requestTaskReconfiguration`), or there is nothing to watch. An error fails the connector, and leaves its tasks alone
    /// (`ConnectorContext.raiseError`); after a retriable one the work is split anew after a pause.
    ///
    /// Called after each split that went well, on the worker that has the connector; dropped when the connector stops or
    /// changes. There is nothing to watch unless the connector says otherwise.
    async fn watch(&self, config: Self::Config, settings: &Properties) -> Result<Watched> {
        let _ = (config, settings);
        Ok(Watched::Nothing)
    }

    /// Checks offsets that a user wants to set from outside, or carries them over to the external system where positions
    /// are kept there as well (`SourceConnector.alterOffsets`, KIP-875). No offset means that the partition is to start
    /// anew. Called while the connector is stopped, before the worker writes the offsets itself; whether it does is
    /// decided by an error alone. May be called again with the same.
    ///
    /// Returns whether nothing else has to be done: false says that positions outside of Kafka are not looked after.
    async fn alter_offsets(
        &self,
        config: Self::Config,
        offsets: &[(SourcePartition, Option<SourceOffset>)],
    ) -> Result<bool> {
        let _ = (config, offsets);
        Ok(false)
    }

    /// Says whether records are handed out exactly once with this configuration
    /// (`SourceConnector.exactlyOnceSupport`). Nothing is known unless the connector says so, and users who require it are
    /// told. Touches nothing.
    fn exactly_once_support(&self, config: &Self::Config) -> Result<Option<ExactlyOnceSupport>> {
        let _ = config;
        Ok(None)
    }

    /// Says whether tasks say themselves where transactions end, with this configuration
    /// (`SourceConnector.canDefineTransactionBoundaries`); they are given [`SourceContext::transactions`] if users want
    /// that. Touches nothing.
    fn defines_transactions(&self, config: &Self::Config) -> Result<bool> {
        let _ = config;
        Ok(false)
    }

    /// Starts one task with the settings that `split` gave it, parsed and as they are. Spawns nothing that outlives it.
    ///
    /// It asks [`SourceContext::offsets`] where to go on: what was committed there is done, and everything behind it is
    /// handed out again, once.
    async fn open(
        &self,
        config: Self::Config,
        settings: &Properties,
        context: SourceContext,
    ) -> Result<Box<dyn SourceTask>>;
}

/// Copies data from Kafka into a system (`org.apache.kafka.connect.sink.SinkConnector`).
///
/// One value of this type serves all connectors of the class. A life goes *parse → validate → split → open → assigned →
/// put/flush → revoked → close*. What [`SourceConnector`] says of threads, cancellation and errors holds here too.
#[async_trait]
pub trait SinkConnector: Send + Sync + 'static {
    /// The connector's own keys.
    type Config: Config;
    /// Full Java class name that users write in `connector.class`.
    const NAME: &'static str;
    /// Version shown by the REST API.
    const VERSION: &'static str = usual_version(Self::NAME);

    /// The settings of each task, at most `max_tasks`; as many as allowed, all alike, unless the connector says
    /// otherwise. Which partitions of its topics a task gets is decided by Kafka's consumer group.
    async fn split(
        &self,
        config: &Self::Config,
        settings: &Properties,
        max_tasks: usize,
    ) -> Result<Vec<Properties>> {
        let _ = config;
        Ok(vec![settings.clone(); max_tasks])
    }

    /// Watches the external system while the connector runs, until the work has to be split anew
    /// (`ConnectorContext.requestTaskReconfiguration`), or there is nothing to watch. An error fails the connector, and leaves its tasks alone
    /// (`ConnectorContext.raiseError`); after a retriable one the work is split anew after a pause.
    ///
    /// Called after each split that went well, on the worker that has the connector; dropped when the connector stops or
    /// changes. There is nothing to watch unless the connector says otherwise.
    async fn watch(&self, config: Self::Config, settings: &Properties) -> Result<Watched> {
        let _ = (config, settings);
        Ok(Watched::Nothing)
    }

    /// Checks offsets that a user wants to set from outside, or carries them over to the external system where positions
    /// are kept there as well (`SinkConnector.alterOffsets`, KIP-875). No offset means that the partition is read
    /// anew. Called while the connector is stopped, before the worker writes the offsets itself; whether it does is
    /// decided by an error alone. May be called again with the same.
    ///
    /// Returns whether nothing else has to be done: false says that positions outside of Kafka are not looked after.
    async fn alter_offsets(
        &self,
        config: Self::Config,
        offsets: &[(TopicPartition, Option<i64>)],
    ) -> Result<bool> {
        let _ = (config, offsets);
        Ok(false)
    }

    /// Starts one task with the settings that `split` gave it, parsed and as they are. Spawns nothing that outlives it.
    ///
    /// Which partitions it has, [`SinkTask::assigned`] tells it later.
    async fn open(
        &self,
        config: Self::Config,
        settings: &Properties,
        context: SinkContext,
    ) -> Result<Box<dyn SinkTask>>;
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
    /// See [`SourceConnector::permitted`].
    fn permitted(&self, settings: &Properties, worker: &Properties) -> Result<()> {
        let _ = (settings, worker);
        Ok(())
    }
    /// See [`SourceConnector::split`].
    async fn split(&self, settings: &Properties, max_tasks: usize) -> Result<Vec<Properties>>;
    /// See [`SourceConnector::watch`].
    async fn watch(&self, settings: &Properties) -> Result<Watched> {
        let _ = settings;
        Ok(Watched::Nothing)
    }
    /// See [`SourceConnector::alter_offsets`].
    async fn alter_offsets(
        &self,
        settings: &Properties,
        offsets: &[(SourcePartition, Option<SourceOffset>)],
    ) -> Result<bool> {
        let _ = (settings, offsets);
        Ok(false)
    }
    /// See [`SourceConnector::exactly_once_support`].
    fn exactly_once_support(&self, settings: &Properties) -> Result<Option<ExactlyOnceSupport>> {
        let _ = settings;
        Ok(None)
    }
    /// See [`SourceConnector::defines_transactions`].
    fn defines_transactions(&self, settings: &Properties) -> Result<bool> {
        let _ = settings;
        Ok(false)
    }
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
    /// See [`SinkConnector::split`].
    async fn split(&self, settings: &Properties, max_tasks: usize) -> Result<Vec<Properties>>;
    /// See [`SinkConnector::watch`].
    async fn watch(&self, settings: &Properties) -> Result<Watched> {
        let _ = settings;
        Ok(Watched::Nothing)
    }
    /// See [`SinkConnector::alter_offsets`].
    async fn alter_offsets(
        &self,
        settings: &Properties,
        offsets: &[(TopicPartition, Option<i64>)],
    ) -> Result<bool> {
        let _ = (settings, offsets);
        Ok(false)
    }
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

    fn permitted(&self, settings: &Properties, worker: &Properties) -> Result<()> {
        SourceConnector::permitted(self, &parse::<C::Config>(settings)?, worker)
    }

    async fn split(&self, settings: &Properties, max_tasks: usize) -> Result<Vec<Properties>> {
        let config = parse::<C::Config>(settings)?;
        SourceConnector::split(self, &config, settings, max_tasks).await
    }

    async fn watch(&self, settings: &Properties) -> Result<Watched> {
        let config = parse::<C::Config>(settings)?;
        SourceConnector::watch(self, config, settings).await
    }

    async fn alter_offsets(
        &self,
        settings: &Properties,
        offsets: &[(SourcePartition, Option<SourceOffset>)],
    ) -> Result<bool> {
        let config = parse::<C::Config>(settings)?;
        SourceConnector::alter_offsets(self, config, offsets).await
    }

    fn exactly_once_support(&self, settings: &Properties) -> Result<Option<ExactlyOnceSupport>> {
        SourceConnector::exactly_once_support(self, &parse::<C::Config>(settings)?)
    }

    fn defines_transactions(&self, settings: &Properties) -> Result<bool> {
        SourceConnector::defines_transactions(self, &parse::<C::Config>(settings)?)
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

    async fn split(&self, settings: &Properties, max_tasks: usize) -> Result<Vec<Properties>> {
        let config = parse::<C::Config>(settings)?;
        SinkConnector::split(self, &config, settings, max_tasks).await
    }

    async fn watch(&self, settings: &Properties) -> Result<Watched> {
        let config = parse::<C::Config>(settings)?;
        SinkConnector::watch(self, config, settings).await
    }

    async fn alter_offsets(
        &self,
        settings: &Properties,
        offsets: &[(TopicPartition, Option<i64>)],
    ) -> Result<bool> {
        let config = parse::<C::Config>(settings)?;
        SinkConnector::alter_offsets(self, config, offsets).await
    }

    async fn open(&self, settings: &Properties, context: SinkContext) -> Result<Box<dyn SinkTask>> {
        let config = parse::<C::Config>(settings)?;
        SinkConnector::open(self, config, settings, context).await
    }
}
