//! What the workers do beside running connectors: restarts, positions, topics, validation.

use std::collections::BTreeMap;

use axum::extract::{Path, RawQuery, State as Extract};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post, put};
use axum::{Json, Router};
use sluice_rest_model::{
    ActiveTopics, ConfigInfo, ConfigInfos, ConfigValueInfo, ConnectorOffsets, Message, State,
};

use super::{Connector, Workers, World, key, refuse, unknown};

pub(super) fn routes() -> Router<Workers> {
    Router::new()
        .route("/{cluster}/connectors/{name}/restart", post(restart))
        .route("/{cluster}/connectors/{name}/tasks/{task}/restart", post(restart_task))
        .route("/{cluster}/connectors/{name}/topics", get(topics))
        .route("/{cluster}/connector-plugins/{class}/config/validate", put(validate))
        .route("/{cluster}/connectors/{name}/offsets", get(offsets).patch(alter).delete(reset))
}

async fn restart(
    Extract(workers): Extract<Workers>,
    Path((cluster, name)): Path<(String, String)>,
    RawQuery(query): RawQuery,
) -> Response {
    let what = format!("{name}?{}", query.unwrap_or_default());
    workers.change(|world| restarted(world, &key(&cluster, &name), what))
}

async fn restart_task(
    Extract(workers): Extract<Workers>,
    Path((cluster, name, task)): Path<(String, String, u32)>,
) -> Response {
    let what = format!("{name}/{task}");
    workers.change(|world| restarted(world, &key(&cluster, &name), what))
}

fn restarted(world: &mut World, key: &str, what: String) -> Response {
    let heals = world.restarts_heal;
    let Some(connector) = world.connectors.get_mut(key) else { return unknown(key) };
    if heals {
        connector.task = connector.state;
    }
    world.restarts.push(what);
    StatusCode::NO_CONTENT.into_response()
}

async fn topics(
    Extract(workers): Extract<Workers>,
    Path((_, name)): Path<(String, String)>,
) -> Json<BTreeMap<String, ActiveTopics>> {
    let topics = workers.world().topics.clone();
    Json(BTreeMap::from([(name, ActiveTopics { topics })]))
}

async fn validate(
    Extract(workers): Extract<Workers>,
    Path((_, class)): Path<(String, String)>,
    Json(config): Json<BTreeMap<String, String>>,
) -> Json<ConfigInfos> {
    let world = workers.world();
    let info = |(name, value): (String, String)| {
        let errors = world.wrong.get(&name).into_iter().cloned().collect();
        let (recommended_values, visible) = (vec![], true);
        let value =
            ConfigValueInfo { name, value: Some(value), recommended_values, errors, visible };
        ConfigInfo { definition: None, value }
    };
    let configs: Vec<ConfigInfo> = config.into_iter().map(info).collect();
    let error_count = configs.iter().filter(|it| !it.value.errors.is_empty()).count();
    Json(ConfigInfos { name: class, error_count, groups: vec![], configs })
}

async fn offsets(
    Extract(workers): Extract<Workers>,
    Path((cluster, name)): Path<(String, String)>,
) -> Response {
    match workers.world().connectors.get(&key(&cluster, &name)) {
        Some(Connector { offsets, .. }) => Json(offsets.clone()).into_response(),
        None => unknown(&name),
    }
}

async fn alter(
    Extract(workers): Extract<Workers>,
    Path((cluster, name)): Path<(String, String)>,
    Json(offsets): Json<ConnectorOffsets>,
) -> Response {
    workers.change(|world| set(world, &key(&cluster, &name), offsets))
}

async fn reset(
    Extract(workers): Extract<Workers>,
    Path((cluster, name)): Path<(String, String)>,
) -> Response {
    let none = ConnectorOffsets { offsets: Some(vec![]) };
    workers.change(|world| set(world, &key(&cluster, &name), none))
}

fn set(world: &mut World, key: &str, offsets: ConnectorOffsets) -> Response {
    let Some(connector) = world.connectors.get_mut(key) else { return unknown(key) };
    if connector.state != State::Stopped {
        return refuse(StatusCode::BAD_REQUEST, "Connectors must be in the STOPPED state");
    }
    connector.offsets = offsets;
    Json(Message { message: "done".into() }).into_response()
}
