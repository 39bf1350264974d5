//! This worker in its group: joining, catching up, holding an assignment, losing it.

use std::{collections::BTreeSet, time::Duration};

use sluice_engine::TaskId;
use sluice_group::{Assignment, Change, Joined, LocalState, protocol::ConnectProtocol};

use super::State;
use crate::{
    event::{Effect, Timer},
    request::Error,
};

/// Pause before another round after one that failed.
const JOIN_BACKOFF: Duration = Duration::from_millis(250);

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Phase {
    /// No round is on its way and no assignment is in force.
    #[default]
    Out,
    /// A round is on its way.
    Joining,
    /// A round failed; the next comes after a pause.
    BackingOff,
    /// An assignment has come that rests on configuration not read yet.
    CatchingUp,
    /// That could not be read: the group is left for a while.
    Away,
    /// The assignment is in force.
    Stable,
    /// The process ends.
    Leaving,
    /// The group has been left.
    Left,
}

/// What this worker knows of its membership.
#[derive(Debug, Clone)]
pub(crate) struct Membership {
    phase: Phase,
    rejoin: bool,
    generation: i32,
    is_leader: bool,
    /// What the group has agreed on.
    protocol: ConnectProtocol,
    /// As leader, waits for a lost member to come back.
    waits: bool,
    leader_url: Option<String>,
    leader_id: String,
    /// Offset of the configuration that the assignment rests on.
    needed_offset: i64,
    connectors: BTreeSet<String>,
    tasks: BTreeSet<TaskId>,
    rebalances: u64,
}

impl Default for Membership {
    fn default() -> Self {
        Self {
            phase: Phase::Out,
            rejoin: false,
            generation: -1,
            is_leader: false,
            protocol: ConnectProtocol::Sessioned,
            waits: false,
            leader_url: None,
            leader_id: String::new(),
            needed_offset: -1,
            connectors: BTreeSet::new(),
            tasks: BTreeSet::new(),
            rebalances: 0,
        }
    }
}

impl Membership {
    pub(super) fn request_rejoin(&mut self) {
        self.rejoin = true;
    }

    pub(super) fn retry_join(&mut self) {
        if self.phase == Phase::BackingOff {
            self.phase = Phase::Out;
        }
    }

    pub(super) fn begin_leaving(&mut self) {
        self.phase = Phase::Leaving;
        self.drop_assignment();
    }

    /// Gives everything up before a round, where the group's protocol is that old.
    pub(super) fn revoke_if_eager(&mut self) {
        if self.protocol == ConnectProtocol::Eager && self.rejoin && self.phase != Phase::Joining {
            self.drop_assignment();
        }
    }

    pub(super) fn drop_assignment(&mut self) {
        self.connectors.clear();
        self.tasks.clear();
    }

    pub(super) const fn is_eager(&self) -> bool {
        matches!(self.protocol, ConnectProtocol::Eager)
    }

    /// Whether an assignment waits for configuration.
    pub(super) fn is_catching_up(&self) -> bool {
        self.phase == Phase::CatchingUp
    }

    /// Offset of the configuration that the assignment rests on.
    pub(super) const fn needed_offset(&self) -> i64 {
        self.needed_offset
    }

    /// Whether the group is left for a while.
    pub(super) fn is_away(&self) -> bool {
        self.phase == Phase::Away
    }

    /// Leaves the group for a while.
    pub(super) fn go_away(&mut self) {
        self.phase = Phase::Away;
        self.is_leader = false;
        self.leader_url = None;
    }

    /// Joins again.
    pub(super) fn come_back(&mut self) {
        self.phase = Phase::Out;
        self.rejoin = true;
    }

    /// Whether the group has this connector here.
    pub(super) fn holds_connector(&self, name: &str) -> bool {
        self.connectors.contains(name)
    }

    /// Whether the group has this task here.
    pub(super) fn holds_task(&self, id: &TaskId) -> bool {
        self.tasks.contains(id)
    }

    pub(super) const fn connectors(&self) -> &BTreeSet<String> {
        &self.connectors
    }

    pub(super) const fn tasks(&self) -> &BTreeSet<TaskId> {
        &self.tasks
    }

    /// Whether new work may start: the assignment is in force and no change of it is pending.
    pub(super) fn allows_starting(&self) -> bool {
        self.phase == Phase::Stable && !self.rejoin
    }

    pub(super) fn is_ending(&self) -> bool {
        matches!(self.phase, Phase::Leaving | Phase::Left)
    }

    /// Generation of the last completed round.
    pub(crate) const fn generation(&self) -> i32 {
        self.generation
    }

    /// Whether a round is on its way or wanted.
    pub(crate) fn is_rebalancing(&self) -> bool {
        self.rejoin || self.phase != Phase::Stable
    }

    /// Whether this worker leads the group.
    pub(crate) const fn is_leader(&self) -> bool {
        self.is_leader
    }

    /// Rounds completed since the process began.
    pub(crate) const fn rebalances(&self) -> u64 {
        self.rebalances
    }

    /// What the group has agreed on.
    pub(crate) const fn protocol(&self) -> ConnectProtocol {
        self.protocol
    }

    /// The leader's URL; empty while there is none.
    pub(crate) fn leader_url(&self) -> &str {
        self.leader_url.as_deref().unwrap_or_default()
    }

    /// Whether internal requests must be signed.
    pub(super) const fn is_sessioned(&self) -> bool {
        matches!(self.protocol, ConnectProtocol::Sessioned)
    }

