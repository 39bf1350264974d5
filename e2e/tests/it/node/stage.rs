//! What each test of the node tier stands on: one node with the operator for all tests, and for each test a namespace
//! with the quickstart, a Kafka of its own and a folder that its pods share.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::Duration;

use anyhow::{Context, Result};
use serde_json::Value;
use sluice_kit::image::product;
use sluice_kit::kafka::{KafkaOptions, KafkaServer};
use sluice_kit::kubernetes::{Kubectl, Node};
use sluice_kit::wait;
use tokio::sync::{Mutex, MutexGuard, OnceCell};
use tokio::task::spawn_blocking;

use super::lines;

/// The repository's root.
pub(super) const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");

/// How long anything may take on a busy machine of two cores.
pub(super) const PATIENCE: Duration = Duration::from_mins(4);

/// Namespace, Kafka and files of one test.
pub(super) struct Stage {
    pub(super) node: &'static Node,
    pub(super) namespace: &'static str,
    pub(super) kafka: KafkaServer,
    folder: PathBuf,
    _turn: MutexGuard<'static, ()>,
}

impl Stage {
    /// Prepares everything but the quickstart itself.
    pub(super) async fn set(namespace: &'static str) -> Result<Self> {
        static PORT: AtomicU16 = AtomicU16::new(9_100);
        let turn = turn().await;
        let node = node_with_operator().await?;
        let port = PORT.fetch_add(10, Ordering::Relaxed);
        let kafka = KafkaServer::start(KafkaOptions {
            host: Node::ADDRESS.to_string(),
            port: Some(port),
            network_of: Some(node.process_id()),
            ..KafkaOptions::default()
        });
        let kafka = kafka.await?;
        let folder = node.shared_folder(namespace)?;
        node.kubectl().run(["create", "namespace", namespace]).await?;
        node.offer_server(namespace, ("kafka", 9_092), port).await?;
        node.offer_volume(namespace, "quickstart-files", &folder).await?;
        Ok(Self { node, namespace, kafka, folder, _turn: turn })
    }

    /// Applies `deploy/samples/quickstart` as a user does and waits until all of it is Ready.
    pub(super) async fn apply_quickstart(&self) -> Result<()> {
        let sample = format!("{ROOT}/deploy/samples/quickstart");
        self.kubectl(&["apply", "-k", &sample]).await?;
        self.all_ready().await
    }

    /// Waits until the cluster and its connectors say that they are Ready.
    pub(super) async fn all_ready(&self) -> Result<()> {
        for kind in ["kafkaconnects.sluice.dev", "kafkaconnectors.sluice.dev"] {
            let wait = ["wait", "--for=condition=Ready", "--all", kind, "--timeout=240s"];
            if let Err(error) = self.kubectl(&wait).await {
                return Err(error.context(self.story().await));
            }
        }
        Ok(())
    }

    /// kubectl in the test's namespace.
    pub(super) async fn kubectl(&self, arguments: &[&str]) -> Result<String> {
        let namespaced = ["--namespace", self.namespace];
        self.node.kubectl().run(namespaced.iter().chain(arguments)).await
    }

    /// The file that the source reads.
    pub(super) fn source(&self) -> PathBuf {
        self.folder.join("lines.txt")
    }

    /// The file that the sink writes.
    pub(super) fn copy(&self) -> PathBuf {
        self.folder.join("copy.txt")
    }

    /// Waits until the last of that many lines is the last of the copy.
    pub(super) async fn copied(&self, lines: u64) -> Result<()> {
        let copy = self.copy();
        let what = format!("{lines} lines in the copy");
        let arrived = wait::until(PATIENCE, &what, async || lines::is_last(&copy, lines - 1)).await;
        match arrived {
            Ok(()) => Ok(()),
            Err(error) => {
                let there = std::fs::metadata(copy).map_or(0, |it| it.len() / lines::LENGTH);
                let story = self.story().await;
                Err(error.context(format!("there is room for {there} lines in it\n{story}")))
            }
        }
    }

    /// The pod that runs a connector's first task, as the resource says.
    pub(super) async fn pod_of(&self, connector: &str) -> Result<String> {
        let resource = format!("kafkaconnectors.sluice.dev/{connector}");
        let text = self.kubectl(&["get", &resource, "-o", "json"]).await?;
        let resource: Value = serde_json::from_str(&text)?;
        let worker = resource["status"]["connectorStatus"]["tasks"][0]["worker_id"].as_str();
        let worker = worker.with_context(|| format!("{connector} has no task: {text}"))?;
        let (pod, _) = worker.split_once('.').context("a worker is known by its pod's name")?;
        Ok(pod.to_owned())
    }

    /// What a reader of a failure wants to know.
    pub(super) async fn story(&self) -> String {
        let mut story = String::new();
        for arguments in [
            &["get", "pods,kafkaconnects.sluice.dev,kafkaconnectors.sluice.dev", "-o", "wide"][..],
            &["describe", "kafkaconnectors.sluice.dev"],
            &["get", "events", "--sort-by=.lastTimestamp"],
            &["logs", "my-connect-connect-0", "--tail=40"],
            &["logs", "my-connect-connect-1", "--tail=40"],
            &["logs", "--namespace=sluice-system", "deployment/sluice-operator", "--tail=20"],
        ] {
            let said = self.kubectl(arguments).await.unwrap_or_else(|error| format!("{error:#}"));
            story.push_str(&said);
            story.push('\n');
        }
        story
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        // The next test needs the processors, not the namespace: nobody waits for it to be gone.
        let delete = ["delete", "namespace", self.namespace, "--wait=false"];
        let _ = self.node.kubectl().command(delete).as_std_mut().status();
    }
}

/// Tests of the node tier take turns: two at once would only be slower, and wait for each other's processors.
pub(super) async fn turn() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::const_new(());
    TURN.lock().await
}

/// The images of all programs, built once for the tests.
pub(super) async fn images() -> Result<&'static [PathBuf]> {
    static IMAGES: OnceCell<Vec<PathBuf>> = OnceCell::const_new();
    let write = async || {
        let profile = "image";
        let folder = product::default_folder(profile);
        spawn_blocking(move || product::write_all(profile, &folder)).await?
    };
    Ok(IMAGES.get_or_try_init(write).await?.as_slice())
}

async fn node_with_operator() -> Result<&'static Node> {
    static NODE: OnceCell<Node> = OnceCell::const_new();
    NODE.get_or_try_init(async || {
        let node = Node::start(images().await?).await?;
        let kubectl = node.kubectl();
        kubectl.run(["apply", "--server-side", "-k", &format!("{ROOT}/deploy/base")]).await?;
        available(kubectl, "sluice-system").await?;
        Ok(node)
    })
    .await
}

/// Waits until the operator in a namespace is available.
pub(super) async fn available(kubectl: &Kubectl, namespace: &str) -> Result<()> {
    let namespaced = ["--namespace", namespace];
    let wait = ["wait", "--for=condition=Available", "deployment", "--all", "--timeout=120s"];
    let outcome = kubectl.run(namespaced.iter().chain(&wait)).await;
    if let Err(error) = outcome {
        let pods = kubectl.run(namespaced.iter().chain(&["describe", "pods"])).await?;
        return Err(error.context(pods));
    }
    Ok(())
}
