//! The worker file of a cluster: Kafka Connect's settings out of the fields of the spec.
//!
//! Secret values never enter it: it holds placeholders `${sluice:FOLDER:KEY}` for files that are mounted beside it.

use std::collections::BTreeMap;

use sluice_crds::{KafkaConnectSpec, Tracing, TracingType};

use super::references::{self, References};
use super::validate::Error;
use crate::scalars;

pub mod custom;
mod keys;
mod oauth;
pub mod rest;
mod security;

use keys::Keys;
pub use keys::{CREDENTIALS, MountedKeys, PROVIDER, QUOTED, places};

/// Folder in which the values are mounted that connectors take from Secrets and ConfigMaps.
pub const SECRETS: &str = "/etc/sluice-secrets";

/// Folder of the worker file.
pub const FOLDER: &str = "/etc/sluice";

/// Settings by their key.
pub type Settings = BTreeMap<String, String>;

const INTERCEPTORS: &str = "interceptors are Java classes; for traces set spec.tracing";

/// Settings that other fields of the resource decide. One that ends with a dot is a prefix.
const DECIDED_ELSEWHERE: [(&str, &str); 27] = [
    (
        "config.providers.sluice-quoted.",
        "the operator's own provider has this name; choose another",
    ),
    ("config.providers.sluice.", "the operator's own provider has this name; choose another"),
    ("config.providers.secrets.", "the operator's own provider has this name; choose another"),
    ("sluice.secrets.path", "the operator sets it"),
    ("bootstrap.servers", "set spec.bootstrapServers"),
    ("group.id", "set spec.groupId"),
    ("config.storage.topic", "set spec.configStorageTopic"),
    ("offset.storage.topic", "set spec.offsetStorageTopic"),
    ("status.storage.topic", "set spec.statusStorageTopic"),
    ("ssl.", "set spec.tls and spec.authentication"),
    ("sasl.", "set spec.authentication"),
    ("security.", "set spec.tls and spec.authentication"),
    ("listeners", "the operator sets it"),
    ("listeners.https.", "set spec.rest.tls"),
    ("admin.listeners", "the operator sets it"),
    ("sluice.loggers.", "set spec.logging"),
    ("plugin.path", "all plugins are built in"),
    ("rest.", "set spec.rest"),
    ("sluice.rest.authorization", "set spec.rest.authorization"),
    ("sluice.rest.authorization.", "set spec.rest.authorization"),
    ("sluice.rest.reviews.url", "the operator sets it"),
    ("sluice.rest.jaas.file", "set spec.rest.authentication"),
    ("sluice.metrics.", "the operator sets it"),
    ("sluice.tracing", "set spec.tracing"),
    ("consumer.interceptor.classes", INTERCEPTORS),
    ("producer.interceptor.classes", INTERCEPTORS),
    ("prometheus.metrics.reporter.", "workers have metrics of their own on port 9404"),
];

/// Exceptions to that.
const FREE: [&str; 4] = [
    "ssl.endpoint.identification.algorithm",
    "ssl.cipher.suites",
    "ssl.protocol",
    "ssl.enabled.protocols",
];

/// Clients that a worker makes; none of them inherits the worker's own security settings.
const CLIENTS: [&str; 4] = ["", "producer.", "consumer.", "admin."];

/// Settings and the Secrets behind them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WorkerFile {
    /// The settings.
    pub settings: Settings,
    /// Keys of Secrets that must be mounted.
    pub mounts: MountedKeys,
    /// Changes whenever something does that workers read from Secrets and ConfigMaps at their start alone.
    pub versions: Vec<String>,
    /// Changes whenever something does that they read from Secrets again and again: what secures the REST API.
    pub renewed: Vec<String>,
    /// The JAAS file of the REST API's users.
    pub rest_jaas: Option<String>,
    /// What of the spec has no effect, and why.
    pub warnings: Vec<String>,
}

/// The worker file for a spec in a namespace.
pub fn of(
    spec: &KafkaConnectSpec,
    namespace: &str,
    references: &References,
) -> Result<WorkerFile, Error> {
    let mut keys = Keys { namespace, references, mounts: MountedKeys::new() };
    let mut settings = defaults();
    let Own { settings: own, mut warnings } = own(spec)?;
    settings.extend(own);
    settings.extend(fields(spec));
    let security = security::of(spec, &mut keys)?;
    for client in CLIENTS {
        let prefixed = |(key, value): (&String, &String)| (format!("{client}{key}"), value.clone());
        settings.extend(security.of_clients.iter().map(prefixed));
    }
    for (key, list) in security.of_worker {
        let users = settings.get(&key).map(|users| format!("{users},")).unwrap_or_default();
        settings.insert(key, format!("{users}{list}"));
    }
    warnings.extend(security.warnings);
    let at_start = std::mem::take(&mut keys.mounts);
    let (rest, rest_jaas) = rest::of(spec, FOLDER, &mut keys)?;
    settings.extend(rest);
    let mut mounts = keys.mounts;
    let renewed = digests(&mounts, references).collect();
    for (secret, keys) in &at_start {
        mounts.entry(secret.clone()).or_default().extend(keys.iter().cloned());
    }
    if !mounts.is_empty() {
        add_providers(&mut settings);
    }
    let versions = versions(spec, &at_start, references);
    Ok(WorkerFile { settings, mounts, versions, renewed, rest_jaas, warnings })
}

