//! A client's settings, parsed once from Java's keys: connections, security and tuning. Both the wire client's
//! and librdkafka's settings are made from them, so that one fact has one definition.

mod jaas;
mod keys;
mod layers;
mod librdkafka;
mod security;

use std::time::Duration;

use sluice_config::Properties;

pub use layers::layered;
pub(crate) use security::{Mechanism, Sasl, Security, Tls, User, parse_tls};

use crate::login::Logins;

/// Why client settings cannot be used. Never holds a secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SettingsError {
    /// A value cannot be understood or used.
    #[error("Invalid value for configuration {key}: {reason}")]
    Invalid {
        /// Key.
        key: &'static str,
        /// What is wrong, without the value of secret keys.
        reason: String,
    },
    /// A key of the Java clients that cannot be honoured.
    #[error("Configuration {key} is not supported: {reason}")]
    Refused {
        /// Key.
        key: String,
        /// Why.
        reason: &'static str,
    },
    /// Settings for SASL/OAUTHBEARER that cannot be used, in Java's words.
    #[error("{0}")]
    Login(String),
    /// librdkafka does not take a value.
    #[error("Invalid client configuration: {0}")]
    Client(String),
}

/// The settings of one Kafka client.
#[derive(Clone)]
pub struct ClientSettings {
    bootstrap: Vec<(String, u16)>,
    security: Security,
    known: Properties,
    unknown: Vec<String>,
}

impl std::fmt::Debug for ClientSettings {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // `known` holds the raw secrets.
        out.debug_struct("ClientSettings")
            .field("bootstrap", &self.bootstrap)
            .field("security", &self.security)
            .finish_non_exhaustive()
    }
}

impl ClientSettings {
    /// Reads the keys of a Java client (unprefixed). Unknown keys are kept aside as [`Self::unknown`]. Clients made of these
    /// settings share a login with each other alone.
    pub fn parse(settings: &Properties) -> Result<Self, SettingsError> {
        Self::parse_with(settings, &Logins::default())
    }

    /// The same for clients that share a login with all others of `logins`. No I/O.
    pub fn parse_with(settings: &Properties, logins: &Logins) -> Result<Self, SettingsError> {
        let mut known = Properties::new();
        let mut unknown = Vec::new();
        for (key, value) in settings {
            keys::check(key, value)?;
            if keys::is_known(key) {
                known.insert(key.clone(), value.clone());
            } else {
                unknown.push(key.clone());
            }
        }
        let bootstrap = bootstrap(settings)?;
        Ok(Self { bootstrap, security: security::parse(settings, logins)?, known, unknown })
    }

    /// Keys that no Java client knows; callers warn about them.
    pub fn unknown(&self) -> &[String] {
        &self.unknown
    }

    /// The addresses to start from.
    pub fn bootstrap(&self) -> &[(String, u16)] {
        &self.bootstrap
    }

    /// The group that the settings name, if they do.
    pub fn group_id(&self) -> Option<&str> {
        self.text("group.id")
    }

    /// The client id that the settings name, if they do.
    pub fn client_id(&self) -> Option<&str> {
        self.text("client.id")
    }

    /// Most records that one poll hands out: `max.poll.records`, 500 by default.
    pub fn max_poll_records(&self) -> Result<usize, SettingsError> {
        Ok(self.number("max.poll.records")?.unwrap_or(500).max(1) as usize)
    }

    /// A setting of milliseconds, or `default`.
    pub(crate) fn duration(
        &self,
        key: &'static str,
        default: Duration,
    ) -> Result<Duration, SettingsError> {
        Ok(self.number(key)?.map_or(default, Duration::from_millis))
    }

    pub(crate) fn security(&self) -> &Security {
        &self.security
    }

    fn entries(&self) -> impl Iterator<Item = (&str, &str)> {
        self.known.iter().map(|(key, value)| (key.as_str(), value.as_str()))
    }

    pub(crate) fn text(&self, key: &str) -> Option<&str> {
        self.known.get(key).map(|value| value.trim()).filter(|value| !value.is_empty())
    }

    pub(crate) fn number(&self, key: &'static str) -> Result<Option<u64>, SettingsError> {
        let Some(text) = self.text(key) else { return Ok(None) };
        text.parse().map(Some).map_err(|_| SettingsError::Invalid {
            key,
            reason: format!("{text:?} is not a number of at least 0"),
        })
    }

    fn bootstrap_text(&self) -> String {
        let addresses = self.bootstrap.iter().map(|(host, port)| {
            if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") }
        });
        addresses.collect::<Vec<_>>().join(",")
    }
}

/// `host:port`, comma-separated; a host may be an IPv6 address in brackets and may follow a `NAME://`.
fn bootstrap(settings: &Properties) -> Result<Vec<(String, u16)>, SettingsError> {
    const KEY: &str = "bootstrap.servers";
    let invalid = |reason: String| SettingsError::Invalid { key: KEY, reason };
    let text = settings.get(KEY).map_or("localhost:9092", String::as_str);
    let mut addresses = Vec::new();
    for address in text.split(',').map(str::trim).filter(|address| !address.is_empty()) {
        let bare = address.split_once("://").map_or(address, |(_, bare)| bare);
        let (host, port) = bare
            .rsplit_once(':')
            .ok_or_else(|| invalid(format!("Invalid url in bootstrap.servers: {address}")))?;
        let port = port
            .parse()
            .map_err(|_| invalid(format!("Invalid port in bootstrap.servers: {address}")))?;
        let host = host.trim_start_matches('[').trim_end_matches(']');
        addresses.push((host.to_owned(), port));
    }
    if addresses.is_empty() {
        return Err(invalid("No resolvable bootstrap urls given in bootstrap.servers".to_owned()));
    }
    Ok(addresses)
}

#[cfg(test)]
mod tests;
