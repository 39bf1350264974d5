//! Writing a status, and an event when `Ready` turns.

use std::collections::HashMap;
use std::fmt::Debug;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use k8s_openapi::NamespaceResourceScope;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use kube::api::{Patch, PatchParams};
use kube::core::object::HasStatus;
use kube::runtime::events::{Event, EventType};
use kube::{Api, Client, Resource, ResourceExt};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use sluice_crds::{
    KafkaConnectStatus, KafkaConnectorOffsetsStatus, KafkaConnectorStatus, condition,
};

use crate::conditions;
use crate::context::Key;
use crate::definitions::{self, Definitions};
use crate::events::Events;
use crate::reason::Reason;

/// A status could not be written.
#[derive(Debug, thiserror::Error)]
#[error("cannot write the status: {0}")]
pub struct Error(#[source] Box<kube::Error>);

/// A status with conditions.
pub trait Conditions {
    /// The conditions.
    fn conditions(&self) -> &[Condition];
    /// The same, to be put in order.
    fn conditions_mut(&mut self) -> &mut Vec<Condition>;
}

impl Conditions for KafkaConnectStatus {
    fn conditions(&self) -> &[Condition] {
        &self.conditions
    }
    fn conditions_mut(&mut self) -> &mut Vec<Condition> {
        &mut self.conditions
    }
}

impl Conditions for KafkaConnectorStatus {
    fn conditions(&self) -> &[Condition] {
        &self.conditions
    }
    fn conditions_mut(&mut self) -> &mut Vec<Condition> {
        &mut self.conditions
    }
}

impl Conditions for KafkaConnectorOffsetsStatus {
    fn conditions(&self) -> &[Condition] {
        &self.conditions
    }
    fn conditions_mut(&mut self) -> &mut Vec<Condition> {
        &mut self.conditions
    }
}

/// How long the event of a write may be on its way.
const LATEST: Duration = Duration::from_secs(5);

/// Writes what one controller finds out.
pub struct Reports {
    client: Client,
    events: Events,
    definitions: Definitions,
    manager: &'static str,
    /// The versions that were written over last, and when.
    outdated: Mutex<HashMap<Key, (Option<String>, Instant)>>,
}

impl Reports {
    /// For a controller that writes under the name `manager`.
    pub(crate) fn new(
        client: Client,
        events: Events,
        definitions: Definitions,
        manager: &'static str,
    ) -> Self {
        Self { client, events, definitions, manager, outdated: Mutex::default() }
    }

    /// Whether an object is as it was before the last write, whose event has yet to come: what follows from it has been
    /// written already.
    pub(crate) fn is_outdated(&self, object: &impl ResourceExt) -> bool {
        let key = (object.namespace().unwrap_or_default(), object.name_any());
        let mut outdated = self.outdated.lock().expect("no holder of the lock panics");
        let Some((version, since)) = outdated.get(&key) else { return false };
        let is_outdated = *version == object.resource_version() && since.elapsed() < LATEST;
        if !is_outdated {
            outdated.remove(&key);
        }
        is_outdated
    }

    fn note(&self, object: &impl ResourceExt, answer: &impl ResourceExt) {
        let version = object.resource_version();
        if answer.resource_version() != version {
            let key = (object.namespace().unwrap_or_default(), object.name_any());
            let mut outdated = self.outdated.lock().expect("no holder of the lock panics");
            outdated.insert(key, (version, Instant::now()));
        }
    }

    /// Writes a status if it says something new. An object that is gone needs none.
    pub async fn write<K>(&self, object: &K, status: K::Status) -> Result<(), Error>
    where
        K: Resource<Scope = NamespaceResourceScope, DynamicType = ()>
            + HasStatus
            + Clone
            + Debug
            + DeserializeOwned,
        K::Status: Conditions + Clone + PartialEq + Serialize + DeserializeOwned,
    {
        let previous = object.status();
        let (fit, left_out) = self.definitions.fit::<K>(&json!(status));
        // What older definitions do not declare is never there, and so is no difference.
        let kept = if left_out.is_empty() { None } else { serde_json::from_value(fit).ok() };
        let expected = kept.as_ref().unwrap_or(&status);
        if previous.is_some_and(|previous| sorted(previous) == sorted(expected)) {
            return Ok(());
        }
        let before = previous.map(Conditions::conditions).unwrap_or_default();
        self.announce(object, before, status.conditions()).await;
        self.patch(object, json!(status)).await
    }

    /// Writes a status that is not of the object's own type, without what the definition does not declare.
    pub async fn patch<K>(&self, object: &K, status: Value) -> Result<(), Error>
    where
        K: Resource<Scope = NamespaceResourceScope, DynamicType = ()> + Clone + Debug,
    {
        let (fit, left_out) = self.definitions.fit::<K>(&status);
        match self.apply(object, &fit).await {
            Ok(()) => {
                if left_out.is_empty() && self.definitions.are_current::<K>() {
                    tracing::info!(kind = %K::kind(&()), "the definition declares all fields again");
                }
                Ok(())
            }
            Err(error) if definitions::is_undeclared(&error) => self.leave_out(object, &status).await,
            Err(error) => Err(error),
        }
        .map_err(|error| Error(Box::new(error)))
    }

    /// Writes what older definitions declare of a status, and tells of the rest once.
    async fn leave_out<K>(&self, object: &K, status: &Value) -> Result<(), kube::Error>
    where
        K: Resource<Scope = NamespaceResourceScope, DynamicType = ()> + Clone + Debug,
    {
        let is_news = self.definitions.look::<K>().await?;
        let (fit, left_out) = self.definitions.fit::<K>(status);
        if is_news {
            let kind = K::kind(&());
            let note = format!(
                "the installed definition of {kind} is older than the operator and does not declare {}; install those \
                 of the operator's version with its chart, or with kubectl apply -f crds/",
                left_out.join(", ")
            );
            tracing::warn!(%kind, "{note}");
            let reason = Reason::DefinitionOutdated.as_str();
            self.event(object, EventType::Warning, reason, "Report", &note).await;
        }
        self.apply(object, &fit).await
    }

    async fn apply<K>(&self, object: &K, status: &Value) -> Result<(), kube::Error>
    where
        K: Resource<Scope = NamespaceResourceScope, DynamicType = ()> + Clone + Debug,
    {
        let namespace = object.namespace().unwrap_or_default();
        let api: Api<kube::core::PartialObjectMeta<K>> =
            Api::namespaced(self.client.clone(), &namespace);
        let patch = json!({
            "apiVersion": K::api_version(&()),
            "kind": K::kind(&()),
            "metadata": {"name": object.name_any(), "namespace": namespace},
            "status": status,
        });
        let parameters = PatchParams::apply(self.manager).force();
        match api.patch_status(&object.name_any(), &parameters, &Patch::Apply(patch)).await {
            Err(kube::Error::Api(answer)) if answer.code == 404 => Ok(()),
            answer => {
                self.note(object, &answer?);
                Ok(())
            }
        }
    }

    /// Publishes an event if `Ready` has another status or reason than before, and if something new was not done.
    pub async fn announce<K>(&self, object: &K, before: &[Condition], after: &[Condition])
    where
        K: Resource<DynamicType = ()>,
    {
        if let Some(warning) = conditions::find(after, condition::WARNING) {
            let known = conditions::find(before, condition::WARNING);
            if known.is_none_or(|it| it.message != warning.message) {
                let Condition { reason, message, .. } = warning;
                self.event(object, EventType::Warning, reason, "Reconcile", message).await;
            }
        }
        let Some(ready) = conditions::find(after, condition::READY) else { return };
        let known = conditions::find(before, condition::READY);
        if known.is_some_and(|it| it.status == ready.status && it.reason == ready.reason) {
            return;
        }
        let stalled = conditions::find(after, condition::STALLED).is_some();
        let event_type = if stalled { EventType::Warning } else { EventType::Normal };
        self.event(object, event_type, &ready.reason, "Reconcile", &ready.message).await;
    }

    /// Publishes an event. Events are a courtesy: a failure is logged and nothing else.
    pub async fn event<K>(
        &self,
        object: &K,
        type_: EventType,
        reason: &str,
        action: &str,
        note: &str,
    ) where
        K: Resource<DynamicType = ()>,
    {
        let event = Event {
            type_,
            reason: reason.to_owned(),
            note: Some(note.chars().take(1000).collect()),
            action: format!("{action}/{:08x}", distinction(note)),
            secondary: None,
        };
        if let Err(error) = self.events.recorder().publish(&event, &object.object_ref(&())).await {
            tracing::warn!(error = %error, "cannot publish an event");
        }
    }
}

/// The recorder counts events of one object, reason and action together and keeps the words of the first: other words
/// are another event.
fn distinction(note: &str) -> u32 {
    let digest = ring::digest::digest(&ring::digest::SHA256, note.as_bytes());
    u32::from_be_bytes(*digest.as_ref().first_chunk().expect("a digest has 32 bytes"))
}

/// The API server is free to give conditions back in another order.
fn sorted<S: Conditions + Clone>(status: &S) -> S {
    let mut status = status.clone();
    status.conditions_mut().sort_by(|a, b| a.type_.cmp(&b.type_));
    status
}
