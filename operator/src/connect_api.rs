//! The workers' REST API, as a client. Every call has a deadline and a limit on the size of the answer.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use http::header::AUTHORIZATION;
use http::{HeaderValue, Method, Request, StatusCode, Uri};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Bytes;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use rustls::{ClientConfig, RootCertStore};
use serde::Serialize;
use serde::de::DeserializeOwned;
use sluice_rest_model::{
    ConnectorInfo, ConnectorStateInfo, CreateConnectorRequest, ErrorMessage, Expanded, PluginInfo,
    ServerInfo,
};

mod operations;

pub use operations::RestartScope;

/// Longest time for an answer that a worker has at hand.
const READ: Duration = Duration::from_secs(10);
/// Longest time for a change: the worker validates, forwards, and writes to Kafka. Workers give up after 90 s.
const WRITE: Duration = Duration::from_secs(95);
const CONNECT: Duration = Duration::from_secs(3);
/// Largest answer that is read.
const MAX_ANSWER: usize = 16 << 20;

/// What cannot stand in a path as it is.
const IN_PATH: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// A call that did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No answer.
    #[error("the workers at {url} do not answer: {cause}")]
    Unreachable {
        /// Where.
        url: String,
        /// Why.
        cause: String,
    },
    /// An answer that is an error.
    #[error("{message}")]
    Refused {
        /// HTTP status.
        status: u16,
        /// The worker's own words.
        message: String,
    },
    /// An answer that is not what Kafka Connect answers.
    #[error("{url} answers with something else than Kafka Connect does: {cause}")]
    Unreadable {
        /// Where.
        url: String,
        /// Why.
        cause: String,
    },
}

impl Error {
    /// Whether a rebalance was in the way: the same call works a little later.
    pub fn is_conflict(&self) -> bool {
        matches!(self, Self::Refused { status: 409, .. })
    }

    /// Whether the workers do not know who asks.
    pub fn is_of_nobody(&self) -> bool {
        matches!(self, Self::Refused { status: 401, .. })
    }
}

/// What the connector shall do, as a verb of the REST API.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verb {
    /// Keep tasks, move nothing.
    Pause,
    /// Move records again.
    Resume,
    /// Have no tasks.
    Stop,
}

/// Connections that all clients share.
pub type Connections = Client<HttpsConnector<HttpConnector>, Full<Bytes>>;

/// A pool of connections to workers that talk in the clear.
pub fn connections() -> Connections {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let nobody = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("the provider has the usual versions of TLS")
        .with_root_certificates(RootCertStore::empty())
        .with_no_client_auth();
    secured_connections(nobody)
}

/// A pool of connections, those by https secured as `tls` says.
pub fn secured_connections(tls: ClientConfig) -> Connections {
    let mut connector = HttpConnector::new();
    connector.set_connect_timeout(Some(CONNECT));
    connector.enforce_http(false);
    let builder = HttpsConnectorBuilder::new().with_tls_config(tls).https_or_http();
    let connector = builder.enable_http1().wrap_connector(connector);
    Client::builder(TokioExecutor::new())
        .pool_idle_timeout(Duration::from_secs(30))
        .pool_max_idle_per_host(4)
        .build(connector)
}

/// The REST API of one cluster. Cheap to make. All calls are safe to cancel; a cancelled change may still happen.
#[derive(Clone, Debug)]
pub struct ConnectApi {
    connections: Connections,
    base: String,
    authorization: Option<HeaderValue>,
}

impl ConnectApi {
    /// For the workers at `base`, such as `http://host:8083`.
    pub fn new(connections: Connections, base: impl Into<String>) -> Self {
        Self { connections, base: base.into(), authorization: None }
    }

    /// The same, as a user whom this header names.
    #[must_use]
    pub fn authorized(self, authorization: Option<HeaderValue>) -> Self {
        Self { authorization, ..self }
    }

    /// Who the workers are.
    pub async fn server(&self) -> Result<ServerInfo, Error> {
        let answer = self.call(Method::GET, "/", None::<&()>, READ).await?;
        self.read(&answer)
    }

    /// All connectors with their settings and states.
    pub async fn connectors(&self) -> Result<BTreeMap<String, Expanded>, Error> {
        let path = "/connectors?expand=info&expand=status";
        let answer = self.call(Method::GET, path, None::<&()>, READ).await?;
        self.read(&answer)
    }

    /// A connector, if it is there.
    pub async fn connector(&self, name: &str) -> Result<Option<ConnectorInfo>, Error> {
        self.find(&connector_path(name)).await
    }

    /// Its state, if a worker has reported one.
    pub async fn status(&self, name: &str) -> Result<Option<ConnectorStateInfo>, Error> {
        self.find(&format!("{}/status", connector_path(name))).await
    }

    /// All connectors with their states.
    pub async fn statuses(&self) -> Result<BTreeMap<String, Expanded>, Error> {
        let path = "/connectors?expand=status";
        let answer = self.call(Method::GET, path, None::<&()>, READ).await?;
        self.read(&answer)
    }

    /// The connectors that the workers could run.
    pub async fn plugins(&self) -> Result<Vec<PluginInfo>, Error> {
        let answer = self.call(Method::GET, "/connector-plugins", None::<&()>, READ).await?;
        self.read(&answer)
    }

