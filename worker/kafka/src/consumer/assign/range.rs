//! Per topic, each of its members gets one run of partitions; the first ones get one more where it does not come out even.
//! Where racks matter, members first take what is near, as much as their run would have.

use std::collections::{BTreeMap, BTreeSet};

use sluice_model::TopicPartition;

use super::{Assignments, Racks, Subscriber, Topics, in_turn, nothing_yet, racks};

/// Mirrors `RangeAssignor`.
pub(super) fn assign(topics: &Topics, racks: &Racks, members: &[Subscriber]) -> Assignments {
    let mut assignments = nothing_yet(members);
    let members = in_turn(members);
    let mut parts: Vec<Part> =
        topics.iter().map(|(topic, count)| Part::new(topic, *count, racks, &members)).collect();
    if parts.iter().any(|it| it.racks_matter) {
        assign_nearby(&mut parts);
    }
    for mut part in parts {
        part.assign_runs(|_, _, _| true);
        for (taker, given) in part.takers.iter().zip(&part.given) {
            let given = given.iter().map(|it| TopicPartition::new(part.topic, *it));
            assignments.entry(taker.id.clone()).or_default().extend(given);
        }
    }
    assignments
}

/// Topics with the same members and as many partitions keep equal numbers together, for those who join them: near is what
/// is near in all of them.
fn assign_nearby(parts: &mut [Part]) {
    let mut alike: BTreeMap<(Vec<&str>, i32), Vec<&mut Part>> = BTreeMap::new();
    for part in parts {
        let takers = part.takers.iter().map(|it| it.id.as_str()).collect();
        alike.entry((takers, part.count)).or_default().push(part);
    }
    for ((takers, count), mut parts) in alike {
        if let [part] = parts.as_mut_slice() {
            if part.racks_matter {
                part.assign_runs(Part::suits);
            }
            continue;
        }
        for partition in 0..count {
            let suits = |it: &&mut Part, taker| it.suits(taker, partition) && it.room(taker) > 0;
            let taker = (0..takers.len()).find(|taker| parts.iter().all(|it| suits(it, *taker)));
            let Some(taker) = taker else { continue };
            for part in &mut parts {
                part.give(taker, [partition].into());
            }
        }
    }
}

/// One topic on its way to its members.
struct Part<'a> {
    topic: &'a str,
    count: i32,
    racks: &'a Racks,
    takers: Vec<&'a Subscriber>,
    racks_matter: bool,
    free: BTreeSet<i32>,
    /// By the places of the takers.
    given: Vec<BTreeSet<i32>>,
    /// What each gets, if not one more.
    run: usize,
    /// How many get one more yet.
    longer: usize,
}

impl<'a> Part<'a> {
    fn new(topic: &'a str, count: i32, racks: &'a Racks, members: &[&'a Subscriber]) -> Self {
        let takes_part = |it: &&&Subscriber| it.subscription.topics.iter().any(|it| it == topic);
        let takers: Vec<&Subscriber> = members.iter().filter(takes_part).copied().collect();
        let of_takers: Vec<Option<&str>> = takers.iter().map(|it| racks::of_member(it)).collect();
        let partitions = (0..count).map(|it| TopicPartition::new(topic, it));
        let free: BTreeSet<i32> = (0..count).collect();
        let shares = takers.len().max(1);
        Self {
            topic,
            count,
            racks,
            racks_matter: racks::matter(racks, &of_takers, partitions),
            given: vec![BTreeSet::new(); takers.len()],
            takers,
            run: free.len() / shares,
            longer: free.len() % shares,
            free,
        }
    }

    /// Whether a taker has no rack, or the partition a copy in it.
    fn suits(&self, taker: usize, partition: i32) -> bool {
        let of = TopicPartition::new(self.topic, partition);
        racks::of_member(self.takers[taker]).is_none_or(|it| racks::has_copy(self.racks, &of, it))
    }

    /// How many more a taker can get.
    fn room(&self, taker: usize) -> usize {
        (self.run + usize::from(self.longer > 0)).saturating_sub(self.given[taker].len())
    }

    fn give(&mut self, taker: usize, partitions: BTreeSet<i32>) {
        self.free.retain(|it| !partitions.contains(it));
        self.given[taker].extend(partitions);
        if self.given[taker].len() > self.run {
            self.longer = self.longer.saturating_sub(1);
        }
    }

    /// Fills up one taker after the other with what may be its.
    fn assign_runs(&mut self, may: impl Fn(&Self, usize, i32) -> bool) {
        for taker in 0..self.takers.len() {
            let room = self.room(taker);
            let suiting = self.free.iter().copied().filter(|it| may(self, taker, *it));
            let partitions: BTreeSet<i32> = suiting.take(room).collect();
            if !partitions.is_empty() {
                self.give(taker, partitions);
            }
        }
    }
}
