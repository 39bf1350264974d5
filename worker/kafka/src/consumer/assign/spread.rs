//! Spreads partitions over members: nobody could take one from somebody who has two more, and everybody keeps what that
//! allows.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet, HashMap},
};

use sluice_model::TopicPartition;

use super::{Assignments, Subscriber, Topics, partitions};

/// Assigns every partition of `topics`; `owners` has who keeps what if possible, by the places in `members`.
pub(super) fn spread(
    topics: &Topics,
    members: &[Subscriber],
    owners: &BTreeMap<TopicPartition, usize>,
) -> Assignments {
    let mut table = Table::new(topics, members);
    for (of, owner) in owners {
        table.loads[*owner].kept.insert(Key::of(of));
    }
    let mut free: Vec<TopicPartition> =
        partitions(topics).filter(|it| !owners.contains_key(it)).collect();
    // What few can take first, or others fill those few.
    free.sort_by_key(|it| table.takers(&it.topic).len());
    for of in free {
        if let Some(taker) = table.least_loaded(&of.topic) {
            table.loads[taker].new.insert(Key::of(&of));
        }
    }
    while table.relieve() {}
    table.assignments(members)
}

/// Orders the partitions of a member: it keeps the first ones, so that each topic stays spread.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Key(i32, std::sync::Arc<str>);

impl Key {
    fn of(of: &TopicPartition) -> Self {
        Self(of.partition, std::sync::Arc::clone(&of.topic))
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
}

impl<'a> Table<'a> {
    fn new(topics: &'a Topics, members: &'a [Subscriber]) -> Self {
        let mut ordered: Vec<usize> = (0..members.len()).collect();
        ordered.sort_by_key(|it| &members[*it].id);
        let mut takers: HashMap<&str, Vec<usize>> = HashMap::new();
        for index in ordered {
            let wanted: BTreeSet<&String> = members[index].subscription.topics.iter().collect();
            for topic in wanted.into_iter().filter(|it| topics.contains_key(*it)) {
                takers.entry(topic).or_default().push(index);
            }
        }
        Self { takers, loads: members.iter().map(|_| Load::default()).collect() }
    }

    fn takers(&self, topic: &str) -> &[usize] {
        self.takers.get(topic).map_or(&[], Vec::as_slice)
    }

    fn least_loaded(&self, topic: &str) -> Option<usize> {
        self.takers(topic).iter().copied().min_by_key(|it| self.loads[*it].len())
    }

    /// Moves one partition to a member that has at least two fewer, if there is one that can take it: first from those
    /// who have the most, first what is new to them.
    fn relieve(&mut self) -> bool {
        let mut givers: Vec<usize> = (0..self.loads.len()).collect();
        givers.sort_by_key(|it| Reverse(self.loads[*it].len()));
        for giver in givers {
            let load = &self.loads[giver];
            let mut seen = BTreeSet::new();
            let candidates = load.new.iter().rev().chain(load.kept.iter().rev());
            let movable = candidates
                // Who can take one partition of a topic can take any other.
                .filter(|key| seen.insert(&*key.1))
                .find_map(|key| {
                    let taker = self.least_loaded(&key.1)?;
                    (self.loads[taker].len() + 1 < load.len()).then(|| (key.clone(), taker))
                });
            if let Some((key, taker)) = movable {
                let giver = &mut self.loads[giver];
                if !giver.new.remove(&key) {
                    giver.kept.remove(&key);
                }
                self.loads[taker].new.insert(key);
                return true;
            }
        }
        false
    }

    fn assignments(self, members: &[Subscriber]) -> Assignments {
        let of = |Key(partition, topic)| TopicPartition { topic, partition };
        let given = self.loads.into_iter().map(|load| {
            let mut given: Vec<_> = load.kept.into_iter().chain(load.new).map(of).collect();
            given.sort();
            given
        });
        members.iter().map(|it| it.id.clone()).zip(given).collect()
    }
}
