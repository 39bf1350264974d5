//! Step 4: writes the objects that are not as they shall be.

use std::fmt::Debug;

use k8s_openapi::NamespaceResourceScope;
use k8s_openapi::api::apps::v1::StatefulSet;
use kube::api::{Patch, PatchParams};
use kube::{Api, Client, Resource, ResourceExt};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::build::Resources;
use super::children::Children;
use crate::reason::Reason;

/// Owner of the fields that this controller writes.
pub const MANAGER: &str = "sluice-operator/cluster";

/// An object could not be written.
#[derive(Debug, thiserror::Error)]
#[error("cannot write {kind} {name}: {source}")]
pub struct Error {
    kind: String,
    name: String,
    source: Box<kube::Error>,
}

impl Error {
    /// Refusals need a person; anything else passes.
    pub fn reason(&self) -> Reason {
        match self.source.as_ref() {
            kube::Error::Api(status) if matches!(status.code, 400 | 403 | 422) => {
                Reason::ApplyRefused
            }
            _ => Reason::ApiUnavailable,
        }
    }
}

/// What came of a spec.
#[derive(Clone, Debug)]
pub struct Applied {
    /// The workers as the API server has them now, with their status.
    pub stateful_set: StatefulSet,
    /// What of the spec has no effect, and why.
    pub warnings: Vec<String>,
    /// Whether another roll follows, as the workers cannot take all of it at once.
    pub is_halfway: bool,
}

/// Writes all objects, the StatefulSet last: its pods mount and use the others, and a pod that starts before its
/// ConfigMap is there waits for a minute. Returns it as the API server has it.
pub async fn in_order(
    resources: &Resources,
    namespace: &str,
    client: &Client,
    children: &Children,
) -> Result<StatefulSet, Error> {
    let writer = Writer { namespace, client, children };
    writer.ensure(&resources.service_account).await?;
    writer.ensure(&resources.config_map).await?;
    writer.ensure(&resources.headless_service).await?;
    writer.ensure(&resources.api_service).await?;
    writer.ensure(&resources.disruption_budget).await?;
    writer.ensure(&resources.network_policy).await?;
    // Always: the answer is how the workers are.
    writer.apply(&resources.stateful_set).await
}

struct Writer<'a> {
    namespace: &'a str,
    client: &'a Client,
    children: &'a Children,
}

impl Writer<'_> {
    /// Writes an object unless it is there as it was last written.
    async fn ensure<K>(&self, object: &K) -> Result<(), Error>
    where
        K: Resource<Scope = NamespaceResourceScope, DynamicType = ()>
            + Clone
            + Debug
            + Serialize
            + DeserializeOwned
            + 'static,
    {
        if !self.children.has(object) {
            let answer = self.apply(object).await?;
            self.children.note(object, &answer);
        }
        Ok(())
    }

    /// Server-side apply of a whole object; the operator's view of its own objects wins.
    async fn apply<K>(&self, object: &K) -> Result<K, Error>
    where
        K: Resource<Scope = NamespaceResourceScope, DynamicType = ()>
            + Clone
            + Debug
            + Serialize
            + DeserializeOwned,
    {
        let api: Api<K> = Api::namespaced(self.client.clone(), self.namespace);
        let name = object.name_any();
        let parameters = PatchParams::apply(MANAGER).force();
        api.patch(&name, &parameters, &Patch::Apply(object)).await.map_err(|source| Error {
            kind: K::kind(&()).into_owned(),
            name,
            source: Box::new(source),
        })
    }
}
