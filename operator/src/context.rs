//! What every reconcile needs: clients, settings, and what is shared between resources.

use std::collections::{BTreeMap, HashMap};
use std::hash::{BuildHasher, RandomState};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use kube::core::DeserializeGuard;
use kube::runtime::reflector::{ObjectRef, Store};
use kube::{Client, Resource, ResourceExt};
use sluice_crds::{KafkaConnect, KafkaConnector, KafkaConnectorOffsets};

use crate::backoff::Backoff;
use crate::cluster::access::{self, Access};
use crate::cluster::children::Children;
use crate::cluster::group::poll;
use crate::cluster::installation::Installation;
use crate::cluster::roll::Rolls;
use crate::cluster::seal::Seals;
use crate::connect_api::{ConnectApi, Connections, connections};
use crate::connector::external::Clients;
use crate::connector::place::{self, Place};
use crate::connector::reach;
use crate::connector::revisions::{Fresh, Snapshots};
use crate::connector::secrets::Carried;
use crate::definitions::Definitions;
use crate::events::Events;
use crate::keys;
use crate::leader::Election;
use crate::metrics::Metrics;
use crate::report::Reports;
use crate::reviews::Reviews;
use crate::slots::{Silence, Slots};
use crate::{cluster, connector, operation};

/// Settings of the operator.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Namespaces to watch; all if empty.
    pub namespaces: Vec<String>,
    /// Label selector of the resources that are this operator's; all if none.
    pub labels: Option<String>,
    /// Image of workers whose cluster names none.
    pub worker_image: String,
    /// Images of workers by the version that clusters name.
    pub worker_images: BTreeMap<String, String>,
    /// Where the workers of a cluster answer: an address with `{cluster}` and `{namespace}` in it.
    pub worker_url: String,
    /// Addresses of REST APIs that resources may name; `*` is any.
    pub connect_rest: Vec<String>,
    /// Where metrics and health are served.
    pub address: SocketAddr,
    /// The Secret with what all secrets of the operator are derived from.
    pub keys: keys::Place,
    /// How workers ask whose a token is; none, and their clients cannot show any.
    pub reviews: Option<Reviews>,
    /// The candidacy for the lead; none, and this operator works whoever else does.
    pub election: Option<Election>,
    /// Pause until a resource that is well is looked at again.
    pub resync: Duration,
    /// Pause until a connector that is well is compared with its resource again. That its state changed is seen sooner.
    pub poll: Duration,
    /// Pause between two questions to a group whether the state of something changed.
    pub watch: Duration,
    /// Pause while a resource is on its way.
    pub retry: Duration,
    /// How long all pods have to be ready before a roll goes on to the next one.
    pub calm: Duration,
    /// How long a kubelet may take to resize a pod before the pod is replaced.
    pub resize: Duration,
    /// Longest time that the deletion of a connector waits for the workers.
    pub cleanup: Duration,
}

impl Settings {
    /// The settings for a worker image; everything else as it is meant to be in a cluster.
    pub fn new(worker_image: impl Into<String>) -> Self {
        Self {
            namespaces: Vec::new(),
            labels: None,
            worker_image: worker_image.into(),
            worker_images: BTreeMap::new(),
            worker_url: "http://{cluster}-connect-api.{namespace}.svc:8083".to_owned(),
            connect_rest: Vec::new(),
            address: SocketAddr::from(([0, 0, 0, 0], 8080)),
            keys: keys::Place::default(),
            reviews: None,
            election: None,
            resync: Duration::from_mins(30),
            poll: Duration::from_mins(1),
            watch: poll::PAUSE,
            retry: Duration::from_secs(2),
            calm: cluster::roll::CALM,
            resize: cluster::roll::RESIZE,
            cleanup: Duration::from_mins(1),
        }
    }
}

/// Namespace and name.
pub(crate) type Key = (String, String);

/// What watches keep for reconciles.
#[derive(Default)]
pub(crate) struct Watched {
    /// The objects of the clusters.
    pub(crate) children: Children,
    /// Values of Secrets that workers have.
    pub(crate) carried: Arc<Carried>,
    /// Work on positions.
    pub(crate) operations: Vec<Store<DeserializeGuard<KafkaConnectorOffsets>>>,
}

