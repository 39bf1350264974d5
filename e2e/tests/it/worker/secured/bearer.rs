//! A worker that logs in by SASL/OAUTHBEARER: tokens and sessions end every few seconds, and records pass all the same.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::json;
use sluice_kit::connect::{ConnectWorker, WorkerFile};
use sluice_kit::issuer::{CLIENT, TokenIssuer};
use sluice_kit::java;
use sluice_kit::kafka::{KafkaServer, Listener, Settings};
use sluice_kit::wait;

use super::super::pipeline::PATIENCE;
use super::super::placement::spread_over;
use super::{WRONG, file, is_refused};

const LIFETIME: Duration = Duration::from_secs(4);
const SESSION: Duration = Duration::from_secs(2);
const RECORDS: usize = 500;
/// One token a few seconds: source and sink live through so many.
const TOKENS: usize = 4;

#[tokio::test]
async fn tokens_and_sessions_end_and_records_pass() -> Result<()> {
    sluice_kit::require!(java::missing());
    let issuer = TokenIssuer::start(LIFETIME).await?;
    let kafka = issuer.broker(SESSION).await?;
    passes(&issuer, &kafka).await?;
    let with = |key: &str, value: &str| -> Settings {
        let mut own = issuer.client(&kafka);
        own.insert(key.to_owned(), value.to_owned());
        own
    };
    let secret = "sasl.oauthbearer.client.credentials.client.secret";
    let rows = [
        (with(secret, WRONG), ["invalid_client", issuer.url()]),
        (
            with("org.apache.kafka.sasl.oauthbearer.allowed.urls", "http://localhost/other"),
            [
                "The URL cannot be accessed due to restrictions. Update the system property \
                 'org.apache.kafka.sasl.oauthbearer.allowed.urls' to allow the URL to be accessed.",
                issuer.url(),
            ],
        ),
    ];
    for (own, expected) in rows {
        is_refused(&bearer(&kafka, "bearer-refused", own), expected).await?;
    }
    Ok(())
}

fn bearer(kafka: &KafkaServer, name: &str, own: Settings) -> WorkerFile {
    file(kafka, name, Listener::SaslPlaintext, own)
}

async fn passes(issuer: &TokenIssuer, kafka: &KafkaServer) -> Result<()> {
    let folder = tempfile::tempdir()?;
    let out = folder.path().join("out.txt");
    let file = bearer(kafka, "bearer", issuer.client(kafka))
        .with("sluice.file.paths", &folder.path().display().to_string());
    let worker = ConnectWorker::sluice(&file).await?;
    let connectors = [
        json!({
            "connector.class": "io.confluent.kafka.connect.datagen.DatagenConnector",
            "kafka.topic": "bearer", "quickstart": "orders", "max.interval": "60",
            "iterations": RECORDS.to_string(),
        }),
        json!({"connector.class": "FileStreamSink", "file": out, "topics": "bearer"}),
    ];
    for (end, config) in ["source", "sink"].iter().zip(&connectors) {
        let path = format!("/connectors/bearer-{end}/config");
        wait::until_ok(PATIENCE, "a connector to be created", async || {
            worker.ask("PUT", &path, Some(config)).await.map(drop)
        })
        .await?;
    }
    let lines = || std::fs::read_to_string(&out).map_or(0, |text| text.lines().count());
    wait::until(PATIENCE, "all records to come out", async || {
        lines() >= RECORDS && issuer.issued() >= TOKENS
    })
    .await
    .with_context(|| worker.output().unwrap_or_default())?;
    ensure!(lines() == RECORDS, "{} records came out", lines());
    spread_over(&worker, &[worker.id()], 2, PATIENCE).await?;
    let mut said = worker.output()?;
    ensure!(!said.contains("\"ERROR\"") && !said.contains(" ERROR "), "{said}");
    for path in ["/", "/connectors?expand=status&expand=info"] {
        said.push_str(&worker.ask("GET", path, None).await?.to_string());
    }
    // Tokens begin as all of their kind do.
    for secret in [CLIENT.1, "eyJ"] {
        ensure!(!said.contains(secret), "{secret} in {said}");
    }
    Ok(())
}
