//! Where registries are, and what a client shows them.

use std::time::Duration;

use base64::{Engine, prelude::BASE64_STANDARD};
use hyper::{
    HeaderMap, Uri,
    header::{AUTHORIZATION, HeaderName, HeaderValue},
};
use percent_encoding::percent_decode_str;
use sluice_plugin::Properties;

use super::Keys;

/// Prefix of keys that name headers of every request.
const HEADER_PREFIX: &str = "request.header.";

/// How to reach the registries.
#[derive(Clone)]
pub(crate) struct Connection {
    pub(crate) addresses: Vec<Address>,
    /// Headers of every request, secrets among them.
    pub(crate) headers: HeaderMap,
    /// The `ssl.*` keys.
    pub(crate) tls: Properties,
    pub(crate) connect_timeout: Duration,
    pub(crate) read_timeout: Duration,
}

/// One registry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Address {
    /// A registry of this process.
    InProcess(String),
    /// A server.
    Server {
        /// URL without user and closing slash: what requests begin with, and what messages show.
        base: String,
        /// `user:password` of the URL, where it has one.
        user: Option<UserInfo>,
    },
}

/// `user:password`, hidden.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct UserInfo(String);

impl std::fmt::Debug for UserInfo {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("[hidden]")
    }
}

impl UserInfo {
    /// The header that shows it.
    pub(crate) fn header(&self) -> Option<HeaderValue> {
        secret(&format!("Basic {}", BASE64_STANDARD.encode(&self.0)))
    }
}

impl Connection {
    pub(super) fn of(keys: &Keys, tls: Properties, settings: &Properties) -> Result<Self, String> {
        let mut headers = HeaderMap::new();
        for (key, value) in settings {
            let Some(name) = key.strip_prefix(HEADER_PREFIX) else { continue };
            let invalid = || format!("Configuration {key} is no header of HTTP");
            let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| invalid())?;
            headers.insert(name, secret(value.trim()).ok_or_else(invalid)?);
        }
        if let Some(value) =
            credentials(keys).map_err(|(key, reason)| format!("{key}: {reason}"))?
        {
            headers.insert(AUTHORIZATION, value);
        }
        let mut addresses = addresses(&keys.urls)?;
        if !keys.basic_source.eq_ignore_ascii_case("URL") || keys.bearer_source.is_some() {
            for address in &mut addresses {
                if let Address::Server { user, .. } = address {
                    *user = None;
                }
            }
        }
        Ok(Self {
            addresses,
            headers,
            tls,
            connect_timeout: keys.connect_timeout.0,
            read_timeout: keys.read_timeout.0,
        })
    }
}

fn secret(text: &str) -> Option<HeaderValue> {
    let mut value = HeaderValue::from_str(text).ok()?;
    value.set_sensitive(true);
    Some(value)
}

/// The registries of the list. Errors show no user.
pub(super) fn addresses(urls: &[String]) -> Result<Vec<Address>, String> {
    let found = urls.iter().map(|it| it.trim()).filter(|it| !it.is_empty()).map(address);
    let found = found.collect::<Result<Vec<_>, _>>()?;
    let in_process = found.iter().filter(|it| matches!(it, Address::InProcess(_))).count();
    match (found.len(), in_process) {
        (0, _) => Err("names no URL".to_owned()),
        (1, 1) | (_, 0) => Ok(found),
        _ => Err("mock:// is no URL beside others".to_owned()),
    }
}

fn address(url: &str) -> Result<Address, String> {
    if let Some(name) = url.strip_prefix("mock://") {
        return Ok(Address::InProcess(name.to_owned()));
    }
    let (scheme, rest) = url.split_once("://").ok_or("a URL begins with http:// or https://")?;
    if rest.contains(['?', '#']) {
        return Err("a URL of a registry has no query and no fragment".to_owned());
    }
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let (user, host) = authority.rsplit_once('@').map_or((None, authority), |(user, host)| {
        let decoded = percent_decode_str(user).decode_utf8_lossy().into_owned();
        (Some(UserInfo(decoded)), host)
    });
    let base = format!("{scheme}://{host}{}", path.trim_end_matches('/'));
    let invalid =
        |reason: &str| Err(format!("{scheme}://{host}{path} is no URL of a registry: {reason}"));
    if !matches!(scheme, "http" | "https") {
        return invalid("a URL begins with http:// or https://");
    }
    match base.parse::<Uri>() {
        Ok(uri) if uri.host().is_some_and(|it| !it.is_empty()) => {
            Ok(Address::Server { base, user })
        }
        _ => invalid("it names no host"),
    }
}

/// What every request shows; none where the URLs name users. Errors come with their key.
pub(super) fn credentials(keys: &Keys) -> Result<Option<HeaderValue>, (&'static str, String)> {
    const BASIC: &str = "basic.auth.credentials.source";
    const BEARER: &str = "bearer.auth.credentials.source";
    let info =
        [&keys.old_user_info, &keys.user_info].into_iter().find(|it| !it.reveal().is_empty());
    let bearer = keys.bearer_source.as_deref().filter(|it| !it.is_empty());
    let basic = keys.basic_source.to_ascii_uppercase();
    if let Some(source) = bearer {
        if basic != "URL" {
            let reason = format!("Only one of '{BASIC}' and '{BEARER}' may be specified");
            return Err((BEARER, reason));
        }
        if !source.eq_ignore_ascii_case("STATIC_TOKEN") {
            let reason =
                format!("{source} is not supported: use STATIC_TOKEN with bearer.auth.token");
            return Err((BEARER, reason));
        }
        let token = keys.token.reveal();
        if token.is_empty() {
            return Err(("bearer.auth.token", "must be set for STATIC_TOKEN".to_owned()));
        }
        let header = secret(&format!("Bearer {token}"));
        return header.map(Some).ok_or(("bearer.auth.token", "holds no token".to_owned()));
    }
    match basic.as_str() {
        "URL" => Ok(None),
        "USER_INFO" => {
            let missing = ("basic.auth.user.info", "must be set for USER_INFO".to_owned());
            let header = UserInfo(info.ok_or(missing)?.reveal().to_owned()).header();
            header.map(Some).ok_or(("basic.auth.user.info", "holds no user".to_owned()))
        }
        "SASL_INHERIT" => Err((
            BASIC,
            "SASL_INHERIT is not supported, as a converter has no SASL settings of its own: use \
             USER_INFO with basic.auth.user.info"
                .to_owned(),
        )),
        _ => Err((BASIC, "String must be one of: URL, USER_INFO".to_owned())),
    }
}
