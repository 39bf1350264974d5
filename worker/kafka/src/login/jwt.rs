//! A token's claims as a client looks at them (`ClientJwtValidator`): enough to know whom it is for and how long it lasts.
//! Signatures are the broker's to verify.

use base64::{
    Engine as _, alphabet,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use serde_json::{Map, Value};
use sluice_config::Secret;

use super::Token;

/// Java's decoder takes tokens with padding and without.
const BASE64_URL: GeneralPurpose = GeneralPurpose::new(
    &alphabet::URL_SAFE,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Names of the claims that settings can choose.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Claims {
    pub(super) scope: String,
    pub(super) subject: String,
}

/// Reads a token. What is wrong is told in Java's words where it has them, never with the token.
pub(super) fn validate(text: &str, claims: &Claims) -> Result<Token, String> {
    let text = text.trim();
    let sections: Vec<&str> = text.split('.').collect();
    let [header, payload, signature] = sections[..] else { return Err(SECTIONS.to_owned()) };
    if [header, payload, signature].iter().any(|it| it.trim().is_empty()) {
        return Err(SECTIONS.to_owned());
    }
    if !text.bytes().all(|it| it.is_ascii_graphic()) {
        return Err("Malformed JWT provided; it has characters that no JWT has".to_owned());
    }
    let payload =
        object(payload).map_err(|flaw| format!("Could not validate the access token: {flaw}"))?;
    scopes(&claims.scope, payload.get(&claims.scope))?;
    let expires = millis("exp", payload.get("exp"))?.ok_or("exp value must be non-null")?;
    let principal = subject(&claims.subject, payload.get(&claims.subject))?;
    let issued = millis("iat", payload.get("iat"))?;
    Ok(Token { text: Secret::new(text), principal, issued, expires })
}

const SECTIONS: &str =
    "Malformed JWT provided; expected three sections (header, payload, and signature)";

/// A section of a token; what is no object has no claims.
pub(super) fn object(section: &str) -> Result<Map<String, Value>, &'static str> {
    let bytes = BASE64_URL.decode(section).map_err(|_| "malformed Base64 URL encoded value")?;
    match serde_json::from_slice(&bytes) {
        Ok(Value::Object(claims)) => Ok(claims),
        Ok(_) => Ok(Map::new()),
        Err(_) => Err("malformed JSON"),
    }
}

fn millis(name: &str, claim: Option<&Value>) -> Result<Option<i64>, String> {
    let Some(claim) = claim else { return Ok(None) };
    let seconds = claim.as_i64().or_else(|| {
        // Java cuts the fraction off, and what is too long for it at the largest number.
        claim.as_f64().map(|it| it as i64)
    });
    let seconds = seconds.ok_or_else(|| format!("{name} value must be a number"))?;
    if seconds < 0 {
        let given = seconds.saturating_mul(1000);
        return Err(format!("{name} value must be non-negative; value given was \"{given}\""));
    }
    Ok(Some(seconds.saturating_mul(1000)))
}

fn subject(name: &str, claim: Option<&Value>) -> Result<String, String> {
    match claim {
        None | Some(Value::Null) => Err(format!("{name} value must be non-null")),
        Some(Value::String(text)) => text_of(name, text),
        Some(_) => Err(format!("{name} value must be a string")),
    }
}

fn scopes(name: &str, claim: Option<&Value>) -> Result<(), String> {
    match claim {
        Some(Value::String(scope)) => text_of(name, scope).map(drop),
        Some(Value::Array(scopes)) => {
            let mut seen = Vec::new();
            for scope in scopes {
                let scope = text_of(name, scope.as_str().unwrap_or_default())?;
                if seen.contains(&scope) {
                    return Err(format!(
                        "{name} value must not contain duplicates - {scope} already present"
                    ));
                }
                seen.push(scope);
            }
            Ok(())
        }
        _ => Ok(()),
    }
}

/// `ClaimValidationUtils.validateString`.
fn text_of(name: &str, text: &str) -> Result<String, String> {
    if text.is_empty() {
        return Err(format!("{name} value must be non-empty"));
    }
    let text = text.trim();
    if text.is_empty() {
        return Err(format!("{name} value must not contain only whitespace"));
    }
    Ok(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(payload: &str) -> String {
        let encode = |text: &str| base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(text);
        format!("{}.{}.c2ln", encode("{\"alg\":\"ES256\"}"), encode(payload))
    }

    fn claims() -> Claims {
        Claims { scope: "scope".to_owned(), subject: "sub".to_owned() }
    }

    #[test]
    fn claims_are_read() {
        for (payload, principal, issued, expires) in [
            (r#"{"sub":"a","exp":10,"iat":5}"#, "a", Some(5_000), 10_000),
            (r#"{"sub":" a ","exp":10.9,"scope":"x y"}"#, "a", None, 10_000),
            (r#"{"sub":"a","exp":1e30,"scope":["x","y"]}"#, "a", None, i64::MAX),
        ] {
            let read = validate(&format!(" {}\n", token(payload)), &claims());
            let read = read.unwrap_or_else(|flaw| panic!("{payload}: {flaw}"));
            assert_eq!(
                (read.principal.as_str(), read.issued, read.expires),
                (principal, issued, expires)
            );
            assert_eq!(read.text.reveal(), token(payload));
        }
    }

    #[test]
    fn what_is_wrong_is_told_without_the_token() {
        for (text, expected) in [
            (String::new(), "three sections"),
            ("secret".to_owned(), "three sections"),
            ("secret.secret.".to_owned(), "three sections"),
            ("a.b.c.d".to_owned(), "three sections"),
            ("secret.!!.secret".to_owned(), "malformed Base64"),
            ("secret.secret\u{1}.secret".to_owned(), "characters"),
            (token("{secret"), "malformed JSON"),
            (token(&"[".repeat(100_000)), "malformed JSON"),
            (token("[1]"), "exp value must be non-null"),
            (token(r#"{"exp":-1,"sub":"a"}"#), "exp value must be non-negative"),
            (token(r#"{"exp":"1","sub":"a"}"#), "exp value must be a number"),
            (token(r#"{"exp":1}"#), "sub value must be non-null"),
            (token(r#"{"exp":1,"sub":""}"#), "sub value must be non-empty"),
            (token(r#"{"exp":1,"sub":" "}"#), "sub value must not contain only whitespace"),
            (token(r#"{"exp":1,"sub":[]}"#), "sub value must be a string"),
            (token(r#"{"exp":1,"sub":"a","scope":["x","x"]}"#), "duplicates"),
            (token(r#"{"exp":1,"sub":"a","iat":-5}"#), "iat value"),
        ] {
            let flaw = validate(&text, &claims()).err().unwrap_or_else(|| panic!("{text}"));
            assert!(flaw.contains(expected) && !flaw.contains("secret"), "{flaw}");
        }
    }
}
