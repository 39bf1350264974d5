//! How the operator reaches the REST API of a cluster: whom it trusts, and who it is. Both are what the workers themselves
//! have.

use std::collections::BTreeMap;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::HeaderValue;
use k8s_openapi::api::core::v1::Secret;
use kube::{Api, Client, ResourceExt};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, RootCertStore};
use sluice_crds::KafkaConnect;

use super::guard::{self, Guard};
use super::references;
use super::validate::{Cluster, Error as Invalid};
use super::worker_file::{places, rest};
use crate::connect_api::{Connections, secured_connections};
use crate::properties;

const TLS: &str = "spec.rest.tls";
const USERS: &str = "spec.rest.authentication.users";

/// Why the operator has no access.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A Secret could not be asked for.
    #[error(transparent)]
    Read(#[from] references::Error),
    /// What it holds cannot be used.
    #[error(transparent)]
    Invalid(#[from] Invalid),
}

/// The way to the workers of one cluster.
#[derive(Clone, Debug)]
pub struct Access {
    /// Connections that trust what the cluster's certificate leads to; none of a cluster without one.
    pub connections: Option<Connections>,
    /// Who the operator is.
    pub authorization: Option<HeaderValue>,
    /// Changes whenever what it was made of does.
    version: String,
}

/// Whether the way to a cluster's workers takes something special.
pub fn is_special(cluster: &KafkaConnect) -> bool {
    let rest = cluster.spec.rest.as_ref();
    rest.is_some_and(|rest| rest.tls.is_some() || rest.authentication.is_some())
        || guard::is_wanted(&cluster.spec)
}

/// The way to a cluster's workers, or none if it takes nothing special. It stays the same object while no Secret behind it
/// changes, so that connections stay open.
pub async fn find(
    cluster: &Cluster,
    guard: Option<&Guard>,
    before: Option<Access>,
    client: &Client,
) -> Result<Option<Access>, Error> {
    // Where workers know the operator it needs no user.
    let rest = cluster.spec.rest.as_ref().filter(|_| guard.is_none());
    let users = rest.and_then(|it| it.authentication.as_ref()?.users.as_ref());
    let users = users.map(|it| (it.secret_name.clone(), it.key.clone()));
    let [trust, chain, key] = [rest::TRUST, rest::CHAIN, rest::KEY].map(|setting| {
        cluster.worker_file.settings.get(setting).map(|text| places(text)).unwrap_or_default()
    });
    if users.is_none() && key.is_empty() && guard.is_none() {
        return Ok(None);
    }
    let named = trust.iter().chain(&chain).chain(&key).chain(&users);
    let mut secrets = Secrets::default();
    let api: Api<Secret> = Api::namespaced(client.clone(), &cluster.namespace);
    for (name, _) in named.clone() {
        if !secrets.0.contains_key(name) {
            let read = api.get_opt(name).await;
            let secret = read.map_err(|source| references::unreadable("Secret", name, source))?;
            secrets.0.insert(name.clone(), secret.unwrap_or_default());
        }
    }
    let known = guard.map(|it| it.version.as_str());
    let version = format!("{:?} {:?} {known:?}", named.collect::<Vec<_>>(), secrets.versions());
    if let Some(before) = before.filter(|it| it.version == version) {
        return Ok(Some(before));
    }
    let is_secured = !key.is_empty();
    let tls =
        is_secured.then(|| tls(&secrets.text(&trust), &secrets.text(&chain), &secrets.text(&key)));
    let authorization = users.map(|users| basic(&secrets.text(&[users]))).transpose()?;
    Ok(Some(Access {
        connections: tls.transpose()?.map(secured_connections),
        authorization: authorization.or_else(|| guard.map(|it| it.authorization.clone())),
        version,
    }))
}

/// Secrets by name, with their values.
#[derive(Default)]
struct Secrets(BTreeMap<String, Secret>);

impl Secrets {
    fn versions(&self) -> Vec<(Option<String>, Option<String>)> {
        self.0.values().map(|it| (it.uid(), it.resource_version())).collect()
    }

    /// The values of keys, one after the other.
    fn text(&self, keys: &[(String, String)]) -> Vec<u8> {
        let values = keys.iter().filter_map(|(secret, key)| {
            let value = self.0.get(secret)?.data.as_ref()?.get(key)?;
            Some(value.0.as_slice())
        });
        values.collect::<Vec<_>>().join(&b'\n')
    }
}

/// The header of the first user by name.
fn basic(users: &[u8]) -> Result<HeaderValue, Invalid> {
    let users = properties::parse(&String::from_utf8_lossy(users));
    let unusable = |message: &str| Invalid::field(USERS, message);
    let first = users.first_key_value();
    let (user, password) = first.ok_or_else(|| unusable("has no line user=password; add one"))?;
    let encoded = STANDARD.encode(format!("{user}:{password}"));
    let header = HeaderValue::from_str(&format!("Basic {encoded}"));
    let mut header = header.map_err(|_| unusable("has a user that cannot be sent"))?;
    header.set_sensitive(true);
    Ok(header)
}

fn tls(trust: &[u8], chain: &[u8], key: &[u8]) -> Result<ClientConfig, Invalid> {
    let unusable = |what: &str, error: &dyn std::fmt::Display| {
        Invalid::field(TLS, format!("{what} cannot be used: {error}"))
    };
    let mut roots = RootCertStore::empty();
    for certificate in certificates(trust)? {
        roots.add(certificate).map_err(|error| unusable("an authority", &error))?;
    }
    // The cause could quote the key.
    let key = PrivateKeyDer::from_pem_slice(key)
        .map_err(|_| unusable("the key", &"it is no private key in PEM form"))?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| unusable("TLS", &error))?
        .with_root_certificates(roots)
        .with_client_auth_cert(certificates(chain)?, key)
        .map_err(|error| unusable("the certificate", &error))
}

fn certificates(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, Invalid> {
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    let found = found
        .map_err(|error| Invalid::field(TLS, format!("a certificate cannot be read: {error}")))?;
    if found.is_empty() {
        return Err(Invalid::field(TLS, "a Secret holds no certificate in PEM form"));
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_operator_asks_as_the_first_user_by_name() {
        let header = basic(b"zoe=z\nann = p:w\n").unwrap();
        assert_eq!(header, format!("Basic {}", STANDARD.encode("ann:p:w")).as_str());
        assert!(!format!("{header:?}").contains("Basic"), "it is not for logs");
        let error = basic(b"# nobody\n").unwrap_err().to_string();
        assert_eq!(error, "spec.rest.authentication.users: has no line user=password; add one");
    }

    #[test]
    fn what_is_no_certificate_or_key_is_told_without_its_text() {
        let error = tls(b"hush", b"hush", b"hush").unwrap_err().to_string();
        assert_eq!(error, "spec.rest.tls: a Secret holds no certificate in PEM form");
    }
}
