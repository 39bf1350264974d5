//! One reconcile as the controllers see it: objects that do not fit set apart, failures counted, pauses decided.

use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, Instant};

use k8s_openapi::jiff::Timestamp;
use kube::core::DeserializeGuard;
use kube::runtime::controller::Action;
use kube::{Resource, ResourceExt};
use sluice_crds::{CLUSTER_LABEL, KafkaConnect, KafkaConnector, KafkaConnectorOffsets};

use crate::backoff::Backoff;
use crate::connector::place::{self, Place};
use crate::connector::reach;
use crate::context::{Context, Key, jittered};
use crate::reason::{Reason, Retry};
use crate::slots::Slot;
use crate::{cluster, connector, invalid, operation, pause};

/// A reconcile that did not bring its resource to the spec. The status says so already.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub(crate) struct Failure {
    /// For metrics.
    pub(crate) reason: Reason,
    /// For the log.
    pub(crate) message: String,
    retry: Retry,
}

impl From<cluster::Error> for Failure {
    fn from(error: cluster::Error) -> Self {
        Self { reason: error.reason(), retry: error.retry(), message: error.to_string() }
    }
}

impl From<connector::Error> for Failure {
    fn from(error: connector::Error) -> Self {
        Self { reason: error.reason(), retry: error.retry(), message: error.to_string() }
    }
}

impl From<operation::Error> for Failure {
    fn from(error: operation::Error) -> Self {
        Self { reason: error.reason(), retry: error.retry(), message: error.to_string() }
    }
}

impl From<invalid::Error> for Failure {
    fn from(error: invalid::Error) -> Self {
        let message = error.to_string();
        Self { reason: Reason::ApiUnavailable, retry: Retry::Backoff, message }
    }
}

pub(crate) async fn cluster(
    object: Arc<DeserializeGuard<KafkaConnect>>,
    ctx: Arc<Context>,
) -> Result<Action, Failure> {
    if ctx.cluster_reports.is_outdated(object.as_ref()) {
        return Ok(Action::requeue(QUEUE));
    }
    let work = async {
        if let Ok(cluster) = &object.0 {
            if pause::is_paused(cluster) {
                let status = pause::status(cluster, Timestamp::now());
                ctx.cluster_reports.write(cluster, status).await.map_err(cluster::Error::from)?;
                return Ok(Action::await_change());
            }
            return Ok(cluster::reconcile(cluster, &ctx).await?);
        }
        invalid::report(object.as_ref(), &ctx.client, &ctx.cluster_reports).await?;
        Ok(Action::await_change())
    };
    let outcome = measured("cluster", &ctx, Box::pin(work)).await;
    settle(outcome, &key(object.as_ref()), &ctx.cluster_backoff)
}

pub(crate) async fn connector(
    object: Arc<DeserializeGuard<KafkaConnector>>,
    ctx: Arc<Context>,
) -> Result<Action, Failure> {
    if ctx.connector_reports.is_outdated(object.as_ref()) {
        return Ok(Action::requeue(QUEUE));
    }
    let work = async {
        match &object.0 {
            Ok(connector) if pause::is_paused(connector) => {
                let status = pause::status(connector, Timestamp::now());
                let written = ctx.connector_reports.write(connector, status).await;
                written.map_err(connector::Error::from)?;
                Ok(Action::await_change())
            }
            Ok(connector) => Ok(connector::reconcile(connector, &ctx).await?),
            Err(_) if object.meta().deletion_timestamp.is_some() => {
                let raw = invalid::read::<KafkaConnector>(object.meta(), &ctx.client).await?;
                let content = raw.map(|it| it.data).unwrap_or_default();
                let leaving = connector::place::Leaving::of(object.as_ref(), &content);
                Ok(connector::cleanup::run(object.as_ref(), &leaving, &ctx).await?)
            }
            Err(_) => {
                invalid::report(object.as_ref(), &ctx.client, &ctx.connector_reports).await?;
                Ok(Action::await_change())
            }
        }
    };
    let Ok(_slot) = slot(&object, &ctx) else { return Ok(Action::requeue(jittered(QUEUE))) };
    let outcome = measured("connector", &ctx, Box::pin(work)).await;
    settle(outcome, &key(object.as_ref()), &ctx.connector_backoff)
}

