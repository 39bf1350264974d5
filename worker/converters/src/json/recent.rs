//! What was used last, in a bounded number, found in few steps however many there are.

use std::cmp::Ordering;

/// Weight of all entries together: no stream of ever new entries takes more memory than what this stands for.
const WEIGHT: usize = 4 << 20;

/// What is kept for use again, in the order of some key that the caller knows. Equal keys may be there twice, but only one
/// is found.
pub(super) struct Recent<T> {
    entries: Vec<Entry<T>>,
    /// The place of the entry that was used last.
    latest: usize,
    /// Counts uses.
    clock: u64,
    limit: usize,
    weight: usize,
}

struct Entry<T> {
    // A box: a new entry moves those behind it.
    value: Box<T>,
    weight: usize,
    /// When it was used last.
    used: u64,
}

impl<T> Recent<T> {
    /// Keeps `limit` entries, and one in any case.
    pub(super) const fn new(limit: usize) -> Self {
        Self { entries: Vec::new(), latest: 0, clock: 0, limit, weight: 0 }
    }

    /// The entry that was used last.
    pub(super) fn latest(&self) -> Option<&T> {
        self.entries.get(self.latest).map(|it| &*it.value)
    }

    /// Looks an entry up, and makes it the latest: the last one that is not greater than the key, if it is wanted.
    /// `order` says where an entry stands beside the key.
    pub(super) fn find(
        &mut self,
        order: impl Fn(&T) -> Ordering,
        is_wanted: impl Fn(&T) -> bool,
    ) -> Option<&mut T> {
        if !self.latest().is_some_and(&is_wanted) {
            let place = self.place(order).checked_sub(1)?;
            if !is_wanted(&self.entries[place].value) {
                return None;
            }
            self.latest = place;
        }
        self.clock += 1;
        let found = self.entries.get_mut(self.latest)?;
        found.used = self.clock;
        Some(&mut found.value)
    }

    /// Adds an entry as the latest, in place of those that were not used for longest if there are too many. Its weight is
    /// what its memory is proportional to.
    pub(super) fn add(&mut self, value: T, weight: usize, order: impl Fn(&T) -> Ordering) {
        while self.entries.len() >= self.limit || self.weight + weight > WEIGHT {
            let places = 0..self.entries.len();
            let Some(oldest) = places.min_by_key(|it| self.entries[*it].used) else { break };
            self.weight -= self.entries.remove(oldest).weight;
        }
        self.weight += weight;
        self.clock += 1;
        self.latest = self.place(order);
        let entry = Entry { value: Box::new(value), weight, used: self.clock };
        self.entries.insert(self.latest, entry);
    }

    /// The place behind all entries that are not greater than the key.
    fn place(&self, order: impl Fn(&T) -> Ordering) -> usize {
        self.entries.partition_point(|it| order(&it.value).is_le())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn find(recent: &mut Recent<i32>, key: i32) -> Option<i32> {
        recent.find(|it| it.cmp(&key), |it| *it == key).copied()
    }

    fn add(recent: &mut Recent<i32>, key: i32, weight: usize) {
        recent.add(key, weight, |it| it.cmp(&key));
    }

    #[test]
    fn what_is_used_stays() {
        let mut recent = Recent::new(2);
        assert_eq!(recent.latest(), None);
        add(&mut recent, 1, 1);
        add(&mut recent, 2, 1);
        assert_eq!(find(&mut recent, 1), Some(1));
        add(&mut recent, 3, WEIGHT - 1);
        assert_eq!(find(&mut recent, 2), None);
        assert_eq!(recent.latest(), Some(&3));
        assert_eq!(find(&mut recent, 1), Some(1));
        let mut none = Recent::new(0);
        add(&mut none, 1, 1);
        add(&mut none, 2, 2 * WEIGHT);
        assert_eq!(find(&mut none, 1), None);
        assert_eq!(none.latest(), Some(&2));
    }

    #[test]
    fn many_are_found_wherever_they_stand() {
        let mut recent = Recent::new(100);
        let keys = || (0..1000).map(|it| it * 7919 % 1009);
        for key in keys() {
            add(&mut recent, key, 1);
            assert_eq!(find(&mut recent, key), Some(key));
        }
        let kept: Vec<i32> = keys().filter(|it| find(&mut recent, *it).is_some()).collect();
        assert_eq!(kept, keys().skip(900).collect::<Vec<_>>());
    }
}
