//! The keys of a client that logs in by SASL/OAUTHBEARER, and the options of its login module: which handler, which retriever,
//! and when to ask again. Classes of one's own cannot be loaded here and are refused by name.

use std::{collections::BTreeMap, time::Duration};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use hyper::Uri;
use sluice_config::{Properties, Secret};

use super::{
    allowed,
    endpoint::Endpoint,
    extensions,
    file::SecretFile,
    form_encoded,
    jwt::Claims,
    keys::{Keys, invalid},
    refresh::Refresh,
    source::{Reading, Source},
    strimzi,
    unsecured::Unsecured,
};
use crate::settings::{SettingsError, parse_tls};

const PACKAGE: &str = "org.apache.kafka.common.security.oauthbearer.";
const HANDLER: &str = "sasl.login.callback.handler.class";
const RETRIEVER: &str = "sasl.oauthbearer.jwt.retriever.class";
const VALIDATOR: &str = "sasl.oauthbearer.jwt.validator.class";
const URL: &str = "sasl.oauthbearer.token.endpoint.url";
const CLIENT_ID: &str = "sasl.oauthbearer.client.credentials.client.id";
const CLIENT_SECRET: &str = "sasl.oauthbearer.client.credentials.client.secret";

/// What Java waits for without end unless told otherwise.
const CONNECT: Duration = Duration::from_secs(30);
const READ: Duration = Duration::from_mins(1);

/// How to come by tokens. Clients with equal ones share a login.
#[derive(Clone, PartialEq)]
pub(crate) struct LoginSettings {
    pub(super) source: Source,
    pub(super) reading: Reading,
    pub(super) extensions: Vec<(String, String)>,
    pub(super) refresh: Refresh,
}

impl LoginSettings {
    /// Reads a client's keys, and the options of its `OAuthBearerLoginModule`.
    pub(crate) fn parse(
        settings: &Properties,
        options: &BTreeMap<String, String>,
    ) -> Result<Self, SettingsError> {
        let keys = Keys { settings, options };
        let handler = keys.text(HANDLER).map(|it| it.strip_prefix(PACKAGE).unwrap_or(it));
        let strict = || keys.claims().map(Reading::Strict);
        let (source, reading, prefix) = match handler {
            None | Some("internals.unsecured.OAuthBearerUnsecuredLoginCallbackHandler") => (
                Source::Unsecured(Unsecured::parse(options)?),
                strict()?,
                "unsecuredLoginExtension_",
            ),
            // The second is the name that it had before Kafka 4.
            Some("OAuthBearerLoginCallbackHandler" | "secured.OAuthBearerLoginCallbackHandler") => {
                (keys.source()?, strict()?, "extension_")
            }
            Some(strimzi::HANDLER) => {
                let (source, reading) = strimzi::parse(settings, options, keys.retry()?)?;
                (source, reading, strimzi::EXTENSIONS)
            }
            Some(class) => {
                return Err(invalid(
                    HANDLER,
                    format!(
                        "{class} cannot be loaded here; use {PACKAGE}OAuthBearerLoginCallbackHandler"
                    ),
                ));
            }
        };
        Ok(Self {
            source,
            reading,
            extensions: extensions::of(options, prefix)?,
            refresh: keys.refresh()?,
        })
    }
}

impl<'a> Keys<'a> {
    /// `DefaultJwtRetriever` and the others of its kind.
    fn source(&self) -> Result<Source, SettingsError> {
        let url = self.url()?;
        let is_file = url.starts_with("file:");
        let retriever = self.text(RETRIEVER).map(|it| it.strip_prefix(PACKAGE).unwrap_or(it));
        match retriever.unwrap_or("DefaultJwtRetriever") {
            "DefaultJwtRetriever" if is_file => file(url),
            "FileJwtRetriever" => file(url),
            "DefaultJwtRetriever" | "ClientCredentialsJwtRetriever" => self.endpoint(url),
            class => Err(invalid(
                RETRIEVER,
                format!(
                    "{class} is not supported; use DefaultJwtRetriever, ClientCredentialsJwtRetriever or FileJwtRetriever \
                     of {PACKAGE}"
                ),
            )),
        }
    }

