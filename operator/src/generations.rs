//! Changes of what is wanted, among all changes of objects.

use std::collections::HashMap;

use kube::runtime::watcher::Event;
use kube::{Resource, ResourceExt};

use crate::context::Key;

/// Generations that were seen last.
#[derive(Debug, Default)]
pub(crate) struct Generations(HashMap<Key, (Option<String>, Option<i64>)>);

impl Generations {
    /// The object, if it came, went, or another thing is wanted of it than before.
    pub(crate) fn change<K: Resource>(&mut self, event: Event<K>) -> Option<K> {
        match event {
            Event::Init | Event::InitDone => None,
            Event::Delete(object) => {
                self.0.remove(&key(&object));
                Some(object)
            }
            Event::InitApply(object) | Event::Apply(object) => {
                let now = (object.uid(), object.meta().generation);
                let before = self.0.insert(key(&object), now.clone());
                (before != Some(now)).then_some(object)
            }
        }
    }
}

fn key<K: Resource>(object: &K) -> Key {
    (object.namespace().unwrap_or_default(), object.name_any())
}

#[cfg(test)]
mod tests {
    use k8s_openapi::api::core::v1::ConfigMap;
    use serde_json::json;

    use super::*;

    #[test]
    fn only_what_comes_goes_or_is_wanted_otherwise_counts() {
        let object = |uid: &str, generation: i64| -> ConfigMap {
            let metadata = json!({"name": "a", "uid": uid, "generation": generation});
            serde_json::from_value(json!({"metadata": metadata})).unwrap()
        };
        let mut generations = Generations::default();
        let table = [
            (Event::Init, false),
            (Event::InitApply(object("u", 1)), true),
            (Event::InitDone, false),
            (Event::Apply(object("u", 1)), false),
            (Event::Apply(object("u", 2)), true),
            // A relist.
            (Event::InitApply(object("u", 2)), false),
            (Event::Delete(object("u", 2)), true),
            (Event::Apply(object("v", 2)), true),
        ];
        for (step, (event, counts)) in table.into_iter().enumerate() {
            assert_eq!(generations.change(event).is_some(), counts, "step {step}");
        }
    }
}
