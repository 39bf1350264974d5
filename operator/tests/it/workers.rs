//! Workers that are nothing but their REST API: they do at once what they are asked, or fail as they are told.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard};

use anyhow::Result;
use axum::extract::{Path, Request, State as Extract};
use axum::http::StatusCode;
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, put};
use axum::{Json, Router};
use sluice_rest_model::{
    ConnectorInfo, ConnectorKind, ConnectorOffsets, ConnectorState, ConnectorStateInfo,
    CreateConnectorRequest, ErrorMessage, Expanded, InitialState, PluginInfo, PluginKind, Reading,
    ServerInfo, State, TaskId, TaskState,
};
use tokio::task::JoinHandle;
use tower::ServiceExt;

mod operations;

/// A connector that is never told anything about.
pub(crate) const SILENT: &str = "silent";

/// A connector that hangs when it is created.
pub(crate) const HANGS: &str = "hangs";

/// A cluster whose workers never answer.
pub(crate) const MUTE: &str = "mute";

/// The workers of one test.
#[derive(Clone, Default)]
pub(crate) struct Workers {
    world: Arc<Mutex<World>>,
}

/// What they know, and how they fail.
#[derive(Default)]
pub(crate) struct World {
    /// Connectors by name.
    pub(crate) connectors: BTreeMap<String, Connector>,
    /// Changes that are still to be refused with 409.
    pub(crate) conflicts: u32,
    /// What is wrong with every configuration, if something is.
    pub(crate) invalid: Option<String>,
    /// Changes that were made.
    pub(crate) writes: u32,
    /// Questions that were asked.
    pub(crate) looks: u32,
    /// What is wrong with which key, if it is given.
    pub(crate) wrong: BTreeMap<String, String>,
    /// Topics that every connector has used.
    pub(crate) topics: Vec<String>,
    /// Restarts that were asked for.
    pub(crate) restarts: Vec<String>,
    /// Whether a task runs after a restart.
    pub(crate) restarts_heal: bool,
    /// Questions after all connectors.
    pub(crate) polls: u32,
    /// Questions that were asked and will not be answered.
    pub(crate) unanswered: u32,
    /// The worker that everything is on, if not the usual one.
    pub(crate) worker: String,
    /// How far sinks have read their topics; who is named here is a sink.
    pub(crate) readings: BTreeMap<String, Reading>,
    /// Times that were asked about.
    pub(crate) times: Vec<Option<String>>,
    /// Who asked: the last header of that name, if it was there.
    pub(crate) authorization: Option<String>,
}

impl World {
    /// Changes the state of a connector's task, as a worker would that has other news of it.
    pub(crate) fn set_task(&mut self, connector: &str, state: State) {
        self.connectors.get_mut(connector).expect("a connector of the test").task = state;
    }

    fn kind_of(&self, name: &str) -> ConnectorKind {
        if self.readings.contains_key(name) { ConnectorKind::Sink } else { ConnectorKind::Source }
    }

    fn state_of(&self, name: &str, connector: &Connector) -> ConnectorStateInfo {
        let trace =
            |state| (state == State::Failed).then(|| "java.lang.Oops: it broke\n\tat x".to_owned());
        let worker = if self.worker.is_empty() { "w-0:8083" } else { &self.worker };
        let worker_id = || worker.to_owned();
        let task = TaskState {
            id: 0,
            state: connector.task,
            worker_id: worker_id(),
            trace: trace(connector.task),
            version: None,
        };
        let stopped = connector.state == State::Stopped;
        ConnectorStateInfo {
            name: name.to_owned(),
            connector: ConnectorState {
                state: connector.state,
                worker_id: worker_id(),
                trace: trace(connector.state),
                version: None,
            },
            tasks: if stopped { vec![] } else { vec![task] },
            kind: self.kind_of(name),
        }
    }
}

/// One connector with one task.
#[derive(Clone)]
pub(crate) struct Connector {
    /// Its settings.
    pub(crate) config: BTreeMap<String, String>,
    /// The state of the instance.
    pub(crate) state: State,
    /// The state of the task.
    pub(crate) task: State,
    /// Its positions.
    pub(crate) offsets: ConnectorOffsets,
}

