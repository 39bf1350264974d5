//! Statuses that this worker writes, and those that it tells.

use sluice_engine::TaskId;
use sluice_rest_model::{
    ConnectorKind, ConnectorState, ConnectorStateInfo, State as RunState, TaskState,
};

use super::State;
use crate::{
    event::Effect,
    store::status::{Status, Subject},
};

impl State {
    /// Writes a status, unless a worker of a newer generation has spoken since (`putSafe`).
    pub(super) fn write_status(
        &mut self,
        subject: Subject,
        state: RunState,
        trace: Option<String>,
    ) {
        let version =
            self.class_of(subject.connector()).and_then(|class| self.plugins.version(class));
        let status = Status {
            state,
            trace,
            worker_id: self.settings.worker_id.clone(),
            generation: self.membership.generation(),
            version,
        };
        if let Subject::Connector(name) = &subject {
            self.work.news.changed.insert(name.clone());
        }
        if self.statuses.accepts(&subject, &status) {
            self.work.tell(&subject, state, status.trace.as_deref());
            self.effects.push(Effect::WriteStatus(subject.key(), Some(status.encode())));
            self.statuses.put(subject, status);
        }
    }

    /// A record of the status topic has told of `subject`. If it is the late word of a worker that had the work before and
    /// was out of reach, or of a leader that has seen the end of an earlier connector late, the worker that has the work
    /// says again what it does. Java's leave it at that until something changes.
    pub(super) fn say_again(&mut self, subject: Subject) {
        if !self.is_configured(&subject) {
            return;
        }
        let is_late = self.statuses.of(&subject).is_none_or(|it| {
            it.worker_id != self.settings.worker_id && it.generation < self.membership.generation()
        });
        if let Some((state, trace)) = self.work.told(&subject).filter(|_| is_late) {
            self.write_status(subject, state, trace);
        }
    }

    /// A worker that learns late that its work is gone may tell of it after the leader has deleted that: it goes again.
    pub(super) fn forget_if_gone(&mut self, subject: &Subject) {
        let is_told = self.statuses.of(subject).is_some();
        if is_told && !self.is_configured(subject) && self.membership.check_leader().is_ok() {
            self.forget_where(|it| it == subject);
        }
    }

    fn is_configured(&self, subject: &Subject) -> bool {
        match subject {
            Subject::Connector(name) => self.config.connector(name).is_some(),
            Subject::Task(id) => self.config.task(id).is_some(),
        }
    }

    /// The leader deletes what is told of a connector that is gone.
    pub(super) fn forget_statuses(&mut self, connector: &str) {
        if self.membership.is_leader() {
            self.forget_where(|subject| subject.connector() == connector);
            self.forget_topics(connector);
        }
    }

    /// A new leader deletes what its predecessor may have left.
    pub(super) fn forget_removed_statuses(&mut self) {
        let tasks = self.config.all_tasks();
        let connectors: std::collections::BTreeSet<String> =
            self.config.connectors().map(str::to_owned).collect();
        self.forget_where(|subject| match subject {
            Subject::Connector(name) => !connectors.contains(name),
            Subject::Task(id) => !tasks.contains(id),
        });
        self.forget_topics_of_removed();
    }

    fn forget_where(&mut self, is_gone: impl Fn(&Subject) -> bool) {
        let gone: Vec<Subject> =
            self.statuses.subjects().filter(|it| is_gone(it)).cloned().collect();
        for subject in gone {
            self.effects.push(Effect::WriteStatus(subject.key(), None));
            self.statuses.apply(subject.key().as_bytes(), None);
        }
    }

    pub(super) fn class_of(&self, connector: &str) -> Option<&str> {
        self.config.config(connector)?.get("connector.class").map(String::as_str)
    }

    pub(super) fn kind_of(&self, connector: &str) -> ConnectorKind {
        self.class_of(connector).map_or(ConnectorKind::Unknown, |class| self.plugins.kind(class))
    }

    /// State of a connector and its live tasks, if anybody has told it.
    pub(super) fn connector_state(&self, name: &str) -> Option<ConnectorStateInfo> {
        let status = self.statuses.of(&Subject::Connector(name.to_owned()))?;
        let connector = ConnectorState {
            state: status.state,
            worker_id: status.worker_id.clone(),
            trace: status.trace.clone(),
            version: status.version.clone(),
        };
        let tasks = self.statuses.tasks(name).map(|(id, status)| task_state(id, status)).collect();
        Some(ConnectorStateInfo {
            name: name.to_owned(),
            connector,
            tasks,
            kind: self.kind_of(name),
        })
    }

    pub(super) fn task_state(&self, id: &TaskId) -> Option<TaskState> {
        self.statuses.of(&Subject::Task(id.clone())).map(|status| task_state(id, status))
    }
}

fn task_state(id: &TaskId, status: &Status) -> TaskState {
    TaskState {
        id: id.task,
        state: status.state,
        worker_id: status.worker_id.clone(),
        trace: status.trace.clone(),
        version: status.version.clone(),
    }
}
