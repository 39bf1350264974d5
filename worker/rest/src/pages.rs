//! Pages of other origins: a browser sends what they ask without a question where it needs neither a method nor a type of
//! its own, as a restart does.

use axum::{
    extract::Request,
    http::{HeaderMap, HeaderValue, Method, StatusCode},
    middleware::Next,
    response::{IntoResponse as _, Response},
};

use crate::{answer::Failure, cors::Cors};

/// What a browser says of where a page comes from. Programs do not say it.
const SITE: &str = "sec-fetch-site";

/// Answers a request, unless it would change something for a page that `access.control.allow.origin` does not name.
pub(crate) async fn check(cors: Option<Cors>, request: Request, next: Next) -> Response {
    if is_foreign(request.method(), request.headers(), cors.as_ref()) {
        let message = "A page of another origin changes nothing here: access.control.allow.origin does not name it.";
        return Failure::new(StatusCode::FORBIDDEN, message).into_response();
    }
    next.run(request).await
}

fn is_foreign(method: &Method, headers: &HeaderMap, cors: Option<&Cors>) -> bool {
    let asks = matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS);
    let site = headers.get(SITE).map(HeaderValue::as_bytes);
    let comes_from_elsewhere = matches!(site, Some(b"cross-site" | b"same-site"));
    !asks && comes_from_elsewhere && !cors.is_some_and(|it| it.lets_in(headers))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_of_another_origin_changes_nothing_unless_it_is_named() {
        let cors = Cors::parse("https://ui.example", "").unwrap();
        for (method, site, origin, expected) in [
            (Method::POST, Some("cross-site"), Some("https://evil.example"), true),
            (Method::POST, Some("cross-site"), Some("null"), true),
            (Method::POST, Some("cross-site"), None, true),
            (Method::DELETE, Some("same-site"), Some("https://evil.example"), true),
            (Method::POST, Some("cross-site"), Some("https://ui.example"), false),
            (Method::POST, Some("same-origin"), Some("https://connect"), false),
            (Method::POST, Some("none"), None, false),
            (Method::GET, Some("cross-site"), Some("https://evil.example"), false),
            (Method::POST, None, None, false),
            (Method::PUT, None, Some("https://proxied.example"), false),
        ] {
            let mut headers = HeaderMap::new();
            for (name, value) in [(SITE, site), ("origin", origin)] {
                if let Some(value) = value {
                    headers.insert(name, HeaderValue::from_static(value));
                }
            }
            let found = is_foreign(&method, &headers, cors.as_ref());
            assert_eq!(found, expected, "{method} {site:?} {origin:?}");
        }
    }
}
