//! A way to an API server that tests stand on: they count requests there, or hold them back, in layers of their own.

use std::convert::Infallible;

use axum::Router;
use axum::extract::Request;
use axum::http::{self, StatusCode};
use axum::response::{IntoResponse, Response};
use http_body_util::BodyExt;
use kube::Client;
use kube::client::Body;

/// Routes that hand every request on to the API server of `client`, as that client, and the answers back as they come.
pub fn forward(client: Client) -> Router {
    Router::new().fallback(move |request: Request| {
        let client = client.clone();
        async move { Ok::<_, Infallible>(hand_on(&client, request).await) }
    })
}

async fn hand_on(client: &Client, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let Ok(body) = body.collect().await else { return StatusCode::BAD_REQUEST.into_response() };
    let mut copy = http::Request::new(Body::from(body.to_bytes().to_vec()));
    *copy.method_mut() = head.method;
    *copy.uri_mut() = head.uri;
    for name in ["content-type", "accept"] {
        if let Some(value) = head.headers.get(name) {
            copy.headers_mut().insert(name, value.clone());
        }
    }
    match client.send(copy).await {
        Ok(answer) => answer.map(axum::body::Body::new),
        Err(error) => (StatusCode::BAD_GATEWAY, error.to_string()).into_response(),
    }
}
