//! Deletion: Kafka Connect drops the connector, or does not answer for long enough. Never hangs.

use std::collections::BTreeSet;
use std::time::Duration;

use k8s_openapi::NamespaceResourceScope;
use k8s_openapi::jiff::Timestamp;
use kube::runtime::controller::Action;
use kube::runtime::events::EventType;
use kube::{Resource, ResourceExt};
use sluice_crds::{ConnectRest, DeletionPolicy, KafkaConnector};

use super::place::{self, Leaving, Place};
use super::secrets::Carrier;
use super::{Error, finalizer, reach};
use crate::connect_api::{self, Verb};
use crate::context::Context;

/// Annotation that lets a connector go, or move, without asking the workers that it leaves.
const SKIP: &str = "sluice.dev/skip-cleanup";

/// Pause between attempts.
const PAUSE: Duration = Duration::from_secs(3);

/// Drops the connector as its policy says and lets the object go. Needs nothing but the metadata and what can be read
/// of the rest.
pub async fn run<K>(object: &K, leaving: &Leaving, ctx: &Context) -> Result<Action, Error>
where
    K: Resource<Scope = NamespaceResourceScope, DynamicType = ()>,
{
    if !finalizer::is_set(object) {
        return Ok(Action::await_change());
    }
    if let Err(error) = drop_everywhere(object, leaving, ctx).await {
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

/// A connector that shall be elsewhere leaves the place where it is first: it must not run twice.
pub async fn leave_former(
    connector: &KafkaConnector,
    asked: &Place,
    ctx: &Context,
) -> Result<(), Error> {
    match place::known(connector).filter(|known| known != asked && !skips(connector)) {
        Some(former) => {
            let had_any = connector.status.as_ref().is_some_and(|it| !it.references.is_empty());
            let rest = connector.spec.connect_rest.as_ref();
            drop_from(&former, rest, connector, DeletionPolicy::Delete, ctx).await?;
            if had_any { take_back(&former, connector, ctx).await } else { Ok(()) }
        }
        None => Ok(()),
    }
}

fn skips(object: &impl Resource) -> bool {
    object.annotations().get(SKIP).is_some_and(|value| value == "true")
}

/// The spec may have been changed after the connector was created, and the status not been written by then.
async fn drop_everywhere(
    object: &impl Resource,
    leaving: &Leaving,
    ctx: &Context,
) -> Result<(), Error> {
    if skips(object) || leaving.policy == DeletionPolicy::Orphan {
        return Ok(());
    }
    let rest = leaving.connect_rest.as_ref();
    let asked = leaving.asked.as_ref().filter(|it| leaving.known.as_ref() != Some(it));
    // A resource that never got its place must not take it from another one.
    let asked = asked.filter(|it| !ctx.is_claimed(it, object));
    for place in leaving.known.iter().chain(asked) {
        drop_from(place, rest, object, leaving.policy, ctx).await?;
        if leaving.has_references {
            take_back(place, object, ctx).await?;
        }
    }
    Ok(())
}

/// Nothing is to be done where the cluster is gone or goes.
async fn drop_from(
    place: &Place,
    rest: Option<&ConnectRest>,
    object: &impl Resource,
    policy: DeletionPolicy,
    ctx: &Context,
) -> Result<(), Error> {
    // A status that names what another resource has is no reason to take it away.
    if ctx.is_held(place, object) {
        return Ok(());
    }
    let home = object.namespace().unwrap_or_default();
    let Some(workers) = reach::former(place, rest, &home, ctx).await? else { return Ok(()) };
    let outcome = match policy {
        DeletionPolicy::Delete => workers.delete(&place.name).await.map(drop),
        DeletionPolicy::Stop => workers.enter(&place.name, Verb::Stop).await,
        DeletionPolicy::Orphan => Ok(()),
    };
    match outcome {
        Err(connect_api::Error::Refused { status: 404, .. }) => Ok(()),
        outcome => Ok(outcome?),
    }
}

/// The workers of the place need the connector's values no longer.
async fn take_back(place: &Place, object: &impl Resource, ctx: &Context) -> Result<(), Error> {
    let home = object.namespace().unwrap_or_default();
    let Some(owner) = reach::staying(place, &home, ctx) else { return Ok(()) };
    let carrier = Carrier {
        client: &ctx.client,
        namespace: &place.namespace,
        cluster: &place.cluster,
        home: &home,
        connector: &object.name_any(),
    };
    Ok(carrier.carry(&BTreeSet::new(), &*owner).await?)
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
