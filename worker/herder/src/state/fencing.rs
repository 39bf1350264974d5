//! Fencing of earlier tasks before exactly-once sources write, which workers ask the leader for (KIP-618,
//! `DistributedHerder.ZombieFencing`).
//!
//! A round goes *read the config topic → fence → read it again → write how many tasks there are now → answer*. One round
//! at a time runs for a connector; who asks meanwhile waits for it.

use std::collections::BTreeMap;

use sluice_engine::{OffsetsChange, TaskId};
use sluice_rest_model::ConnectorKind;

use super::{State, writes::PendingWrite};
use crate::{
    event::{Effect, RequestId},
    request::{Answer, Error, FencingRequest},
    signature::{self, Signature},
    store::config::{FencingNeed, encode},
};

const FAILED: &str = "Failed to perform zombie fencing";

/// Rounds, and what waits for the config topic to be read.
#[derive(Debug, Clone, Default)]
pub(super) struct Fencing {
    reading: BTreeMap<RequestId, Reading>,
    rounds: BTreeMap<String, Round>,
    last: u64,
}

/// What is decided once the config topic has been read.
#[derive(Debug, Clone)]
enum Reading {
    Fence(String),
    Verify { task: TaskId, generation: u64 },
}

#[derive(Debug, Clone)]
struct Round {
    number: u64,
    /// How many tasks there are now.
    tasks: usize,
    waiting: Vec<Waiting>,
}

/// Who waits for a round.
#[derive(Debug, Clone)]
pub(super) enum Waiting {
    /// A worker, for a task of its own.
    Worker(RequestId),
    /// A client who changes offsets.
    Offsets(RequestId, String, OffsetsChange),
}

impl State {
    /// Begins what a worker or a task needs.
    pub(super) fn fencing_request(
        &mut self,
        id: RequestId,
        request: FencingRequest,
    ) -> Result<(), Error> {
        match request {
            FencingRequest::OfWorker { connector, body, signature } => {
                self.may_ask(&body, signature.as_ref())?;
                self.may_fence(&connector)?;
                self.read_for(id, Reading::Fence(connector));
            }
            FencingRequest::OfTask(connector) if self.membership.is_leader() => {
                self.may_fence(&connector)?;
                self.read_for(id, Reading::Fence(connector));
            }
            FencingRequest::OfTask(connector) => self.fence_elsewhere(id, connector)?,
            FencingRequest::Verify { task, generation } => {
                self.read_for(id, Reading::Verify { task, generation });
            }
        }
        Ok(())
    }

    /// Whether a request comes from another worker.
    fn may_ask(&self, body: &[u8], signature: Option<&Signature>) -> Result<(), Error> {
        if self.settings.is_alone {
            let message =
                "Kafka Connect in standalone mode does not support exactly-once source connectors.";
            return Err(Error::Internal(message.to_owned()));
        }
        if self.membership.is_sessioned() {
            signature::verify(self.config.session_key(), signature, body)?;
        }
        Ok(())
    }

    /// Asks the leader.
    fn fence_elsewhere(&mut self, id: RequestId, connector: String) -> Result<(), Error> {
        let leader = self.membership.leader().ok_or(Error::Elsewhere(None))?;
        let key = self.config.session_key().filter(|_| self.membership.is_sessioned()).cloned();
        self.enter(id, format!("Forwarding zombie fencing request to the leader at {leader}"));
        self.effects.push(Effect::SendFence { request: id, leader, connector, key });
        Ok(())
    }

    /// The config topic was read for a request of this kind, or not in time. False if it was for another kind.
    pub(super) fn read_for_fencing(&mut self, id: RequestId, in_time: bool) -> bool {
        let Some(reading) = self.fencing.reading.remove(&id) else { return false };
        match reading {
            // A task waits for as long as it takes.
            Reading::Verify { .. } if !in_time => self.read_for(id, reading),
            Reading::Verify { task, generation } => {
                let answer = self.verified(&task, generation);
                self.reply(id, answer);
            }
            Reading::Fence(_) if !in_time => {
                let unread =
                    "Failed to read to end of config topic before performing zombie fencing";
                self.reply(id, Err(Error::Internal(unread.to_owned())));
            }
            Reading::Fence(connector) => match self.may_fence(&connector) {
                Ok(()) => self.fence_or_join(&connector, Waiting::Worker(id)),
                Err(error) => self.reply(id, Err(error)),
            },
        }
        true
    }

