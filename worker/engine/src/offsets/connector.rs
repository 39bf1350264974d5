//! Offsets of a connector as clients of the REST API read and change them (KIP-875, `Worker.modifyConnectorOffsets`).

mod reading;
mod sink;
mod transactional;

pub use reading::{DeadLetterTopic, ReadPartition, Reading};

use std::{sync::Arc, time::Duration};

use serde_json::{Map, Value as Json};
use sluice_plugin::{
    self as plugin, AnySourceConnector, ConnectorPlugin, Properties,
    model::{SourceOffset, SourcePartition},
};

use super::{OffsetStore, json, own::Positions};
use crate::{
    aside::aside,
    clients::{ClientSpec, SharedClients},
    settings::Distributed,
    trace::Failure,
};

/// One partition with its offset, in JSON. No offset: the partition is to be forgotten.
pub type JsonOffset = (Option<Map<String, Json>>, Option<Map<String, Json>>);

/// What to do with the offsets of a connector.
#[derive(Debug, Clone, PartialEq)]
pub enum OffsetsChange {
    /// Set these, of which there is at least one.
    Alter(Vec<JsonOffset>),
    /// Forget all.
    Reset,
}

/// Why offsets could not be read or changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OffsetsRefusal {
    /// What the client wants makes no sense.
    #[error("{0}")]
    BadRequest(String),
    /// It cannot be done, or not now. Nothing was written unless the text says so.
    #[error("{0}")]
    Failed(String),
    /// The connector looks at the offsets and does not come back. Nothing was written.
    #[error("the connector does not answer")]
    Hangs,
}

/// A connector whose offsets are asked for.
pub(crate) struct Asked<'a> {
    pub(crate) plugin: ConnectorPlugin,
    /// The connector's settings, without placeholders.
    pub(crate) settings: &'a Properties,
    /// For the clients of a sink.
    pub(crate) clients: ClientSpec<'a>,
    /// Clients that questions share.
    pub(crate) shared: &'a SharedClients,
    /// The worker's positions.
    pub(crate) store: &'a Arc<dyn OffsetStore>,
    /// None for a worker on its own.
    pub(crate) group: Option<&'a Distributed>,
    /// How long the connector may look at a change.
    pub(crate) limit: Duration,
}

impl Asked<'_> {
    fn name(&self) -> &str {
        &self.clients.id.connector
    }

    /// All offsets.
    pub(crate) async fn read(&self) -> Result<Vec<JsonOffset>, OffsetsRefusal> {
        match &self.plugin {
            ConnectorPlugin::Sink(_) => self.read_sink().await,
            ConnectorPlugin::Source(_) => {
                let unreadable = |error: &dyn std::fmt::Display| {
                    tracing::error!(connector = self.name(), %error, "its offsets cannot be read");
                    let name = self.name();
                    OffsetsRefusal::Failed(format!(
                        "Failed to retrieve offsets for source connector {name}"
                    ))
                };
                let positions = self.positions().await.map_err(|error| unreadable(&error))?;
                let stored = positions.store.all(self.name()).await;
                let stored = stored.map_err(|error| unreadable(&error))?;
                let shown = |(partition, offset): (SourcePartition, SourceOffset)| {
                    (Some(json::to_json(&partition.0)), Some(json::to_json(&offset.0)))
                };
                Ok(stored.into_iter().map(shown).collect())
            }
        }
    }

    /// Changes offsets; returns whether the connector has looked after all that it keeps outside of Kafka. The connector
    /// has no tasks. Not cancel-safe: a dropped call may have written.
    pub(crate) async fn change(&self, change: OffsetsChange) -> Result<bool, OffsetsRefusal> {
        match &self.plugin {
            ConnectorPlugin::Sink(sink) => self.change_sink(Arc::clone(sink), change).await,
            ConnectorPlugin::Source(source) => self.change_source(Arc::clone(source), change).await,
        }
    }

    async fn change_source(
        &self,
        source: Arc<dyn AnySourceConnector>,
        change: OffsetsChange,
    ) -> Result<bool, OffsetsRefusal> {
        let positions = self.positions().await;
        let positions = positions.map_err(|error| self.not_changed("source", &error))?;
        let offsets = match change {
            OffsetsChange::Alter(offsets) => source_offsets(offsets)?,
            OffsetsChange::Reset => {
                let stored = positions.store.all(self.name()).await;
                let stored = stored.map_err(|error| self.not_changed("source", &error))?;
                stored.into_iter().map(|(partition, _)| (partition, None)).collect()
            }
        };
        let (settings, given) = (self.settings.clone(), offsets.clone());
        let hook = move || async move { source.alter_offsets(&settings, &given).await };
        let is_complete = self.ask(hook).await?;
        if !offsets.is_empty() {
            if let Some(group) = self.group.filter(|it| it.exactly_once) {
                let written = transactional::write(&self.clients, group, &positions, offsets);
                written.await.map_err(|error| self.not_changed("source", &error))?;
            } else {
                let written = positions.store.write(self.name(), offsets).await;
                written.map_err(|error| self.not_changed("source", &error))?;
            }
        }
        Ok(is_complete)
    }

    async fn positions(&self) -> Result<Positions, Failure> {
        match self.group {
            Some(group) => Positions::open(group, &self.clients, self.store).await,
            None => Ok(Positions::workers(self.store)),
        }
    }

    /// Has the connector look at a change.
    async fn ask<F: Future<Output = plugin::Result<bool>>>(
        &self,
        hook: impl FnOnce() -> F + Send + 'static,
    ) -> Result<bool, OffsetsRefusal> {
        match tokio::time::timeout(self.limit, aside(self.name(), hook)).await {
            Ok(Ok(is_complete)) => Ok(is_complete),
            Ok(Err(error)) => Err(OffsetsRefusal::Failed(error.to_string())),
            Err(_) => Err(OffsetsRefusal::Hangs),
        }
    }

    fn not_changed(&self, kind: &str, error: &dyn std::fmt::Display) -> OffsetsRefusal {
        let name = self.name();
        tracing::error!(connector = name, %error, "its offsets cannot be modified");
        OffsetsRefusal::Failed(format!("Failed to modify offsets for {kind} connector {name}"))
    }
}

/// The offsets that a client wants a source to have; of two for one partition, the later.
fn source_offsets(
    offsets: Vec<JsonOffset>,
) -> Result<Vec<(SourcePartition, Option<SourceOffset>)>, OffsetsRefusal> {
    let invalid = |error: super::OffsetError| OffsetsRefusal::Failed(error.to_string());
    let mut wanted = std::collections::BTreeMap::new();
    for (partition, offset) in offsets {
        let partition = partition
            .ok_or_else(|| OffsetsRefusal::Failed("Partition objects cannot be null".to_owned()))?;
        let partition = json::checked_fields(partition).map_err(invalid)?;
        let offset = offset.map(json::checked_fields).transpose().map_err(invalid)?;
        let key = json::canonical(&partition);
        wanted.insert(key, (SourcePartition(partition), offset.map(SourceOffset)));
    }
    Ok(wanted.into_values().collect())
}
