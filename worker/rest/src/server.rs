//! The routes and what their handlers share.

use std::sync::Arc;

use axum::{
    Router, ServiceExt,
    extract::{FromRequest, Request as HttpRequest},
    http::{StatusCode, Uri},
    middleware,
    response::{IntoResponse as _, Response},
    routing::{get, post, put},
};
use bytes::Bytes;
use sluice_herder::{Answer, Error, Handle, Request, loggers::Loggers};
use sluice_rest_model::{PluginInfo, ServerInfo};
use tokio::{net::TcpListener, sync::watch};
use tokio_util::sync::CancellationToken;
use tower::util::MapRequest;

use crate::{
    answer::{Failure, respond},
    client::LeaderClient,
    connectors,
    forward::{Incoming, forward},
    location, loggers, media, offsets, plugins, root,
};

/// What the API tells about the worker itself.
pub struct ServerSettings {
    /// Answer to `GET /`, as far as it is known.
    pub info: watch::Receiver<ServerInfo>,
    /// Answer to `GET /connector-plugins`.
    pub plugins: Vec<PluginInfo>,
    /// Levels of the worker's loggers.
    pub loggers: Loggers,
}

/// Shared by all handlers.
#[derive(Clone)]
pub(crate) struct Worker {
    pub(crate) herder: Handle,
    pub(crate) client: LeaderClient,
    pub(crate) info: watch::Receiver<ServerInfo>,
    pub(crate) plugins: Arc<Vec<PluginInfo>>,
    pub(crate) loggers: Loggers,
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
        location::make_own(&mut response, "http", &incoming.headers);
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

/// All routes of the API.
pub fn router(herder: Handle, client: LeaderClient, settings: ServerSettings) -> Router {
    let ServerSettings { info, plugins, loggers } = settings;
    let worker = Worker { herder, client, info, plugins: Arc::new(plugins), loggers };
    Router::new()
        .route("/", get(root::root))
        .route("/health", get(root::health))
        .route("/connectors", get(connectors::list).post(connectors::create))
        .route("/connectors/{name}", get(connectors::read).delete(connectors::delete))
        .route(
            "/connectors/{name}/config",
            get(connectors::config).put(connectors::put_config).patch(connectors::patch_config),
        )
        .route("/connectors/{name}/status", get(connectors::status))
        .route("/connectors/{name}/topics", get(connectors::topics))
        .route("/connectors/{name}/topics/reset", put(connectors::reset_topics))
        .route(
            "/connectors/{name}/offsets",
            get(offsets::read).patch(offsets::alter).delete(offsets::reset),
        )
        .route("/connectors/{name}/restart", post(connectors::restart))
        .route("/connectors/{name}/pause", put(connectors::pause))
        .route("/connectors/{name}/resume", put(connectors::resume))
        .route("/connectors/{name}/stop", put(connectors::stop))
        .route("/connectors/{name}/tasks", get(connectors::tasks).post(connectors::put_tasks))
        .route("/connectors/{name}/tasks/{task}/status", get(connectors::task_status))
        .route("/connectors/{name}/tasks/{task}/restart", post(connectors::restart_task))
        .route("/connector-plugins", get(plugins::list))
        .route("/connector-plugins/{plugin}/config", get(plugins::keys))
        .route("/connector-plugins/{plugin}/config/validate", put(plugins::validate))
        .route("/admin/loggers", get(loggers::list))
        .route("/admin/loggers/{logger}", get(loggers::read).put(loggers::set))
        .route_layer(middleware::from_fn(media::check))
        .fallback(|| async { Failure::no_resource() })
        .method_not_allowed_fallback(|| async { Failure::no_method() })
        .with_state(worker)
}

/// A bound listener, ready to serve.
pub struct Server {
    listener: TcpListener,
}

impl Server {
    /// Takes over a listener that was bound before the worker joined its group.
    pub const fn new(listener: TcpListener) -> Self {
        Self { listener }
    }

    /// Serves until told to stop, then lets requests on their way finish.
    pub async fn run(self, router: Router, stop: CancellationToken) -> std::io::Result<()> {
        let service = MapRequest::new(router, without_last_slash);
        let service = ServiceExt::<HttpRequest>::into_make_service(service);
        axum::serve(self.listener, service).with_graceful_shutdown(stop.cancelled_owned()).await
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