    /// Has the earlier tasks of a connector fenced, if that is needed.
    pub(super) fn fence_or_join(&mut self, connector: &str, waiting: Waiting) {
        let tasks = self.config.task_count(connector);
        let need = self.config.fencing_need(connector);
        if need == FencingNeed::Nothing {
            return self.fenced_for(waiting, &Ok(()));
        }
        if let Some(round) = self.fencing.rounds.get_mut(connector) {
            round.waiting.push(waiting);
            return;
        }
        self.fencing.last += 1;
        let round = self.fencing.last;
        let begun = Round { number: round, tasks, waiting: vec![waiting] };
        self.fencing.rounds.insert(connector.to_owned(), begun);
        match need {
            FencingNeed::Fence(tasks) => {
                let config = self.config.config(connector).cloned().unwrap_or_default();
                let connector = connector.to_owned();
                self.effects.push(Effect::Fence { connector, config, tasks, round });
            }
            FencingNeed::Nothing | FencingNeed::Record => self.write_task_count(connector, round),
        }
    }

    /// Earlier tasks are fenced and the config topic has been read since, or not.
    pub(super) fn fenced(&mut self, connector: &str, round: u64, result: Result<bool, String>) {
        let is_current = self.fencing.rounds.get(connector).is_some_and(|it| it.number == round);
        match result {
            _ if !is_current => {}
            Ok(true) => self.write_task_count(connector, round),
            Ok(false) => {
                let unread = "Failed to read to end of config topic";
                self.end_round(connector, round, &Err(Error::Internal(unread.to_owned())));
            }
            Err(error) => {
                tracing::error!(connector, error, "earlier tasks could not be fenced");
                self.end_round(connector, round, &Err(Error::Internal(FAILED.to_owned())));
            }
        }
    }

    /// How many tasks there are now was written, or not.
    pub(super) fn task_count_written(
        &mut self,
        connector: &str,
        round: u64,
        result: &Result<(), Error>,
    ) {
        self.end_round(connector, round, result);
    }

    /// A connector has new tasks: what was fenced for the ones before does not help them.
    pub(super) fn fenced_in_vain(&mut self, connector: &str) {
        if let Some(round) = self.fencing.rounds.get(connector).map(|it| it.number) {
            let message =
                "Failed to complete zombie fencing because a new set of task configs was generated";
            self.end_round(connector, round, &Err(Error::Conflict(message.to_owned())));
        }
    }

    fn end_round(&mut self, connector: &str, number: u64, result: &Result<(), Error>) {
        if self.fencing.rounds.get(connector).is_some_and(|it| it.number == number)
            && let Some(round) = self.fencing.rounds.remove(connector)
        {
            for waiting in round.waiting {
                self.fenced_for(waiting, result);
            }
        }
    }

    fn fenced_for(&mut self, waiting: Waiting, result: &Result<(), Error>) {
        match (waiting, result) {
            (Waiting::Worker(id), result) => self.reply(id, result.clone().map(|()| Answer::Done)),
            (Waiting::Offsets(id, name, change), Ok(())) => {
                self.change_fenced_offsets(id, name, change);
            }
            (Waiting::Offsets(id, ..), Err(_)) => {
                let message = "Failed to perform zombie fencing for source connector prior to modifying offsets";
                self.reply(id, Err(Error::Internal(message.to_owned())));
            }
        }
    }

    fn write_task_count(&mut self, connector: &str, round: u64) {
        let Some(tasks) = self.fencing.rounds.get(connector).map(|it| it.tasks) else { return };
        let then = PendingWrite::TaskCount { connector: connector.to_owned(), round };
        self.write(vec![encode::task_count(connector, tasks)], then);
    }

    fn may_fence(&self, connector: &str) -> Result<(), Error> {
        // A rebalance that is on its way makes no difference.
        if !self.membership.is_leader() {
            self.membership.check_leader()?;
        }
        self.known(connector)?;
        if self.kind_of(connector) != ConnectorKind::Source {
            let message = format!("Connector {connector} is not a source connector");
            return Err(Error::BadRequest(message));
        }
        Ok(())
    }

    fn verified(&self, task: &TaskId, generation: u64) -> Result<Answer, Error> {
        let refused = |reason: &str| {
            Err(Error::Internal(format!("Cannot start source task {task} {reason}")))
        };
        if self.config.task_generation(&task.connector) != generation {
            return refused(
                "with exactly-once support as the connector has already generated a new set of task configs",
            );
        }
        if !self.membership.holds_task(task) {
            return refused("as it has already been revoked from this worker");
        }
        Ok(Answer::Done)
    }

    fn read_for(&mut self, id: RequestId, reading: Reading) {
        self.enter(id, "reading to the end of the config topic");
        self.fencing.reading.insert(id, reading);
        self.effects.push(Effect::Refresh(id));
    }
}
