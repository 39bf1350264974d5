//! What is remembered of a registry, up to a size: what was not asked for the longest time goes first.

use std::{collections::HashMap, hash::Hash};

/// Values by their keys, of which the `most` that were used last are kept.
#[derive(Debug)]
pub struct Recent<K, V> {
    entries: HashMap<K, (V, u64)>,
    most: usize,
    clock: u64,
}

impl<K: Hash + Eq + Clone, V> Recent<K, V> {
    /// Keeps so many, at least one.
    pub fn new(most: usize) -> Self {
        Self { entries: HashMap::new(), most: most.max(1), clock: 0 }
    }

    /// The value of a key, which counts as used now.
    pub fn get<Q: ?Sized + Hash + Eq>(&mut self, key: &Q) -> Option<&mut V>
    where
        K: std::borrow::Borrow<Q>,
    {
        self.clock += 1;
        let (value, used) = self.entries.get_mut(key)?;
        *used = self.clock;
        Some(value)
    }

    /// Keeps a value; the one that was not used for the longest time goes if there is no room.
    pub fn put(&mut self, key: K, value: V) {
        self.clock += 1;
        if self.entries.len() >= self.most && !self.entries.contains_key(&key) {
            let oldest = self.entries.iter().min_by_key(|(_, (_, used))| *used);
            if let Some(oldest) = oldest.map(|(key, _)| key.clone()) {
                self.entries.remove(&oldest);
            }
        }
        self.entries.insert(key, (value, self.clock));
    }

    /// Forgets a key.
    pub fn forget<Q: ?Sized + Hash + Eq>(&mut self, key: &Q)
    where
        K: std::borrow::Borrow<Q>,
    {
        self.entries.remove(key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_not_used_for_long_goes_first() {
        let mut recent = Recent::new(2);
        recent.put("a", 1);
        recent.put("b", 2);
        assert_eq!(recent.get("a"), Some(&mut 1));
        recent.put("c", 3);
        assert_eq!(recent.get("b"), None);
        recent.put("a", 4);
        assert_eq!((recent.get("a").copied(), recent.get("c").copied()), (Some(4), Some(3)));
        recent.forget("a");
        assert_eq!(recent.get("a"), None);
    }
}
