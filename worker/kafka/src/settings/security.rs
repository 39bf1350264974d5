//! `security.protocol`, `ssl.*` and `sasl.*` as one typed value, from which both rustls' and librdkafka's
//! settings are made.

use std::{fs, path::PathBuf};

use sluice_config::{Properties, Secret};

use super::{SettingsError, jaas};
use crate::login::{Login, LoginSettings, Logins};

/// How a client secures and authenticates its connections.
#[derive(Debug, Clone, Default)]
pub(crate) struct Security {
    /// TLS, for `SSL` and `SASL_SSL`.
    pub(crate) tls: Option<Tls>,
    /// SASL, for `SASL_PLAINTEXT` and `SASL_SSL`.
    pub(crate) sasl: Option<Sasl>,
}

/// TLS material in PEM form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Tls {
    /// Certificates of the authorities to trust; none means the public ones.
    pub(crate) trust: Option<Pem>,
    /// Key and certificate chain that this client shows.
    pub(crate) identity: Option<Identity>,
    /// Whether the broker's certificate must name the host connected to.
    pub(crate) check_host: bool,
}

/// What a client shows for mTLS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Identity {
    /// Certificate chain, leaf first.
    pub(crate) chain: Pem,
    /// Private key.
    pub(crate) key: Pem,
}

/// PEM text, in place or in a file that is read whenever a client is made, so that rotation works.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Pem {
    /// The text itself.
    Text(Secret),
    /// The file of a settings key.
    File(&'static str, PathBuf),
}

impl Pem {
    /// The PEM text.
    pub(crate) fn load(&self) -> Result<Secret, SettingsError> {
        match self {
            Self::Text(text) => Ok(text.clone()),
            Self::File(key, path) => {
                fs::read_to_string(path).map(Secret::new).map_err(|cause| SettingsError::Invalid {
                    key,
                    reason: format!("{} cannot be read: {cause}", path.display()),
                })
            }
        }
    }
}

/// A SASL identity.
#[derive(Debug, Clone)]
pub(crate) enum Sasl {
    /// A user with a password.
    User(User),
    /// Whoever tokens are for: OAUTHBEARER.
    Token(Login),
}

impl Sasl {
    /// The mechanism's name on the wire and in settings.
    pub(crate) fn mechanism(&self) -> &'static str {
        match self {
            Self::User(user) => user.mechanism.name(),
            Self::Token(_) => OAUTHBEARER,
        }
    }

    /// Who it is, for errors.
    pub(crate) fn user(&self) -> &str {
        match self {
            Self::User(user) => &user.name,
            Self::Token(login) => login.user(),
        }
    }
}

/// A user with a password.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct User {
    /// Mechanism.
    pub(crate) mechanism: Mechanism,
    /// User.
    pub(crate) name: String,
    /// Password.
    pub(crate) password: Secret,
}

const OAUTHBEARER: &str = "OAUTHBEARER";

/// The SASL mechanisms that take a password.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mechanism {
    /// PLAIN.
    Plain,
    /// SCRAM-SHA-256.
    ScramSha256,
    /// SCRAM-SHA-512.
    ScramSha512,
}

impl Mechanism {
    /// The name on the wire and in settings.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Plain => "PLAIN",
            Self::ScramSha256 => "SCRAM-SHA-256",
            Self::ScramSha512 => "SCRAM-SHA-512",
        }
    }
}

/// Reads the security keys of a Java client.
pub(super) fn parse(settings: &Properties, logins: &Logins) -> Result<Security, SettingsError> {
    let protocol = text(settings, "security.protocol").unwrap_or("PLAINTEXT");
    let (tls, sasl) = match protocol.to_ascii_uppercase().as_str() {
        "PLAINTEXT" => (false, false),
        "SSL" => (true, false),
        "SASL_PLAINTEXT" => (false, true),
        "SASL_SSL" => (true, true),
        _ => {
            return Err(SettingsError::Invalid {
                key: "security.protocol",
                reason: format!(
                    "{protocol:?} is not one of PLAINTEXT, SSL, SASL_PLAINTEXT, SASL_SSL"
                ),
            });
        }
    };
    Ok(Security {
        tls: tls.then(|| parse_tls(settings)).transpose()?,
        sasl: sasl.then(|| parse_sasl(settings, logins)).transpose()?,
    })
}

fn text<'a>(settings: &'a Properties, key: &str) -> Option<&'a str> {
    settings.get(key).map(|value| value.trim()).filter(|value| !value.is_empty())
}

/// Reads the `ssl.*` keys alone.
pub(crate) fn parse_tls(settings: &Properties) -> Result<Tls, SettingsError> {
    let host_check = settings.get("ssl.endpoint.identification.algorithm");
    Ok(Tls {
        trust: trust(settings)?,
        identity: identity(settings)?,
        // Java checks the host unless the key is there and empty.
        check_host: host_check.is_none_or(|algorithm| !algorithm.trim().is_empty()),
    })
}

