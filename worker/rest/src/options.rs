//! `OPTIONS`: what can be asked of a path, as Jersey tells it.

use axum::{
    http::{HeaderMap, Method, header},
    response::{IntoResponse as _, Response},
};

/// The methods of a path, with those that come with them.
pub(crate) fn allowed<'a>(methods: impl Iterator<Item = &'a Method>) -> String {
    let mut names: Vec<&str> = methods.map(Method::as_str).collect();
    if names.contains(&"GET") {
        names.push("HEAD");
    }
    names.push("OPTIONS");
    names.sort_unstable();
    names.join(", ")
}

/// Tells the methods in a header, and in the body where plain text will do.
pub(crate) fn answer(allowed: String, asked: &HeaderMap) -> Response {
    let accepted = asked.get(header::ACCEPT).map_or("*/*", |it| it.to_str().unwrap_or_default());
    let (r#type, body) = if ["text/plain", "*/*"].iter().any(|it| accepted.contains(it)) {
        ("text/plain", allowed.clone())
    } else {
        ("application/json", String::new())
    };
    ([(header::ALLOW, allowed), (header::CONTENT_TYPE, r#type.to_owned())], body).into_response()
}
