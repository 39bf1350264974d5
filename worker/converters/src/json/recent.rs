//! A bounded list of what was used last, the latest first.

/// Weight of all entries together: no stream of ever new entries takes more memory than what this stands for.
const WEIGHT: usize = 4 << 20;

/// What is kept for use again.
pub(super) struct Recent<T> {
    entries: Vec<Entry<T>>,
    limit: usize,
    weight: usize,
}

struct Entry<T> {
    // A box: a hit moves the entries before it.
    value: Box<T>,
    weight: usize,
}

impl<T> Recent<T> {
    /// Keeps `limit` entries, and one in any case.
    pub(super) const fn new(limit: usize) -> Self {
        Self { entries: Vec::new(), limit, weight: 0 }
    }

    /// The entry that was used last.
    pub(super) fn latest(&self) -> Option<&T> {
        self.entries.first().map(|it| &*it.value)
    }

    /// Looks an entry up, and makes it the latest.
    pub(super) fn find(&mut self, is_wanted: impl Fn(&T) -> bool) -> Option<&mut T> {
        let place = self.entries.iter().position(|it| is_wanted(&it.value))?;
        self.entries[..=place].rotate_right(1);
        self.entries.first_mut().map(|it| &mut *it.value)
    }

    /// Adds an entry as the latest, in place of those that were not used for longest if there are too many. Its weight is
    /// what its memory is proportional to.
    pub(super) fn add(&mut self, value: T, weight: usize) {
        while self.entries.len() >= self.limit || self.weight + weight > WEIGHT {
            let Some(last) = self.entries.pop() else { break };
            self.weight -= last.weight;
        }
        self.weight += weight;
        self.entries.insert(0, Entry { value: Box::new(value), weight });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_used_stays() {
        let mut recent = Recent::new(2);
        assert_eq!(recent.latest(), None);
        recent.add(1, 1);
        recent.add(2, 1);
        assert_eq!(recent.find(|it| *it == 1), Some(&mut 1));
        recent.add(3, WEIGHT - 1);
        assert_eq!(recent.find(|it| *it == 2), None);
        assert_eq!(recent.latest(), Some(&3));
        assert_eq!(recent.find(|it| *it == 1), Some(&mut 1));
        let mut none = Recent::new(0);
        none.add(1, 1);
        none.add(2, 2 * WEIGHT);
        assert_eq!(none.find(|it| *it == 1), None);
        assert_eq!(none.latest(), Some(&2));
    }
}
