//! Deletion: Kafka Connect drops the connector, or does not answer for long enough. Never hangs.

use std::time::Duration;

use k8s_openapi::NamespaceResourceScope;
use k8s_openapi::jiff::Timestamp;
use kube::runtime::controller::Action;
use kube::runtime::events::EventType;
use kube::{Resource, ResourceExt};
use sluice_crds::{CLUSTER_LABEL, KafkaConnector};

use super::{Error, finalizer};
use crate::connect_api;
use crate::context::Context;

/// Annotation that lets a connector go without asking the workers.
const SKIP: &str = "sluice.dev/skip-cleanup";

/// Pause between attempts.
const PAUSE: Duration = Duration::from_secs(3);

/// Drops the connector and lets the object go. Needs nothing but the metadata; `known` is the cluster that the status
/// names, if it can be read.
pub async fn run<K>(object: &K, known: Option<&str>, ctx: &Context) -> Result<Action, Error>
where
    K: Resource<Scope = NamespaceResourceScope, DynamicType = ()>,
{
    if !finalizer::is_set(object) {
        return Ok(Action::await_change());
    }
    if let Err(error) = drop_everywhere(object, known, ctx).await {
        if !is_over(object, ctx.settings.cleanup, Timestamp::now()) {
            tracing::info!(connector = %object.name_any(), error = %error, "deletion waits for the workers");
            return Ok(Action::requeue(PAUSE));
        }
        let note = format!("the connector may still run: {error}");
        let reports = &ctx.connector_reports;
        reports.event(object, EventType::Warning, "CleanupGivenUp", "Delete", &note).await;
    }
    finalizer::remove(object, &ctx.client).await?;
    Ok(Action::await_change())
}

/// A connector whose label says another cluster than the one that has it leaves that one first: it must not run twice.
pub async fn leave_former(
    connector: &KafkaConnector,
    cluster: &str,
    ctx: &Context,
) -> Result<(), connect_api::Error> {
    let former = connector.status.as_ref().and_then(|status| status.cluster.as_deref());
    match former.filter(|former| *former != cluster) {
        Some(former) => drop_from(former, connector, ctx).await,
        None => Ok(()),
    }
}

/// The label may have been changed, or removed, after the connector was created.
async fn drop_everywhere(
    object: &impl Resource,
    known: Option<&str>,
    ctx: &Context,
) -> Result<(), connect_api::Error> {
    if object.annotations().get(SKIP).is_some_and(|value| value == "true") {
        return Ok(());
    }
    let labelled = object.labels().get(CLUSTER_LABEL).map(String::as_str);
    for cluster in labelled.into_iter().chain(known.filter(|known| Some(*known) != labelled)) {
        drop_from(cluster, object, ctx).await?;
    }
    Ok(())
}

/// Nothing is to be done where the cluster is gone or goes.
async fn drop_from(
    cluster: &str,
    object: &impl Resource,
    ctx: &Context,
) -> Result<(), connect_api::Error> {
    let namespace = object.namespace().unwrap_or_default();
    let found = ctx.cluster(&namespace, cluster);
    if found.is_none_or(|found| found.meta().deletion_timestamp.is_some()) {
        return Ok(());
    }
    ctx.workers(&namespace, cluster).delete(&object.name_any()).await.map(drop)
}

/// Whether a deletion has waited for as long as it may.
fn is_over(object: &impl Resource, patience: Duration, now: Timestamp) -> bool {
    let Some(since) = object.meta().deletion_timestamp.as_ref() else { return false };
    now.duration_since(since.0).unsigned_abs() >= patience
}

#[cfg(test)]
mod tests {
    use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
    use serde_json::json;

    use super::super::desired::tests::connector;
    use super::*;

    #[test]
    fn patience_ends() {
        let mut connector = connector(&json!({"class": "X"}));
        let at = |second| Timestamp::from_second(second).unwrap();
        let patience = Duration::from_mins(1);
        assert!(!is_over(&connector, patience, at(1000)));
        connector.metadata.deletion_timestamp = Some(Time(at(1000)));
        assert!(!is_over(&connector, patience, at(1059)));
        assert!(is_over(&connector, patience, at(1060)));
    }
}
