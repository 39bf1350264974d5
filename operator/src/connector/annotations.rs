//! Removes an annotation whose work is done; all others are the user's.

use kube::api::{Patch, PatchParams};
use kube::core::PartialObjectMeta;
use kube::{Api, Client, ResourceExt};
use serde_json::json;
use sluice_crds::KafkaConnector;

/// An annotation could not be removed.
#[derive(Debug, thiserror::Error)]
#[error("cannot remove the annotation {annotation}: {source}")]
pub struct Error {
    annotation: String,
    source: Box<kube::Error>,
}

/// Removes an annotation if it still has this value: another one is a new request.
pub async fn remove(
    connector: &KafkaConnector,
    annotation: &str,
    value: &str,
    client: &Client,
) -> Result<(), Error> {
    let namespace = connector.namespace().unwrap_or_default();
    let api: Api<PartialObjectMeta<KafkaConnector>> = Api::namespaced(client.clone(), &namespace);
    let path =
        format!("/metadata/annotations/{}", annotation.replace('~', "~0").replace('/', "~1"));
    let operations = json!([
        {"op": "test", "path": path, "value": value},
        {"op": "remove", "path": path},
    ]);
    let operations = serde_json::from_value(operations).expect("operations are a JSON patch");
    let patch = Patch::Json::<()>(operations);
    match api.patch_metadata(&connector.name_any(), &PatchParams::default(), &patch).await {
        // It is gone, or its test failed.
        Err(kube::Error::Api(answer)) if matches!(answer.code, 404 | 422) => Ok(()),
        answer => answer.map(drop).map_err(|source| Error {
            annotation: annotation.to_owned(),
            source: Box::new(source),
        }),
    }
}