/// Shared by all reconciles.
pub struct Context {
    /// The Kubernetes API.
    pub client: Client,
    /// Settings of the operator.
    pub settings: Settings,
    /// What of them clusters depend on.
    pub installation: Installation,
    /// Counts and times.
    pub metrics: Metrics,
    /// Writes the status of clusters.
    pub cluster_reports: Reports,
    /// Writes the status of connectors.
    pub connector_reports: Reports,
    /// Writes the status of work on positions.
    pub operation_reports: Reports,
    /// The objects of the clusters.
    pub(crate) children: Children,
    /// Keys of digests.
    pub(crate) seals: Seals,
    /// Rolls under way.
    pub(crate) rolls: Rolls,
    /// Clusters whose workers do not answer.
    pub(crate) silence: Silence,
    /// Room for connectors.
    pub(crate) slots: Slots,
    /// Settings of other times.
    pub(crate) snapshots: Snapshots,
    /// Settings that were kept just now.
    pub(crate) fresh: Fresh,
    /// Kafka Connect that the operator does not run.
    pub(crate) external: Clients,
    /// Values of Secrets that workers have.
    pub(crate) carried: Arc<Carried>,
    /// Failures in a row of clusters.
    pub(crate) cluster_backoff: Backoff<Key>,
    /// Failures in a row of connectors.
    pub(crate) connector_backoff: Backoff<Key>,
    /// Failures in a row of work on positions.
    pub(crate) operation_backoff: Backoff<Key>,
    clusters: Vec<Store<DeserializeGuard<KafkaConnect>>>,
    connectors: Vec<Store<DeserializeGuard<KafkaConnector>>>,
    operations: Vec<Store<DeserializeGuard<KafkaConnectorOffsets>>>,
    connections: Connections,
    /// The ways to clusters that take something special.
    accesses: Mutex<HashMap<Key, Access>>,
}

impl Context {
    /// With the resources that the stores hold, and the objects of clusters.
    pub(crate) fn new(
        client: Client,
        settings: Settings,
        metrics: Metrics,
        clusters: Vec<Store<DeserializeGuard<KafkaConnect>>>,
        connectors: Vec<Store<DeserializeGuard<KafkaConnector>>>,
        watched: Watched,
    ) -> Self {
        // One for all, or equal events of several controllers would not be counted together.
        let events = Events::new(client.clone());
        let definitions = Definitions::new(client.clone(), metrics.clone());
        let reports =
            |manager| Reports::new(client.clone(), events.clone(), definitions.clone(), manager);
        Self {
            cluster_reports: reports(cluster::apply::MANAGER),
            connector_reports: reports(connector::MANAGER),
            operation_reports: reports(operation::MANAGER),
            children: watched.children,
            seals: Seals::default(),
            rolls: Rolls::default(),
            silence: Silence::default(),
            slots: Slots::default(),
            snapshots: Snapshots::default(),
            fresh: Fresh::default(),
            external: Clients::default(),
            carried: watched.carried,
            cluster_backoff: Backoff::default(),
            connector_backoff: Backoff::default(),
            operation_backoff: Backoff::default(),
            operations: watched.operations,
            connections: connections(),
            accesses: Mutex::default(),
            installation: Installation {
                worker_image: settings.worker_image.clone(),
                worker_images: settings.worker_images.clone(),
                namespace: client.default_namespace().to_owned(),
                reviews: settings.reviews.as_ref().map(|it| it.url.clone()),
            },
            client,
            settings,
            metrics,
            clusters,
            connectors,
        }
    }

    /// The REST API of a cluster; none while the way there takes something special and the cluster has not been looked
    /// at: in the clear, what is sent would be for anybody.
    pub fn workers(&self, namespace: &str, cluster: &str) -> Option<ConnectApi> {
        let url = self.settings.worker_url.replace("{cluster}", cluster);
        let url = url.replace("{namespace}", namespace);
        let Some(access) = self.access(&(namespace.to_owned(), cluster.to_owned())) else {
            let found = self.cluster(namespace, cluster);
            let is_special = found.is_some_and(|it| it.0.as_ref().is_ok_and(access::is_special));
            return (!is_special).then(|| ConnectApi::new(self.connections.clone(), url));
        };
        let Access { connections, authorization, .. } = access;
        let url = match &connections {
            Some(_) => url.replacen("http://", "https://", 1),
            None => url,
        };
        let connections = connections.unwrap_or_else(|| self.connections.clone());
        Some(ConnectApi::new(connections, url).authorized(authorization))
    }

    /// A REST API at an address.
    pub fn connect_api(&self, url: String) -> ConnectApi {
        ConnectApi::new(self.connections.clone(), url)
    }

    /// What is special about the way to a cluster's workers, as far as its cluster has been looked at.
    pub(crate) fn access(&self, key: &Key) -> Option<Access> {
        self.accesses.lock().unwrap_or_else(PoisonError::into_inner).get(key).cloned()
    }

    /// Keeps what is special about it.
    pub(crate) fn set_access(&self, key: Key, access: Option<Access>) {
        let mut accesses = self.accesses.lock().unwrap_or_else(PoisonError::into_inner);
        match access {
            Some(access) => accesses.insert(key, access),
            None => accesses.remove(&key),
        };
    }

    /// Forgets a cluster that is gone.
    pub(crate) fn forget_cluster(&self, key: &Key) {
        self.set_access(key.clone(), None);
        self.children.forget(&key.0, &key.1);
        self.rolls.forget(key);
        self.seals.forget(key);
        self.silence.note(key, false);
        self.cluster_backoff.succeeded(key);
    }

