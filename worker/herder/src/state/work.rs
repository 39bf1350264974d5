//! What is alive on this worker, and what has to start or stop for it to match the assignment.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use sluice_config::Properties;
use sluice_engine::{TargetState as EngineTarget, TaskEvent, TaskId};
use sluice_rest_model::State as RunState;

use super::{State, seen::News};
use crate::{
    event::{Effect, SplitError, Timer},
    state::requests::PendingWrite,
    store::{
        config::{TargetState, encode},
        status::Subject,
    },
};

/// First and longest pause before a connector is asked again for its tasks (`DistributedHerder`).
const SPLIT_BACKOFF: Duration = Duration::from_millis(250);
const SPLIT_BACKOFF_MAX: Duration = Duration::from_mins(1);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum TaskPhase {
    Alive,
    /// Alive with a configuration that is no longer the live one, or to be restarted.
    Stale,
    Stopping,
}

#[derive(Debug, Clone)]
struct ConnectorRun {
    config: Properties,
    target: TargetState,
    attempt: u64,
    backoff: Duration,
    has_started: bool,
    has_failed: bool,
}

/// Connectors and tasks alive here.
#[derive(Debug, Clone, Default)]
pub(super) struct Work {
    tasks: BTreeMap<TaskId, TaskPhase>,
    connectors: BTreeMap<String, ConnectorRun>,
    attempts: u64,
    pub(super) news: News,
}

impl Work {
    pub(super) fn mark_tasks_stale(&mut self, connector: &str) {
        for (id, phase) in &mut self.tasks {
            if id.connector == connector && *phase == TaskPhase::Alive {
                *phase = TaskPhase::Stale;
            }
        }
    }

    pub(super) fn mark_task_stale(&mut self, id: &TaskId) {
        if let Some(phase) = self.tasks.get_mut(id).filter(|it| **it == TaskPhase::Alive) {
            *phase = TaskPhase::Stale;
        }
    }

    pub(super) fn forget_connector(&mut self, name: &str) {
        self.connectors.remove(name);
        self.news.changed.insert(name.to_owned());
    }

    pub(super) fn connector_count(&self) -> usize {
        self.connectors.len()
    }

    pub(super) fn has_connector(&self, name: &str) -> bool {
        self.connectors.contains_key(name)
    }

    /// Has a connector start anew, unless it has already.
    pub(super) fn reload(&mut self, connector: &str, attempt: u64) {
        if self.run(connector, attempt).is_some() {
            self.forget_connector(connector);
        }
    }

    pub(super) fn is_stopping(&self) -> bool {
        self.tasks.values().any(|phase| *phase != TaskPhase::Alive)
    }

    pub(super) fn is_idle(&self) -> bool {
        self.tasks.is_empty() && self.connectors.is_empty()
    }

    /// Whether this start of a connector still runs.
    pub(super) fn runs(&self, connector: &str, attempt: u64) -> bool {
        self.connectors.get(connector).is_some_and(|it| it.attempt == attempt)
    }

    /// Whether a task runs here.
    pub(super) fn runs_task(&self, id: &TaskId) -> bool {
        self.tasks.contains_key(id)
    }

    fn run(&mut self, connector: &str, attempt: u64) -> Option<&mut ConnectorRun> {
        self.connectors.get_mut(connector).filter(|it| it.attempt == attempt)
    }
}

impl State {
    /// Whether this start of a connector still runs here.
    pub(crate) fn runs(&self, connector: &str, attempt: u64) -> bool {
        self.work.runs(connector, attempt)
    }

    /// Makes what is alive match what is assigned: stops first, then joins, then starts.
    pub(super) fn settle(&mut self) {
        self.membership.revoke_if_eager();
        self.stop_tasks();
        self.stop_connectors();
        self.join_if_due();
        self.leave_if_idle();
        if self.membership.allows_starting() {
            self.start_connectors();
            self.start_tasks();
        }
    }

