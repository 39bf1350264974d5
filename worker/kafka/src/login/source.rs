//! Where tokens come from, and which of them are taken.

use super::{
    LoginError, Token,
    endpoint::Endpoint,
    file::{SecretFile, SecretText},
    jwt::{self, Claims},
    now,
    opaque::Opaque,
    unsecured::Unsecured,
};

/// Where tokens come from.
#[derive(Clone, PartialEq)]
pub(super) enum Source {
    /// An endpoint.
    Endpoint(Box<Endpoint>),
    /// A file with a JWT.
    File(SecretFile),
    /// Whatever the settings say.
    Given(SecretText),
    /// The settings themselves.
    Unsecured(Unsecured),
}

/// What is looked for in a token.
#[derive(Clone, PartialEq, Eq)]
pub(super) enum Reading {
    /// Claims of a JWT.
    Strict(Claims),
    /// What there is.
    Lenient(Opaque),
}

impl Source {
    /// Who logs in, for errors.
    pub(super) fn user(&self) -> &str {
        match self {
            Self::Endpoint(endpoint) => &endpoint.client_id,
            Self::File(file) | Self::Given(SecretText::File(file)) => {
                file.path.to_str().unwrap_or("of a file")
            }
            Self::Given(SecretText::Given(_)) => "of a token that is given",
            Self::Unsecured(unsecured) => unsecured.principal(),
        }
    }

    /// A token that can be used. Cancel-safe.
    pub(super) async fn token(&self, reading: &Reading) -> Result<Token, LoginError> {
        let mut expires_in = None;
        // Files are small and local, and nothing else runs on this thread.
        let (text, from) = match self {
            Self::Endpoint(endpoint) => {
                let answer = endpoint.token().await?;
                expires_in = answer.expires_in;
                (answer.token, endpoint.url.to_string())
            }
            Self::File(file) => (file.jwt()?, file.path.display().to_string()),
            Self::Given(text) => (text.load()?, "sasl.jaas.config".to_owned()),
            Self::Unsecured(unsecured) => {
                return usable(unsecured.token(now()), "sasl.jaas.config");
            }
        };
        let told = |flaw| LoginError::fatal(format!("invalid_token: {flaw}. It came from {from}"));
        let token = match reading {
            Reading::Strict(claims) => jwt::validate(text.reveal(), claims),
            Reading::Lenient(opaque) => opaque.read(text.reveal(), expires_in, now()),
        };
        usable(token.map_err(told)?, &from)
    }
}

fn usable(token: Token, from: &str) -> Result<Token, LoginError> {
    let now = now();
    if token.is_valid(now) {
        return Ok(token);
    }
    let left = token.expires.saturating_sub(now);
    Err(LoginError::transient(format!(
        "the token from {from} has {left} ms left, which is too little; check that the clocks of this host and of the \
         token's issuer agree, and how long its tokens last"
    )))
}
