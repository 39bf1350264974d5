//! The worker file of a cluster: Kafka Connect's settings out of the fields of the spec.
//!
//! Secret values never enter it: it holds placeholders `${sluice:FOLDER:KEY}` for files that are mounted beside it.

use std::collections::{BTreeMap, BTreeSet};

use sluice_crds::{Authentication, AuthenticationType, KafkaConnectSpec, TrustedCertificate};

use super::references::{References, SecretView};
use super::validate::Error;
use crate::names;
use crate::scalars::{self, refused};

/// Folder in which each Secret is mounted under its name.
pub const CREDENTIALS: &str = "/etc/sluice-credentials";

/// Folder in which the values are mounted that connectors take from Secrets and ConfigMaps.
pub const SECRETS: &str = "/etc/sluice-secrets";

/// Config provider that reads them.
const PROVIDER: &str = "sluice";

/// Config provider that reads them into a text between double quotes, as in a JAAS entry.
const QUOTED: &str = "sluice-quoted";

/// Settings that other fields of the resource decide. One that ends with a dot is a prefix.
const DECIDED_ELSEWHERE: [(&str, &str); 20] = [
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
    ("admin.listeners", "the operator sets it"),
    ("plugin.path", "all plugins are built in"),
    ("rest.", "the operator sets it"),
    ("sluice.metrics.", "the operator sets it"),
    ("consumer.interceptor.classes", "interceptors are Java classes"),
    ("producer.interceptor.classes", "interceptors are Java classes"),
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
    pub settings: BTreeMap<String, String>,
    /// Keys of Secrets that must be mounted.
    pub mounts: BTreeMap<String, BTreeSet<String>>,
    /// Changes whenever one of these Secrets does.
    pub versions: Vec<String>,
}

/// The worker file for a spec.
pub fn of(spec: &KafkaConnectSpec, references: &References) -> Result<WorkerFile, Error> {
    let mut file = WorkerFile { settings: defaults(), ..WorkerFile::default() };
    file.settings.extend(own(spec)?);
    file.settings.extend(fields(spec));
    let security = security(spec, references, &mut file.mounts)?;
    for client in CLIENTS {
        let prefixed = |(key, value): (&&str, &String)| (format!("{client}{key}"), value.clone());
        file.settings.extend(security.iter().map(prefixed));
    }
    if !file.mounts.is_empty() {
        add_providers(&mut file.settings);
    }
    let version = |name: &String| references.get(name).map(|secret| secret.version.clone());
    file.versions = file.mounts.keys().filter_map(version).collect();
    Ok(file)
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

/// `spec.config`, without what other fields decide.
pub fn own(spec: &KafkaConnectSpec) -> Result<BTreeMap<String, String>, Error> {
    let own = scalars::to_text(&spec.config)?;
    for key in own.keys().filter(|key| !FREE.contains(&key.as_str())) {
        let decided = |(prefix, _): &&(&str, &str)| match prefix.strip_suffix('.') {
            Some(_) => key.starts_with(prefix),
            None => key == prefix,
        };
        if let Some((_, remedy)) = DECIDED_ELSEWHERE.iter().find(decided) {
            return Err(refused(key, &format!("is not taken from here: {remedy}")).into());
        }
    }
    Ok(own)
}

fn fields(spec: &KafkaConnectSpec) -> BTreeMap<String, String> {
    let port = names::REST_PORT.to_string();
    text_map([
        ("bootstrap.servers", &spec.bootstrap_servers),
        ("group.id", &spec.group_id),
        ("config.storage.topic", &spec.config_storage_topic),
        ("offset.storage.topic", &spec.offset_storage_topic),
        ("status.storage.topic", &spec.status_storage_topic),
        ("listeners", &format!("http://:{port}")),
        ("rest.advertised.port", &port),
        ("sluice.secrets.path", SECRETS),
    ])
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

/// Security settings of one client, without a prefix.
fn security(
    spec: &KafkaConnectSpec,
    references: &References,
    mounts: &mut BTreeMap<String, BTreeSet<String>>,
) -> Result<BTreeMap<&'static str, String>, Error> {
    let mut keys = Keys { references, mounts };
    let mut settings = BTreeMap::new();
    let sasl = spec.authentication.as_ref().is_some_and(|it| it.kind != AuthenticationType::Tls);
    let protocol = match (spec.tls.is_some(), sasl) {
        (false, false) => return no_security(spec, settings),
        (true, false) => "SSL",
        (false, true) => "SASL_PLAINTEXT",
        (true, true) => "SASL_SSL",
    };
    settings.insert("security.protocol", protocol.to_owned());
    let trusted = spec.tls.iter().flat_map(|tls| &tls.trusted_certificates).enumerate();
    let mut certificates = Vec::new();
    for (index, certificate) in trusted {
        certificates.extend(keys.trusted(index, certificate)?);
    }
    if !certificates.is_empty() {
        settings.insert("ssl.truststore.type", "PEM".to_owned());
        settings.insert("ssl.truststore.certificates", certificates.join("\n"));
    }
    if let Some(authentication) = &spec.authentication {
        settings.extend(identity(authentication, &mut keys)?);
    }
    Ok(settings)
}

fn no_security(
    spec: &KafkaConnectSpec,
    none: BTreeMap<&'static str, String>,
) -> Result<BTreeMap<&'static str, String>, Error> {
    match &spec.authentication {
        Some(_) => Err(Error::field("spec.authentication", "type tls needs spec.tls")),
        None => Ok(none),
    }
}

