//! Workers that are nothing but their REST API: they do at once what they are asked, or fail as they are told.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard};

use anyhow::Result;
use axum::extract::{Path, State as Extract};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, put};
use axum::{Json, Router};
use sluice_rest_model::{
    ConnectorInfo, ConnectorKind, ConnectorState, ConnectorStateInfo, CreateConnectorRequest,
    ErrorMessage, InitialState, ServerInfo, State, TaskId, TaskState,
};
use tokio::task::JoinHandle;

/// A connector that is never told anything about.
pub(crate) const SILENT: &str = "silent";

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
}

impl Workers {
    /// Serves on a port of loopback until the handle is dropped with its runtime.
    pub(crate) async fn serve(&self) -> Result<(SocketAddr, JoinHandle<()>)> {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let routes = Router::new()
            .route("/{cluster}/", get(server))
            .route("/{cluster}/connectors", axum::routing::post(create))
            .route("/{cluster}/connectors/{name}", get(info).delete(remove))
            .route("/{cluster}/connectors/{name}/status", get(status))
            .route("/{cluster}/connectors/{name}/config", put(put_config))
            .route("/{cluster}/connectors/{name}/{verb}", put(enter))
            .with_state(self.clone());
        let served = async move { axum::serve(listener, routes).await.unwrap_or_default() };
        Ok((address, tokio::spawn(served)))
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

async fn create(
    Extract(workers): Extract<Workers>,
    Path(cluster): Path<String>,
    Json(request): Json<CreateConnectorRequest>,
) -> Response {
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
        let connector = Connector { config, state, task: state };
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
    let trace =
        |state| (state == State::Failed).then(|| "java.lang.Oops: it broke\n\tat x".to_owned());
    let worker_id = || "w-0:8083".to_owned();
    let task = TaskState {
        id: 0,
        state: connector.task,
        worker_id: worker_id(),
        trace: trace(connector.task),
        version: None,
    };
    let stopped = connector.state == State::Stopped;
    Json(ConnectorStateInfo {
        name: name.clone(),
        connector: ConnectorState {
            state: connector.state,
            worker_id: worker_id(),
            trace: trace(connector.state),
            version: None,
        },
        tasks: if stopped { vec![] } else { vec![task] },
        kind: ConnectorKind::Source,
    })
    .into_response()
}
