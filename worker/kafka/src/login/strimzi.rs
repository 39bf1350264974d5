//! The options of Strimzi's `JaasClientOauthLoginCallbackHandler`, for those who come from it: the grants that it knows, with
//! tokens that need not be JWTs. Its options stand in `sasl.jaas.config` alone, not in the environment; what it may ask
//! and read has to be allowed as for Kafka's own handler.

use std::{collections::BTreeMap, time::Duration};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use sluice_config::{Properties, Secret};

use super::{
    allowed,
    endpoint::{Endpoint, Retry},
    file::{SecretFile, SecretText},
    form_encoded,
    opaque::Opaque,
    settings::parse_url,
    source::{Reading, Source},
};
use crate::settings::{SettingsError, Tls, parse_tls};

/// Its class.
pub(super) const HANDLER: &str =
    "io.strimzi.kafka.oauth.client.JaasClientOauthLoginCallbackHandler";
/// Options with SASL extensions.
pub(super) const EXTENSIONS: &str = "oauth.sasl.extension.";

const ENDPOINT: &str = "oauth.token.endpoint.uri";
const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// Reads the options.
pub(super) fn parse(
    settings: &Properties,
    options: &BTreeMap<String, String>,
    retry: Retry,
) -> Result<(Source, Reading), SettingsError> {
    let options = Options { settings, options };
    let reading = Reading::Lenient(options.opaque()?);
    let given = options.secret(["oauth.access.token", "oauth.access.token.location"])?;
    let source = match given {
        Some(token) => Source::Given(token),
        None => Source::Endpoint(Box::new(options.endpoint(retry)?)),
    };
    Ok((source, reading))
}

/// What an endpoint is asked for.
struct Grant {
    form: String,
    /// A field of the form that is secret.
    proof: Option<(&'static str, SecretText)>,
    /// Whether the client shows a secret of its own.
    is_basic: bool,
}

struct Options<'a> {
    settings: &'a Properties,
    options: &'a BTreeMap<String, String>,
}

