//! `/connector-plugins`: what this worker can run, and what is right and wrong with a configuration.

use axum::{
    Json,
    extract::{Path, Query, State},
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use serde::Deserialize;
use sluice_herder::Request;
use sluice_rest_model::PluginKind;

use crate::{answer::Failure, body, server::Worker};

/// Which plugins to list.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Selection {
    #[serde(default = "yes")]
    connectors_only: bool,
}

const fn yes() -> bool {
    true
}

pub(crate) async fn list(
    State(worker): State<Worker>,
    Query(selection): Query<Selection>,
) -> Response {
    let is_listed =
        |kind| !selection.connectors_only || matches!(kind, PluginKind::Source | PluginKind::Sink);
    let plugins: Vec<_> = worker.plugins.iter().filter(|it| is_listed(it.kind)).collect();
    Json(plugins).into_response()
}

pub(crate) async fn validate(
    State(worker): State<Worker>,
    Path(plugin): Path<String>,
    body: Bytes,
) -> Result<Response, Failure> {
    let config = body::parse(&body)?;
    worker.answer(Request::Validate { plugin, config }).await
}