    /// Forgets a connector that is gone.
    pub(crate) fn forget_connector(&self, key: &Key) {
        self.carried.forget(key);
        self.fresh.forget(key);
        self.connector_backoff.succeeded(key);
    }

    /// All clusters, once they have been listed.
    pub(crate) async fn all_clusters(&self) -> Vec<Arc<DeserializeGuard<KafkaConnect>>> {
        let listed = async {
            for store in &self.clusters {
                // Fails only if the controller is gone, and then nothing is left to wait for.
                let _gone = store.wait_until_ready().await;
            }
        };
        if tokio::time::timeout(LISTS, listed).await.is_err() {
            tracing::warn!(
                "some clusters have not been listed yet; duplicates of their groups go unseen"
            );
        }
        self.clusters.iter().flat_map(Store::state).collect()
    }

    /// A cluster as it was last seen.
    pub fn cluster(
        &self,
        namespace: &str,
        name: &str,
    ) -> Option<Arc<DeserializeGuard<KafkaConnect>>> {
        let reference = ObjectRef::new(name).within(namespace);
        self.clusters.iter().find_map(|store| store.get(&reference))
    }

    /// A resource with a better right to a place, if there is one. Looks at all connectors.
    pub(crate) fn better_claim(
        &self,
        connector: &KafkaConnector,
        place: &Place,
    ) -> Option<ObjectRef<DeserializeGuard<KafkaConnector>>> {
        self.connector_where(|other| {
            place::has_better_right(other, connector, place) && self.claims(other, place)
        })
    }

    /// Whether a resource asks for a place. Looks at all connectors.
    pub(crate) fn is_asked_for(&self, place: &Place) -> bool {
        self.connector_where(|it| self.claims(it, place)).is_some()
    }

    /// Whether a resource other than `object` asks for a place. Looks at all connectors.
    pub(crate) fn is_claimed(&self, place: &Place, object: &impl Resource) -> bool {
        let claims = |it: &KafkaConnector| !place::is_same(it, object) && self.claims(it, place);
        self.connector_where(claims).is_some()
    }

    /// Whether another resource asks for a place and has it.
    pub(crate) fn is_held(&self, place: &Place, object: &impl Resource) -> bool {
        let holds = |it: &KafkaConnector| {
            !place::is_same(it, object)
                && place::known(it).as_ref() == Some(place)
                && self.claims(it, place)
        };
        self.connector_where(holds).is_some()
    }

    /// Whether a resource asks for a place that is one for its namespace. Who is not let in has no claim on anything.
    fn claims(&self, connector: &KafkaConnector, place: &Place) -> bool {
        let home = connector.namespace().unwrap_or_default();
        place::asked(connector).as_ref() == Some(place)
            && (place.namespace == home || reach::cluster(place, &home, self).is_some())
    }

    /// The connector that an operation speaks of, as it was last seen.
    pub(crate) fn connector(&self, operation: &KafkaConnectorOffsets) -> Option<KafkaConnector> {
        let namespace = operation.namespace().unwrap_or_default();
        let reference = ObjectRef::new(&operation.spec.connector).within(&namespace);
        let found = self.connectors.iter().find_map(|store| store.get(&reference))?;
        found.0.as_ref().ok().cloned()
    }

    /// The name of an operation that has to end before this one begins, if there is one.
    pub(crate) fn operation_before(&self, operation: &KafkaConnectorOffsets) -> Option<String> {
        let comes_before = |other: &DeserializeGuard<KafkaConnectorOffsets>| {
            other.0.as_ref().is_ok_and(|other| operation::turn::comes_before(other, operation))
        };
        let found = self.operations.iter().find_map(|store| store.find(comes_before));
        found.map(|found| found.name_any())
    }

    fn connector_where(
        &self,
        holds: impl Fn(&KafkaConnector) -> bool,
    ) -> Option<ObjectRef<DeserializeGuard<KafkaConnector>>> {
        let found = self
            .connectors
            .iter()
            .find_map(|store| store.find(|guarded| guarded.0.as_ref().is_ok_and(&holds)));
        found.map(|found| ObjectRef::from_obj(found.as_ref()))
    }
}

/// Longest time to wait for a list of clusters, as of a namespace that the operator may not see.
const LISTS: Duration = Duration::from_secs(10);

/// A pause, longer by up to an eighth: resources that started together do not stay together.
pub(crate) fn jittered(pause: Duration) -> Duration {
    pause + pause.mul_f64(noise() / 8.0)
}

/// A number from 0 to 1, another one each time.
pub(crate) fn noise() -> f64 {
    (RandomState::new().hash_one(0u8) % 1000) as f64 / 1000.0
}
