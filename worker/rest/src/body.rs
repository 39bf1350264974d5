//! Bodies of requests: JSON, with Connect's status codes for what is not.

use axum::http::{HeaderMap, StatusCode, header};
use serde::de::DeserializeOwned;
use sluice_rest_model::SettingsPatch;

use crate::answer::Failure;

/// Reads a body. Like Java, answers 415 to one that does not say what it is, and 500 to what is none or not what it should
/// be; those words are ours.
pub(crate) fn parse<T: DeserializeOwned>(headers: &HeaderMap, body: &[u8]) -> Result<T, Failure> {
    if !body.is_empty() && !headers.contains_key(header::CONTENT_TYPE) {
        let message = "HTTP 415 Unsupported Media Type";
        return Err(Failure::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, message));
    }
    if body.is_empty() {
        return Err(Failure::new(
            StatusCode::INTERNAL_SERVER_ERROR,
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

/// Checks a body that is a list of flat maps, as workers send them to each other.
pub(crate) fn parse_list(body: &[u8]) -> Result<(), Failure> {
    serde_json::from_slice::<Vec<SettingsPatch>>(body)
        .map(drop)
        .map_err(|error| Failure::new(StatusCode::INTERNAL_SERVER_ERROR, error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bodies_that_nest_without_end_are_refused() {
        let headers = HeaderMap::from_iter([(
            header::CONTENT_TYPE,
            header::HeaderValue::from_static("application/json"),
        )]);
        for (open, close) in [("{\"a\":", "}"), ("[", "]")] {
            let body = format!("{{\"k\":{}1{}}}", open.repeat(100_000), close.repeat(100_000));
            let refused = parse::<SettingsPatch>(&headers, body.as_bytes());
            assert_eq!(refused.err().map(|it| it.status), Some(StatusCode::INTERNAL_SERVER_ERROR));
            let anything = serde_json::from_slice::<serde_json::Value>(body.as_bytes());
            assert!(anything.unwrap_err().to_string().contains("recursion limit"));
        }
    }
}
