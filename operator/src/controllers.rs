//! The controllers: what each watches, and what makes it look at which resource.

use std::collections::BTreeSet;
use std::fmt::Debug;
use std::future::ready as done;
use std::sync::Arc;

use futures::future::join_all;
use futures::{Stream, StreamExt, TryStreamExt};
use k8s_openapi::NamespaceResourceScope;
use k8s_openapi::api::apps::v1::StatefulSet;
use k8s_openapi::api::core::v1::{ConfigMap, Secret, Service, ServiceAccount};
use k8s_openapi::api::networking::v1::NetworkPolicy;
use k8s_openapi::api::policy::v1::PodDisruptionBudget;
use kube::core::{DeserializeGuard, PartialObjectMeta};
use kube::runtime::controller::{self, Config};
use kube::runtime::reflector::{self, ObjectRef, Store};
use kube::runtime::{Controller, WatchStreamExt, watcher};
use kube::{Api, Client, Resource, ResourceExt};
use serde::de::DeserializeOwned;
use sluice_crds::{CLUSTER_LABEL, KafkaConnect, KafkaConnector, KafkaConnectorOffsets};
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;

use crate::cluster::children::Children;
use crate::cluster::group::poll::{self, Polled};
use crate::cluster::references;
use crate::connector::desired;
use crate::connector::place;
use crate::connector::references::Holder;
use crate::connector::secrets::Carried;
use crate::context::{Context, Key, Settings, Watched};
use crate::disappearances::Disappearances;
use crate::generations::Generations;
use crate::metrics::Metrics;
use crate::names;
use crate::reconcile::{self, Failure};
use crate::run::await_kind;

/// Clusters that are looked at at the same time.
const CLUSTERS: u16 = 16;
/// Connectors that are looked at at the same time. Each may wait for an answer of its workers.
const CONNECTORS: u16 = 64;
/// Operations that are looked at at the same time.
const OPERATIONS: u16 = 8;
/// Changes seen in groups that have yet to be looked at; then those who see them wait.
const CHANGES: usize = 256;

/// Objects of one kind, whether or not they fit their type.
type Guarded<K> = DeserializeGuard<K>;

/// Runs all controllers until `stop`; says `ready` once all resources have been listed.
pub(crate) async fn run(
    settings: Settings,
    client: Client,
    metrics: Metrics,
    ready: watch::Sender<bool>,
    stop: CancellationToken,
) {
    let (mut clusters, mut connectors, mut polled) = (Vec::new(), Vec::new(), Vec::new());
    let mut operations = Vec::new();
    let mut watched = Watched::default();
    for scope in scopes(&settings) {
        let place = Place { client: &client, namespace: scope.as_deref(), settings: &settings };
        let (of_clusters, of_connectors) =
            (place.clusters(&mut watched.children), place.connectors(&watched.carried));
        let (changed_clusters, cluster_changes) = mpsc::channel(CHANGES);
        let (changed_connectors, connector_changes) = mpsc::channel(CHANGES);
        polled.push(Polled {
            clusters: of_clusters.store(),
            connectors: of_connectors.store(),
            changed_clusters,
            changed_connectors,
        });
        clusters.push(of_clusters.reconcile_on(received(cluster_changes)));
        connectors.push(of_connectors.reconcile_on(received(connector_changes)));
        operations.push(place.controller::<KafkaConnectorOffsets>());
    }
    let stores: Vec<_> = clusters.iter().map(Controller::store).collect();
    let connector_stores: Vec<_> = connectors.iter().map(Controller::store).collect();
    watched.operations = operations.iter().map(Controller::store).collect();
    metrics.tell_of(stores.clone(), connector_stores.clone(), watched.operations.clone());
    let (known, owners) = (stores.clone(), connector_stores.clone());
    let ctx = Context::new(client.clone(), settings, metrics, known, owners, watched);
    let ctx = Arc::new(ctx);
    let clusters = clusters.into_iter().map(|controller| {
        let stopped = stop.clone().cancelled_owned();
        let results = controller
            .with_config(Config::default().concurrency(CLUSTERS))
            .graceful_shutdown_on(stopped)
            .run(reconcile::cluster, reconcile::cluster_failed, Arc::clone(&ctx));
        let ctx = Arc::clone(&ctx);
        follow(results, move |gone| ctx.forget_cluster(gone))
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
            let ctx = Arc::clone(&ctx);
            follow(results, move |gone| ctx.forget_connector(gone))
        });
        let begins = all_listed(&connector_stores);
        let operations = carry_out(operations, begins, ready, (&ctx, &stop));
        futures::join!(join_all(running), operations);
    };
    let polls = stop.run_until_cancelled(poll::run(Arc::clone(&ctx), polled));
    futures::join!(join_all(clusters), connectors, polls);
}

