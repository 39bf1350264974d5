//! What workers ask of each other, signed (`InternalClusterResource`).

use axum::{
    extract::{Path, State},
    http::{HeaderMap, StatusCode},
    response::Response,
};
use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use sluice_herder::{
    FencingRequest, Request,
    signature::{ALGORITHM_HEADER, SIGNATURE_HEADER, Signature},
};

use crate::{answer::Failure, body, forward::Incoming, server::Worker};

/// A follower's task set for the leader to write.
pub(crate) async fn put_tasks(
    State(worker): State<Worker>,
    Path(connector): Path<String>,
    incoming: Incoming,
) -> Result<Response, Failure> {
    body::parse_list(&incoming.body)?;
    let signature = signature(&incoming.headers)?;
    let request = Request::PutTaskConfigs { connector, body: incoming.body.to_vec(), signature };
    Ok(worker.ask_or_forward(request, incoming, StatusCode::NO_CONTENT).await)
}

/// A follower with exactly-once sources wants earlier tasks fenced before it starts one.
pub(crate) async fn fence(
    State(worker): State<Worker>,
    Path(connector): Path<String>,
    incoming: Incoming,
) -> Result<Response, Failure> {
    let signature = signature(&incoming.headers)?;
    let body = incoming.body.to_vec();
    let request = FencingRequest::OfWorker { connector, body, signature };
    let request = Request::Fencing(request);
    Ok(worker.ask_or_forward(request, incoming, StatusCode::NO_CONTENT).await)
}

fn signature(headers: &HeaderMap) -> Result<Option<Signature>, Failure> {
    let header = |name: &str| headers.get(name).and_then(|it| it.to_str().ok());
    let (Some(encoded), Some(algorithm)) = (header(SIGNATURE_HEADER), header(ALGORITHM_HEADER))
    else {
        return Ok(None);
    };
    let bytes = BASE64.decode(encoded).map_err(|_| {
        Failure::new(StatusCode::BAD_REQUEST, "Request signature is not valid base64")
    })?;
    Ok(Some(Signature { algorithm: algorithm.to_owned(), bytes }))
}