/// Who the client is.
fn identity(
    authentication: &Authentication,
    keys: &mut Keys<'_>,
) -> Result<Vec<(&'static str, String)>, Error> {
    let (mechanism, module) = match authentication.kind {
        AuthenticationType::Tls => return client_certificate(authentication, keys),
        AuthenticationType::ScramSha256 => ("SCRAM-SHA-256", "scram.ScramLoginModule"),
        AuthenticationType::ScramSha512 => ("SCRAM-SHA-512", "scram.ScramLoginModule"),
        AuthenticationType::Plain => ("PLAIN", "plain.PlainLoginModule"),
    };
    let missing = |name| Error::field(&format!("spec.authentication.{name}"), "is required");
    let user = authentication.username.as_ref().ok_or_else(|| missing("username"))?;
    let secret = authentication.password_secret.as_ref();
    let secret = secret.ok_or_else(|| missing("passwordSecret"))?;
    let field = "spec.authentication.passwordSecret";
    let password = keys.placeholder(field, &secret.secret_name, &secret.password)?;
    let password = password.replacen(PROVIDER, QUOTED, 1);
    let user = user.replace('\\', "\\\\").replace('"', "\\\"");
    let jaas = format!(
        "org.apache.kafka.common.security.{module} required username=\"{user}\" password=\"{password}\";"
    );
    Ok(vec![("sasl.mechanism", mechanism.to_owned()), ("sasl.jaas.config", jaas)])
}

fn client_certificate(
    authentication: &Authentication,
    keys: &mut Keys<'_>,
) -> Result<Vec<(&'static str, String)>, Error> {
    let field = "spec.authentication.certificateAndKey";
    let secret = authentication.certificate_and_key.as_ref();
    let secret = secret.ok_or_else(|| Error::field(field, "is required"))?;
    let chain = keys.placeholder(field, &secret.secret_name, &secret.certificate)?;
    let key = keys.placeholder(field, &secret.secret_name, &secret.key)?;
    Ok(vec![
        ("ssl.keystore.type", "PEM".to_owned()),
        ("ssl.keystore.certificate.chain", chain),
        ("ssl.keystore.key", key),
    ])
}

/// Turns keys of Secrets into placeholders, and remembers what must be mounted for them.
struct Keys<'a> {
    references: &'a References,
    mounts: &'a mut BTreeMap<String, BTreeSet<String>>,
}

impl Keys<'_> {
    fn placeholder(&mut self, field: &str, secret: &str, key: &str) -> Result<String, Error> {
        if !self.secret(field, secret)?.keys.contains(key) {
            return Err(Error::NoKey {
                field: field.to_owned(),
                secret: secret.to_owned(),
                key: key.to_owned(),
            });
        }
        self.mounts.entry(secret.to_owned()).or_default().insert(key.to_owned());
        Ok(format!("${{{PROVIDER}:{CREDENTIALS}/{secret}:{key}}}"))
    }

    fn trusted(
        &mut self,
        index: usize,
        certificate: &TrustedCertificate,
    ) -> Result<Vec<String>, Error> {
        let field = format!("spec.tls.trustedCertificates[{index}]");
        let name = &certificate.secret_name;
        let wanted = match (&certificate.certificate, &certificate.pattern) {
            (Some(key), _) => vec![key.clone()],
            (None, Some(pattern)) => {
                let keys = self.secret(&field, name)?.keys.iter();
                keys.filter(|key| fits(pattern, key)).cloned().collect()
            }
            (None, None) => return Err(Error::field(&field, "give certificate or pattern")),
        };
        if wanted.is_empty() {
            let key = certificate.pattern.clone().unwrap_or_default();
            return Err(Error::NoKey { field, secret: name.clone(), key });
        }
        wanted.iter().map(|key| self.placeholder(&field, name, key)).collect()
    }

    fn secret(&self, field: &str, name: &str) -> Result<&SecretView, Error> {
        self.references
            .get(name)
            .ok_or_else(|| Error::NoSecret { field: field.to_owned(), secret: name.to_owned() })
    }
}

/// Whether a key fits a pattern of `*` and `?`.
fn fits(pattern: &str, key: &str) -> bool {
    let Some(first) = pattern.chars().next() else { return key.is_empty() };
    let rest = &pattern[first.len_utf8()..];
    if first == '*' {
        let ends = key.char_indices().map(|(at, _)| at).chain([key.len()]);
        return ends.into_iter().any(|at| fits(rest, &key[at..]));
    }
    let Some(next) = key.chars().next() else { return false };
    (first == '?' || first == next) && fits(rest, &key[next.len_utf8()..])
}

fn text_map<const N: usize>(pairs: [(&str, &str); N]) -> BTreeMap<String, String> {
    pairs.map(|(key, value)| (key.to_owned(), value.to_owned())).into()
}

#[cfg(test)]
mod tests;