    /// The leader's URL, or the error for a request that needs it.
    pub(super) fn leader(&self) -> Option<String> {
        self.leader_url.clone().filter(|it| !it.is_empty())
    }

    /// Refuses while a round is due: what this worker knows of who does what is about to change.
    pub(super) fn check_settled(&self) -> Result<(), Error> {
        if self.rejoin { Err(Error::StaleConfig) } else { Ok(()) }
    }

    /// Whether this worker may act as leader right now.
    pub(super) fn check_leader(&self) -> Result<(), Error> {
        if self.phase == Phase::Stable && self.is_leader {
            // A leader that is about to rebalance may not know the newest configuration.
            return if self.rejoin { Err(Error::StaleConfig) } else { Ok(()) };
        }
        if self.is_leader { Err(Error::StaleConfig) } else { Err(Error::Elsewhere(self.leader())) }
    }

    fn take(&mut self, assignment: &Assignment) {
        for name in &assignment.revoked_connectors {
            self.connectors.remove(name);
        }
        for (connector, task) in &assignment.revoked_tasks {
            self.tasks.remove(&TaskId { connector: connector.clone(), task: *task });
        }
        self.connectors.extend(assignment.connectors.iter().cloned());
        self.tasks.extend(
            assignment
                .tasks
                .iter()
                .map(|(connector, task)| TaskId { connector: connector.clone(), task: *task }),
        );
    }
}

impl State {
    /// Starts a round if one is wanted and nothing that was revoked is still running.
    pub(super) fn join_if_due(&mut self) {
        let phase = self.membership.phase;
        let may_join = matches!(phase, Phase::Out | Phase::Stable);
        if !self.has_started || !may_join || !self.membership.rejoin || self.work.is_stopping() {
            return;
        }
        self.membership.rejoin = false;
        self.membership.phase = Phase::Joining;
        let assignment = self.local_assignment();
        self.effects
            .push(Effect::Join(LocalState { config_offset: self.config.offset(), assignment }));
    }

    /// What this worker tells the group that it has.
    fn local_assignment(&self) -> Option<Assignment> {
        let held = &self.membership;
        if held.connectors.is_empty() && held.tasks.is_empty() {
            return None;
        }
        Some(Assignment {
            leader: held.leader_id.clone(),
            leader_url: held.leader_url.clone().unwrap_or_default(),
            config_offset: held.needed_offset,
            connectors: held.connectors.iter().cloned().collect(),
            tasks: held.tasks.iter().map(|id| (id.connector.clone(), id.task)).collect(),
            ..Assignment::default()
        })
    }

    pub(super) fn joined(&mut self, joined: Joined) {
        if self.membership.is_ending() {
            return;
        }
        let assignment = joined.assignment;
        let held = &mut self.membership;
        held.generation = joined.generation;
        held.is_leader = joined.is_leader;
        held.waits = joined.is_leader && !assignment.delay.is_zero();
        held.protocol = match (joined.is_cooperative, joined.is_sessioned) {
            (false, _) => ConnectProtocol::Eager,
            (true, false) => ConnectProtocol::Compatible,
            (true, true) => ConnectProtocol::Sessioned,
        };
        held.leader_url = Some(joined.leader_url);
        held.leader_id = joined.leader_id;
        held.rebalances += 1;
        if !joined.is_cooperative {
            held.drop_assignment();
        }
        held.take(&assignment);
        held.needed_offset = assignment.config_offset;
        // What was revoked here goes to somebody else in the round that follows.
        held.rejoin |=
            !assignment.revoked_connectors.is_empty() || !assignment.revoked_tasks.is_empty();
        // Before the topic is read: what the leader before this one left open there is over then.
        self.claim_writes();
        let is_behind = self.config.offset() < assignment.config_offset;
        if assignment.has_failed() || is_behind {
            self.membership.phase = Phase::CatchingUp;
            self.membership.rejoin |= assignment.has_failed();
            self.effects.push(Effect::ReadConfig);
        } else {
            self.assignment_in_force();
        }
    }

    pub(super) fn assignment_in_force(&mut self) {
        self.membership.phase = Phase::Stable;
        self.catch_up.succeeded();
        if self.membership.is_leader {
            self.forget_removed_statuses();
            self.rotate_session_key();
            self.empty_stopped();
        }
    }

    pub(super) fn join_failed(&mut self) {
        if self.membership.is_ending() {
            return;
        }
        self.membership.phase = Phase::BackingOff;
        self.membership.rejoin = true;
        self.effects.push(Effect::After(JOIN_BACKOFF, Timer::Join));
    }

    pub(super) fn membership_changed(&mut self, change: Change) {
        if self.membership.is_ending() {
            return;
        }
        self.membership.rejoin = true;
        match change {
            Change::Rebalance => {}
            // The group may have given this worker's tasks to others by now: they must not run here as well.
            Change::CoordinatorLost | Change::Fenced => self.membership.drop_assignment(),
        }
    }

    /// Another worker has told that something ended. Either it leaves on purpose, which a leader that waits for it has
    /// heard of later than the group has, or it gives up work that others shall have: a round is near.
    pub(super) fn others_ended(&mut self) {
        if self.membership.phase == Phase::Stable {
            self.membership.rejoin |= self.membership.waits;
            self.effects.push(Effect::Hurry);
        }
    }

    /// Once nothing runs any more, says goodbye and ends.
    pub(super) fn leave_if_idle(&mut self) {
        if self.membership.phase == Phase::Leaving && self.work.is_idle() {
            self.membership.phase = Phase::Left;
            self.effects.push(Effect::Leave);
            self.effects.push(Effect::Exit);
        }
    }
}
