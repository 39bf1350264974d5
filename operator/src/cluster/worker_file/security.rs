//! How a client of Kafka secures its connections and shows who it is. Without a prefix: each client gets the same.

use std::collections::BTreeMap;

use sluice_crds::{Authentication, AuthenticationType, KafkaConnectSpec};

use super::super::validate::Error;
use super::keys::Keys;
use super::{Settings, custom, oauth};

/// What clients need, what counts in the worker file alone, and what has no effect.
#[derive(Debug, Default)]
pub(super) struct Security {
    pub(super) of_clients: Settings,
    pub(super) of_worker: Settings,
    pub(super) warnings: Vec<String>,
}

pub(super) fn of(spec: &KafkaConnectSpec, keys: &mut Keys<'_>) -> Result<Security, Error> {
    let mut security = Security::default();
    let sasl = spec.authentication.as_ref().is_some_and(uses_sasl);
    let is_certificate = |it: &Authentication| it.kind == AuthenticationType::Tls;
    let protocol = match (spec.tls.is_some(), sasl) {
        (false, false) if spec.authentication.as_ref().is_some_and(is_certificate) => {
            return Err(Error::field("spec.authentication", "type tls needs spec.tls"));
        }
        (false, false) => "PLAINTEXT",
        (true, false) => "SSL",
        (false, true) => "SASL_PLAINTEXT",
        (true, true) => "SASL_SSL",
    };
    if spec.tls.is_none() && spec.authentication.is_none() {
        return Ok(security);
    }
    let settings = &mut security.of_clients;
    settings.insert("security.protocol".to_owned(), protocol.to_owned());
    if let Some(tls) = &spec.tls {
        let certificates =
            keys.trusted("spec.tls.trustedCertificates", &tls.trusted_certificates)?;
        if let Some(certificates) = certificates {
            settings.insert("ssl.truststore.type".to_owned(), "PEM".to_owned());
            settings.insert("ssl.truststore.certificates".to_owned(), certificates);
        }
    }
    if let Some(authentication) = &spec.authentication {
        identity(authentication, keys, &mut security)?;
    }
    Ok(security)
}

fn uses_sasl(authentication: &Authentication) -> bool {
    match authentication.kind {
        AuthenticationType::Tls => false,
        AuthenticationType::Custom => authentication.sasl.unwrap_or(false),
        _ => true,
    }
}

/// Who the client is.
fn identity(
    authentication: &Authentication,
    keys: &mut Keys<'_>,
    security: &mut Security,
) -> Result<(), Error> {
    let (mechanism, module) = match authentication.kind {
        AuthenticationType::Tls => {
            security.of_clients.extend(client_certificate(authentication, keys)?);
            return Ok(());
        }
        AuthenticationType::OAuth => return oauth::add(authentication, keys, security),
        AuthenticationType::Custom => return custom::add(authentication, keys, security),
        AuthenticationType::ScramSha256 => ("SCRAM-SHA-256", "scram.ScramLoginModule"),
        AuthenticationType::ScramSha512 => ("SCRAM-SHA-512", "scram.ScramLoginModule"),
        AuthenticationType::Plain => ("PLAIN", "plain.PlainLoginModule"),
    };
    let missing = |name| Error::field(&format!("spec.authentication.{name}"), "is required");
    let user = authentication.username.as_ref().ok_or_else(|| missing("username"))?;
    let secret = authentication.password_secret.as_ref();
    let secret = secret.ok_or_else(|| missing("passwordSecret"))?;
    let field = "spec.authentication.passwordSecret";
    let password = keys.quoted(field, &secret.secret_name, &secret.password)?;
    let user = escaped(user);
    let jaas = format!(
        "org.apache.kafka.common.security.{module} required username=\"{user}\" password=\"{password}\";"
    );
    security.of_clients.insert("sasl.mechanism".to_owned(), mechanism.to_owned());
    security.of_clients.insert("sasl.jaas.config".to_owned(), jaas);
    Ok(())
}

/// A text as part of a JAAS entry between double quotes.
pub(super) fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n").replace('\r', "\\r")
}

fn client_certificate(
    authentication: &Authentication,
    keys: &mut Keys<'_>,
) -> Result<BTreeMap<String, String>, Error> {
    let field = "spec.authentication.certificateAndKey";
    let secret = authentication.certificate_and_key.as_ref();
    let secret = secret.ok_or_else(|| Error::field(field, "is required"))?;
    let chain = keys.value(field, &secret.secret_name, &secret.certificate)?;
    let key = keys.value(field, &secret.secret_name, &secret.key)?;
    let settings = [
        ("ssl.keystore.type", "PEM".to_owned()),
        ("ssl.keystore.certificate.chain", chain),
        ("ssl.keystore.key", key),
    ];
    Ok(settings.map(|(name, value)| (name.to_owned(), value)).into())
}
