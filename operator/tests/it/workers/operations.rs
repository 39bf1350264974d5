//! What the workers do beside running connectors: restarts, positions, topics, validation.

use std::collections::BTreeMap;

use axum::extract::{Path, Query, RawQuery, State as Extract};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post, put};
use axum::{Json, Router};
use sluice_rest_model::{
    ActiveTopics, ConfigInfo, ConfigInfos, ConfigValueInfo, ConnectorOffset, ConnectorOffsets,
    Message, State,
};

use super::{Connector, Workers, World, key, refuse, unknown};

pub(super) fn routes() -> Router<Workers> {
    Router::new()
        .route("/{cluster}/connectors/{name}/restart", post(restart))
        .route("/{cluster}/connectors/{name}/tasks/{task}/restart", post(restart_task))
        .route("/{cluster}/connectors/{name}/topics", get(topics))
        .route("/{cluster}/connector-plugins/{class}/config/validate", put(validate))
        .route("/{cluster}/connectors/{name}/offsets", get(offsets).patch(alter).delete(reset))
        .route("/{cluster}/sluice/connectors/{name}/reading", get(reading))
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
        let value = ConfigValueInfo {
            name,
            value: Some(value),
            recommended_values: vec![],
            errors,
            visible: true,
            warnings: vec![],
        };
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

/// As Java's workers, those of a source do not know what is asked.
async fn reading(
    Extract(workers): Extract<Workers>,
    Path((_, name)): Path<(String, String)>,
    Query(query): Query<BTreeMap<String, String>>,
) -> Response {
    let mut world = workers.world();
    world.times.push(query.get("time").cloned());
    match world.readings.get(&name) {
        Some(reading) if !reading.partitions.is_empty() => Json(reading.clone()).into_response(),
        _ => refuse(StatusCode::NOT_FOUND, "HTTP 404 Not Found"),
    }
}

async fn alter(
    Extract(workers): Extract<Workers>,
    Path((cluster, name)): Path<(String, String)>,
    Json(offsets): Json<ConnectorOffsets>,
) -> Response {
    let alter = |present: &mut Vec<ConnectorOffset>| {
        for new in offsets.offsets.into_iter().flatten() {
            present.retain(|it| it.partition != new.partition);
            present.extend(new.offset.is_some().then_some(new));
        }
    };
    workers.change(|world| set(world, &key(&cluster, &name), alter))
}

async fn reset(
    Extract(workers): Extract<Workers>,
    Path((cluster, name)): Path<(String, String)>,
) -> Response {
    workers.change(|world| set(world, &key(&cluster, &name), Vec::clear))
}

fn set(world: &mut World, key: &str, change: impl FnOnce(&mut Vec<ConnectorOffset>)) -> Response {
    let Some(connector) = world.connectors.get_mut(key) else { return unknown(key) };
    if connector.state != State::Stopped {
        return refuse(StatusCode::BAD_REQUEST, "Connectors must be in the STOPPED state");
    }
    change(connector.offsets.offsets.get_or_insert_default());
    Json(Message { message: "done".into() }).into_response()
}
