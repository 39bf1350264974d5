//! The one list of what the API can do: the router, the answers to `OPTIONS` and the document are made of it.

use std::collections::BTreeMap;

use axum::{
    Router,
    extract::Request,
    http::StatusCode,
    middleware,
    routing::{MethodFilter, on},
};
use serde_json::{Map, Value};
use sluice_herder::Handle;
use sluice_rest_model::{
    ActiveTopics, ConfigInfos, ConfigKeyInfo, ConnectorInfo, ConnectorOffsets, ConnectorStateInfo,
    CreateConnectorRequest, Health, Listed, LoggerLevel, Message, NewLevel, PluginInfo, Reading,
    ServerInfo, SettingsPatch, TaskInfo, TaskState,
};

use crate::{
    authorization::Authorization,
    connectors, internal, loggers, offsets, openapi,
    operation::{Operation, Query, Takes, delete, get, patch, post, put},
    options, plugins,
    right::{Resource, Verb},
    root,
    server::Worker,
};

const OK: StatusCode = StatusCode::OK;
const CREATED: StatusCode = StatusCode::CREATED;
const ACCEPTED: StatusCode = StatusCode::ACCEPTED;
const NO_CONTENT: StatusCode = StatusCode::NO_CONTENT;

/// What is asked for is not there.
const ABSENT: &[StatusCode] = &[StatusCode::NOT_FOUND];
/// It is not there, or cannot be done while the group settles or the connector is in another state.
const ABSENT_OR_BUSY: &[StatusCode] = &[StatusCode::NOT_FOUND, StatusCode::CONFLICT];
/// What is asked for is wrong, or cannot be done now.
const WRONG_OR_BUSY: &[StatusCode] = &[StatusCode::BAD_REQUEST, StatusCode::CONFLICT];
/// All of them.
const WRONG_ABSENT_OR_BUSY: &[StatusCode] =
    &[StatusCode::BAD_REQUEST, StatusCode::NOT_FOUND, StatusCode::CONFLICT];
/// What workers ask of each other is not signed as it has to be, or cannot be done now.
const UNSIGNED_OR_BUSY: &[StatusCode] =
    &[StatusCode::BAD_REQUEST, StatusCode::FORBIDDEN, StatusCode::CONFLICT];

const CONNECTORS_ONLY: Query = Query {
    name: "connectorsOnly",
    means: "Whether to leave out all plugins but connectors",
    takes: Takes::Flag(true),
};
const VERSION: Query = Query {
    name: "version",
    means: "Version of the plugin; the latest one unless said",
    takes: Takes::Text,
};
const EXPAND: Query = Query {
    name: "expand",
    means: "What to tell of each connector beside its name",
    takes: Takes::Words(&["status", "info"]),
};
const INCLUDE_TASKS: Query = Query {
    name: "includeTasks",
    means: "Whether to restart its tasks too",
    takes: Takes::Flag(false),
};
const ONLY_FAILED: Query = Query {
    name: "onlyFailed",
    means: "Whether to restart only what has failed",
    takes: Takes::Flag(false),
};
const SCOPE: Query = Query {
    name: "scope",
    means: "Whether to set the level of this worker or of all workers of the group",
    takes: Takes::Word(&["worker", "cluster"]),
};

const TIME: Query = Query {
    name: "time",
    means: "Milliseconds since 1970: says where that is, and not since when records wait",
    takes: Takes::Text,
};

/// A path with what can be asked of it.
pub(crate) struct Route {
    pub(crate) path: &'static str,
    pub(crate) operations: Vec<Operation>,
}

fn route(path: &'static str, operations: impl IntoIterator<Item = Operation>) -> Route {
    Route { path, operations: operations.into_iter().collect() }
}

/// What clients ask of the worker and its connectors.
pub(crate) fn regular() -> Vec<Route> {
    let mut routes = of_worker();
    routes.extend(of_connectors());
    routes.extend(of_offsets());
    routes.extend(of_states());
    routes.extend(of_tasks());
    routes
}

