//! The worker on secured listeners: who is let in works, who is not says why, and no password leaves the process.

mod acls;
mod bearer;
mod tasks;

use anyhow::{Context, Result, ensure};
use serde_json::json;
use sluice_kit::connect::{ConnectWorker, WorkerFile};
use sluice_kit::java;
use sluice_kit::kafka::{Certificates, KafkaServer, Listener, PLAIN_USER, SCRAM_USER, Settings};
use sluice_kit::wait;
use tokio::task::{JoinSet, LocalSet};

use super::pipeline::PATIENCE;
use super::placement::spread_over;

const MODULE: &str = "org.apache.kafka.common.security";
const WRONG: &str = "hunter2-wrong";

/// Ways in: a name, the listener, and settings beyond its own.
fn ways_in(kafka: &KafkaServer) -> Result<Vec<(&'static str, Listener, Settings)>> {
    let own = Settings::new;
    let (user, password) = PLAIN_USER;
    Ok(vec![
        ("sasl-ssl-plain", Listener::SaslSslPlain, own()),
        ("sasl-ssl-scram-256", Listener::SaslSslScram256, own()),
        ("sasl-ssl-scram-512", Listener::SaslSslScram512, own()),
        ("mtls", Listener::MutualTls, own()),
        ("mtls-in-place", Listener::MutualTls, in_place(kafka.certificates()?)?),
        ("sasl-plaintext-scram-512", Listener::SaslPlaintext, own()),
        ("sasl-plaintext-plain", Listener::SaslPlaintext, sasl("PLAIN", user, password)),
    ])
}

/// Keys and certificates as values of the worker file, in place of the names of files.
fn in_place(files: &Certificates) -> Result<Settings> {
    let read = |path| std::fs::read_to_string(path).map(|text| text.replace('\n', "\\n"));
    let client = read(&files.client)?;
    let (key, chain) =
        client.split_once("-----BEGIN CERTIFICATE").context("key and certificate")?;
    let chain = format!("-----BEGIN CERTIFICATE{chain}");
    let authority = read(&files.authority)?;
    Ok([
        ("ssl.keystore.location", ""),
        ("ssl.keystore.key", key),
        ("ssl.keystore.certificate.chain", &chain),
        ("ssl.truststore.location", ""),
        ("ssl.truststore.certificates", &authority),
    ]
    .map(|(key, value)| (key.to_owned(), value.to_owned()))
    .into())
}

fn sasl(mechanism: &str, user: &str, password: &str) -> Settings {
    let module = if mechanism == "PLAIN" { "plain.Plain" } else { "scram.Scram" };
    let jaas = format!(
        "{MODULE}.{module}LoginModule required username=\"{user}\" password=\"{password}\";"
    );
    [("sasl.mechanism", mechanism), ("sasl.jaas.config", &jaas)]
        .map(|(key, value)| (key.to_owned(), value.to_owned()))
        .into()
}

/// A worker file for a listener; producers and consumers need the settings under their prefixes, as in Java.
fn file(kafka: &KafkaServer, name: &str, listener: Listener, own: Settings) -> WorkerFile {
    let mut file = WorkerFile::new(&kafka.address(listener), name);
    let mut settings = kafka.client(listener);
    settings.extend(own);
    // Empty stands for a setting that the listener has and this worker has not.
    for (key, value) in settings.iter().filter(|(_, value)| !value.is_empty()) {
        for prefix in ["", "producer.", "consumer.", "admin."] {
            file = file.with(&format!("{prefix}{key}"), value);
        }
    }
    file
}

#[tokio::test]
async fn records_pass_every_listener() -> Result<()> {
    sluice_kit::require!(java::missing());
    let kafka = KafkaServer::shared_secured().await?;
    all_of(ways_in(kafka)?.into_iter().map(|(name, listener, own)| async move {
        passes(name, &file(kafka, name, listener, own)).await.context(name)
    }))
    .await
}

