//! What workers ask about clients of their REST APIs that show tokens: they have no rights in Kubernetes, and so the
//! operator asks whose a token is (`TokenReview`) and what its user may (`SubjectAccessReview`). Every replica answers,
//! whether or not it leads.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::extract::{DefaultBodyLimit, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::routing::post;
use axum::{Json, Router};
use kube::Client;
use sluice_rest_model::{AccessReview, AccessVerdict, REVIEW_PATH};
use tokio::sync::Semaphore;

mod authority;
mod desk;
mod questions;
mod server;

pub use authority::{Authority, Error};
use desk::Desk;
pub(crate) use server::serve;

/// Largest question: a token has a few kilobytes.
const LARGEST: usize = 64 << 10;

/// Questions that the API server is asked at a time.
const QUESTIONS: usize = 16;

/// How workers ask.
#[derive(Clone)]
pub struct Reviews {
    /// Where they are answered.
    pub address: SocketAddr,
    /// Where workers reach that, such as `https://sluice-operator.sluice-system.svc:8443`.
    pub url: String,
    /// A client with a rate of its own, so that what clients of REST APIs ask keeps no resource waiting. That of everything else
    /// unless given.
    pub client: Option<Client>,
}

impl std::fmt::Debug for Reviews {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "Reviews at {} for {}", self.address, self.url)
    }
}

/// Shared by all answers.
#[derive(Clone)]
struct Answers {
    desk: Arc<Desk>,
    client: Client,
    room: Arc<Semaphore>,
}

fn routes(answers: Answers) -> Router {
    Router::new()
        .route(REVIEW_PATH, post(answer))
        .layer(DefaultBodyLimit::max(LARGEST))
        .with_state(answers)
}

/// Answers the workers of a cluster, and nobody else: who can ask about any token can find out which ones are good.
async fn answer(
    State(answers): State<Answers>,
    headers: HeaderMap,
    Json(review): Json<AccessReview>,
) -> Result<Json<AccessVerdict>, StatusCode> {
    let shown = headers.get(header::AUTHORIZATION).and_then(|it| it.to_str().ok());
    let shown = shown.and_then(|it| it.strip_prefix("Bearer ")).unwrap_or_default();
    let cluster = (review.namespace.clone(), review.cluster.clone());
    if !answers.desk.is_worker(&cluster, shown).await {
        return Err(StatusCode::UNAUTHORIZED);
    }
    let _turn = answers.room.acquire().await.map_err(|_| StatusCode::SERVICE_UNAVAILABLE)?;
    questions::ask(&answers.client, review).await.map(Json).map_err(|error| {
        tracing::error!(
            namespace = cluster.0,
            cluster = cluster.1,
            error = %error,
            "the API server says nothing of a token; are tokenreviews and subjectaccessreviews granted?"
        );
        StatusCode::SERVICE_UNAVAILABLE
    })
}
