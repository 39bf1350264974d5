//! What metrics see of the connectors here.

use std::collections::BTreeSet;

use sluice_rest_model::{ConnectorKind, State as RunState};

use super::State;
use crate::store::status::Subject;

/// What has happened to connectors since metrics looked the last time.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct News {
    /// Connectors that came, went, or are in another state.
    pub(crate) changed: BTreeSet<String>,
    /// Starts that succeeded.
    pub(crate) started: u64,
    /// Starts that failed.
    pub(crate) failed: u64,
}

/// A connector here (`WorkerConnector.ConnectorMetricsGroup`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SeenConnector {
    pub(crate) state: RunState,
    pub(crate) kind: ConnectorKind,
    /// Full class name.
    pub(crate) class: String,
    pub(crate) version: String,
}

impl State {
    /// What has happened to connectors since the last call.
    pub(crate) fn take_news(&mut self) -> News {
        std::mem::take(&mut self.work.news)
    }

    /// How many connectors are alive here.
    pub(crate) fn connectors_here(&self) -> usize {
        self.work.connector_count()
    }

    /// A connector that is alive here; none too if its class is unknown.
    pub(crate) fn connector_here(&self, name: &str) -> Option<SeenConnector> {
        let class = self.class_of(name).filter(|_| self.work.has_connector(name))?;
        let status = self.statuses.of(&Subject::Connector(name.to_owned()));
        Some(SeenConnector {
            state: status.map_or(RunState::Unassigned, |it| it.state),
            kind: self.plugins.kind(class),
            class: self.plugins.class(class)?,
            version: self.plugins.version(class).unwrap_or_default(),
        })
    }
}
