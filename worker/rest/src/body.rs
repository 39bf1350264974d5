//! Bodies of requests: JSON, with Connect's status codes for what is not.

use axum::http::StatusCode;
use serde::de::DeserializeOwned;

use crate::answer::Failure;

/// Reads a body. Java answers 400 to none at all and 500 with the parser's words to bad JSON.
pub(crate) fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, Failure> {
    if body.is_empty() {
        return Err(Failure::new(
            StatusCode::BAD_REQUEST,
            "The request needs a JSON body and has none.",
        ));
    }
    if body.trim_ascii_start().first() != Some(&b'{') {
        // The parser would take the elements of an array for fields in their order.
        let message = "Cannot deserialize the body: it is no JSON object";
        return Err(Failure::new(StatusCode::INTERNAL_SERVER_ERROR, message));
    }
    serde_json::from_slice(body)
        .map_err(|error| Failure::new(StatusCode::INTERNAL_SERVER_ERROR, error.to_string()))
}
