//! The operator as the one who knows whose a token is and what its user may: workers have no rights in Kubernetes.

use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock},
    time::{Duration, Instant},
};

use axum::http::{HeaderValue, Request, StatusCode, header};
use bytes::Bytes;
use http_body_util::Full;
use rustls::ClientConfig;
use sluice_rest_model::{AccessReview, AccessRight, AccessVerdict, REVIEW_PATH};
use tokio::{sync::Semaphore, time::timeout};

use crate::{
    client::LeaderClient,
    verdicts::{self, Verdict, Verdicts},
};

/// Longest wait for an answer, and for one's turn to ask.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long nobody asks again after there was no answer.
const PAUSE: Duration = Duration::from_secs(1);
/// Questions at a time.
const QUESTIONS: usize = 8;
/// Longest token: those of Kubernetes have one or two kilobytes.
const MAX_TOKEN: usize = 16 << 10;

/// Asks the operator about tokens, and keeps what it says for a while. Clones are the same.
#[derive(Clone)]
pub struct Reviewer(Arc<Inner>);

struct Inner {
    url: String,
    namespace: String,
    cluster: String,
    way: RwLock<Way>,
    verdicts: Mutex<Verdicts>,
    silence: Mutex<Option<Instant>>,
    room: Semaphore,
}

/// How the operator is reached.
#[derive(Clone)]
struct Way {
    client: LeaderClient,
    credential: HeaderValue,
}

/// What cannot be sent in a header.
#[derive(Debug, thiserror::Error)]
#[error("it holds what cannot be sent")]
pub struct Unsendable;

/// The operator cannot be asked.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Silent;

impl Reviewer {
    /// Asks at `url` for the workers of a cluster, who show `credential` and trust what `tls` says.
    pub fn new(
        url: &str,
        (namespace, cluster): (&str, &str),
        tls: ClientConfig,
        credential: &str,
    ) -> Result<Self, Unsendable> {
        Ok(Self(Arc::new(Inner {
            url: format!("{}{REVIEW_PATH}", url.trim_end_matches('/')),
            namespace: namespace.to_owned(),
            cluster: cluster.to_owned(),
            way: RwLock::new(Way::new(tls, credential)?),
            verdicts: Mutex::default(),
            silence: Mutex::default(),
            room: Semaphore::new(QUESTIONS),
        })))
    }

    /// From now on shows and trusts these.
    pub fn renew(&self, tls: ClientConfig, credential: &str) -> Result<(), Unsendable> {
        let way = Way::new(tls, credential)?;
        *self.0.way.write().unwrap_or_else(PoisonError::into_inner) = way;
        *lock(&self.0.silence) = None;
        Ok(())
    }

    /// Namespace and name of the cluster.
    pub(crate) fn cluster(&self) -> (&str, &str) {
        (&self.0.namespace, &self.0.cluster)
    }

    /// What goes for who shows a token.
    pub(crate) async fn ask(
        &self,
        token: &str,
        right: Option<AccessRight>,
    ) -> Result<Verdict, Silent> {
        if token.len() > MAX_TOKEN {
            return Ok(Verdict::Unknown);
        }
        let question = verdicts::digest(token, right.as_ref());
        if let Some(known) = lock(&self.0.verdicts).get(&question, Instant::now()) {
            return Ok(known);
        }
        let asked = timeout(PATIENCE, self.ask_operator(token, right)).await;
        let verdict = asked.unwrap_or_else(|_| Err(self.fell_silent("no answer in time")))?;
        lock(&self.0.verdicts).put(question, verdict, Instant::now());
        Ok(verdict)
    }

    async fn ask_operator(
        &self,
        token: &str,
        right: Option<AccessRight>,
    ) -> Result<Verdict, Silent> {
        let _turn = self.0.room.acquire().await.map_err(|_| Silent)?;
        if lock(&self.0.silence).is_some_and(|since| since.elapsed() < PAUSE) {
            return Err(Silent);
        }
        let review = AccessReview {
            namespace: self.0.namespace.clone(),
            cluster: self.0.cluster.clone(),
            token: token.to_owned(),
            right,
        };
        let body = serde_json::to_vec(&review).unwrap_or_default();
        let way = self.0.way.read().unwrap_or_else(PoisonError::into_inner).clone();
        let request = Request::post(&self.0.url)
            .header(header::CONTENT_TYPE, "application/json")
            .header(header::AUTHORIZATION, way.credential)
            .body(Full::new(Bytes::from(body)))
            .map_err(|error| self.fell_silent(&error.to_string()))?;
        let answer = way.client.send(request).await.map_err(|error| self.fell_silent(&error))?;
        if answer.status != StatusCode::OK {
            return Err(self.fell_silent(&format!("it answers {}", answer.status)));
        }
        let verdict: AccessVerdict = serde_json::from_slice(&answer.body)
            .map_err(|error| self.fell_silent(&error.to_string()))?;
        Ok(match verdict {
            AccessVerdict { user: None, .. } => Verdict::Unknown,
            AccessVerdict { allowed: true, .. } => Verdict::Allowed,
            AccessVerdict { .. } => Verdict::Forbidden,
        })
    }

    /// Tells once in a while why the operator cannot be asked.
    fn fell_silent(&self, error: &str) -> Silent {
        let before = lock(&self.0.silence).replace(Instant::now());
        if before.is_none_or(|since| since.elapsed() >= PAUSE) {
            tracing::warn!(url = self.0.url, error, "the operator cannot be asked about a token");
        }
        Silent
    }
}

impl fmt::Debug for Reviewer {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Reviewer at {}", self.0.url)
    }
}

impl Way {
    fn new(tls: ClientConfig, credential: &str) -> Result<Self, Unsendable> {
        let mut credential = HeaderValue::from_str(&format!("Bearer {}", credential.trim()))
            .map_err(|_| Unsendable)?;
        credential.set_sensitive(true);
        Ok(Self { client: LeaderClient::new(tls), credential })
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
