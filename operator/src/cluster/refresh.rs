//! What workers read again and again from mounted Secrets: an annotation on their pods that changes with it has the kubelet
//! refresh the mounts at once, which it would look at once a minute.

use k8s_openapi::api::core::v1::Pod;
use kube::api::{Patch, PatchParams};
use kube::core::PartialObjectMeta;
use kube::{Api, Client, ResourceExt};
use serde_json::json;

use super::seal;

/// The annotation.
const VERSION: &str = "sluice.dev/rest-credentials-version";

/// A pod could not be annotated.
#[derive(Debug, thiserror::Error)]
#[error("cannot refresh the worker pod {name}: {source}")]
pub struct Error {
    name: String,
    source: Box<kube::Error>,
}

/// Annotates the pods that do not have what is `renewed` yet.
pub async fn mounts(
    renewed: &[String],
    pods: &[Pod],
    namespace: &str,
    client: &Client,
) -> Result<(), Error> {
    if renewed.is_empty() {
        return Ok(());
    }
    let version = seal::digest(renewed.join(" ").as_bytes());
    let api: Api<Pod> = Api::namespaced(client.clone(), namespace);
    let patch = json!({"metadata": {"annotations": {VERSION: version}}});
    for pod in pods.iter().filter(|it| it.annotations().get(VERSION) != Some(&version)) {
        let name = pod.name_any();
        match api.patch_metadata(&name, &PatchParams::default(), &Patch::Merge(&patch)).await {
            Err(kube::Error::Api(answer)) if answer.is_not_found() => {}
            Err(source) => return Err(Error { name, source: Box::new(source) }),
            Ok(annotated) => drop::<PartialObjectMeta<Pod>>(annotated),
        }
    }
    Ok(())
}
