//! The rounds in which a group gets a new generation: joining, then syncing, each with an end in time.

use std::time::Duration;

use bytes::Bytes;
use kafka_protocol::error::ResponseError;
use tokio::time::Instant;

use super::{Group, State};
use crate::group::member::{Synced, answer};

impl Group {
    /// Begins a round unless one is under way.
    pub(super) fn prepare(&mut self, initial_delay: Duration, is_new: bool, now: Instant) {
        let slowest = self.members.values().map(|it| it.timeouts.rebalance).max();
        let patience = slowest.unwrap_or_default();
        match self.state {
            State::PreparingRebalance => {
                if let Some((latest, delay)) = self.gathering.filter(|_| is_new) {
                    self.round_ends = Some(latest.min(now + delay));
                }
            }
            State::Empty if !initial_delay.is_zero() => {
                self.gathering = Some((now + patience, initial_delay));
                self.round_ends = Some(now + initial_delay.min(patience));
            }
            _ => {
                self.gathering = None;
                self.round_ends = Some(now + patience);
            }
        }
        if self.state == State::CompletingRebalance {
            for member in self.members.values_mut() {
                member.expires = now + member.timeouts.session;
                if let Some(waiting) = member.syncing.take() {
                    answer(waiting, Synced::refused(ResponseError::RebalanceInProgress));
                }
            }
        }
        self.state = State::PreparingRebalance;
    }

    /// Ends the round at hand if all have answered or its time is over.
    pub(super) fn advance(&mut self, now: Instant) {
        let is_over = self.round_ends.is_some_and(|end| end <= now);
        match self.state {
            State::PreparingRebalance => {
                let all_here = self.pending.is_empty()
                    && self.gathering.is_none()
                    && self.members.values().all(|member| member.joining.is_some());
                if all_here || is_over {
                    self.complete(now);
                }
            }
            State::CompletingRebalance if is_over => {
                let missing: Vec<String> = self
                    .members
                    .iter()
                    .filter(|(_, member)| member.syncing.is_none())
                    .map(|(id, _)| id.clone())
                    .collect();
                for id in missing {
                    self.members.remove(&id);
                }
                self.prepare(Duration::ZERO, false, now);
                self.advance(now);
            }
            _ => {}
        }
    }

    /// Ends the joining: whoever did not come is out, the others get a new generation.
    fn complete(&mut self, now: Instant) {
        self.members.retain(|_, member| member.joining.is_some());
        self.gathering = None;
        self.generation += 1;
        if self.leader.as_ref().is_none_or(|leader| !self.members.contains_key(leader)) {
            self.leader = self.members.keys().next().cloned();
        }
        if self.members.is_empty() {
            self.state = State::Empty;
            self.protocol = None;
            self.round_ends = None;
            return;
        }
        self.protocol = self.vote();
        self.state = State::CompletingRebalance;
        let slowest = self.members.values().map(|it| it.timeouts.rebalance).max();
        self.round_ends = slowest.map(|patience| now + patience);
        let ids: Vec<String> = self.members.keys().cloned().collect();
        for id in ids {
            let joined = self.joined(&id);
            let Some(member) = self.members.get_mut(&id) else { continue };
            member.expires = now + member.timeouts.session;
            member.assignment = Bytes::new();
            if let Some(waiting) = member.joining.take() {
                answer(waiting, joined);
            }
        }
    }

    /// Every member votes for the first of its protocols that all support.
    fn vote(&self) -> Option<String> {
        let mut votes: Vec<(&str, usize)> = Vec::new();
        for member in self.members.values() {
            let choice = member
                .protocols
                .iter()
                .find(|(name, _)| self.members.values().all(|other| other.supports(name)));
            let Some((choice, _)) = choice else { continue };
            match votes.iter_mut().find(|(name, _)| name == choice) {
                Some((_, count)) => *count += 1,
                None => votes.push((choice, 1)),
            }
        }
        votes.iter().max_by_key(|(_, count)| *count).map(|(name, _)| (*name).to_owned())
    }

    pub(super) fn assign(&mut self, assignments: Vec<(String, Bytes)>, now: Instant) {
        for (id, assignment) in assignments {
            if let Some(member) = self.members.get_mut(&id) {
                member.assignment = assignment;
            }
        }
        self.state = State::Stable;
        self.round_ends = None;
        let ids: Vec<String> = self.members.keys().cloned().collect();
        for id in ids {
            let synced = self.synced(&id);
            let Some(member) = self.members.get_mut(&id) else { continue };
            if let Some(waiting) = member.syncing.take() {
                member.expires = now + member.timeouts.session;
                answer(waiting, synced);
            }
        }
    }
}
