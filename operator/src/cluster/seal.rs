//! Digests of what Secrets hold, so that only a changed value counts as a change, not a label.
//!
//! A digest shows in annotations, where a plain one would let a weak password be guessed. Each cluster has a random key for
//! it, kept in the Secret that its workers have mounted anyway.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use k8s_openapi::ByteString;
use k8s_openapi::api::core::v1::Secret;
use kube::api::{Patch, PatchParams};
use kube::{Api, Client, Resource, ResourceExt};
use ring::hmac;
use ring::rand::{SecureRandom, SystemRandom};
use serde_json::json;
use sluice_crds::KafkaConnect;

use super::{apply, references};
use crate::context::Key;
use crate::names;

/// Name of the key in the Secret: no connector's value is called so, as those have an underscore.
const NAME: &str = ".digest-key";

/// Bytes of a key.
const LENGTH: usize = 32;

/// The key of one cluster.
#[derive(Clone, Debug)]
pub struct Seal(hmac::Key);

impl Seal {
    fn new(bytes: &[u8]) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, bytes))
    }

    /// What a value is known by.
    pub fn digest(&self, value: &[u8]) -> String {
        short(hmac::sign(&self.0, value).as_ref())
    }
}

/// What a text that is no secret is known by.
pub fn digest(text: &[u8]) -> String {
    short(ring::digest::digest(&ring::digest::SHA256, text).as_ref())
}

fn short(digest: &[u8]) -> String {
    let head = digest.first_chunk().expect("a digest has 32 bytes");
    format!("{:032x}", u128::from_be_bytes(*head))
}

/// The keys of all clusters that need one, with the identity of the resource that each was found for.
#[derive(Debug, Default)]
pub struct Seals(Mutex<HashMap<Key, (String, Seal)>>);

impl Seals {
    /// The key of a cluster, which is made if there is none yet.
    pub async fn of(
        &self,
        cluster: &KafkaConnect,
        client: &Client,
    ) -> Result<Seal, references::Error> {
        let uid = cluster.uid().unwrap_or_default();
        let key = (cluster.namespace().unwrap_or_default(), cluster.name_any());
        if let Some((of, known)) = self.known().get(&key)
            && *of == uid
        {
            return Ok(known.clone());
        }
        let seal = find(cluster, client).await?;
        self.known().insert(key, (uid, seal.clone()));
        Ok(seal)
    }

    /// Forgets a cluster that is gone.
    pub(crate) fn forget(&self, cluster: &Key) {
        self.known().remove(cluster);
    }

    fn known(&self) -> MutexGuard<'_, HashMap<Key, (String, Seal)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn find(cluster: &KafkaConnect, client: &Client) -> Result<Seal, references::Error> {
    let name = names::connector_secrets(&cluster.name_any());
    let api: Api<Secret> =
        Api::namespaced(client.clone(), &cluster.namespace().unwrap_or_default());
    let failed = |source| references::unreadable("Secret", &name, source);
    let found = api.get_opt(&name).await.map_err(failed)?;
    let key = found.and_then(|it| it.data?.remove(NAME)).filter(|it| it.0.len() >= LENGTH);
    if let Some(ByteString(key)) = key {
        return Ok(Seal::new(&key));
    }
    let mut key = vec![0; LENGTH];
    SystemRandom::new().fill(&mut key).expect("the system gives random numbers");
    let object = json!({
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {
            "name": name,
            "labels": names::labels(&cluster.name_any()),
            "ownerReferences": [cluster.controller_owner_ref(&())],
        },
        "data": {NAME: ByteString(key.clone())},
    });
    let parameters = PatchParams::apply(apply::MANAGER).force();
    api.patch_metadata(&name, &parameters, &Patch::Apply(object)).await.map_err(failed)?;
    Ok(Seal::new(&key))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_takes_the_key_to_make() {
        let (one, other) = (Seal::new(&[1; LENGTH]), Seal::new(&[2; LENGTH]));
        assert_eq!(one.digest(b"hush"), one.digest(b"hush"));
        assert_ne!(one.digest(b"hush"), one.digest(b"hush!"));
        assert_ne!(one.digest(b"hush"), other.digest(b"hush"));
        assert_ne!(one.digest(b"hush"), digest(b"hush"));
        assert_eq!(digest(b"").len(), 32);
    }
}