    /// `ConfigurationUtils.validateUrl`.
    fn url(&self) -> Result<&'a str, SettingsError> {
        let told = |flaw: String| {
            SettingsError::Login(format!("The OAuth configuration option {URL} {flaw}"))
        };
        let url = self.text(URL).ok_or_else(|| told("value is required".to_owned()))?;
        let Some((protocol, _)) = url.split_once(':') else {
            return Err(told(format!(
                "contains a URL ({url}) that is malformed: no protocol: {url}"
            )));
        };
        let protocol = protocol.to_ascii_lowercase();
        if !matches!(protocol.as_str(), "http" | "https" | "file") {
            return Err(told(format!(
                "contains a URL ({url}) that contains an invalid protocol ({protocol}); only \"http\", \"https\", and \
                 \"file\" protocol are supported"
            )));
        }
        allowed::check_url(self.settings, URL, url)?;
        Ok(url)
    }

    fn endpoint(&self, url: &str) -> Result<Source, SettingsError> {
        for key in ["sasl.oauthbearer.assertion.file", "sasl.oauthbearer.assertion.claim.iss"] {
            if self.text(key).is_some() {
                let reason =
                    "clients cannot be authenticated by assertions here; use a client secret";
                return Err(SettingsError::Refused { key: key.to_owned(), reason });
            }
        }
        let required = |key, option| {
            let told = || {
                SettingsError::Login(format!(
                    "Invalid value null for configuration {key}; it must be set (or the option {option} of sasl.jaas.config)"
                ))
            };
            self.either(key, option).ok_or_else(told)
        };
        let client_id = required(CLIENT_ID, "clientId")?;
        let client_secret = required(CLIENT_SECRET, "clientSecret")?;
        let scope = self.either("sasl.oauthbearer.scope", "scope");
        let is_encoded = self.boolean("sasl.oauthbearer.header.urlencode")?;
        let encode = |text: &str| if is_encoded { form_encoded(text) } else { text.to_owned() };
        let user = Secret::new(format!("{}:{}", encode(client_id), encode(client_secret)));
        let scope = scope.map(|it| format!("&scope={}", encode(it))).unwrap_or_default();
        let (uri, is_https) = parse_url(URL, url)?;
        Ok(Source::Endpoint(Box::new(Endpoint {
            url: uri,
            tls: is_https.then(|| self.tls()).transpose()?,
            client_id: client_id.to_owned(),
            client_secret: Some(Secret::new(client_secret)),
            authorization: Some(Secret::new(format!("Basic {}", STANDARD.encode(user.reveal())))),
            form: format!("grant_type=client_credentials{scope}"),
            proof: None,
            connect: self.millis("sasl.login.connect.timeout.ms", CONNECT)?,
            read: self.millis("sasl.login.read.timeout.ms", READ)?,
            retry: self.retry()?,
        })))
    }

    /// As in Java, the options of the login module say whom to trust, not the keys that are for brokers; a host is always
    /// checked.
    fn tls(&self) -> Result<crate::settings::Tls, SettingsError> {
        let options = self.options.iter().filter(|(key, _)| key.starts_with("ssl."));
        let options = options.map(|(key, value)| (key.clone(), value.clone())).collect();
        let tls = parse_tls(&options).map_err(|error| {
            invalid("sasl.jaas.config", format!("of the token endpoint: {error}"))
        })?;
        Ok(crate::settings::Tls { check_host: true, ..tls })
    }

    /// `DefaultJwtValidator`, which on a client looks at claims alone.
    fn claims(&self) -> Result<Claims, SettingsError> {
        let validator = self.text(VALIDATOR).map(|it| it.strip_prefix(PACKAGE).unwrap_or(it));
        if !matches!(validator, None | Some("DefaultJwtValidator" | "ClientJwtValidator")) {
            let reason = format!(
                "{} is not supported; use DefaultJwtValidator or ClientJwtValidator of {PACKAGE}",
                validator.unwrap_or_default()
            );
            return Err(invalid(VALIDATOR, reason));
        }
        let key = "sasl.oauthbearer.jwks.endpoint.url";
        if self.text(key).is_some() {
            let reason = "a client's own tokens are verified by the brokers alone";
            return Err(SettingsError::Refused { key: key.to_owned(), reason });
        }
        let name = |key, default: &str| self.text(key).unwrap_or(default).to_owned();
        Ok(Claims {
            scope: name("sasl.oauthbearer.scope.claim.name", "scope"),
            subject: name("sasl.oauthbearer.sub.claim.name", "sub"),
        })
    }
}

fn file(url: &str) -> Result<Source, SettingsError> {
    // file:/path and file:///path are the same.
    let path = url.get("file:".len()..).unwrap_or_default();
    let path = path.strip_prefix("//").unwrap_or(path);
    if !url.starts_with("file:") || !path.starts_with('/') {
        return Err(invalid(URL, format!("{url} names no file of this host; write file:///PATH")));
    }
    Ok(Source::File(SecretFile { key: URL, path: path.into() }))
}

/// A URL of an endpoint, and whether it is secured.
pub(super) fn parse_url(key: &'static str, url: &str) -> Result<(Uri, bool), SettingsError> {
    let malformed = |flaw: &dyn std::fmt::Display| {
        SettingsError::Login(format!(
            "The OAuth configuration option {key} contains a URL ({url}) that is malformed: {flaw}"
        ))
    };
    let uri: Uri = url.parse().map_err(|flaw: hyper::http::uri::InvalidUri| malformed(&flaw))?;
    let authority = uri.authority().ok_or_else(|| malformed(&"it has no host"))?;
    if authority.as_str().contains('@') {
        let reason = "a URL must not hold a user or a password".to_owned();
        return Err(invalid(key, reason));
    }
    match uri.scheme_str() {
        Some("https") => Ok((uri, true)),
        Some("http") => Ok((uri, false)),
        _ => Err(malformed(&"it is neither of http nor of https")),
    }
}

#[cfg(test)]
mod tests;
