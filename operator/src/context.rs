//! What every reconcile needs: clients, settings, and what is shared between resources.

use std::hash::{BuildHasher, RandomState};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use kube::Client;
use kube::core::DeserializeGuard;
use kube::runtime::events::{Recorder, Reporter};
use kube::runtime::reflector::{ObjectRef, Store};
use sluice_crds::KafkaConnect;

use crate::backoff::Backoff;
use crate::connect_api::{ConnectApi, Connections, connections};
use crate::metrics::Metrics;
use crate::report::Reports;
use crate::{cluster, connector};

/// Settings of the operator.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Namespaces to watch; all if empty.
    pub namespaces: Vec<String>,
    /// Image of workers whose cluster names none.
    pub worker_image: String,
    /// Where the workers of a cluster answer: an address with `{cluster}` and `{namespace}` in it.
    pub worker_url: String,
    /// Where metrics and health are served.
    pub address: SocketAddr,
    /// Pause until a resource that is well is looked at again.
    pub resync: Duration,
    /// Pause until the state of a connector that is well is asked for again.
    pub poll: Duration,
    /// Pause while a resource is on its way.
    pub retry: Duration,
    /// Longest time that the deletion of a connector waits for the workers.
    pub cleanup: Duration,
}

impl Settings {
    /// The settings for a worker image; everything else as it is meant to be in a cluster.
    pub fn new(worker_image: impl Into<String>) -> Self {
        Self {
            namespaces: Vec::new(),
            worker_image: worker_image.into(),
            worker_url: "http://{cluster}-connect-api.{namespace}.svc:8083".to_owned(),
            address: SocketAddr::from(([0, 0, 0, 0], 8080)),
            resync: Duration::from_mins(5),
            poll: Duration::from_secs(15),
            retry: Duration::from_secs(2),
            cleanup: Duration::from_mins(1),
        }
    }
}

/// Namespace and name.
pub(crate) type Key = (String, String);

/// Shared by all reconciles.
pub struct Context {
    /// The Kubernetes API.
    pub client: Client,
    /// Settings of the operator.
    pub settings: Settings,
    /// Counts and times.
    pub metrics: Metrics,
    /// Writes the status of clusters.
    pub cluster_reports: Reports,
    /// Writes the status of connectors.
    pub connector_reports: Reports,
    /// Failures in a row of clusters.
    pub(crate) cluster_backoff: Backoff<Key>,
    /// Failures in a row of connectors.
    pub(crate) connector_backoff: Backoff<Key>,
    clusters: Vec<Store<DeserializeGuard<KafkaConnect>>>,
    connections: Connections,
}

impl Context {
    /// With the clusters that `clusters` hold.
    pub fn new(
        client: Client,
        settings: Settings,
        metrics: Metrics,
        clusters: Vec<Store<DeserializeGuard<KafkaConnect>>>,
    ) -> Self {
        // One recorder, or equal events of the two controllers would not be counted together.
        let recorder = Recorder::new(client.clone(), Reporter::from("sluice-operator"));
        let reports = |manager| Reports::new(client.clone(), recorder.clone(), manager);
        Self {
            cluster_reports: reports(cluster::apply::MANAGER),
            connector_reports: reports(connector::MANAGER),
            cluster_backoff: Backoff::default(),
            connector_backoff: Backoff::default(),
            connections: connections(),
            client,
            settings,
            metrics,
            clusters,
        }
    }

    /// The REST API of a cluster.
    pub fn workers(&self, namespace: &str, cluster: &str) -> ConnectApi {
        let url = self.settings.worker_url.replace("{cluster}", cluster);
        ConnectApi::new(self.connections.clone(), url.replace("{namespace}", namespace))
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
}

/// A pause, longer by up to an eighth: resources that started together do not stay together.
pub(crate) fn jittered(pause: Duration) -> Duration {
    let noise = RandomState::new().hash_one(0u8) % 125;
    pause + pause.mul_f64(noise as f64 / 1000.0)
}
