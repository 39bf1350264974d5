//! `KafkaConnect`: references → validate → build → apply (StatefulSet last) → status.

use kube::runtime::controller::Action;
use sluice_crds::KafkaConnect;

use crate::context::{Context, jittered};
use crate::reason::{Reason, Retry};

pub mod apply;
pub mod build;
pub mod overlay;
pub mod pods;
pub mod references;
pub mod status;
pub mod validate;
pub mod worker_file;

use apply::Applied;
pub use validate::Cluster;

/// What keeps a cluster from its spec.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Something outside the spec could not be read.
    #[error(transparent)]
    References(#[from] references::Error),
    /// The spec cannot be used.
    #[error(transparent)]
    Validate(#[from] validate::Error),
    /// An object could not be written.
    #[error(transparent)]
    Apply(#[from] apply::Error),
    /// The status could not be written.
    #[error(transparent)]
    Status(#[from] crate::report::Error),
}

impl Error {
    /// The condition reason.
    pub fn reason(&self) -> Reason {
        match self {
            Self::References(_) | Self::Status(_) => Reason::ApiUnavailable,
            Self::Validate(error) => error.reason(),
            Self::Apply(error) => error.reason(),
        }
    }

    /// When to try again.
    pub fn retry(&self) -> Retry {
        match self {
            Self::Validate(error) => error.retry(),
            Self::References(_) | Self::Apply(_) | Self::Status(_) => Retry::Backoff,
        }
    }
}

/// Brings one cluster to its spec, then reports what happened, whether or not it worked.
pub async fn reconcile(cluster: &KafkaConnect, ctx: &Context) -> Result<Action, Error> {
    if cluster.metadata.deletion_timestamp.is_some() {
        // Its objects follow by their owner references.
        return Ok(Action::await_change());
    }
    let outcome = converge(cluster, ctx).await;
    let seen = match &outcome {
        Ok(applied) => status::look(cluster, applied, ctx).await,
        Err(_) => status::Seen::default(),
    };
    let report = status::report(cluster, outcome.as_ref(), seen);
    let ready = report.ready();
    let reported = ctx.cluster_reports.write(cluster, report.into_status(cluster)).await;
    outcome?;
    reported?;
    Ok(Action::requeue(jittered(if ready { ctx.settings.resync } else { ctx.settings.retry })))
}

async fn converge(cluster: &KafkaConnect, ctx: &Context) -> Result<Applied, Error> {
    let references = references::fetch(cluster, &ctx.client).await?;
    let cluster = validate::cluster(cluster, &references, &ctx.settings.worker_image)?;
    let resources = build::resources(&cluster);
    Ok(apply::in_order(&resources, &cluster.namespace, &ctx.client).await?)
}
