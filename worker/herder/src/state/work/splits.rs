//! Task sets: asked of the connectors here, and brought to the leader until they are in force.

use std::time::Duration;

use sluice_config::Properties;
use sluice_rest_model::State as RunState;

use super::SPLIT_BACKOFF;
use crate::{
    event::{Effect, SplitError, Timer},
    state::{State, writes::PendingWrite},
    store::{config::encode, status::Subject},
};

/// Longest pause before a connector is asked again for its tasks (`DistributedHerder`).
const SPLIT_BACKOFF_MAX: Duration = Duration::from_mins(1);

/// What the status says of a connector that has been asked for its tasks and does not answer.
const NOT_SAID: &str = "The connector has been asked for its tasks and has not answered yet.";

impl State {
    pub(in crate::state) fn connector_split(
        &mut self,
        name: &str,
        attempt: u64,
        result: Result<Vec<Properties>, SplitError>,
    ) {
        let Some(run) = self.work.run(name, attempt) else { return };
        let subject = Subject::Connector(name.to_owned());
        // One that is asked again later has started.
        let has_started = result.as_ref().err().is_none_or(|it| it.is_retriable);
        match result {
            Ok(configs) => {
                let is_first = !std::mem::replace(&mut run.has_started, true);
                let config = run.config.clone();
                run.wanted = Some(configs.clone());
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
                self.runs_without_tasks(name, attempt, &error.trace);
                self.split_later(name, attempt);
            }
            Err(error) => {
                run.has_failed = true;
                let is_first = !run.has_started;
                self.work.news.failed += u64::from(is_first);
                self.write_status(subject, RunState::Failed, Some(error.trace));
            }
        }
        self.restart_ended(&Subject::Connector(name.to_owned()), has_started);
    }

    /// A connector takes long to say its tasks.
    pub(in crate::state) fn split_hangs(&mut self, name: &str, attempt: u64) {
        self.runs_without_tasks(name, attempt, NOT_SAID);
    }

    /// As in Java, a connector runs before it has said its tasks; the status says too why there are none.
    fn runs_without_tasks(&mut self, name: &str, attempt: u64, why: &str) {
        let is_silent =
            self.work.run(name, attempt).is_some_and(|it| !it.has_started && !it.has_failed);
        let subject = Subject::Connector(name.to_owned());
        let told = Some((RunState::Running, Some(why.to_owned())));
        if is_silent && self.work.told(&subject) != told {
            self.write_status(subject, RunState::Running, Some(why.to_owned()));
        }
    }

    pub(in crate::state) fn connector_watched(
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

    /// A task set has been put in force. If it is a late one, from a worker that did not know yet that it has the connector
    /// no longer, the set of the one that has it follows; Java's leave the late one in force.
    pub(in crate::state) fn correct_tasks(&mut self, name: &str) {
        let run = self.work.connectors.get(name).filter(|_| self.membership.holds_connector(name));
        // What is to start anew says what it wants then.
        let run =
            run.filter(|it| !it.has_new_target && self.config.config(name) == Some(&it.config));
        let wanted = run.and_then(|it| Some((it.attempt, it.wanted.clone()?)));
        if let Some((attempt, configs)) = wanted {
            self.publish_tasks(name, attempt, configs);
        }
    }

    /// The leader takes away tasks that have come to a connector after its stop: from a leader before it that did not know
    /// yet that it leads no longer.
    pub(in crate::state) fn empty_stopped(&mut self) {
        if self.membership.check_leader().is_err() {
            return;
        }
        let left: Vec<String> = self
            .config
            .connectors()
            .filter(|name| self.is_stopped(name) && !self.writes.concerns(name))
            .filter(|name| self.config.connector(name).is_some_and(|it| !it.tasks().is_empty()))
            .map(str::to_owned)
            .collect();
        for connector in left {
            let none = encode::tasks(&connector, &[]);
            self.write(none, PendingWrite::Tasks { connector, attempt: 0 });
        }
    }

    fn publish_tasks(&mut self, name: &str, attempt: u64, configs: Vec<Properties>) {
        if self.config.connector(name).is_none_or(|it| it.has_applied(&configs)) {
            return;
        }
        if self.membership.is_leader() && !self.takes_tasks(name) {
            self.split_later(name, attempt);
        } else if self.membership.is_leader() {
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

    pub(in crate::state) fn tasks_sent(
        &mut self,
        name: &str,
        attempt: u64,
        result: Result<(), String>,
    ) {
        if let Err(error) = result {
            tracing::warn!(
                connector = name,
                error,
                "the task configurations did not reach the leader; trying again"
            );
            self.split_later(name, attempt);
        }
    }

    pub(in crate::state) fn split_later(&mut self, name: &str, attempt: u64) {
        let Some(run) = self.work.run(name, attempt) else { return };
        let pause = run.backoff;
        run.backoff = (pause * 2).min(SPLIT_BACKOFF_MAX);
        self.effects.push(Effect::After(pause, Timer::Split(name.to_owned(), attempt)));
    }

    pub(in crate::state) fn split_again(&mut self, name: &str, attempt: u64) {
        let Some(run) = self.work.run(name, attempt) else { return };
        let config = run.config.clone();
        self.effects.push(Effect::Split { connector: name.to_owned(), config, attempt });
    }
}
