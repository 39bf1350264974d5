//! Workers that are nothing but their REST API, and do at once what they are asked. All clusters share one port.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex, MutexGuard},
};

use anyhow::Result;
use axum::{
    Json, Router,
    extract::{Path, State},
    http::StatusCode,
    response::{IntoResponse as _, Response},
    routing::{get, put},
};
use serde_json::{Value, json};
use tokio::{net::TcpListener, task::JoinSet};

/// The connectors of all clusters.
type World = HashMap<String, BTreeMap<String, Connector>>;

struct Connector {
    config: Value,
    task: &'static str,
}

#[derive(Clone, Default)]
struct Shared(Arc<Mutex<World>>);

impl Shared {
    fn world(&self) -> MutexGuard<'_, World> {
        self.0.lock().expect("no holder of the lock panics")
    }

    /// What is told of a connector.
    fn told(&self, cluster: &str, name: &str, tell: fn(&str, &Connector) -> Value) -> Response {
        let world = self.world();
        if let Some(connector) = world.get(cluster).and_then(|it| it.get(name)) {
            return Json(tell(name, connector)).into_response();
        }
        let error = json!({"error_code": 404, "message": format!("no connector {name}")});
        (StatusCode::NOT_FOUND, Json(error)).into_response()
    }
}

/// The workers of all clusters.
pub(super) struct Standins {
    pub(super) address: String,
    shared: Shared,
}

impl Standins {
    /// Serves until `tasks` is dropped.
    pub(super) async fn serve(tasks: &mut JoinSet<()>) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let (address, shared) = (listener.local_addr()?.to_string(), Shared::default());
        let routes = routes().with_state(shared.clone());
        tasks.spawn(async move { axum::serve(listener, routes).await.unwrap_or_default() });
        Ok(Self { address, shared })
    }

    /// Lets the task of a connector be so.
    pub(super) fn set_task(&self, cluster: &str, name: &str, state: &'static str) {
        let mut world = self.shared.world();
        if let Some(connector) = world.get_mut(cluster).and_then(|it| it.get_mut(name)) {
            connector.task = state;
        }
    }
}

fn routes() -> Router<Shared> {
    let server =
        || async { Json(json!({"version": "4.3.1", "commit": "c", "kafka_cluster_id": "k"})) };
    let valid = |Path((_, class)): Path<(String, String)>| async move {
        Json(json!({"name": class, "error_count": 0, "groups": [], "configs": []}))
    };
    let topics = |Path((_, name)): Path<(String, String)>| async move {
        Json(json!({(name): {"topics": []}}))
    };
    Router::new()
        .route("/{cluster}/", get(server))
        .route("/{cluster}/connector-plugins", get(|| async { Json(json!([])) }))
        .route("/{cluster}/connector-plugins/{class}/config/validate", put(valid))
        .route("/{cluster}/connectors", get(list).post(create))
        .route("/{cluster}/connectors/{name}", get(one))
        .route("/{cluster}/connectors/{name}/status", get(status))
        .route("/{cluster}/connectors/{name}/topics", get(topics))
}

fn info_of(name: &str, connector: &Connector) -> Value {
    json!({
        "name": name,
        "config": connector.config,
        "tasks": [{"connector": name, "task": 0}],
        "type": "source",
    })
}

fn status_of(name: &str, connector: &Connector) -> Value {
    let trace = (connector.task == "FAILED").then_some("it broke");
    json!({
        "name": name,
        "connector": {"state": "RUNNING", "worker_id": "w:8083"},
        "tasks": [{"id": 0, "state": connector.task, "worker_id": "w:8083", "trace": trace}],
        "type": "source",
    })
}

async fn list(State(shared): State<Shared>, Path(cluster): Path<String>) -> Json<Value> {
    let world = shared.world();
    let connectors = world.get(&cluster).into_iter().flatten();
    let told = |(name, it): (&String, &Connector)| {
        (name.clone(), json!({"status": status_of(name, it), "info": info_of(name, it)}))
    };
    Json(Value::Object(connectors.map(told).collect()))
}

async fn create(
    State(shared): State<Shared>,
    Path(cluster): Path<String>,
    Json(request): Json<Value>,
) -> Response {
    let name = request["name"].as_str().unwrap_or_default().to_owned();
    let connector = Connector { config: request["config"].clone(), task: "RUNNING" };
    let told = info_of(&name, &connector);
    shared.world().entry(cluster).or_default().insert(name, connector);
    (StatusCode::CREATED, Json(told)).into_response()
}

async fn one(
    State(shared): State<Shared>,
    Path((cluster, name)): Path<(String, String)>,
) -> Response {
    shared.told(&cluster, &name, info_of)
}

async fn status(
    State(shared): State<Shared>,
    Path((cluster, name)): Path<(String, String)>,
) -> Response {
    shared.told(&cluster, &name, status_of)
}