/// Runs the controllers of work on positions once the connectors are known that it speaks of, and says `ready` then.
/// Nobody waits for this kind, which the CRDs of an older release lack.
async fn carry_out(
    operations: Vec<Controller<Guarded<KafkaConnectorOffsets>>>,
    begins: impl Future<Output = ()>,
    ready: watch::Sender<bool>,
    (ctx, stop): (&Arc<Context>, &CancellationToken),
) {
    if stop.run_until_cancelled(begins).await.is_none() {
        return;
    }
    ready.send_replace(true);
    let known = await_kind::<KafkaConnectorOffsets>(&ctx.settings, &ctx.client);
    if stop.run_until_cancelled(known).await.is_none() {
        return;
    }
    let running = operations.into_iter().map(|controller| {
        let results = controller
            .with_config(Config::default().concurrency(OPERATIONS))
            .graceful_shutdown_on(stop.clone().cancelled_owned())
            .run(reconcile::operation, reconcile::operation_failed, Arc::clone(ctx));
        follow(results, move |gone| ctx.operation_backoff.succeeded(gone))
    });
    join_all(running).await;
}

fn received<T>(mut changes: mpsc::Receiver<T>) -> impl Stream<Item = T> {
    futures::stream::poll_fn(move |cx| changes.poll_recv(cx))
}

/// Where to watch: one entry a namespace, or one for all.
fn scopes(settings: &Settings) -> Vec<Option<String>> {
    if settings.namespaces.is_empty() {
        return vec![None];
    }
    settings.namespaces.iter().cloned().map(Some).collect()
}

/// What to watch, and where.
struct Place<'a> {
    client: &'a Client,
    namespace: Option<&'a str>,
    settings: &'a Settings,
}

