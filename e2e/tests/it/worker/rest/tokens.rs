//! Clients that show tokens of Kubernetes, from the resource to the answer: a real operator on a real API server tells a real
//! worker what roles grant.

use std::net::TcpListener;
use std::path::Path;
use std::process::Stdio;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use sluice_kit::binaries::binary;
use sluice_kit::connect::{ConnectWorker, HttpAnswer, HttpRequest, Launch, WorkerFile};
use sluice_kit::java;
use sluice_kit::kafka::KafkaServer;
use sluice_kit::kubernetes::{ControlPlane, Kubectl, missing_for_control_plane};
use sluice_kit::wait;
use tokio::process::{Child, Command};

use super::PATIENCE;

const NAMESPACE: &str = "tokens";
const HERE: &str = "--namespace=tokens";

fn free() -> Result<String> {
    Ok(format!("127.0.0.1:{}", TcpListener::bind("127.0.0.1:0")?.local_addr()?.port()))
}

/// The definitions, and a namespace of its own.
async fn install(kubectl: &Kubectl) -> Result<()> {
    for definition in sluice_crds::definitions() {
        kubectl.apply(&definition.text()).await?;
    }
    kubectl.run(["wait", "--for=condition=Established", "crd", "--all", "--timeout=60s"]).await?;
    kubectl.run(["create", "namespace", NAMESPACE]).await?;
    Ok(())
}

/// A cluster whose clients show tokens.
fn cluster(bootstrap: &str) -> Value {
    json!({
        "apiVersion": "sluice.dev/v1alpha1",
        "kind": "KafkaConnect",
        "metadata": {"name": "my-connect", "namespace": NAMESPACE},
        "spec": {
            "bootstrapServers": bootstrap,
            "groupId": "tokens",
            "configStorageTopic": "tokens-configs",
            "statusStorageTopic": "tokens-status",
            "offsetStorageTopic": "tokens-offsets",
            "rest": {
                "authentication": {"type": "bearer"},
                "authorization": {"type": "kubernetes"},
            },
        },
    })
}

/// Who may list and read connectors, with a token for the cluster.
async fn reader(kubectl: &Kubectl) -> Result<String> {
    kubectl.run(["create", "serviceaccount", "ann", HERE]).await?;
    let verbs = ["--verb=get", "--verb=list", "--resource=kafkaconnectors.sluice.dev"];
    kubectl.run(["create", "role", "reader", HERE].into_iter().chain(verbs)).await?;
    let who = ["--role=reader", "--serviceaccount=tokens:ann"];
    kubectl.run(["create", "rolebinding", "reader", HERE].into_iter().chain(who)).await?;
    let audience = "--audience=sluice.dev/tokens/my-connect";
    Ok(kubectl.run(["create", "token", "ann", audience, HERE]).await?.trim().to_owned())
}

fn operator(plane: &ControlPlane, reviews: &str) -> Result<Child> {
    Ok(Command::new(binary("sluice-operator")?)
        .arg(format!("--address={}", free()?))
        .arg(format!("--reviews-address={reviews}"))
        .arg(format!("--reviews-url=https://{reviews}"))
        .arg(format!("--watch-namespace={NAMESPACE}"))
        .arg(format!("--lease-namespace={NAMESPACE}"))
        .env("KUBECONFIG", plane.kubeconfig())
        .stdout(Stdio::null())
        .kill_on_drop(true)
        .spawn()?)
}

/// Puts the keys of the workers' Secret into a folder, as the kubelet does.
async fn mount(kubectl: &Kubectl, folder: &Path) -> Result<()> {
    let secret = "secret/my-connect-connect-rest";
    let created = ["wait", "--for=create", secret, "--timeout=60s", HERE];
    kubectl.run(created).await?;
    for key in ["operator", "credential", "ca.crt"] {
        let template = format!("-o=go-template={{{{index .data \"{key}\" | base64decode}}}}");
        let text = kubectl.run(["get", secret, HERE, &template]).await?;
        ensure!(!text.is_empty(), "{key} is empty");
        std::fs::write(folder.join(key), text)?;
    }
    Ok(())
}

