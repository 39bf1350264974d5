//! What the worker file says of requests and answers: who may ask, from where, and which headers answers carry.

use anyhow::{Result, ensure};
use sluice_kit::connect::{ConnectWorker, HttpRequest, Launch, WorkerFile};
use sluice_kit::kafka::KafkaServer;
use sluice_kit::{binaries, java, wait};

use super::{Both, PATIENCE, Side, document::Document, script};

const SCRIPT: &str = include_str!("guarded.txt");
const EXTENSION: &str =
    "org.apache.kafka.connect.rest.basic.auth.extension.BasicAuthSecurityRestExtension";
const MODULE: &str = "org.apache.kafka.connect.rest.basic.auth.extension.PropertyFileLoginModule";
/// `alice:pw:1`.
const ALICE: &str = "Basic YWxpY2U6cHc6MQ==";

#[tokio::test]
async fn requests_are_let_in_and_answered_as_the_file_says() -> Result<()> {
    sluice_kit::require!(java::missing());
    let kafka = KafkaServer::shared().await?;
    let folder = tempfile::tempdir()?;
    let (users, jaas) = (folder.path().join("users"), folder.path().join("jaas.conf"));
    std::fs::write(&users, "alice=pw:1\n")?;
    let entry = format!("KafkaConnect {{ {MODULE} required file=\"{}\"; }};", users.display());
    std::fs::write(&jaas, entry)?;
    let file = |group: &str| {
        WorkerFile::new(&kafka.bootstrap(), group)
            .with("rest.extension.classes", EXTENSION)
            .with("admin.listeners", "")
            .with("access.control.allow.origin", "http://a.example,https://.*\\\\.b\\\\.example")
            .with("access.control.allow.methods", "GET,PUT")
            .with(
                "response.http.headers.config",
                "add X-Checked: a, \"add X-Checked: b, c\", set X-Frame-Options: DENY, set Vary: x",
            )
    };
    let flag = format!("-Djava.security.auth.login.config={}", jaas.display());
    let java = Launch::java(java::QUICK.iter().map(ToString::to_string).chain([flag]));
    let sluice = Launch::sluice(&binaries::binary("sluice-worker")?);
    let own = file("guarded-sluice").with("sluice.rest.jaas.file", &jaas.display().to_string());
    let java = guarded(ConnectWorker::start(&file("guarded-java"), &java).await?).await?;
    let sluice = guarded(ConnectWorker::start(&own, &sluice).await?).await?;
    let mut both = Both { java, sluice, are_alone: false, asked: 0, different: Vec::new() };
    for step in script::parse(SCRIPT, &[])? {
        both.follow("guarded", step).await?;
    }
    both.verdict()
}

/// A worker that has started and knows alice.
async fn guarded(worker: ConnectWorker) -> Result<Side> {
    let headers = [("Authorization".to_owned(), ALICE.to_owned())];
    let ask = async |path: &str| {
        let request = HttpRequest {
            method: "GET".to_owned(),
            path: path.to_owned(),
            headers: headers.to_vec(),
            body: String::new(),
        };
        let answer = worker.send(&request).await?;
        ensure!(answer.status == 200, "{answer:?}");
        answer.json()
    };
    wait::until_ok(PATIENCE, "a worker to be ready", async || ask("/health").await.map(drop))
        .await?;
    let document = Document::of(&worker, &headers).await?;
    Ok(Side { worker, document })
}
