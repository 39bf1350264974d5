//! By what the workers of a guarded REST API know who asks: a Secret that is mounted in their pods, and that they read
//! again when it changes. Nothing in it makes anybody the operator.

use std::collections::BTreeMap;

use http::HeaderValue;
use k8s_openapi::ByteString;
use k8s_openapi::api::core::v1::Secret;
use kube::api::{ObjectMeta, Patch, PatchParams};
use kube::{Api, Client};
use ring::digest::{SHA256, digest};
use sluice_crds::{KafkaConnectSpec, RestAuthenticationType};

use super::{Cluster, apply, references, seal};
use crate::keys::{Keys, Place};
use crate::names;

/// Folder in which the Secret is mounted.
pub const FOLDER: &str = "/etc/sluice-rest";

/// Its keys: the digest of the operator's token, what the operator knows its workers by, and whom they trust when they ask.
const OPERATOR: &str = "operator";
const CREDENTIAL: &str = "credential";
const AUTHORITY: &str = "ca.crt";

/// What the operator shows to the workers of one cluster.
#[derive(Clone, Debug)]
pub struct Guard {
    /// The header of its requests.
    pub authorization: HeaderValue,
    /// Changes whenever the Secret does.
    pub version: String,
}

/// Why the workers could not be told.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The operator's own Secret.
    #[error(transparent)]
    Keys(#[from] crate::keys::Error),
    /// The Secret of the workers.
    #[error(transparent)]
    Secret(#[from] references::Error),
    /// Whom workers trust.
    #[error(transparent)]
    Authority(#[from] crate::reviews::Error),
}

/// Whether workers look at who may do what.
pub fn is_wanted(spec: &KafkaConnectSpec) -> bool {
    spec.rest.as_ref().is_some_and(|it| it.authorization.is_some())
}

/// Whether clients show tokens, about which workers ask the operator.
pub fn takes_tokens(spec: &KafkaConnectSpec) -> bool {
    let authentication = spec.rest.as_ref().and_then(|it| it.authentication.as_ref());
    authentication.is_some_and(|it| it.kind == RestAuthenticationType::Bearer)
}

/// Tells the workers of a cluster whom to take for the operator, unless they know; none of a cluster whose workers do not
/// look at that.
pub async fn ensure(
    cluster: &Cluster,
    keys: &Place,
    client: &Client,
) -> Result<Option<Guard>, Error> {
    if !is_wanted(&cluster.spec) {
        return Ok(None);
    }
    let keys = Keys::find(keys, client).await?;
    let of = (cluster.namespace.clone(), cluster.name.clone());
    let token = keys.operator_token(&of);
    let mut data = vec![(OPERATOR, hex(&token))];
    if takes_tokens(&cluster.spec) {
        data.push((CREDENTIAL, keys.worker_credential(&of)));
        data.push((AUTHORITY, keys.authority()?.pem().to_owned()));
    }
    let data = data.into_iter().map(|(key, text)| (key.to_owned(), ByteString(text.into_bytes())));
    let data: BTreeMap<_, _> = data.collect();
    let version = seal::digest(&serde_json::to_vec(&data).expect("bytes can be written"));
    write(cluster, data, client).await?;
    let mut authorization =
        HeaderValue::from_str(&format!("Bearer {token}")).expect("base64 can be sent");
    authorization.set_sensitive(true);
    Ok(Some(Guard { authorization, version }))
}

/// Writes the Secret unless it is there as it shall be.
async fn write(
    cluster: &Cluster,
    data: BTreeMap<String, ByteString>,
    client: &Client,
) -> Result<(), references::Error> {
    let name = names::rest_secret(&cluster.name);
    let api: Api<Secret> = Api::namespaced(client.clone(), &cluster.namespace);
    let failed = |source| references::unreadable("Secret", &name, source);
    let found = api.get_opt(&name).await.map_err(failed)?;
    if found.is_some_and(|it| it.data.as_ref() == Some(&data)) {
        return Ok(());
    }
    let secret = Secret {
        metadata: ObjectMeta {
            name: Some(name.clone()),
            labels: Some(names::labels(&cluster.name)),
            owner_references: Some(vec![cluster.owner.clone()]),
            ..ObjectMeta::default()
        },
        data: Some(data),
        ..Secret::default()
    };
    let parameters = PatchParams::apply(apply::MANAGER).force();
    api.patch_metadata(&name, &parameters, &Patch::Apply(secret)).await.map_err(failed)?;
    Ok(())
}

/// The digest of a token, as workers compare it.
fn hex(token: &str) -> String {
    let digest = digest(&SHA256, token.as_bytes());
    digest.as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digests_are_those_that_workers_compare() {
        let expected = "dc8331bcb2283e89d275a1c2fe66f7bf5ac3163ec1967f149dd7e27906365f0c";
        assert_eq!(hex("hush"), expected);
    }
}
