//! The membership of one group: who is in it, which generation it has, who still has to answer. Mirrors the classic
//! half of Kafka's group coordinator (KIP-62, KIP-394, KIP-559). Pure but for the senders through which waiting
//! calls are answered; time is an argument.

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;
use kafka_protocol::error::ResponseError;
use tokio::sync::oneshot;
use tokio::time::Instant;

use super::member::{Join, Joined, Member, Synced, answer};

mod rounds;

/// A group. Members are kept in the order of their ids, which decides nothing that a client sees but the order of
/// lists.
#[derive(Debug)]
pub(crate) struct Group {
    pub(crate) state: State,
    pub(crate) generation: i32,
    pub(crate) protocol_type: Option<String>,
    pub(crate) protocol: Option<String>,
    leader: Option<String>,
    pub(crate) members: BTreeMap<String, Member>,
    /// Ids that were given out and not used yet, with the time at which they lapse.
    pending: BTreeMap<String, Instant>,
    /// When the round at hand ends whether or not all have answered.
    round_ends: Option<Instant>,
    /// Set while an empty group waits for its first members: until when the wait may be prolonged, and by how much.
    gathering: Option<(Instant, Duration)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    Empty,
    PreparingRebalance,
    CompletingRebalance,
    Stable,
}

impl State {
    /// Kafka's word for it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Empty => "Empty",
            Self::PreparingRebalance => "PreparingRebalance",
            Self::CompletingRebalance => "CompletingRebalance",
            Self::Stable => "Stable",
        }
    }
}

impl Group {
    pub(crate) fn new() -> Self {
        Self {
            state: State::Empty,
            generation: 0,
            protocol_type: None,
            protocol: None,
            leader: None,
            members: BTreeMap::new(),
            pending: BTreeMap::new(),
            round_ends: None,
            gathering: None,
        }
    }

    /// Takes a join; the answer comes through `reply`, at once or when the round is complete. `fresh_id` is the id
    /// for a member without one, `initial_delay` how long an empty group gathers members.
    pub(crate) fn join(
        &mut self,
        join: Join,
        fresh_id: impl FnOnce() -> String,
        initial_delay: Duration,
        reply: oneshot::Sender<Joined>,
        now: Instant,
    ) {
        if let Err(error) = self.check_join(&join) {
            answer(reply, Joined::refused(error, join.member_id));
            return;
        }
        let mut join = join;
        if join.member_id.is_empty() {
            join.member_id = fresh_id();
            if join.id_required {
                self.pending.insert(join.member_id.clone(), now + join.timeouts.session);
                answer(reply, Joined::refused(ResponseError::MemberIdRequired, join.member_id));
                return;
            }
        }
        let is_new = !self.members.contains_key(&join.member_id);
        self.pending.remove(&join.member_id);
        self.protocol_type.get_or_insert_with(|| join.protocol_type.clone());
        let has_changed = self
            .members
            .get(&join.member_id)
            .is_none_or(|member| member.protocols != join.protocols);
        let id = join.member_id.clone();
        self.admit(join, now);
        let is_leader = self.leader.as_deref() == Some(id.as_str());
        let needs_round = match self.state {
            State::Empty | State::PreparingRebalance => true,
            State::CompletingRebalance => has_changed,
            State::Stable => has_changed || is_leader,
        };
        if !needs_round {
            answer(reply, self.joined(&id));
            return;
        }
        let earlier = self.members.get_mut(&id).and_then(|member| member.joining.replace(reply));
        if let Some(earlier) = earlier {
            answer(earlier, Joined::refused(ResponseError::RebalanceInProgress, id.clone()));
        }
        self.prepare(initial_delay, is_new, now);
        self.advance(now);
    }

    /// Takes a sync; the answer comes through `reply`, when the leader's has come.
    pub(crate) fn sync(
        &mut self,
        member_id: &str,
        generation: i32,
        assignments: Vec<(String, Bytes)>,
        reply: oneshot::Sender<Synced>,
        now: Instant,
    ) {
        if let Err(error) = self.check_member(member_id, generation) {
            answer(reply, Synced::refused(error));
            return;
        }
        match self.state {
            State::Empty => answer(reply, Synced::refused(ResponseError::UnknownMemberId)),
            State::PreparingRebalance => {
                answer(reply, Synced::refused(ResponseError::RebalanceInProgress));
            }
            State::Stable => {
                self.keep_alive(member_id, now);
                answer(reply, self.synced(member_id));
            }
            State::CompletingRebalance => {
                let member = self.members.get_mut(member_id);
                if let Some(earlier) = member.and_then(|member| member.syncing.replace(reply)) {
                    answer(earlier, Synced::refused(ResponseError::RebalanceInProgress));
                }
                if self.leader.as_deref() == Some(member_id) {
                    self.assign(assignments, now);
                }
            }
        }
    }

    /// Takes a sign of life.
    pub(crate) fn heartbeat(
        &mut self,
        member_id: &str,
        generation: i32,
        now: Instant,
    ) -> Result<(), ResponseError> {
        self.check_member(member_id, generation)?;
        self.keep_alive(member_id, now);
        match self.state {
            State::PreparingRebalance => Err(ResponseError::RebalanceInProgress),
            _ => Ok(()),
        }
    }

    /// Lets a member go.
    pub(crate) fn leave(&mut self, member_id: &str, now: Instant) -> Result<(), ResponseError> {
        if self.pending.remove(member_id).is_none() && !self.members.contains_key(member_id) {
            return Err(ResponseError::UnknownMemberId);
        }
        self.remove(member_id, now);
        self.advance(now);
        Ok(())
    }

