//! Resources of Strimzi and of Confluent's operator: converted, applied to a real API server and run as they come out, by
//! the operator and by workers on a real Kafka. Only the kubelet is played.

mod pod;

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use sluice_kit::kafka::{KafkaOptions, KafkaServer};
use sluice_kit::kubernetes::{ControlPlane, Kubectl, missing_for_control_plane};
use sluice_kit::{binaries, java, ports, wait};
use tokio::process::{Child, Command};

use pod::Kubelet;

const PATIENCE: Duration = Duration::from_secs(90);
const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/converted");
const LINES: &str = "one\ntwo\nthree\n";

/// Manifests of another operator, and where what comes of them runs.
struct Source {
    from: &'static str,
    file: &'static str,
    namespace: &'static str,
    cluster: &'static str,
    connectors: &'static [&'static str],
}

const SOURCES: [Source; 3] = [
    Source {
        from: "strimzi",
        file: "strimzi_v1",
        namespace: "shop",
        cluster: "shop",
        connectors: &["v1-source", "v1-sink"],
    },
    Source {
        from: "strimzi",
        file: "strimzi_v1beta2",
        namespace: "older",
        cluster: "older",
        connectors: &["v1beta2-source", "v1beta2-sink"],
    },
    Source {
        from: "cfk",
        file: "cfk",
        namespace: "confluent",
        cluster: "connect",
        connectors: &["cfk-source", "cfk-sink"],
    },
];

impl Source {
    /// The manifests with the broker and the folder of this machine, which are all that is changed by hand, converted;
    /// and what is told of them.
    async fn convert(&self, kafka: &str, folder: &Path) -> Result<(String, String)> {
        let text = std::fs::read_to_string(format!("{FOLDER}/{}.yaml", self.file))?;
        let mut text = text.replace("/mnt/files", &folder.join("files").display().to_string());
        for broker in ["my-kafka-bootstrap:9092", "kafka.confluent.svc.cluster.local:9071"] {
            text = text.replace(broker, kafka);
        }
        let file = folder.join(format!("{}.yaml", self.file));
        std::fs::write(&file, text)?;
        let mut sluice = Command::new(binaries::binary("sluice")?);
        sluice.args(["convert", self.from, "-f"]).arg(file);
        let output = sluice.stdin(Stdio::null()).output().await?;
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        ensure!(output.status.success(), "{told}");
        Ok((String::from_utf8(output.stdout)?, told))
    }

    /// An operator for the namespace, whose workers answer on a port of this machine.
    fn operator(&self, plane: &ControlPlane, port: u16) -> Result<Child> {
        let own = ports::free()?;
        let operator = Command::new(binaries::binary("sluice-operator")?)
            .arg(format!("--address=127.0.0.1:{own}"))
            .arg(format!("--watch-namespace={}", self.namespace))
            .arg(format!("--worker-url=http://127.0.0.1:{port}"))
            .arg("--leader-election=false")
            .env("KUBECONFIG", plane.kubeconfig())
            .stdout(Stdio::null())
            .kill_on_drop(true)
            .spawn()?;
        Ok(operator)
    }

    /// Waits until the cluster and its connectors are Ready.
    async fn ready(&self, kubectl: &Kubectl) -> Result<()> {
        let cluster = format!("kafkaconnects.sluice.dev/{}", self.cluster);
        let connectors =
            self.connectors.iter().map(|it| format!("kafkaconnectors.sluice.dev/{it}"));
        for resource in [cluster].into_iter().chain(connectors) {
            let wait = ["wait", "--for=condition=Ready", &resource, "--timeout=90s"];
            let here = ["--namespace", self.namespace];
            if let Err(error) = kubectl.run(wait.iter().chain(&here)).await {
                let story = kubectl.run(["describe", &resource].iter().chain(&here)).await?;
                return Err(error.context(story));
            }
        }
        Ok(())
    }
}

async fn prepare(plane: &ControlPlane) -> Result<()> {
    let kubectl = plane.kubectl();
    for definition in sluice_crds::definitions() {
        kubectl.apply(&definition.text()).await?;
    }
    kubectl.run(["wait", "--for=condition=Established", "crd", "--all", "--timeout=60s"]).await?;
    for Source { namespace, .. } in SOURCES {
        kubectl.run(["create", "namespace", namespace]).await?;
        let here = format!("--namespace={namespace}");
        let literal = "--from-literal=topic=converted-v1";
        kubectl.run(["create", "secret", "generic", "names", literal, &here]).await?;
    }
    Ok(())
}

/// The connector whose class is not there says so.
async fn missing_is_told(kubectl: &Kubectl) -> Result<()> {
    let reason = "the workers have no connector class io.debezium.connector.oracle.OracleConnector";
    let get = ["get", "kafkaconnectors.sluice.dev/v1-missing", "--namespace=shop", "-o=json"];
    wait::until_ok(PATIENCE, "the reason", async || {
        let connector: Value = serde_json::from_str(&kubectl.run(get).await?)?;
        let conditions = connector["status"]["conditions"].as_array().cloned().unwrap_or_default();
        let ready = conditions.iter().find(|it| it["type"] == "Ready").context("no condition")?;
        let message = ready["message"].as_str().unwrap_or_default();
        ensure!(ready["status"] == "False" && message.contains(reason), "{ready}");
        Ok(())
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_converted_becomes_ready_and_moves_records() -> Result<()> {
    sluice_kit::require!(missing_for_control_plane());
    sluice_kit::require!(java::missing());
    // Its own: an operator of another test may look at all namespaces of a shared one.
    let plane = &ControlPlane::start().await?;
    prepare(plane).await?;
    let kafka = KafkaServer::start(KafkaOptions::default()).await?;
    let folder = tempfile::tempdir()?;
    std::fs::create_dir(folder.path().join("files"))?;
    std::fs::write(folder.path().join("files/lines.txt"), LINES)?;
    let (mut told, mut running) = (String::new(), Vec::new());
    for source in &SOURCES {
        let (manifests, lines) = source.convert(&kafka.bootstrap(), folder.path()).await?;
        told.push_str(&lines);
        let file = folder.path().join(format!("{}.out.yaml", source.file));
        std::fs::write(&file, manifests)?;
        let file = file.display().to_string();
        let apply = ["apply", "--namespace", source.namespace, "-f", &file];
        plane.kubectl().run(apply).await?;
        let port = ports::free()?;
        let home = folder.path().join(source.namespace);
        std::fs::create_dir(&home)?;
        let operator = source.operator(plane, port)?;
        let mut kubelet = Kubelet::new(plane.client().await?, source.namespace, home);
        let pod = format!("{}-connect-0", source.cluster);
        let ran = kubelet.run(&pod, port).await;
        ran.with_context(|| kubelet.said(&pod))?;
        running.push((operator, kubelet));
    }
    for expected in [
        "spec.jvmOptions: there is no Java virtual machine",
        "spec.build: plugins are built into the workers",
        "spec.configOverrides.jvm: there is no Java virtual machine",
        "KafkaConnect shop: spec.config[sluice.file.paths]: ",
    ] {
        ensure!(told.contains(expected), "{expected} in {told}");
    }
    for source in &SOURCES {
        source.ready(plane.kubectl()).await?;
    }
    missing_is_told(plane.kubectl()).await?;
    let came = |name: &str| {
        std::fs::read_to_string(folder.path().join(format!("files/{name}.txt"))).unwrap_or_default()
    };
    wait::until(PATIENCE, "records in all files", async || {
        came("v1") == LINES && !came("v1beta2").is_empty() && !came("cfk").is_empty()
    })
    .await
}
