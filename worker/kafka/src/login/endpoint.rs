//! Getting a token from an endpoint (`HttpJwtRetriever`): a POST over a connection of its own. Redirects are not followed: they could lead past the list of what is allowed.

use std::{
    net::{IpAddr, Ipv6Addr},
    sync::Arc,
    time::Duration,
};

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::{Request, Uri, client::conn::http1, header};
use hyper_util::rt::TokioIo;
use rustls::pki_types::ServerName;
use sluice_config::Secret;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
    time::{Instant, timeout},
};
use tokio_rustls::TlsConnector;
use tokio_util::either::Either;

use super::{
    LoginError,
    answer::{self, Answer, Refusal},
    file::SecretText,
    form_encoded,
};
use crate::settings::Tls;

/// Answers with tokens are a few kilobytes.
const LONGEST_ANSWER: usize = 1 << 20;

/// A token endpoint, and who asks.
#[derive(Clone, PartialEq)]
pub(super) struct Endpoint {
    pub(super) url: Uri,
    /// For https.
    pub(super) tls: Option<Tls>,
    pub(super) client_id: String,
    /// Beside the header, for it to be hidden in what the endpoint says.
    pub(super) client_secret: Option<Secret>,
    /// The header of that name.
    pub(super) authorization: Option<Secret>,
    pub(super) form: String,
    /// A further field of the form.
    pub(super) proof: Option<(&'static str, SecretText)>,
    pub(super) connect: Duration,
    pub(super) read: Duration,
    pub(super) retry: Retry,
}

/// `sasl.login.retry.backoff.ms` and `.max.ms`.
#[derive(Clone, Copy, PartialEq)]
pub(super) struct Retry {
    pub(super) first: Duration,
    /// No attempt begins later than this after the first one.
    pub(super) most: Duration,
}

impl Retry {
    /// The pause after so many attempts that took so long together; none to give up (`Retry.execute`).
    fn pause(&self, attempts: u32, spent: Duration) -> Option<Duration> {
        let wait = self.first.saturating_mul(2_u32.saturating_pow(attempts - 1));
        let left = self.most.saturating_sub(spent);
        Some(wait.min(left)).filter(|it| !it.is_zero())
    }
}

impl Endpoint {
    /// Gets a token. Waits no longer than an attempt takes and all pauses together. Cancel-safe.
    pub(super) async fn token(&self) -> Result<Answer, LoginError> {
        let start = Instant::now();
        let mut attempts = 0;
        loop {
            attempts += 1;
            let told = match self.ask().await {
                Ok(token) => return Ok(token),
                Err(Refusal::Final(told)) => return Err(LoginError::fatal(self.about(&told))),
                Err(Refusal::Passing(told)) => self.about(&told),
            };
            let Some(pause) = self.retry.pause(attempts, start.elapsed()) else {
                return Err(LoginError::transient(told));
            };
            tracing::debug!(attempts, "{told}; trying again");
            tokio::time::sleep(pause).await;
        }
    }

    async fn ask(&self) -> Result<Answer, Refusal> {
        let within = |what: &str, limit: Duration| {
            Refusal::Passing(format!("{what} took longer than {} ms", limit.as_millis()))
        };
        let stream = timeout(self.connect, self.connect())
            .await
            .map_err(|_| within("connecting", self.connect))??;
        let request = self.request()?;
        let (status, body) = timeout(self.read, exchange(stream, request))
            .await
            .map_err(|_| within("the answer", self.read))?
            .map_err(Refusal::Passing)?;
        answer::token(status, &body)
    }