    /// Whether a member may commit offsets; -1 and no id is a consumer that keeps its assignment itself.
    pub(crate) fn check_commit(
        &mut self,
        member_id: &str,
        generation: i32,
        now: Instant,
    ) -> Result<(), ResponseError> {
        if generation < 0 && member_id.is_empty() && self.state == State::Empty {
            return Ok(());
        }
        self.check_member(member_id, generation)?;
        self.keep_alive(member_id, now);
        match self.state {
            State::CompletingRebalance => Err(ResponseError::RebalanceInProgress),
            _ => Ok(()),
        }
    }

    /// Does what is due, and answers when to come again.
    pub(crate) fn tick(&mut self, now: Instant) -> Option<Instant> {
        self.pending.retain(|_, lapses| *lapses > now);
        let silent: Vec<String> = self
            .members
            .iter()
            .filter(|(_, member)| !member.is_waiting() && member.expires <= now)
            .map(|(id, _)| id.clone())
            .collect();
        for id in silent {
            tracing::info!(member = %id, "a group member went silent and is removed");
            self.remove(&id, now);
        }
        self.advance(now);
        let sessions =
            self.members.values().filter(|it| !it.is_waiting()).map(|member| member.expires);
        let round = self.round_ends.into_iter();
        sessions.chain(self.pending.values().copied()).chain(round).min()
    }

    /// Whether nothing is left that a timer or a member would need.
    pub(crate) fn is_idle(&self) -> bool {
        self.members.is_empty() && self.pending.is_empty()
    }

    /// Metadata of a member under the protocol in force.
    pub(crate) fn metadata(&self, member: &Member) -> Bytes {
        let protocol = self.protocol.as_deref();
        let found = member.protocols.iter().find(|(name, _)| Some(name.as_str()) == protocol);
        found.map(|(_, metadata)| metadata.clone()).unwrap_or_default()
    }

    fn check_join(&self, join: &Join) -> Result<(), ResponseError> {
        if join.protocols.is_empty() || join.protocol_type.is_empty() {
            return Err(ResponseError::InconsistentGroupProtocol);
        }
        let is_known = join.member_id.is_empty()
            || self.members.contains_key(&join.member_id)
            || self.pending.contains_key(&join.member_id);
        if !is_known {
            return Err(ResponseError::UnknownMemberId);
        }
        let others = || self.members.iter().filter(|(id, _)| **id != join.member_id);
        let same_type = self.protocol_type.as_ref().is_none_or(|it| *it == join.protocol_type);
        let is_common = |name: &String| others().all(|(_, member)| member.supports(name));
        let fits = same_type && join.protocols.iter().any(|(name, _)| is_common(name));
        if fits || others().next().is_none() {
            Ok(())
        } else {
            Err(ResponseError::InconsistentGroupProtocol)
        }
    }

    fn check_member(&self, member_id: &str, generation: i32) -> Result<(), ResponseError> {
        if !self.members.contains_key(member_id) {
            return Err(ResponseError::UnknownMemberId);
        }
        if generation != self.generation {
            return Err(ResponseError::IllegalGeneration);
        }
        Ok(())
    }

    fn admit(&mut self, join: Join, now: Instant) {
        if self.members.is_empty() {
            self.protocol_type = Some(join.protocol_type);
        }
        let expires = now + join.timeouts.session;
        let leader = self.leader.get_or_insert_with(|| join.member_id.clone());
        tracing::debug!(member = %join.member_id, %leader, "joining a group");
        if let Some(member) = self.members.get_mut(&join.member_id) {
            member.protocols = join.protocols;
            member.timeouts = join.timeouts;
            member.expires = expires;
            return;
        }
        let member = Member {
            client_id: join.client_id,
            client_host: join.client_host,
            timeouts: join.timeouts,
            protocols: join.protocols,
            assignment: Bytes::new(),
            expires,
            joining: None,
            syncing: None,
        };
        self.members.insert(join.member_id, member);
    }

    fn remove(&mut self, member_id: &str, now: Instant) {
        let Some(member) = self.members.remove(member_id) else { return };
        if let Some(waiting) = member.joining {
            answer(waiting, Joined::refused(ResponseError::UnknownMemberId, member_id.to_owned()));
        }
        if let Some(waiting) = member.syncing {
            answer(waiting, Synced::refused(ResponseError::UnknownMemberId));
        }
        if self.leader.as_deref() == Some(member_id) {
            self.leader = None;
        }
        if matches!(self.state, State::Stable | State::CompletingRebalance) {
            self.prepare(Duration::ZERO, false, now);
        }
    }

    fn keep_alive(&mut self, member_id: &str, now: Instant) {
        if let Some(member) = self.members.get_mut(member_id) {
            member.expires = now + member.timeouts.session;
        }
    }

    fn joined(&self, member_id: &str) -> Joined {
        let is_leader = self.leader.as_deref() == Some(member_id);
        let all = || self.members.iter().map(|(id, it)| (id.clone(), self.metadata(it))).collect();
        Joined {
            error: None,
            generation: self.generation,
            protocol_type: self.protocol_type.clone(),
            protocol: self.protocol.clone(),
            leader: self.leader.clone().unwrap_or_default(),
            member_id: member_id.to_owned(),
            members: if is_leader { all() } else { Vec::new() },
        }
    }

    fn synced(&self, member_id: &str) -> Synced {
        Synced {
            error: None,
            protocol_type: self.protocol_type.clone(),
            protocol: self.protocol.clone(),
            assignment: self
                .members
                .get(member_id)
                .map(|member| member.assignment.clone())
                .unwrap_or_default(),
        }
    }
}

#[cfg(test)]
mod tests;
