//! Media types: the API takes JSON and speaks JSON, and tells those who want something else (`@Consumes`, `@Produces`).

use axum::{
    extract::Request,
    http::{HeaderMap, HeaderName, Method, StatusCode, header},
    middleware::Next,
    response::{IntoResponse as _, Response},
};

use crate::answer::Failure;

/// Answers requests in or for other types than JSON.
pub(crate) async fn check(request: Request, next: Next) -> Response {
    if request.method() == Method::OPTIONS {
        return next.run(request).await;
    }
    let headers = request.headers();
    // The two paths at which nothing but `GET` can be asked say nothing of what they take.
    let takes_nothing = matches!(request.uri().path(), "/" | "/health");
    if !takes_nothing && !takes_json(headers, &header::CONTENT_TYPE) {
        return Failure::untyped(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "HTTP 415 Unsupported Media Type",
        )
        .into_response();
    }
    if !takes_json(headers, &header::ACCEPT) {
        return Failure::untyped(StatusCode::NOT_ACCEPTABLE, "HTTP 406 Not Acceptable")
            .into_response();
    }
    next.run(request).await
}

/// Whether one of the types that a header names covers JSON; a header that is not there names all.
fn takes_json(headers: &HeaderMap, name: &HeaderName) -> bool {
    let mut is_there = false;
    for value in headers.get_all(name) {
        is_there = true;
        let text = value.to_str().unwrap_or_default();
        let types = text.split(',').map(|it| it.split(';').next().unwrap_or_default().trim());
        for r#type in types {
            let known = ["application/json", "application/*", "*/*"];
            if known.iter().any(|it| it.eq_ignore_ascii_case(r#type)) {
                return true;
            }
        }
    }
    !is_there
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn types_that_cover_json_are_fine() {
        for (value, expected) in [
            (None, true),
            (Some("application/json"), true),
            (Some("Application/JSON; charset=utf-8"), true),
            (Some("text/html, application/*;q=0.9"), true),
            (Some("*/*"), true),
            (Some("text/plain"), false),
            (Some("application/x-www-form-urlencoded"), false),
        ] {
            let mut headers = HeaderMap::new();
            if let Some(value) = value {
                headers.insert(header::ACCEPT, HeaderValue::from_static(value));
            }
            assert_eq!(takes_json(&headers, &header::ACCEPT), expected, "{value:?}");
        }
    }
}
