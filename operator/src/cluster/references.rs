//! Step 1: what the spec refers to. Reads, decides nothing, and keeps no secret value.

use std::collections::{BTreeMap, BTreeSet};

use k8s_openapi::ByteString;
use k8s_openapi::api::core::v1::{ConfigMap, EnvFromSource, EnvVar, Secret};
use kube::{Api, Client, ResourceExt};
use sluice_crds::{
    Authentication, ConnectContainerTemplate, KafkaConnect, KafkaConnectSpec, Rest,
    TrustedCertificate,
};

use super::seal::{self, Seal, Seals};
use super::worker_file::custom;
use crate::names::is_object_name;

/// A Secret or ConfigMap could not be asked for.
#[derive(Debug, thiserror::Error)]
#[error("cannot read {kind} {name}: {source}")]
pub struct Error {
    kind: &'static str,
    name: String,
    source: Box<kube::Error>,
}

/// What a cluster names. What does not exist is missing here.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct References {
    /// Secrets by name.
    pub secrets: BTreeMap<String, SecretView>,
    /// ConfigMaps by name.
    pub config_maps: BTreeMap<String, ConfigMapView>,
}

/// What the operator keeps of a Secret.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SecretView {
    /// Its keys, without their values.
    pub keys: BTreeSet<String>,
    /// What the values are known by, by key.
    pub digests: BTreeMap<String, String>,
}

/// What the operator keeps of a ConfigMap.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ConfigMapView {
    /// Its texts by key.
    pub data: BTreeMap<String, String>,
    /// What all that it holds is known by.
    pub digest: String,
}

/// Names of the objects that a spec refers to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Names {
    /// Secrets.
    pub secrets: BTreeSet<String>,
    /// ConfigMaps.
    pub config_maps: BTreeSet<String>,
}

/// Reads the objects that the spec names. There is none of a name that no object can have.
pub async fn fetch(
    cluster: &KafkaConnect,
    client: &Client,
    seals: &Seals,
) -> Result<References, Error> {
    let namespace = cluster.namespace().unwrap_or_default();
    let secrets: Api<Secret> = Api::namespaced(client.clone(), &namespace);
    let config_maps: Api<ConfigMap> = Api::namespaced(client.clone(), &namespace);
    let mut found = References::default();
    let names = names(&cluster.spec);
    for name in names.secrets.into_iter().filter(|it| is_object_name(it)) {
        let read = secrets.get_opt(&name).await;
        let secret = read.map_err(|source| unreadable("Secret", &name, source))?;
        if let Some(secret) = secret {
            let seal = seals.of(cluster, client).await?;
            found.secrets.insert(name, SecretView::of(&secret, &seal));
        }
    }
    for name in names.config_maps.into_iter().filter(|it| is_object_name(it)) {
        let read = config_maps.get_opt(&name).await;
        let map = read.map_err(|source| unreadable("ConfigMap", &name, source))?;
        found.config_maps.extend(map.map(|map| (name, ConfigMapView::of(map))));
    }
    Ok(found)
}

pub(super) fn unreadable(kind: &'static str, name: &str, source: kube::Error) -> Error {
    Error { kind, name: name.to_owned(), source: Box::new(source) }
}

/// Names of the Secrets and ConfigMaps that a spec needs, or whose content workers read when they start.
pub fn names(spec: &KafkaConnectSpec) -> Names {
    let mut names = Names::default();
    let trusted = spec.tls.iter().flat_map(|tls| &tls.trusted_certificates);
    names.secrets.extend(trusted.map(|it| it.secret_name.clone()));
    spec.authentication.iter().for_each(|it| names.of_authentication(it));
    spec.rest.iter().for_each(|it| names.of_rest(it));
    let logging = spec.logging.iter().filter_map(|logging| logging.value_from.as_ref());
    names.config_maps.extend(logging.map(|it| it.config_map_key_ref.name.clone()));
    let container = spec.template.iter().filter_map(|it| it.connect_container.as_ref());
    container.for_each(|it| names.add(read_at_start(it)));
    names
}

/// What the variables of the worker's container come from.
pub fn read_at_start(container: &ConnectContainerTemplate) -> Names {
    let mut names = Names::default();
    container.env.iter().for_each(|it| names.of_variable(it));
    container.env_from.iter().for_each(|it| names.of_variables(it));
    names
}

impl Names {
    fn add(&mut self, other: Self) {
        self.secrets.extend(other.secrets);
        self.config_maps.extend(other.config_maps);
    }

    fn of_authentication(&mut self, authentication: &Authentication) {
        let Authentication { certificate_and_key, password_secret, oauth, config, .. } =
            authentication;
        self.secrets.extend(certificate_and_key.iter().map(|it| it.secret_name.clone()));
        self.secrets.extend(password_secret.iter().map(|it| it.secret_name.clone()));
        let tokens = [
            &oauth.client_secret,
            &oauth.client_assertion,
            &oauth.access_token,
            &oauth.refresh_token,
        ];
        let tokens = tokens.into_iter().flatten();
        self.secrets.extend(tokens.map(|it| it.secret_name.clone()));
        self.trusted(&oauth.tls_trusted_certificates);
        self.secrets.extend(custom::secrets(config));
    }

    fn of_rest(&mut self, rest: &Rest) {
        if let Some(tls) = &rest.tls {
            self.secrets.insert(tls.secret_name.clone());
            self.trusted(&tls.trusted_certificates);
        }
        let users = rest.authentication.iter().filter_map(|it| it.users.as_ref());
        self.secrets.extend(users.map(|it| it.secret_name.clone()));
    }

    fn trusted(&mut self, certificates: &[TrustedCertificate]) {
        self.secrets.extend(certificates.iter().map(|it| it.secret_name.clone()));
    }

    fn of_variable(&mut self, variable: &EnvVar) {
        let Some(source) = &variable.value_from else { return };
        self.secrets.extend(source.secret_key_ref.iter().map(|it| it.name.clone()));
        self.config_maps.extend(source.config_map_key_ref.iter().map(|it| it.name.clone()));
    }

    fn of_variables(&mut self, source: &EnvFromSource) {
        self.secrets.extend(source.secret_ref.iter().map(|it| it.name.clone()));
        self.config_maps.extend(source.config_map_ref.iter().map(|it| it.name.clone()));
    }
}

impl SecretView {
    fn of(secret: &Secret, seal: &Seal) -> Self {
        let values = || secret.data.iter().flatten();
        let digest = |(key, value): (&String, &ByteString)| (key.clone(), seal.digest(&value.0));
        Self {
            keys: values().map(|(key, _)| key.clone()).collect(),
            digests: values().map(digest).collect(),
        }
    }
}

impl ConfigMapView {
    fn of(map: ConfigMap) -> Self {
        let all = serde_json::to_vec(&(&map.data, &map.binary_data));
        let all = all.expect("texts and bytes can be written");
        Self { digest: seal::digest(&all), data: map.data.unwrap_or_default() }
    }
}
