//! Signatures of internal requests under the sessioned protocol (KIP-507): an HMAC over the raw body.

use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use ring::{hmac, rand::SecureRandom as _};

use crate::{request::Error, store::config::SessionKey};

/// The algorithm of keys and signatures unless a worker is told another.
pub const ALGORITHM: &str = "HmacSHA256";
/// Header with the base64 of the signature.
pub const SIGNATURE_HEADER: &str = "X-Connect-Authorization";
/// Header with the name of the algorithm.
pub const ALGORITHM_HEADER: &str = "X-Connect-Request-Signature-Algorithm";

/// What the two headers of a signed request hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signature {
    /// Name of the algorithm.
    pub algorithm: String,
    /// The signature's bytes.
    pub bytes: Vec<u8>,
}

/// A new random key.
pub fn new_key(now_millis: i64) -> SessionKey {
    let mut key = vec![0; 32];
    ring::rand::SystemRandom::new().fill(&mut key).expect("the system has a random source");
    SessionKey { key, algorithm: ALGORITHM.to_owned(), created: now_millis }
}

/// Signs a body; the base64 that goes into the header.
pub fn sign(key: &SessionKey, body: &[u8]) -> String {
    BASE64.encode(bytes(key, body))
}

/// The signature of a body, as the header holds it in base64.
pub(crate) fn bytes(key: &SessionKey, body: &[u8]) -> Vec<u8> {
    let secret = hmac::Key::new(hmac::HMAC_SHA256, &key.key);
    hmac::sign(&secret, body).as_ref().to_vec()
}

/// Checks a request against the key that the config topic holds. Codes and texts are those of `InternalRequestSignature`.
pub fn verify(
    key: Option<&SessionKey>,
    signature: Option<&Signature>,
    body: &[u8],
) -> Result<(), Error> {
    let Some(signature) = signature else {
        return Err(Error::BadRequest("Internal request missing required signature".to_owned()));
    };
    if signature.algorithm != ALGORITHM {
        return Err(Error::BadRequest(format!(
            "This worker does not support the '{}' key signing algorithm used by other workers. \
             This worker is currently configured to use: [{ALGORITHM}]. \
             Check that all workers' configuration files permit the same set of signature algorithms, \
             and correct any misconfigured worker and restart it.",
            signature.algorithm
        )));
    }
    let Some(key) = key else {
        return Err(Error::Unavailable("This worker is still starting up.".to_owned()));
    };
    let secret = hmac::Key::new(hmac::HMAC_SHA256, &key.key);
    hmac::verify(&secret, body, &signature.bytes)
        .map_err(|_| Error::Forbidden("Internal request contained invalid signature.".to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_holds_for_its_key_and_body_alone() {
        let (key, other) = (new_key(1), new_key(1));
        let bytes = BASE64.decode(sign(&key, b"body")).unwrap();
        let signed =
            |algorithm: &str| Signature { algorithm: algorithm.to_owned(), bytes: bytes.clone() };
        assert_eq!(verify(Some(&key), Some(&signed(ALGORITHM)), b"body"), Ok(()));
        for (key, signature, body) in [
            (Some(&key), None, &b"body"[..]),
            (Some(&key), Some(signed("HmacMD5")), b"body"),
            (Some(&key), Some(signed(ALGORITHM)), b"other"),
            (Some(&other), Some(signed(ALGORITHM)), b"body"),
            (None, Some(signed(ALGORITHM)), b"body"),
        ] {
            assert!(verify(key, signature.as_ref(), body).is_err());
        }
    }
}
