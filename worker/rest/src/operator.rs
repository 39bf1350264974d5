//! The operator, which made the worker and may do everything: it shows a token, of which the worker knows no more than the
//! digest, so that nothing that a worker has makes anybody the operator.

use std::{
    fmt,
    sync::{Arc, PoisonError, RwLock},
};

use axum::http::{HeaderMap, header};
use ring::digest::{SHA256, digest};

/// Bytes of a digest.
const LENGTH: usize = 32;

/// Whom to take for the operator. Clones are the same.
#[derive(Clone, Default)]
pub struct Operator(Arc<RwLock<Option<[u8; LENGTH]>>>);

/// What is no digest.
#[derive(Debug, thiserror::Error)]
#[error("it is not the SHA-256 digest of a token, of 64 hexadecimal digits")]
pub struct NoDigest;

impl Operator {
    /// Whose token has this digest, in hexadecimal digits.
    pub fn parse(digest: &str) -> Result<Self, NoDigest> {
        let operator = Self::default();
        operator.replace(digest)?;
        Ok(operator)
    }

    /// From now on it is whose token has this digest, and nobody else.
    pub fn replace(&self, digest: &str) -> Result<(), NoDigest> {
        let digest = parse(digest.trim()).ok_or(NoDigest)?;
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Some(digest);
        Ok(())
    }

    /// Whether a request comes from it.
    pub(crate) fn asks(&self, headers: &HeaderMap) -> bool {
        let known = *self.0.read().unwrap_or_else(PoisonError::into_inner);
        // Digests are compared, so that time does not tell how much of a token is right.
        known
            .zip(bearer(headers))
            .is_some_and(|(known, token)| digest(&SHA256, token.as_bytes()).as_ref() == known)
    }
}

impl fmt::Debug for Operator {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Operator")
    }
}

/// The token that a request shows (RFC 6750).
pub(crate) fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    let token = token.trim();
    (scheme.eq_ignore_ascii_case("bearer") && !token.is_empty()).then_some(token)
}

fn parse(text: &str) -> Option<[u8; LENGTH]> {
    if text.len() != 2 * LENGTH || !text.is_ascii() {
        return None;
    }
    let mut bytes = [0; LENGTH];
    for (at, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(text.get(2 * at..2 * at + 2)?, 16).ok()?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    /// Of `hush`.
    const DIGEST: &str = "dc8331bcb2283e89d275a1c2fe66f7bf5ac3163ec1967f149dd7e27906365f0c";

    fn asks(operator: &Operator, header: &str) -> bool {
        let mut headers = HeaderMap::new();
        headers.insert(header::AUTHORIZATION, HeaderValue::from_str(header).unwrap());
        operator.asks(&headers)
    }

    #[test]
    fn the_operator_is_who_shows_the_token_of_the_digest() {
        let operator = Operator::parse(&format!("{DIGEST}\n")).unwrap();
        for (header, expected) in [
            ("Bearer hush", true),
            ("bearer hush", true),
            ("Bearer hush!", false),
            ("Bearer", false),
            ("Bearer ", false),
            ("Basic hush", false),
            (&*format!("Bearer {DIGEST}"), false),
        ] {
            assert_eq!(asks(&operator, header), expected, "{header}");
        }
        assert!(!operator.asks(&HeaderMap::new()));
        assert!(!asks(&Operator::default(), "Bearer hush"), "nobody is known");
        operator.replace(&"0".repeat(64)).unwrap();
        assert!(!asks(&operator, "Bearer hush"), "it is another one now");
    }

    #[test]
    fn what_is_no_digest_is_refused_and_changes_nothing() {
        let operator = Operator::parse(DIGEST).unwrap();
        for text in ["", "hush", &DIGEST[1..], &DIGEST.replace('d', "x"), &"é".repeat(32)] {
            assert!(operator.replace(text).is_err(), "{text}");
        }
        assert!(asks(&operator, "Bearer hush"));
    }
}
