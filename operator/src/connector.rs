//! `KafkaConnector`: desired and current → plan → execute over REST → status.

use k8s_openapi::jiff::Timestamp;
use kube::ResourceExt;
use kube::runtime::controller::Action;
use sluice_crds::{CLUSTER_LABEL, KafkaConnector};

use crate::connect_api::{self, ConnectApi};
use crate::context::{Context, jittered};
use crate::reason::{Reason, Retry};

pub mod cleanup;
pub mod current;
pub mod desired;
pub mod execute;
pub mod finalizer;
pub mod plan;
pub mod redact;
pub mod status;

pub use current::Current;
pub use desired::Desired;
pub use plan::{Step, plan};

/// Owner of the fields that this controller writes.
pub const MANAGER: &str = "sluice-operator/connector";

/// What keeps a connector from its spec.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The spec cannot be used.
    #[error(transparent)]
    Desired(#[from] desired::Error),
    /// The cluster is not there.
    #[error(
        "no KafkaConnect {cluster} in this namespace; create it, or correct the label {CLUSTER_LABEL}"
    )]
    NoCluster {
        /// Its name.
        cluster: String,
    },
    /// The cluster is scaled to zero.
    #[error("KafkaConnect {cluster} has no workers; scale it up")]
    NoWorkers {
        /// Its name.
        cluster: String,
    },
    /// A call of the REST API.
    #[error("{0}")]
    Workers(#[from] connect_api::Error),
    /// The finalizer could not be set or removed.
    #[error(transparent)]
    Finalizer(#[from] finalizer::Error),
    /// The status could not be written.
    #[error(transparent)]
    Status(#[from] crate::report::Error),
}

impl Error {
    /// The condition reason.
    pub fn reason(&self) -> Reason {
        match self {
            Self::Desired(error) => error.reason(),
            Self::NoCluster { .. } => Reason::ClusterNotFound,
            Self::NoWorkers { .. } => Reason::ClusterHasNoWorkers,
            Self::Workers(error) => workers_reason(error),
            Self::Finalizer(_) | Self::Status(_) => Reason::ApiUnavailable,
        }
    }

    /// When to try again.
    pub fn retry(&self) -> Retry {
        match self {
            Self::Desired(_) => Retry::AwaitChange,
            _ => Retry::Backoff,
        }
    }
}

/// Java answers 500 for a class that it does not have; only the text tells this from a fault of the worker.
fn workers_reason(error: &connect_api::Error) -> Reason {
    match error {
        connect_api::Error::Refused { status: 409, .. } => Reason::Rebalancing,
        connect_api::Error::Refused { status: 400 | 422, .. } => Reason::InvalidConfig,
        connect_api::Error::Refused { message, .. }
            if message.contains("Failed to find any class that implements Connector") =>
        {
            Reason::InvalidConfig
        }
        // A worker that starts answers 503, and so does a proxy before one.
        connect_api::Error::Unreachable { .. }
        | connect_api::Error::Refused { status: 503, .. } => Reason::WorkersUnreachable,
        connect_api::Error::Refused { .. } | connect_api::Error::Unreadable { .. } => {
            Reason::WorkerError
        }
    }
}

/// Brings one connector to its spec, then reports what happened, whether or not it worked.
pub async fn reconcile(connector: &KafkaConnector, ctx: &Context) -> Result<Action, Error> {
    if connector.metadata.deletion_timestamp.is_some() {
        let known = connector.status.as_ref().and_then(|status| status.cluster.as_deref());
        return cleanup::run(connector, known, ctx).await;
    }
    finalizer::ensure(connector, &ctx.client).await?;
    let outcome = converge(connector, ctx).await;
    let report = status::report(connector, outcome.as_ref());
    let pause = if report.on_its_way() { ctx.settings.retry } else { ctx.settings.poll };
    let status = report.into_status(connector, Timestamp::now());
    let reported = ctx.connector_reports.write(connector, status).await;
    outcome?;
    reported?;
    Ok(Action::requeue(jittered(pause)))
}

/// The connector as it is after what was needed has been done.
#[derive(Debug)]
pub struct Converged {
    /// What the workers tell of it.
    pub current: Option<Current>,
    /// Whether anything had to be done: then the workers may still tell of what was before.
    pub changed: bool,
}

async fn converge(connector: &KafkaConnector, ctx: &Context) -> Result<Converged, Error> {
    let desired = desired::of(connector)?;
    cleanup::leave_former(connector, &desired.cluster, ctx).await?;
    let workers = workers(connector, &desired.cluster, ctx)?;
    Ok(bring(&desired, &workers).await?)
}

/// Makes a connector what it shall be, and tells what it is then.
pub async fn bring(
    desired: &Desired,
    workers: &ConnectApi,
) -> Result<Converged, connect_api::Error> {
    let current = current::fetch(workers, &desired.name).await?;
    let steps = plan(desired, current.as_ref());
    if steps.is_empty() {
        return Ok(Converged { current, changed: false });
    }
    execute::in_order(&steps, &desired.name, workers).await?;
    let current = current::fetch(workers, &desired.name).await?;
    Ok(Converged { current, changed: true })
}

/// A cluster that cannot be read is there all the same: its workers may well run.
fn workers(connector: &KafkaConnector, cluster: &str, ctx: &Context) -> Result<ConnectApi, Error> {
    let namespace = connector.namespace().unwrap_or_default();
    let name = || cluster.to_owned();
    let found =
        ctx.cluster(&namespace, cluster).ok_or_else(|| Error::NoCluster { cluster: name() })?;
    if found.0.as_ref().is_ok_and(|found| found.spec.replicas == 0) {
        return Err(Error::NoWorkers { cluster: name() });
    }
    Ok(ctx.workers(&namespace, cluster))
}
