//! Answers: what the herder said, in HTTP.

use std::collections::BTreeMap;

use axum::{
    Json,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use sluice_herder::{Answer, Error};
use sluice_rest_model::{ActiveTopics, ErrorMessage, Message};

use crate::location;

/// An error in Connect's form: the status and a sentence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Failure {
    pub(crate) status: StatusCode,
    pub(crate) message: Option<String>,
    /// Whether the answer says that it is JSON; Java's does not where no resource was found.
    is_typed: bool,
}

impl Failure {
    pub(crate) fn new(status: StatusCode, message: impl Into<String>) -> Self {
        Self { status, message: Some(message.into()), is_typed: true }
    }

    /// An answer of the layer below the API's own resources.
    pub(crate) fn untyped(status: StatusCode, message: &str) -> Self {
        Self { is_typed: false, ..Self::new(status, message) }
    }

    /// There is nothing at this path.
    pub(crate) fn no_resource() -> Self {
        Self::untyped(StatusCode::NOT_FOUND, "HTTP 404 Not Found")
    }

    /// What there is at this path takes no such request.
    pub(crate) fn no_method() -> Self {
        Self::untyped(StatusCode::METHOD_NOT_ALLOWED, "HTTP 405 Method Not Allowed")
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let body =
            ErrorMessage { error_code: i32::from(self.status.as_u16()), message: self.message };
        let mut response = (self.status, Json(body)).into_response();
        if !self.is_typed {
            response.headers_mut().remove(header::CONTENT_TYPE);
        }
        response
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let status = match error {
            Error::NotFound(_) => StatusCode::NOT_FOUND,
            Error::AlreadyExists(_)
            | Error::Conflict(_)
            | Error::StaleConfig
            | Error::Elsewhere(_) => StatusCode::CONFLICT,
            Error::BadRequest(_) => StatusCode::BAD_REQUEST,
            Error::Forbidden(_) => StatusCode::FORBIDDEN,
            Error::Unavailable(_) => StatusCode::SERVICE_UNAVAILABLE,
            Error::Internal(_) => StatusCode::INTERNAL_SERVER_ERROR,
        };
        Self::new(status, error.to_string())
    }
}

/// The body of an answer; `empty` is the status of an answer that says nothing.
pub(crate) fn respond(answer: Answer, empty: StatusCode) -> Response {
    match answer {
        Answer::Done => empty.into_response(),
        Answer::Names(names) => Json(names).into_response(),
        Answer::Connector(info, is_new) => {
            if !is_new {
                return Json(info).into_response();
            }
            let location = location::of(&info.name);
            let mut response = (StatusCode::CREATED, Json(info)).into_response();
            if let Ok(value) = HeaderValue::from_str(&location) {
                response.headers_mut().insert(header::LOCATION, value);
            }
            response
        }
        Answer::Status(state) => (status_of_state(empty), Json(state)).into_response(),
        Answer::TaskStatus(state) => Json(state).into_response(),
        Answer::Topics(connector, topics) => {
            Json(BTreeMap::from([(connector, ActiveTopics { topics })])).into_response()
        }
        Answer::Tasks(tasks) => Json(tasks).into_response(),
        Answer::Offsets(offsets) => Json(offsets).into_response(),
        Answer::Reading(reading) => Json(reading).into_response(),
        Answer::Keys(keys) => Json(keys).into_response(),
        Answer::Message(message) => Json(Message { message }).into_response(),
        Answer::Validated(infos) => Json(infos).into_response(),
    }
}

/// A restart that selects parts answers 202 with the state; a read answers 200.
fn status_of_state(empty: StatusCode) -> StatusCode {
    if empty == StatusCode::ACCEPTED { empty } else { StatusCode::OK }
}
