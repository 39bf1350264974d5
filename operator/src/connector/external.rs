//! Kafka Connect that the operator does not run: its REST API, with what Secrets say about trust and identity.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderValue, Uri};
use k8s_openapi::ByteString;
use k8s_openapi::api::core::v1::Secret;
use kube::{Api, Client};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};
use sluice_crds::{ConnectRest, PasswordSecret};

use crate::connect_api::{ConnectApi, Connections, secured_connections};
use crate::names::is_object_name;
use crate::reason::Reason;

/// How long credentials are used before their Secrets are read again.
const FRESH: Duration = Duration::from_mins(1);

/// Most clients that are kept.
const MOST: usize = 1000;

/// Why there is no client.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The operator must not be led to any address that a resource can name.
    #[error(
        "spec.connectRest.endpoint: {0} is no address that resources may name; start the operator with --connect-rest={0}, or use another one"
    )]
    NotAllowed(String),
    /// A Secret or a key of it is not there.
    #[error("spec.connectRest: the Secret {name} has no key {key}; add it")]
    NoKey {
        /// The Secret.
        name: String,
        /// The key.
        key: String,
    },
    /// Text that is not what it shall be.
    #[error("spec.connectRest: the key {key} of the Secret {name} {problem}")]
    Unusable {
        /// The Secret.
        name: String,
        /// The key.
        key: String,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// The Kubernetes API did not answer.
    #[error("cannot read Secret {name}: {source}")]
    Kubernetes {
        /// The Secret.
        name: String,
        /// Why.
        source: Box<kube::Error>,
    },
}

impl Error {
    /// The condition reason.
    pub fn reason(&self) -> Reason {
        match self {
            Self::NotAllowed(_) | Self::Unusable { .. } => Reason::InvalidSpec,
            Self::NoKey { .. } => Reason::SecretKeyNotFound,
            Self::Kubernetes { .. } => Reason::ApiUnavailable,
        }
    }
}

/// Clients by namespace and settings.
#[derive(Debug, Default)]
pub struct Clients(Mutex<Known>);

type Known = HashMap<(String, ConnectRest), (Instant, ConnectApi)>;

impl Clients {
    /// The REST API that a resource of a namespace names, if it is one of `allowed`.
    pub(crate) async fn get(
        &self,
        rest: &ConnectRest,
        namespace: &str,
        client: &Client,
        allowed: &[String],
    ) -> Result<ConnectApi, Error> {
        if !is_allowed(&rest.endpoint, allowed) {
            return Err(Error::NotAllowed(rest.endpoint.clone()));
        }
        let key = (namespace.to_owned(), rest.clone());
        if let Some((since, api)) = self.known().get(&key)
            && since.elapsed() < FRESH
        {
            return Ok(api.clone());
        }
        let secrets = Secrets { api: Api::namespaced(client.clone(), namespace) };
        let api = secrets.connect(rest).await?;
        let mut known = self.known();
        if known.len() >= MOST {
            known.clear();
        }
        known.insert(key, (Instant::now(), api.clone()));
        Ok(api)
    }

    /// The latest client for an address, for a resource that no longer says how to reach it.
    pub(crate) fn latest(&self, endpoint: &str, namespace: &str) -> Option<ConnectApi> {
        let known = self.known();
        let of_address =
            known.iter().filter(|((home, rest), _)| home == namespace && rest.endpoint == endpoint);
        of_address.max_by_key(|(_, (since, _))| *since).map(|(_, (_, api))| api.clone())
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.0.lock().expect("no holder of the lock panics")
    }
}

/// Whether an address has scheme, host and port of an allowed one. `*` allows all.
fn is_allowed(endpoint: &str, allowed: &[String]) -> bool {
    let Some(asked) = origin(endpoint) else { return false };
    allowed.iter().any(|it| it == "*" || origin(it).as_ref() == Some(&asked))
}