fn of_worker() -> Vec<Route> {
    vec![
        route(
            "/",
            [get("Version of the worker, and the Kafka cluster that it works on", root::root)
                .takes_right(Verb::Get, Resource::Cluster)
                .answers::<ServerInfo>(OK)],
        ),
        route(
            "/health",
            [get("Whether the worker has started and answers", root::health)
                .takes_right(Verb::Get, Resource::Cluster)
                .answers::<Health>(OK)
                .answers::<Health>(StatusCode::SERVICE_UNAVAILABLE)
                .answers::<Health>(StatusCode::INTERNAL_SERVER_ERROR)],
        ),
        route(
            "/openapi.json",
            [get("This document", openapi::document)
                .takes_right(Verb::Get, Resource::Cluster)
                .answers::<Map<String, Value>>(OK)],
        ),
        route(
            "/connector-plugins",
            [get("Plugins of the worker", plugins::list)
                .takes_right(Verb::Get, Resource::Cluster)
                .with(&[CONNECTORS_ONLY])
                .answers::<Vec<PluginInfo>>(OK)],
        ),
        route(
            "/connector-plugins/{plugin}/config",
            [get("What a plugin can be configured with", plugins::keys)
                .takes_right(Verb::Get, Resource::Cluster)
                .with(&[VERSION])
                .answers::<Vec<ConfigKeyInfo>>(OK)
                .fails(&[StatusCode::BAD_REQUEST, StatusCode::NOT_FOUND])],
        ),
        route(
            "/connector-plugins/{plugin}/config/validate",
            [put("What is right and wrong with a configuration", plugins::validate)
                .takes_right(Verb::Create, Resource::Validation)
                .takes::<SettingsPatch>()
                .answers::<ConfigInfos>(OK)
                .fails(&[StatusCode::BAD_REQUEST])],
        ),
    ]
}

fn of_connectors() -> Vec<Route> {
    vec![
        route(
            "/connectors",
            [
                get("Names of all connectors", connectors::list)
                    .takes_right(Verb::List, Resource::Connectors)
                    .with(&[EXPAND])
                    .answers::<Listed>(OK),
                post("Create a connector", connectors::create)
                    .takes_right(Verb::Create, Resource::Connectors)
                    .takes::<CreateConnectorRequest>()
                    .answers::<ConnectorInfo>(CREATED)
                    .fails(WRONG_OR_BUSY),
            ],
        ),
        route(
            "/connectors/{name}",
            [
                get("A connector", connectors::read)
                    .takes_right(Verb::Get, Resource::Connectors)
                    .answers::<ConnectorInfo>(OK)
                    .fails(ABSENT),
                delete("Delete a connector", connectors::delete)
                    .takes_right(Verb::Delete, Resource::Connectors)
                    .says(NO_CONTENT)
                    .fails(ABSENT_OR_BUSY),
            ],
        ),
        route(
            "/connectors/{name}/config",
            [
                get("Configuration of a connector", connectors::config)
                    .takes_right(Verb::Get, Resource::Connectors)
                    .answers::<BTreeMap<String, String>>(OK)
                    .fails(ABSENT),
                put("Set the configuration of a connector, or create it", connectors::put_config)
                    .takes_right(Verb::Update, Resource::Connectors)
                    .takes::<SettingsPatch>()
                    .answers::<ConnectorInfo>(OK)
                    .answers::<ConnectorInfo>(CREATED)
                    .fails(WRONG_OR_BUSY),
                patch("Change keys of a configuration; null removes one", connectors::patch_config)
                    .takes_right(Verb::Patch, Resource::Connectors)
                    .takes::<SettingsPatch>()
                    .answers::<ConnectorInfo>(OK)
                    .fails(WRONG_ABSENT_OR_BUSY),
            ],
        ),
    ]
}

fn of_offsets() -> Vec<Route> {
    vec![
        route(
            "/connectors/{name}/offsets",
            [
                get("Offsets of a connector", offsets::read)
                    .takes_right(Verb::Get, Resource::Offsets)
                    .answers::<ConnectorOffsets>(OK)
                    .fails(ABSENT),
                patch("Change offsets of a stopped connector", offsets::alter)
                    .takes_right(Verb::Patch, Resource::Offsets)
                    .takes::<ConnectorOffsets>()
                    .answers::<Message>(OK)
                    .fails(WRONG_ABSENT_OR_BUSY),
                delete("Reset the offsets of a stopped connector", offsets::reset)
                    .takes_right(Verb::Delete, Resource::Offsets)
                    .answers::<Message>(OK)
                    .fails(WRONG_ABSENT_OR_BUSY),
            ],
        ),
        route(
            "/sluice/connectors/{name}/reading",
            [get(
                "How far a sink has read its topics, and since when records wait",
                offsets::reading,
            )
            .takes_right(Verb::Get, Resource::Offsets)
            .with(&[TIME])
            .answers::<Reading>(OK)
            .fails(&[StatusCode::BAD_REQUEST, StatusCode::NOT_FOUND])],
        ),
        route(
            "/connectors/{name}/topics",
            [get("Topics it has used", connectors::topics)
                .takes_right(Verb::Get, Resource::Connectors)
                .answers::<BTreeMap<String, ActiveTopics>>(OK)
                .fails(ABSENT)],
        ),
        route(
            "/connectors/{name}/topics/reset",
            [put("Forget the topics that it has used", connectors::reset_topics)
                .takes_right(Verb::Update, Resource::Topics)
                .says(ACCEPTED)
                .fails(ABSENT)],
        ),
    ]
}

