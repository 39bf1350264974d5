//! A namespace with an operator in it, on the shared control plane.

use std::fmt::Debug;
use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use k8s_openapi::NamespaceResourceScope;
use k8s_openapi::api::core::v1::{Namespace, Pod, ResourceRequirements};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use kube::api::{DeleteParams, ListParams, Patch, PatchParams, PostParams};
use kube::{Api, Client, Resource, ResourceExt};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use sluice_crds::{KafkaConnect, KafkaConnector};
use sluice_kit::kubernetes::ControlPlane;
use sluice_operator::Settings;
use sluice_operator::keys;
use sluice_operator::leader::{self, Election, Times};
use tokio::sync::OnceCell;
use tokio::task::JoinSet;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::workers::Workers;

/// How long anything may take on a busy machine.
pub(crate) const PATIENCE: Duration = Duration::from_mins(1);
const PAUSE: Duration = Duration::from_millis(50);
/// Name of the operator's own Secret.
pub(crate) const KEYS: &str = "sluice-operator-keys";
/// Often enough that a test sees the lease renewed.
const RENEWAL: Duration = Duration::from_secs(1);

/// One test's part of the control plane.
pub(crate) struct Bed {
    pub(crate) client: Client,
    pub(crate) namespace: String,
    pub(crate) workers: Workers,
    operator: JoinSet<()>,
    stop: CancellationToken,
}

/// The control plane that the tests share, with the CRDs.
pub(crate) async fn shared_plane() -> Result<&'static ControlPlane> {
    static CRDS: OnceCell<()> = OnceCell::const_new();
    let plane = ControlPlane::shared().await?;
    CRDS.get_or_try_init(|| install_crds(plane, |_| {})).await?;
    Ok(plane)
}

/// Applies the CRDs, each changed first.
pub(crate) async fn install_crds(plane: &ControlPlane, change: fn(&mut Value)) -> Result<()> {
    for mut definition in sluice_crds::definitions() {
        change(&mut definition.object);
        plane.kubectl().apply(&definition.text()).await?;
    }
    let established = ["wait", "--for=condition=Established", "crd", "--all", "--timeout=60s"];
    plane.kubectl().run(established).await.map(drop)
}

impl Bed {
    /// A namespace of its own, with workers and an operator.
    pub(crate) async fn new() -> Result<Self> {
        Self::with(|_| {}).await
    }

    /// The same with other settings of the operator.
    pub(crate) async fn with(change: impl FnOnce(&mut Settings)) -> Result<Self> {
        let client = shared_plane().await?.client().await?;
        let namespace = create_namespace(&client).await?;
        Self::assemble(client.clone(), namespace, client, change).await
    }

    /// The same in a namespace that is there already.
    pub(crate) async fn within(client: Client, namespace: String, theirs: Client) -> Result<Self> {
        Self::assemble(client, namespace, theirs, |_| {}).await
    }

    /// The same with other settings.
    pub(crate) async fn within_and(
        client: Client,
        namespace: String,
        theirs: Client,
        change: impl FnOnce(&mut Settings),
    ) -> Result<Self> {
        Self::assemble(client, namespace, theirs, change).await
    }

    /// The same without an operator.
    pub(crate) async fn idle() -> Result<Self> {
        let client = shared_plane().await?.client().await?;
        let namespace = create_namespace(&client).await?;
        Ok(Self::empty(client, namespace))
    }

    async fn assemble(
        client: Client,
        namespace: String,
        theirs: Client,
        change: impl FnOnce(&mut Settings),
    ) -> Result<Self> {
        let mut bed = Self::empty(client, namespace);
        bed.run(theirs, change).await?;
        Ok(bed)
    }

    fn empty(client: Client, namespace: String) -> Self {
        Self {
            workers: Workers::default(),
            operator: JoinSet::new(),
            stop: CancellationToken::new(),
            client,
            namespace,
        }
    }

    async fn run(&mut self, client: Client, change: impl FnOnce(&mut Settings)) -> Result<()> {
        let (address, _server) = self.workers.serve().await?;
        let mut settings = Settings {
            namespaces: vec![self.namespace.clone()],
            worker_url: format!("http://{address}/{{cluster}}"),
            connect_rest: vec!["*".to_owned()],
            address: "127.0.0.1:0".parse()?,
            resync: Duration::from_millis(300),
            poll: Duration::from_millis(300),
            watch: Duration::from_millis(200),
            retry: Duration::from_millis(100),
            calm: Duration::ZERO,
            cleanup: Duration::from_secs(2),
            keys: keys::Place { namespace: self.namespace.clone(), name: KEYS.to_owned() },
            election: Some(Election {
                client: client.clone(),
                namespace: self.namespace.clone(),
                name: "sluice-operator".to_owned(),
                identity: leader::identity(),
                times: Times::new(PATIENCE, PATIENCE / 2, RENEWAL).map_err(anyhow::Error::msg)?,
            }),
            ..Settings::new("sluice/worker:test")
        };
        change(&mut settings);
        let stop = self.stop.clone();
        self.operator.spawn(async move {
            let running = sluice_operator::run(settings, client, stop);
            running.await.expect("the operator runs until it is stopped or the test ends");
        });
        Ok(())
    }

