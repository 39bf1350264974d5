//! Room for connectors: those of one cluster never take all of it, and those of a cluster that does not answer next to none.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex};

use crate::context::Key;

/// Connectors of one cluster that are looked at at the same time.
const EACH: usize = 16;
/// The same while the workers of the cluster do not answer.
const SILENT: usize = 1;

/// Clusters whose workers did not answer when they were last asked.
#[derive(Debug, Default)]
pub(crate) struct Silence(Mutex<HashSet<Key>>);

impl Silence {
    /// Notes whether a cluster is silent.
    pub(crate) fn note(&self, cluster: &Key, silent: bool) {
        let mut clusters = self.0.lock().expect("no holder of the lock panics");
        if silent {
            clusters.insert(cluster.clone());
        } else {
            clusters.remove(cluster);
        }
    }

    fn is(&self, cluster: &Key) -> bool {
        self.0.lock().expect("no holder of the lock panics").contains(cluster)
    }
}

/// Counts what is under way, by cluster.
#[derive(Clone, Debug, Default)]
pub(crate) struct Slots(Arc<Mutex<HashMap<Key, usize>>>);

/// A place that is free again when this is dropped.
#[derive(Debug)]
pub(crate) struct Slot {
    slots: Slots,
    cluster: Key,
}

impl Slots {
    /// A place for a connector of a cluster, if there is one.
    pub(crate) fn enter(&self, cluster: Key, silence: &Silence) -> Option<Slot> {
        let most = if silence.is(&cluster) { SILENT } else { EACH };
        let mut taken = self.0.lock().expect("no holder of the lock panics");
        let count = taken.entry(cluster.clone()).or_insert(0);
        if *count >= most {
            return None;
        }
        *count += 1;
        Some(Slot { slots: self.clone(), cluster })
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        let mut taken = self.slots.0.lock().expect("no holder of the lock panics");
        if let Some(count) = taken.get_mut(&self.cluster) {
            *count -= 1;
            if *count == 0 {
                taken.remove(&self.cluster);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cluster_takes_its_share_and_gives_it_back() {
        let (slots, silence) = (Slots::default(), Silence::default());
        let cluster = |name: &str| ("n".to_owned(), name.to_owned());
        let enter = |name| slots.enter(cluster(name), &silence);
        let taken: Vec<_> = std::iter::from_fn(|| enter("a")).collect();
        assert_eq!(taken.len(), EACH);
        assert!(enter("b").is_some(), "others are not concerned");
        drop(taken);
        assert!(slots.0.lock().unwrap().is_empty());

        silence.note(&cluster("a"), true);
        let first = enter("a");
        assert!(first.is_some() && enter("a").is_none());
        silence.note(&cluster("a"), false);
        assert!(enter("a").is_some());
    }
}
