//! Carries values of Secrets and ConfigMaps to the workers: one Secret a cluster, always mounted, in which each
//! connector owns the keys that it refers to. Values pass through here and stay nowhere else.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Mutex, MutexGuard};

use k8s_openapi::ByteString;
use k8s_openapi::api::core::v1::{ConfigMap, Pod, Secret};
use kube::api::{ListParams, Patch, PatchParams};
use kube::core::PartialObjectMeta;
use kube::{Api, Client, Resource, ResourceExt};
use serde_json::json;

use super::references::{Holder, Reference};
use crate::cluster::pods::is_worker;
use crate::context::Key;
use crate::names;
use crate::reason::Reason;

/// Annotation on worker pods. A pod that changes gets its mounted Secrets refreshed at once.
const VERSION: &str = "sluice.dev/secrets-version";

/// Why values could not be carried.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The object is not there.
    #[error("spec.config: there is no {holder} {name}; create it")]
    NoHolder {
        /// Its kind.
        holder: Holder,
        /// Its name.
        name: String,
    },
    /// The object lacks the key.
    #[error("spec.config: the {} {} has no key {}; add it", .0.holder, .0.name, .0.key)]
    NoKey(Reference),
    /// The Kubernetes API did not do what it was asked.
    #[error("cannot {what}: {source}")]
    Kubernetes {
        /// What was asked.
        what: String,
        /// Why.
        source: Box<kube::Error>,
    },
}

impl Error {
    /// The condition reason.
    pub fn reason(&self) -> Reason {
        match self {
            Self::NoHolder { holder: Holder::Secret, .. } => Reason::SecretNotFound,
            Self::NoHolder { holder: Holder::ConfigMap, .. } => Reason::ConfigMapNotFound,
            Self::NoKey(Reference { holder: Holder::Secret, .. }) => Reason::SecretKeyNotFound,
            Self::NoKey(_) => Reason::ConfigMapKeyNotFound,
            Self::Kubernetes { .. } => Reason::ApiUnavailable,
        }
    }
}

/// Where values are carried to.
pub struct Carrier<'a> {
    /// The Kubernetes API.
    pub client: &'a Client,
    /// The cluster's namespace.
    pub namespace: &'a str,
    /// The cluster.
    pub cluster: &'a str,
    /// The connector's namespace: that of the values.
    pub home: &'a str,
    /// The connector.
    pub connector: &'a str,
}

impl Carrier<'_> {
    /// Makes the values of `references` known to the workers, and those of no others for this connector.
    pub async fn carry(
        &self,
        references: &BTreeSet<Reference>,
        owner: &impl Resource<DynamicType = ()>,
    ) -> Result<(), Error> {
        let holders: BTreeSet<(Holder, &str)> =
            references.iter().map(|it| (it.holder, it.name.as_str())).collect();
        let mut held = BTreeMap::new();
        for (holder, name) in holders {
            held.insert((holder, name), self.read(holder, name).await?);
        }
        let mut data = BTreeMap::new();
        for reference in references {
            let value = held[&(reference.holder, reference.name.as_str())].get(&reference.key);
            let value = value.ok_or_else(|| Error::NoKey(reference.clone()))?;
            data.insert(reference.file(), value.clone());
        }
        let version = self.write(&data, owner).await?;
        self.refresh(&version).await
    }

    async fn read(
        &self,
        holder: Holder,
        name: &str,
    ) -> Result<BTreeMap<String, ByteString>, Error> {
        let failed = |source| kubernetes(format!("read {holder} {name}"), source);
        let missing = || Error::NoHolder { holder, name: name.to_owned() };
        match holder {
            Holder::Secret => {
                let api: Api<Secret> = Api::namespaced(self.client.clone(), self.home);
                let found = api.get_opt(name).await.map_err(failed)?.ok_or_else(missing)?;
                Ok(found.data.unwrap_or_default())
            }
            Holder::ConfigMap => {
                let api: Api<ConfigMap> = Api::namespaced(self.client.clone(), self.home);
                let found = api.get_opt(name).await.map_err(failed)?.ok_or_else(missing)?;
                let mut data = found.binary_data.unwrap_or_default();
                let text = found.data.unwrap_or_default();
                data.extend(text.into_iter().map(|(key, text)| (key, ByteString(text.into()))));
                Ok(data)
            }
        }
    }

    /// Applies the keys of this connector under a name of its own, so that those of others stay, and those that it no
    /// longer refers to go.
    ///
    /// # Returns
    /// The version of the Secret.
    async fn write(
        &self,
        data: &BTreeMap<String, ByteString>,
        owner: &impl Resource<DynamicType = ()>,
    ) -> Result<String, Error> {
        let name = names::connector_secrets(self.cluster);
        let object = json!({
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {
                "name": name,
                "labels": names::labels(self.cluster),
                "ownerReferences": [owner.controller_owner_ref(&())],
            },
            "data": data,
        });
        let api: Api<Secret> = Api::namespaced(self.client.clone(), self.namespace);
        let parameters = PatchParams::apply(&self.manager()).force();
        let written = api.patch_metadata(&name, &parameters, &Patch::Apply(object)).await;
        let written =
            written.map_err(|source| kubernetes(format!("write Secret {name}"), source))?;
        Ok(written.resource_version().unwrap_or_default())
    }

    /// Connectors of one name from two namespaces are two. No name of a resource has a slash.
    fn manager(&self) -> String {
        if self.home == self.namespace {
            return manager(self.connector);
        }
        manager(&format!("{}/{}", self.home, self.connector))
    }

    /// Without it, the kubelet looks at mounted Secrets once a minute.
    async fn refresh(&self, version: &str) -> Result<(), Error> {
        let pods: Api<Pod> = Api::namespaced(self.client.clone(), self.namespace);
        let ours = ListParams::default().labels(&names::selector_text(self.cluster));
        let failed = |source| kubernetes("refresh the worker pods".to_owned(), source);
        for pod in pods.list_metadata(&ours).await.map_err(failed)? {
            if !is_worker(&pod, self.cluster) {
                continue;
            }
            if pod.annotations().get(VERSION).is_some_and(|it| it == version) {
                continue;
            }
            let patch = json!({"metadata": {"annotations": {VERSION: version}}});
            let name = pod.name_any();
            let parameters = PatchParams::default();
            match pods.patch_metadata(&name, &parameters, &Patch::Merge(&patch)).await {
                Err(kube::Error::Api(answer)) if answer.code == 404 => {}
                answer => drop::<PartialObjectMeta<Pod>>(answer.map_err(failed)?),
            }
        }
        Ok(())
    }
}

