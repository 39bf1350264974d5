//! The last settings of a connector, one `ControllerRevision` each, and the way back to one of them.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard};

use k8s_openapi::api::apps::v1::ControllerRevision;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use k8s_openapi::apimachinery::pkg::runtime::RawExtension;
use kube::api::{DeleteParams, ListParams, PostParams};
use kube::{Api, Client, Resource, ResourceExt};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sluice_crds::KafkaConnector;

use crate::context::Key;
use crate::names::is_object_name;
use crate::reason::Reason;

/// Label of the revisions of one connector: its identity, as names are too long for labels.
pub const LABEL: &str = "sluice.dev/connector-uid";

/// Revisions that are kept.
const KEPT: usize = 10;

/// Most snapshots that are kept in memory.
const MOST: usize = 1000;

/// Why settings could not be kept or found.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is none of that name.
    #[error(
        "spec.rollbackTo: this connector has no revision {name}; kubectl get controllerrevisions -l {LABEL}={uid} lists them"
    )]
    Missing {
        /// The name.
        name: String,
        /// Identity of the connector.
        uid: String,
    },
    /// The Kubernetes API did not do what it was asked.
    #[error("cannot {what}: {source}")]
    Kubernetes {
        /// What was asked.
        what: &'static str,
        /// Why.
        source: Box<kube::Error>,
    },
}

impl Error {
    /// The condition reason.
    pub fn reason(&self) -> Reason {
        match self {
            Self::Missing { .. } => Reason::InvalidSpec,
            Self::Kubernetes { .. } => Reason::ApiUnavailable,
        }
    }
}

/// The settings of a connector.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Snapshot {
    class: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    tasks_max: Option<i32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<String>,
    config: BTreeMap<String, Value>,
}

impl Snapshot {
    /// Of a resource.
    pub fn of(connector: &KafkaConnector) -> Self {
        let spec = &connector.spec;
        Self {
            class: spec.class.clone(),
            tasks_max: spec.tasks_max,
            version: spec.version.clone(),
            config: spec.config.clone(),
        }
    }

    /// The resource as it would be with these settings.
    pub fn laid_over(&self, connector: &KafkaConnector) -> KafkaConnector {
        let mut connector = connector.clone();
        connector.spec.class.clone_from(&self.class);
        connector.spec.tasks_max = self.tasks_max;
        connector.spec.version.clone_from(&self.version);
        connector.spec.config.clone_from(&self.config);
        connector
    }

    /// The name of the revision: the same settings have the same one.
    pub fn name(&self, connector: &str) -> String {
        let text = serde_json::to_vec(self).expect("settings are JSON");
        let digest = ring::digest::digest(&ring::digest::SHA256, &text);
        let hash = digest.as_ref().first_chunk::<4>().expect("a digest has 32 bytes");
        let head: String = connector.chars().take(200).collect();
        format!("{}-{:08x}", head.trim_end_matches(['-', '.']), u32::from_be_bytes(*hash))
    }
}

/// Which revisions are too many: the oldest, but never the one in use.
fn surplus(revisions: &[ControllerRevision], in_use: &str) -> Vec<String> {
    let mut others: Vec<(i64, String)> = revisions
        .iter()
        .map(|it| (it.revision, it.name_any()))
        .filter(|(_, name)| name != in_use)
        .collect();
    others.sort_unstable();
    let surplus = (others.len() + 1).saturating_sub(KEPT);
    others.into_iter().take(surplus).map(|(_, name)| name).collect()
}

/// The revisions that no status tells of yet.
#[derive(Debug, Default)]
pub struct Fresh(Mutex<HashMap<Key, Made>>);

/// Identity of a connector, and the name of its revision.
type Made = (Option<String>, String);

impl Fresh {
    fn names(&self) -> MutexGuard<'_, HashMap<Key, Made>> {
        self.0.lock().expect("no holder of the lock panics")
    }

    /// Forgets a connector.
    pub(crate) fn forget(&self, connector: &Key) {
        self.names().remove(connector);
    }

    /// Keeps the settings that a connector runs with, unless that has been done.
    ///
    /// # Returns
    /// The name of their revision.
    pub(crate) async fn keep(
        &self,
        connector: &KafkaConnector,
        client: &Client,
    ) -> Result<String, Error> {
        let snapshot = Snapshot::of(connector);
        let name = snapshot.name(&connector.name_any());
        let key = (connector.namespace().unwrap_or_default(), connector.name_any());
        let known = connector.status.as_ref().and_then(|status| status.revision.as_ref());
        if known == Some(&name) {
            self.forget(&key);
            return Ok(name);
        }
        let made = (connector.uid(), name.clone());
        let is_made = self.names().get(&key) == Some(&made);
        if !is_made {
            keep(connector, &snapshot, &name, client).await?;
            self.names().insert(key, made);
        }
        Ok(name)
    }
}