impl Place<'_> {
    fn api<K>(&self) -> Api<K>
    where
        K: Resource<Scope = NamespaceResourceScope, DynamicType = ()>,
    {
        match self.namespace {
            Some(namespace) => Api::namespaced(self.client.clone(), namespace),
            None => Api::all(self.client.clone()),
        }
    }

    /// The resources of this operator's share.
    fn share(&self) -> watcher::Config {
        let all = watcher::Config::default();
        match &self.settings.labels {
            Some(labels) => all.labels(labels),
            None => all,
        }
    }

    /// Of its own objects, and of the Secrets and ConfigMaps that it names, only the metadata is watched: all that matters is that
    /// something changed.
    fn clusters(&self, children: &mut Children) -> Controller<Guarded<KafkaConnect>> {
        let controller = self.controller::<KafkaConnect>();
        let controller = self.owns::<StatefulSet>(controller, children);
        let controller = self.owns::<ConfigMap>(controller, children);
        let controller = self.owns::<Service>(controller, children);
        let controller = self.owns::<ServiceAccount>(controller, children);
        let controller = self.owns::<NetworkPolicy>(controller, children);
        let controller = self.owns::<PodDisruptionBudget>(controller, children);
        let store = controller.store();
        let of_secrets = store.clone();
        let controller = controller.watches_stream(self.changes::<Secret>(), move |secret| {
            let guarded = names::cluster_of_rest_secret(&secret.name_any())
                .map(|it| ObjectRef::new(it).within(&secret.namespace().unwrap_or_default()))
                .filter(|it| of_secrets.get(it).is_some());
            let naming = clusters_that_name(&secret, &of_secrets, |names| &names.secrets);
            naming.into_iter().chain(guarded)
        });
        controller.watches_stream(self.changes::<ConfigMap>(), move |map| {
            clusters_that_name(&map, &store, |names| &names.config_maps)
        })
    }

    fn owns<K>(
        &self,
        controller: Controller<Guarded<KafkaConnect>>,
        children: &mut Children,
    ) -> Controller<Guarded<KafkaConnect>>
    where
        K: Resource<Scope = NamespaceResourceScope, DynamicType = ()>
            + Clone
            + Debug
            + DeserializeOwned
            + Send
            + Sync
            + 'static,
    {
        let ours = watcher::Config::default().labels(names::MANAGED);
        let (reader, writer) = reflector::store::<PartialObjectMeta<K>>();
        children.add::<K>(reader);
        let changes = slim(watcher(self.api::<PartialObjectMeta<K>>(), ours).default_backoff());
        controller.owns_stream(steady(changes.reflect(writer).touched_objects()))
    }

    /// A cluster whose spec changes, that comes or goes, may be what its connectors have been waiting for. Its status
    /// changes too often to wake all of them; that the workers answer again is told by [`poll`].
    fn connectors(&self, carried: &Arc<Carried>) -> Controller<Guarded<KafkaConnector>> {
        let controller = self.controller::<KafkaConnector>();
        let store = controller.store();
        let clusters = self.api::<PartialObjectMeta<KafkaConnect>>();
        let events = watcher(clusters, self.share()).default_backoff();
        let mut generations = Generations::default();
        let changes = events.try_filter_map(move |event| done(Ok(generations.change(event))));
        let controller = controller
            .watches_stream(steady(changes), move |cluster| connectors_of(&cluster, &store));
        let controller = self.restores(controller, carried);
        let controller = self.follows::<Secret>(controller, Holder::Secret, carried);
        self.follows::<ConfigMap>(controller, Holder::ConfigMap, carried)
    }

    /// The controller of a kind: all of it is kept, but for who wrote what.
    fn controller<K>(&self) -> Controller<Guarded<K>>
    where
        K: Resource<Scope = NamespaceResourceScope, DynamicType = ()>
            + Clone
            + Debug
            + DeserializeOwned
            + Send
            + Sync
            + 'static,
    {
        let (reader, writer) = reflector::store::<Guarded<K>>();
        let changes = slim(watcher(self.api::<Guarded<K>>(), self.share()).default_backoff());
        Controller::for_stream(steady(changes.reflect(writer).touched_objects()), reader)
    }

    /// Changes of all objects of a kind, their metadata only.
    fn changes<K>(
        &self,
    ) -> impl Stream<Item = Result<PartialObjectMeta<K>, watcher::Error>> + Send + use<K>
    where
        K: Resource<Scope = NamespaceResourceScope, DynamicType = ()>
            + Clone
            + Debug
            + DeserializeOwned
            + Send
            + 'static,
    {
        let all = watcher::Config::default();
        steady(watcher(self.api(), all).default_backoff().touched_objects())
    }

    /// Looks at the connectors of a cluster again when somebody has deleted the Secret with their values.
    fn restores(
        &self,
        controller: Controller<Guarded<KafkaConnector>>,
        carried: &Arc<Carried>,
    ) -> Controller<Guarded<KafkaConnector>> {
        let (store, carried) = (controller.store(), Arc::clone(carried));
        let ours = watcher::Config::default().labels(names::MANAGED);
        let events = watcher(self.api::<PartialObjectMeta<Secret>>(), ours).default_backoff();
        let mut known = Disappearances::default();
        let lost = events.map_ok(move |event| {
            futures::stream::iter(known.after(event).into_iter().map(Ok::<_, watcher::Error>))
        });
        controller.watches_stream(steady(lost.try_flatten()), move |secret| {
            let cluster = secret.labels().get(CLUSTER_LABEL).cloned().unwrap_or_default();
            if names::connector_secrets(&cluster) != secret.name_any() {
                return Vec::new();
            }
            let namespace = secret.namespace().unwrap_or_default();
            carried.forget_all(&(namespace.clone(), cluster.clone()));
            ask_for((namespace, cluster), &store)
        })
    }

    /// Looks at connectors again when something that their settings refer to changes. Of that only the metadata is
    /// watched.
    fn follows<K>(
        &self,
        controller: Controller<Guarded<KafkaConnector>>,
        holder: Holder,
        carried: &Arc<Carried>,
    ) -> Controller<Guarded<KafkaConnector>>
    where
        K: Resource<Scope = NamespaceResourceScope, DynamicType = ()>
            + Clone
            + Debug
            + DeserializeOwned
            + Send
            + 'static,
    {
        let (store, carried) = (controller.store(), Arc::clone(carried));
        controller.watches_stream(self.changes::<K>(), move |object| {
            let refers = |connector: &Guarded<KafkaConnector>| {
                connector.namespace() == object.namespace()
                    && connector
                        .0
                        .as_ref()
                        .is_ok_and(|it| refers_to(it, holder, &object.name_any()))
            };
            let found = store.state_filter(refers);
            for connector in &found {
                carried.forget(&reconcile::key(connector.as_ref()));
            }
            found.iter().map(|it| ObjectRef::from_obj(it.as_ref())).collect::<Vec<_>>()
        })
    }
}

