//! Objects that go, also while nobody watches.

use std::collections::HashMap;

use kube::runtime::watcher::Event;
use kube::{Resource, ResourceExt};

use crate::context::Key;

/// Objects that were seen last.
#[derive(Debug)]
pub(crate) struct Disappearances<K> {
    known: HashMap<Key, K>,
    /// What a list that is under way has named so far.
    listed: HashMap<Key, K>,
}

impl<K> Default for Disappearances<K> {
    fn default() -> Self {
        Self { known: HashMap::new(), listed: HashMap::new() }
    }
}

impl<K: Resource> Disappearances<K> {
    /// What has gone.
    pub(crate) fn after(&mut self, event: Event<K>) -> Vec<K> {
        match event {
            Event::Init => {
                self.listed.clear();
                Vec::new()
            }
            Event::InitApply(object) => {
                self.listed.insert(key(&object), object);
                Vec::new()
            }
            Event::InitDone => {
                let listed = std::mem::take(&mut self.listed);
                let before = std::mem::replace(&mut self.known, listed);
                let gone = before.into_iter().filter(|(key, _)| !self.known.contains_key(key));
                gone.map(|(_, object)| object).collect()
            }
            Event::Apply(object) => {
                self.known.insert(key(&object), object);
                Vec::new()
            }
            Event::Delete(object) => {
                self.known.remove(&key(&object));
                vec![object]
            }
        }
    }
}

fn key<K: Resource>(object: &K) -> Key {
    (object.namespace().unwrap_or_default(), object.name_any())
}

#[cfg(test)]
mod tests {
    use k8s_openapi::api::core::v1::Secret;
    use serde_json::json;

    use super::*;

    #[test]
    fn what_goes_is_told_once_also_if_it_went_between_two_lists() {
        let object = |name: &str| -> Secret {
            serde_json::from_value(json!({"metadata": {"name": name}})).unwrap()
        };
        let mut seen = Disappearances::default();
        for (step, (event, expected)) in [
            (Event::Init, None),
            (Event::InitApply(object("a")), None),
            (Event::InitApply(object("b")), None),
            (Event::InitDone, None),
            (Event::Apply(object("c")), None),
            (Event::Delete(object("a")), Some("a")),
            (Event::Init, None),
            (Event::InitApply(object("b")), None),
            (Event::InitDone, Some("c")),
            (Event::Init, None),
            (Event::InitDone, Some("b")),
        ]
        .into_iter()
        .enumerate()
        {
            let gone: Vec<String> = seen.after(event).iter().map(ResourceExt::name_any).collect();
            assert_eq!(gone, Vec::from_iter(expected), "step {step}");
        }
    }
}
