//! Does what is asked for once, by annotation or by token. What cannot be done is told and tried again; it keeps the
//! connector from nothing else.

use std::time::Duration;

use kube::ResourceExt;
use kube::runtime::events::EventType;
use sluice_crds::KafkaConnector;

use super::redact::redacted;
use super::requests::{self, Request, Warning, Work};
use super::{Converged, Current, Step, annotations, execute, offsets};
use crate::connect_api::{ConnectApi, RestartScope};
use crate::context::Context;
use crate::reason::Reason;

/// Longest time that all of it may take: a worker that does not answer must not keep the status from being written.
const LONGEST: Duration = Duration::from_mins(1);

/// Does what is asked for and notes in `converged` what came of it.
pub async fn fulfil(
    connector: &KafkaConnector,
    converged: &mut Converged,
    workers: &ConnectApi,
    ctx: &Context,
) {
    let (requests, warnings) = requests::of(connector.annotations());
    converged.warnings.extend(warnings);
    let Some(current) = converged.current.clone() else { return };
    for request in requests {
        let work = perform(&request, connector, &current, workers, ctx);
        let outcome = tokio::time::timeout(LONGEST, work).await;
        match outcome.unwrap_or_else(|_| Err(too_slow())) {
            Ok(note) => {
                tell(connector, request.work, &note, ctx).await;
                converged.changed |= !matches!(request.work, Work::Offsets(_));
                let (key, value) = (request.annotation, &request.value);
                if let Err(error) = annotations::remove(connector, key, value, &ctx.client).await {
                    let message = error.to_string();
                    converged.warnings.push(Warning { reason: Reason::ApiUnavailable, message });
                }
            }
            Err(message) => {
                let message = redacted(&message, &current.config);
                let message = format!("{}={}: {message}", request.annotation, request.value.trim());
                converged.warnings.push(Warning { reason: refusal(request.work), message });
            }
        }
    }
    by_token(connector, converged, workers, ctx).await;
}

/// A connector that is new needs no restart: its token counts as done.
async fn by_token(
    connector: &KafkaConnector,
    converged: &mut Converged,
    workers: &ConnectApi,
    ctx: &Context,
) {
    let known = connector.status.as_ref().and_then(|status| status.restart_token.clone());
    let Some(asked) = connector.spec.restart.as_ref() else { return };
    if known.as_ref() == Some(&asked.token) {
        return;
    }
    let is_new = converged.is_new || super::place::known(connector).is_none();
    if !is_new {
        let scope = RestartScope {
            include_tasks: asked.include_tasks.unwrap_or(true),
            only_failed: asked.only_failed.unwrap_or(false),
        };
        let steps = [Step::Restart(scope)];
        if let Err(error) = execute::in_order(&steps, &converged.place.name, workers).await {
            let message = format!("spec.restart: {error}");
            converged.warnings.push(Warning { reason: Reason::RestartRefused, message });
            return;
        }
        tell(connector, Work::Restart(scope), "restarted for spec.restart.token", ctx).await;
        converged.changed = true;
    }
    converged.restart_token = Some(asked.token.clone());
}

async fn perform(
    request: &Request,
    connector: &KafkaConnector,
    current: &Current,
    workers: &ConnectApi,
    ctx: &Context,
) -> Result<String, String> {
    let name = super::place::asked_name(connector);
    let step = match request.work {
        Work::Offsets(work) => {
            let done = offsets::perform(work, connector, current, workers, &ctx.client).await;
            return done.map_err(|error| error.to_string());
        }
        Work::Restart(scope) => Step::Restart(scope),
        Work::RestartTask(task) => Step::RestartTask(task),
    };
    let done = execute::in_order(&[step], &name, workers).await;
    done.map_err(|error| error.to_string())?;
    Ok(match request.work {
        Work::RestartTask(task) => format!("task {task} restarted, as the annotation asked"),
        _ => "restarted, as the annotation asked".to_owned(),
    })
}

async fn tell(connector: &KafkaConnector, work: Work, note: &str, ctx: &Context) {
    let reason = match work {
        Work::Offsets(requests::OffsetsWork::List) => "OffsetsListed",
        Work::Offsets(requests::OffsetsWork::Alter) => "OffsetsAltered",
        Work::Offsets(requests::OffsetsWork::Reset) => "OffsetsReset",
        Work::Restart(_) | Work::RestartTask(_) => "Restarted",
    };
    ctx.connector_reports.event(connector, EventType::Normal, reason, "Reconcile", note).await;
}

fn refusal(work: Work) -> Reason {
    match work {
        Work::Offsets(_) => Reason::OffsetsRefused,
        Work::Restart(_) | Work::RestartTask(_) => Reason::RestartRefused,
    }
}

fn too_slow() -> String {
    format!("not done within {} s", LONGEST.as_secs())
}
