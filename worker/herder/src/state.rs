//! The control path's state machine: one event in, the effects that it calls for out. No I/O, no clock, no threads.
//!
//! Who should run what is decided level by level, never from the history of events: `membership` knows what the group has
//! assigned to this worker, `work` knows what is alive here, and after every event [`State::settle`] compares the two.
//! Work that is no longer assigned is stopped *before* the worker joins again (two-phase revocation), so no task runs twice.
//!
//! Mirrors `DistributedHerder`.

mod awaited;
mod catch_up;
mod fencing;
mod membership;
mod offsets;
mod privileges;
mod questions;
mod requests;
mod restart;
mod seen;
mod session_key;
mod status;
mod topics;
mod work;
mod writes;

use std::{collections::BTreeSet, sync::Arc};

use sluice_rest_model::{ConfigInfos, ConfigKeyInfo, SettingsPatch};

use crate::{
    event::{Effect, Event, RequestId, StoredRecord, Timer, WriteId},
    request::{Answer, Error},
    settings::Settings,
    stage::Stage,
    store::{
        config::{Change, ClusterConfig},
        status::{Status, Statuses},
        topics::ActiveTopics,
    },
};
use membership::Membership;
use questions::Questions;
pub(crate) use seen::SeenConnector;
use work::Work;
pub(crate) use writes::LOST as WRITES_LOST;
use writes::{PendingWrite, Writes};

/// Checks connector configurations and knows plugin types. Pure apart from what plugins look at.
pub trait Plugins: Send + Sync {
    /// The answer to a validation, or why the class is no connector.
    fn validate(&self, config: &SettingsPatch) -> Result<ConfigInfos, Error>;
    /// What a plugin can be configured with, or why there is no such plugin.
    fn keys(&self, plugin: &str, version: Option<&str>) -> Result<Vec<ConfigKeyInfo>, Error>;
    /// Whether the class moves records into or out of Kafka.
    fn kind(&self, class: &str) -> sluice_rest_model::ConnectorKind;
    /// The full name of the class.
    fn class(&self, class: &str) -> Option<String>;
    /// The version of the class.
    fn version(&self, class: &str) -> Option<String>;
}

/// Everything that the control path knows.
pub(crate) struct State {
    settings: Settings,
    plugins: Arc<dyn Plugins>,
    config: ClusterConfig,
    statuses: Statuses,
    topics: ActiveTopics,
    membership: Membership,
    work: Work,
    writes: Writes,
    questions: Questions,
    pending_offsets: offsets::PendingChanges,
    awaited: awaited::Awaited,
    catch_up: catch_up::CatchUp,
    fencing: fencing::Fencing,
    has_started: bool,
    effects: Vec<Effect>,
    now_millis: i64,
}

impl State {
    /// A worker that has read nothing and joined nothing.
    pub(crate) fn new(settings: Settings, plugins: Arc<dyn Plugins>) -> Self {
        Self {
            settings,
            plugins,
            config: ClusterConfig::default(),
            statuses: Statuses::default(),
            topics: ActiveTopics::default(),
            membership: Membership::default(),
            work: Work::default(),
            writes: Writes::default(),
            questions: Questions::default(),
            pending_offsets: offsets::PendingChanges::default(),
            awaited: awaited::Awaited::default(),
            catch_up: catch_up::CatchUp::default(),
            fencing: fencing::Fencing::default(),
            has_started: false,
            effects: Vec::new(),
            now_millis: 0,
        }
    }

    /// The cluster's configuration as read so far: what a leader assigns.
    pub(crate) const fn config(&self) -> &ClusterConfig {
        &self.config
    }

    /// What is told of connectors and tasks.
    pub(crate) const fn statuses(&self) -> &Statuses {
        &self.statuses
    }

    /// What this worker's membership looks like, for metrics.
    pub(crate) const fn membership(&self) -> &Membership {
        &self.membership
    }