    /// Lets the operator end as it does when its pod is deleted.
    pub(crate) async fn stop(&mut self) -> Result<()> {
        self.stop.cancel();
        while let Some(ended) = self.operator.join_next().await {
            ended?;
        }
        Ok(())
    }

    pub(crate) fn api<K>(&self) -> Api<K>
    where
        K: Resource<Scope = NamespaceResourceScope, DynamicType = ()>,
    {
        Api::namespaced(self.client.clone(), &self.namespace)
    }

    /// Creates a cluster; `spec` is laid over a sound one.
    pub(crate) async fn cluster(&self, name: &str, spec: &Value) -> Result<KafkaConnect> {
        let object = cluster(name, spec);
        Ok(self.api().create(&PostParams::default(), &serde_json::from_value(object)?).await?)
    }

    /// Creates a connector of the cluster `my-connect`.
    pub(crate) async fn connector(&self, name: &str, spec: &Value) -> Result<KafkaConnector> {
        let object = connector(name, spec);
        Ok(self.api().create(&PostParams::default(), &serde_json::from_value(object)?).await?)
    }

    /// Changes an object as a user would.
    pub(crate) async fn change<K>(&self, name: &str, patch: &Value) -> Result<K>
    where
        K: Resource<Scope = NamespaceResourceScope, DynamicType = ()>
            + Clone
            + Debug
            + DeserializeOwned,
    {
        let parameters = PatchParams::default();
        Ok(self.api().patch(name, &parameters, &Patch::Merge(patch)).await?)
    }

    /// Plays the kubelet: every pod of the namespace becomes ready.
    pub(crate) async fn make_pods_ready(&self) -> Result<()> {
        make_ready(&self.client, &self.api()).await
    }

    /// Plays the kubelet: a pod is so.
    pub(crate) async fn set_pod_status(&self, name: &str, status: &Value) -> Result<()> {
        let status = Patch::Merge(json!({"status": status}));
        self.api::<Pod>().patch_status(name, &PatchParams::default(), &status).await?;
        Ok(())
    }

    /// Plays the kubelet again: pods that shall end have ended.
    pub(crate) async fn end_pods(&self) -> Result<()> {
        let pods: Api<Pod> = self.api();
        for pod in pods.list(&ListParams::default()).await? {
            if pod.metadata.deletion_timestamp.is_some() {
                let at_once = DeleteParams::default().grace_period(0);
                // It may have gone by itself.
                drop(pods.delete(&pod.name_any(), &at_once).await);
            }
        }
        Ok(())
    }

    /// Waits until a cluster is ready as it was last asked for, making its pods ready meanwhile.
    pub(crate) async fn ready_cluster(&self, name: &str) -> Result<KafkaConnect> {
        self.ready_cluster_of(name, "").await
    }

    /// The same, with so many workers, such as `3/3`.
    pub(crate) async fn ready_cluster_of(&self, name: &str, workers: &str) -> Result<KafkaConnect> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            self.make_pods_ready().await?;
            let cluster: KafkaConnect = self.api().get(name).await?;
            let status = cluster.status.clone().unwrap_or_default();
            let words = words(&status.conditions);
            let seen = status.observed_generation == cluster.metadata.generation;
            let count = status.workers.unwrap_or_default().ends_with(workers);
            if seen && count && words.iter().any(|word| word.starts_with("Ready=True")) {
                return Ok(cluster);
            }
            ensure!(Instant::now() < deadline, "{name} did not become ready: {words:?}");
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// Waits until a connector has a condition, such as `Ready=False TaskFailed`, of its latest generation.
    pub(crate) async fn connector_is(&self, name: &str, expected: &str) -> Result<KafkaConnector> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let connector: KafkaConnector = self.api().get(name).await?;
            let status = connector.status.clone().unwrap_or_default();
            let words = words(&status.conditions);
            let seen = status.observed_generation == connector.metadata.generation;
            if seen && words.iter().any(|word| word == expected) {
                return Ok(connector);
            }
            ensure!(Instant::now() < deadline, "{name} is not {expected}: {words:?}");
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// Waits until something holds.
    pub(crate) async fn until(
        &self,
        what: &str,
        mut condition: impl AsyncFnMut() -> Result<bool>,
    ) -> Result<()> {
        let deadline = Instant::now() + PATIENCE;
        while !condition().await? {
            ensure!(Instant::now() < deadline, "waited {PATIENCE:?} for {what}");
            tokio::time::sleep(PAUSE).await;
        }
        Ok(())
    }

