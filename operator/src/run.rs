//! From settings to a running operator, and back to nothing.

use std::future::Future;
use std::time::Duration;

use kube::api::ListParams;
use kube::core::PartialObjectMeta;
use kube::{Api, Client, Resource};
use serde::de::DeserializeOwned;
use sluice_crds::{KafkaConnect, KafkaConnector};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::{JoinError, JoinSet};
use tokio_util::sync::CancellationToken;

use crate::context::Settings;
use crate::metrics::Metrics;
use crate::{controllers, health, leader, reviews};

/// Why the operator cannot run.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The port for metrics and health, or that for workers, is taken.
    #[error("cannot listen on {address}: {source}")]
    Listen {
        /// Where.
        address: std::net::SocketAddr,
        /// Why.
        source: std::io::Error,
    },
    /// Serving metrics and health ended.
    #[error("cannot serve metrics: {0}")]
    Serve(#[from] std::io::Error),
    /// A part of the operator panicked.
    #[error("a part of the operator ended: {0}")]
    Part(#[from] JoinError),
}

/// Pause between looks for the CRDs.
const PAUSE: Duration = Duration::from_secs(2);

/// Longest time that running reconciles get once the operator shall stop: less than a pod has until it is killed.
const GRACE: Duration = Duration::from_secs(20);

/// Runs until `stop`, then lets running reconciles finish and gives up the lead.
pub async fn run(settings: Settings, client: Client, stop: CancellationToken) -> Result<(), Error> {
    let address = settings.address;
    let listen = |source| Error::Listen { address, source };
    let listener = TcpListener::bind(address).await.map_err(listen)?;
    let reviews = match settings.reviews.clone() {
        Some(reviews) => {
            let address = reviews.address;
            let listen = |source| Error::Listen { address, source };
            Some((TcpListener::bind(address).await.map_err(listen)?, reviews))
        }
        None => None,
    };
    let metrics = Metrics::default();
    let (ready, is_ready) = watch::channel(false);
    let mut parts = JoinSet::new();
    parts.spawn(health::serve(listener, metrics.clone(), is_ready, stop.clone()));
    if let Some((listener, reviews)) = reviews {
        let (keys, client) = (settings.keys.clone(), client.clone());
        parts.spawn(reviews::serve(listener, reviews, keys, client, stop.clone()));
    }
    parts.spawn(async move {
        if stop.run_until_cancelled(await_crds(&settings, &client)).await.is_some() {
            work(settings, client, metrics, ready, stop).await;
        }
        Ok(())
    });
    while let Some(part) = parts.join_next().await {
        part??;
    }
    Ok(())
}

/// Runs the controllers: as soon and as long as this process leads, if there is an election.
async fn work(
    settings: Settings,
    client: Client,
    metrics: Metrics,
    ready: watch::Sender<bool>,
    stop: CancellationToken,
) {
    let controllers = || {
        let (client, metrics) = (client.clone(), metrics.clone());
        let running =
            controllers::run(settings.clone(), client, metrics, ready.clone(), stop.clone());
        within_grace(Box::pin(running), stop.clone())
    };
    match settings.election.clone() {
        None => controllers().await,
        Some(election) => {
            leader::lead(election, &metrics, &ready, &stop, controllers).await;
        }
    }
}

async fn within_grace(running: impl Future<Output = ()>, stop: CancellationToken) {
    let over = async {
        stop.cancelled().await;
        tokio::time::sleep(GRACE).await;
    };
    tokio::select! {
        () = running => {}
        () = over => tracing::warn!("reconciles that do not end are left behind"),
    }
}

/// Watches of a kind that the API server does not know yet would fail over and over; an installer may well start the
/// operator before the CRDs are established.
async fn await_crds(settings: &Settings, client: &Client) {
    await_kind::<KafkaConnect>(settings, client).await;
    await_kind::<KafkaConnector>(settings, client).await;
}

/// Waits until the API server knows a kind.
pub(crate) async fn await_kind<K>(settings: &Settings, client: &Client)
where
    K: Resource<Scope = k8s_openapi::NamespaceResourceScope, DynamicType = ()>
        + Clone
        + std::fmt::Debug
        + DeserializeOwned,
{
    let api: Api<PartialObjectMeta<K>> = match settings.namespaces.first() {
        Some(namespace) => Api::namespaced(client.clone(), namespace),
        None => Api::all(client.clone()),
    };
    let mut one = ListParams::default().limit(1);
    one.label_selector.clone_from(&settings.labels);
    while let Err(error) = api.list_metadata(&one).await {
        tracing::warn!(kind = %K::kind(&()), error = %error, "cannot list resources; are the CRDs installed?");
        tokio::time::sleep(PAUSE).await;
    }
}
