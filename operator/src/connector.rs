//! `KafkaConnector`: desired and current → plan → execute over REST → status.

use k8s_openapi::jiff::Timestamp;
use kube::ResourceExt;
use kube::runtime::controller::Action;
use kube::runtime::events::EventType;
use sluice_crds::KafkaConnector;

use crate::context::{Context, jittered};

pub mod annotations;
pub mod auto_restart;
pub mod cleanup;
pub mod converge;
pub mod current;
pub mod dead_letters;
pub mod desired;
pub mod error;
pub mod execute;
pub mod external;
pub mod finalizer;
pub mod judge;
pub mod lag;
pub mod news;
pub mod offsets;
pub mod once;
pub mod place;
pub mod plan;
pub mod reach;
pub mod reading;
pub mod redact;
pub mod references;
pub mod requests;
pub mod revisions;
pub mod secrets;
pub mod status;
pub mod unknown_class;
pub mod validation;

pub use converge::{Converged, bring};
pub use current::Current;
pub use desired::Desired;
pub use error::Error;
use place::Leaving;
pub use place::Place;
pub use plan::{Step, plan};

/// Owner of the fields that this controller writes.
pub const MANAGER: &str = "sluice-operator/connector";

/// Brings one connector to its spec, then reports what happened, whether or not it worked.
pub async fn reconcile(connector: &KafkaConnector, ctx: &Context) -> Result<Action, Error> {
    if connector.metadata.deletion_timestamp.is_some() {
        let content = serde_json::to_value(connector).expect("a resource is JSON");
        return cleanup::run(connector, &Leaving::of(connector, &content), ctx).await;
    }
    finalizer::ensure(connector, &ctx.client).await?;
    let outcome = converge::run(connector, ctx).await;
    let report = status::report(connector, outcome.as_ref());
    let now = Timestamp::now();
    let pause = report.pause(&ctx.settings, now);
    if outcome.is_ok() && report.can_wait(connector, now) {
        return Ok(Action::requeue(jittered(pause)));
    }
    let status = report.into_status(connector, now);
    let reported = ctx.connector_reports.write(connector, status).await;
    let converged = outcome?;
    reported?;
    for news in &converged.news {
        let reports = &ctx.connector_reports;
        reports.event(connector, news.kind(), news.reason, "Reconcile", &news.note).await;
    }
    restart_failed(connector, &converged.restarts.due, &converged.place, ctx).await?;
    Ok(Action::requeue(jittered(pause)))
}

/// Makes the restarts that have been noted in the status by now: should the operator end in between, one is missed,
/// and never is one made that does not count.
async fn restart_failed(
    connector: &KafkaConnector,
    due: &[Step],
    place: &Place,
    ctx: &Context,
) -> Result<(), Error> {
    if due.is_empty() {
        return Ok(());
    }
    let home = connector.namespace().unwrap_or_default();
    let rest = connector.spec.connect_rest.as_ref();
    let workers = reach::asked(rest, place, &home, ctx).await?;
    for step in due {
        let what = match step {
            Step::RestartTask(task) => format!("task {task}"),
            _ => "the connector".to_owned(),
        };
        let outcome = execute::in_order(std::slice::from_ref(step), &place.name, &workers).await;
        let (kind, note) = match outcome {
            Ok(()) => (EventType::Normal, format!("{what} failed and was restarted")),
            Err(error) => (EventType::Warning, format!("{what} could not be restarted: {error}")),
        };
        ctx.connector_reports.event(connector, kind, "AutoRestart", "Reconcile", &note).await;
    }
    Ok(())
}