async fn ask(
    worker: &ConnectWorker,
    method: &str,
    path: &str,
    token: Option<&str>,
) -> Result<HttpAnswer> {
    let mut headers = vec![("Content-Type".to_owned(), "application/json".to_owned())];
    headers.extend(token.map(|it| ("Authorization".to_owned(), format!("Bearer {it}"))));
    let body = match method {
        "GET" => String::new(),
        _ => json!({"connector.class": "org.apache.kafka.connect.tools.MockSourceConnector"})
            .to_string(),
    };
    let request = HttpRequest { method: method.to_owned(), path: path.to_owned(), headers, body };
    worker.send(&request).await
}

fn message(answer: &HttpAnswer) -> Result<String> {
    let told: Value = answer.json()?;
    Ok(told["message"].as_str().context("a message")?.to_owned())
}

#[tokio::test]
async fn roles_of_kubernetes_say_what_the_users_of_tokens_may() -> Result<()> {
    sluice_kit::require!(java::missing());
    sluice_kit::require!(missing_for_control_plane());
    let (kafka, plane) = (KafkaServer::shared().await?, ControlPlane::shared().await?);
    let kubectl = plane.kubectl();
    install(kubectl).await?;
    let ann = reader(kubectl).await?;
    kubectl.apply(&cluster(&kafka.bootstrap()).to_string()).await?;
    let reviews = free()?;
    let mut operator = operator(plane, &reviews)?;
    let folder = tempfile::tempdir()?;
    mount(kubectl, folder.path()).await?;
    let file = WorkerFile::new(&kafka.bootstrap(), "tokens")
        .with("sluice.rest.authorization", "kubernetes")
        .with("sluice.rest.authorization.path", folder.path().to_str().context("a path")?)
        .with("sluice.rest.authorization.cluster", "tokens/my-connect")
        .with("sluice.rest.reviews.url", &format!("https://{reviews}"));
    // Whoever shows no token is not answered, and so the start is not waited for.
    let launch = Launch::sluice(&binary("sluice-worker")?);
    let worker = ConnectWorker::start(&file, &launch).await?;
    wait::until_ok(PATIENCE, "connectors to be listed", async || {
        let answer = ask(&worker, "GET", "/connectors", Some(&ann)).await?;
        ensure!(answer.status == 200, "{answer:?}");
        Ok(())
    })
    .await?;
    for (method, path, what) in [
        ("PUT", "/connectors/a/config", "update kafkaconnectors.sluice.dev a"),
        ("POST", "/connectors", "create kafkaconnectors.sluice.dev"),
        ("GET", "/", "get kafkaconnects.sluice.dev my-connect"),
    ] {
        let answer = ask(&worker, method, path, Some(&ann)).await?;
        let told = message(&answer)?;
        ensure!(answer.status == 403 && told.contains(what), "{method} {path}: {answer:?}");
    }
    for token in [None, Some("hush")] {
        let answer = ask(&worker, "GET", "/connectors", token).await?;
        let told = message(&answer)?;
        ensure!(answer.status == 401 && told.contains("sluice.dev/tokens/my-connect"), "{told}");
    }
    // What a role grants counts soon.
    let verbs = ["--verb=create", "--verb=update", "--resource=kafkaconnectors.sluice.dev"];
    kubectl.run(["create", "role", "writer", HERE].into_iter().chain(verbs)).await?;
    let who = ["--role=writer", "--serviceaccount=tokens:ann"];
    kubectl.run(["create", "rolebinding", "writer", HERE].into_iter().chain(who)).await?;
    wait::until_ok(PATIENCE, "a connector to be created", async || {
        let answer = ask(&worker, "PUT", "/connectors/a/config", Some(&ann)).await?;
        ensure!(matches!(answer.status, 200 | 201), "{answer:?}");
        Ok(())
    })
    .await?;
    // Without the operator nobody new is let in, and who is known goes on.
    operator.kill().await?;
    let answer = ask(&worker, "GET", "/connectors", Some("shh")).await?;
    ensure!(answer.status == 503 && message(&answer)?.contains("operator"), "{answer:?}");
    wait::until_ok(PATIENCE, "the connector to be changed", async || {
        let answer = ask(&worker, "PUT", "/connectors/a/config", Some(&ann)).await?;
        ensure!(answer.status == 200, "{answer:?}");
        Ok(())
    })
    .await?;
    ensure!(!worker.output()?.contains(&ann), "tokens are not logged");
    Ok(())
}
