//! What is scraped: a worker with connectors that work, fail, skip and hang, and an operator with a resource that cannot
//! be brought into its state.

use std::net::TcpListener;
use std::path::Path;
use std::process::Stdio;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use sluice_kit::binaries::binary;
use sluice_kit::connect::{ConnectWorker, WorkerFile};
use sluice_kit::kafka::KafkaServer;
use sluice_kit::kubernetes::ControlPlane;
use sluice_kit::prometheus::Target;
use sluice_kit::wait;
use tempfile::TempDir;
use tokio::process::{Child, Command};

use super::{PATIENCE, queries};

const TOPIC: &str = "monitored";

pub(super) struct Subjects {
    worker: ConnectWorker,
    operators_address: String,
    _operator: Child,
    _folder: TempDir,
}

impl Subjects {
    pub(super) async fn start() -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let worker = worker(folder.path()).await?;
        let (operator, operators_address) = operator().await?;
        Ok(Self { worker, operators_address, _operator: operator, _folder: folder })
    }

    /// Both, with the labels that Prometheus Operator would find at their pods.
    pub(super) fn targets(&self) -> Result<Vec<Target>> {
        let worker = self.worker.metrics_address().context("a worker with metrics")?;
        Ok(vec![
            Target {
                address: worker.to_owned(),
                labels: json!({
                    "namespace": "shop",
                    "pod": "my-connect-connect-0",
                    "__meta_kubernetes_pod_name": "my-connect-connect-0",
                    "__meta_kubernetes_pod_label_sluice_dev_cluster": "my-connect",
                }),
                relabelings: queries::relabelings()?,
            },
            Target {
                address: self.operators_address.clone(),
                labels: json!({"namespace": "sluice-system", "pod": "sluice-operator-0"}),
                relabelings: json!([]),
            },
        ])
    }
}

async fn worker(folder: &Path) -> Result<ConnectWorker> {
    let kafka = KafkaServer::shared().await?;
    let file = WorkerFile::new(&kafka.bootstrap(), TOPIC)
        .with("sluice.file.paths", &folder.display().to_string())
        .with("task.shutdown.graceful.timeout.ms", "1000")
        .with("offset.flush.interval.ms", "500")
        .with("consumer.metadata.max.age.ms", "500");
    let worker = ConnectWorker::sluice_program(&binary("hanging-worker")?, &file).await?;
    for (name, state, config) in connectors(folder) {
        put(&worker, name, &config, state).await?;
    }
    // A thread that does not end stays behind when its connector goes.
    wait::until_ok(PATIENCE, "the connector that hangs to go", async || {
        worker.ask("DELETE", "/connectors/hangs", None).await.map(drop)
    })
    .await?;
    Ok(worker)
}

/// Name, the state that connector and task come to (RUNNING is both, FAILED one of them), and configuration.
fn connectors(folder: &Path) -> Vec<(&'static str, &'static str, Value)> {
    let steady = json!({
        "connector.class": "VerifiableSource", "topic": TOPIC, "throughput": "20",
        "value.converter": "org.apache.kafka.connect.storage.StringConverter",
        "topic.creation.default.partitions": "1", "topic.creation.default.replication.factor": "1",
    });
    let sink = json!({
        "connector.class": "FileStreamSink", "file": folder.join("out"), "topics": TOPIC,
        "value.converter": "org.apache.kafka.connect.storage.StringConverter",
    });
    // What the source writes as text has no eight bytes.
    let bad = json!({
        "connector.class": "FileStreamSink", "file": folder.join("none"), "topics": TOPIC,
        "value.converter": "org.apache.kafka.connect.converters.LongConverter",
        "errors.tolerance": "all",
        "errors.deadletterqueue.topic.name": format!("{TOPIC}-dead"),
        "errors.deadletterqueue.topic.replication.factor": "1",
    });
    let mut fails = bad.clone();
    fails["errors.tolerance"] = "none".into();
    let hangs = json!({
        "connector.class": "com.example.HangingSourceConnector", "name": "hangs",
        "hang.in": "poll", "hang.how": "block",
    });
    // Its class is there, and what it is told is not.
    let broken = json!({
        "connector.class": "MockSourceConnector", "mock_mode": "connector-failure", "delay_ms": "0",
    });
    vec![
        ("steady", "RUNNING", steady),
        ("sink", "RUNNING", sink),
        ("bad", "RUNNING", bad),
        ("fails", "FAILED", fails),
        ("hangs", "RUNNING", hangs),
        ("broken", "FAILED", broken),
    ]
}

async fn put(worker: &ConnectWorker, name: &str, config: &Value, state: &str) -> Result<()> {
    wait::until_ok(PATIENCE, &format!("{name} to be created"), async || {
        worker.ask("PUT", &format!("/connectors/{name}/config"), Some(config)).await.map(drop)
    })
    .await?;
    wait::until_ok(PATIENCE, &format!("{name} to be {state}"), async || {
        let status = worker.ask("GET", &format!("/connectors/{name}/status"), None).await?;
        let mut parts = [&status["connector"], &status["tasks"][0]].into_iter();
        let is_so = |part: &Value| part["state"] == state;
        let holds = if state == "FAILED" { parts.any(is_so) } else { parts.all(is_so) };
        ensure!(holds, "{status}");
        Ok(())
    })
    .await
}

/// An operator that has to do with a cluster whose Secret is not there.
async fn operator() -> Result<(Child, String)> {
    let plane = ControlPlane::shared().await?;
    let kubectl = plane.kubectl();
    for definition in sluice_crds::definitions() {
        kubectl.apply(&definition.text()).await?;
    }
    kubectl.run(["wait", "--for=condition=Established", "crd", "--all", "--timeout=60s"]).await?;
    let cluster = json!({
        "apiVersion": "sluice.dev/v1alpha1",
        "kind": "KafkaConnect",
        "metadata": {"name": "monitored", "namespace": "default"},
        "spec": {
            "replicas": 0,
            "bootstrapServers": "kafka:9092",
            "groupId": "monitored",
            "configStorageTopic": "monitored-configs",
            "statusStorageTopic": "monitored-status",
            "offsetStorageTopic": "monitored-offsets",
            "authentication": {
                "type": "plain",
                "username": "u",
                "passwordSecret": {"secretName": "missing", "password": "password"},
            },
        },
    });
    kubectl.apply(&cluster.to_string()).await?;
    let address = format!("127.0.0.1:{}", TcpListener::bind("127.0.0.1:0")?.local_addr()?.port());
    let operator = Command::new(binary("sluice-operator")?)
        .arg(format!("--address={address}"))
        .env("KUBECONFIG", plane.kubeconfig())
        .stdout(Stdio::null())
        .kill_on_drop(true)
        .spawn()?;
    Ok((operator, address))
}
