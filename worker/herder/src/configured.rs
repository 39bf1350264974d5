//! What a leader hands out: a view of the configuration that stays current while a round of joining is on its way.

use std::sync::{Arc, Mutex, PoisonError};

use sluice_group::{Configured, Leader};

use crate::store::config::ClusterConfig;

/// The configured work, shared between the loop that reads the config topic and the round that assigns.
#[derive(Clone, Default)]
pub(crate) struct ConfiguredWork {
    current: Arc<Mutex<Configured>>,
}

impl ConfiguredWork {
    pub(crate) fn update(&self, config: &ClusterConfig) {
        let connectors = config
            .connectors()
            .map(|name| {
                (name.to_owned(), config.task_ids(name).into_iter().map(|id| id.task).collect())
            })
            .collect();
        let configured = Configured { offset: config.offset(), connectors };
        *self.current.lock().unwrap_or_else(PoisonError::into_inner) = configured;
    }
}

impl Leader for ConfiguredWork {
    fn configured(&mut self, max_offset: i64) -> Option<Configured> {
        let current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        (current.offset >= max_offset).then(|| current.clone())
    }
}