/// Names of field managers are shorter than those of resources may be.
fn manager(connector: &str) -> String {
    let digest = ring::digest::digest(&ring::digest::SHA256, connector.as_bytes());
    let hash = digest.as_ref().first_chunk().expect("a digest has 32 bytes");
    let head: String = connector.chars().take(60).collect();
    format!("sluice-operator/connector/{head}-{:016x}", u64::from_be_bytes(*hash))
}

fn kubernetes(what: String, source: kube::Error) -> Error {
    Error::Kubernetes { what, source: Box::new(source) }
}

/// Which connectors' values have been carried since they last changed. A connector that is looked at every few seconds
/// must not read its Secrets each time.
#[derive(Debug, Default)]
pub struct Carried(Mutex<Known>);

#[derive(Debug, Default)]
struct Known {
    changes: u64,
    carried: HashMap<Key, (Key, BTreeSet<Reference>)>,
}

impl Carried {
    fn known(&self) -> MutexGuard<'_, Known> {
        self.0.lock().expect("no holder of the lock panics")
    }

    /// Notes that something that a connector refers to may have changed.
    pub(crate) fn forget(&self, connector: &Key) {
        let mut known = self.known();
        known.changes += 1;
        known.carried.remove(connector);
    }

    /// Notes that nothing of a cluster's connectors is carried any more.
    pub(crate) fn forget_all(&self, cluster: &Key) {
        let mut known = self.known();
        known.changes += 1;
        known.carried.retain(|_, (of, _)| of != cluster);
    }

    /// Carries what a connector refers to, unless that has been done.
    pub(crate) async fn ensure(
        &self,
        carrier: &Carrier<'_>,
        references: &BTreeSet<Reference>,
        owner: &impl Resource<DynamicType = ()>,
    ) -> Result<(), Error> {
        let key = (carrier.home.to_owned(), carrier.connector.to_owned());
        let cluster = (carrier.namespace.to_owned(), carrier.cluster.to_owned());
        let wanted = (cluster, references.clone());
        let before = {
            let known = self.known();
            if known.carried.get(&key) == Some(&wanted) {
                return Ok(());
            }
            known.changes
        };
        carrier.carry(references, owner).await?;
        let mut known = self.known();
        // What changed meanwhile may have been read too early.
        if known.changes == before {
            known.carried.insert(key, wanted);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_cluster_has_lost_is_carried_again() {
        let carried = Carried::default();
        let key = |namespace: &str, name: &str| (namespace.to_owned(), name.to_owned());
        for (connector, cluster) in [
            (key("n", "a"), key("n", "x")),
            (key("n", "b"), key("n", "y")),
            (key("m", "a"), key("m", "x")),
            (key("m", "guest"), key("n", "x")),
        ] {
            carried.known().carried.insert(connector, (cluster, BTreeSet::new()));
        }
        carried.forget_all(&key("n", "x"));
        let left = carried.known();
        let mut names: Vec<_> = left.carried.keys().cloned().collect();
        names.sort();
        assert_eq!(names, [key("m", "a"), key("n", "b")]);
        assert_eq!(left.changes, 1, "what is under way is not noted");
    }

    #[test]
    fn managers_fit_and_differ() {
        let long = "a".repeat(253);
        assert!(manager(&long).len() <= 128);
        assert_ne!(manager(&long), manager(&"a".repeat(252)));
        assert_eq!(manager("orders"), manager("orders"));
    }
}
