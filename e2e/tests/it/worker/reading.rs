//! How far a sink has read, as a worker tells it of real topics.

use std::time::SystemTime;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use sluice_kit::connect::{ConnectWorker, HttpRequest};
use sluice_kit::java;
use sluice_kit::kafka::KafkaServer;
use sluice_kit::wait;

use super::pipeline::{PATIENCE, Pipeline};

#[tokio::test]
async fn a_worker_tells_how_far_a_sink_has_read_and_since_when_records_wait() -> Result<()> {
    sluice_kit::require!(java::missing());
    let kafka = KafkaServer::shared().await?;
    let pipeline = Pipeline::new("reading")?;
    pipeline.append(0..50)?;
    let worker = ConnectWorker::sluice(&pipeline.file(kafka)).await?;
    pipeline.create(&worker).await?;
    pipeline.comes_out(50).await?;
    let [source, sink] = pipeline.connectors();
    let path = format!("/sluice/connectors/{sink}/reading");
    let told = async |query: &str| -> Result<Value> {
        let answer = worker.ask("GET", &format!("{path}{query}"), None).await?;
        Ok(answer["partitions"][0].clone())
    };
    let like = |position: i64, end: i64| {
        json!({"topic": "reading", "partition": 0, "position": position, "beginning": 0,
            "end": end, "lag": end - position, "waiting_since": null, "at": null})
    };
    wait::until_ok(PATIENCE, "all to be committed", async || {
        let told = told("").await?;
        ensure!(told == like(50, 50), "{told}");
        Ok(())
    })
    .await?;

    worker.ask("PUT", &format!("/connectors/{sink}/stop"), None).await?;
    pipeline.append(50..80)?;
    let mut since = None;
    wait::until_ok(PATIENCE, "thirty records to wait", async || {
        let mut told = told("").await?;
        since = told["waiting_since"].take().as_i64();
        ensure!(told == like(50, 80), "{told}");
        Ok(())
    })
    .await?;
    let since = since.context("records that wait have a time")?;
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH)?.as_millis();
    let age = i64::try_from(now)? - since;
    ensure!((0..i64::try_from(PATIENCE.as_millis())?).contains(&age), "{age} ms");
    for (time, expected) in [(0, 0), (since, 50), (i64::try_from(now)? + 60_000, 80)] {
        let told = told(&format!("?time={time}")).await?;
        ensure!(told["at"] == expected && told["waiting_since"].is_null(), "{time}: {told}");
    }
    misses_topics(&worker, &sink).await?;
    for (path, status) in [
        (format!("{path}?time=x"), 400),
        (format!("/sluice/connectors/{source}/reading?time=0"), 400),
        (format!("/sluice/connectors/{source}/reading"), 200),
        ("/sluice/connectors/nobody/reading".to_owned(), 404),
    ] {
        let (method, body) = ("GET".to_owned(), String::new());
        let request = HttpRequest { method, path, headers: vec![], body };
        let answer = worker.send(&request).await?;
        ensure!(answer.status == status, "{}: {}", request.path, answer.body);
    }
    Ok(())
}

/// Has a stopped sink read a topic that is not there: a consumer might have the broker create it.
async fn misses_topics(worker: &ConnectWorker, sink: &str) -> Result<()> {
    let path = format!("/sluice/connectors/{sink}/reading");
    ensure!(worker.ask("GET", &path, None).await?["absent"] == json!([]), "all topics exist");
    let misspelt = json!({"topics": "reading,raeding"});
    worker.ask("PATCH", &format!("/connectors/{sink}/config"), Some(&misspelt)).await?;
    wait::until_ok(PATIENCE, "the absent topic to be told", async || {
        let told = worker.ask("GET", &path, None).await?;
        ensure!(told["absent"] == json!(["raeding"]), "{told}");
        ensure!(told["partitions"][0]["end"] == 80, "{told}");
        Ok(())
    })
    .await
}