    fn stop_tasks(&mut self) {
        let mut stopping = Vec::new();
        for (id, phase) in &mut self.work.tasks {
            let is_wanted = *phase == TaskPhase::Alive && self.membership.holds_task(id);
            if *phase != TaskPhase::Stopping && !is_wanted {
                *phase = TaskPhase::Stopping;
                stopping.push(id.clone());
            }
        }
        if !stopping.is_empty() {
            self.effects.push(Effect::StopTasks(stopping));
        }
    }

    fn stop_connectors(&mut self) {
        let gone: Vec<String> = self
            .work
            .connectors
            .keys()
            .filter(|name| {
                !self.membership.holds_connector(name) || self.config.config(name).is_none()
            })
            .cloned()
            .collect();
        for name in gone {
            self.work.forget_connector(&name);
            if self.config.config(&name).is_some() {
                self.write_status(Subject::Connector(name), RunState::Unassigned, None);
            }
        }
    }

    fn start_connectors(&mut self) {
        let due: Vec<(String, Properties, TargetState)> = self
            .membership
            .connectors()
            .iter()
            .filter_map(|name| {
                let entry = self.config.connector(name)?;
                let config = entry.config.as_ref()?;
                let run = self.work.connectors.get(name);
                let is_due = run.is_none_or(|run| {
                    // What has failed stays so until it is restarted or has another configuration.
                    run.config != *config || (run.target != entry.target && !run.has_failed)
                });
                is_due.then(|| (name.clone(), config.clone(), entry.target))
            })
            .collect();
        for (name, config, target) in due {
            self.start_connector(name, config, target);
        }
    }

    fn start_connector(&mut self, name: String, config: Properties, target: TargetState) {
        self.work.attempts += 1;
        let attempt = self.work.attempts;
        let run = ConnectorRun {
            config: config.clone(),
            target,
            attempt,
            backoff: SPLIT_BACKOFF,
            has_started: false,
            has_failed: false,
        };
        self.work.news.changed.insert(name.clone());
        self.work.connectors.insert(name.clone(), run);
        match target {
            TargetState::Started => {
                self.effects.push(Effect::Split { connector: name, config, attempt });
            }
            // Its tasks, if there are any, stay as they are until it runs again.
            TargetState::Paused => {
                self.write_status(Subject::Connector(name), RunState::Paused, None);
            }
            TargetState::Stopped => {
                self.write_status(Subject::Connector(name), RunState::Stopped, None);
            }
        }
    }

    fn start_tasks(&mut self) {
        let due: Vec<TaskId> = self
            .membership
            .tasks()
            .iter()
            .filter(|id| !self.work.tasks.contains_key(*id))
            .cloned()
            .collect();
        for id in due {
            let Some(task) = self.config.task(&id).cloned() else { continue };
            let Some(entry) = self.config.connector(&id.connector) else { continue };
            let Some(connector) = entry.config.clone() else { continue };
            let target = engine_target(entry.target);
            self.work.tasks.insert(id.clone(), TaskPhase::Alive);
            self.effects.push(Effect::StartTask { id, connector, task, target });
        }
    }

    pub(super) fn tasks_stopped(&mut self, ids: &[TaskId]) {
        let stopped: BTreeSet<&TaskId> = ids.iter().collect();
        self.work.tasks.retain(|id, _| !stopped.contains(id));
        for id in ids {
            // What is no longer configured is for the leader to delete.
            if self.config.task(id).is_some() {
                self.write_status(Subject::Task(id.clone()), RunState::Unassigned, None);
            }
        }
    }

    pub(super) fn task_event(&mut self, event: TaskEvent) {
        let (id, state, trace) = match event {
            TaskEvent::Running(id) => (id, RunState::Running, None),
            TaskEvent::Paused(id) => (id, RunState::Paused, None),
            TaskEvent::Failed(id, trace) => (id, RunState::Failed, Some(trace)),
            // `TasksStopped` speaks for stops that were asked for.
            TaskEvent::Stopped(_) => return,
            TaskEvent::ActiveTopic(id, topic) => return self.topic_used(&id, &topic),
        };
        if self.work.runs_task(&id) {
            self.write_status(Subject::Task(id), state, trace);
        }
    }