impl Options<'_> {
    fn text(&self, name: &str) -> Option<&str> {
        self.options.get(name).map(|it| it.trim()).filter(|it| !it.is_empty())
    }

    /// A text, or the file that has it; the file counts first.
    fn secret(
        &self,
        [text, location]: [&'static str; 2],
    ) -> Result<Option<SecretText>, SettingsError> {
        let Some(path) = self.text(location) else {
            return Ok(self.text(text).map(|it| SecretText::Given(Secret::new(it))));
        };
        allowed::check_file(self.settings, location, path)?;
        Ok(Some(SecretText::File(SecretFile { key: location, path: path.into() })))
    }

    fn endpoint(&self, retry: Retry) -> Result<Endpoint, SettingsError> {
        let url = self.text(ENDPOINT).ok_or_else(|| {
            wrong(format!(
                "Access token not specified ('oauth.access.token' or 'oauth.access.token.location'). OAuth token endpoint \
                 ('{ENDPOINT}') should then be set."
            ))
        })?;
        allowed::check_url(self.settings, ENDPOINT, url)?;
        let (url, is_https) = parse_url(ENDPOINT, url)?;
        let client_id = self
            .text("oauth.client.id")
            .ok_or_else(|| wrong("No client id specified ('oauth.client.id')".to_owned()))?;
        let client_secret = self.text("oauth.client.secret");
        let Grant { form, proof, is_basic } = self.grant(client_id, client_secret)?;
        let basic = || {
            let user = Secret::new(format!("{client_id}:{}", client_secret.unwrap_or_default()));
            Secret::new(format!("Basic {}", STANDARD.encode(user.reveal())))
        };
        Ok(Endpoint {
            url,
            tls: is_https.then(|| self.tls()).transpose()?,
            client_id: client_id.to_owned(),
            client_secret: client_secret.map(Secret::new),
            authorization: is_basic.then(basic),
            form,
            proof,
            connect: self.seconds("oauth.connect.timeout.seconds")?,
            read: self.seconds("oauth.read.timeout.seconds")?,
            retry,
        })
    }

    /// The first of the grants for which there is what it needs.
    fn grant(&self, client_id: &str, client_secret: Option<&str>) -> Result<Grant, SettingsError> {
        let refresh = self.secret(["oauth.refresh.token", "oauth.refresh.token.location"])?;
        let assertion =
            self.secret(["oauth.client.assertion", "oauth.client.assertion.location"])?;
        let username = self.text("oauth.password.grant.username");
        let client = form_encoded(client_id);
        let (form, proof, is_basic) = if let Some(token) = refresh {
            let form = format!("grant_type=refresh_token&client_id={client}");
            (form, Some(("refresh_token", token)), client_secret.is_some())
        } else if let Some(username) = username {
            let told = || {
                wrong(
                    "Username configured ('oauth.password.grant.username') but no password specified \
                     ('oauth.password.grant.password')"
                        .to_owned(),
                )
            };
            let password = self.text("oauth.password.grant.password").ok_or_else(told)?;
            let form = format!("grant_type=password&username={}", form_encoded(username));
            (form, Some(("password", SecretText::Given(Secret::new(password)))), true)
        } else if client_secret.is_some() {
            ("grant_type=client_credentials".to_owned(), None, true)
        } else if let Some(assertion) = assertion {
            let kind = self.text("oauth.client.assertion.type").unwrap_or(ASSERTION_TYPE);
            let form = format!(
                "grant_type=client_credentials&client_id={client}&client_assertion_type={}",
                form_encoded(kind)
            );
            (form, Some(("client_assertion", assertion)), false)
        } else {
            return Err(wrong(
                "No access token or location ('oauth.access.token', 'oauth.access.token.location'), refresh token or location \
                 ('oauth.refresh.token', 'oauth.refresh.token.location'), client credentials ('oauth.client.secret'), user \
                 credentials ('oauth.password.grant.username') or clientAssertion or location ('oauth.client.assertion', \
                 'oauth.client.assertion.location') specified"
                    .to_owned(),
            ));
        };
        let field = |name: &str| {
            let value = self.text(&format!("oauth.{name}"));
            value.map(|it| format!("&{name}={}", form_encoded(it))).unwrap_or_default()
        };
        Ok(Grant {
            form: format!("{form}{}{}", field("scope"), field("audience")),
            proof,
            is_basic,
        })
    }

    fn opaque(&self) -> Result<Opaque, SettingsError> {
        const MOST: &str = "oauth.max.token.expiry.seconds";
        let most = match self.text(MOST) {
            None => None,
            Some(text) => match text.parse::<i64>() {
                Ok(..=0) => None,
                Ok(seconds @ 60..) => Some(seconds.saturating_mul(1000)),
                _ => {
                    return Err(wrong(format!(
                        "Invalid value configured for '{MOST}': {text} (should be at least 60)"
                    )));
                }
            },
        };
        let is_jwt = match self.text("oauth.access.token.is.jwt").unwrap_or("true") {
            "true" | "yes" | "y" | "1" => true,
            "false" | "no" | "n" | "0" => false,
            other => {
                return Err(wrong(format!(
                    "Bad boolean value for key: oauth.access.token.is.jwt, value: {other}"
                )));
            }
        };
        let subject = self.text("oauth.username.claim").unwrap_or("sub").to_owned();
        Ok(Opaque { is_jwt, subject, most })
    }

    fn seconds(&self, name: &'static str) -> Result<Duration, SettingsError> {
        const DEFAULT: u64 = 60;
        let Some(text) = self.text(name) else { return Ok(Duration::from_secs(DEFAULT)) };
        let seconds: i32 =
            text.parse().map_err(|_| wrong(format!("{name}: {text:?} is not a number")))?;
        // As in Java, what is no time counts as not set.
        Ok(Duration::from_secs(u64::try_from(seconds).ok().filter(|it| *it > 0).unwrap_or(DEFAULT)))
    }

    fn tls(&self) -> Result<Tls, SettingsError> {
        let named = self.options.iter().filter_map(|(name, value)| {
            let name = name.strip_prefix("oauth.").filter(|it| it.starts_with("ssl."))?;
            Some((name.to_owned(), value.clone()))
        });
        parse_tls(&named.collect())
            .map_err(|error| wrong(format!("sasl.jaas.config, options oauth.ssl.*: {error}")))
    }
}

fn wrong(told: String) -> SettingsError {
    SettingsError::Login(told)
}

#[cfg(test)]
mod tests;
