//! The mark that keeps a deleted connector in the API until Kafka Connect has dropped it.
//!
//! Works on metadata alone, so that an object whose spec cannot be read can be deleted as well.

use k8s_openapi::NamespaceResourceScope;
use kube::api::{Patch, PatchParams};
use kube::core::PartialObjectMeta;
use kube::{Api, Client, Resource, ResourceExt};
use serde_json::{Value, json};
use sluice_crds::KafkaConnector;

/// The mark.
pub const FINALIZER: &str = "sluice.dev/connector";

/// The mark could not be set or removed.
#[derive(Debug, thiserror::Error)]
#[error("cannot change the finalizers: {0}")]
pub struct Error(#[source] Box<kube::Error>);

/// Whether an object bears the mark.
pub fn is_set(object: &impl Resource) -> bool {
    object.meta().finalizers.iter().flatten().any(|it| it == FINALIZER)
}

/// Sets the mark if it is not there.
pub async fn ensure<K>(object: &K, client: &Client) -> Result<(), Error>
where
    K: Resource<Scope = NamespaceResourceScope>,
{
    if is_set(object) {
        return Ok(());
    }
    let before = object.meta().finalizers.clone().unwrap_or_default();
    let mut after = before.clone();
    after.push(FINALIZER.to_owned());
    replace(object, &before, &after, client).await
}

/// Removes the mark. An object that is gone needs nothing.
pub async fn remove<K>(object: &K, client: &Client) -> Result<(), Error>
where
    K: Resource<Scope = NamespaceResourceScope>,
{
    let before = object.meta().finalizers.clone().unwrap_or_default();
    let after: Vec<String> = before.iter().filter(|it| *it != FINALIZER).cloned().collect();
    replace(object, &before, &after, client).await
}

/// Replaces the list if it is still what it was: others have marks in it too.
async fn replace<K>(
    object: &K,
    before: &[String],
    after: &[String],
    client: &Client,
) -> Result<(), Error>
where
    K: Resource<Scope = NamespaceResourceScope>,
{
    let namespace = object.namespace().unwrap_or_default();
    let api: Api<PartialObjectMeta<KafkaConnector>> = Api::namespaced(client.clone(), &namespace);
    let list = |names: &[String]| if names.is_empty() { Value::Null } else { json!(names) };
    let path = "/metadata/finalizers";
    let change = if after.is_empty() {
        json!({"op": "remove", "path": path})
    } else {
        json!({"op": "add", "path": path, "value": after})
    };
    let operations = json!([{"op": "test", "path": path, "value": list(before)}, change]);
    let operations = serde_json::from_value(operations).expect("operations are a JSON patch");
    let patch = Patch::Json::<()>(operations);
    match api.patch_metadata(&object.name_any(), &PatchParams::default(), &patch).await {
        Err(kube::Error::Api(answer)) if answer.code == 404 => Ok(()),
        answer => answer.map(drop).map_err(|error| Error(Box::new(error))),
    }
}