impl Connector {
    /// One that runs.
    pub(crate) fn running(config: BTreeMap<String, String>) -> Self {
        let offsets = ConnectorOffsets { offsets: Some(vec![]) };
        Self { config, state: State::Running, task: State::Running, offsets }
    }
}

impl Workers {
    /// Serves on a port of loopback until the handle is dropped with its runtime.
    pub(crate) async fn serve(&self) -> Result<(SocketAddr, JoinHandle<()>)> {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let routes = self.routes();
        let served = async move { axum::serve(listener, routes).await.unwrap_or_default() };
        Ok((address, tokio::spawn(served)))
    }

    /// Serves the usual cluster as Java does, under `/`, to whoever shows these credentials.
    pub(crate) async fn serve_alone(&self, authorization: &'static str) -> Result<SocketAddr> {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let routes = self.routes();
        let alone = move |mut request: Request| {
            let routes = routes.clone();
            async move {
                let shown = request.headers().get("authorization").cloned();
                if shown.is_none_or(|shown| shown != authorization) {
                    return refuse(StatusCode::UNAUTHORIZED, "User cannot access the resource.");
                }
                let path = format!("/my-connect{}", request.uri());
                *request.uri_mut() = path.parse().expect("a path");
                routes.oneshot(request).await.into_response()
            }
        };
        let routes = Router::new().fallback(alone);
        let served = async move { axum::serve(listener, routes).await.unwrap_or_default() };
        tokio::spawn(served);
        Ok(address)
    }

    pub(crate) fn routes(&self) -> Router {
        Router::new()
            .route("/{cluster}/", get(server))
            .route("/{cluster}/connectors", get(list).post(create))
            .route("/{cluster}/connector-plugins", get(plugins))
            .route("/{cluster}/connectors/{name}", get(info).delete(remove))
            .route("/{cluster}/connectors/{name}/status", get(status))
            .route("/{cluster}/connectors/{name}/config", put(put_config))
            .route("/{cluster}/connectors/{name}/{verb}", put(enter))
            .merge(operations::routes())
            .layer(from_fn_with_state(self.clone(), hush))
            .with_state(self.clone())
    }

    pub(crate) fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().expect("no test panics while it holds the world")
    }

    fn change(&self, change: impl FnOnce(&mut World) -> Response) -> Response {
        let mut world = self.world();
        if world.conflicts > 0 {
            world.conflicts -= 1;
            return refuse(StatusCode::CONFLICT, "a rebalance is underway");
        }
        world.writes += 1;
        change(&mut world)
    }
}

async fn hush(Extract(workers): Extract<Workers>, request: Request, next: Next) -> Response {
    if request.uri().path().starts_with(&format!("/{MUTE}/")) {
        workers.world().unanswered += 1;
        std::future::pending::<()>().await;
    }
    let shown = request.headers().get("authorization").and_then(|it| it.to_str().ok());
    workers.world().authorization = shown.map(str::to_owned);
    next.run(request).await
}

fn refuse(status: StatusCode, message: impl Into<String>) -> Response {
    let error =
        ErrorMessage { error_code: i32::from(status.as_u16()), message: Some(message.into()) };
    (status, Json(error)).into_response()
}

/// Connectors of the usual cluster go by their name alone.
fn key(cluster: &str, name: &str) -> String {
    if cluster == "my-connect" { name.to_owned() } else { format!("{cluster}/{name}") }
}

fn unknown(name: &str) -> Response {
    refuse(StatusCode::NOT_FOUND, format!("Connector {name} not found"))
}

fn told(name: &str, connector: &Connector) -> ConnectorInfo {
    ConnectorInfo {
        name: name.to_owned(),
        config: connector.config.clone(),
        tasks: vec![TaskId { connector: name.to_owned(), task: 0 }],
        kind: ConnectorKind::Source,
    }
}

async fn server(Extract(workers): Extract<Workers>) -> Json<ServerInfo> {
    workers.world().looks += 1;
    Json(ServerInfo { version: "4.3.1".into(), commit: "c".into(), kafka_cluster_id: "k".into() })
}

