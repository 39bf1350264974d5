//! What is alive on this worker, and what has to start or stop for it to match the assignment.

mod splits;

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use sluice_config::Properties;
use sluice_engine::{TargetState as EngineTarget, TaskEvent, TaskId};
use sluice_rest_model::State as RunState;

use super::{State, seen::News};
use crate::{
    event::{Effect, Timer},
    store::{config::TargetState, status::Subject},
};

/// First pause before a connector is asked again for its tasks (`DistributedHerder`).
const SPLIT_BACKOFF: Duration = Duration::from_millis(250);

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
    /// The user has changed their mind since it was started, perhaps twice.
    has_new_target: bool,
    attempt: u64,
    backoff: Duration,
    /// The task set that it has asked for last.
    wanted: Option<Vec<Properties>>,
    has_started: bool,
    has_failed: bool,
}

/// Connectors and tasks alive here.
#[derive(Debug, Clone, Default)]
pub(super) struct Work {
    tasks: BTreeMap<TaskId, TaskPhase>,
    connectors: BTreeMap<String, ConnectorRun>,
    attempts: u64,
    /// What this worker has told last of each.
    told: BTreeMap<Subject, (RunState, Option<String>)>,
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
        self.told.remove(&Subject::Connector(name.to_owned()));
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

    /// Remembers what is told of what is alive here.
    pub(super) fn tell(&mut self, subject: &Subject, state: RunState, trace: Option<&str>) {
        let is_here = match subject {
            Subject::Connector(name) => self.has_connector(name),
            Subject::Task(id) => self.runs_task(id),
        };
        if is_here {
            self.told.insert(subject.clone(), (state, trace.map(str::to_owned)));
        }
    }

    /// What was told last of something that is alive here.
    pub(super) fn told(&self, subject: &Subject) -> Option<(RunState, Option<String>)> {
        self.told.get(subject).cloned()
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
        self.step_out_if_due();
        self.join_if_due();
        self.leave_if_idle();
        if self.membership.allows_starting() {
            self.start_connectors();
            self.start_tasks();
        }
        self.end_lost_restarts();
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
                    run.config != *config || (run.has_new_target && !run.has_failed)
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
            has_new_target: false,
            attempt,
            backoff: SPLIT_BACKOFF,
            wanted: None,
            has_started: false,
            has_failed: false,
        };
        self.work.news.changed.insert(name.clone());
        self.work.connectors.insert(name.clone(), run);
        match target {
            TargetState::Started => {
                let asked = Timer::Asked(name.clone(), attempt);
                self.effects.push(Effect::After(self.settings.plugin_timeout, asked));
                self.effects.push(Effect::Split { connector: name, config, attempt });
            }
            // Its tasks, if there are any, stay as they are until it runs again.
            TargetState::Paused => self.rest_connector(name, RunState::Paused),
            TargetState::Stopped => self.rest_connector(name, RunState::Stopped),
        }
    }

    fn rest_connector(&mut self, name: String, state: RunState) {
        let subject = Subject::Connector(name);
        self.restart_ended(&subject, true);
        self.write_status(subject, state, None);
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
            let generation = self.config.task_generation(&id.connector);
            self.effects.push(Effect::StartTask { id, connector, task, target, generation });
        }
    }

    pub(super) fn tasks_stopped(&mut self, ids: &[TaskId]) {
        let stopped: BTreeSet<&TaskId> = ids.iter().collect();
        self.work.tasks.retain(|id, _| !stopped.contains(id));
        for id in ids {
            self.work.told.remove(&Subject::Task(id.clone()));
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
            TaskEvent::Built(id) => return self.task_started(id, true),
        };
        self.task_started(id.clone(), state != RunState::Failed);
        if self.work.runs_task(&id) {
            self.write_status(Subject::Task(id), state, trace);
        }
    }

    /// Whoever restarted the task hears of it, unless this is still the one from before.
    fn task_started(&mut self, id: TaskId, has_started: bool) {
        if self.work.tasks.get(&id) == Some(&TaskPhase::Alive) {
            self.restart_ended(&Subject::Task(id), has_started);
        }
    }

    /// Tells the tasks; the connector itself starts anew in `settle`.
    pub(super) fn target_changed(&mut self, name: &str) {
        let Some(target) = self.config.connector(name).map(|it| it.target) else { return };
        if let Some(run) = self.work.connectors.get_mut(name) {
            run.has_new_target = true;
        }
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