/// A watch that fails is begun again after a pause of its own. Told to the controller, its error would be a pause for all
/// watches.
fn steady<K>(
    changes: impl Stream<Item = Result<K, watcher::Error>> + Send,
) -> impl Stream<Item = Result<K, watcher::Error>> + Send
where
    K: Resource<DynamicType = ()> + Send,
{
    changes.filter_map(|change| {
        if let Err(error) = &change {
            tracing::warn!(kind = %K::kind(&()), error = %error, "cannot watch");
        }
        done(change.ok().map(Ok))
    })
}

/// Who wrote what is half of an object, and what kubectl applied another third, and nobody asks.
fn slim<K>(
    events: impl Stream<Item = Result<watcher::Event<K>, watcher::Error>> + Send,
) -> impl Stream<Item = Result<watcher::Event<K>, watcher::Error>> + Send
where
    K: Resource + Send,
{
    events.modify(|object| {
        let metadata = object.meta_mut();
        metadata.managed_fields = None;
        if let Some(annotations) = &mut metadata.annotations {
            annotations.remove(names::LAST_APPLIED);
        }
    })
}

fn refers_to(connector: &KafkaConnector, holder: Holder, name: &str) -> bool {
    let settings = desired::settings(&connector.spec.config);
    settings.is_ok_and(|(_, references)| {
        references.iter().any(|it| it.holder == holder && it.name == name)
    })
}

/// Clusters whose spec names an object, among the names that `kind` picks.
fn clusters_that_name<K>(
    object: &PartialObjectMeta<K>,
    store: &Store<Guarded<KafkaConnect>>,
    kind: fn(&references::Names) -> &BTreeSet<String>,
) -> Vec<ObjectRef<Guarded<KafkaConnect>>>
where
    K: Resource<DynamicType = ()>,
{
    let name = object.name_any();
    let reads = |cluster: &Guarded<KafkaConnect>| {
        cluster.namespace() == object.metadata.namespace
            && cluster.0.as_ref().is_ok_and(|it| kind(&references::names(&it.spec)).contains(&name))
    };
    store.state_filter(reads).iter().map(|it| ObjectRef::from_obj(it.as_ref())).collect()
}

fn connectors_of(
    cluster: &PartialObjectMeta<KafkaConnect>,
    store: &Store<Guarded<KafkaConnector>>,
) -> Vec<ObjectRef<Guarded<KafkaConnector>>> {
    ask_for(reconcile::key(cluster), store)
}

/// Connectors that ask for a cluster, from whatever namespace.
fn ask_for(
    (namespace, name): Key,
    store: &Store<Guarded<KafkaConnector>>,
) -> Vec<ObjectRef<Guarded<KafkaConnector>>> {
    let asks = |connector: &Guarded<KafkaConnector>| {
        connector.0.as_ref().is_ok_and(|it| {
            place::asked_cluster(it) == Some(name.as_str())
                && place::asked_namespace(it) == namespace
        })
    };
    store.state_filter(asks).iter().map(|it| ObjectRef::from_obj(it.as_ref())).collect()
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

/// What came of a look at a resource.
type Outcome<K> =
    Result<(ObjectRef<K>, controller::Action), controller::Error<Failure, watcher::Error>>;

/// The one place where failures are logged, and where it is noticed that a resource is gone.
async fn follow<K: Resource<DynamicType = ()>>(
    outcomes: impl Stream<Item = Outcome<K>>,
    forget: impl Fn(&Key),
) {
    let each = outcomes.for_each(|outcome| {
        match outcome {
            Ok(_) => {}
            Err(controller::Error::ObjectNotFound(gone)) => {
                forget(&(gone.namespace.unwrap_or_default(), gone.name));
            }
            Err(controller::Error::ReconcilerFailed(failure, object)) => {
                let kind = K::kind(&());
                tracing::warn!(%kind, %object, reason = %failure.reason, error = %failure.message, "cannot reconcile");
            }
            Err(error) => tracing::warn!(error = %error, "cannot watch"),
        }
        done(())
    });
    each.await;
}