/// Writes a revision, and deletes those that are too many.
async fn keep(
    connector: &KafkaConnector,
    snapshot: &Snapshot,
    name: &str,
    client: &Client,
) -> Result<(), Error> {
    let namespace = connector.namespace().unwrap_or_default();
    let revisions: Api<ControllerRevision> = Api::namespaced(client.clone(), &namespace);
    let failed = |what| move |source| Error::Kubernetes { what, source: Box::new(source) };
    let uid = connector.uid().unwrap_or_default();
    let generation = connector.metadata.generation.unwrap_or_default();
    let revision = ControllerRevision {
        metadata: ObjectMeta {
            name: Some(name.to_owned()),
            labels: Some([(LABEL.to_owned(), uid.clone())].into()),
            owner_references: Some(connector.controller_owner_ref(&()).into_iter().collect()),
            ..ObjectMeta::default()
        },
        revision: generation,
        data: Some(RawExtension(serde_json::to_value(snapshot).expect("settings are JSON"))),
    };
    match revisions.create(&PostParams::default(), &revision).await {
        Err(kube::Error::Api(answer)) if answer.code == 409 => {}
        answer => drop(answer.map_err(failed("keep the settings as a revision"))?),
    }
    // Before that many changes there cannot be too many.
    if usize::try_from(generation).unwrap_or_default() > KEPT {
        let ours = ListParams::default().labels(&format!("{LABEL}={uid}"));
        let list = revisions.list(&ours).await.map_err(failed("list revisions"))?;
        for old in surplus(&list.items, name) {
            match revisions.delete(&old, &DeleteParams::default()).await {
                Err(kube::Error::Api(answer)) if answer.code == 404 => {}
                answer => drop(answer.map_err(failed("delete an old revision"))?),
            }
        }
    }
    Ok(())
}

/// Snapshots that connectors run with in place of their own settings. They never change, and a connector that is looked
/// at every few seconds must not read its snapshot each time.
#[derive(Debug, Default)]
pub struct Snapshots(Mutex<HashMap<(String, String), Arc<Snapshot>>>);

impl Snapshots {
    /// The settings of a revision of a connector.
    pub(crate) async fn get(
        &self,
        name: &str,
        connector: &KafkaConnector,
        client: &Client,
    ) -> Result<Arc<Snapshot>, Error> {
        let uid = connector.uid().unwrap_or_default();
        let key = (uid.clone(), name.to_owned());
        let lock = || self.0.lock().expect("no holder of the lock panics");
        if let Some(found) = lock().get(&key) {
            return Ok(Arc::clone(found));
        }
        let namespace = connector.namespace().unwrap_or_default();
        let revisions: Api<ControllerRevision> = Api::namespaced(client.clone(), &namespace);
        let missing = || Error::Missing { name: name.to_owned(), uid: uid.clone() };
        if !is_object_name(name) {
            return Err(missing());
        }
        let found = revisions.get_opt(name).await.map_err(|source| Error::Kubernetes {
            what: "read a revision",
            source: Box::new(source),
        })?;
        // Others keep revisions too.
        let ours = found.filter(|it| it.labels().get(LABEL) == Some(&uid));
        let data = ours.and_then(|it| it.data).map(|data| data.0);
        let snapshot = data.and_then(|data| serde_json::from_value(data).ok());
        let snapshot: Arc<Snapshot> = Arc::new(snapshot.ok_or_else(missing)?);
        let mut known = lock();
        if known.len() >= MOST {
            known.clear();
        }
        known.insert(key, Arc::clone(&snapshot));
        Ok(snapshot)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::desired::tests::connector;
    use super::*;

    #[test]
    fn a_snapshot_brings_back_the_settings_and_nothing_else() {
        let before = connector(&json!({"class": "X", "tasksMax": 2, "config": {"a": 1}}));
        let after = connector(&json!({"class": "Y", "state": "paused", "config": {"b": true}}));
        let back = Snapshot::of(&before).laid_over(&after);
        let expected =
            connector(&json!({"class": "X", "tasksMax": 2, "state": "paused", "config": {"a": 1}}));
        assert_eq!(back.spec, expected.spec);
        let name = |it: &KafkaConnector| Snapshot::of(it).name("orders");
        assert_eq!(name(&before), name(&back));
        assert_ne!(name(&before), name(&after));
        assert!(Snapshot::of(&before).name(&"a".repeat(253)).len() < 253);
    }

    #[test]
    fn the_oldest_go_but_never_the_one_in_use() {
        let revisions: Vec<ControllerRevision> = (1..=12)
            .map(|revision| ControllerRevision {
                metadata: ObjectMeta {
                    name: Some(format!("r{revision:02}")),
                    ..ObjectMeta::default()
                },
                revision,
                data: None,
            })
            .collect();
        assert_eq!(surplus(&revisions, "r12"), ["r01", "r02"]);
        assert_eq!(surplus(&revisions, "r01"), ["r02", "r03"]);
        assert_eq!(surplus(&revisions[..10], "r05"), [""; 0]);
    }
}
