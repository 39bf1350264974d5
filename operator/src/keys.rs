//! What the replicas of one operator share and nobody else knows: random bytes in a Secret of its own namespace, made by
//! whoever needs them first. All else that is secret is derived from them, so that nothing more has to be kept or rotated:
//! who deletes the Secret gets new ones.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use k8s_openapi::ByteString;
use k8s_openapi::api::core::v1::Secret;
use kube::api::{ObjectMeta, PostParams};
use kube::{Api, Client};
use ring::digest::{SHA256, digest};
use ring::hmac;
use ring::rand::{SecureRandom, SystemRandom};

use crate::context::Key;
use crate::reason::Reason;
use crate::reviews::{self, Authority};

/// Name of the bytes in the Secret.
const NAME: &str = "root.key";

/// How many there are.
const LENGTH: usize = 32;

/// Where the Secret is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// Namespace of the operator.
    pub namespace: String,
    /// Name of the Secret.
    pub name: String,
}

/// The Secret could not be read or made.
#[derive(Debug, thiserror::Error)]
#[error("cannot {what} Secret {name} of the operator in namespace {namespace}: {source}")]
pub struct Error {
    what: &'static str,
    namespace: String,
    name: String,
    source: Box<kube::Error>,
}

impl Error {
    /// The condition reason.
    pub fn reason(&self) -> Reason {
        match self.source.as_ref() {
            kube::Error::Api(status) if status.code == 403 => Reason::ApplyRefused,
            _ => Reason::ApiUnavailable,
        }
    }
}

/// What secrets are derived from.
#[derive(Clone, Debug)]
pub struct Keys {
    root: hmac::Key,
    /// Tells whether two are the same.
    digest: Vec<u8>,
}

impl PartialEq for Keys {
    fn eq(&self, other: &Self) -> bool {
        self.digest == other.digest
    }
}

impl Keys {
    /// Reads them, or makes them if there are none.
    pub async fn find(place: &Place, client: &Client) -> Result<Self, Error> {
        let api: Api<Secret> = Api::namespaced(client.clone(), &place.namespace);
        let failed = |what| {
            let Place { namespace, name } = place.clone();
            move |source| Error { what, namespace, name, source: Box::new(source) }
        };
        if let Some(keys) = Self::look(place, client).await? {
            return Ok(keys);
        }
        match api.create(&PostParams::default(), &fresh(&place.name)).await {
            // Another replica was first.
            Err(kube::Error::Api(status)) if status.code == 409 => {
                let made = api.get(&place.name).await.map_err(failed("read"))?;
                read(made).ok_or_else(|| failed("use")(unusable()))
            }
            made => read(made.map_err(failed("make"))?).ok_or_else(|| failed("use")(unusable())),
        }
    }

    /// Reads them, if there are any.
    pub async fn look(place: &Place, client: &Client) -> Result<Option<Self>, Error> {
        let api: Api<Secret> = Api::namespaced(client.clone(), &place.namespace);
        let Place { namespace, name } = place.clone();
        let failed = |source| Error { what: "read", namespace, name, source: Box::new(source) };
        Ok(api.get_opt(&place.name).await.map_err(failed)?.and_then(read))
    }

    fn new(bytes: &[u8]) -> Self {
        let root = hmac::Key::new(hmac::HMAC_SHA256, bytes);
        Self { root, digest: digest(&SHA256, bytes).as_ref().to_vec() }
    }

    /// By what the workers of a cluster know the operator.
    pub fn operator_token(&self, cluster: &Key) -> String {
        self.token("operator", cluster)
    }

    /// By what the operator knows the workers of a cluster.
    pub fn worker_credential(&self, cluster: &Key) -> String {
        self.token(WORKER, cluster)
    }

    /// Whether somebody shows what the workers of a cluster do. Its time does not tell how much of it is right.
    pub fn is_worker(&self, cluster: &Key, credential: &str) -> bool {
        let decoded = URL_SAFE_NO_PAD.decode(credential).unwrap_or_default();
        hmac::verify(&self.root, text(WORKER, cluster).as_bytes(), &decoded).is_ok()
    }

    /// Whom workers trust when they ask the operator.
    pub fn authority(&self) -> Result<Authority, reviews::Error> {
        let seed = hmac::sign(&self.root, b"authority");
        Authority::new(seed.as_ref().first_chunk().expect("a tag has 32 bytes"))
    }

    fn token(&self, purpose: &str, cluster: &Key) -> String {
        URL_SAFE_NO_PAD.encode(hmac::sign(&self.root, text(purpose, cluster).as_bytes()))
    }
}

const WORKER: &str = "worker";

/// Names of objects have no slashes, so that no two texts are the same.
fn text(purpose: &str, (namespace, name): &Key) -> String {
    format!("{purpose}/{namespace}/{name}")
}

fn read(secret: Secret) -> Option<Keys> {
    let ByteString(bytes) = secret.data?.remove(NAME)?;
    (bytes.len() >= LENGTH).then(|| Keys::new(&bytes))
}

fn fresh(name: &str) -> Secret {
    let mut bytes = vec![0; LENGTH];
    SystemRandom::new().fill(&mut bytes).expect("the system gives random numbers");
    Secret {
        metadata: ObjectMeta { name: Some(name.to_owned()), ..ObjectMeta::default() },
        data: Some([(NAME.to_owned(), ByteString(bytes))].into()),
        ..Secret::default()
    }
}

/// What to say of a Secret of that name that somebody else has made.
fn unusable() -> kube::Error {
    let text = format!("it has no {NAME} of {LENGTH} bytes; delete it, and it is made anew");
    kube::Error::Service(text.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(namespace: &str, name: &str) -> Key {
        (namespace.to_owned(), name.to_owned())
    }

    #[test]
    fn a_token_is_of_one_cluster_and_one_installation() {
        let (one, other) = (Keys::new(&[1; LENGTH]), Keys::new(&[2; LENGTH]));
        let token = one.operator_token(&key("shop", "a"));
        assert_eq!(token, one.operator_token(&key("shop", "a")));
        assert_eq!(token.len(), 43);
        for (keys, cluster) in
            [(&other, key("shop", "a")), (&one, key("shop", "b")), (&one, key("b", "a"))]
        {
            assert_ne!(token, keys.operator_token(&cluster));
        }
        let credential = one.worker_credential(&key("shop", "a"));
        assert_ne!(credential, token, "workers cannot act as the operator");
        assert!(one.is_worker(&key("shop", "a"), &credential));
        for (keys, cluster, shown) in [
            (&other, key("shop", "a"), credential.as_str()),
            (&one, key("shop", "b"), &credential),
            (&one, key("shop", "a"), &token),
            (&one, key("shop", "a"), ""),
            (&one, key("shop", "a"), "?"),
        ] {
            assert!(!keys.is_worker(&cluster, shown), "{cluster:?} {shown}");
        }
    }

    #[test]
    fn a_secret_without_enough_random_bytes_is_not_used() {
        assert!(read(fresh("a")).is_some());
        assert!(read(Secret::default()).is_none());
        let mut short = fresh("a");
        short.data = Some([(NAME.to_owned(), ByteString(vec![1]))].into());
        assert!(read(short).is_none());
    }
}
