//! Spreads partitions over members: nobody could take one from somebody who has two more, and everybody keeps what that
//! allows. Where racks matter, as much as possible is near who reads it, if that costs no balance.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet, HashMap},
};

use sluice_model::TopicPartition;

use super::{Assignments, Racks, Subscriber, Topics, partitions, racks::Neighbourhood};

/// Assigns every partition of `topics`; `owners` has who keeps what if possible, by the places in `members`.
pub(super) fn spread(
    topics: &Topics,
    racks: &Racks,
    members: &[Subscriber],
    owners: &BTreeMap<TopicPartition, usize>,
) -> Assignments {
    let near = Neighbourhood::new(racks, members, partitions(topics));
    let mut table = Table::new(topics, members, near);
    for (of, owner) in owners {
        table.loads[*owner].kept.insert(Key::of(of));
    }
    let mut free: Vec<TopicPartition> =
        partitions(topics).filter(|it| !owners.contains_key(it)).collect();
    // What few can take first, or others fill those few.
    free.sort_by_key(|it| (table.takers(&it.topic).len(), table.near.neighbours(it)));
    let most = partitions(topics).count().div_ceil(members.len().max(1));
    free.retain(|of| {
        let has_room = |it: usize| table.loads[it].len() < most && table.near.is_near(it, of);
        let taker = table.least_loaded(&of.topic, has_room);
        if let Some(taker) = taker {
            table.loads[taker].new.insert(Key::of(of));
        }
        taker.is_none()
    });
    for of in free {
        if let Some(taker) = table.least_loaded(&of.topic, |_| true) {
            table.loads[taker].new.insert(Key::of(&of));
        }
    }
    while table.relieve() {}
    // Each step leaves more near than there was, and the balance as good: what has come to rest stays so.
    while table.draw_near() {}
    table.assignments(members)
}

/// Orders the partitions of a member: it keeps the first ones, so that each topic stays spread.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Key(i32, std::sync::Arc<str>);

impl Key {
    fn of(of: &TopicPartition) -> Self {
        Self(of.partition, std::sync::Arc::clone(&of.topic))
    }

    fn partition(&self) -> TopicPartition {
        TopicPartition { topic: std::sync::Arc::clone(&self.1), partition: self.0 }
    }
}

#[derive(Default)]
struct Load {
    kept: BTreeSet<Key>,
    new: BTreeSet<Key>,
}

impl Load {
    fn len(&self) -> usize {
        self.kept.len() + self.new.len()
    }
}

struct Table<'a> {
    /// By topic, who can take its partitions, in the order of ids.
    takers: HashMap<&'a str, Vec<usize>>,
    loads: Vec<Load>,
    near: Neighbourhood<'a>,
}

impl<'a> Table<'a> {
    fn new(topics: &'a Topics, members: &'a [Subscriber], near: Neighbourhood<'a>) -> Self {
        let mut ordered: Vec<usize> = (0..members.len()).collect();
        ordered.sort_by_key(|it| &members[*it].id);
        let mut takers: HashMap<&str, Vec<usize>> = HashMap::new();
        for index in ordered {
            let wanted: BTreeSet<&String> = members[index].subscription.topics.iter().collect();
            for topic in wanted.into_iter().filter(|it| topics.contains_key(*it)) {
                takers.entry(topic).or_default().push(index);
            }
        }
        Self { takers, loads: members.iter().map(|_| Load::default()).collect(), near }
    }

    fn takers(&self, topic: &str) -> &[usize] {
        self.takers.get(topic).map_or(&[], Vec::as_slice)
    }

    fn least_loaded(&self, topic: &str, may: impl Fn(usize) -> bool) -> Option<usize> {
        let takers = self.takers(topic).iter().copied().filter(|it| may(*it));
        takers.min_by_key(|it| self.loads[*it].len())
    }

    /// Moves one partition to a member that has at least two fewer, if there is one that can take it: first from those
    /// who have the most, first what is new to them, first what becomes no farther.
    fn relieve(&mut self) -> bool {
        let mut givers: Vec<usize> = (0..self.loads.len()).collect();
        givers.sort_by_key(|it| Reverse(self.loads[*it].len()));
        for giver in givers {
            let load = &self.loads[giver];
            let movable = self.movable(giver, load.new.iter().rev());
            let movable = movable.or_else(|| self.movable(giver, load.kept.iter().rev()));
            if let Some((key, taker)) = movable {
                self.hand_over(giver, key, taker);
                return true;
            }
        }
        false
    }

    /// One of these that somebody with at least two fewer can take, and who.
    fn movable<'b>(
        &self,
        giver: usize,
        candidates: impl Iterator<Item = &'b Key>,
    ) -> Option<(Key, usize)> {
        let most = self.loads[giver].len();
        let has_room = |it: usize| self.loads[it].len() + 1 < most;
        let mut seen = BTreeSet::new();
        let mut second = None;
        for key in candidates {
            let of = key.partition();
            let is_near = self.near.is_near(giver, &of);
            if let Some(taker) = self
                .least_loaded(&key.1, |it| has_room(it) && (!is_near || self.near.is_near(it, &of)))
            {
                return Some((key.clone(), taker));
            }
            // Who can take one partition of a topic can take any other.
            if second.is_none() && seen.insert(&*key.1) {
                let taker = self.least_loaded(&key.1, has_room);
                second = taker.map(|taker| (key.clone(), taker));
            }
        }
        second
    }

    /// Moves partitions from members that are far to such that are near, who have fewer or give one for it.
    fn draw_near(&mut self) -> bool {
        let mut has_moved = false;
        for giver in 0..self.loads.len() {
            let load = &self.loads[giver];
            let all = load.kept.iter().chain(&load.new);
            let far: Vec<Key> =
                all.filter(|it| self.near.is_far(giver, &it.partition())).cloned().collect();
            for key in far {
                let of = key.partition();
                let takers = self.takers(&of.topic).iter().copied();
                let found = takers.filter(|it| self.near.is_near(*it, &of)).find_map(|taker| {
                    let has_fewer = self.loads[taker].len() < self.loads[giver].len();
                    let price = if has_fewer { None } else { Some(self.price(taker, giver)?) };
                    Some((taker, price))
                });
                if let Some((taker, price)) = found {
                    self.hand_over(giver, key, taker);
                    if let Some(price) = price {
                        self.hand_over(taker, price, giver);
                    }
                    has_moved = true;
                }
            }
        }
        has_moved
    }

    /// What a member can give another one without that it becomes farther.
    fn price(&self, giver: usize, taker: usize) -> Option<Key> {
        let load = &self.loads[giver];
        let is_cheap = |key: &&Key| {
            let of = key.partition();
            self.takers(&of.topic).contains(&taker)
                && (!self.near.is_near(giver, &of) || self.near.is_near(taker, &of))
        };
        load.new.iter().chain(&load.kept).find(is_cheap).cloned()
    }

    fn hand_over(&mut self, giver: usize, key: Key, taker: usize) {
        let from = &mut self.loads[giver];
        if !from.new.remove(&key) {
            from.kept.remove(&key);
        }
        self.loads[taker].new.insert(key);
    }

    fn assignments(self, members: &[Subscriber]) -> Assignments {
        let given = self.loads.into_iter().map(|load| {
            let mut given: Vec<_> =
                load.kept.into_iter().chain(load.new).map(|it| it.partition()).collect();
            given.sort();
            given
        });
        members.iter().map(|it| it.id.clone()).zip(given).collect()
    }
}
