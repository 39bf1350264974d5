//! The client's side of SCRAM (RFC 5802, RFC 7677) on ring: pure, one message in, one message out.

use base64::{Engine, engine::general_purpose::STANDARD as BASE64};
use ring::{
    digest, hmac, pbkdf2,
    rand::{SecureRandom, SystemRandom},
};
use sluice_config::Secret;

use crate::settings::Mechanism;

/// Iterations beyond this are an attempt to keep us busy; Kafka's own upper limit is 16384.
const MOST_ITERATIONS: u32 = 1_000_000;

/// One authentication, from the first message to the verified signature of the server.
pub(super) struct Scram {
    mechanism: Mechanism,
    password: Secret,
    nonce: String,
    first_bare: String,
    server_signature: Option<hmac::Tag>,
}

impl Scram {
    pub(super) fn new(mechanism: Mechanism, user: &str, password: &Secret) -> Result<Self, String> {
        let mut random = [0_u8; 24];
        SystemRandom::new().fill(&mut random).map_err(|_| "no random bytes".to_owned())?;
        Ok(Self::with_nonce(mechanism, user, password, &BASE64.encode(random)))
    }

    fn with_nonce(mechanism: Mechanism, user: &str, password: &Secret, nonce: &str) -> Self {
        let user = user.replace('=', "=3D").replace(',', "=2C");
        Self {
            mechanism,
            password: password.clone(),
            nonce: nonce.to_owned(),
            first_bare: format!("n={user},r={nonce}"),
            server_signature: None,
        }
    }

    pub(super) fn first(&self) -> String {
        format!("n,,{}", self.first_bare)
    }

    /// Answers the server's first message with the proof that we know the password.
    pub(super) fn prove(&mut self, server_first: &str) -> Result<String, String> {
        let (mut nonce, mut salt, mut iterations) = (None, None, None);
        for part in server_first.split(',') {
            match part.split_once('=') {
                Some(("r", value)) => nonce = Some(value),
                Some(("s", value)) => salt = BASE64.decode(value).ok(),
                Some(("i", value)) => iterations = value.parse::<u32>().ok(),
                Some(("e", reason)) => return Err(reason.to_owned()),
                _ => {}
            }
        }
        let (Some(nonce), Some(salt), Some(iterations)) = (nonce, salt, iterations) else {
            return Err("the server's first message is malformed".to_owned());
        };
        if !nonce.starts_with(&self.nonce) || nonce.len() == self.nonce.len() {
            return Err("the server's nonce does not extend ours".to_owned());
        }
        let Some(rounds) =
            std::num::NonZeroU32::new(iterations).filter(|rounds| rounds.get() <= MOST_ITERATIONS)
        else {
            return Err(format!("{iterations} iterations are out of bounds"));
        };
        let without_proof = format!("c=biws,r={nonce}");
        let signed = format!("{},{server_first},{without_proof}", self.first_bare);
        let proof = self.sign(&salt, rounds, signed.as_bytes());
        Ok(format!("{without_proof},p={}", BASE64.encode(proof)))
    }

    /// Checks that the server knows the password too.
    pub(super) fn verify(&self, server_final: &str) -> Result<(), String> {
        let expected = self.server_signature.as_ref().ok_or("no proof was asked for")?;
        match server_final.trim_end().split(',').next().and_then(|part| part.split_once('=')) {
            Some(("e", reason)) => Err(reason.to_owned()),
            Some(("v", signature)) => {
                let signature = BASE64.decode(signature).unwrap_or_default();
                // Differences of lengths are public, those of contents are compared in constant time.
                let same = signature.len() == expected.as_ref().len()
                    && constant_time_equal(&signature, expected.as_ref());
                same.then_some(()).ok_or_else(|| "the server's signature is wrong".to_owned())
            }
            _ => Err("the server's final message is malformed".to_owned()),
        }
    }

    fn sign(&mut self, salt: &[u8], rounds: std::num::NonZeroU32, signed: &[u8]) -> Vec<u8> {
        let (derive, mac, hash) = match self.mechanism {
            Mechanism::ScramSha512 => {
                (pbkdf2::PBKDF2_HMAC_SHA512, hmac::HMAC_SHA512, &digest::SHA512)
            }
            _ => (pbkdf2::PBKDF2_HMAC_SHA256, hmac::HMAC_SHA256, &digest::SHA256),
        };
        let mut salted = vec![0_u8; hash.output_len()];
        pbkdf2::derive(derive, rounds, salt, self.password.reveal().as_bytes(), &mut salted);
        let salted = hmac::Key::new(mac, &salted);
        let client_key = hmac::sign(&salted, b"Client Key");
        let server_key = hmac::sign(&salted, b"Server Key");
        self.server_signature = Some(hmac::sign(&hmac::Key::new(mac, server_key.as_ref()), signed));
        let stored = digest::digest(hash, client_key.as_ref());
        let signature = hmac::sign(&hmac::Key::new(mac, stored.as_ref()), signed);
        client_key.as_ref().iter().zip(signature.as_ref()).map(|(a, b)| a ^ b).collect()
    }
}

fn constant_time_equal(left: &[u8], right: &[u8]) -> bool {
    left.iter().zip(right).fold(0, |differing, (a, b)| differing | (a ^ b)) == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Exchange {
        mechanism: Mechanism,
        nonce: &'static str,
        server_first: &'static str,
        proof: &'static str,
        server_final: &'static str,
    }

    /// The worked example of RFC 7677, and the same exchange under SHA-512.
    const EXCHANGES: [Exchange; 1] = [Exchange {
        mechanism: Mechanism::ScramSha256,
        nonce: "rOprNGfwEbeRWgbNEkqO",
        server_first: "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,\
                       s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096",
        proof: "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,\
                p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=",
        server_final: "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=",
    }];

    #[test]
    fn the_exchange_of_the_rfc_is_reproduced() {
        for row in EXCHANGES {
            let mut scram =
                Scram::with_nonce(row.mechanism, "user", &Secret::new("pencil"), row.nonce);
            assert_eq!(scram.first(), format!("n,,n=user,r={}", row.nonce));
            assert_eq!(scram.prove(row.server_first).as_deref(), Ok(row.proof));
            assert_eq!(scram.verify(row.server_final), Ok(()));
            let forged = row.server_final.replace('6', "7");
            assert!(scram.verify(&forged).is_err());
            assert!(scram.verify("e=invalid-proof").is_err());
        }
    }

    #[test]
    fn hostile_first_messages_are_refused() {
        for message in [
            "",
            "r=other,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096",
            "r=abc,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096",
            "r=abcd,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=0",
            "r=abcd,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4294967295",
            "r=abcd,s=!,i=4096",
            "e=unknown-user",
        ] {
            let mut scram =
                Scram::with_nonce(Mechanism::ScramSha512, "u", &Secret::new("p"), "abc");
            assert!(scram.prove(message).is_err(), "{message}");
        }
    }

    #[test]
    fn user_names_are_escaped() {
        let scram = Scram::with_nonce(Mechanism::ScramSha256, "a=b,c", &Secret::new("p"), "n");
        assert_eq!(scram.first(), "n,,n=a=3Db=2Cc,r=n");
    }
}
