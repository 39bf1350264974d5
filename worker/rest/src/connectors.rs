//! `/connectors`: what exists, how it goes, and every change of it.

use std::collections::BTreeMap;

use axum::{
    Json,
    extract::{Path, State},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use sluice_herder::{Answer, Request, RestartRequest, TargetState, TaskId};
use sluice_rest_model::{CreateConnectorRequest, Expanded, Listed, SettingsPatch};

use crate::{answer::Failure, body, forward::Incoming, query::Parameters, server::Worker};

type Result<T = Response> = std::result::Result<T, Failure>;

pub(crate) async fn list(State(worker): State<Worker>, parameters: Parameters) -> Result {
    let Answer::Names(names) = worker.ask(Request::Connectors).await? else {
        return Err(unexpected());
    };
    let expand: Vec<&str> = parameters.all("expand").collect();
    if expand.is_empty() {
        return Ok(Json(Listed::Names(names)).into_response());
    }
    let mut connectors = BTreeMap::new();
    for name in names {
        let mut expanded = Expanded::default();
        if expand.contains(&"status") {
            let Ok(Answer::Status(status)) = worker.ask(Request::Status(name.clone())).await else {
                continue;
            };
            expanded.status = Some(status);
        }
        if expand.contains(&"info") {
            let Ok(Answer::Connector(info, _)) = worker.ask(Request::Connector(name.clone())).await
            else {
                continue;
            };
            expanded.info = Some(info);
        }
        connectors.insert(name, expanded);
    }
    Ok(Json(Listed::Expanded(connectors)).into_response())
}

pub(crate) async fn create(State(worker): State<Worker>, incoming: Incoming) -> Result {
    let parsed: CreateConnectorRequest = body::parse(&incoming.headers, &incoming.body)?;
    let config = parsed.config.ok_or_else(|| {
        Failure::new(StatusCode::INTERNAL_SERVER_ERROR, "The request has no \"config\"")
    })?;
    let config = with_name(config, &parsed.name)?;
    let initial = parsed.initial_state.map(TargetState::from);
    let request = Request::Create { name: parsed.name, config, initial };
    Ok(worker.ask_or_forward(request, incoming, StatusCode::CREATED).await)
}

pub(crate) async fn read(State(worker): State<Worker>, Path(name): Path<String>) -> Result {
    worker.answer(Request::Connector(name)).await
}

pub(crate) async fn config(State(worker): State<Worker>, Path(name): Path<String>) -> Result {
    let Answer::Connector(info, _) = worker.ask(Request::Connector(name)).await? else {
        return Err(unexpected());
    };
    Ok(Json(info.config).into_response())
}

pub(crate) async fn put_config(
    State(worker): State<Worker>,
    Path(name): Path<String>,
    incoming: Incoming,
) -> Result {
    let config = with_name(body::parse(&incoming.headers, &incoming.body)?, &name)?;
    let request = Request::PutConfig { name, config };
    Ok(worker.ask_or_forward(request, incoming, StatusCode::OK).await)
}

pub(crate) async fn patch_config(
    State(worker): State<Worker>,
    Path(name): Path<String>,
    incoming: Incoming,
) -> Result {
    let patch = body::parse(&incoming.headers, &incoming.body)?;
    let request = Request::PatchConfig { name, patch };
    Ok(worker.ask_or_forward(request, incoming, StatusCode::OK).await)
}

pub(crate) async fn status(State(worker): State<Worker>, Path(name): Path<String>) -> Result {
    worker.answer(Request::Status(name)).await
}

pub(crate) async fn topics(State(worker): State<Worker>, Path(name): Path<String>) -> Result {
    worker.answer(Request::Topics(name)).await
}

pub(crate) async fn reset_topics(State(worker): State<Worker>, Path(name): Path<String>) -> Result {
    worker.ask(Request::ResetTopics(name)).await?;
    Ok(StatusCode::ACCEPTED.into_response())
}

pub(crate) async fn tasks(State(worker): State<Worker>, Path(name): Path<String>) -> Result {
    worker.answer(Request::Tasks(name)).await
}

pub(crate) async fn task_status(
    State(worker): State<Worker>,
    Path((connector, task)): Path<(String, String)>,
) -> Result {
    worker.answer(Request::TaskStatus(task_id(connector, &task)?)).await
}

pub(crate) async fn restart(
    State(worker): State<Worker>,
    Path(connector): Path<String>,
    parameters: Parameters,
    incoming: Incoming,
) -> Result {
    let flag = |name| parameters.flag(name).unwrap_or(false);
    let (include_tasks, only_failed) = (flag("includeTasks"), flag("onlyFailed"));
    if !include_tasks && !only_failed {
        let request = Request::RestartConnector(connector);
        return Ok(worker.ask_or_forward(request, incoming, StatusCode::NO_CONTENT).await);
    }
    let request = Request::Restart(RestartRequest { connector, include_tasks, only_failed });
    Ok(worker.ask_or_forward(request, incoming, StatusCode::ACCEPTED).await)
}

pub(crate) async fn restart_task(
    State(worker): State<Worker>,
    Path((connector, task)): Path<(String, String)>,
    incoming: Incoming,
) -> Result {
    let request = Request::RestartTask(task_id(connector, &task)?);
    Ok(worker.ask_or_forward(request, incoming, StatusCode::NO_CONTENT).await)
}

pub(crate) async fn delete(
    State(worker): State<Worker>,
    Path(name): Path<String>,
    incoming: Incoming,
) -> Response {
    worker.ask_or_forward(Request::Delete(name), incoming, StatusCode::NO_CONTENT).await
}

pub(crate) async fn pause(
    State(worker): State<Worker>,
    Path(name): Path<String>,
    incoming: Incoming,
) -> Response {
    set_target(&worker, name, TargetState::Paused, incoming).await
}

pub(crate) async fn resume(
    State(worker): State<Worker>,
    Path(name): Path<String>,
    incoming: Incoming,
) -> Response {
    set_target(&worker, name, TargetState::Started, incoming).await
}

async fn set_target(
    worker: &Worker,
    name: String,
    target: TargetState,
    incoming: Incoming,
) -> Response {
    worker.ask_or_forward(Request::SetTarget(name, target), incoming, StatusCode::ACCEPTED).await
}

pub(crate) async fn stop(
    State(worker): State<Worker>,
    Path(name): Path<String>,
    incoming: Incoming,
) -> Response {
    worker.ask_or_forward(Request::Stop(name), incoming, StatusCode::NO_CONTENT).await
}

/// The name in the path counts; one in the body must agree.
fn with_name(mut config: SettingsPatch, name: &str) -> Result<SettingsPatch> {
    match config.0.get("name") {
        Some(Some(inner)) if inner != name => Err(Failure::new(
            StatusCode::BAD_REQUEST,
            format!(
                "Connector name configuration ({inner}) doesn't match connector name in the URL ({name})"
            ),
        )),
        _ => {
            config.0.insert("name".to_owned(), Some(name.to_owned()));
            Ok(config)
        }
    }
}

/// A task by its path, of which a number is the last segment.
fn task_id(connector: String, task: &str) -> Result<TaskId> {
    let task =
        task.parse().map_err(|_| Failure::new(StatusCode::NOT_FOUND, "HTTP 404 Not Found"))?;
    Ok(TaskId { connector, task })
}

fn unexpected() -> Failure {
    Failure::new(StatusCode::INTERNAL_SERVER_ERROR, "The worker gave an answer of another kind")
}
