//! `KafkaConnectorOffsets`: prepare → back up → note that it begins → ask the workers → note that it ended.
//!
//! Each is carried out once. What was noted before the workers are asked tells an operator that starts in between whether
//! asking again is safe: see [`run`].

use k8s_openapi::jiff::Timestamp;
use kube::api::{DeleteParams, Preconditions};
use kube::runtime::controller::Action;
use kube::runtime::events::EventType;
use kube::{Api, ResourceExt};
use sluice_crds::{KafkaConnectorOffsets, OffsetsPhase};

use crate::context::{Context, jittered};

mod ask;
pub mod backup;
pub mod error;
pub mod plan;
pub mod positions;
pub mod ready;
mod resume;
pub mod run;
pub mod status;
pub mod turn;

pub use error::Error;
pub use status::Verdict;

/// Owner of the fields that this controller writes.
pub const MANAGER: &str = "sluice-operator/offsets";

/// Carries out one operation, or waits until it can be, and says so in its status.
pub async fn reconcile(operation: &KafkaConnectorOffsets, ctx: &Context) -> Result<Action, Error> {
    if operation.metadata.deletion_timestamp.is_some() {
        return Ok(Action::await_change());
    }
    if status::is_over(operation) {
        return expire(operation, ctx).await;
    }
    let (operation, outcome) = run::run(operation, ctx).await;
    let Some(outcome) = outcome.transpose() else {
        // It ended, and this operator has yet to be told so.
        return Ok(Action::requeue(jittered(ctx.settings.retry)));
    };
    let now = Timestamp::now();
    let status = status::after(&operation, outcome.as_ref(), now);
    let phase = status.phase;
    ctx.operation_reports.write(&operation, status).await?;
    let verdict = outcome?;
    if let Verdict::Done(done) = &verdict
        && done.has_changed
    {
        let note = format!("{} {}", operation.name_any(), done.message);
        if let Some(connector) = ctx.connector(&operation) {
            let reports = &ctx.connector_reports;
            reports
                .event(&connector, EventType::Normal, "OffsetsChanged", "Reconcile", &note)
                .await;
        }
    }
    Ok(match phase {
        // The write brings it back, if it has to go one day.
        Some(OffsetsPhase::Succeeded | OffsetsPhase::Failed) => Action::await_change(),
        _ => Action::requeue(jittered(ctx.settings.retry)),
    })
}

/// Deletes an operation that ended long enough ago.
async fn expire(operation: &KafkaConnectorOffsets, ctx: &Context) -> Result<Action, Error> {
    let Some(left) = status::time_left(operation, Timestamp::now()) else {
        return Ok(Action::await_change());
    };
    if !left.is_zero() {
        return Ok(Action::requeue(left));
    }
    let namespace = operation.namespace().unwrap_or_default();
    let api: Api<KafkaConnectorOffsets> = Api::namespaced(ctx.client.clone(), &namespace);
    let same = Preconditions { uid: operation.uid(), resource_version: None };
    let parameters = DeleteParams { preconditions: Some(same), ..DeleteParams::background() };
    match api.delete(&operation.name_any(), &parameters).await {
        // It is gone, or is another one by now.
        Err(kube::Error::Api(answer)) if matches!(answer.code, 404 | 409) => {}
        answer => answer.map(drop).map_err(|source| Error::kubernetes("delete it", source))?,
    }
    Ok(Action::await_change())
}
