//! SASL on a fresh connection: the handshake, then PLAIN or SCRAM inside SaslAuthenticate.

use std::time::Duration;

use bytes::Bytes;
use kafka_protocol::{
    ResponseError,
    messages::{SaslAuthenticateRequest, SaslHandshakeRequest},
    protocol::StrBytes,
};

use super::{Error, connection::Connection, scram::Scram};
use crate::settings::{Mechanism, Sasl};

/// Authenticates; returns how long the session lasts, if the broker limits it.
pub(super) async fn run(
    connection: &mut Connection,
    sasl: &Sasl,
) -> Result<Option<Duration>, Error> {
    let name = sasl.mechanism.name();
    let handshake = SaslHandshakeRequest::default().with_mechanism(StrBytes::from_static_str(name));
    let version = connection.version::<SaslHandshakeRequest>(1)?;
    let answer = connection.exchange(&handshake, version).await?;
    if let Some(code) = ResponseError::try_from_code(answer.error_code) {
        let offered: Vec<&str> = answer.mechanisms.iter().map(|it| &**it).collect();
        let reason = format!("{code}; the broker offers {}", offered.join(", "));
        return Err(refused(sasl, reason));
    }
    let lifetime = match sasl.mechanism {
        Mechanism::Plain => {
            let message = format!("\0{}\0{}", sasl.username, sasl.password.reveal());
            step(connection, sasl, message).await?.1
        }
        Mechanism::ScramSha256 | Mechanism::ScramSha512 => scram(connection, sasl).await?,
    };
    Ok(u64::try_from(lifetime).ok().filter(|it| *it > 0).map(Duration::from_millis))
}

async fn scram(connection: &mut Connection, sasl: &Sasl) -> Result<i64, Error> {
    let failed = |reason| refused(sasl, reason);
    let mut scram = Scram::new(sasl.mechanism, &sasl.username, &sasl.password).map_err(failed)?;
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
    Error::Authentication { mechanism: sasl.mechanism.name(), user: sasl.username.clone(), reason }
}