    pub(super) fn connector_split(
        &mut self,
        name: &str,
        attempt: u64,
        result: Result<Vec<Properties>, SplitError>,
    ) {
        let Some(run) = self.work.run(name, attempt) else { return };
        let subject = Subject::Connector(name.to_owned());
        match result {
            Ok(configs) => {
                let is_first = !std::mem::replace(&mut run.has_started, true);
                let config = run.config.clone();
                self.work.news.started += u64::from(is_first);
                self.write_status(subject, RunState::Running, None);
                self.publish_tasks(name, attempt, configs);
                self.effects.push(Effect::Watch { connector: name.to_owned(), config, attempt });
            }
            Err(error) if error.is_retriable => {
                tracing::warn!(
                    connector = name,
                    error = error.trace,
                    "the connector could not say its tasks; trying again"
                );
                self.split_later(name, attempt);
            }
            Err(error) => {
                run.has_failed = true;
                let is_first = !run.has_started;
                self.work.news.failed += u64::from(is_first);
                self.write_status(subject, RunState::Failed, Some(error.trace));
            }
        }
    }

    pub(super) fn connector_watched(
        &mut self,
        name: &str,
        attempt: u64,
        result: Result<(), SplitError>,
    ) {
        let Some(run) = self.work.run(name, attempt) else { return };
        match result {
            Err(error) if !error.is_retriable => {
                run.has_failed = true;
                let subject = Subject::Connector(name.to_owned());
                self.write_status(subject, RunState::Failed, Some(error.trace));
            }
            // A pause, so that a connector that asks again and again keeps nobody busy.
            _ => {
                let again = Timer::Split(name.to_owned(), attempt);
                self.effects.push(Effect::After(SPLIT_BACKOFF, again));
            }
        }
    }

    fn publish_tasks(&mut self, name: &str, attempt: u64, configs: Vec<Properties>) {
        if self.config.connector(name).is_none_or(|it| it.has_applied(&configs)) {
            return;
        }
        if self.membership.is_leader() {
            let connector = name.to_owned();
            self.write(encode::tasks(name, &configs), PendingWrite::Tasks { connector, attempt });
        } else if let Some(leader) = self.membership.leader() {
            let key = self.config.session_key().filter(|_| self.membership.is_sessioned()).cloned();
            self.effects.push(Effect::SendTasks {
                leader,
                connector: name.to_owned(),
                attempt,
                configs,
                key,
            });
        } else {
            self.split_later(name, attempt);
        }
    }

    pub(super) fn tasks_sent(&mut self, name: &str, attempt: u64, result: Result<(), String>) {
        if let Err(error) = result {
            tracing::warn!(
                connector = name,
                error,
                "the task configurations did not reach the leader; trying again"
            );
            self.split_later(name, attempt);
        }
    }

    pub(super) fn split_later(&mut self, name: &str, attempt: u64) {
        let Some(run) = self.work.run(name, attempt) else { return };
        let pause = run.backoff;
        run.backoff = (pause * 2).min(SPLIT_BACKOFF_MAX);
        self.effects.push(Effect::After(pause, Timer::Split(name.to_owned(), attempt)));
    }

    pub(super) fn split_again(&mut self, name: &str, attempt: u64) {
        let Some(run) = self.work.run(name, attempt) else { return };
        let config = run.config.clone();
        self.effects.push(Effect::Split { connector: name.to_owned(), config, attempt });
    }

    /// Tells the tasks; the connector itself starts anew in `settle`.
    pub(super) fn target_changed(&mut self, name: &str) {
        let Some(target) = self.config.connector(name).map(|it| it.target) else { return };
        self.effects.push(Effect::SetTarget(name.to_owned(), engine_target(target)));
    }
}

const fn engine_target(target: TargetState) -> EngineTarget {
    match target {
        TargetState::Started => EngineTarget::Running,
        TargetState::Paused => EngineTarget::Paused,
        TargetState::Stopped => EngineTarget::Stopped,
    }
}
