//! Writes to the config topic: what they lead to once they are read back, and what waits for them.

use std::collections::BTreeMap;

use sluice_rest_model::ConfigInfos;

use super::{State, questions::Candidate};
use crate::{
    event::{Effect, RequestId, Timer, WriteId},
    request::{Answer, Error, Request},
};

/// Of a leader that cannot write any more (`DistributedHerder.writeToConfigTopicAsLeader`).
pub(crate) const LOST: &str = "Failed to write to config topic; this may be due to a transient error and the request can be safely retried";

/// What follows once a write is confirmed.
#[derive(Debug, Clone)]
pub(super) enum PendingWrite {
    /// Answer with the connector; true if it is new.
    Connector { request: RequestId, name: String, is_new: bool },
    /// Answer with this; it is what the worker is doing meanwhile.
    Reply { request: RequestId, connector: Option<String>, doing: String, answer: Box<Answer> },
    /// A task set of this worker's own.
    Tasks { connector: String, attempt: u64 },
    /// A round of fencing ends.
    TaskCount { connector: String, round: u64 },
    /// Nothing.
    SessionKey,
}

impl PendingWrite {
    /// Who waits for the write, and what the worker is doing for them, in Java's words.
    pub(super) fn stage(&self) -> Option<(RequestId, String)> {
        match self {
            Self::Connector { request, name, .. } => Some((
                *request,
                format!("writing a config for connector {name} to the config topic"),
            )),
            Self::Reply { request, doing, .. } => Some((*request, doing.clone())),
            Self::Tasks { .. } | Self::TaskCount { .. } | Self::SessionKey => None,
        }
    }
}

/// Writes on their way.
#[derive(Debug, Clone, Default)]
pub(super) struct Writes {
    next: WriteId,
    /// One timer at a time watches over the session key.
    pub(super) is_key_timer_set: bool,
    pending: BTreeMap<WriteId, PendingWrite>,
    /// What has come while its connector was being written: what that leads to decides about it.
    held: Vec<Held>,
}

/// Something that waits for a write.
#[derive(Debug, Clone)]
pub(super) enum Held {
    /// A request that writes.
    Request(RequestId, Request),
    /// A configuration that plugins have looked at.
    Candidate(RequestId, Candidate, ConfigInfos),
}

impl Writes {
    pub(super) fn begin(&mut self, then: PendingWrite) -> WriteId {
        self.next += 1;
        self.pending.insert(self.next, then);
        self.next
    }

    /// Keeps something until a write is over.
    pub(super) fn hold(&mut self, held: Held) {
        self.held.push(held);
    }

    /// Whether something about a connector is being written.
    pub(super) fn concerns(&self, connector: &str) -> bool {
        self.pending.values().any(|it| match it {
            PendingWrite::Connector { name, .. } | PendingWrite::Tasks { connector: name, .. } => {
                name == connector
            }
            PendingWrite::Reply { connector: name, .. } => name.as_deref() == Some(connector),
            PendingWrite::TaskCount { .. } | PendingWrite::SessionKey => false,
        })
    }
}

impl State {
    pub(super) fn written(&mut self, id: WriteId, result: Result<(), String>) {
        let Some(pending) = self.writes.pending.remove(&id) else { return };
        let failed = |error: &String| Err(refused(error));
        match pending {
            PendingWrite::Connector { request, name, is_new } => {
                let answer = match &result {
                    Ok(()) => Ok(self.info(&name, is_new)),
                    Err(error) => failed(error),
                };
                self.reply(request, answer);
            }
            PendingWrite::Reply { request, answer, .. } => {
                let answer = match &result {
                    Ok(()) => Ok(*answer),
                    Err(error) => failed(error),
                };
                self.reply(request, answer);
            }
            PendingWrite::Tasks { connector, attempt } => {
                if let Err(error) = result {
                    tracing::warn!(
                        connector,
                        error,
                        "the task configurations could not be written; trying again"
                    );
                    self.split_later(&connector, attempt);
                }
            }
            PendingWrite::TaskCount { connector, round } => {
                let result = result.map_err(|error| refused(&error));
                self.task_count_written(&connector, round, &result);
            }
            PendingWrite::SessionKey => {
                if let Err(error) = result {
                    tracing::warn!(error, "the session key could not be written; trying again");
                    self.effects.push(Effect::After(self.settings.key_retry, Timer::SessionKey));
                }
            }
        }
        self.release();
    }

    /// A write is over: what has waited for it is looked at again, in its order.
    fn release(&mut self) {
        for held in std::mem::take(&mut self.writes.held) {
            match held {
                Held::Request(id, request) => self.request(id, request),
                Held::Candidate(id, candidate, infos) => self.take_candidate(id, candidate, infos),
            }
        }
    }
}

/// What a client is told of a write that was not confirmed.
fn refused(error: &str) -> Error {
    if error == LOST {
        Error::Internal(error.to_owned())
    } else {
        Error::Internal(format!("Error writing to the config topic: {error}"))
    }
}

/// What a client waits for whose connector is being written for another.
pub(super) fn held_up(connector: &str) -> String {
    format!("finishing an earlier change of connector {connector}")
}

/// Answers once a write is read back, which concerns this connector, if any.
pub(super) fn done(request: RequestId, connector: Option<&str>, doing: String) -> PendingWrite {
    let connector = connector.map(str::to_owned);
    PendingWrite::Reply { request, connector, doing, answer: Box::new(Answer::Done) }
}
