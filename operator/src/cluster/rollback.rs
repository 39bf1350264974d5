//! Going back to what ran when a change does not: what workers run well with is kept in a `ControllerRevision`, and stands
//! in for a change with which the roll had to stop. The status says which change that was, so that it is not tried again.
//! Only with `spec.rollout.onFailure: Rollback`.

use std::collections::BTreeMap;

use k8s_openapi::api::apps::v1::{ControllerRevision, StatefulSet};
use k8s_openapi::api::core::v1::PodTemplateSpec;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use k8s_openapi::apimachinery::pkg::runtime::RawExtension;
use kube::api::{DeleteParams, ListParams, PostParams};
use kube::{Api, Client, Resource, ResourceExt};
use serde::{Deserialize, Serialize};
use sluice_crds::{KafkaConnect, OnFailure, RolledBack};

use super::build::{LOGGERS, Resources};
use super::roll::Step;
use crate::names;

/// Label of what is kept of one cluster: its identity.
const LABEL: &str = "sluice.dev/cluster-uid";

/// What is kept could not be written or read.
#[derive(Debug, thiserror::Error)]
#[error("cannot {what}: {source}")]
pub struct Error {
    what: &'static str,
    source: Box<kube::Error>,
}

fn failed(what: &'static str) -> impl FnOnce(kube::Error) -> Error {
    move |source| Error { what, source: Box::new(source) }
}

/// What pods are made from and read at their start.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Run {
    template: PodTemplateSpec,
    files: BTreeMap<String, String>,
}

impl Run {
    /// That of a cluster's objects. Levels of loggers take effect in workers that run, and are no part of it.
    fn of(resources: &Resources) -> Self {
        let mut files = resources.config_map.data.clone().unwrap_or_default();
        files.remove(LOGGERS);
        let spec = resources.stateful_set.spec.as_ref();
        Self { template: spec.map(|it| it.template.clone()).unwrap_or_default(), files }
    }

    /// Puts it in the place of what the objects have.
    fn stand_in(self, resources: &mut Resources) {
        let data = resources.config_map.data.get_or_insert_default();
        data.retain(|name, _| name == LOGGERS);
        data.extend(self.files);
        let StatefulSet { spec, .. } = &mut resources.stateful_set;
        spec.get_or_insert_default().template = self.template;
    }

    /// Tells one from any other.
    fn digest(&self) -> String {
        let text = serde_json::to_vec(self).expect("it is JSON");
        let digest = ring::digest::digest(&ring::digest::SHA256, &text);
        let head = digest.as_ref().first_chunk().expect("a digest has 32 bytes");
        format!("{:016x}", u64::from_be_bytes(*head))
    }
}

/// What is known of changes and of what ran before them, for the status.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct History {
    /// What the workers last ran well with.
    pub good: Option<String>,
    /// The change that was taken back.
    pub rolled_back: Option<RolledBack>,
}

/// What a spec leads to, and what stands in for it.
#[derive(Clone, Debug)]
pub struct Planned {
    run: Run,
    digest: String,
    history: History,
}

/// What the objects shall be. Puts what ran before in the place of a change that was taken back.
pub async fn plan(
    cluster: &KafkaConnect,
    resources: &mut Resources,
    client: &Client,
) -> Result<Planned, Error> {
    let run = Run::of(resources);
    let digest = run.digest();
    let mut history = History::default();
    if !is_wanted(cluster) {
        return Ok(Planned { run, digest, history });
    }
    let status = cluster.status.clone().unwrap_or_default();
    history.good = status.good_revision;
    if let Some(back) = status.rolled_back.filter(|it| it.change == digest) {
        let namespace = cluster.namespace().unwrap_or_default();
        let revisions: Api<ControllerRevision> = Api::namespaced(client.clone(), &namespace);
        let found = revisions.get_opt(&back.revision).await.map_err(failed("read a revision"))?;
        let found = found.filter(|it| is_of(it, cluster)).and_then(|it| it.data);
        match found.and_then(|data| serde_json::from_value::<Run>(data.0).ok()) {
            Some(before) => {
                before.stand_in(resources);
                history.rolled_back = Some(back);
            }
            // Somebody deleted it: there is nothing to go back to.
            None => history.good = None,
        }
    }
    Ok(Planned { run, digest, history })
}

