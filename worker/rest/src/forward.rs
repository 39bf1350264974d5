//! Forwarding: what only the leader or the owner can do goes to it, over at most two hops (`HerderRequestHandler`).

use axum::{
    body::Body,
    http::{HeaderMap, Method, Request, Response, StatusCode, Uri, header},
    response::IntoResponse as _,
};
use bytes::Bytes;
use http_body_util::Full;
use sluice_herder::Error;
use sluice_rest_model::ErrorMessage;

use crate::{answer::Failure, client::LeaderClient};

const CONFLICT: &str =
    "Cannot complete request because of a conflicting operation (e.g. worker rebalance)";

/// A request as it came in, with what is needed to send it on.
pub(crate) struct Incoming {
    pub(crate) method: Method,
    pub(crate) uri: Uri,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

/// The value of `forward` for the next hop; none when there is no next hop.
fn next_hop(query: Option<&str>) -> Option<bool> {
    let value = query.unwrap_or_default().split('&').find_map(|pair| pair.strip_prefix("forward="));
    match value {
        None => Some(true),
        Some("true") => Some(false),
        Some(_) => None,
    }
}

fn target(base: &str, uri: &Uri, forward: bool) -> String {
    let others = uri
        .query()
        .unwrap_or_default()
        .split('&')
        .filter(|it| !it.is_empty() && !it.starts_with("forward="));
    let query: String = others.map(|pair| format!("&{pair}")).collect();
    format!("{}{}?forward={forward}{query}", base.trim_end_matches('/'), uri.path())
}

/// Sends a request to the worker that can meet it; passes its answer on.
pub(crate) async fn forward(
    client: &LeaderClient,
    incoming: &Incoming,
    error: Error,
) -> Response<Body> {
    let Error::Elsewhere(Some(base)) = error else { return Failure::from(error).into_response() };
    let Some(forward) = next_hop(incoming.uri.query()) else {
        return Failure::new(StatusCode::CONFLICT, CONFLICT).into_response();
    };
    let url = target(&base, &incoming.uri, forward);
    tracing::debug!(url, "forwarding a request");
    let mut request = Request::builder()
        .method(incoming.method.clone())
        .uri(url)
        .header(header::CONTENT_TYPE, "application/json")
        .header(header::ACCEPT, "application/json");
    if let Some(authorization) = incoming.headers.get(header::AUTHORIZATION) {
        request = request.header(header::AUTHORIZATION, authorization);
    }
    let sent = match request.body(Full::new(incoming.body.clone())) {
        Ok(request) => client.send(request).await,
        Err(error) => Err(error.to_string()),
    };
    match sent {
        Ok(answer) if answer.status.is_success() => {
            let mut response = (answer.status, answer.body).into_response();
            let headers = response.headers_mut();
            headers
                .insert(header::CONTENT_TYPE, header::HeaderValue::from_static("application/json"));
            if let Some(location) = answer.location {
                headers.insert(header::LOCATION, location);
            }
            response
        }
        Ok(answer) => {
            let told =
                serde_json::from_slice::<ErrorMessage>(&answer.body).ok().and_then(|it| it.message);
            let message =
                told.unwrap_or_else(|| String::from_utf8_lossy(&answer.body).into_owned());
            Failure::new(answer.status, message).into_response()
        }
        Err(error) => Failure::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            format!("IO Error trying to forward REST request: {error}"),
        )
        .into_response(),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;

    /// A worker that takes itself for another's follower: whatever it is asked, it sends on to itself.
    #[tokio::test]
    async fn a_request_that_finds_nobody_ends_after_two_hops() {
        rustls::crypto::ring::default_provider().install_default().ok();
        let tls = rustls::ClientConfig::builder()
            .with_root_certificates(rustls::RootCertStore::empty())
            .with_no_client_auth();
        let client = LeaderClient::new(tls);
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}/", listener.local_addr().unwrap());
        let asked = Arc::new(Mutex::new(Vec::new()));
        let (seen, sender, url) = (Arc::clone(&asked), client.clone(), base.clone());
        let answer = async move |incoming: Incoming| {
            let authorization = incoming.headers.get(header::AUTHORIZATION).cloned();
            seen.lock().unwrap().push((incoming.uri.to_string(), authorization));
            forward(&sender, &incoming, Error::Elsewhere(Some(url))).await
        };
        let server = axum::serve(listener, axum::Router::new().fallback(answer));
        let alice = header::HeaderValue::from_static("Basic YWxpY2U6cHc=");
        let request = Request::post(format!("{base}connectors?a=b"))
            .header(header::AUTHORIZATION, alice.clone())
            .body(Full::default());
        let answer = tokio::select! {
            answer = client.send(request.unwrap()) => answer.unwrap(),
            ended = server.into_future() => panic!("{ended:?}"),
        };
        let told: ErrorMessage = serde_json::from_slice(&answer.body).unwrap();
        assert_eq!(
            (answer.status, told.message.as_deref()),
            (StatusCode::CONFLICT, Some(CONFLICT))
        );
        let hops = ["?a=b", "?forward=true&a=b", "?forward=false&a=b"];
        let hops = hops.map(|query| (format!("/connectors{query}"), Some(alice.clone())));
        assert_eq!(*asked.lock().unwrap(), hops);
    }

    #[test]
    fn there_are_two_hops_at_most() {
        for (query, expected) in [
            (None, Some(true)),
            (Some("onlyFailed=true"), Some(true)),
            (Some("forward=true"), Some(false)),
            (Some("a=b&forward=false"), None),
        ] {
            assert_eq!(next_hop(query), expected, "{query:?}");
        }
    }

    #[test]
    fn other_parameters_go_along() {
        for (uri, expected) in [
            ("/connectors/a%2Fb/stop", "http://h:1/connectors/a%2Fb/stop?forward=true"),
            (
                "/connectors/a/restart?includeTasks=true&forward=true&onlyFailed=false",
                "http://h:1/connectors/a/restart?forward=true&includeTasks=true&onlyFailed=false",
            ),
        ] {
            assert_eq!(target("http://h:1/", &uri.parse().unwrap(), true), expected);
        }
    }
}
