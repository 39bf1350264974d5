//! Calls over HTTP, on a thread that all clients share. No redirect is followed: credentials go nowhere but to the URLs of the
//! settings.

use std::{
    io,
    sync::{
        Arc, LazyLock,
        atomic::{AtomicUsize, Ordering},
        mpsc,
    },
    thread,
    time::Duration,
};

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::{
    HeaderMap, Method, Request,
    header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderValue},
};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use tokio::runtime::{Builder, Handle};

use crate::{
    RegistryError,
    settings::{Address, Connection, UserInfo},
    transport::{Answer, Call, Transport},
};

/// Longest answer. Schemas are texts that people write.
const LONGEST_ANSWER: usize = 16 << 20;
/// What a registry speaks (`Versions`).
const TYPE: HeaderValue = HeaderValue::from_static("application/vnd.schemaregistry.v1+json");
const TYPES: HeaderValue = HeaderValue::from_static(
    "application/vnd.schemaregistry.v1+json, application/vnd.schemaregistry+json; qs=0.9, application/json; qs=0.5",
);

/// The thread that carries all requests, started by the first one.
static REQUESTS: LazyLock<io::Result<Handle>> = LazyLock::new(|| {
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let handle = runtime.handle().clone();
    let run = move || runtime.block_on(std::future::pending::<()>());
    thread::Builder::new().name("sluice-registry".to_owned()).spawn(run)?;
    Ok(handle)
});

type Http = Client<HttpsConnector<HttpConnector>, Full<Bytes>>;

/// Registries that are asked in turn until one answers.
pub(crate) struct Servers {
    all: Arc<[Server]>,
    /// The one that answered last.
    current: AtomicUsize,
    http: Http,
    limit: Duration,
}

struct Server {
    base: String,
    headers: HeaderMap,
}

impl Servers {
    pub(crate) fn new(connection: &Connection) -> Result<Self, String> {
        let tls = sluice_kafka::tls::client(&connection.tls)
            .map_err(|error| format!("{error} (keys with the prefix schema.registry.)"))?;
        let mut connector = HttpConnector::new();
        connector.enforce_http(false);
        connector.set_connect_timeout(Some(connection.connect_timeout));
        let connector = HttpsConnectorBuilder::new()
            .with_tls_config(tls)
            .https_or_http()
            .enable_http1()
            .wrap_connector(connector);
        let server = |address: &Address| {
            let Address::Server { base, user } = address else { return None };
            let mut headers = connection.headers.clone();
            headers.insert(ACCEPT, TYPES);
            headers.insert(CONTENT_TYPE, TYPE);
            if let Some(value) = user.as_ref().and_then(UserInfo::header) {
                headers.insert(AUTHORIZATION, value);
            }
            Some(Server { base: base.clone(), headers })
        };
        Ok(Self {
            all: connection.addresses.iter().filter_map(server).collect(),
            current: AtomicUsize::new(0),
            http: Client::builder(TokioExecutor::new()).build(connector),
            limit: connection.connect_timeout.saturating_add(connection.read_timeout),
        })
    }

    fn ask(&self, server: &Server, call: &Call) -> Result<Answer, RegistryError> {
        let url = format!("{}{}", server.base, call.path);
        let unusable = |reason: String| RegistryError::Unusable(format!("{url}: {reason}"));
        let outage = |reason: String| RegistryError::Outage(format!("{}: {reason}", server.base));
        let method = if call.body.is_some() { Method::POST } else { Method::GET };
        let body = Full::new(Bytes::from(call.body.clone().unwrap_or_default()));
        let request = Request::builder().method(method).uri(&url).body(body);
        let mut request = request.map_err(|error| unusable(error.to_string()))?;
        request.headers_mut().clone_from(&server.headers);
        let (http, limit) = (self.http.clone(), self.limit);
        let exchange = async move {
            let response = http.request(request).await.map_err(|error| with_causes(&error))?;
            let status = response.status().as_u16();
            let body = Limited::new(response.into_body(), LONGEST_ANSWER).collect().await;
            let body = body.map_err(|error| with_causes(&*error))?;
            Ok((status, body.to_bytes().to_vec()))
        };
        let (answer, answered) = mpsc::sync_channel(1);
        let requests = REQUESTS.as_ref().map_err(|error| outage(error.to_string()))?;
        requests.spawn(async move {
            let late = || Err(format!("no answer within {} ms", limit.as_millis()));
            let outcome = tokio::time::timeout(limit, exchange).await.unwrap_or_else(|_| late());
            // Nobody waits for longer than that.
            let _ = answer.send(outcome);
        });
        let outcome = answered.recv().map_err(|_| outage("the request was given up".to_owned()))?;
        let (status, body) = outcome.map_err(outage)?;
        judged(status, Answer { from: server.base.clone(), status, body })
    }
}

/// What is no answer of a registry: of those that may pass, another one is asked.
fn judged(status: u16, answer: Answer) -> Result<Answer, RegistryError> {
    let from = &answer.from;
    match status {
        300..=399 => Err(RegistryError::Unusable(format!(
            "{from} answers {status}, a redirect, which is not followed: set schema.registry.url to where it leads"
        ))),
        408 | 429 | 500..=599 => Err(RegistryError::Outage(format!("{from} answers {status}"))),
        _ => Ok(answer),
    }
}

impl Transport for Servers {
    fn carry(&self, call: Call) -> Result<Answer, RegistryError> {
        let first = self.current.load(Ordering::Relaxed);
        let mut reasons = Vec::new();
        for place in (0..self.all.len()).map(|it| (first + it) % self.all.len()) {
            match self.ask(&self.all[place], &call) {
                Err(RegistryError::Outage(reason)) => reasons.push(reason),
                outcome => {
                    self.current.store(place, Ordering::Relaxed);
                    return outcome;
                }
            }
        }
        Err(RegistryError::Outage(reasons.join("; ")))
    }
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

#[cfg(test)]
mod tests;
