//! The two controllers: what each watches, and what makes it look at which resource.

use std::fmt::Debug;
use std::sync::Arc;

use futures::StreamExt;
use futures::future::join_all;
use k8s_openapi::NamespaceResourceScope;
use k8s_openapi::api::apps::v1::StatefulSet;
use k8s_openapi::api::core::v1::{ConfigMap, Service, ServiceAccount};
use k8s_openapi::api::policy::v1::PodDisruptionBudget;
use kube::core::{DeserializeGuard, PartialObjectMeta};
use kube::runtime::controller::{self, Config};
use kube::runtime::reflector::{ObjectRef, Store};
use kube::runtime::{Controller, watcher};
use kube::{Api, Client, Resource, ResourceExt};
use serde::de::DeserializeOwned;
use sluice_crds::{CLUSTER_LABEL, KafkaConnect, KafkaConnector};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::context::{Context, Settings};
use crate::metrics::Metrics;
use crate::names;
use crate::reconcile::{self, Failure};

/// Clusters that are looked at at the same time.
const CLUSTERS: u16 = 8;
/// Connectors that are looked at at the same time. Each may wait for an answer of its workers.
const CONNECTORS: u16 = 32;

/// Objects of one kind, whether or not they fit their type.
type Guarded<K> = DeserializeGuard<K>;

/// Runs both controllers until `stop`; says `ready` once all resources have been listed.
pub(crate) async fn run(
    settings: Settings,
    client: Client,
    metrics: Metrics,
    ready: watch::Sender<bool>,
    stop: CancellationToken,
) {
    let scopes = scopes(&settings);
    let clusters: Vec<_> = scopes.iter().map(|scope| clusters(&client, scope.as_ref())).collect();
    let connectors: Vec<_> =
        scopes.iter().map(|scope| connectors(&client, scope.as_ref())).collect();
    let stores: Vec<_> = clusters.iter().map(Controller::store).collect();
    let connector_stores: Vec<_> = connectors.iter().map(Controller::store).collect();
    let ctx = Arc::new(Context::new(client, settings, metrics, stores.clone()));
    let clusters = clusters.into_iter().map(|controller| {
        let stopped = stop.clone().cancelled_owned();
        let results = controller
            .with_config(Config::default().concurrency(CLUSTERS))
            .graceful_shutdown_on(stopped)
            .run(reconcile::cluster, reconcile::cluster_failed, Arc::clone(&ctx));
        results.for_each(|result| async move { log(&result) })
    });
    let listed = stop.run_until_cancelled(all_listed(&stores));
    let connectors = async {
        // A connector whose cluster has not been listed yet would be told that there is none.
        if listed.await.is_none() {
            return;
        }
        let running = connectors.into_iter().map(|controller| {
            let stopped = stop.clone().cancelled_owned();
            let results = controller
                .with_config(Config::default().concurrency(CONNECTORS))
                .graceful_shutdown_on(stopped)
                .run(reconcile::connector, reconcile::connector_failed, Arc::clone(&ctx));
            results.for_each(|result| async move { log(&result) })
        });
        let announced = async {
            if stop.run_until_cancelled(all_listed(&connector_stores)).await.is_some() {
                ready.send_replace(true);
            }
        };
        futures::join!(join_all(running), announced);
    };
    futures::join!(join_all(clusters), connectors);
}

/// Where to watch: one entry a namespace, or one for all.
fn scopes(settings: &Settings) -> Vec<Option<String>> {
    if settings.namespaces.is_empty() {
        return vec![None];
    }
    settings.namespaces.iter().cloned().map(Some).collect()
}

fn api<K>(client: &Client, scope: Option<&String>) -> Api<K>
where
    K: Resource<Scope = NamespaceResourceScope, DynamicType = ()>,
{
    match scope {
        Some(namespace) => Api::namespaced(client.clone(), namespace),
        None => Api::all(client.clone()),
    }
}

/// Of its own objects only the metadata is watched: all that matters is that something changed.
fn clusters(client: &Client, scope: Option<&String>) -> Controller<Guarded<KafkaConnect>> {
    let all = watcher::Config::default();
    let controller = Controller::new(api::<Guarded<KafkaConnect>>(client, scope), all);
    let controller = owns::<StatefulSet>(controller, client, scope);
    let controller = owns::<ConfigMap>(controller, client, scope);
    let controller = owns::<Service>(controller, client, scope);
    let controller = owns::<ServiceAccount>(controller, client, scope);
    owns::<PodDisruptionBudget>(controller, client, scope)
}

fn owns<K>(
    controller: Controller<Guarded<KafkaConnect>>,
    client: &Client,
    scope: Option<&String>,
) -> Controller<Guarded<KafkaConnect>>
where
    K: Resource<Scope = NamespaceResourceScope, DynamicType = ()>
        + Clone
        + Debug
        + DeserializeOwned
        + Send
        + 'static,
{
    let ours = watcher::Config::default().labels(names::MANAGED);
    controller.owns(api::<PartialObjectMeta<K>>(client, scope), ours)
}

/// A cluster that changes may be what its connectors have been waiting for.
fn connectors(client: &Client, scope: Option<&String>) -> Controller<Guarded<KafkaConnector>> {
    let all = watcher::Config::default();
    let controller = Controller::new(api::<Guarded<KafkaConnector>>(client, scope), all.clone());
    let store = controller.store();
    let clusters = api::<PartialObjectMeta<KafkaConnect>>(client, scope);
    controller.watches(clusters, all, move |cluster| connectors_of(&cluster, &store))
}

fn connectors_of(
    cluster: &PartialObjectMeta<KafkaConnect>,
    store: &Store<Guarded<KafkaConnector>>,
) -> Vec<ObjectRef<Guarded<KafkaConnector>>> {
    let belongs = |connector: &Guarded<KafkaConnector>| {
        connector.labels().get(CLUSTER_LABEL) == cluster.metadata.name.as_ref()
            && connector.namespace() == cluster.namespace()
    };
    store.state_filter(belongs).iter().map(|it| ObjectRef::from_obj(it.as_ref())).collect()
}

async fn all_listed<K>(stores: &[Store<K>])
where
    K: Resource<DynamicType = ()> + Clone + 'static,
{
    for store in stores {
        // Fails only if the controller is gone, and then nothing is left to wait for.
        let _gone = store.wait_until_ready().await;
    }
}

/// The one place where failures are logged.
fn log<K: Resource<DynamicType = ()>>(
    result: &Result<(ObjectRef<K>, controller::Action), controller::Error<Failure, watcher::Error>>,
) {
    match result {
        // The object may have gone away between the event and the look at it.
        Ok(_) | Err(controller::Error::ObjectNotFound(_)) => {}
        Err(controller::Error::ReconcilerFailed(failure, object)) => {
            let kind = K::kind(&());
            tracing::warn!(%kind, %object, reason = %failure.reason, error = %failure.message, "cannot reconcile");
        }
        Err(error) => tracing::warn!(error = %error, "cannot watch"),
    }
}