async fn plugins() -> Json<Vec<PluginInfo>> {
    let plugin = |class: &str, kind| PluginInfo {
        class: class.to_owned(),
        kind,
        version: Some("4.3.1".to_owned()),
    };
    Json(vec![
        plugin("org.example.Sink", PluginKind::Sink),
        plugin("org.example.Source", PluginKind::Source),
    ])
}

async fn list(
    Extract(workers): Extract<Workers>,
    Path(cluster): Path<String>,
) -> Json<BTreeMap<String, Expanded>> {
    let mut world = workers.world();
    world.polls += 1;
    let own = |(key, connector): (&String, &Connector)| {
        let name = match key.split_once('/') {
            None if cluster == "my-connect" => key.as_str(),
            Some((of, name)) if of == cluster => name,
            _ => return None,
        };
        let status = Some(world.state_of(name, connector));
        Some((name.to_owned(), Expanded { status, info: Some(told(name, connector)) }))
    };
    Json(world.connectors.iter().filter_map(own).collect())
}

async fn create(
    Extract(workers): Extract<Workers>,
    Path(cluster): Path<String>,
    Json(request): Json<CreateConnectorRequest>,
) -> Response {
    if request.name == HANGS {
        workers.world().unanswered += 1;
        std::future::pending::<()>().await;
    }
    let put = |world: &mut World| {
        if let Some(invalid) = &world.invalid {
            return refuse(StatusCode::BAD_REQUEST, invalid);
        }
        let state = match request.initial_state {
            Some(InitialState::Paused) => State::Paused,
            Some(InitialState::Stopped) => State::Stopped,
            _ => State::Running,
        };
        let (config, _) = request.config.unwrap_or_default().into_parts();
        let connector = Connector { state, task: state, ..Connector::running(config) };
        let info = told(&request.name, &connector);
        world.connectors.insert(key(&cluster, &request.name), connector);
        (StatusCode::CREATED, Json(info)).into_response()
    };
    workers.change(put)
}

async fn put_config(
    Extract(workers): Extract<Workers>,
    Path((cluster, name)): Path<(String, String)>,
    Json(config): Json<BTreeMap<String, String>>,
) -> Response {
    let put = |world: &mut World| {
        if let Some(invalid) = &world.invalid {
            return refuse(StatusCode::BAD_REQUEST, invalid);
        }
        let Some(connector) = world.connectors.get_mut(&key(&cluster, &name)) else {
            return unknown(&name);
        };
        connector.config = config;
        Json(told(&name, connector)).into_response()
    };
    workers.change(put)
}

async fn enter(
    Extract(workers): Extract<Workers>,
    Path((cluster, name, verb)): Path<(String, String, String)>,
) -> Response {
    let enter = |world: &mut World| {
        let Some(connector) = world.connectors.get_mut(&key(&cluster, &name)) else {
            return unknown(&name);
        };
        connector.state = match verb.as_str() {
            "pause" => State::Paused,
            "stop" => State::Stopped,
            _ => State::Running,
        };
        connector.task = connector.state;
        StatusCode::ACCEPTED.into_response()
    };
    workers.change(enter)
}

async fn remove(
    Extract(workers): Extract<Workers>,
    Path((cluster, name)): Path<(String, String)>,
) -> Response {
    let remove = |world: &mut World| match world.connectors.remove(&key(&cluster, &name)) {
        Some(_) => StatusCode::NO_CONTENT.into_response(),
        None => unknown(&name),
    };
    workers.change(remove)
}

async fn info(
    Extract(workers): Extract<Workers>,
    Path((cluster, name)): Path<(String, String)>,
) -> Response {
    if name == SILENT {
        std::future::pending::<()>().await;
    }
    match workers.world().connectors.get(&key(&cluster, &name)) {
        Some(connector) => Json(told(&name, connector)).into_response(),
        None => unknown(&name),
    }
}

async fn status(
    Extract(workers): Extract<Workers>,
    Path((cluster, name)): Path<(String, String)>,
) -> Response {
    let mut world = workers.world();
    world.looks += 1;
    let Some(connector) = world.connectors.get(&key(&cluster, &name)) else {
        return unknown(&name);
    };
    Json(world.state_of(&name, connector)).into_response()
}
