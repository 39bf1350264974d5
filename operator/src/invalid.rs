//! Objects that do not fit their type. They harm nobody but themselves: their status names the field.

use std::fmt::Debug;

use k8s_openapi::NamespaceResourceScope;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use k8s_openapi::jiff::Timestamp;
use kube::api::{ApiResource, DynamicObject};
use kube::core::{DeserializeGuard, ObjectMeta};
use kube::{Api, Client, Resource};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use sluice_crds::condition;

use crate::conditions::{self, Fact, with_progress};
use crate::reason::Reason;
use crate::report::Reports;

/// The object could not be looked at, or its status not written.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// The object could not be read again.
    #[error("cannot read {name}: {source}")]
    Read {
        /// Its name.
        name: String,
        /// Why.
        source: Box<kube::Error>,
    },
    /// The status could not be written.
    #[error(transparent)]
    Write(#[from] crate::report::Error),
}

/// Writes into the status of an object which of its fields does not fit. Does nothing if it fits by now.
pub(crate) async fn report<K>(
    object: &DeserializeGuard<K>,
    client: &Client,
    reports: &Reports,
) -> Result<(), Error>
where
    K: Resource<Scope = NamespaceResourceScope, DynamicType = ()>
        + Clone
        + Debug
        + DeserializeOwned,
{
    let Some(raw) = read::<K>(object.meta(), client).await? else { return Ok(()) };
    let value = serde_json::to_value(&raw).unwrap_or_default();
    let Err(message) = fit::<K>(&value) else { return Ok(()) };
    let before = previous(&value);
    let generation = raw.metadata.generation;
    let ready = Fact::no(condition::READY, Reason::InvalidSpec, message);
    let facts = with_progress(ready, vec![]);
    let after = conditions::merge(&before, facts, generation, Timestamp::now());
    if before == after {
        return Ok(());
    }
    reports.announce(object, &before, &after).await;
    let status = json!({"observedGeneration": generation, "conditions": after});
    Ok(reports.patch(object, status).await?)
}

/// An object as it is, whether or not it fits its type; none if it is gone.
pub(crate) async fn read<K>(
    metadata: &ObjectMeta,
    client: &Client,
) -> Result<Option<DynamicObject>, Error>
where
    K: Resource<Scope = NamespaceResourceScope, DynamicType = ()>,
{
    let namespace = metadata.namespace.as_deref().unwrap_or_default();
    let name = metadata.name.as_deref().unwrap_or_default();
    let resource = ApiResource::erase::<K>(&());
    let api: Api<DynamicObject> = Api::namespaced_with(client.clone(), namespace, &resource);
    let read = |source| Error::Read { name: name.to_owned(), source: Box::new(source) };
    api.get_opt(name).await.map_err(read)
}

/// The first field that does not fit, with its path.
fn fit<K: DeserializeOwned>(value: &Value) -> Result<(), String> {
    serde_path_to_error::deserialize::<_, K>(value).map(drop).map_err(|error| {
        let path = error.path().to_string();
        format!("{path}: {}; correct the field", error.into_inner())
    })
}

/// The conditions as they are, if these at least can be read.
fn previous(value: &Value) -> Vec<Condition> {
    let conditions = value.get("status").and_then(|status| status.get("conditions"));
    let conditions = conditions.cloned().unwrap_or_default();
    serde_json::from_value(conditions).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use sluice_crds::KafkaConnector;

    use super::*;

    #[test]
    fn the_field_is_named() {
        let object = json!({
            "apiVersion": "sluice.dev/v1alpha1",
            "kind": "KafkaConnector",
            "metadata": {"name": "a"},
            "spec": {"class": "X", "tasksMax": "many"},
        });
        let message = fit::<KafkaConnector>(&object).unwrap_err();
        assert_eq!(
            message,
            "spec.tasksMax: invalid type: string \"many\", expected i32; correct the field"
        );
    }
}
