//! Connections of workers, each secured as it comes in.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use http::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use kube::Client;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tower::util::MapRequest;

use super::desk::Desk;
use super::{Answers, QUESTIONS, Reviews, routes};
use crate::keys::Place;

/// Longest handshake.
const HANDSHAKE: Duration = Duration::from_secs(5);
/// Longest wait for the head of a request, and so how long a connection may be idle.
const HEAD: Duration = Duration::from_secs(30);
/// Connections at a time.
const CONNECTIONS: usize = 1024;

/// Answers workers until `stop`. `client` is the operator's.
pub(crate) async fn serve(
    listener: TcpListener,
    reviews: Reviews,
    keys: Place,
    client: Client,
    stop: CancellationToken,
) -> std::io::Result<()> {
    let client = reviews.client.unwrap_or(client);
    let uri: Option<http::Uri> = reviews.url.parse().ok();
    let host = uri.as_ref().and_then(http::Uri::host).unwrap_or_default();
    let host = host.trim_start_matches('[').trim_end_matches(']').to_owned();
    let desk = Arc::new(Desk::new(client.clone(), keys, host));
    let answers = Answers { desk, client, room: Arc::new(Semaphore::new(QUESTIONS)) };
    let mut conversations = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept(), if conversations.len() < CONNECTIONS => match accepted {
                Ok((stream, _)) => {
                    conversations.spawn(converse(stream, answers.clone()));
                }
                Err(error) => {
                    tracing::warn!(%error, "a worker could not be let in");
                    // Too many open files go by themselves, and not at once.
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
            },
            Some(_) = conversations.join_next() => {}
            () = stop.cancelled() => break,
        }
    }
    conversations.shutdown().await;
    Ok(())
}

async fn converse(stream: TcpStream, answers: Answers) {
    let Some(tls) = answers.desk.tls().await else { return };
    let secured = match timeout(HANDSHAKE, TlsAcceptor::from(tls).accept(stream)).await {
        Ok(Ok(secured)) => secured,
        Ok(Err(error)) => {
            tracing::debug!(%error, "a worker could not secure its connection");
            // It may trust the authority of newer keys.
            answers.desk.look().await;
            return;
        }
        Err(_) => return,
    };
    let routes =
        MapRequest::new(routes(answers), |request: Request<Incoming>| request.map(Body::new));
    let conversation = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD)
        .serve_connection(TokioIo::new(secured), TowerToHyperService::new(routes));
    if let Err(error) = conversation.await {
        tracing::debug!(%error, "a connection ended early");
    }
}
