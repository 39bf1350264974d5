//! `/` and `/health`.

use std::time::Duration;

use axum::{
    Json,
    extract::State,
    http::StatusCode,
    response::{IntoResponse as _, Response},
};
use sluice_herder::{Handle, Request};
use sluice_rest_model::{Health, HealthStatus};

use crate::server::Worker;

/// How long the control path may take to answer a health check (KIP-1017).
const HEALTH_TIMEOUT: Duration = Duration::from_secs(10);

pub(crate) async fn root(State(worker): State<Worker>) -> Response {
    Json(&*worker.info.borrow()).into_response()
}

pub(crate) async fn health(State(worker): State<Worker>) -> Response {
    health_of(&worker.herder).await
}

/// Whether a worker has started and answers.
pub(crate) async fn health_of(herder: &Handle) -> Response {
    let (code, status, message) = if !herder.has_started() {
        (StatusCode::SERVICE_UNAVAILABLE, HealthStatus::Starting, "Worker is still starting up.")
    } else if matches!(
        tokio::time::timeout(HEALTH_TIMEOUT, herder.ask(Request::Ping)).await,
        Ok(Ok(_))
    ) {
        let message = "Worker has completed startup and is ready to handle requests.";
        (StatusCode::OK, HealthStatus::Healthy, message)
    } else {
        let message =
            "Worker was unable to handle this request and may be unable to handle other requests.";
        (StatusCode::INTERNAL_SERVER_ERROR, HealthStatus::Unhealthy, message)
    };
    (code, Json(Health { status, message: message.to_owned() })).into_response()
}
