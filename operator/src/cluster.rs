//! `KafkaConnect`: rivals → references → validate → build → apply (StatefulSet last) → look → refresh → roll → rollback
//! → status.

use kube::ResourceExt;
use kube::runtime::controller::Action;
use kube::runtime::events::EventType;
use sluice_crds::KafkaConnect;

use crate::context::{Context, jittered};
use crate::reason::{Reason, Retry};

pub mod access;
pub mod apply;
pub mod build;
pub mod children;
pub mod exactly_once;
pub mod group;
pub mod guard;
pub mod installation;
pub mod logging;
pub mod look;
pub mod overlay;
pub mod pod_parts;
pub mod pods;
pub mod rack;
pub mod references;
pub mod refresh;
pub mod resize;
mod rivals;
pub mod roll;
pub mod rollback;
pub mod seal;
pub mod status;
pub mod unmanaged;
mod unused;
pub mod validate;
pub mod worker_file;

use apply::Applied;
use look::Seen;
use roll::Step;
use rollback::History;
pub use validate::Cluster;

/// What keeps a cluster from its spec.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Something outside the spec could not be read.
    #[error(transparent)]
    References(#[from] references::Error),
    /// The REST API of the workers could not be reached as the spec says.
    #[error(transparent)]
    Access(#[from] access::Error),
    /// The workers could not be told who may do what.
    #[error(transparent)]
    Guard(#[from] guard::Error),
    /// The spec cannot be used.
    #[error(transparent)]
    Validate(#[from] validate::Error),
    /// An object could not be written.
    #[error(transparent)]
    Apply(#[from] apply::Error),
    /// The pods could not be asked.
    #[error(transparent)]
    Pods(#[from] pods::Error),
    /// A pod could not be told that mounted Secrets have changed.
    #[error(transparent)]
    Refresh(#[from] refresh::Error),
    /// A pod could not be replaced.
    #[error(transparent)]
    Roll(#[from] roll::Error),
    /// What ran before a change could not be kept or read.
    #[error(transparent)]
    Rollback(#[from] rollback::Error),
    /// The status could not be written.
    #[error(transparent)]
    Status(#[from] crate::report::Error),
}

impl Error {
    /// The condition reason.
    pub fn reason(&self) -> Reason {
        match self {
            Self::References(_)
            | Self::Access(access::Error::Read(_))
            | Self::Guard(guard::Error::Secret(_))
            | Self::Pods(_)
            | Self::Refresh(_)
            | Self::Roll(_)
            | Self::Rollback(_)
            | Self::Status(_) => Reason::ApiUnavailable,
            Self::Access(access::Error::Invalid(error)) | Self::Validate(error) => error.reason(),
            Self::Guard(guard::Error::Keys(error)) => error.reason(),
            Self::Guard(guard::Error::Authority(_)) => Reason::InvalidSpec,
            Self::Apply(error) => error.reason(),
        }
    }

    /// When to try again.
    pub fn retry(&self) -> Retry {
        match self {
            Self::Validate(error) => error.retry(),
            _ => Retry::Backoff,
        }
    }
}

/// Brings one cluster to its spec, then reports what happened, whether or not it worked.
pub async fn reconcile(cluster: &KafkaConnect, ctx: &Context) -> Result<Action, Error> {
    if cluster.metadata.deletion_timestamp.is_some() {
        // Its objects follow by their owner references.
        ctx.forget_cluster(&(cluster.namespace().unwrap_or_default(), cluster.name_any()));
        return Ok(Action::await_change());
    }
    let outcome = Box::pin(converge(cluster, ctx)).await;
    let report = status::report(cluster, outcome.as_ref());
    let ready = report.ready();
    let reported = ctx.cluster_reports.write(cluster, report.into_status(cluster)).await;
    outcome?;
    reported?;
    if ready {
        unmanaged(cluster, ctx).await;
    }
    Ok(Action::requeue(jittered(if ready { ctx.settings.resync } else { ctx.settings.retry })))
}

/// The cluster is well without it: what goes wrong is told, and tried again the next time.
async fn unmanaged(cluster: &KafkaConnect, ctx: &Context) {
    let workers = ctx.workers(&cluster.namespace().unwrap_or_default(), &cluster.name_any());
    let Some(workers) = workers else { return };
    if let Err(error) = unmanaged::settle(cluster, &workers, ctx).await {
        let reports = &ctx.cluster_reports;
        let note = format!("spec.unmanagedConnectors: {error}");
        reports.event(cluster, EventType::Warning, "NotSettled", "Reconcile", &note).await;
    }
}

/// A cluster whose objects are as they shall be.
#[derive(Debug)]
pub struct Converged {
    /// The objects.
    pub applied: Applied,
    /// What the pods and the workers say.
    pub seen: Seen,
    /// How the roll goes, if there is one.
    pub step: Step,
    /// What ran well before, and what was taken back.
    pub history: History,
}

async fn converge(cluster: &KafkaConnect, ctx: &Context) -> Result<Converged, Error> {
    let others = ctx.all_clusters().await;
    rivals::check(cluster, others.iter().filter_map(|it| it.0.as_ref().ok()))?;
    let references = references::fetch(cluster, &ctx.client, &ctx.seals).await?;
    let valid = validate::cluster(cluster, &references, &ctx.installation)?;
    let key = (valid.namespace.clone(), valid.name.clone());
    let guard = guard::ensure(&valid, &ctx.settings.keys, &ctx.client).await?;
    let access = access::find(&valid, guard.as_ref(), ctx.access(&key), &ctx.client).await?;
    ctx.set_access(key, access);
    let mut resources = build::resources(&valid);
    let planned = rollback::plan(cluster, &mut resources, &ctx.client).await?;
    let written = apply::in_order(&resources, &valid.namespace, &ctx.client, &ctx.children);
    let applied = Applied {
        stateful_set: written.await?,
        warnings: valid.warnings,
        is_halfway: valid.exactly_once.is_halfway,
    };
    let seen = look::look(cluster, &applied, ctx).await?;
    let mut renewed = valid.worker_file.renewed;
    renewed.extend(guard.map(|it| it.version));
    refresh::mounts(&renewed, &seen.pods, &valid.namespace, &ctx.client).await?;
    let step = roll::advance(cluster, &applied.stateful_set, &seen, ctx).await?;
    let mut converged = Converged { applied, seen, step, history: History::default() };
    let is_well = status::runs_well(cluster, &converged);
    let followed = rollback::follow(planned, cluster, &converged.step, is_well, &ctx.client);
    converged.history = followed.await?;
    Ok(converged)
}