fn of_states() -> Vec<Route> {
    vec![
        route(
            "/connectors/{name}/status",
            [get("State of a connector", connectors::status)
                .takes_right(Verb::Get, Resource::Connectors)
                .answers::<ConnectorStateInfo>(OK)
                .fails(ABSENT)],
        ),
        route(
            "/connectors/{name}/restart",
            [post("Restart a connector, and its tasks if asked to", connectors::restart)
                .takes_right(Verb::Update, Resource::Restart)
                .with(&[INCLUDE_TASKS, ONLY_FAILED])
                .answers::<ConnectorStateInfo>(ACCEPTED)
                .says(NO_CONTENT)
                .fails(ABSENT_OR_BUSY)],
        ),
        route(
            "/connectors/{name}/pause",
            [put("Pause a connector", connectors::pause)
                .takes_right(Verb::Update, Resource::State)
                .says(ACCEPTED)
                .fails(ABSENT_OR_BUSY)],
        ),
        route(
            "/connectors/{name}/resume",
            [put("Resume a connector", connectors::resume)
                .takes_right(Verb::Update, Resource::State)
                .says(ACCEPTED)
                .fails(ABSENT_OR_BUSY)],
        ),
        route(
            "/connectors/{name}/stop",
            [put("Stop a connector", connectors::stop)
                .takes_right(Verb::Update, Resource::State)
                .says(NO_CONTENT)
                .fails(ABSENT_OR_BUSY)],
        ),
    ]
}

fn of_tasks() -> Vec<Route> {
    vec![
        route(
            "/connectors/{name}/tasks",
            [
                get("Tasks of a connector", connectors::tasks)
                    .takes_right(Verb::Get, Resource::Connectors)
                    .answers::<Vec<TaskInfo>>(OK)
                    .fails(ABSENT),
                post("Internal: configurations of tasks, signed", internal::put_tasks)
                    .signed()
                    .takes::<Vec<SettingsPatch>>()
                    .says(NO_CONTENT)
                    .fails(UNSIGNED_OR_BUSY),
            ],
        ),
        route(
            "/connectors/{name}/tasks/{task}/status",
            [get("State of a task", connectors::task_status)
                .takes_right(Verb::Get, Resource::Connectors)
                .answers::<TaskState>(OK)
                .fails(ABSENT)],
        ),
        route(
            "/connectors/{name}/tasks/{task}/restart",
            [post("Restart a task", connectors::restart_task)
                .takes_right(Verb::Update, Resource::Restart)
                .says(NO_CONTENT)
                .fails(ABSENT_OR_BUSY)],
        ),
        route(
            "/connectors/{name}/fence",
            [put("Internal: fence earlier tasks, signed", internal::fence)
                .signed()
                .says(NO_CONTENT)
                .fails(UNSIGNED_OR_BUSY)],
        ),
    ]
}

/// What administrators ask, where the worker file does not keep it elsewhere.
pub(crate) fn admin() -> Vec<Route> {
    vec![
        route(
            "/admin/loggers",
            [get("Levels of all loggers", loggers::list)
                .takes_right(Verb::Get, Resource::Loggers)
                .answers::<BTreeMap<String, LoggerLevel>>(OK)],
        ),
        route(
            "/admin/loggers/{logger}",
            [
                get("Level of a logger", loggers::read)
                    .takes_right(Verb::Get, Resource::Loggers)
                    .answers::<LoggerLevel>(OK)
                    .fails(ABSENT),
                put("Set the level of a logger and those below", loggers::set)
                    .takes_right(Verb::Update, Resource::Loggers)
                    .with(&[SCOPE])
                    .takes::<NewLevel>()
                    .answers::<Vec<String>>(OK)
                    .says(NO_CONTENT)
                    .fails(&[StatusCode::BAD_REQUEST, StatusCode::NOT_FOUND]),
            ],
        ),
    ]
}

/// The router of these routes, with what each path answers to `OPTIONS`. Who may do what is looked at last.
pub(crate) fn router(
    routes: Vec<Route>,
    authorization: Option<&Authorization>,
    herder: &Handle,
) -> Router<Worker> {
    routes.into_iter().fold(Router::new(), |router, Route { path, operations }| {
        let allowed = options::allowed(operations.iter().map(|it| &it.method));
        let asked =
            on(MethodFilter::OPTIONS, async move |headers| options::answer(allowed, &headers));
        let methods = operations.into_iter().fold(asked, |all, it| {
            let guard = authorization.cloned().zip(it.right);
            let handler = match guard {
                None => it.handler,
                Some((authorization, right)) => {
                    let herder = herder.clone();
                    it.handler.layer(middleware::from_fn(move |named, request: Request, next| {
                        let herder = herder.clone();
                        authorization.clone().check(right, herder, named, request, next)
                    }))
                }
            };
            all.merge(handler)
        });
        router.route(path, methods)
    })
}