/// Keeps what workers run well with, and decides to go back where the roll has stopped.
pub async fn follow(
    planned: Planned,
    cluster: &KafkaConnect,
    step: &Step,
    is_well: bool,
    client: &Client,
) -> Result<History, Error> {
    let Planned { run, digest, mut history } = planned;
    if !is_wanted(cluster) {
        let had_any = cluster.status.as_ref().is_some_and(|it| it.good_revision.is_some());
        if had_any {
            drop_others(cluster, None, client).await?;
        }
        return Ok(history);
    }
    if history.rolled_back.is_some() {
        return Ok(history);
    }
    let name = format!("{}-good-{digest}", names::workers(&cluster.name_any()));
    match step {
        Step::Done if is_well && history.good.as_ref() != Some(&name) => {
            keep(&name, &run, cluster, client).await?;
            drop_others(cluster, Some(&name), client).await?;
            history.good = Some(name);
        }
        Step::Stuck(why) => {
            let before = history.good.clone().filter(|it| *it != name);
            history.rolled_back = before.map(|revision| RolledBack {
                change: digest,
                revision,
                message: why.clone(),
            });
        }
        _ => {}
    }
    Ok(history)
}

fn is_wanted(cluster: &KafkaConnect) -> bool {
    let policy = cluster.spec.rollout.as_ref().and_then(|it| it.on_failure);
    policy.unwrap_or_default() == OnFailure::Rollback
}

fn is_of(revision: &ControllerRevision, cluster: &KafkaConnect) -> bool {
    cluster.uid().is_some() && revision.labels().get(LABEL) == cluster.uid().as_ref()
}

async fn keep(name: &str, run: &Run, cluster: &KafkaConnect, client: &Client) -> Result<(), Error> {
    let namespace = cluster.namespace().unwrap_or_default();
    let revisions: Api<ControllerRevision> = Api::namespaced(client.clone(), &namespace);
    let revision = ControllerRevision {
        metadata: ObjectMeta {
            name: Some(name.to_owned()),
            labels: cluster.uid().map(|uid| [(LABEL.to_owned(), uid)].into()),
            owner_references: cluster.controller_owner_ref(&()).map(|owner| vec![owner]),
            ..ObjectMeta::default()
        },
        data: Some(RawExtension(serde_json::to_value(run).expect("it is JSON"))),
        revision: cluster.metadata.generation.unwrap_or_default(),
    };
    match revisions.create(&PostParams::default(), &revision).await {
        // Another operator kept it, and ended before it said so.
        Err(kube::Error::Api(answer)) if answer.code == 409 => Ok(()),
        answer => answer.map(drop).map_err(failed("keep a revision")),
    }
}

/// One is enough: there is only one to go back to.
async fn drop_others(
    cluster: &KafkaConnect,
    kept: Option<&str>,
    client: &Client,
) -> Result<(), Error> {
    let Some(uid) = cluster.uid() else { return Ok(()) };
    let namespace = cluster.namespace().unwrap_or_default();
    let revisions: Api<ControllerRevision> = Api::namespaced(client.clone(), &namespace);
    let ours = ListParams::default().labels(&format!("{LABEL}={uid}"));
    let listed = revisions.list_metadata(&ours).await.map_err(failed("list revisions"))?;
    for name in listed.iter().map(ResourceExt::name_any) {
        if Some(name.as_str()) == kept {
            continue;
        }
        match revisions.delete(&name, &DeleteParams::default()).await {
            Err(kube::Error::Api(answer)) if answer.code == 404 => {}
            answer => answer.map(drop).map_err(failed("delete a revision"))?,
        }
    }
    Ok(())
}
