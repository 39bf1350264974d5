//! The routes and what their handlers share.

use std::{convert::Infallible, pin::pin, sync::Arc, time::Duration};

use axum::{
    Router,
    body::Body,
    extract::{FromRequest, Request as HttpRequest},
    http::{StatusCode, Uri},
    response::{IntoResponse as _, Response},
    serve::Listener,
};
use bytes::Bytes;
use hyper::{body, server::conn::http1};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    service::TowerToHyperService,
};
use rustls::ServerConfig;
use sluice_herder::{Answer, Error, Handle, Request, loggers::Loggers};
use sluice_rest_model::{PluginInfo, ServerInfo};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpListener,
    sync::watch,
    task::JoinSet,
};
use tokio_util::sync::CancellationToken;
use tower::{Service, util::MapRequest};

use crate::{
    answer::{Failure, respond},
    authorization::Authorization,
    client::LeaderClient,
    forward::{Incoming, forward},
    location,
    openapi::{self, Scheme},
    policy::Policy,
    routes,
    secured::Secured,
};

/// How long a client may take for the head of a request, the next one of a connection among them.
const HEAD: Duration = Duration::from_mins(1);

/// What the API tells about the worker itself.
#[derive(Clone)]
pub struct ServerSettings {
    /// Answer to `GET /`, as far as it is known.
    pub info: watch::Receiver<ServerInfo>,
    /// Answer to `GET /connector-plugins`.
    pub plugins: Vec<PluginInfo>,
    /// Levels of the worker's loggers.
    pub loggers: Loggers,
    /// How clients reach it: `http` or `https`.
    pub scheme: &'static str,
    /// What holds for each request.
    pub policy: Policy,
    /// Where administrators ask.
    pub admin: AdminRoutes,
}

/// Where `/admin` is (`admin.listeners`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AdminRoutes {
    /// On the listeners of all other paths.
    WithOthers,
    /// On listeners of its own.
    Apart,
    /// Nowhere.
    None,
}

/// Shared by all handlers.
#[derive(Clone)]
pub(crate) struct Worker {
    pub(crate) herder: Handle,
    pub(crate) client: LeaderClient,
    pub(crate) info: watch::Receiver<ServerInfo>,
    pub(crate) plugins: Arc<Vec<PluginInfo>>,
    pub(crate) loggers: Loggers,
    scheme: &'static str,
    /// Answer to `GET /openapi.json`.
    pub(crate) document: Arc<serde_json::Value>,
}

impl Worker {
    pub(crate) async fn ask(&self, request: Request) -> Result<Answer, Failure> {
        self.herder.ask(request).await.map_err(Failure::from)
    }

    /// Answers a request that any worker can meet.
    pub(crate) async fn answer(&self, request: Request) -> Result<Response, Failure> {
        Ok(respond(self.ask(request).await?, StatusCode::OK))
    }

    /// Answers a request here, or has the worker answer it that can. `empty` is the status of an answer without a body.
    pub(crate) async fn ask_or_forward(
        &self,
        request: Request,
        incoming: Incoming,
        empty: StatusCode,
    ) -> Response {
        let mut response = match self.herder.ask(request).await {
            Ok(answer) => respond(answer, empty),
            Err(error @ Error::Elsewhere(_)) => forward(&self.client, &incoming, error).await,
            Err(error) => Failure::from(error).into_response(),
        };
        location::make_own(&mut response, self.scheme, &incoming.headers);
        response
    }
}

impl<S: Send + Sync> FromRequest<S> for Incoming {
    type Rejection = Failure;

    async fn from_request(request: HttpRequest, state: &S) -> Result<Self, Failure> {
        let (method, uri, headers) =
            (request.method().clone(), request.uri().clone(), request.headers().clone());
        let body = Bytes::from_request(request, state)
            .await
            .map_err(|error| Failure::new(error.status(), error.body_text()))?;
        Ok(Self { method, uri, headers, body })
    }
}

/// The routers of a worker.
pub struct Routers {
    /// Serves `listeners`.
    pub regular: Router,
    /// Serves `admin.listeners`.
    pub admin: Router,
}

