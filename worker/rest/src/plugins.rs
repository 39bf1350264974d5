//! `/connector-plugins`: what this worker can run, and what is right and wrong with a configuration.

use axum::{
    Json,
    extract::{Path, State},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use sluice_herder::{Error, Request};
use sluice_rest_model::PluginKind;

use crate::{
    answer::{Failure, respond},
    body,
    query::Parameters,
    server::Worker,
};

pub(crate) async fn list(State(worker): State<Worker>, parameters: Parameters) -> Response {
    let connectors_only = parameters.flag("connectorsOnly").unwrap_or(true);
    let is_listed =
        |kind| !connectors_only || matches!(kind, PluginKind::Source | PluginKind::Sink);
    let plugins: Vec<_> = worker.plugins.iter().filter(|it| is_listed(it.kind)).collect();
    Json(plugins).into_response()
}

pub(crate) async fn keys(
    State(worker): State<Worker>,
    Path(plugin): Path<String>,
    parameters: Parameters,
) -> Result<Response, Failure> {
    let version = parameters.first("version").map(str::to_owned);
    let version = version.filter(|it| it != "latest");
    worker.answer(Request::Define { plugin, version }).await
}

pub(crate) async fn validate(
    State(worker): State<Worker>,
    Path(plugin): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Failure> {
    let config = body::parse(&headers, &body)?;
    match worker.herder.ask(Request::Validate { plugin, config }).await {
        // Java tells what its validation threw, wrapped.
        Err(Error::BadRequest(text)) if !text.starts_with("Included connector type") => {
            let class = "org.apache.kafka.connect.runtime.rest.errors.BadRequestException";
            Err(Failure::new(StatusCode::INTERNAL_SERVER_ERROR, format!("{class}: {text}")))
        }
        answer => Ok(respond(answer?, StatusCode::OK)),
    }
}
