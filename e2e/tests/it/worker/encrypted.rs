//! Workers that reach each other by HTTPS alone, with certificates on both sides: forwarding and signed task sets work,
//! whichever kind of worker leads.

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use sluice_kit::connect::{ConnectWorker, WorkerFile};
use sluice_kit::java;
use sluice_kit::kafka::{Certificates, KafkaServer};
use sluice_kit::wait;
use tempfile::TempDir;
use tokio::process::Command;

use super::pipeline::PATIENCE;

const PHRASE: &str = "not a secret";
const CONNECTORS: [&str; 4] = ["a", "b", "c", "d"];

#[tokio::test]
async fn a_java_leader_and_a_sluice_follower() -> Result<()> {
    sluice_kit::require!(java::missing());
    let stores = Stores::create("encrypted-java").await?;
    // Who is first leads.
    let leader = stores.start_java().await?;
    let follower = ConnectWorker::sluice(&stores.sluice()?).await?;
    work_together([&leader, &follower]).await
}

#[tokio::test]
async fn a_sluice_leader_and_a_java_follower() -> Result<()> {
    sluice_kit::require!(java::missing());
    let stores = Stores::create("encrypted-sluice").await?;
    let leader = ConnectWorker::sluice(&stores.sluice()?).await?;
    let follower = stores.start_java().await?;
    work_together([&leader, &follower]).await
}

/// A group's worker files, with the stores that either kind of worker can read.
struct Stores {
    file: WorkerFile,
    certificates: &'static Certificates,
    folder: TempDir,
}

impl Stores {
    async fn create(group: &str) -> Result<Self> {
        let kafka = KafkaServer::shared().await?;
        let certificates = KafkaServer::shared_secured().await?.certificates()?;
        let file = WorkerFile::new(&kafka.bootstrap(), group)
            .with("listeners", "https://127.0.0.1:0")
            .with("rest.advertised.listener", "https")
            // A follower hears of each rebalance with its next heartbeat.
            .with("heartbeat.interval.ms", "500");
        Ok(Self { file, certificates, folder: tempfile::tempdir()? })
    }

    fn sluice(&self) -> Result<WorkerFile> {
        let Certificates { client, authority, .. } = self.certificates;
        self.with("PEM", client, authority)
    }

    async fn start_java(&self) -> Result<ConnectWorker> {
        ConnectWorker::java_with(&self.java().await?, &java::test_connectors().await?).await
    }

    /// Jetty, which serves Java's, knows no PEM.
    async fn java(&self) -> Result<WorkerFile> {
        let at = |name: &str| self.folder.path().join(name);
        let (key, trust) = (at("key.p12"), at("trust.p12"));
        let Certificates { client, authority, .. } = self.certificates;
        let phrase = format!("pass:{PHRASE}");
        let make_key = ["pkcs12", "-export", "-passout", &phrase, "-in"];
        done(Command::new("openssl").args(make_key).arg(client).arg("-out").arg(&key)).await?;
        let make_trust =
            ["-importcert", "-noprompt", "-storetype", "PKCS12", "-storepass", PHRASE, "-file"];
        let mut keytool = Command::new("keytool");
        done(keytool.args(make_trust).arg(authority).arg("-keystore").arg(&trust)).await?;
        let file = self.with("PKCS12", &key, &trust)?;
        Ok(["keystore", "truststore"].into_iter().fold(file, |file, store| {
            file.with(&format!("listeners.https.ssl.{store}.password"), PHRASE)
        }))
    }

    fn with(&self, kind: &str, key: &Path, trust: &Path) -> Result<WorkerFile> {
        let mut file = self.file.clone().with("listeners.https.ssl.client.auth", "required");
        for (store, location) in [("keystore", key), ("truststore", trust)] {
            let location = location.to_str().context("a path of text")?;
            let at = format!("listeners.https.ssl.{store}");
            file = file.with(&format!("{at}.type"), kind).with(&format!("{at}.location"), location);
        }
        Ok(file)
    }
}

async fn done(command: &mut Command) -> Result<()> {
    let output = command.output().await.with_context(|| format!("{command:?}"))?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Ok(())
}

/// Either worker is asked for what only the leader, or the other one, can do.
async fn work_together(workers: [&ConnectWorker; 2]) -> Result<()> {
    let config = json!({
        "connector.class": "org.apache.kafka.connect.tools.MockSourceConnector", "tasks.max": "1",
    });
    for (asked, worker) in workers.into_iter().enumerate() {
        for name in CONNECTORS {
            let path = format!("/connectors/{name}/config");
            accepted(worker, "PUT", &path, Some(&config)).await?;
        }
        let owners = wait::until_ok(PATIENCE, "all to run on both", async || {
            let owners = owners(worker).await?;
            ensure!(owners.len() == 2, "{owners:?}");
            Ok(owners)
        })
        .await
        .with_context(|| format!("asking worker {asked}"))?;
        for worker in workers {
            ensure!(!owners.contains(worker.id()), "{owners:?} tell of the listener in the clear");
        }
        for name in CONNECTORS {
            let connector = format!("/connectors/{name}");
            accepted(worker, "POST", &format!("{connector}/restart"), None).await?;
            accepted(worker, "POST", &format!("{connector}/tasks/0/restart"), None).await?;
        }
        for name in CONNECTORS {
            accepted(worker, "DELETE", &format!("/connectors/{name}"), None).await?;
        }
    }
    Ok(())
}

/// Who runs something, once everything runs.
async fn owners(worker: &ConnectWorker) -> Result<BTreeSet<String>> {
    let all = worker.ask("GET", "/connectors?expand=status", None).await?;
    let mut owners = BTreeSet::new();
    for name in CONNECTORS {
        let status = &all[name]["status"];
        let tasks = status["tasks"].as_array().context("a list of tasks")?;
        ensure!(tasks.len() == 1, "{status}");
        for part in [&status["connector"], &tasks[0]] {
            ensure!(part["state"] == "RUNNING", "{status}");
            owners.insert(part["worker_id"].as_str().context("an id")?.to_owned());
        }
    }
    Ok(owners)
}

/// Asks until the answer is one of success: rebalances are waited for, as clients do.
async fn accepted(
    worker: &ConnectWorker,
    method: &str,
    path: &str,
    body: Option<&Value>,
) -> Result<()> {
    wait::until_ok(PATIENCE, &format!("{method} {path} to be accepted"), async || {
        let (status, answer) = worker.request(method, path, body).await?;
        ensure!((200..300).contains(&status), "{status} {answer}");
        Ok(())
    })
    .await
    .with_context(|| worker.output().unwrap_or_default())
}