pub(crate) async fn operation(
    object: Arc<DeserializeGuard<KafkaConnectorOffsets>>,
    ctx: Arc<Context>,
) -> Result<Action, Failure> {
    let work = async {
        if let Ok(operation) = &object.0 {
            if pause::is_paused(operation) {
                let status = pause::status(operation, Timestamp::now());
                let written = ctx.operation_reports.write(operation, status).await;
                written.map_err(operation::Error::from)?;
                return Ok(Action::await_change());
            }
            return Ok(operation::reconcile(operation, &ctx).await?);
        }
        invalid::report(object.as_ref(), &ctx.client, &ctx.operation_reports).await?;
        Ok(Action::await_change())
    };
    if ctx.operation_reports.is_outdated(object.as_ref()) {
        return Ok(Action::requeue(QUEUE));
    }
    let outcome = measured("offsets", &ctx, Box::pin(work)).await;
    settle(outcome, &key(object.as_ref()), &ctx.operation_backoff)
}

/// Pause of a connector whose cluster has no room at the moment, and of what has yet to be seen as it was written.
const QUEUE: Duration = Duration::from_millis(500);

/// A cluster has no room for another connector.
struct Full;

/// Room for a connector at its cluster, where it names one.
fn slot(object: &DeserializeGuard<KafkaConnector>, ctx: &Context) -> Result<Option<Slot>, Full> {
    let Some(place) = place(object) else { return Ok(None) };
    let home = object.namespace().unwrap_or_default();
    // Who is not let in must not take the room of those who are.
    let is_in = place.namespace == home || reach::cluster(&place, &home, ctx).is_some();
    let cluster = if is_in {
        (place.namespace, place.cluster)
    } else {
        (home, format!("{}/{}", place.namespace, place.cluster))
    };
    ctx.slots.enter(cluster, &ctx.silence).map(Some).ok_or(Full)
}

/// Where a connector shall be.
pub(crate) fn place(object: &DeserializeGuard<KafkaConnector>) -> Option<Place> {
    match &object.0 {
        Ok(connector) => place::asked(connector),
        Err(_) => Some(Place {
            namespace: object.namespace().unwrap_or_default(),
            cluster: object.labels().get(CLUSTER_LABEL)?.clone(),
            name: object.name_any(),
        }),
    }
}

// The signature is the controller's.
#[allow(clippy::needless_pass_by_value)]
pub(crate) fn cluster_failed(
    object: Arc<DeserializeGuard<KafkaConnect>>,
    failure: &Failure,
    ctx: Arc<Context>,
) -> Action {
    pause(object.as_ref(), failure, &ctx.cluster_backoff)
}

// The signature is the controller's.
#[allow(clippy::needless_pass_by_value)]
pub(crate) fn connector_failed(
    object: Arc<DeserializeGuard<KafkaConnector>>,
    failure: &Failure,
    ctx: Arc<Context>,
) -> Action {
    pause(object.as_ref(), failure, &ctx.connector_backoff)
}

// The signature is the controller's.
#[allow(clippy::needless_pass_by_value)]
pub(crate) fn operation_failed(
    object: Arc<DeserializeGuard<KafkaConnectorOffsets>>,
    failure: &Failure,
    ctx: Arc<Context>,
) -> Action {
    pause(object.as_ref(), failure, &ctx.operation_backoff)
}

async fn measured(
    controller: &str,
    ctx: &Context,
    work: impl Future<Output = Result<Action, Failure>>,
) -> Result<Action, Failure> {
    let start = Instant::now();
    ctx.metrics.started(controller);
    let outcome = work.await;
    let failure = outcome.as_ref().err().map(|failure| failure.reason);
    ctx.metrics.finished(controller, start.elapsed(), failure);
    outcome
}

fn settle(
    outcome: Result<Action, Failure>,
    key: &Key,
    backoff: &Backoff<Key>,
) -> Result<Action, Failure> {
    if outcome.is_ok() {
        backoff.succeeded(key);
    }
    outcome
}

fn pause<K: Resource>(object: &K, failure: &Failure, backoff: &Backoff<Key>) -> Action {
    match failure.retry {
        Retry::AwaitChange => Action::await_change(),
        Retry::Backoff => Action::requeue(backoff.failed(key(object))),
    }
}

/// The namespace and the name of an object.
pub(crate) fn key<K: Resource>(object: &K) -> Key {
    (object.namespace().unwrap_or_default(), object.name_any())
}
