//! Versions 1 and 2 of the protocol: members keep what they run, and only the difference is handed out or revoked.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use super::{
    Barred, CanRun, HadStopped, Members, Plan, Share, Unit, Work,
    balance::{surplus, surplus_within},
    delay::{Delay, Lost},
    spread::{Intended, Loads, remove, spread},
};

/// Growth of the wait between revocations that follow each other.
const BACKOFF_FACTOR: u32 = 40;

/// What a round of the group brings to its leader.
#[derive(Clone, Copy)]
pub struct Round<'a> {
    /// All that shall run.
    pub configured: &'a Work,
    /// All members, the leader included.
    pub members: &'a Members,
    /// The last generation in which the leader itself got its assignment; -1 for none. If it is not the one that the
    /// assignor last decided in, that decision did not reach the group and its memory is void.
    pub last_completed: i32,
    /// The generation of this round.
    pub generation: i32,
    /// Which member can run what.
    pub can_run: CanRun<'a>,
    /// What a member that is gone had stopped: nobody waits for it to come back.
    pub had_stopped: HadStopped<'a>,
}

/// Decides round by round, with a memory of the round before. A new leader starts without memory: what is missing then
/// counts as new and is handed out at once.
#[derive(Debug)]
pub struct IncrementalAssignor {
    delay: Delay,
    generation: i32,
    /// Who took part in the last round.
    members: BTreeSet<String>,
    /// What should run since the last round, and what was lost then.
    previous: Work,
    /// What the last round revoked.
    revocation: Work,
    /// The address of the member to which each part of `previous` was given last.
    owners: BTreeMap<Unit, String>,
    intended: Intended,
    revoked_in_previous: bool,
    revocations_in_a_row: u32,
}

impl IncrementalAssignor {
    /// An assignor without memory. `max_delay` is `scheduled.rebalance.max.delay.ms`.
    pub fn new(max_delay: Duration) -> Self {
        Self {
            delay: Delay::new(max_delay),
            generation: -1,
            members: BTreeSet::new(),
            previous: Work::new(),
            revocation: Work::new(),
            owners: BTreeMap::new(),
            intended: Intended::new(),
            revoked_in_previous: false,
            revocations_in_a_row: 0,
        }
    }

    /// Decides one round. `now` is the time since any fixed moment; it must not run backwards.
    pub fn assign(&mut self, round: &Round<'_>, now: Duration) -> Plan {
        let now = Duration::from_millis(now.as_millis() as u64);
        let active: Work = round.members.values().flat_map(|it| it.held.iter().cloned()).collect();
        self.recall(round, &active);

        let known: Work = self.previous.union(&active).cloned().collect();
        let deleted = &known - round.configured;
        let lost = &(&self.previous - &active) - &deleted;
        let created = round.configured - &known;
        let barred = Barred::ask(round.members, known_connectors(&known, &created), round.can_run);

        let mut revoked = held_where(round.members, |unit| deleted.contains(unit));
        join(&mut revoked, held_where_twice(round.members));
        let mut next: Loads =
            round.members.iter().map(|(id, member)| (id.clone(), member.held.clone())).collect();
        remove(&mut next, &revoked);

        let waiting = self.give_back(&lost, round.members, &barred, &mut next);
        let (resigned, waiting): (Work, Work) =
            waiting.into_iter().partition(|unit| self.was_resigned(unit, round.had_stopped));
        let freed = self.settle_lost(&waiting, &mut next, &barred, now);
        let mut to_assign: Vec<Unit> = created.into_iter().chain(resigned).chain(freed).collect();

        let intended = std::mem::take(&mut self.intended);
        let surplus = self.balance(round, &next, &to_assign, &barred, &intended, now);
        remove(&mut next, &surplus);
        let (given_up, not_started) = by_holder(surplus, round.members);
        join(&mut revoked, given_up);
        to_assign.extend(not_started);
        spread(&to_assign, &mut next, &barred, &intended);

        self.remember(round, &next, &revoked, lost);
        Plan { shares: shares(round.members, next, &revoked), delay: self.delay.left() }
    }

    /// Brings the memory in line with what became of the last round.
    fn recall(&mut self, round: &Round<'_>, active: &Work) {
        if self.generation != round.last_completed {
            self.previous.clear();
            self.owners.clear();
        }
        // Revoked work that is still held was not revoked: start from what the members hold.
        if !std::mem::take(&mut self.revocation).is_disjoint(active) {
            self.previous.clone_from(active);
        }
    }

    /// Gives each member without work that has the address of a lost one that one's work; returns what stays lost.
    fn give_back(&self, lost: &Work, members: &Members, barred: &Barred, next: &mut Loads) -> Work {
        let mut waiting = lost.clone();
        for (id, member) in members.iter().filter(|(_, member)| member.held.is_empty()) {
            let own: Work = waiting
                .iter()
                .filter(|unit| self.owners.get(*unit) == Some(&member.url))
                .filter(|unit| barred.allows(id, unit))
                .cloned()
                .collect();
            waiting = &waiting - &own;
            next.entry(id.clone()).or_default().extend(own);
        }
        waiting
    }

