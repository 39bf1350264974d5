//! CPU and memory of workers changed in place, by the subresource `resize` of their pods (Kubernetes 1.33), where nothing
//! else of the template has changed. What cannot be changed so is replaced like any pod of an older revision: see
//! [`roll`](super::roll).
//!
//! A pod that has been resized gets the label of the newest revision, as it is what that one would have made: then
//! StatefulSet, status and roll agree about it. Touches pods; [`decide`] and [`wanted`] decide.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use k8s_openapi::api::apps::v1::ControllerRevision;
use k8s_openapi::api::core::v1::{Pod, PodTemplateSpec};
use k8s_openapi::jiff::Timestamp;
use kube::api::{Patch, PatchParams};
use kube::core::PartialObjectMeta;
use kube::{Api, Client, ResourceExt};
use serde_json::{Value, json};

use super::apply::MANAGER;
use super::roll::worker::{REVISION, Worker};
use crate::context::Context;

pub mod decide;
mod quantity;
pub mod wanted;

pub use decide::Resize;
use wanted::Resources;

/// The pods' subresource.
const SUBRESOURCE: &str = "resize";

/// The newest revision of a StatefulSet, and those of its pods that are older.
#[derive(Debug)]
pub struct Revisions {
    /// What the newest one wants.
    wanted: Resources,
    newest: Value,
    older: BTreeMap<String, Value>,
}

impl Revisions {
    /// Asks for the revisions of pods that are not of the newest one, which has this template; asks nothing if all are.
    pub async fn find(
        pods: &[Pod],
        newest: &str,
        template: &PodTemplateSpec,
        namespace: &str,
        client: &Client,
    ) -> Result<Self, kube::Error> {
        let mut found =
            Self { wanted: wanted::of(template), newest: Value::Null, older: BTreeMap::new() };
        let of_pods = pods.iter().filter_map(|pod| pod.labels().get(REVISION));
        let older: BTreeSet<&String> = of_pods.filter(|it| *it != newest).collect();
        let api: Api<ControllerRevision> = Api::namespaced(client.clone(), namespace);
        if !older.is_empty() {
            found.newest = data(&api, newest).await?;
        }
        for name in older {
            found.older.insert(name.clone(), data(&api, name).await?);
        }
        Ok(found)
    }

    /// What can be done with a pod in place of replacing it. None if something else has changed, or if nothing has; a pod
    /// that was asked to be what it shall be no longer is not forgotten.
    pub fn resize(&self, pod: &Pod, deadline: Duration, now: Timestamp) -> Option<Resize> {
        let is_meant = match self.older.get(pod.labels().get(REVISION)?) {
            Some(made_from) => wanted::are_alike(made_from, &self.newest),
            None => decide::is_diverted(pod, &self.wanted),
        };
        is_meant.then(|| decide::of(pod, &self.wanted, deadline, now))
    }
}

/// What a revision holds; null if it is gone.
async fn data(api: &Api<ControllerRevision>, name: &str) -> Result<Value, kube::Error> {
    let found = api.get_opt(name).await?.and_then(|it| it.data);
    Ok(found.map(|it| it.0).unwrap_or_default())
}

/// What came of a request to resize.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Asked {
    /// The kubelet will see it.
    Yes,
    /// It cannot be done, for this reason.
    Refused(String),
}

/// Asks for other resources of a pod's containers.
pub async fn ask(
    worker: &Worker,
    wanted: &Resources,
    namespace: &str,
    ctx: &Context,
) -> Result<Asked, kube::Error> {
    let pods: Api<Pod> = Api::namespaced(ctx.client.clone(), namespace);
    let containers: Vec<Value> =
        wanted.iter().map(|(name, it)| json!({"name": name, "resources": it})).collect();
    // Not the next pod of that name, should this one be gone by now.
    let patch = json!({"metadata": {"uid": worker.uid}, "spec": {"containers": containers}});
    let parameters = PatchParams { field_manager: Some(MANAGER.to_owned()), ..Default::default() };
    let patch = Patch::Strategic(&patch);
    match pods.patch_subresource(SUBRESOURCE, &worker.name, &parameters, &patch).await {
        Ok(_) => Ok(Asked::Yes),
        Err(kube::Error::Api(status)) if status.code == 409 => Ok(Asked::Yes),
        // No such subresource before Kubernetes 1.33, no right to it, or not with such numbers.
        Err(kube::Error::Api(status)) if matches!(status.code, 400 | 403 | 404 | 405 | 422) => {
            Ok(Asked::Refused(status.message.clone()))
        }
        Err(error) => Err(error),
    }
}

/// Says of a pod that it is of the newest revision.
pub async fn adopt(
    worker: &Worker,
    revision: &str,
    namespace: &str,
    client: &Client,
) -> Result<(), kube::Error> {
    let pods: Api<PartialObjectMeta<Pod>> = Api::namespaced(client.clone(), namespace);
    let patch = json!({"metadata": {"uid": worker.uid, "labels": {REVISION: revision}}});
    let parameters = PatchParams { field_manager: Some(MANAGER.to_owned()), ..Default::default() };
    match pods.patch(&worker.name, &parameters, &Patch::Merge(patch)).await {
        Err(kube::Error::Api(status)) if matches!(status.code, 404 | 409 | 422) => Ok(()),
        outcome => outcome.map(drop),
    }
}
