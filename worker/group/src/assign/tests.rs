//! Sequences of rounds as tables: what happens before a round, and how much everybody runs after it.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::*;

const MAX_DELAY: u64 = 300_000;

/// What happens between two rounds, and how the round goes.
#[derive(Debug, Clone)]
enum Act {
    Join(&'static str),
    /// Joins under an address of its own choice.
    JoinAs(&'static str, &'static str),
    /// Joins with a connector and its four tasks that it got from another leader.
    JoinWith(&'static str, &'static str),
    Leave(&'static str),
    /// Stops what it runs, and leaves.
    Resign(&'static str),
    Add(&'static str),
    Delete(&'static str),
    Wait(u64),
    /// Waits for what the last round said.
    WaitDelay,
    WaitHalfDelay,
    NewLeader,
    /// The plan does not reach the members.
    Undelivered,
    /// The leader did not get its own assignment in the last round.
    Stale,
}
use Act::*;

/// The delay that a round must give.
#[derive(Debug, Clone, Copy)]
enum Wanted {
    Exactly(u64),
    Above(u64),
}
use Wanted::*;

/// Acts, delay, and the connectors and tasks per member in rising order.
type Row<'a> = (&'a [Act], Wanted, &'a [usize], &'a [usize]);

/// A group without a broker.
struct Group {
    assignor: IncrementalAssignor,
    max_delay: u64,
    members: Members,
    configured: Work,
    generation: i32,
    now: Duration,
    last: Plan,
    can_run: fn(&str, &str) -> bool,
    /// What members had stopped before they left.
    stopped: BTreeSet<(String, Unit)>,
}

impl Group {
    fn new(max_delay: u64, connectors: &[&str]) -> Self {
        let mut group = Self {
            assignor: IncrementalAssignor::new(Duration::from_millis(max_delay)),
            max_delay,
            members: Members::new(),
            configured: Work::new(),
            generation: -1,
            now: Duration::from_secs(1_000),
            last: Plan::default(),
            can_run: |_, _| true,
            stopped: BTreeSet::new(),
        };
        group.configured = connectors.iter().flat_map(|name| connector(name)).collect();
        group.act(&Join("w1"));
        group
    }

    fn act(&mut self, act: &Act) {
        let joins = |url: &str, held| MemberState { url: url.to_owned(), held };
        match act {
            Join(id) => drop(self.members.insert((*id).into(), joins(id, Work::new()))),
            JoinAs(id, url) => drop(self.members.insert((*id).into(), joins(url, Work::new()))),
            JoinWith(id, name) => {
                self.members.insert((*id).into(), joins(id, connector(name)));
            }
            Leave(id) => assert!(self.members.remove(*id).is_some(), "{id} is no member"),
            Resign(id) => {
                let member = self.members.remove(*id).expect("a member");
                self.stopped.extend(member.held.into_iter().map(|unit| (member.url.clone(), unit)));
            }
            Add(name) => self.configured.extend(connector(name)),
            Delete(name) => self.configured.retain(|unit| unit.connector() != *name),
            Wait(millis) => self.now += Duration::from_millis(*millis),
            WaitDelay => self.now += self.last.delay,
            WaitHalfDelay => self.now += self.last.delay / 2,
            NewLeader => {
                let max = Duration::from_millis(self.max_delay);
                self.assignor = IncrementalAssignor::new(max);
            }
            Undelivered | Stale => {}
        }
    }

    fn round(&mut self, acts: &[Act]) -> Plan {
        for act in acts {
            self.act(act);
        }
        let stale = acts.iter().any(|act| matches!(act, Stale | NewLeader));
        let round = Round {
            configured: &self.configured,
            members: &self.members,
            last_completed: if stale { self.generation - 1 } else { self.generation },
            generation: self.generation + 1,
            can_run: &self.can_run,
            had_stopped: &|url, unit| self.stopped.contains(&(url.to_owned(), unit.clone())),
        };
        let plan = self.assignor.assign(&round, self.now);
        self.generation += 1;
        self.check(&plan);
        if !acts.iter().any(|act| matches!(act, Undelivered)) {
            for (id, share) in &plan.shares {
                self.members.get_mut(id).unwrap().held.clone_from(&share.total);
            }
        }
        self.last = plan.clone();
        plan
    }

    /// What holds for every round.
    fn check(&self, plan: &Plan) {
        assert_eq!(plan.shares.keys().collect::<Vec<_>>(), self.members.keys().collect::<Vec<_>>());
        let held: Vec<&Unit> = self.members.values().flat_map(|it| &it.held).collect();
        let mut started = Work::new();
        for (id, share) in &plan.shares {
            let before = &self.members[id].held;
            assert_eq!(share.total, &(before - &share.revoked) | &share.assigned, "{id}");
            assert!(share.revoked.is_subset(before), "{id} revokes what it does not hold");
            for unit in &share.assigned {
                assert!(started.insert(unit.clone()), "{unit:?} is started twice");
                assert!(!held.contains(&unit), "{unit:?} is started while somebody holds it");
                assert!(self.configured.contains(unit), "{unit:?} is not configured");
            }
        }
    }

    fn counts(&self, kind: Kind) -> Vec<usize> {
        let mut counts: Vec<usize> =
            self.members.values().map(|member| spread::count(&member.held, kind)).collect();
        counts.sort_unstable();
        counts
    }

    fn complete_and_even(&self) -> bool {
        let held: Vec<&Unit> = self.members.values().flat_map(|it| &it.held).collect();
        let even = |counts: Vec<usize>| counts.last().unwrap() - counts[0] <= 1;
        held.len() == self.configured.len()
            && even(self.counts(Kind::Connector))
            && even(self.counts(Kind::Task))
    }
}

/// A connector with four tasks.
fn connector(name: &str) -> Work {
    let tasks = (0..4).map(|task| Unit::Task(name.to_owned(), task));
    std::iter::once(Unit::Connector(name.to_owned())).chain(tasks).collect()
}

fn check(max_delay: u64, connectors: &[&str], rows: &[Row<'_>]) {
    let mut group = Group::new(max_delay, connectors);
    for (index, (acts, wanted, connectors, tasks)) in rows.iter().enumerate() {
        let plan = group.round(acts);
        let delay = plan.delay.as_millis() as u64;
        let at = format!("row {index} {acts:?}: {plan:?}");
        match wanted {
            Exactly(wanted) => assert_eq!(delay, *wanted, "{at}"),
            Above(least) => assert!(delay > *least, "{at}"),
        }
        assert_eq!(group.counts(Kind::Connector), *connectors, "connectors, {at}");
        assert_eq!(group.counts(Kind::Task), *tasks, "tasks, {at}");
    }
    if group.last.delay.is_zero() {
        assert!(group.complete_and_even(), "{:?}", group.members);
    }
}

const TWO: &[&str] = &["c1", "c2"];
const THREE: &[&str] = &["c1", "c2", "c3"];

#[test]
fn a_joining_worker_gets_its_half_after_a_round_of_revocations() {
    let rows: &[Row<'_>] = &[
        (&[], Exactly(0), &[2], &[8]),
        (&[Join("w2")], Exactly(0), &[0, 1], &[0, 4]),
        (&[], Exactly(0), &[1, 1], &[4, 4]),
        (&[], Exactly(0), &[1, 1], &[4, 4]),
    ];
    check(MAX_DELAY, TWO, rows);
}

#[test]
fn revocations_in_a_row_wait_longer_each_time() {
    let rows: &[Row<'_>] = &[
        (&[], Exactly(0), &[3], &[12]),
        (&[Join("w2")], Exactly(0), &[0, 2], &[0, 6]),
        (&[Join("w3")], Exactly(40), &[0, 1, 2], &[3, 3, 6]),
        (&[WaitDelay, Join("w4")], Exactly(0), &[0, 0, 1, 1], &[0, 3, 3, 3]),
        (&[Join("w5")], Exactly(1_600), &[0, 0, 1, 1, 1], &[1, 2, 3, 3, 3]),
        (&[WaitDelay, Join("w6")], Exactly(0), &[0, 0, 0, 1, 1, 1], &[0, 1, 2, 2, 2, 2]),
        (&[], Exactly(0), &[0, 0, 0, 1, 1, 1], &[2, 2, 2, 2, 2, 2]),
    ];
    check(MAX_DELAY, THREE, rows);
}

#[test]
fn without_a_delay_revocations_follow_each_other_at_once() {
    let rows: &[Row<'_>] = &[
        (&[], Exactly(0), &[3], &[12]),
        (&[Join("w2")], Exactly(0), &[0, 2], &[0, 6]),
        (&[Join("w3")], Exactly(0), &[0, 1, 1], &[3, 3, 4]),
        (&[], Exactly(0), &[1, 1, 1], &[4, 4, 4]),
    ];
    check(0, THREE, rows);
}

#[test]
fn the_wait_between_revocations_never_exceeds_the_maximum() {
    let rows: &[Row<'_>] = &[
        (&[], Exactly(0), &[3], &[12]),
        (&[Join("w2")], Exactly(0), &[0, 2], &[0, 6]),
        (&[Join("w3")], Exactly(1), &[0, 1, 2], &[3, 3, 6]),
    ];
    check(1, THREE, rows);
}

#[test]
fn nothing_is_revoked_for_workers_that_join_while_a_delay_runs() {
    let rows: &[Row<'_>] = &[
        (&[], Exactly(0), &[3], &[12]),
        (&[Join("w2")], Exactly(0), &[0, 2], &[0, 6]),
        (&[Join("w3")], Above(0), &[0, 1, 2], &[3, 3, 6]),
        (&[WaitHalfDelay, Join("w4")], Above(0), &[0, 0, 1, 2], &[0, 3, 3, 6]),
        (&[WaitDelay, Join("w5")], Exactly(0), &[0, 0, 0, 1, 1], &[0, 0, 2, 3, 3]),
        (&[], Exactly(0), &[0, 0, 1, 1, 1], &[2, 2, 2, 3, 3]),
    ];
    check(MAX_DELAY, THREE, rows);
}

#[test]
fn the_work_of_a_lost_worker_goes_to_others_when_the_delay_is_over() {
    let rows: &[Row<'_>] = &[
        (&[Join("w2")], Exactly(0), &[1, 1], &[4, 4]),
        (&[Leave("w2")], Exactly(MAX_DELAY), &[1], &[4]),
        (&[Wait(MAX_DELAY / 2)], Exactly(MAX_DELAY / 2), &[1], &[4]),
        (&[Wait(MAX_DELAY / 2 + 1)], Exactly(0), &[2], &[8]),
    ];
    check(MAX_DELAY, TWO, rows);
}

#[test]
fn the_work_of_a_lost_worker_goes_to_others_at_once_without_a_delay() {
    let rows: &[Row<'_>] =
        &[(&[Join("w2")], Exactly(0), &[1, 1], &[4, 4]), (&[Leave("w2")], Exactly(0), &[2], &[8])];
    check(0, TWO, rows);
}

#[test]
fn the_work_of_a_worker_that_leaves_on_purpose_goes_to_others_at_once() {
    let rows: &[Row<'_>] = &[
        (&[Join("w2"), Join("w3")], Exactly(0), &[1, 1, 1], &[4, 4, 4]),
        (&[Resign("w3")], Exactly(0), &[1, 2], &[6, 6]),
        (&[JoinAs("w3-again", "w3")], Exactly(0), &[0, 1, 1], &[0, 4, 4]),
        (&[], Exactly(0), &[1, 1, 1], &[4, 4, 4]),
    ];
    check(MAX_DELAY, THREE, rows);
    // One that crashes beside it is still waited for.
    let rows: &[Row<'_>] = &[
        (&[Join("w2"), Join("w3")], Exactly(0), &[1, 1, 1], &[4, 4, 4]),
        (&[Resign("w3"), Leave("w2")], Exactly(MAX_DELAY), &[2], &[8]),
        (&[WaitDelay], Exactly(0), &[3], &[12]),
    ];
    check(MAX_DELAY, THREE, rows);
}

#[test]
fn a_replacement_under_another_address_gets_the_lost_work_when_the_delay_is_over() {
    let rows: &[Row<'_>] = &[
        (&[Join("w2")], Exactly(0), &[1, 1], &[4, 4]),
        (&[Leave("w2")], Exactly(MAX_DELAY), &[1], &[4]),
        (&[Wait(MAX_DELAY * 3 / 4), Join("w3")], Exactly(MAX_DELAY / 4), &[0, 1], &[0, 4]),
        (&[WaitDelay], Exactly(0), &[1, 1], &[4, 4]),
    ];
    check(MAX_DELAY, TWO, rows);
}

#[test]
fn two_replacements_share_the_lost_work() {
    let rows: &[Row<'_>] = &[
        (&[Join("w2"), Join("w3")], Exactly(0), &[1, 1, 1], &[4, 4, 4]),
        (&[Leave("w3"), Join("w4")], Exactly(MAX_DELAY), &[0, 1, 1], &[0, 4, 4]),
        (&[WaitHalfDelay, Join("w5")], Above(0), &[0, 0, 1, 1], &[0, 0, 4, 4]),
        (&[WaitDelay], Exactly(0), &[0, 1, 1, 1], &[2, 2, 3, 3]),
        (&[], Exactly(0), &[0, 1, 1, 1], &[3, 3, 3, 3]),
    ];
    check(MAX_DELAY, THREE, rows);
}

#[test]
fn a_replacement_that_left_again_is_not_waited_for() {
    let rows: &[Row<'_>] = &[
        (&[Join("w2"), Join("w3")], Exactly(0), &[1, 1, 1], &[4, 4, 4]),
        (&[Leave("w3")], Exactly(MAX_DELAY), &[1, 1], &[4, 4]),
        (&[WaitHalfDelay, Join("w4")], Above(0), &[0, 1, 1], &[0, 4, 4]),
        (&[WaitDelay, Leave("w4")], Exactly(0), &[1, 2], &[6, 6]),
    ];
    check(MAX_DELAY, THREE, rows);
}

#[test]
fn a_worker_that_comes_back_under_its_address_gets_exactly_its_own_work_at_once() {
    let mut group = Group::new(MAX_DELAY, THREE);
    group.round(&[Join("w2"), Join("w3")]);
    let own = group.members["w2"].held.clone();
    // The leader hears of the loss first, then of the return.
    assert_eq!(group.round(&[Leave("w2")]).delay.as_millis(), u128::from(MAX_DELAY));
    let plan = group.round(&[Wait(1_000), JoinAs("w2-again", "w2")]);
    assert_eq!((&plan.shares["w2-again"].assigned, plan.delay), (&own, Duration::ZERO));
    // Loss and return arrive together.
    let plan = group.round(&[Leave("w2-again"), JoinAs("w2-once-more", "w2")]);
    assert_eq!((&plan.shares["w2-once-more"].assigned, plan.delay), (&own, Duration::ZERO));
    assert!(group.complete_and_even());
}

#[test]
fn of_two_lost_workers_one_that_comes_back_does_not_end_the_wait_for_the_other() {
    let mut group = Group::new(MAX_DELAY, THREE);
    group.round(&[Join("w2"), Join("w3")]);
    let (second, third) = (group.members["w2"].held.clone(), group.members["w3"].held.clone());
    group.round(&[Leave("w2"), Leave("w3")]);
    let plan = group.round(&[WaitHalfDelay, JoinAs("w2b", "w2")]);
    assert_eq!(plan.shares["w2b"].assigned, second);
    assert_eq!(plan.delay.as_millis(), u128::from(MAX_DELAY / 2));
    let plan = group.round(&[JoinAs("w3b", "w3")]);
    assert_eq!((&plan.shares["w3b"].assigned, plan.delay), (&third, Duration::ZERO));
}

#[test]
fn a_new_leader_hands_out_missing_work_at_once() {
    let rows: &[Row<'_>] = &[
        (&[Join("w2"), Join("w3")], Exactly(0), &[0, 1, 1], &[2, 3, 3]),
        (&[Leave("w1"), NewLeader], Exactly(0), &[1, 1], &[4, 4]),
        (&[], Exactly(0), &[1, 1], &[4, 4]),
        (&[Join("w1")], Exactly(0), &[0, 1, 1], &[0, 3, 3]),
        (&[], Exactly(0), &[0, 1, 1], &[2, 3, 3]),
    ];
    check(MAX_DELAY, TWO, rows);
}

#[test]
fn a_plan_that_did_not_arrive_is_made_again_without_a_wait() {
    let rows: &[Row<'_>] = &[
        (&[Join("w2"), Undelivered], Exactly(0), &[0, 0], &[0, 0]),
        (&[], Exactly(0), &[1, 1], &[4, 4]),
    ];
    check(MAX_DELAY, TWO, rows);
}

#[test]
fn a_revocation_that_did_not_arrive_is_made_again_after_the_wait() {
    for missed in [vec![], vec![Stale]] {
        let rows: &[Row<'_>] = &[
            (&[Join("w2")], Exactly(0), &[1, 1], &[4, 4]),
            (&[Join("w3"), Undelivered], Exactly(0), &[0, 1, 1], &[0, 4, 4]),
            (&missed, Above(0), &[0, 1, 1], &[0, 4, 4]),
            (&[WaitDelay], Exactly(0), &[0, 1, 1], &[0, 3, 3]),
            (&[], Exactly(0), &[0, 1, 1], &[2, 3, 3]),
        ];
        check(MAX_DELAY, TWO, rows);
    }
}

#[test]
fn deleted_connectors_are_revoked_everywhere() {
    let rows: &[Row<'_>] = &[
        (&[Join("w2")], Exactly(0), &[1, 2], &[6, 6]),
        (&[Delete("c3")], Exactly(0), &[1, 1], &[4, 4]),
        (&[Add("c4")], Exactly(0), &[1, 2], &[6, 6]),
    ];
    check(MAX_DELAY, THREE, rows);
}

#[test]
fn deleted_work_is_revoked_also_by_a_leader_that_did_not_hand_it_out() {
    let rows: &[Row<'_>] = &[
        (&[Join("w2")], Exactly(0), &[1, 2], &[6, 6]),
        (&[Delete("c3"), NewLeader], Exactly(0), &[1, 1], &[4, 4]),
    ];
    check(MAX_DELAY, THREE, rows);
}

#[test]
fn work_that_runs_twice_is_taken_from_both() {
    let rows: &[Row<'_>] = &[
        (&[], Exactly(0), &[2], &[8]),
        (&[JoinWith("w2", "c1")], Exactly(0), &[0, 1], &[0, 4]),
        (&[], Exactly(0), &[1, 1], &[4, 4]),
        (&[], Exactly(0), &[1, 1], &[4, 4]),
    ];
    check(MAX_DELAY, TWO, rows);
    let rows: &[Row<'_>] = &[
        (&[], Exactly(0), &[2], &[8]),
        (&[Delete("c1"), JoinWith("w2", "c1")], Exactly(0), &[0, 1], &[0, 2]),
        (&[], Exactly(0), &[0, 1], &[2, 2]),
    ];
    check(MAX_DELAY, TWO, rows);
}

#[test]
fn new_work_fills_the_emptiest_workers_first() {
    let cases: &[(&[usize], usize, &[usize])] =
        &[(&[2, 2, 2], 5, &[4, 4, 3]), (&[2, 3, 4, 0], 15, &[6, 6, 6, 6]), (&[5, 0], 2, &[5, 2])];
    for (before, new, after) in cases {
        let task = |index: usize, task: usize| Unit::Task(format!("c{index}"), task as i32);
        let held = |index, count| (0..count).map(move |n| task(index, n)).collect::<Work>();
        let mut loads: BTreeMap<String, Work> = before
            .iter()
            .enumerate()
            .map(|(index, count)| (format!("w{index}"), held(index, *count)))
            .collect();
        let new: Vec<Unit> = held(9, *new).into_iter().collect();
        spread::spread(&new, &mut loads, &Barred::default(), &BTreeMap::new());
        let counts: Vec<usize> = loads.values().map(BTreeSet::len).collect();
        assert_eq!(counts, *after);
    }
}

#[test]
fn work_goes_only_to_members_that_can_run_it() {
    let mut group = Group::new(MAX_DELAY, THREE);
    group.can_run = |url, connector| url != "w2" || connector == "c3";
    group.round(&[]);
    for _ in 0..4 {
        group.round(&[Join("w2"), WaitDelay]);
        let member = group.members.remove("w2").unwrap();
        assert!(member.held.iter().all(|unit| unit.connector() == "c3"));
        group.members.insert("w2".into(), member);
        if group.members["w2"].held.len() == 5 {
            break;
        }
        group.round(&[WaitDelay]);
    }
    assert_eq!(group.members["w2"].held, connector("c3"));
    // What cannot be even is left in peace.
    for _ in 0..3 {
        let plan = group.round(&[WaitDelay]);
        assert!(plan.shares.values().all(|share| share.revoked.is_empty()), "{plan:?}");
    }
}

#[test]
fn work_on_a_member_that_cannot_run_it_moves_to_one_that_can() {
    let mut group = Group::new(MAX_DELAY, TWO);
    group.round(&[Join("w2")]);
    group.can_run = |url, _| url == "w1";
    group.round(&[]);
    group.round(&[]);
    assert!(group.members["w2"].held.is_empty());
    assert_eq!(group.members["w1"].held, group.configured);
}

#[test]
fn work_that_nobody_can_run_still_goes_to_somebody() {
    let mut group = Group::new(MAX_DELAY, TWO);
    group.can_run = |_, connector| connector != "c2";
    group.round(&[Join("w2")]);
    assert!(group.complete_and_even());
    let plan = eager(&group.configured, &group.members, &group.can_run);
    assert_eq!(plan.shares.values().map(|share| share.total.len()).sum::<usize>(), 10);
}

#[test]
fn eager_assignment_deals_connectors_and_then_tasks_in_turn() {
    let mut group = Group::new(0, THREE);
    group.act(&Join("w2"));
    let plan = eager(&group.configured, &group.members, &|_, _| true);
    let (connectors, tasks) = lists(&plan.shares["w1"].assigned);
    assert_eq!(connectors, ["c1", "c3"]);
    let numbers: Vec<(&str, i32)> = tasks.iter().map(|(name, n)| (name.as_str(), *n)).collect();
    assert_eq!(numbers, [("c1", 1), ("c1", 3), ("c2", 1), ("c2", 3), ("c3", 1), ("c3", 3)]);
    assert!(plan.delay.is_zero());

    let plan = eager(&group.configured, &group.members, &|url, name| url == "w1" || name == "c1");
    let own = [Unit::Task("c1".into(), 0), Unit::Task("c1".into(), 2)];
    assert_eq!(plan.shares["w2"].total, Work::from(own));
    assert_eq!(plan.shares["w1"].total.len(), 13);
}

#[test]
fn a_round_without_connectors_or_with_one_member_is_quiet() {
    check(
        MAX_DELAY,
        &[],
        &[(&[], Exactly(0), &[0], &[0]), (&[Join("w2")], Exactly(0), &[0, 0], &[0, 0])],
    );
}

proptest! {
    /// Whatever happens, the group ends complete and even once nothing happens any more.
    #[test]
    fn a_group_left_alone_settles(
        acts in proptest::collection::vec(0usize..9, 1..25),
        max_delay in prop_oneof![Just(0u64), Just(1), Just(MAX_DELAY)],
    ) {
        let mut group = Group::new(max_delay, TWO);
        for act in acts {
            let act = match act {
                0 if group.members.contains_key("w2") => Leave("w2"),
                0 => Join("w2"),
                1 if group.members.contains_key("w3") => Leave("w3"),
                1 => Join("w3"),
                2 => Add("c3"),
                3 => Delete("c1"),
                4 => Add("c1"),
                5 => WaitHalfDelay,
                6 => Undelivered,
                7 => Stale,
                _ => NewLeader,
            };
            group.round(&[act]);
        }
        for _ in 0..8 {
            group.round(&[WaitDelay]);
        }
        prop_assert!(group.complete_and_even(), "{:?}", group.members);
    }
}
