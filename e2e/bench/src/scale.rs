//! The operator with more resources than most have, on a real API server, and with workers that are nothing but their REST
//! API: what it asks, how long everything takes, and what it holds.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use kube::{Api, Client, api::PostParams};
use serde_json::json;
use sluice_crds::{KafkaConnect, KafkaConnector};
use sluice_kit::kubernetes::ControlPlane;
use tokio::task::JoinSet;
use tokio::time::sleep;

mod count;
mod kubelet;
mod operator;
mod standins;

use crate::process::{self, Memory};
use count::{Count, Counts};
use operator::Operator;
use standins::Standins;

/// Requests that create resources at the same time.
const AT_ONCE: usize = 8;
/// Tasks that fail, one after the other.
const FAILURES: usize = 20;
/// How long anything may take.
const PATIENCE: Duration = Duration::from_mins(30);
/// How long nothing has to be asked before everything counts as done.
const REST: Duration = Duration::from_secs(20);
const PAUSE: Duration = Duration::from_millis(500);
const NAMESPACE: &str = "scale";

/// How much of everything.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Size {
    pub(crate) clusters: usize,
    pub(crate) connectors: usize,
    /// How long it is watched while nothing is to be done.
    pub(crate) idle: Duration,
}

/// What was measured.
#[derive(Clone, Debug)]
pub(crate) struct Scale {
    pub(crate) size: Size,
    /// From the first cluster to the last one's `Ready`.
    pub(crate) clusters_ready: Duration,
    /// From the first connector to the last one's `Ready`, and how long creating them took.
    pub(crate) connectors_ready: Duration,
    pub(crate) connectors_created: Duration,
    /// Requests to the API server for clusters until they were ready.
    pub(crate) for_clusters: Count,
    /// The same for connectors, and those that clusters needed meanwhile.
    pub(crate) for_connectors: Count,
    pub(crate) for_clusters_meanwhile: Count,
    /// The bound below which 99 of 100 reconciles took, in seconds, by controller; none if it is beyond all.
    pub(crate) slowest: [(&'static str, Option<f64>); 2],
    /// From a task's failure to `Ready=False`, sorted.
    pub(crate) failures: Vec<Duration>,
    /// Requests while nothing was to be done.
    pub(crate) idle: Count,
    pub(crate) memory: Memory,
    /// From the start of the program until it has looked at everything.
    pub(crate) restart: Duration,
}

/// Measures once.
pub(crate) async fn measure(size: Size) -> Result<Scale> {
    let bed = Bed::start().await?;
    let mut operator = Operator::start(&bed.kubeconfig, &bed.workers.address).await?;
    let start = Instant::now();
    bed.create_clusters(size.clusters).await?;
    operator.until_ready("KafkaConnect", size.clusters, PATIENCE).await?;
    let clusters_ready = start.elapsed();
    let before = bed.at_rest().await?;
    let for_clusters = before.count(Counts::is_work);
    eprintln!("{} clusters are ready after {clusters_ready:?}", size.clusters);

    let start = Instant::now();
    bed.create_connectors(size).await?;
    let connectors_created = start.elapsed();
    operator.until_ready("KafkaConnector", size.connectors, PATIENCE).await?;
    let connectors_ready = start.elapsed();
    let after = bed.at_rest().await?.since(&before);
    eprintln!("{} connectors are ready after {connectors_ready:?}: {after:?}", size.connectors);
    let slowest = [
        ("cluster", operator.p99("cluster").await?),
        ("connector", operator.p99("connector").await?),
    ];

    let failures = bed.fail(size).await?;
    let before = bed.at_rest().await?;
    sleep(size.idle).await;
    let idle = bed.counts.now().since(&before);
    eprintln!("at rest: {idle:?}");
    let memory = process::memory(operator.process()?)?;
    operator.stop().await?;
    let start = Instant::now();
    let operator = Operator::start(&bed.kubeconfig, &bed.workers.address).await?;
    operator.until_looked_at(size.clusters, size.connectors, PATIENCE).await?;
    Ok(Scale {
        size,
        clusters_ready,
        connectors_ready,
        connectors_created,
        for_clusters,
        for_connectors: after.count(Counts::is_of_connectors),
        for_clusters_meanwhile: after.count(Counts::is_of_clusters),
        slowest,
        failures,
        idle: idle.count(Counts::is_work),
        memory,
        restart: start.elapsed(),
    })
}

/// A control plane with one who plays the kubelet, workers that stand in, and the way that an operator's requests take.
struct Bed {
    client: Client,
    workers: Standins,
    counts: Counts,
    kubeconfig: tempfile::TempPath,
    _tasks: JoinSet<()>,
    _plane: ControlPlane,
}

impl Bed {
    async fn start() -> Result<Self> {
        let plane = ControlPlane::start().await?;
        for definition in sluice_crds::definitions() {
            plane.kubectl().apply(&definition.text()).await?;
        }
        let established = ["wait", "--for=condition=Established", "crd", "--all", "--timeout=60s"];
        plane.kubectl().run(established).await?;
        plane.kubectl().run(["create", "namespace", NAMESPACE]).await?;
        let client = plane.client().await?;
        let mut tasks = JoinSet::new();
        tasks.spawn(kubelet::play(client.clone(), NAMESPACE));
        let workers = Standins::serve(&mut tasks).await?;
        let counts = Counts::default();
        let kubeconfig = count::serve(client.clone(), counts.clone(), &mut tasks).await?;
        Ok(Self { client, workers, counts, kubeconfig, _tasks: tasks, _plane: plane })
    }

    async fn create_clusters(&self, count: usize) -> Result<()> {
        let clusters: Api<KafkaConnect> = Api::namespaced(self.client.clone(), NAMESPACE);
        for number in 0..count {
            let name = format!("c-{number}");
            let object = json!({"metadata": {"name": name}, "spec": {
                "replicas": 1,
                "bootstrapServers": "kafka:9092",
                "groupId": name,
                "configStorageTopic": format!("{name}-configs"),
                "statusStorageTopic": format!("{name}-status"),
                "offsetStorageTopic": format!("{name}-offsets"),
            }});
            clusters.create(&PostParams::default(), &serde_json::from_value(object)?).await?;
        }
        Ok(())
    }

    /// Creates connectors of all clusters in turn.
    async fn create_connectors(&self, size: Size) -> Result<()> {
        let mut creators = JoinSet::new();
        for first in 0..AT_ONCE {
            let connectors: Api<KafkaConnector> = Api::namespaced(self.client.clone(), NAMESPACE);
            creators.spawn(async move {
                for number in (first..size.connectors).step_by(AT_ONCE) {
                    let object = json!({
                        "metadata": {"name": format!("k-{number}")},
                        "spec": {
                            "cluster": cluster_of(number, size),
                            "class": "org.example.Source",
                            "tasksMax": 1,
                            "config": {"topic": format!("topic-{number}"), "batch.size": 500},
                        },
                    });
                    let object = serde_json::from_value(object)?;
                    connectors.create(&PostParams::default(), &object).await?;
                }
                anyhow::Ok(())
            });
        }
        while let Some(created) = creators.join_next().await {
            created??;
        }
        Ok(())
    }

    /// Waits until the operator asks for nothing but its Lease, and gives what it has asked by then.
    async fn at_rest(&self) -> Result<Count> {
        let (start, mut since) = (Instant::now(), Instant::now());
        let mut seen = self.counts.now();
        while since.elapsed() < REST {
            ensure!(start.elapsed() < PATIENCE, "the operator does not come to rest");
            sleep(PAUSE).await;
            let now = self.counts.now();
            if now.count(Counts::is_work).sum() != seen.count(Counts::is_work).sum() {
                (seen, since) = (now, Instant::now());
            }
        }
        Ok(seen)
    }

    /// Has tasks fail one after the other, and says how long that took to show.
    async fn fail(&self, size: Size) -> Result<Vec<Duration>> {
        let connectors: Api<KafkaConnector> = Api::namespaced(self.client.clone(), NAMESPACE);
        let mut took = Vec::new();
        for failure in 0..FAILURES.min(size.connectors) {
            let number = failure * size.connectors / FAILURES.max(1);
            let (cluster, name) = (cluster_of(number, size), format!("k-{number}"));
            for (state, shown) in [("FAILED", "False"), ("RUNNING", "True")] {
                let start = Instant::now();
                self.workers.set_task(&cluster, &name, state);
                while ready(&connectors.get_status(&name).await?) != Some(shown.to_owned()) {
                    ensure!(start.elapsed() < PATIENCE, "{name} does not show that it is {state}");
                    sleep(PAUSE / 10).await;
                }
                if state == "FAILED" {
                    took.push(start.elapsed());
                }
            }
        }
        took.sort();
        Ok(took)
    }
}

fn cluster_of(number: usize, size: Size) -> String {
    format!("c-{}", number % size.clusters)
}

fn ready(connector: &KafkaConnector) -> Option<String> {
    let conditions = &connector.status.as_ref()?.conditions;
    conditions.iter().find(|it| it.type_ == "Ready").map(|it| it.status.clone())
}
