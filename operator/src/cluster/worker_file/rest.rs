//! `spec.rest`: the REST API of the workers.

use sluice_crds::{
    ClientAuthentication, KafkaConnectSpec, RestAuthenticationType, RestAuthorizationType, RestTls,
};

use super::super::guard;
use super::super::validate::Error;
use super::Settings;
use super::keys::Keys;
use crate::names;

/// The file that leads workers to their users, beside the worker file.
pub const JAAS_FILE: &str = "rest-jaas.conf";

const EXTENSION: &str =
    "org.apache.kafka.connect.rest.basic.auth.extension.BasicAuthSecurityRestExtension";
const MODULE: &str = "org.apache.kafka.connect.rest.basic.auth.extension.PropertyFileLoginModule";

const PREFIX: &str = "listeners.https.ssl.";
/// The setting with the certificate.
pub const CHAIN: &str = "listeners.https.ssl.keystore.certificate.chain";
/// The setting with the private key.
pub const KEY: &str = "listeners.https.ssl.keystore.key";
/// The setting with the authorities.
pub const TRUST: &str = "listeners.https.ssl.truststore.certificates";
/// Where cert-manager puts the authority.
const AUTHORITY: &str = "ca.crt";

/// Settings, and the JAAS file if there are users.
pub(super) fn of(
    spec: &KafkaConnectSpec,
    folder: &str,
    keys: &mut Keys<'_>,
) -> Result<(Settings, Option<String>), Error> {
    let port = names::REST_PORT.to_string();
    let rest = spec.rest.clone().unwrap_or_default();
    let scheme = if rest.tls.is_some() { "https" } else { "http" };
    let mut settings = Settings::from([
        ("listeners".to_owned(), format!("{scheme}://:{port}")),
        ("rest.advertised.port".to_owned(), port),
    ]);
    if let Some(tls) = &rest.tls {
        settings.insert("rest.advertised.listener".to_owned(), scheme.to_owned());
        for (key, value) in secured(tls, keys)? {
            settings.insert(format!("{PREFIX}{key}"), value);
        }
    }
    if let Some(authorization) = &rest.authorization {
        let kind = match authorization.kind {
            RestAuthorizationType::ReadOnly => "readOnly",
            RestAuthorizationType::Kubernetes => "kubernetes",
        };
        let folder = guard::FOLDER;
        settings.insert("sluice.rest.authorization".to_owned(), kind.to_owned());
        settings.insert("sluice.rest.authorization.path".to_owned(), folder.to_owned());
    }
    let basic = rest.authentication.filter(|it| it.kind == RestAuthenticationType::Basic);
    let Some(authentication) = basic else { return Ok((settings, None)) };
    let field = "spec.rest.authentication.users";
    let users = authentication.users.ok_or_else(|| Error::field(field, "is required"))?;
    let users = keys.file(field, &users)?;
    settings.insert("rest.extension.classes".to_owned(), EXTENSION.to_owned());
    settings.insert("sluice.rest.jaas.file".to_owned(), format!("{folder}/{JAAS_FILE}"));
    let jaas = format!("KafkaConnect {{\n  {MODULE} required file=\"{users}\";\n}};\n");
    Ok((settings, Some(jaas)))
}

fn secured(tls: &RestTls, keys: &mut Keys<'_>) -> Result<Vec<(&'static str, String)>, Error> {
    let field = "spec.rest.tls.secretName";
    let secret = &tls.secret_name;
    let certificate = tls.certificate.as_deref().unwrap_or("tls.crt");
    let key = tls.key.as_deref().unwrap_or("tls.key");
    let mut settings = vec![
        ("keystore.type", "PEM".to_owned()),
        ("keystore.certificate.chain", keys.value(field, secret, certificate)?),
        ("keystore.key", keys.value(field, secret, key)?),
        ("truststore.type", "PEM".to_owned()),
    ];
    let list = "spec.rest.tls.trustedCertificates";
    let trusted = match keys.trusted(list, &tls.trusted_certificates)? {
        Some(trusted) => trusted,
        None if keys.secret(field, secret)?.keys.contains(AUTHORITY) => {
            keys.value(field, secret, AUTHORITY)?
        }
        None => {
            let message = format!("is required, as Secret {secret} has no key {AUTHORITY}");
            return Err(Error::field(list, message));
        }
    };
    settings.push(("truststore.certificates", trusted));
    let asked = match tls.client_authentication.unwrap_or_default() {
        ClientAuthentication::None => return Ok(settings),
        ClientAuthentication::Requested => "requested",
        ClientAuthentication::Required => "required",
    };
    settings.push(("client.auth", asked.to_owned()));
    Ok(settings)
}
