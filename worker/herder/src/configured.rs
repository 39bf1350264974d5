//! What a leader hands out: a view of configuration and statuses that stays current while a round of joining is on its
//! way.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

use sluice_group::{Configured, Leader, assign::Unit};

use crate::store::{
    config::ClusterConfig,
    status::{Statuses, Subject, worker_id},
};

/// The configured work, shared between the loop that reads the internal topics and the round that assigns.
#[derive(Clone, Default)]
pub(crate) struct ConfiguredWork {
    current: Arc<Mutex<Configured>>,
    /// What does not run, with the worker that it ran on last.
    ended: Arc<Mutex<BTreeMap<Unit, String>>>,
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

    pub(crate) fn update_ended(&self, statuses: &Statuses) {
        let unit = |subject: &Subject| match subject {
            Subject::Connector(name) => Unit::Connector(name.clone()),
            Subject::Task(id) => Unit::Task(id.connector.clone(), id.task),
        };
        let ended = statuses.ended().map(|(subject, worker)| (unit(subject), worker.to_owned()));
        *self.ended.lock().unwrap_or_else(PoisonError::into_inner) = ended.collect();
    }
}

impl Leader for ConfiguredWork {
    fn configured(&mut self, max_offset: i64) -> Option<Configured> {
        let current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        (current.offset >= max_offset).then(|| current.clone())
    }

    fn had_stopped(&self, member_url: &str, unit: &Unit) -> bool {
        let ended = self.ended.lock().unwrap_or_else(PoisonError::into_inner);
        ended.get(unit).is_some_and(|worker| worker == worker_id(member_url))
    }
}