async fn passes(name: &str, file: &WorkerFile) -> Result<()> {
    let folder = tempfile::tempdir()?;
    let out = folder.path().join("out.txt");
    let file = file.clone().with("sluice.file.paths", &folder.path().display().to_string());
    let worker = ConnectWorker::sluice(&file).await?;
    let connectors = [
        json!({
            "connector.class": "io.confluent.kafka.connect.datagen.DatagenConnector",
            "kafka.topic": name, "quickstart": "orders", "max.interval": "0", "iterations": "10",
        }),
        json!({"connector.class": "FileStreamSink", "file": out, "topics": name}),
        json!({"connector.class": "dev.sluice.NullSinkConnector", "topics": name}),
    ];
    // One broker for all rows: a connector's name is its consumer group.
    let ends = ["orders", "lines", "nothing"];
    for (end, config) in ends.iter().zip(&connectors) {
        let path = format!("/connectors/{name}-{end}/config");
        wait::until_ok(PATIENCE, "a connector to be created", async || {
            worker.ask("PUT", &path, Some(config)).await.map(drop)
        })
        .await?;
    }
    wait::until(PATIENCE, "ten records to come out", async || {
        std::fs::read_to_string(&out).is_ok_and(|text| text.lines().count() == 10)
    })
    .await
    .with_context(|| worker.output().unwrap_or_default())?;
    spread_over(&worker, &[worker.id()], 3, PATIENCE).await?;
    let mut said = worker.output()?;
    for path in ["/", "/connectors?expand=status&expand=info", "/connector-plugins"] {
        said.push_str(&worker.ask("GET", path, None).await?.to_string());
    }
    for (_, password) in [PLAIN_USER, SCRAM_USER] {
        ensure!(!said.contains(password), "a password in {said}");
    }
    Ok(())
}

#[tokio::test]
async fn who_is_refused_says_why_and_ends() -> Result<()> {
    sluice_kit::require!(java::missing());
    let kafka = KafkaServer::shared_secured().await?;
    let files = kafka.certificates()?;
    let location = |key: &str, path: &std::path::Path| -> Settings {
        [(key.to_owned(), path.display().to_string())].into()
    };
    let keystore = "ssl.keystore.location";
    let truststore = "ssl.truststore.location";
    let nowhere = std::path::Path::new("/nowhere.pem");
    let (alice, bob) = (PLAIN_USER.0, SCRAM_USER.0);
    let scram = |mechanism| sasl(mechanism, bob, WRONG);
    let rows: Vec<(Listener, Settings, [&'static str; 2])> = vec![
        (Listener::SaslPlaintext, sasl("PLAIN", alice, WRONG), ["PLAIN", alice]),
        (Listener::SaslSslPlain, sasl("PLAIN", alice, WRONG), ["PLAIN", alice]),
        (Listener::SaslSslScram256, scram("SCRAM-SHA-256"), ["SCRAM-SHA-256", bob]),
        (Listener::SaslSslScram512, scram("SCRAM-SHA-512"), ["SCRAM-SHA-512", bob]),
        (Listener::SaslSslPlain, location(truststore, &files.stranger), ["TLS", "ssl.truststore"]),
        (Listener::MutualTls, location(keystore, &files.stranger_client), ["TLS", "ssl.keystore"]),
        (Listener::MutualTls, location(keystore, nowhere), [keystore, "/nowhere.pem"]),
        (Listener::MutualTls, location(truststore, nowhere), [truststore, "/nowhere.pem"]),
        (Listener::Nameless, Settings::new(), ["names no host", "localhost as subjectAltName"]),
        (Listener::VersionOne, Settings::new(), ["X.509 version 1", "one of version 3"]),
        (Listener::SaslSslPlain, sasl("GSSAPI", alice, WRONG), ["sasl.mechanism", "GSSAPI"]),
    ];
    all_of(rows.into_iter().enumerate().map(|(row, (listener, own, expected))| async move {
        is_refused(&file(kafka, &format!("refused-{row}"), listener, own), expected).await
    }))
    .await
}

/// Runs all at the same time; the first failure counts.
async fn all_of(tests: impl Iterator<Item: Future<Output = Result<()>> + 'static>) -> Result<()> {
    let run = async {
        let mut all = JoinSet::new();
        for test in tests {
            all.spawn_local(test);
        }
        while let Some(outcome) = all.join_next().await {
            outcome??;
        }
        Ok(())
    };
    LocalSet::new().run_until(run).await
}

async fn is_refused(file: &WorkerFile, expected: [&str; 2]) -> Result<()> {
    let (status, output) = ConnectWorker::refused(file).await?;
    ensure!(!status.success(), "it ended with {status}");
    let last = output.lines().last().unwrap_or_default();
    for part in expected {
        ensure!(last.contains(part), "{part} is not in {output}");
    }
    ensure!(!output.contains(WRONG), "the password is in {output}");
    Ok(())
}
