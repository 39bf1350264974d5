//! The group's coordinator, as a broker plays it: gathers members for a round, passes on what the leader decides, and drops
//! who is not heard of.

use std::collections::BTreeMap;

use sluice_group::{Assignment, LocalState, assign::Members, protocol::ConnectProtocol};

use super::{
    chance::Chance,
    member::Round,
    world::{At, World},
};

/// `rebalance.timeout.ms` and `session.timeout.ms`.
const REBALANCE_TIMEOUT: u64 = 60_000;
const SESSION_TIMEOUT: u64 = 10_000;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Empty,
    /// Members are called to join.
    Gathering,
    /// The leader's decision is waited for.
    Deciding,
    Stable,
}

/// A member as the coordinator knows it.
pub(super) struct Seat {
    pub(super) at: At,
    local: LocalState,
    seen: u64,
    /// The call to join that it waits in.
    joining: Option<u64>,
    /// The call for its share that it waits in.
    syncing: Option<u64>,
    share: Assignment,
}

pub(super) struct Group {
    phase: Phase,
    pub(super) generation: i32,
    pub(super) protocol: ConnectProtocol,
    pub(super) seats: BTreeMap<String, Seat>,
    leader: String,
    ids: u64,
    gatherings: u64,
}

impl Group {
    pub(super) fn new(chance: &mut Chance) -> Self {
        let protocol = match chance.below(10) {
            0 => ConnectProtocol::Eager,
            1 => ConnectProtocol::Compatible,
            _ => ConnectProtocol::Sessioned,
        };
        Self {
            phase: Phase::Empty,
            generation: 0,
            protocol,
            seats: BTreeMap::new(),
            leader: String::new(),
            ids: 0,
            gatherings: 0,
        }
    }

    pub(super) fn is_stable(&self) -> bool {
        self.phase == Phase::Stable
    }

    /// Whether this life of a worker is a member.
    pub(super) fn has(&self, at: At) -> bool {
        self.seats.values().any(|it| it.at == at)
    }
}

impl World {
    /// A member asks to join, under the id that it has been given, if any.
    pub(super) fn join_arrives(&mut self, at: At, call: u64, id: &str, local: LocalState) {
        let id = if id.is_empty() {
            self.group.ids += 1;
            // Which id sorts first has nothing to do with who came first.
            let id = format!("{:02x}-{}", self.chance.below(256), self.group.ids);
            let seat = Seat {
                at,
                local: LocalState::default(),
                seen: self.now,
                joining: None,
                syncing: None,
                share: Assignment::default(),
            };
            self.group.seats.insert(id.clone(), seat);
            id
        } else {
            id.to_owned()
        };
        let Some(seat) = self.group.seats.get_mut(&id) else {
            return self.reply_join(at, call, None);
        };
        (seat.local, seat.joining, seat.syncing) = (local, Some(call), None);
        if self.group.phase != Phase::Gathering {
            self.gather();
        }
        self.complete_if_all_joined();
    }

    /// Calls everybody to join.
    fn gather(&mut self) {
        let is_first = self.group.phase == Phase::Empty;
        self.group.phase = Phase::Gathering;
        self.group.gatherings += 1;
        let gathering = self.group.gatherings;
        let waiting: Vec<(At, u64)> = self
            .group
            .seats
            .values_mut()
            .filter_map(|it| it.syncing.take().map(|call| (it.at, call)))
            .collect();
        for (at, call) in waiting {
            self.reply_sync(at, call, Err(true));
        }
        let limit = if is_first { 300 } else { REBALANCE_TIMEOUT };
        self.after(limit, move |world| {
            if world.group.gatherings == gathering && world.group.phase == Phase::Gathering {
                world.complete();
            }
        });
    }

    fn complete_if_all_joined(&mut self) {
        let is_due = self.group.phase == Phase::Gathering
            && self.group.seats.values().all(|it| it.joining.is_some());
        if is_due {
            self.complete();
        }
    }