fn origin(address: &str) -> Option<(String, String, u16)> {
    let uri: Uri = address.parse().ok()?;
    let scheme = uri.scheme_str()?.to_owned();
    let usual = match scheme.as_str() {
        "http" => 80,
        "https" => 443,
        _ => return None,
    };
    // A user name in an address would be shown wherever the address is.
    let authority = uri.authority().filter(|it| !it.as_str().contains('@'))?;
    let is_bare = uri.path() == "/" && uri.query().is_none();
    is_bare
        .then(|| (scheme, authority.host().to_ascii_lowercase(), uri.port_u16().unwrap_or(usual)))
}

struct Secrets {
    api: Api<Secret>,
}

impl Secrets {
    async fn connect(&self, rest: &ConnectRest) -> Result<ConnectApi, Error> {
        let mut pem = Vec::new();
        for trusted in rest.tls.iter().flat_map(|tls| &tls.trusted_certificates) {
            pem.extend(self.value(&trusted.secret_name, &trusted.certificate).await?);
            pem.push(b'\n');
        }
        let unusable = |name: &str, key: &str, problem| Error::Unusable {
            name: name.to_owned(),
            key: key.to_owned(),
            problem,
        };
        let roots = match rest.tls.as_ref().and_then(|tls| tls.trusted_certificates.first()) {
            None => RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() },
            Some(first) => authorities(&pem).ok_or_else(|| {
                let problem = "holds no certificates in PEM form";
                unusable(&first.secret_name, &first.certificate, problem)
            })?,
        };
        let api = ConnectApi::new(trusting(roots), rest.endpoint.trim_end_matches('/'));
        let Some(authentication) = &rest.authentication else { return Ok(api) };
        let PasswordSecret { secret_name, password } = &authentication.password_secret;
        let value = self.value(secret_name, password).await?;
        let value = String::from_utf8(value)
            .map_err(|_| unusable(secret_name, password, "is no text in UTF-8"))?;
        let user = basic(&authentication.username, value.trim_end_matches(['\r', '\n']));
        Ok(api.authorized(Some(user)))
    }

    async fn value(&self, name: &str, key: &str) -> Result<Vec<u8>, Error> {
        let missing = || Error::NoKey { name: name.to_owned(), key: key.to_owned() };
        if !is_object_name(name) {
            return Err(missing());
        }
        let found = self.api.get_opt(name).await.map_err(|source| Error::Kubernetes {
            name: name.to_owned(),
            source: Box::new(source),
        })?;
        let mut data: BTreeMap<String, ByteString> =
            found.and_then(|secret| secret.data).unwrap_or_default();
        data.remove(key).map(|value| value.0).ok_or_else(missing)
    }
}

fn authorities(pem: &[u8]) -> Option<RootCertStore> {
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(pem) {
        roots.add(certificate.ok()?).ok()?;
    }
    (!roots.is_empty()).then_some(roots)
}

fn trusting(roots: RootCertStore) -> Connections {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("the provider has the usual versions of TLS")
        .with_root_certificates(roots)
        .with_no_client_auth();
    secured_connections(config)
}

fn basic(name: &str, password: &str) -> HeaderValue {
    let text = STANDARD.encode(format!("{name}:{password}"));
    let mut value = HeaderValue::try_from(format!("Basic {text}")).expect("base64 can be sent");
    value.set_sensitive(true);
    value
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_listed_addresses_may_be_named() {
        let allowed = ["https://connect.shop:8083".to_owned(), "http://old".to_owned()];
        for (endpoint, expected) in [
            ("https://connect.shop:8083", true),
            ("https://CONNECT.shop:8083/", true),
            ("http://old:80", true),
            ("http://connect.shop:8083", false),
            ("https://connect.shop", false),
            ("https://connect.shop:8083.evil", false),
            ("https://u:p@connect.shop:8083", false),
            ("https://connect.shop:8083/admin?x", false),
            ("file:///etc/passwd", false),
            ("old", false),
        ] {
            assert_eq!(is_allowed(endpoint, &allowed), expected, "{endpoint}");
        }
        assert!(!is_allowed("http://old", &[]));
        assert!(is_allowed("http://any:1", &["*".to_owned()]));
        assert!(!is_allowed("http://u@any:1", &["*".to_owned()]));
    }
}
