//! Performs effects: each is begun here and, where it takes time, goes on beside the loop.

use std::sync::Arc;

use sluice_config::Properties;
use sluice_engine::{TargetState, TaskEvent, TaskId};
use sluice_group::LocalState;

use super::{
    Loop,
    fencing::{self, TaskPreflight},
    jobs, now_millis,
    offsets::{self, Offsets},
};
use crate::{
    event::{Effect, Event, OffsetsAction, RequestId, WriteId},
    signature,
    stage::Stage,
    store::config::{LoggerChange, encode},
};

impl Loop {
    pub(super) fn perform(&mut self, effect: Effect) {
        match effect {
            Effect::Join(local) => self.join(local),
            Effect::Hurry => {
                if let Some(seat) = &self.seat {
                    seat.hurry();
                }
            }
            Effect::StepOut => self.step_out(),
            // The loop leaves once it has ended.
            Effect::Leave => {}
            Effect::ReadConfig => self.read_config(),
            Effect::StartTask { id, connector, task, target, generation } => {
                let started = self.start_task(&id, &connector, &task, target, generation);
                if let Err(trace) = started {
                    self.step(Event::Task(TaskEvent::Failed(id, trace)));
                }
            }
            Effect::StopTasks(ids) => self.stop_tasks(ids),
            Effect::SetTarget(connector, target) => self.engine.set_target(&connector, target),
            Effect::Split { connector, config, attempt } => self.split(connector, config, attempt),
            Effect::Watch { connector, config, attempt } => self.watch(connector, config, attempt),
            Effect::Ask(id, question) => {
                self.jobs.spawn(jobs::ask(Arc::clone(&self.plugins), id, question));
            }
            Effect::Refresh(id) => self.refresh(id),
            Effect::Offsets { request, connector, config, action } => {
                self.offsets(request, connector, config, action);
            }
            Effect::WriteConfig(id, records) => self.write_config(id, records),
            Effect::NewSessionKey(id) => self.new_session_key(id),
            Effect::ClaimWrites => self.claim_writes(),
            Effect::Fence { connector, config, tasks, round } => {
                self.fence((connector, config, tasks, round));
            }
            Effect::SendFence { request, leader, connector, key } => {
                let workers = Arc::clone(&self.workers);
                self.jobs.spawn(fencing::send(workers, request, leader, connector, key));
            }
            Effect::ForgetTopics(connector) => self.engine.forget_topics(&connector),
            Effect::SetLogger(change) => self.set_logger(&change),
            Effect::WriteStatus(key, value) => self.statuses.write(key, value),
            Effect::SendTasks { leader, connector, attempt, configs, key } => {
                let workers = Arc::clone(&self.workers);
                self.jobs
                    .spawn(jobs::send_tasks(workers, leader, connector, attempt, configs, key));
            }
            Effect::Reply(id, answer) => {
                if let Some(waiting) = self.waiting.remove(&id) {
                    waiting.answer(answer);
                }
            }
            Effect::Stage(id, stage) => {
                if let Some(waiting) = self.waiting.get(&id) {
                    waiting.enter(stage);
                }
            }
            Effect::After(pause, timer) => {
                self.jobs.spawn(jobs::after(pause, timer));
            }
            Effect::Exit => self.is_over = true,
        }
    }

    fn step_out(&mut self) {
        if let Some(seat) = self.seat.take() {
            self.jobs.spawn(jobs::step_out(seat));
        }
    }

    fn read_config(&mut self) {
        let (log, limit) = (Arc::clone(&self.config_log), self.settings.sync_timeout);
        self.jobs.spawn(jobs::read_config(log, limit));
    }

    fn write_config(&mut self, id: WriteId, records: Vec<(String, Option<String>)>) {
        let log = Arc::clone(&self.config_log);
        let writer = self.leader_writer.as_ref().filter(|_| encode::are_for_leaders(&records));
        self.jobs.spawn(jobs::write_config(log, writer.cloned(), id, records));
    }

    fn new_session_key(&mut self, id: WriteId) {
        self.write_config(id, vec![encode::session_key(&signature::new_key(now_millis()))]);
    }

    fn fence(&mut self, whom: fencing::Whom) {
        let (engine, providers) = (Arc::clone(&self.engine), Arc::clone(&self.providers));
        let (log, limit) = (Arc::clone(&self.config_log), self.settings.sync_timeout);
        self.jobs.spawn(fencing::fence(engine, providers, log, limit, whom));
    }

