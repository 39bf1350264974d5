//! Connectors that hang in every call that there is: whoever asks hears soon, and nobody else notices
//! (`BlockingConnectorTest`).

mod case;

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use futures::future::try_join_all;
use serde_json::{Value, json};
use sluice_kit::connect::{ConnectWorker, WorkerFile};
use sluice_kit::kafka::KafkaServer;
use sluice_kit::{binaries, java, wait};

use super::pipeline::PATIENCE;
use case::{Case, Kind, Place, Way, answers_came_soon, request};

/// The topic that hanging sinks read.
const TOPIC: &str = "hanging-steady";
/// The source that writes it, to which nothing happens.
const STEADY: &str = "steady";
/// The longest that it may be without a record, on a busy machine.
const GAP_MILLIS: i64 = 5_000;
/// What a worker may take to end beside the time that tasks have to stop.
const END: Duration = Duration::from_secs(10);

fn cases() -> Vec<Case> {
    use Place::{Deleting, Moving, Offsets, Running, Starting, Validating};
    let of_both = [
        ("split", Starting),
        ("watch", Running),
        ("alter", Offsets),
        ("open", Starting),
        ("close", Deleting),
    ];
    let of_sources = [("poll", Running), ("commit", Running)];
    let of_sinks =
        [("assigned", Running), ("put", Running), ("flush", Running), ("revoked", Moving)];
    let mut cases = Vec::new();
    for (kind, own) in [(Kind::Source, &of_sources[..]), (Kind::Sink, &of_sinks[..])] {
        let calls = || of_both.iter().chain(own);
        for way in [Way::Await, Way::Block] {
            cases.extend(calls().map(|(call, place)| Case { kind, call, place: *place, way }));
        }
        // These cannot wait, only keep their thread.
        let way = Way::Block;
        cases.push(Case { kind, call: "validate", place: Validating, way });
        cases.push(Case { kind, call: "stop", place: Deleting, way });
    }
    cases
}

#[tokio::test]
async fn whatever_hangs_its_client_hears_soon_and_nobody_else_notices() -> Result<()> {
    sluice_kit::require!(java::missing());
    let worker = start("hanging").await?;
    // All at the same time: each is the other's neighbour.
    let cases = cases();
    let run = cases.iter().map(async |case| case.run(&worker).await.with_context(|| case.name()));
    try_join_all(run).await?;
    answers_came_soon()?;
    goes_on(&worker).await?;
    has_no_gap(&worker.output()?)
}

#[tokio::test]
async fn keys_that_a_plugin_does_not_tell_are_not_waited_for() -> Result<()> {
    sluice_kit::require!(java::missing());
    let worker = start("hanging-keys").await?;
    let class = "com.example.UndefinableSourceConnector";
    let config = json!({"connector.class": class, "name": "undefinable"});
    for (method, path, body, told) in [
        (
            "GET",
            format!("/connector-plugins/{class}/config"),
            None,
            "retrieving the configuration definition from",
        ),
        (
            "PUT",
            format!("/connector-plugins/{class}/config/validate"),
            Some(&config),
            "validating the configuration with the connector",
        ),
        (
            "PUT",
            "/connectors/undefinable/config".to_owned(),
            Some(&config),
            "validating the configuration with the connector",
        ),
    ] {
        let (status, answer) = request(&worker, method, &path, body).await?;
        let expected = format!("Request timed out. The worker is currently {told} {class}");
        let message = answer["message"].as_str().unwrap_or_default();
        ensure!(status == 500 && message.starts_with(&expected), "{status} {answer}");
    }
    let (status, answer) = request(&worker, "GET", "/connectors/undefinable", None).await?;
    ensure!(status == 404, "{answer}");
    goes_on(&worker).await?;
    has_no_gap(&worker.output()?)
}

#[tokio::test]
async fn a_worker_with_connectors_that_hang_ends_in_time_and_comes_back() -> Result<()> {
    sluice_kit::require!(java::missing());
    let mut worker = start("hanging-end").await?;
    let calls = [
        (Kind::Source, "split", Place::Starting),
        (Kind::Source, "stop", Place::Deleting),
        (Kind::Source, "open", Place::Starting),
        (Kind::Source, "close", Place::Deleting),
        (Kind::Sink, "put", Place::Running),
        (Kind::Sink, "flush", Place::Running),
        (Kind::Sink, "close", Place::Deleting),
    ];
    let case = |(kind, call, place)| Case { kind, call, place, way: Way::Block };
    let cases = calls.map(case);
    try_join_all(cases.iter().map(async |case| case.create(&worker).await)).await?;
    for _ in 0..2 {
        for case in cases.iter().filter(|it| it.place != Place::Deleting) {
            case.hangs(&worker).await?;
        }
        goes_on(&worker).await?;
        let told = Instant::now();
        let status = worker.terminate().await?;
        let output = worker.output()?;
        ensure!(status.success(), "it ended with {status}: {output}");
        ensure!(told.elapsed() < END, "it took {:?}: {output}", told.elapsed());
        has_no_gap(&output)?;
        worker.start_again().await?;
    }
    goes_on(&worker).await
}

/// A worker with the steady source, which runs.
async fn start(group: &str) -> Result<ConnectWorker> {
    let kafka = KafkaServer::shared().await?;
    let file = WorkerFile::new(&kafka.bootstrap(), group)
        .with("task.shutdown.graceful.timeout.ms", "1000")
        .with("offset.flush.interval.ms", "200")
        .with("consumer.metadata.max.age.ms", "500");
    let worker = ConnectWorker::sluice_program(&binaries::binary("hanging-worker")?, &file).await?;
    let steady = json!({
        "connector.class": "VerifiableSource", "topic": TOPIC, "throughput": "20",
        "topic.creation.default.partitions": "3", "topic.creation.default.replication.factor": "1",
    });
    wait::until_ok(PATIENCE, "the steady source to be created", async || {
        let path = format!("/connectors/{STEADY}/config");
        worker.ask("PUT", &path, Some(&steady)).await.map(drop)
    })
    .await?;
    goes_on(&worker).await?;
    Ok(worker)
}

/// The times of the steady source's records.
fn times(output: &str) -> Vec<i64> {
    let lines = output.lines().filter(|it| it.contains("\"seqno\":") && !it.contains("committed"));
    let lines = lines.filter_map(|it| serde_json::from_str::<Value>(it).ok());
    lines.filter(|it| it["name"] == STEADY).filter_map(|it| it["time_ms"].as_i64()).collect()
}

async fn goes_on(worker: &ConnectWorker) -> Result<()> {
    let before = times(&worker.output()?).len();
    wait::until(PATIENCE, "the steady source to go on", async || {
        worker.output().is_ok_and(|it| times(&it).len() > before)
    })
    .await
}

fn has_no_gap(output: &str) -> Result<()> {
    let times = times(output);
    let longest = times.windows(2).map(|it| it[1] - it[0]).max().unwrap_or_default();
    ensure!(longest < GAP_MILLIS, "{longest} ms without a record of {}", times.len());
    Ok(())
}