    /// The metrics of a worker, in Prometheus' text format: asked of the port where it serves them.
    pub async fn metrics(&self) -> Result<Bytes, Error> {
        self.call(Method::GET, "/metrics", None::<&()>, READ).await
    }

    /// Creates a connector.
    pub async fn create(&self, request: &CreateConnectorRequest) -> Result<ConnectorInfo, Error> {
        let answer = self.call(Method::POST, "/connectors", Some(request), WRITE).await?;
        self.read(&answer)
    }

    /// Replaces its settings.
    pub async fn put_config(
        &self,
        name: &str,
        config: &BTreeMap<String, String>,
    ) -> Result<ConnectorInfo, Error> {
        let path = format!("{}/config", connector_path(name));
        let answer = self.call(Method::PUT, &path, Some(config), WRITE).await?;
        self.read(&answer)
    }

    /// Changes its target state.
    pub async fn enter(&self, name: &str, verb: Verb) -> Result<(), Error> {
        let verb = match verb {
            Verb::Pause => "pause",
            Verb::Resume => "resume",
            Verb::Stop => "stop",
        };
        let path = format!("{}/{verb}", connector_path(name));
        self.call(Method::PUT, &path, None::<&()>, WRITE).await.map(drop)
    }

    /// Removes a connector; says whether it was there.
    pub async fn delete(&self, name: &str) -> Result<bool, Error> {
        let path = connector_path(name);
        match self.call(Method::DELETE, &path, None::<&()>, WRITE).await {
            Ok(_) => Ok(true),
            Err(Error::Refused { status: 404, .. }) => Ok(false),
            Err(error) => Err(error),
        }
    }

    async fn find<T: DeserializeOwned>(&self, path: &str) -> Result<Option<T>, Error> {
        match self.call(Method::GET, path, None::<&()>, READ).await {
            Ok(answer) => self.read(&answer).map(Some),
            Err(Error::Refused { status: 404, .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    async fn call(
        &self,
        method: Method,
        path: &str,
        body: Option<&impl Serialize>,
        deadline: Duration,
    ) -> Result<Bytes, Error> {
        let exchange = self.exchange(method, path, body);
        let Ok(answer) = tokio::time::timeout(deadline, exchange).await else {
            return Err(self.unreachable(format!("no answer within {} s", deadline.as_secs())));
        };
        let (status, body) = answer?;
        if status.is_success() { Ok(body) } else { Err(refusal(status, &body)) }
    }

    async fn exchange(
        &self,
        method: Method,
        path: &str,
        body: Option<&impl Serialize>,
    ) -> Result<(StatusCode, Bytes), Error> {
        let uri: Uri = format!("{}{path}", self.base)
            .parse()
            .map_err(|error: http::uri::InvalidUri| self.unreachable(error.to_string()))?;
        let body = body.map(|body| serde_json::to_vec(body).expect("bodies are plain JSON"));
        let mut request = Request::builder().method(method).uri(uri);
        if let Some(authorization) = &self.authorization {
            request = request.header(AUTHORIZATION, authorization);
        }
        let request = request
            .header("accept", "application/json")
            .header("content-type", "application/json")
            .body(Full::from(body.unwrap_or_default()))
            .expect("method, address and headers are valid");
        let answer = self.connections.request(request).await;
        let answer = answer.map_err(|error| self.unreachable(chain(&error)))?;
        let status = answer.status();
        let body = Limited::new(answer.into_body(), MAX_ANSWER).collect().await;
        let body = body.map_err(|error| self.unreachable(error.to_string()))?;
        Ok((status, body.to_bytes()))
    }

    fn read<T: DeserializeOwned>(&self, answer: &[u8]) -> Result<T, Error> {
        serde_json::from_slice(answer)
            .map_err(|error| Error::Unreadable { url: self.base.clone(), cause: error.to_string() })
    }

    fn unreachable(&self, cause: String) -> Error {
        Error::Unreachable { url: self.base.clone(), cause }
    }
}

/// A proxy in between may answer with something else than Connect's error body.
fn refusal(status: StatusCode, body: &[u8]) -> Error {
    let said = serde_json::from_slice::<ErrorMessage>(body).ok().and_then(|error| error.message);
    let message = said.unwrap_or_else(|| format!("HTTP {status}"));
    Error::Refused { status: status.as_u16(), message }
}

fn connector_path(name: &str) -> String {
    format!("/connectors/{}", utf8_percent_encode(name, IN_PATH))
}

/// An error with its causes; the outer text alone says only that a request failed.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_with_special_characters_stay_one_segment() {
        assert_eq!(connector_path("a/b c->d"), "/connectors/a%2Fb%20c-%3Ed");
        assert_eq!(connector_path("my-source_1.x~"), "/connectors/my-source_1.x~");
    }

    #[test]
    fn refusals_speak_in_the_workers_words() {
        let refused = |body: &str| refusal(StatusCode::CONFLICT, body.as_bytes()).to_string();
        assert_eq!(refused(r#"{"error_code":409,"message":"busy"}"#), "busy");
        assert_eq!(refused(r#"{"error_code":409,"message":null}"#), "HTTP 409 Conflict");
        assert_eq!(refused("<html>"), "HTTP 409 Conflict");
        assert!(refusal(StatusCode::CONFLICT, b"").is_conflict());
    }
}
