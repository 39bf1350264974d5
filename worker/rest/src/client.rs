//! The HTTP client that workers use among themselves.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use axum::http::{Method, Request, StatusCode, header};
use bytes::Bytes;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use rustls::ClientConfig;
use sluice_config::Properties;
use sluice_herder::{NotFenced, SessionKey, Workers, signature};
use sluice_rest_model::{ErrorMessage, PluginInfo};

/// Longest wait for another worker; above the 90 s that it may take itself.
const TIMEOUT: Duration = Duration::from_secs(95);
/// Largest answer that is passed on.
const MAX_ANSWER: usize = 64 << 20;
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// A path segment of a URL.
pub(crate) fn encode_segment(text: &str) -> String {
    utf8_percent_encode(text, SEGMENT).to_string()
}

/// An answer of another worker.
pub(crate) struct RemoteAnswer {
    pub(crate) status: StatusCode,
    pub(crate) location: Option<header::HeaderValue>,
    pub(crate) body: Bytes,
}

type Http = Client<HttpsConnector<HttpConnector>, Full<Bytes>>;

/// Talks to other workers of the group. Clones are the same client.
#[derive(Clone)]
pub struct LeaderClient {
    http: Arc<Mutex<Http>>,
}

impl LeaderClient {
    /// A client that shows itself to, and trusts, workers on secured listeners as `tls` says.
    pub fn new(tls: ClientConfig) -> Self {
        Self { http: Arc::new(Mutex::new(http(tls))) }
    }

    /// From now on shows and trusts what `tls` says. Requests on their way are not touched.
    pub fn renew(&self, tls: ClientConfig) {
        *self.http.lock().unwrap_or_else(PoisonError::into_inner) = http(tls);
    }

    pub(crate) async fn send(&self, request: Request<Full<Bytes>>) -> Result<RemoteAnswer, String> {
        let exchange = async {
            let http = self.http.lock().unwrap_or_else(PoisonError::into_inner).clone();
            let response = http.request(request).await.map_err(|error| with_causes(&error))?;
            let status = response.status();
            let location = response.headers().get(header::LOCATION).cloned();
            let body = Limited::new(response.into_body(), MAX_ANSWER)
                .collect()
                .await
                .map_err(|it| it.to_string())?;
            Ok(RemoteAnswer { status, location, body: body.to_bytes() })
        };
        tokio::time::timeout(TIMEOUT, exchange)
            .await
            .unwrap_or_else(|_| Err("no answer in time".to_owned()))
    }
}

fn http(tls: ClientConfig) -> Http {
    let connector = HttpsConnectorBuilder::new();
    let connector = connector.with_tls_config(tls).https_or_http().enable_http1().build();
    Client::builder(TokioExecutor::new()).build(connector)
}

fn with_causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}

#[async_trait]
impl Workers for LeaderClient {
    async fn connectors(&self, worker: &str) -> Result<Vec<String>, String> {
        let url = format!("{}/connector-plugins", worker.trim_end_matches('/'));
        let request = Request::builder().uri(url).header(header::ACCEPT, "application/json");
        let request = request.body(Full::default()).map_err(|error| error.to_string())?;
        let answer = self.send(request).await?;
        if !answer.status.is_success() {
            return Err(answer.status.to_string());
        }
        let plugins: Vec<PluginInfo> =
            serde_json::from_slice(&answer.body).map_err(|error| error.to_string())?;
        Ok(plugins.into_iter().map(|it| it.class).collect())
    }

    async fn send_tasks(
        &self,
        leader: &str,
        connector: &str,
        configs: &[Properties],
        key: Option<&SessionKey>,
    ) -> Result<(), String> {
        let body = serde_json::to_vec(configs).map_err(|error| error.to_string())?;
        let url = format!(
            "{}/connectors/{}/tasks?forward=false",
            leader.trim_end_matches('/'),
            encode_segment(connector)
        );
        let mut request = Request::builder()
            .method(Method::POST)
            .uri(url)
            .header(header::CONTENT_TYPE, "application/json")
            .header(header::ACCEPT, "application/json");
        if let Some(key) = key {
            request = request
                .header(signature::SIGNATURE_HEADER, signature::sign(key, &body))
                .header(signature::ALGORITHM_HEADER, signature::ALGORITHM);
        }
        let request =
            request.body(Full::new(Bytes::from(body))).map_err(|error| error.to_string())?;
        let answer = self.send(request).await?;
        if answer.status.is_success() {
            return Ok(());
        }
        Err(format!("{}: {}", answer.status, String::from_utf8_lossy(&answer.body)))
    }

    async fn fence(
        &self,
        leader: &str,
        connector: &str,
        key: Option<&SessionKey>,
    ) -> Result<(), NotFenced> {
        let url = format!(
            "{}/connectors/{}/fence",
            leader.trim_end_matches('/'),
            encode_segment(connector)
        );
        let mut request = Request::builder()
            .method(Method::PUT)
            .uri(url)
            .header(header::CONTENT_TYPE, "application/json")
            .header(header::ACCEPT, "application/json");
        if let Some(key) = key {
            request = request
                .header(signature::SIGNATURE_HEADER, signature::sign(key, b""))
                .header(signature::ALGORITHM_HEADER, signature::ALGORITHM);
        }
        let refused = |passes, reason| NotFenced { passes, reason };
        let request = request.body(Full::default());
        let request = request.map_err(|error| refused(false, error.to_string()))?;
        let answer = self.send(request).await.map_err(|error| refused(true, error))?;
        if answer.status.is_success() {
            return Ok(());
        }
        let told: Option<ErrorMessage> = serde_json::from_slice(&answer.body).ok();
        let reason = told.and_then(|it| it.message).unwrap_or_else(|| answer.status.to_string());
        let is_final = answer.status.is_client_error() && answer.status != StatusCode::CONFLICT;
        Err(refused(!is_final, reason))
    }
}
