//! `/admin/loggers`: levels of loggers, of this worker or of all (`LoggingResource`).

use axum::{
    Json,
    extract::{Path, State},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse as _, Response},
};
use bytes::Bytes;
use sluice_herder::{LoggerChange, Request, loggers::Level};
use sluice_rest_model::NewLevel;

use crate::{
    answer::{Failure, respond},
    body,
    clock::now_millis,
    query::Parameters,
    server::Worker,
};

pub(crate) async fn list(State(worker): State<Worker>) -> Response {
    Json(worker.loggers.all()).into_response()
}

pub(crate) async fn read(
    State(worker): State<Worker>,
    Path(logger): Path<String>,
) -> Result<Response, Failure> {
    let level = worker.loggers.level(&logger).ok_or_else(|| {
        Failure::new(StatusCode::NOT_FOUND, format!("Logger {logger} not found."))
    })?;
    Ok(Json(level).into_response())
}

pub(crate) async fn set(
    State(worker): State<Worker>,
    Path(namespace): Path<String>,
    parameters: Parameters,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Failure> {
    let NewLevel { level } = body::parse(&headers, &body)?;
    let level = level.ok_or_else(|| {
        let message = "Desired 'level' parameter was not specified in request.";
        Failure::new(StatusCode::BAD_REQUEST, message)
    })?;
    if level.is_empty() {
        let message = "Illegal null or empty Level name.";
        return Err(Failure::new(StatusCode::INTERNAL_SERVER_ERROR, message));
    }
    if Level::parse(&level).is_none() {
        let message = format!("invalid log level '{level}'.");
        return Err(Failure::new(StatusCode::NOT_FOUND, message));
    }
    let scope = parameters.first("scope").unwrap_or("worker");
    if scope.eq_ignore_ascii_case("cluster") {
        let change = LoggerChange { namespace, level };
        let answer = worker.ask(Request::SetLogger(change)).await?;
        return Ok(respond(answer, StatusCode::NO_CONTENT));
    }
    if !scope.eq_ignore_ascii_case("worker") {
        tracing::warn!(scope, "unknown scope of a log level; it is set on this worker");
    }
    Ok(Json(worker.loggers.set(&namespace, &level, now_millis())).into_response())
}
