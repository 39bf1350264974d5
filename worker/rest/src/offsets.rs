//! `/connectors/{name}/offsets` (KIP-875), and our own `/sluice/connectors/{name}/reading`.

use axum::{
    extract::{Path, State},
    http::StatusCode,
    response::Response,
};
use sluice_herder::{OffsetsChange, Request};
use sluice_rest_model::ConnectorOffsets;

use crate::{answer::Failure, body, forward::Incoming, query::Parameters, server::Worker};

pub(crate) async fn read(
    State(worker): State<Worker>,
    Path(name): Path<String>,
) -> Result<Response, Failure> {
    worker.answer(Request::Offsets(name)).await
}

pub(crate) async fn reading(
    State(worker): State<Worker>,
    Path(name): Path<String>,
    parameters: Parameters,
) -> Result<Response, Failure> {
    let time = parameters.first("time").map(|text| {
        text.parse().ok().filter(|time: &i64| *time >= 0).ok_or_else(|| {
            let message = "time must be a number of milliseconds since 1970";
            Failure::new(StatusCode::BAD_REQUEST, message)
        })
    });
    worker.answer(Request::Reading(name, time.transpose()?)).await
}

pub(crate) async fn alter(
    State(worker): State<Worker>,
    Path(name): Path<String>,
    incoming: Incoming,
) -> Result<Response, Failure> {
    let asked: ConnectorOffsets = body::parse(&incoming.headers, &incoming.body)?;
    let offsets = asked.offsets.filter(|it| !it.is_empty()).ok_or_else(|| {
        Failure::new(
            StatusCode::BAD_REQUEST,
            "Partitions / offsets need to be provided for an alter offsets request",
        )
    })?;
    let offsets = offsets.into_iter().map(|it| (it.partition, it.offset)).collect();
    let request = Request::ChangeOffsets(name, OffsetsChange::Alter(offsets));
    Ok(worker.ask_or_forward(request, incoming, StatusCode::OK).await)
}

pub(crate) async fn reset(
    State(worker): State<Worker>,
    Path(name): Path<String>,
    incoming: Incoming,
) -> Response {
    let request = Request::ChangeOffsets(name, OffsetsChange::Reset);
    worker.ask_or_forward(request, incoming, StatusCode::OK).await
}
