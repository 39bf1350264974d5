//! A source as its suite is told of it.

use std::{sync::Arc, time::Duration};

use sluice_model::SourceRecord;

use crate::{AnySourceConnector, Properties};

/// What a suite needs to know of a source: a connector, and a system that gives the same records each time it is asked.
pub struct SourceCase<'a> {
    pub(super) connector: &'a dyn AnySourceConnector,
    pub(super) settings: Properties,
    pub(super) worker: Arc<Properties>,
    pub(super) max_tasks: usize,
    pub(super) records: usize,
    pub(super) ends: bool,
    pub(super) patience: Duration,
    pub(super) identity: fn(&SourceRecord) -> String,
}

impl<'a> SourceCase<'a> {
    /// A connector with settings; 20 records of one task are looked at.
    pub fn new(connector: &'a dyn AnySourceConnector, settings: Properties) -> Self {
        Self {
            connector,
            settings,
            worker: Arc::default(),
            max_tasks: 1,
            records: 20,
            ends: false,
            patience: Duration::from_secs(10),
            identity: all_but_time,
        }
    }

    /// The worker's limits for plugins.
    #[must_use]
    pub fn worker(mut self, worker: Properties) -> Self {
        self.worker = Arc::new(worker);
        self
    }

    /// Looks at as many tasks as the connector makes of its work if it may make these many.
    #[must_use]
    pub const fn tasks(mut self, max_tasks: usize) -> Self {
        self.max_tasks = max_tasks;
        self
    }

    /// Looks at this many records of each task; the system has at least as many.
    #[must_use]
    pub const fn records(mut self, records: usize) -> Self {
        self.records = records;
        self
    }

    /// The system has exactly as many records: after them none may come.
    #[must_use]
    pub const fn ends(mut self) -> Self {
        self.ends = true;
        self
    }

    /// How long a task may take to hand out its records.
    #[must_use]
    pub const fn patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    /// What two records have in common if they are the same one. Unless told, that is all but the timestamp.
    #[must_use]
    pub const fn identity(mut self, identity: fn(&SourceRecord) -> String) -> Self {
        self.identity = identity;
        self
    }
}

fn all_but_time(record: &SourceRecord) -> String {
    let data = &record.data;
    format!(
        "{} {:?} {:?} {:?} {:?}",
        data.topic, data.partition, data.key, data.value, data.headers
    )
}
