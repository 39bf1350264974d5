//! Step 1: what the spec refers to. Reads, decides nothing, and keeps no secret value.

use std::collections::{BTreeMap, BTreeSet};

use k8s_openapi::api::core::v1::Secret;
use kube::{Api, Client, ResourceExt};
use sluice_crds::{KafkaConnect, KafkaConnectSpec};

/// A Secret could not be asked for.
#[derive(Debug, thiserror::Error)]
#[error("cannot read Secret {name}: {source}")]
pub struct Error {
    name: String,
    source: kube::Error,
}

/// The Secrets that a cluster names. Those that do not exist are missing here.
pub type References = BTreeMap<String, SecretView>;

/// What the operator keeps of a Secret.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SecretView {
    /// Its keys, without their values.
    pub keys: BTreeSet<String>,
    /// Changes whenever the Secret does.
    pub version: String,
}

/// Reads the Secrets that the spec names.
pub async fn fetch(cluster: &KafkaConnect, client: &Client) -> Result<References, Error> {
    let secrets: Api<Secret> =
        Api::namespaced(client.clone(), &cluster.namespace().unwrap_or_default());
    let mut found = References::new();
    for name in names(&cluster.spec) {
        let secret =
            secrets.get_opt(&name).await.map_err(|source| Error { name: name.clone(), source })?;
        if let Some(secret) = secret {
            found.insert(name, view(&secret));
        }
    }
    Ok(found)
}

/// Names of the Secrets that a spec needs.
pub fn names(spec: &KafkaConnectSpec) -> BTreeSet<String> {
    let trusted = spec.tls.iter().flat_map(|tls| &tls.trusted_certificates);
    let trusted = trusted.map(|certificate| &certificate.secret_name);
    let own = spec.authentication.iter().flat_map(|authentication| {
        let certificate = authentication.certificate_and_key.as_ref().map(|it| &it.secret_name);
        let password = authentication.password_secret.as_ref().map(|it| &it.secret_name);
        certificate.into_iter().chain(password)
    });
    trusted.chain(own).cloned().collect()
}

fn view(secret: &Secret) -> SecretView {
    SecretView {
        keys: secret.data.iter().flat_map(BTreeMap::keys).cloned().collect(),
        version: format!(
            "{}/{}",
            secret.uid().unwrap_or_default(),
            secret.resource_version().unwrap_or_default()
        ),
    }
}