/// All routes of the API.
pub fn routers(herder: Handle, client: LeaderClient, settings: ServerSettings) -> Routers {
    let ServerSettings { info, plugins, loggers, scheme, policy, admin } = settings;
    let mut regular = routes::regular();
    let mut apart = Vec::new();
    match admin {
        AdminRoutes::WithOthers => regular.extend(routes::admin()),
        AdminRoutes::Apart => apart = routes::admin(),
        AdminRoutes::None => {}
    }
    let document = Arc::new(openapi::of(&regular, scheme_of(&policy)));
    let plugins = Arc::new(plugins);
    let worker = Worker { herder, client, info, plugins, loggers, scheme, document };
    let regular = routes::router(regular, policy.authorization.as_ref(), &worker.herder);
    let apart = routes::router(apart, None, &worker.herder);
    Routers {
        regular: policy.around(regular).with_state(worker.clone()),
        admin: Policy::default().around(apart).with_state(worker),
    }
}

/// How clients say who they are, if they have to.
fn scheme_of(policy: &Policy) -> Option<Scheme> {
    if policy.authorization.as_ref().is_some_and(Authorization::takes_tokens) {
        return Some(Scheme::Bearer);
    }
    policy.credentials.as_ref().map(|_| Scheme::Basic)
}

/// A bound listener, ready to serve.
pub struct Server {
    listener: TcpListener,
    tls: Option<watch::Receiver<Arc<ServerConfig>>>,
    /// Longest wait for the head of a request.
    head: Duration,
}

impl Server {
    /// Takes over a listener that was bound before the worker joined its group; secured, if there are settings for it,
    /// each connection as they say when it comes in.
    pub const fn new(
        listener: TcpListener,
        tls: Option<watch::Receiver<Arc<ServerConfig>>>,
    ) -> Self {
        Self { listener, tls, head: HEAD }
    }

    /// Serves until told to stop, then lets requests on their way finish.
    pub async fn run(self, router: Router, stop: CancellationToken) -> std::io::Result<()> {
        let Self { listener, tls, head } = self;
        match tls {
            None => serve(listener, router, head, stop).await,
            Some(tls) => serve(Secured::new(listener, tls), router, head, stop).await,
        }
        Ok(())
    }
}

async fn serve<L: Listener>(
    mut listener: L,
    router: Router,
    head: Duration,
    stop: CancellationToken,
) {
    let service = MapRequest::new(router, |request: http::Request<body::Incoming>| {
        without_last_slash(request.map(Body::new))
    });
    let mut conversations = JoinSet::new();
    loop {
        tokio::select! {
            (stream, _) = listener.accept() => {
                conversations.spawn(converse(stream, service.clone(), head, stop.clone()));
            }
            Some(_) = conversations.join_next() => {}
            () = stop.cancelled() => break,
        }
    }
    while conversations.join_next().await.is_some() {}
}

/// Answers the requests of one connection. A client that does not come to the end of a request's head loses it.
async fn converse<I, S>(stream: I, service: S, head: Duration, stop: CancellationToken)
where
    I: AsyncRead + AsyncWrite + Unpin,
    S: Service<http::Request<body::Incoming>, Response = Response, Error = Infallible> + Clone,
{
    let conversation = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(head)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(service));
    let mut conversation = pin!(conversation);
    let outcome = tokio::select! {
        outcome = conversation.as_mut() => outcome,
        () = stop.cancelled() => {
            conversation.as_mut().graceful_shutdown();
            conversation.await
        }
    };
    if let Err(error) = outcome {
        tracing::debug!(%error, "a connection ended early");
    }
}

/// A path with a slash at its end is the one without.
fn without_last_slash(mut request: HttpRequest) -> HttpRequest {
    let path = request.uri().path();
    let shorter = path.trim_end_matches('/');
    if shorter.len() == path.len() || shorter.is_empty() {
        return request;
    }
    let query = request.uri().query().map(|it| format!("?{it}")).unwrap_or_default();
    if let Ok(uri) = format!("{shorter}{query}").parse::<Uri>() {
        *request.uri_mut() = uri;
    }
    request
}

#[cfg(test)]
mod tests;