    /// Whether lost work had been stopped by its owner, who therefore left on purpose.
    fn was_resigned(&self, unit: &Unit, had_stopped: HadStopped<'_>) -> bool {
        self.owners.get(unit).is_some_and(|url| had_stopped(url, unit))
    }

    /// What of the lost work is handed out in this round.
    fn settle_lost(
        &mut self,
        lost: &Work,
        next: &mut Loads,
        barred: &Barred,
        now: Duration,
    ) -> Work {
        if lost.is_empty() && !self.revoked_in_previous {
            self.delay.reset();
            return Work::new();
        }
        let departed = self.members.iter().any(|id| !next.contains_key(id));
        match self.delay.look(lost, departed, next, barred, now) {
            Lost::Free(work) => work,
            Lost::Expired(work) => {
                self.revoked_in_previous = false;
                work
            }
            Lost::Waits => Work::new(),
        }
    }

    /// What is revoked for the sake of balance: nothing while a delay runs, and after a revocation only when the group
    /// had time to settle.
    fn balance(
        &mut self,
        round: &Round<'_>,
        next: &Loads,
        to_assign: &[Unit],
        barred: &Barred,
        intended: &Intended,
        now: Duration,
    ) -> Loads {
        if !self.delay.left().is_zero() {
            self.revoked_in_previous = false;
            return Loads::new();
        }
        let (surplus, meant) = if barred.is_empty() {
            (surplus(round.configured, next, round.members), Intended::new())
        } else {
            surplus_within(barred, next, to_assign, intended)
        };
        if by_holder(surplus.clone(), round.members).0.is_empty() {
            if self.revoked_in_previous {
                self.revoked_in_previous = false;
                self.revocations_in_a_row = 0;
            }
            return surplus;
        }
        if self.revoked_in_previous {
            self.revocations_in_a_row = self.revocations_in_a_row.saturating_add(1);
            let wait = backoff(self.revocations_in_a_row, self.delay.max());
            if !wait.is_zero() {
                self.delay.start(wait, now);
                return Loads::new();
            }
        }
        self.revoked_in_previous = true;
        self.intended = meant;
        surplus
    }

    fn remember(&mut self, round: &Round<'_>, next: &Loads, revoked: &Loads, lost: Work) {
        let mut owners = BTreeMap::new();
        for (id, held) in next {
            let url = &round.members[id].url;
            owners.extend(held.iter().map(|unit| (unit.clone(), url.clone())));
        }
        for unit in &lost {
            if let Some(url) = self.owners.remove(unit) {
                owners.entry(unit.clone()).or_insert(url);
            }
        }
        self.owners = owners;
        self.previous = next.values().flatten().cloned().chain(lost).collect();
        self.revocation = revoked.values().flatten().cloned().collect();
        self.generation = round.generation;
        self.members = round.members.keys().cloned().collect();
    }
}

/// 1 ms, growing 40-fold with each revocation in a row, never above `max` (KIP-415, KAFKA-12495).
fn backoff(in_a_row: u32, max: Duration) -> Duration {
    let factor = u64::from(BACKOFF_FACTOR).saturating_pow(in_a_row);
    Duration::from_millis(factor).min(max)
}

/// Parts what members give up into what they hold, which they have to stop, and what was only meant for them in this
/// round, which can go elsewhere without anybody noticing.
fn by_holder(surplus: Loads, members: &Members) -> (Loads, Work) {
    let (mut held, mut not_started) = (Loads::new(), Work::new());
    for (id, units) in surplus {
        let (stop, free): (Work, Work) =
            units.into_iter().partition(|unit| members[&id].held.contains(unit));
        not_started.extend(free);
        if !stop.is_empty() {
            held.insert(id, stop);
        }
    }
    (held, not_started)
}

fn known_connectors<'a>(known: &'a Work, created: &'a Work) -> impl Iterator<Item = &'a str> {
    known.iter().chain(created).map(Unit::connector)
}

fn held_where(members: &Members, wanted: impl Fn(&Unit) -> bool) -> Loads {
    let of = |held: &Work| held.iter().filter(|unit| wanted(unit)).cloned().collect::<Work>();
    members
        .iter()
        .map(|(id, member)| (id.clone(), of(&member.held)))
        .filter(|(_, work)| !work.is_empty())
        .collect()
}

/// What more than one member holds is taken from all of them.
fn held_where_twice(members: &Members) -> Loads {
    let mut holders = BTreeMap::<&Unit, usize>::new();
    for unit in members.values().flat_map(|member| &member.held) {
        *holders.entry(unit).or_default() += 1;
    }
    held_where(members, |unit| holders.get(unit).is_some_and(|count| *count > 1))
}

fn join(base: &mut Loads, more: Loads) {
    for (id, work) in more {
        base.entry(id).or_default().extend(work);
    }
}

fn shares(members: &Members, next: Loads, revoked: &Loads) -> BTreeMap<String, Share> {
    next.into_iter()
        .map(|(id, total)| {
            let assigned = &total - &members[&id].held;
            let revoked = revoked.get(&id).cloned().unwrap_or_default();
            (id, Share { assigned, revoked, total })
        })
        .collect()
}
