//! Tokens that a client makes for itself and nobody signs, for tests (`OAuthBearerUnsecuredLoginCallbackHandler`): claims are
//! options of the login module.

use std::collections::BTreeMap;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Map, Number, Value, json};
use sluice_config::Secret;

use super::Token;
use crate::settings::SettingsError;

const PREFIX: &str = "unsecuredLogin";

/// What such a token says.
#[derive(Clone, PartialEq)]
pub(super) struct Unsecured {
    claims: Map<String, Value>,
    principal: String,
    lifetime_seconds: i64,
}

impl Unsecured {
    /// Reads the options of the login module.
    pub(super) fn parse(options: &BTreeMap<String, String>) -> Result<Self, SettingsError> {
        let wrong = |told: String| SettingsError::Login(told);
        let is_ours = |key: &&String| {
            key.strip_prefix(PREFIX).is_some_and(|it| !it.starts_with("Extension_"))
        };
        if !options.keys().any(|key| is_ours(&key)) {
            return Err(wrong(
                "No OAuth Bearer tokens in Subject's private credentials: sasl.jaas.config has no unsecuredLogin option, \
                 such as unsecuredLoginStringClaim_sub. To get tokens from an endpoint, set \
                 sasl.login.callback.handler.class to \
                 org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginCallbackHandler"
                    .to_owned(),
            ));
        }
        let option = |name: &str| options.get(&format!("{PREFIX}{name}")).map(|it| it.trim());
        let lifetime = option("LifetimeSeconds").unwrap_or("3600");
        let lifetime_seconds = lifetime.parse().map_err(|_| {
            wrong(format!("unsecuredLoginLifetimeSeconds: {lifetime:?} is not a number"))
        })?;
        let mut claims = Map::new();
        for (key, value) in options {
            if let Some((name, claim)) = claim(key, value)? {
                claims.insert(name.to_owned(), claim);
            }
        }
        let of = option("PrincipalClaimName").filter(|it| !it.is_empty()).unwrap_or("sub");
        let principal = claims.get(of).and_then(Value::as_str).filter(|it| !it.trim().is_empty());
        let principal = principal
            .ok_or_else(|| wrong(format!("No principal name in JWT claim: {of}")))?
            .to_owned();
        Ok(Self { claims, principal, lifetime_seconds })
    }

    /// Whom its tokens are for.
    pub(super) fn principal(&self) -> &str {
        &self.principal
    }

    /// A token from now on.
    pub(super) fn token(&self, now: i64) -> Token {
        let expires = now.saturating_add(self.lifetime_seconds.saturating_mul(1000));
        let mut claims = self.claims.clone();
        for (name, millis) in [("iat", now), ("exp", expires)] {
            claims.insert(name.to_owned(), json!(millis as f64 / 1000.0));
        }
        let encode = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let (header, claims) = (encode(&json!({"alg": "none"})), encode(&Value::Object(claims)));
        let text = Secret::new(format!("{header}.{claims}."));
        Token { text, principal: self.principal.clone(), issued: Some(now), expires }
    }
}

fn claim<'a>(key: &'a str, value: &str) -> Result<Option<(&'a str, Value)>, SettingsError> {
    let Some(key) = key.strip_prefix(PREFIX) else { return Ok(None) };
    let named = |kind: &str| key.strip_prefix(kind).filter(|name| !name.is_empty());
    let (name, claim) = if let Some(name) = named("StringClaim_") {
        (name, Value::from(value))
    } else if let Some(name) = named("NumberClaim_") {
        let number = value.trim().parse().ok().and_then(Number::from_f64);
        let told = || SettingsError::Login(format!("{PREFIX}{key}: {value:?} is not a number"));
        (name, Value::Number(number.ok_or_else(told)?))
    } else if let Some(name) = named("ListClaim_") {
        (name, list(value))
    } else {
        return Ok(None);
    };
    if matches!(name, "iat" | "exp") {
        return Err(SettingsError::Login(format!("Cannot explicitly set the '{name}' claim")));
    }
    Ok(Some((name, claim)))
}

/// The first character parts the others.
fn list(value: &str) -> Value {
    let mut rest = value.chars();
    let Some(delimiter) = rest.next() else { return json!([]) };
    let rest = rest.as_str();
    if rest.is_empty() { json!([]) } else { rest.split(delimiter).collect() }
}

#[cfg(test)]
mod tests {
    use super::{super::jwt, *};

    fn parse(options: &[(&str, &str)]) -> Result<Unsecured, SettingsError> {
        let options = options.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
        Unsecured::parse(&options.collect())
    }

    #[test]
    fn claims_are_options() {
        let unsecured = parse(&[
            ("unsecuredLoginStringClaim_sub", "a\"b"),
            ("unsecuredLoginNumberClaim_n", "1.5"),
            ("unsecuredLoginListClaim_scope", "|x|y"),
            ("unsecuredLoginLifetimeSeconds", "60"),
        ])
        .unwrap();
        let token = unsecured.token(1000);
        assert_eq!((token.principal.as_str(), token.expires), ("a\"b", 61_000));
        let sections: Vec<&str> = token.text.reveal().split('.').collect();
        assert_eq!(sections[2], "");
        assert_eq!(jwt::object(sections[0]).unwrap()["alg"], "none");
        assert_eq!(
            Value::Object(jwt::object(sections[1]).unwrap()),
            json!({"sub": "a\"b", "n": 1.5, "scope": ["x", "y"], "iat": 1.0, "exp": 61.0})
        );
    }

    #[test]
    fn options_that_make_no_token_are_refused() {
        for (options, expected) in [
            (&[][..], "No OAuth Bearer tokens"),
            (&[("clientId", "a")], "OAuthBearerLoginCallbackHandler"),
            (&[("unsecuredLoginExtension_a", "b")], "No OAuth Bearer tokens"),
            (&[("unsecuredLoginStringClaim_a", "b")], "No principal name in JWT claim: sub"),
            (&[("unsecuredLoginStringClaim_exp", "1")], "Cannot explicitly set the 'exp' claim"),
            (&[("unsecuredLoginNumberClaim_a", "x")], "is not a number"),
            (&[("unsecuredLoginLifetimeSeconds", "x")], "is not a number"),
        ] {
            let error = parse(options).err().unwrap_or_else(|| panic!("{options:?}"));
            assert!(error.to_string().contains(expected), "{error}");
        }
    }
}
