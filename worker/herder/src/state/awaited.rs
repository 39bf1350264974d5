//! Restarts of which a client awaits the outcome: it hears whether the connector or the task has started, or early that
//! a plugin hangs.

use std::fmt;

use super::State;
use crate::{
    event::{Effect, RequestId, Timer},
    request::{Answer, Error},
    stage::Stage,
    store::status::Subject,
};

/// Restarts that clients wait for, in the order in which they have asked.
pub(super) type Awaited = Vec<Restart>;

/// A restart that a client waits for.
#[derive(Debug, Clone)]
pub(super) struct Restart {
    request: RequestId,
    subject: Subject,
    began_millis: i64,
}

/// What Java says of something that did not start; why not is in its status.
struct NotStarted<'a>(&'a Subject);

impl fmt::Display for NotStarted<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Subject::Connector(name) => write!(out, "Failed to start connector: {name}"),
            Subject::Task(id) => write!(out, "Failed to start task: {id}"),
        }
    }
}

impl State {
    /// Answers this request once what is being restarted has started, or has not.
    pub(super) fn await_restart(&mut self, request: RequestId, subject: Subject) {
        self.awaited.push(Restart { request, subject, began_millis: self.now_millis });
        self.effects.push(Effect::After(self.settings.plugin_timeout, Timer::Restart(request)));
    }

    /// What was to start has, or has not.
    pub(super) fn restart_ended(&mut self, subject: &Subject, has_started: bool) {
        for restart in self.awaited.extract_if(.., |it| it.subject == *subject) {
            let answer = if has_started {
                Ok(Answer::Done)
            } else {
                Err(Error::Internal(NotStarted(subject).to_string()))
            };
            self.effects.push(Effect::Reply(restart.request, answer));
        }
    }

    /// What this worker has no longer does not start here.
    pub(super) fn end_lost_restarts(&mut self) {
        let is_lost = |it: &Restart| match &it.subject {
            Subject::Connector(name) => {
                !self.membership.holds_connector(name) || self.config.config(name).is_none()
            }
            Subject::Task(id) => !self.membership.holds_task(id) || self.config.task(id).is_none(),
        };
        let lost: Vec<Subject> =
            self.awaited.iter().filter(|it| is_lost(it)).map(|it| it.subject.clone()).collect();
        for subject in lost {
            self.restart_ended(&subject, false);
        }
    }

    /// The client of a restart that takes long hears what the worker waits for. The restart goes on.
    pub(super) fn restart_hangs(&mut self, request: RequestId) {
        for restart in self.awaited.extract_if(.., |it| it.request == request) {
            let doing = match restart.subject {
                Subject::Connector(_) => "starting the connector".to_owned(),
                Subject::Task(id) => format!("restarting task {id}"),
            };
            let stage = Stage::new(doing, restart.began_millis);
            self.effects.push(Effect::Reply(request, Err(stage.timed_out())));
        }
    }
}