    async fn connect(&self) -> Result<impl AsyncRead + AsyncWrite + Send + Unpin, Refusal> {
        let host = self.url.host().unwrap_or_default();
        let host = host.trim_start_matches('[').trim_end_matches(']');
        let port = self.url.port_u16().unwrap_or(if self.tls.is_some() { 443 } else { 80 });
        let tcp = TcpStream::connect((host, port))
            .await
            .map_err(|cause| Refusal::Passing(format!("it cannot be reached: {cause}")))?;
        let Some(tls) = &self.tls else { return Ok(Either::Left(tcp)) };
        // Made anew each time: files may have changed.
        let config = crate::tls::of(tls).map_err(|error| Refusal::Final(error.to_string()))?;
        let name = match host.parse::<Ipv6Addr>() {
            Ok(address) => Ok(ServerName::from(IpAddr::V6(address))),
            Err(_) => ServerName::try_from(host.to_owned()),
        };
        let name = name.map_err(|cause| Refusal::Final(cause.to_string()))?;
        let connected = TlsConnector::from(Arc::new(config)).connect(name, tcp).await;
        connected.map(Either::Right).map_err(|cause| {
            Refusal::Passing(format!(
                "the TLS handshake failed: {cause}; whom to trust is said by the options ssl.truststore.* of \
                 sasl.jaas.config"
            ))
        })
    }

    fn request(&self) -> Result<Request<Full<Bytes>>, Refusal> {
        let path = self.url.path_and_query().map_or("/", |it| it.as_str());
        let host = self.url.authority().map_or("", |it| it.as_str());
        let mut form = self.form.clone();
        if let Some((name, text)) = &self.proof {
            let text = text.load().map_err(|error| Refusal::Final(error.message))?;
            form.extend(["&", name, "=", &form_encoded(text.reveal())]);
        }
        let mut request = Request::post(path)
            .header(header::HOST, host)
            .header(header::USER_AGENT, concat!("sluice/", env!("CARGO_PKG_VERSION")))
            .header(header::ACCEPT, "application/json")
            .header(header::CACHE_CONTROL, "no-cache")
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        if let Some(authorization) = &self.authorization {
            request = request.header(header::AUTHORIZATION, authorization.reveal());
        }
        // The cause could quote a header.
        let told = || Refusal::Final("client id and secret make no HTTP header".to_owned());
        request.body(Full::from(form)).map_err(|_| told())
    }

    /// What to tell of a failure: where, and what to look at. An endpoint that repeats what it was sent gives nothing away.
    fn about(&self, told: &str) -> String {
        let mut told = told.to_owned();
        let proof = self.proof.as_ref().and_then(|(_, text)| text.load().ok());
        let secrets = [&self.authorization, &self.client_secret, &proof];
        for secret in secrets.into_iter().flatten().map(Secret::reveal) {
            if !secret.is_empty() {
                told = told.replace(secret, "[hidden]");
            }
        }
        format!(
            "{told}. This is about the token endpoint {}, asked by client {}; check its URL, and client id, secret and scope",
            self.url, self.client_id
        )
    }
}

/// Sends the request and reads the answer. The connection is driven here and ends with it.
async fn exchange(
    stream: impl AsyncRead + AsyncWrite + Send + Unpin,
    request: Request<Full<Bytes>>,
) -> Result<(u16, Bytes), String> {
    let told = |cause: hyper::Error| format!("the exchange failed: {cause}");
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(told)?;
    let answer = async {
        let answer = sender.send_request(request).await.map_err(told)?;
        let status = answer.status().as_u16();
        let body = Limited::new(answer.into_body(), LONGEST_ANSWER).collect().await;
        let body = body.map_err(|cause| format!("the answer cannot be read: {cause}"))?;
        Ok((status, body.to_bytes()))
    };
    let (mut answer, mut connection) = (std::pin::pin!(answer), std::pin::pin!(connection));
    let mut is_open = true;
    loop {
        tokio::select! {
            answer = &mut answer => return answer,
            _ended = &mut connection, if is_open => is_open = false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_and_end_in_time() {
        let millis = Duration::from_millis;
        let retry = Retry { first: millis(100), most: millis(1000) };
        for (attempts, spent, expected) in [
            (1, 0, Some(100)),
            (2, 100, Some(200)),
            (4, 950, Some(50)),
            (4, 1000, None),
            (400, 0, Some(1000)),
        ] {
            let pause = retry.pause(attempts, millis(spent));
            assert_eq!(pause, expected.map(millis), "{attempts} {spent}");
        }
        let never = Retry { first: Duration::ZERO, most: millis(1000) };
        assert_eq!(never.pause(1, Duration::ZERO), None);
    }
}