    /// Ends the gathering: who has not come is out.
    fn complete(&mut self) {
        let (now, gatherings) = (self.now, self.group.gatherings + 1);
        let group = &mut self.group;
        group.gatherings = gatherings;
        group.seats.retain(|_, it| it.joining.is_some());
        group.generation += 1;
        let generation = group.generation;
        if group.seats.is_empty() {
            group.phase = Phase::Empty;
            return;
        }
        group.phase = Phase::Deciding;
        if !group.seats.contains_key(&group.leader) {
            let place = self.chance.below(group.seats.len());
            group.leader = group.seats.keys().nth(place).cloned().unwrap_or_default();
        }
        let leader = group.leader.clone();
        let locals: BTreeMap<String, (At, LocalState)> =
            group.seats.iter().map(|(id, it)| (id.clone(), (it.at, it.local.clone()))).collect();
        let mut members = Members::new();
        let mut newest = -1;
        for (id, (at, local)) in locals {
            let url = self.workers[at.worker].url.clone();
            newest = newest.max(local.config_offset);
            members.insert(id, super::member::presented(url, &local));
        }
        let mut joined = Vec::new();
        for (id, seat) in &mut self.group.seats {
            seat.seen = now;
            seat.share = Assignment::default();
            joined.extend(seat.joining.take().map(|call| (seat.at, call, id.clone())));
        }
        self.tell(|| format!("group generation {generation}, leader {leader}"));
        for (at, call, id) in joined {
            let decides = (id == leader).then(|| (members.clone(), newest));
            self.reply_join(at, call, Some(Round { generation, id, decides }));
        }
    }

    /// A member asks for its share; the leader brings everybody's.
    pub(super) fn sync_arrives(
        &mut self,
        at: At,
        call: u64,
        (id, generation): (&str, i32),
        shares: BTreeMap<String, Assignment>,
    ) {
        let (phase, current) = (self.group.phase, self.group.generation);
        let Some(seat) = self.group.seats.get_mut(id) else {
            return self.reply_sync(at, call, Err(false));
        };
        seat.seen = self.now;
        if phase == Phase::Gathering || generation != current {
            return self.reply_sync(at, call, Err(true));
        }
        seat.syncing = Some(call);
        if phase == Phase::Deciding && id == self.group.leader {
            self.group.phase = Phase::Stable;
            for (id, share) in shares {
                if let Some(seat) = self.group.seats.get_mut(&id) {
                    seat.share = share;
                }
            }
        }
        if self.group.phase == Phase::Stable {
            let waiting: Vec<(At, u64, Assignment)> = self
                .group
                .seats
                .values_mut()
                .filter_map(|it| it.syncing.take().map(|call| (it.at, call, it.share.clone())))
                .collect();
            for (at, call, share) in waiting {
                self.reply_sync(at, call, Ok(share));
            }
        }
    }

    /// A sign of life: whether the member is one still, and whether it is called to join.
    pub(super) fn beat(&mut self, id: &str, generation: i32) -> Option<bool> {
        let (phase, now) = (self.group.phase, self.now);
        let is_current = generation == self.group.generation;
        let seat = self.group.seats.get_mut(id)?;
        seat.seen = now;
        is_current.then_some(phase == Phase::Gathering)
    }

    /// A member says goodbye, or is not heard of any more.
    pub(super) fn drop_seat(&mut self, id: &str) {
        if self.group.seats.remove(id).is_none() {
            return;
        }
        self.tell(|| format!("group is without {id}"));
        if self.group.phase != Phase::Gathering {
            self.gather();
        }
        if self.group.seats.is_empty() {
            self.complete();
        } else {
            self.complete_if_all_joined();
        }
    }

    /// Drops members that are silent for a session; those that wait for an answer are not.
    pub(super) fn watch_sessions(&mut self) {
        let oldest = self.now.saturating_sub(SESSION_TIMEOUT);
        let silent = |it: &Seat| it.joining.or(it.syncing).is_none() && it.seen < oldest;
        let gone: Vec<String> = self
            .group
            .seats
            .iter()
            .filter(|(_, it)| silent(it))
            .map(|(id, _)| id.clone())
            .collect();
        for id in gone {
            self.drop_seat(&id);
        }
        self.after(1_000, Self::watch_sessions);
    }
}
