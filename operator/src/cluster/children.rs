//! The objects of the clusters as the API server has them, metadata only: what is as it was last written is not written
//! again.

use std::any::TypeId;
use std::collections::HashMap;
use std::fmt::Debug;
use std::hash::{BuildHasher, RandomState};
use std::sync::Mutex;

use k8s_openapi::NamespaceResourceScope;
use kube::api::ObjectMeta;
use kube::core::PartialObjectMeta;
use kube::runtime::reflector::{ObjectRef, Store};
use kube::{Resource, ResourceExt};
use serde::Serialize;

/// Looks one object up, by namespace and name.
type Lookup = Box<dyn Fn(&str, &str) -> Option<Version> + Send + Sync>;

/// Caches of the objects of one scope, and what was written last.
#[derive(Default)]
pub struct Children {
    lookups: Vec<(TypeId, Lookup)>,
    written: Mutex<HashMap<Identity, Written>>,
    hashes: RandomState,
}

type Identity = (TypeId, String, String);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Written {
    digest: u64,
    version: Version,
}

/// Changes when an object does; for objects whose status changes by itself, when the rest does.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Version {
    Generation(Option<String>, i64),
    Resource(Option<String>, Option<String>),
}

impl Version {
    fn of(metadata: &ObjectMeta) -> Self {
        match metadata.generation {
            Some(generation) => Self::Generation(metadata.uid.clone(), generation),
            None => Self::Resource(metadata.uid.clone(), metadata.resource_version.clone()),
        }
    }
}

impl Children {
    /// Adds a cache of one kind.
    pub fn add<K>(&mut self, store: Store<PartialObjectMeta<K>>)
    where
        K: Resource<Scope = NamespaceResourceScope, DynamicType = ()>
            + Clone
            + Debug
            + Send
            + Sync
            + 'static,
    {
        let lookup = move |namespace: &str, name: &str| {
            let found = store.get(&ObjectRef::new(name).within(namespace))?;
            // What is on its way out has to be written again once it is gone.
            let stays = found.metadata.deletion_timestamp.is_none();
            stays.then(|| Version::of(&found.metadata))
        };
        self.lookups.push((TypeId::of::<K>(), Box::new(lookup)));
    }

    /// Whether the API server has an object as it was last written, and it was this.
    pub(super) fn has<K: Resource<DynamicType = ()> + Serialize + 'static>(
        &self,
        object: &K,
    ) -> bool {
        let identity = identity(object);
        let written = self.written.lock().expect("no holder of the lock panics");
        let Some(written) = written.get(&identity) else { return false };
        let (kind, namespace, name) = &identity;
        let mut lookups = self.lookups.iter().filter(|(of, _)| of == kind);
        written.digest == self.digest(object)
            && lookups.any(|(_, lookup)| lookup(namespace, name).as_ref() == Some(&written.version))
    }

    /// Notes what was written, and the answer.
    pub(super) fn note<K: Resource<DynamicType = ()> + Serialize + 'static>(
        &self,
        object: &K,
        answer: &K,
    ) {
        let written = Written { digest: self.digest(object), version: Version::of(answer.meta()) };
        let mut all = self.written.lock().expect("no holder of the lock panics");
        all.insert(identity(object), written);
    }

    /// Forgets the objects of a cluster that goes: they carry its name, or begin with it.
    pub(crate) fn forget(&self, namespace: &str, cluster: &str) {
        let prefix = format!("{cluster}-connect");
        let mut all = self.written.lock().expect("no holder of the lock panics");
        all.retain(|(_, of, name), _| of != namespace || !name.starts_with(&prefix));
    }

    fn digest(&self, object: &impl Serialize) -> u64 {
        self.hashes.hash_one(serde_json::to_string(object).unwrap_or_default())
    }
}

fn identity<K: Resource<DynamicType = ()> + 'static>(object: &K) -> Identity {
    (TypeId::of::<K>(), object.namespace().unwrap_or_default(), object.name_any())
}

#[cfg(test)]
mod tests {
    use k8s_openapi::api::core::v1::ConfigMap;
    use kube::runtime::reflector::store;
    use kube::runtime::watcher::Event;
    use serde_json::json;

    use super::*;

    fn config_map(version: Option<&str>, text: &str) -> ConfigMap {
        serde_json::from_value(json!({
            "metadata": {"name": "a-connect-config", "namespace": "n", "resourceVersion": version},
            "data": {"file": text},
        }))
        .unwrap()
    }

    #[test]
    fn an_object_is_written_again_only_if_it_or_what_is_there_has_changed() {
        let (reader, mut writer) = store::<PartialObjectMeta<ConfigMap>>();
        let mut children = Children::default();
        children.add::<ConfigMap>(reader);
        let mut seen = |version: &str| {
            let metadata = config_map(Some(version), "").metadata;
            let object = PartialObjectMeta { metadata, ..PartialObjectMeta::default() };
            writer.apply_watcher_event(&Event::Apply(object));
        };
        let wanted = config_map(None, "1");
        assert!(!children.has(&wanted), "never written");
        children.note(&wanted, &config_map(Some("7"), "1"));
        assert!(!children.has(&wanted), "not seen");
        seen("7");
        assert!(children.has(&wanted));
        assert!(!children.has(&config_map(None, "2")), "something else is wanted");
        seen("8");
        assert!(!children.has(&wanted), "somebody has changed it");
        seen("7");
        children.forget("n", "a");
        assert!(!children.has(&wanted));
    }
}
