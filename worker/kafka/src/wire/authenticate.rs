//! SASL on a fresh connection: the handshake, then PLAIN, SCRAM or OAUTHBEARER inside SaslAuthenticate.

use std::time::Duration;

use bytes::Bytes;
use kafka_protocol::{
    ResponseError,
    messages::{SaslAuthenticateRequest, SaslHandshakeRequest},
    protocol::StrBytes,
};

use super::{Error, connection::Connection, scram::Scram};
use crate::{
    login::{Login, LoginError},
    settings::{Mechanism, Sasl, User},
};

/// Authenticates; returns how long the session lasts, if the broker limits it.
pub(super) async fn run(
    connection: &mut Connection,
    sasl: &Sasl,
) -> Result<Option<Duration>, Error> {
    let name = sasl.mechanism();
    let handshake = SaslHandshakeRequest::default().with_mechanism(StrBytes::from_static_str(name));
    let version = connection.version::<SaslHandshakeRequest>(1)?;
    let answer = connection.exchange(&handshake, version).await?;
    if let Some(code) = ResponseError::try_from_code(answer.error_code) {
        let offered: Vec<&str> = answer.mechanisms.iter().map(|it| &**it).collect();
        let reason = format!("{code}; the broker offers {}", offered.join(", "));
        return Err(refused(sasl, reason));
    }
    let lifetime = match sasl {
        Sasl::Token(login) => bearer(connection, sasl, login).await?,
        Sasl::User(user) if user.mechanism == Mechanism::Plain => {
            let message = format!("\0{}\0{}", user.name, user.password.reveal());
            step(connection, sasl, message).await?.1
        }
        Sasl::User(user) => scram(connection, sasl, user).await?,
    };
    Ok(u64::try_from(lifetime).ok().filter(|it| *it > 0).map(Duration::from_millis))
}

/// Waits until there is what a connection is authenticated by: no connection should be kept waiting for it. Cancel-safe.
pub(super) async fn ready(sasl: &Sasl) -> Result<(), Error> {
    match sasl {
        Sasl::Token(login) => login.token().await.map(drop).map_err(|error| no_token(sasl, error)),
        Sasl::User(_) => Ok(()),
    }
}

/// RFC 7628, as `OAuthBearerSaslClient` speaks it.
async fn bearer(connection: &mut Connection, sasl: &Sasl, login: &Login) -> Result<i64, Error> {
    let token = login.token().await.map_err(|error| no_token(sasl, error))?;
    let mut message = format!("n,,\u{1}auth=Bearer {}", token.text.reveal());
    for (name, value) in login.extensions() {
        message.extend(["\u{1}", name, "=", value]);
    }
    message.push_str("\u{1}\u{1}");
    let (challenge, lifetime) = step(connection, sasl, message).await?;
    if challenge.is_empty() {
        return Ok(lifetime);
    }
    // The broker has said what is wrong, and says it again in words once we have answered.
    step(connection, sasl, "\u{1}".to_owned()).await?;
    Err(refused(sasl, challenge))
}

fn no_token(sasl: &Sasl, error: LoginError) -> Error {
    if error.is_transient {
        return Error::Login { user: sasl.user().to_owned(), reason: error.message };
    }
    refused(sasl, error.message)
}

async fn scram(connection: &mut Connection, sasl: &Sasl, user: &User) -> Result<i64, Error> {
    let failed = |reason| refused(sasl, reason);
    let mut scram = Scram::new(user.mechanism, &user.name, &user.password).map_err(failed)?;
    let (server_first, _) = step(connection, sasl, scram.first()).await?;
    let proof = scram.prove(&server_first).map_err(failed)?;
    let (server_final, lifetime) = step(connection, sasl, proof).await?;
    scram.verify(&server_final).map_err(failed)?;
    Ok(lifetime)
}

async fn step(
    connection: &mut Connection,
    sasl: &Sasl,
    message: String,
) -> Result<(String, i64), Error> {
    let request = SaslAuthenticateRequest::default().with_auth_bytes(Bytes::from(message));
    let version = connection.version::<SaslAuthenticateRequest>(2)?;
    let answer = connection.exchange(&request, version).await?;
    if let Some(code) = ResponseError::try_from_code(answer.error_code) {
        let reason = answer.error_message.map_or_else(|| code.to_string(), |it| it.to_string());
        return Err(refused(sasl, reason));
    }
    Ok((String::from_utf8_lossy(&answer.auth_bytes).into_owned(), answer.session_lifetime_ms))
}

fn refused(sasl: &Sasl, reason: String) -> Error {
    Error::Authentication { mechanism: sasl.mechanism(), user: sasl.user().to_owned(), reason }
}