fn trust(settings: &Properties) -> Result<Option<Pem>, SettingsError> {
    let kind = text(settings, "ssl.truststore.type");
    if let Some(certificates) = text(settings, "ssl.truststore.certificates") {
        require_pem("ssl.truststore.type", kind)?;
        return Ok(Some(Pem::Text(Secret::new(certificates))));
    }
    let Some(location) = text(settings, "ssl.truststore.location") else { return Ok(None) };
    require_pem("ssl.truststore.type", kind)?;
    Ok(Some(Pem::File("ssl.truststore.location", location.into())))
}

fn identity(settings: &Properties) -> Result<Option<Identity>, SettingsError> {
    let kind = text(settings, "ssl.keystore.type");
    let key = text(settings, "ssl.keystore.key");
    let chain = text(settings, "ssl.keystore.certificate.chain");
    let identity = match (key, chain) {
        (Some(key), Some(chain)) => {
            Identity { chain: Pem::Text(Secret::new(chain)), key: Pem::Text(Secret::new(key)) }
        }
        (Some(_), None) => return Err(missing("ssl.keystore.certificate.chain")),
        (None, Some(_)) => return Err(missing("ssl.keystore.key")),
        (None, None) => {
            let Some(location) = text(settings, "ssl.keystore.location") else { return Ok(None) };
            let file = Pem::File("ssl.keystore.location", location.into());
            Identity { chain: file.clone(), key: file }
        }
    };
    require_pem("ssl.keystore.type", kind)?;
    Ok(Some(identity))
}

fn missing(key: &'static str) -> SettingsError {
    SettingsError::Invalid { key, reason: "must be set too".to_owned() }
}

/// JKS and PKCS12 would take a second, pre-release cryptography stack to open; both convert to PEM with one
/// command, which the refusal names.
fn require_pem(key: &'static str, kind: Option<&str>) -> Result<(), SettingsError> {
    // Java's default is JKS.
    match kind.unwrap_or("JKS").to_ascii_uppercase().as_str() {
        "PEM" => Ok(()),
        "PKCS12" => Err(SettingsError::Invalid {
            key,
            reason: "PKCS12 stores cannot be read; convert the store to PEM with `openssl pkcs12 \
                     -in STORE -nodes -out STORE.pem`, name that file as the location and set the \
                     type to PEM"
                .to_owned(),
        }),
        _ => Err(SettingsError::Invalid {
            key,
            reason: "JKS stores cannot be read; convert the store to PEM with `keytool \
                     -importkeystore -srckeystore STORE -destkeystore STORE.p12 -deststoretype \
                     PKCS12` and `openssl pkcs12 -in STORE.p12 -nodes -out STORE.pem`, name that \
                     file as the location and set the type to PEM"
                .to_owned(),
        }),
    }
}

fn parse_sasl(settings: &Properties, logins: &Logins) -> Result<Sasl, SettingsError> {
    let name = text(settings, "sasl.mechanism").unwrap_or("GSSAPI");
    let (mechanism, expected) = match name.to_ascii_uppercase().as_str() {
        "PLAIN" => (Some(Mechanism::Plain), "plain.PlainLoginModule"),
        "SCRAM-SHA-256" => (Some(Mechanism::ScramSha256), "scram.ScramLoginModule"),
        "SCRAM-SHA-512" => (Some(Mechanism::ScramSha512), "scram.ScramLoginModule"),
        OAUTHBEARER => (None, "oauthbearer.OAuthBearerLoginModule"),
        _ => {
            return Err(SettingsError::Invalid {
                key: "sasl.mechanism",
                reason: format!(
                    "{name} is not supported; use PLAIN, SCRAM-SHA-256, SCRAM-SHA-512 or OAUTHBEARER"
                ),
            });
        }
    };
    let module = module(settings, name, expected)?;
    let Some(mechanism) = mechanism else {
        let login = LoginSettings::parse(settings, &module.options)?;
        return Ok(Sasl::Token(logins.of(login)));
    };
    let handler = "sasl.login.callback.handler.class";
    if text(settings, handler).is_some() {
        let reason = "names a Java class, which cannot be loaded here";
        return Err(SettingsError::Refused { key: handler.to_owned(), reason });
    }
    user(mechanism, module)
}

/// The login module of a mechanism, the only one that may be named.
fn module(
    settings: &Properties,
    mechanism: &str,
    expected: &str,
) -> Result<jaas::LoginModule, SettingsError> {
    const KEY: &str = "sasl.jaas.config";
    let invalid = |reason: String| SettingsError::Invalid { key: KEY, reason };
    let jaas = settings.get(KEY).ok_or_else(|| invalid(format!("must be set for {mechanism}")))?;
    let module = jaas::parse(jaas)?;
    let expected = format!("org.apache.kafka.common.security.{expected}");
    if module.class != expected {
        let class = module.class;
        return Err(invalid(format!(
            "login module {class} is not allowed; {mechanism} takes {expected}"
        )));
    }
    Ok(module)
}

fn user(mechanism: Mechanism, mut module: jaas::LoginModule) -> Result<Sasl, SettingsError> {
    let mut option = |key: &str| {
        module.options.remove(key).ok_or_else(|| SettingsError::Invalid {
            key: "sasl.jaas.config",
            reason: format!("has no {key}"),
        })
    };
    Ok(Sasl::User(User {
        mechanism,
        name: option("username")?,
        password: Secret::new(option("password")?),
    }))
}