    /// Waits until an object is gone.
    pub(crate) async fn gone<K>(&self, name: &str) -> Result<()>
    where
        K: Resource<Scope = NamespaceResourceScope, DynamicType = ()>
            + Clone
            + Debug
            + DeserializeOwned,
    {
        let api: Api<K> = self.api();
        self.until(&format!("{name} to go"), async || Ok(api.get_opt(name).await?.is_none())).await
    }
}

/// Plays the kubelet: pods that are not ready become so.
pub(crate) async fn make_ready(client: &Client, pods: &Api<Pod>) -> Result<()> {
    let status = json!({"status": {
        "phase": "Running",
        "conditions": [{"type": "Ready", "status": "True"}],
    }});
    for pod in pods.list(&ListParams::default()).await? {
        let conditions = pod.status.iter().flat_map(|it| it.conditions.iter().flatten());
        if conditions.into_iter().any(|it| it.type_ == "Ready" && it.status == "True") {
            continue;
        }
        let inside: Api<Pod> =
            Api::namespaced(client.clone(), &pod.namespace().unwrap_or_default());
        let parameters = PatchParams::default();
        // It may have been replaced meanwhile.
        match inside.patch_status(&pod.name_any(), &parameters, &Patch::Merge(&status)).await {
            Err(kube::Error::Api(answer)) if answer.is_not_found() => {}
            outcome => outcome.map(drop)?,
        }
    }
    Ok(())
}

/// Plays the kubelet: says of each container that it has what it was asked to have.
pub(crate) async fn give_resources(pods: &Api<Pod>) -> Result<()> {
    for pod in pods.list(&ListParams::default()).await? {
        let containers = pod.spec.iter().flat_map(|spec| &spec.containers);
        let wanted: Vec<_> = containers.map(|it| (&it.name, &it.resources)).collect();
        let told = pod.status.iter().flat_map(|it| it.container_statuses.iter().flatten());
        if told.map(|it| (&it.name, &it.resources)).eq(wanted.iter().copied()) {
            continue;
        }
        let status = |(name, resources): &(&String, &Option<ResourceRequirements>)| {
            json!({
                "name": name, "image": "i", "imageID": "", "ready": true, "restartCount": 0,
                "resources": resources,
            })
        };
        let statuses: Vec<Value> = wanted.iter().map(status).collect();
        let status = Patch::Merge(json!({"status": {"containerStatuses": statuses}}));
        // It may have been replaced meanwhile.
        match pods.patch_status(&pod.name_any(), &PatchParams::default(), &status).await {
            Err(kube::Error::Api(answer)) if answer.is_not_found() => {}
            outcome => outcome.map(drop)?,
        }
    }
    Ok(())
}

/// A sound cluster with `spec` laid over it.
pub(crate) fn cluster(name: &str, spec: &Value) -> Value {
    let mut object = json!({
        "apiVersion": "sluice.dev/v1alpha1",
        "kind": "KafkaConnect",
        "metadata": {"name": name},
        "spec": {
            "replicas": 2,
            "bootstrapServers": "kafka:9092",
            "groupId": name,
            "configStorageTopic": format!("{name}-configs"),
            "statusStorageTopic": format!("{name}-status"),
            "offsetStorageTopic": format!("{name}-offsets"),
        }
    });
    for (key, value) in spec.as_object().into_iter().flatten() {
        object["spec"][key] = value.clone();
    }
    object
}

/// A connector of `my-connect`.
pub(crate) fn connector(name: &str, spec: &Value) -> Value {
    json!({
        "apiVersion": "sluice.dev/v1alpha1",
        "kind": "KafkaConnector",
        "metadata": {"name": name, "labels": {"sluice.dev/cluster": "my-connect"}},
        "spec": spec,
    })
}

/// Conditions as `Type=Status Reason`.
pub(crate) fn words(conditions: &[Condition]) -> Vec<String> {
    let word = |it: &Condition| format!("{}={} {}", it.type_, it.status, it.reason);
    conditions.iter().map(word).collect()
}

/// A namespace that no other test has, and that admits restricted pods only.
pub(crate) async fn create_namespace(client: &Client) -> Result<String> {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let name = format!("bed-{}", NEXT.fetch_add(1, Ordering::Relaxed));
    let namespace: Namespace = serde_json::from_value(json!({"metadata": {
        "name": name,
        "labels": {"pod-security.kubernetes.io/enforce": "restricted"},
    }}))?;
    let namespaces: Api<Namespace> = Api::all(client.clone());
    namespaces.create(&PostParams::default(), &namespace).await.context("creating a namespace")?;
    Ok(name)
}

/// The root of the repository.
pub(crate) fn root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}