/// The settings for a spec that take nothing from Secrets: neither security nor the REST API. What cannot be used is left
/// out.
pub fn without_secrets(spec: &KafkaConnectSpec) -> Settings {
    let mut settings = defaults();
    settings.extend(own(spec).map(|own| own.settings).unwrap_or_default());
    settings.extend(fields(spec));
    settings
}

/// Of all that is read at the start, and of what variables come from.
fn versions(spec: &KafkaConnectSpec, mounts: &MountedKeys, references: &References) -> Vec<String> {
    let container = spec.template.iter().filter_map(|it| it.connect_container.as_ref());
    let names = container.map(references::read_at_start).next().unwrap_or_default();
    let secrets = names.secrets.iter().filter_map(|name| references.secrets.get(name));
    let of_secrets = secrets.flat_map(|it| it.digests.values().cloned());
    let maps = names.config_maps.iter().filter_map(|name| references.config_maps.get(name));
    let of_maps = maps.map(|it| it.digest.clone());
    digests(mounts, references).chain(of_secrets).chain(of_maps).collect()
}

/// What the values of mounted keys are known by.
fn digests<'a>(
    mounts: &'a MountedKeys,
    references: &'a References,
) -> impl Iterator<Item = String> + 'a {
    let all = mounts.iter().flat_map(|(secret, keys)| keys.iter().map(move |key| (secret, key)));
    all.filter_map(|(secret, key)| references.secrets.get(secret)?.digests.get(key).cloned())
}

/// Settings that a spec may change. A replication factor of -1 is the broker's own default.
fn defaults() -> BTreeMap<String, String> {
    let json = "org.apache.kafka.connect.json.JsonConverter";
    text_map([
        ("key.converter", json),
        ("value.converter", json),
        ("config.storage.replication.factor", "-1"),
        ("offset.storage.replication.factor", "-1"),
        ("status.storage.replication.factor", "-1"),
    ])
}

/// What of `spec.config` counts.
#[derive(Debug)]
struct Own {
    settings: Settings,
    warnings: Vec<String>,
}

/// `spec.config` without what other fields decide, which is told.
fn own(spec: &KafkaConnectSpec) -> Result<Own, Error> {
    let (mut free, mut warnings) = (BTreeMap::new(), Vec::new());
    for (key, value) in &spec.config {
        match decided_elsewhere(key) {
            Some(remedy) => warnings.push(format!("spec.config[{key}] has no effect: {remedy}")),
            None => {
                free.insert(key.clone(), value.clone());
            }
        }
    }
    Ok(Own { settings: scalars::to_text(&free)?, warnings })
}

/// What to do in place of setting a key, if another field decides it.
pub fn decided_elsewhere(key: &str) -> Option<&'static str> {
    if FREE.contains(&key) {
        return None;
    }
    let decides = |(prefix, _): &&(&str, &str)| match prefix.strip_suffix('.') {
        Some(_) => key.starts_with(prefix),
        None => key == *prefix,
    };
    DECIDED_ELSEWHERE.iter().find(decides).map(|(_, remedy)| *remedy)
}

fn fields(spec: &KafkaConnectSpec) -> Settings {
    let tracing = spec.tracing.map(|Tracing { kind: TracingType::OpenTelemetry }| "opentelemetry");
    let tracing = tracing.map(|kind| ("sluice.tracing".to_owned(), kind.to_owned()));
    let fields = text_map([
        ("bootstrap.servers", &spec.bootstrap_servers),
        ("group.id", &spec.group_id),
        ("config.storage.topic", &spec.config_storage_topic),
        ("offset.storage.topic", &spec.offset_storage_topic),
        ("status.storage.topic", &spec.status_storage_topic),
        ("sluice.secrets.path", SECRETS),
    ]);
    fields.into_iter().chain(tracing).collect()
}

/// Names the providers of the placeholders, before those of the user.
fn add_providers(settings: &mut BTreeMap<String, String>) {
    let directory = "org.apache.kafka.common.config.provider.DirectoryConfigProvider";
    let quoted = "dev.sluice.config.provider.QuotedDirectoryConfigProvider";
    let users = settings.get("config.providers").map(|users| format!(",{users}"));
    let providers = format!("{PROVIDER},{QUOTED}{}", users.unwrap_or_default());
    settings.insert("config.providers".to_owned(), providers);
    settings.insert(format!("config.providers.{PROVIDER}.class"), directory.to_owned());
    settings.insert(format!("config.providers.{QUOTED}.class"), quoted.to_owned());
}

fn text_map<const N: usize>(pairs: [(&str, &str); N]) -> BTreeMap<String, String> {
    pairs.map(|(key, value)| (key.to_owned(), value.to_owned())).into()
}

#[cfg(test)]
pub(super) mod tests;
