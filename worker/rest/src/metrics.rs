//! `/metrics` for Prometheus, and `/health` for those who have no password for the API, on a listener of their own.

use axum::{
    Router,
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse as _, Response},
    routing::get,
};
use prometheus::{Encoder as _, Registry, TextEncoder};
use sluice_herder::Handle;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::root;

/// Serves the registry and the health of the worker until told to stop.
pub async fn serve(
    listener: TcpListener,
    registry: Registry,
    herder: Handle,
    stop: CancellationToken,
) -> std::io::Result<()> {
    let router = Router::new().route("/metrics", get(metrics)).with_state(registry);
    let health = move || async move { root::health_of(&herder).await };
    let router = router.route("/health", get(health));
    axum::serve(listener, router).with_graceful_shutdown(stop.cancelled_owned()).await
}

async fn metrics(State(registry): State<Registry>) -> Response {
    let encoder = TextEncoder::new();
    let mut text = Vec::new();
    match encoder.encode(&registry.gather(), &mut text) {
        Ok(()) => {
            ([(header::CONTENT_TYPE, encoder.format_type().to_owned())], text).into_response()
        }
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response(),
    }
}

#[cfg(test)]
mod tests {
    use sluice_herder::Herder;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    use super::*;

    #[tokio::test]
    async fn health_is_told_beside_the_metrics() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (herder, _requests) = Herder::handle();
        let stop = CancellationToken::new();
        let served = tokio::spawn(serve(listener, Registry::new(), herder, stop.clone()));
        for (path, expected) in [("/health", "503"), ("/metrics", "200"), ("/connectors", "404")] {
            let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
            let request = format!("GET {path} HTTP/1.0\r\n\r\n");
            stream.write_all(request.as_bytes()).await.unwrap();
            let mut answer = String::new();
            stream.read_to_string(&mut answer).await.unwrap();
            assert_eq!(answer.split(' ').nth(1), Some(expected), "{answer}");
        }
        stop.cancel();
        served.await.unwrap().unwrap();
    }
}