    fn claim_writes(&mut self) {
        if let Some(writer) = &self.leader_writer {
            // Now, so that a write that is begun next waits for it.
            writer.announce();
            self.jobs.spawn(jobs::claim(Arc::clone(writer)));
        }
    }

    fn stop_tasks(&mut self, ids: Vec<TaskId>) {
        self.in_use.forget(&ids);
        self.jobs.spawn(jobs::stop_tasks(Arc::clone(&self.engine), ids));
    }

    fn refresh(&mut self, id: RequestId) {
        let (log, limit) = (Arc::clone(&self.config_log), self.settings.sync_timeout);
        self.jobs.spawn(jobs::refresh(log, limit, id));
    }

    fn set_logger(&self, change: &LoggerChange) {
        self.loggers.set(&change.namespace, &change.level, now_millis());
    }

    fn split(&mut self, connector: String, config: Properties, attempt: u64) {
        let (engine, providers) = (Arc::clone(&self.engine), Arc::clone(&self.providers));
        self.jobs.spawn(jobs::split(engine, providers, connector, config, attempt));
    }

    fn watch(&mut self, connector: String, config: Properties, attempt: u64) {
        let (engine, providers) = (Arc::clone(&self.engine), Arc::clone(&self.providers));
        let watch = jobs::watch(engine, providers, connector.clone(), config, attempt);
        let watch = (attempt, self.jobs.spawn(watch));
        if let Some((_, earlier)) = self.watches.insert(connector, watch) {
            earlier.abort();
        }
    }

    fn offsets(
        &mut self,
        request: RequestId,
        connector: String,
        config: Properties,
        action: OffsetsAction,
    ) {
        let on = Offsets {
            engine: Arc::clone(&self.engine),
            providers: Arc::clone(&self.providers),
            connector,
            config,
            limit: self.settings.plugin_timeout,
        };
        self.jobs.spawn(offsets::act(on, request, action));
    }

    fn join(&mut self, local: LocalState) {
        self.configured.update(self.state.config());
        self.configured.update_ended(self.state.statuses());
        if let Some(seat) = self.seat.take() {
            self.stage.enter(Stage::new("ensuring membership in the cluster", now_millis()));
            self.jobs.spawn(jobs::join(seat, local, self.configured.clone()));
        }
    }

    /// Starts a task with values in place of placeholders; the error is a trace. Values are read from files nearby.
    fn start_task(
        &mut self,
        id: &TaskId,
        connector: &Properties,
        task: &Properties,
        target: TargetState,
        generation: u64,
    ) -> Result<(), String> {
        let wrong = |error| format!("org.apache.kafka.common.config.ConfigException: {error}");
        self.in_use.remember(id, &self.providers, [connector, task]);
        let own = self.providers.resolve(task).map_err(wrong)?.settings;
        let whole = self.providers.resolve(connector).map_err(wrong)?.settings;
        let started = if self.settings.exactly_once.is_enabled() {
            let (handle, task) = (self.handle.clone(), id.clone());
            let preflight = Box::new(TaskPreflight { handle, task, generation });
            self.engine.start_exactly_once(id.clone(), &whole, &own, target, preflight)
        } else {
            self.engine.start_task(id.clone(), &whole, &own, target)
        };
        started
            .map_err(|error| format!("org.apache.kafka.connect.errors.ConnectException: {error}"))
    }

    /// Leaves the group, also out of a round of joining that is on its way.
    pub(super) async fn leave(&mut self) {
        const LIMIT: std::time::Duration = std::time::Duration::from_secs(2);
        if self.seat.is_none() {
            // The round gives the seat back when it ends; a process that ends does not wait longer for it.
            let round = async {
                while let Some(done) = self.jobs.join_next().await {
                    if let Ok(jobs::Done::Joined(seat, _) | jobs::Done::SteppedOut(seat)) = done {
                        return Some(seat);
                    }
                }
                None
            };
            self.seat = tokio::time::timeout(LIMIT, round).await.ok().flatten();
        }
        if let Some(seat) = &mut self.seat {
            let _ = tokio::time::timeout(LIMIT, seat.leave("the worker is shutting down")).await;
        }
        self.jobs.abort_all();
    }
}