    /// Takes one event; returns what there is to do about it, in order. `now_millis` counts from the epoch.
    pub(crate) fn step(&mut self, now_millis: i64, event: Event) -> Vec<Effect> {
        self.now_millis = now_millis;
        match event {
            Event::Started => self.start(),
            Event::ConfigRecords(records) => self.read_config(records),
            Event::StatusRecords(records) => self.read_statuses(&records),
            Event::Joined(joined) => self.joined(joined),
            Event::JoinFailed => self.join_failed(),
            Event::Membership(change) => self.membership_changed(change),
            Event::ConfigRead(in_time) => self.config_read(in_time),
            Event::SteppedOut => self.stepped_out(),
            Event::Task(event) => self.task_event(event),
            Event::TasksStopped(ids) => self.tasks_stopped(&ids),
            Event::ValuesChanged(ids) => ids.iter().for_each(|id| self.work.mark_task_stale(id)),
            Event::Split { connector, attempt, result } => {
                self.connector_split(&connector, attempt, result);
            }
            Event::Watched { connector, attempt, result } => {
                self.connector_watched(&connector, attempt, result);
            }
            Event::Told(id, told) => self.told(id, told),
            Event::Refreshed(id, in_time) => self.refreshed(id, in_time),
            Event::Offsets(id, answer) | Event::FenceSent(id, answer) => self.reply(id, answer),
            Event::Fenced { connector, round, result } => self.fenced(&connector, round, result),
            Event::Claimed(result) => self.claimed(result),
            Event::WritesLost => self.writes_lost(),
            Event::Written(id, result) => self.written(id, result),
            Event::TasksSent { connector, attempt, result } => {
                self.tasks_sent(&connector, attempt, result);
            }
            Event::Request(id, request) => self.request(id, request),
            Event::Timer(timer) => self.timer(timer),
            Event::Stop => self.stop(),
        }
        self.settle();
        std::mem::take(&mut self.effects)
    }

    fn start(&mut self) {
        self.has_started = true;
        self.membership.request_rejoin();
    }

    fn read_config(&mut self, records: Vec<StoredRecord>) {
        let mut new_tasks = BTreeSet::new();
        for record in records {
            let change = self.config.apply(record.offset, &record.key, record.value.as_deref());
            if let Some(change) = change.filter(|_| self.has_started) {
                if let Change::Tasks(name) = &change {
                    new_tasks.insert(name.clone());
                }
                self.config_changed(change);
            }
        }
        // Not before all is read: where a connector is stopped, its tasks go first.
        for name in new_tasks {
            self.correct_tasks(&name);
        }
        if self.has_started {
            self.empty_stopped();
        }
    }

    fn config_changed(&mut self, change: Change) {
        match change {
            Change::Added(_) => self.membership.request_rejoin(),
            Change::Removed(name) => {
                // One of the same name that follows is another.
                self.work.forget_connector(&name);
                self.forget_statuses(&name);
                self.membership.request_rejoin();
            }
            // The owner starts its connector anew in `settle`; nobody else is concerned.
            Change::Reconfigured(_) | Change::SessionKey => {}
            Change::Tasks(name) => {
                self.work.mark_tasks_stale(&name);
                self.fenced_in_vain(&name);
                self.membership.request_rejoin();
            }
            Change::Target(name) => self.target_changed(&name),
            Change::Restart(request) => self.restart_requested(&request),
            Change::Logger(change) => self.effects.push(Effect::SetLogger(change)),
        }
    }

    fn read_statuses(&mut self, records: &[StoredRecord]) {
        let mut others_ended = false;
        for record in records {
            let subject = self.statuses.apply(&record.key, record.value.as_deref());
            if let Some(subject) = subject {
                let status = self.statuses.of(&subject);
                let is_other = |it: &&Status| it.worker_id != self.settings.worker_id;
                others_ended |= status.filter(is_other).is_some_and(Status::has_ended);
                self.forget_if_gone(&subject);
                self.say_again(subject);
            }
            self.read_topic(&record.key, record.value.as_deref());
        }
        if others_ended && self.has_started {
            self.others_ended();
        }
    }

    fn timer(&mut self, timer: Timer) {
        match timer {
            Timer::Split(connector, attempt) => self.split_again(&connector, attempt),
            Timer::Asked(connector, attempt) => self.split_hangs(&connector, attempt),
            Timer::Reload(connector, attempt) => self.work.reload(&connector, attempt),
            Timer::Question(id) => self.plugin_hangs(id),
            Timer::Restart(id) => self.restart_hangs(id),
            Timer::Claim => self.claim_again(),
            Timer::Join => self.membership.retry_join(),
            Timer::ReadConfig => self.read_again(),
            Timer::SessionKey => self.session_key_timer(),
        }
    }

    fn stop(&mut self) {
        self.membership.begin_leaving();
    }

    fn write(&mut self, records: Vec<(String, Option<String>)>, then: PendingWrite) -> WriteId {
        if let Some((request, doing)) = then.stage() {
            self.enter(request, doing);
        }
        let id = self.writes.begin(then);
        self.effects.push(Effect::WriteConfig(id, records));
        id
    }

    /// A client's answer waits for this from now on.
    fn enter(&mut self, request: RequestId, doing: impl Into<String>) {
        self.effects.push(Effect::Stage(request, Stage::new(doing, self.now_millis)));
    }

    fn reply(&mut self, id: RequestId, answer: Result<Answer, Error>) {
        self.effects.push(Effect::Reply(id, answer));
    }
}

#[cfg(test)]
mod simulation;
#[cfg(test)]
pub(crate) mod tests;
