//! The one list of what the API can do: the router, the answers to `OPTIONS` and the document are made of it.

use axum::{
    Router,
    handler::Handler,
    http::Method,
    routing::{MethodFilter, MethodRouter, on},
};

use crate::{
    connectors, internal, loggers, offsets, openapi, options, plugins, root, server::Worker,
};

/// A path with what can be asked of it.
pub(crate) struct Route {
    pub(crate) path: &'static str,
    pub(crate) operations: Vec<Operation>,
}

/// One method of a path.
pub(crate) struct Operation {
    pub(crate) method: Method,
    /// What it does, in one line.
    pub(crate) summary: &'static str,
    /// Names of its query parameters.
    pub(crate) query: &'static [&'static str],
    handler: MethodRouter<Worker>,
}

impl Operation {
    fn with(mut self, query: &'static [&'static str]) -> Self {
        self.query = query;
        self
    }
}

fn operation<H: Handler<T, Worker>, T: 'static>(
    method: (Method, MethodFilter),
    summary: &'static str,
    handler: H,
) -> Operation {
    Operation { method: method.0, summary, query: &[], handler: on(method.1, handler) }
}

fn get<H: Handler<T, Worker>, T: 'static>(summary: &'static str, handler: H) -> Operation {
    operation((Method::GET, MethodFilter::GET.or(MethodFilter::HEAD)), summary, handler)
}

fn post<H: Handler<T, Worker>, T: 'static>(summary: &'static str, handler: H) -> Operation {
    operation((Method::POST, MethodFilter::POST), summary, handler)
}

fn put<H: Handler<T, Worker>, T: 'static>(summary: &'static str, handler: H) -> Operation {
    operation((Method::PUT, MethodFilter::PUT), summary, handler)
}

fn patch<H: Handler<T, Worker>, T: 'static>(summary: &'static str, handler: H) -> Operation {
    operation((Method::PATCH, MethodFilter::PATCH), summary, handler)
}

fn delete<H: Handler<T, Worker>, T: 'static>(summary: &'static str, handler: H) -> Operation {
    operation((Method::DELETE, MethodFilter::DELETE), summary, handler)
}

fn route(path: &'static str, operations: impl IntoIterator<Item = Operation>) -> Route {
    Route { path, operations: operations.into_iter().collect() }
}

/// What clients ask of the worker and its connectors.
pub(crate) fn regular() -> Vec<Route> {
    let mut routes = vec![
        route(
            "/",
            [get("Version of the worker, and the Kafka cluster that it works on", root::root)],
        ),
        route("/health", [get("Whether the worker has started and answers", root::health)]),
        route("/openapi.json", [get("This document", openapi::document)]),
        route(
            "/connector-plugins",
            [get("Plugins of the worker", plugins::list).with(&["connectorsOnly"])],
        ),
        route(
            "/connector-plugins/{plugin}/config",
            [get("What a plugin can be configured with", plugins::keys).with(&["version"])],
        ),
        route(
            "/connector-plugins/{plugin}/config/validate",
            [put("What is right and wrong with a configuration", plugins::validate)],
        ),
    ];
    routes.extend(of_connectors());
    routes.extend(of_one_connector());
    routes
}

fn of_connectors() -> Vec<Route> {
    vec![
        route(
            "/connectors",
            [
                get("Names of all connectors", connectors::list).with(&["expand"]),
                post("Create a connector", connectors::create),
            ],
        ),
        route(
            "/connectors/{name}",
            [
                get("A connector", connectors::read),
                delete("Delete a connector", connectors::delete),
            ],
        ),
        route(
            "/connectors/{name}/config",
            [
                get("Configuration of a connector", connectors::config),
                put("Set the configuration of a connector, or create it", connectors::put_config),
                patch("Change keys of a configuration; null removes one", connectors::patch_config),
            ],
        ),
        route(
            "/connectors/{name}/offsets",
            [
                get("Offsets of a connector", offsets::read),
                patch("Change offsets of a stopped connector", offsets::alter),
                delete("Reset the offsets of a stopped connector", offsets::reset),
            ],
        ),
    ]
}

fn of_one_connector() -> Vec<Route> {
    vec![
        route("/connectors/{name}/status", [get("State of a connector", connectors::status)]),
        route("/connectors/{name}/topics", [get("Topics it has used", connectors::topics)]),
        route(
            "/connectors/{name}/topics/reset",
            [put("Forget the topics that it has used", connectors::reset_topics)],
        ),
        route(
            "/connectors/{name}/restart",
            [post("Restart a connector, and its tasks if asked to", connectors::restart)
                .with(&["includeTasks", "onlyFailed"])],
        ),
        route("/connectors/{name}/pause", [put("Pause a connector", connectors::pause)]),
        route("/connectors/{name}/resume", [put("Resume a connector", connectors::resume)]),
        route("/connectors/{name}/stop", [put("Stop a connector", connectors::stop)]),
        route(
            "/connectors/{name}/tasks",
            [
                get("Tasks of a connector", connectors::tasks),
                post("Internal: configurations of tasks, signed", internal::put_tasks),
            ],
        ),
        route(
            "/connectors/{name}/tasks/{task}/status",
            [get("State of a task", connectors::task_status)],
        ),
        route(
            "/connectors/{name}/tasks/{task}/restart",
            [post("Restart a task", connectors::restart_task)],
        ),
        route(
            "/connectors/{name}/fence",
            [put("Internal: fence earlier tasks, signed", internal::fence)],
        ),
    ]
}

/// What administrators ask, where the worker file does not keep it elsewhere.
pub(crate) fn admin() -> Vec<Route> {
    vec![
        route("/admin/loggers", [get("Levels of all loggers", loggers::list)]),
        route(
            "/admin/loggers/{logger}",
            [
                get("Level of a logger", loggers::read),
                put("Set the level of a logger and those below", loggers::set).with(&["scope"]),
            ],
        ),
    ]
}

/// The router of these routes, with what each path answers to `OPTIONS`.
pub(crate) fn router(routes: Vec<Route>) -> Router<Worker> {
    routes.into_iter().fold(Router::new(), |router, Route { path, operations }| {
        let allowed = options::allowed(operations.iter().map(|it| &it.method));
        let asked =
            on(MethodFilter::OPTIONS, async move |headers| options::answer(allowed, &headers));
        let methods = operations.into_iter().fold(asked, |all, it| all.merge(it.handler));
        router.route(path, methods)
    })
}
