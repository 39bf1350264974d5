//! What the consumer and its membership tell each other. The consumer lives on a thread that may be busy for long; the
//! membership goes on meanwhile.

use std::{
    collections::{BTreeSet, VecDeque},
    sync::{Condvar, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use sluice_model::TopicPartition;
use tokio::{sync::Notify, time::Instant};
use tokio_util::sync::CancellationToken;

use crate::{consumer::Event, failure::ClientError, wire::Node};

/// Both sides' state.
pub(in super::super) struct Shared {
    state: Mutex<State>,
    /// For the consumer: there is something to look at.
    pub(super) told: Notify,
    /// For the membership: there is something to look at.
    pub(super) asked: Notify,
    /// The membership shall end.
    pub(super) closing: CancellationToken,
    ended: Condvar,
}

struct State {
    topics: Option<Vec<String>>,
    events: VecDeque<Event>,
    /// A revocation was told and not acknowledged yet.
    is_revoking: bool,
    /// Counts what was given up: what was asked before does not count any more.
    era: u64,
    failure: Option<ClientError>,
    polled: Polled,
    coordinator: Option<Node>,
    seat: Option<Seat>,
    has_ended: bool,
}

/// When the consumer was last polled.
#[derive(Debug, Clone, Copy)]
enum Polled {
    /// It is waiting in a poll.
    Now,
    /// A poll ended then.
    At(Instant),
    /// A poll ended then, and the next one did not come in time.
    TooLongAgo(Instant),
}

/// What the group knows a member by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Seat {
    pub(super) id: String,
    pub(super) generation: i32,
}

/// While it lives, the consumer is being polled.
pub(in super::super) struct Polling<'a>(&'a Shared);

impl Shared {
    pub(super) fn new() -> Self {
        Self {
            state: Mutex::new(State {
                topics: None,
                events: VecDeque::new(),
                is_revoking: false,
                era: 0,
                failure: None,
                polled: Polled::At(Instant::now()),
                coordinator: None,
                seat: None,
                has_ended: false,
            }),
            told: Notify::new(),
            asked: Notify::new(),
            closing: CancellationToken::new(),
            ended: Condvar::new(),
        }
    }

    /// Begins a poll.
    pub(in super::super) fn poll(&self) -> Polling<'_> {
        let before = std::mem::replace(&mut self.state().polled, Polled::Now);
        if matches!(before, Polled::TooLongAgo(_)) {
            self.asked.notify_one();
        }
        Polling(self)
    }

    /// What has happened to the assignment.
    pub(in super::super) fn next_event(&self) -> Option<Event> {
        self.state().events.pop_front()
    }

    /// The error that ends this consumer, if there was one.
    pub(in super::super) fn failure(&self) -> Option<ClientError> {
        self.state().failure.clone()
    }

    /// The consumer has let go of what it was told to.
    pub(in super::super) fn acknowledge(&self) {
        let mut state = self.state();
        state.is_revoking = false;
        state.era += 1;
        self.asked.notify_one();
    }

    pub(super) fn subscribe(&self, topics: &[String]) {
        self.state().topics = Some(topics.to_vec());
        self.asked.notify_one();
    }

    pub(super) fn topics(&self) -> Option<Vec<String>> {
        self.state().topics.clone()
    }

    /// Whether a round makes sense: there is a subscription, and somebody who polls.
    pub(super) fn is_wanted(&self) -> bool {
        let state = self.state();
        state.topics.is_some() && !matches!(state.polled, Polled::TooLongAgo(_))
    }

    pub(super) fn give(&self, partitions: &BTreeSet<TopicPartition>) {
        self.tell(Event::Assigned(partitions.iter().cloned().collect()));
    }

    pub(super) fn revoke(&self, partitions: &BTreeSet<TopicPartition>, lost: bool) {
        self.state().is_revoking = true;
        self.tell(Event::Revoked { partitions: partitions.iter().cloned().collect(), lost });
    }

    /// The group goes on without this member: what it was told to give up in order is gone, too.
    pub(super) fn lose(&self) {
        let mut state = self.state();
        state.seat = None;
        for event in &mut state.events {
            if let Event::Revoked { lost, .. } = event {
                *lost = true;
            }
        }
    }

    fn tell(&self, event: Event) {
        self.state().events.push_back(event);
        self.told.notify_one();
    }

    pub(super) fn is_revoking(&self) -> bool {
        self.state().is_revoking
    }

    /// Until when it has to be polled again.
    pub(super) fn poll_due(&self, interval: Duration) -> Instant {
        match self.state().polled {
            Polled::Now => Instant::now() + interval,
            Polled::At(then) | Polled::TooLongAgo(then) => then + interval,
        }
    }

    /// Nothing is joined until the next poll.
    pub(super) fn overdue(&self) {
        let mut state = self.state();
        if let Polled::At(then) = state.polled {
            state.polled = Polled::TooLongAgo(then);
        }
    }

    pub(super) fn era(&self) -> u64 {
        self.state().era
    }

    pub(super) fn seat(&self) -> Option<Seat> {
        self.state().seat.clone()
    }

    pub(super) fn sit(&self, seat: Seat) {
        self.state().seat = Some(seat);
    }

    pub(super) fn coordinator(&self) -> Option<Node> {
        self.state().coordinator.clone()
    }

    pub(super) fn set_coordinator(&self, node: Option<Node>) {
        self.state().coordinator = node;
    }

    pub(super) fn fail(&self, error: ClientError) {
        self.state().failure.get_or_insert(error);
        self.told.notify_one();
    }

    /// Nobody is told anything more, and nothing is committed.
    pub(in super::super) fn close(&self) {
        self.state().events.clear();
        self.closing.cancel();
    }

    pub(super) fn end(&self) {
        self.state().has_ended = true;
        self.told.notify_one();
        self.ended.notify_all();
    }

    pub(super) fn has_ended(&self) -> bool {
        self.state().has_ended
    }

    /// Waits for the end on a thread that may block.
    pub(in super::super) fn wait_for_end(&self, most: Duration) {
        let state = self.state();
        drop(self.ended.wait_timeout_while(state, most, |it| !it.has_ended));
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Polling<'_> {
    fn drop(&mut self) {
        self.0.state().polled = Polled::At(Instant::now());
    }
}
