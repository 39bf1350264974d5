//! Where a new connector is, as a URL of the worker that was asked.

use axum::{
    http::{HeaderMap, HeaderValue, header},
    response::Response,
};
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};

/// What Java's `UriBuilder.path` encodes; slashes stay.
const PATH: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'#')
    .add(b'%')
    .add(b'<')
    .add(b'>')
    .add(b'?')
    .add(b'[')
    .add(b'\\')
    .add(b']')
    .add(b'^')
    .add(b'`')
    .add(b'{')
    .add(b'|')
    .add(b'}');

/// The path of a connector.
pub(crate) fn of(connector: &str) -> String {
    format!("/connectors/{}", utf8_percent_encode(connector, PATH))
}

/// Makes the location that an answer names one of the host that the client has asked.
pub(crate) fn make_own(response: &mut Response, scheme: &str, asked: &HeaderMap) {
    let Some(location) = response.headers().get(header::LOCATION) else { return };
    let Some(host) = asked.get(header::HOST).and_then(|it| it.to_str().ok()) else { return };
    let path = location.to_str().map(path_of).unwrap_or_default();
    if let Ok(own) = HeaderValue::from_str(&format!("{scheme}://{host}{path}")) {
        response.headers_mut().insert(header::LOCATION, own);
    }
}

/// The path of a URL, or all of what is a path already.
fn path_of(location: &str) -> &str {
    let Some((_, rest)) = location.split_once("://") else { return location };
    rest.find('/').map_or("", |at| &rest[at..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_location_is_one_of_the_host_that_was_asked() {
        let mut asked = HeaderMap::new();
        asked.insert(header::HOST, HeaderValue::from_static("me:8083"));
        for (location, expected) in [
            ("/connectors/a", "http://me:8083/connectors/a"),
            ("http://leader:8083/connectors/a", "http://me:8083/connectors/a"),
        ] {
            let mut response = Response::default();
            response.headers_mut().insert(header::LOCATION, HeaderValue::from_static(location));
            make_own(&mut response, "http", &asked);
            assert_eq!(response.headers()[header::LOCATION], expected);
        }
    }
}
