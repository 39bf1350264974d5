//! `spec.authentication` of type `oauth`: the options of Strimzi's login handler, which workers know.

use std::fmt::Write as _;

use sluice_crds::{Authentication, OAuth};

use super::super::validate::Error;
use super::keys::Keys;
use super::security::{Security, escaped};

const MODULE: &str = "org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginModule";
const HANDLER: &str = "io.strimzi.kafka.oauth.client.JaasClientOauthLoginCallbackHandler";
/// Kafka's own longest pause between questions for a token, in milliseconds.
const LONGEST_PAUSE_MS: i32 = 10_000;
/// Addresses and files that a login may use.
pub(super) const ALLOWED: [&str; 2] = [
    "org.apache.kafka.sasl.oauthbearer.allowed.urls",
    "org.apache.kafka.sasl.oauthbearer.allowed.files",
];

/// Adds what the fields say.
pub(super) fn add(
    authentication: &Authentication,
    keys: &mut Keys<'_>,
    security: &mut Security,
) -> Result<(), Error> {
    let oauth = &authentication.oauth;
    check(authentication)?;
    let options = options(authentication, keys)?;
    let mut jaas = format!("{MODULE} required");
    for (name, value) in options {
        // Writing to a text cannot fail.
        let _infallible = write!(jaas, " {name}=\"{value}\"");
    }
    jaas.push(';');
    let settings = [
        ("sasl.mechanism", "OAUTHBEARER"),
        ("sasl.login.callback.handler.class", HANDLER),
        ("sasl.jaas.config", &jaas),
    ];
    let settings = settings.map(|(key, value)| (key.to_owned(), value.to_owned()));
    security.of_clients.extend(settings);
    let files = [&oauth.access_token_location, &oauth.client_assertion_location];
    let files: Vec<&str> = files.into_iter().flatten().map(String::as_str).collect();
    let lists = [oauth.token_endpoint_uri.clone().unwrap_or_default(), files.join(",")];
    let lists = ALLOWED.into_iter().zip(lists).filter(|(_, list)| !list.is_empty());
    security.of_worker.extend(lists.map(|(key, list)| (key.to_owned(), list)));
    if let Some(pause) = oauth.http_retry_pause_ms {
        let longest = pause.max(LONGEST_PAUSE_MS);
        let pauses = [("backoff.ms", pause), ("backoff.max.ms", longest)];
        let pauses =
            pauses.map(|(key, pause)| (format!("sasl.login.retry.{key}"), pause.to_string()));
        security.of_clients.extend(pauses);
    }
    let without_effect = [
        ("httpRetries", oauth.http_retries.is_some(), "workers ask until there is an answer"),
        ("enableMetrics", oauth.enable_metrics.is_some(), "workers count no requests for tokens"),
        ("includeAcceptHeader", oauth.include_accept_header.is_some(), "it is always sent"),
    ];
    let given = without_effect.into_iter().filter(|(_, given, _)| *given);
    let told =
        given.map(|(name, _, why)| format!("spec.authentication.{name} has no effect: {why}"));
    security.warnings.extend(told);
    Ok(())
}

/// What a worker would refuse at its start, told before there is one.
fn check(authentication: &Authentication) -> Result<(), Error> {
    let oauth = &authentication.oauth;
    if oauth.access_token.is_some() || oauth.access_token_location.is_some() {
        return Ok(());
    }
    let required =
        |name: &str, what: &str| Error::field(&format!("spec.authentication.{name}"), what);
    if oauth.token_endpoint_uri.is_none() {
        return Err(required("tokenEndpointUri", "is required without accessToken"));
    }
    if oauth.client_id.is_none() {
        return Err(required("clientId", "is required without accessToken"));
    }
    if authentication.username.is_some() && authentication.password_secret.is_none() {
        return Err(required("passwordSecret", "is required with username"));
    }
    let proofs = [
        oauth.client_secret.is_some(),
        oauth.client_assertion.is_some(),
        oauth.client_assertion_location.is_some(),
        oauth.refresh_token.is_some(),
        authentication.username.is_some(),
    ];
    if proofs.contains(&true) {
        return Ok(());
    }
    let message = "is required; or give clientAssertion, refreshToken, accessToken, or username and passwordSecret";
    Err(required("clientSecret", message))
}

type Options = Vec<(String, String)>;

fn options(authentication: &Authentication, keys: &mut Keys<'_>) -> Result<Options, Error> {
    let oauth = &authentication.oauth;
    let mut options = plain(authentication);
    let secrets = [
        ("client.secret", "clientSecret", &oauth.client_secret),
        ("client.assertion", "clientAssertion", &oauth.client_assertion),
        ("access.token", "accessToken", &oauth.access_token),
        ("refresh.token", "refreshToken", &oauth.refresh_token),
    ];
    for (option, field, key) in secrets {
        if let Some(key) = key {
            let value = keys.quoted_key(&format!("spec.authentication.{field}"), key)?;
            options.push((format!("oauth.{option}"), value));
        }
    }
    if let Some(secret) = &authentication.password_secret {
        let field = "spec.authentication.passwordSecret";
        let value = keys.quoted(field, &secret.secret_name, &secret.password)?;
        options.push(("oauth.password.grant.password".to_owned(), value));
    }
    options.extend(trust(oauth, keys)?);
    Ok(options)
}

/// Options whose values stand in the spec itself.
fn plain(authentication: &Authentication) -> Options {
    let oauth = &authentication.oauth;
    let number = |number: Option<i32>| number.map(|it| it.to_string());
    let fields = [
        ("token.endpoint.uri", oauth.token_endpoint_uri.clone()),
        ("client.id", oauth.client_id.clone()),
        ("scope", oauth.scope.clone()),
        ("audience", oauth.audience.clone()),
        ("password.grant.username", authentication.username.clone()),
        ("client.assertion.location", oauth.client_assertion_location.clone()),
        ("client.assertion.type", oauth.client_assertion_type.clone()),
        ("access.token.location", oauth.access_token_location.clone()),
        ("access.token.is.jwt", oauth.access_token_is_jwt.map(|it| it.to_string())),
        ("max.token.expiry.seconds", number(oauth.max_token_expiry_seconds)),
        ("connect.timeout.seconds", number(oauth.connect_timeout_seconds)),
        ("read.timeout.seconds", number(oauth.read_timeout_seconds)),
    ];
    let fields = fields.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?)));
    let extensions = oauth.sasl_extensions.iter();
    let extensions =
        extensions.map(|(name, value)| (format!("sasl.extension.{name}"), value.clone()));
    let named = fields.chain(extensions);
    named.map(|(name, value)| (format!("oauth.{name}"), escaped(&value))).collect()
}

/// Whom to trust as the address of tokens.
fn trust(oauth: &OAuth, keys: &mut Keys<'_>) -> Result<Options, Error> {
    let list = "spec.authentication.tlsTrustedCertificates";
    let certificates = keys.certificates(list, &oauth.tls_trusted_certificates)?;
    let mut options = Vec::new();
    let mut texts = Vec::new();
    for (field, secret, key) in certificates {
        texts.push(keys.quoted(&field, secret, &key)?);
    }
    if !texts.is_empty() {
        options.push(("oauth.ssl.truststore.type".to_owned(), "PEM".to_owned()));
        // A line break, as JAAS has it between quotes.
        options.push(("oauth.ssl.truststore.certificates".to_owned(), texts.join("\\n")));
    }
    if oauth.disable_tls_hostname_verification == Some(true) {
        options.push(("oauth.ssl.endpoint.identification.algorithm".to_owned(), String::new()));
    }
    Ok(options)
}
