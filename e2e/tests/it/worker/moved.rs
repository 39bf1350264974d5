//! A worker that is killed while it changes offsets of a source and a sink for a client: either all of a connector's
//! offsets are the new ones or none is, and it can be resumed.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use sluice_kit::connect::{ConnectWorker, WorkerFile};
use sluice_kit::kafka::{KafkaOptions, KafkaServer};
use sluice_kit::{java, wait};
use tokio::time::timeout;

use super::pipeline::PATIENCE;

const TOPIC: &str = "moved";
const ENDS: [&str; 2] = ["moved-source", "moved-sink"];
/// Partitions of either.
const PARTITIONS: usize = 3;
/// Kills of each kind, spread over the time that the change takes.
const KILLS: u32 = 4;

#[tokio::test]
async fn offsets_are_the_old_or_the_new_ones_after_a_kill() -> Result<()> {
    sluice_kit::require!(java::missing());
    // Members that were killed are missed soon.
    let session = ("group.min.session.timeout.ms".to_owned(), "1000".to_owned());
    let options = KafkaOptions { properties: [session].into(), ..KafkaOptions::default() };
    let kafka = KafkaServer::start(options).await?;
    // Else it has a single partition if the sink asks for it before the source creates it.
    kafka.create_topic(TOPIC, u32::try_from(PARTITIONS)?, &[]).await?;
    let mut file = WorkerFile::new(&kafka.bootstrap(), TOPIC)
        .with("offset.flush.interval.ms", "100")
        .with("consumer.metadata.max.age.ms", "500");
    for prefix in ["", "consumer."] {
        file = file
            .with(&format!("{prefix}session.timeout.ms"), "1500")
            .with(&format!("{prefix}heartbeat.interval.ms"), "300");
    }
    let mut worker = ConnectWorker::sluice(&file).await?;
    create(&worker).await?;
    // Alters first, and then resets.
    for changes in [ENDS.map(|end| Some(target(end))), [None, None]] {
        let whole = undisturbed(&worker, &changes).await?;
        for kill in 1..=KILLS {
            let moment = whole * kill / KILLS;
            let are_new = killed(&mut worker, &changes, moment).await;
            let are_new = are_new.with_context(|| format!("killed at {moment:?} of {whole:?}"))?;
            println!("killed at {moment:?} of {whole:?}: new {are_new:?}");
        }
    }
    worker.stop().await
}

async fn create(worker: &ConnectWorker) -> Result<()> {
    let source = json!({
        "connector.class": "VerifiableSource", "topic": TOPIC, "throughput": "50",
        "tasks.max": PARTITIONS.to_string(), "topic.creation.default.replication.factor": "1",
        "topic.creation.default.partitions": PARTITIONS.to_string(),
        // Numbers of tasks that reach each partition.
        "transforms": "key", "transforms.key.type": "org.apache.kafka.connect.transforms.ValueToKey",
        "transforms.key.fields": "seqno", "complete.record.data": "true",
    });
    let sink = json!({"connector.class": "NullSink", "topics": TOPIC});
    for (name, config) in ENDS.iter().zip([source, sink]) {
        ask(worker, "PUT", &format!("/connectors/{name}/config"), Some(&config)).await?;
    }
    rest(worker).await
}

/// Lets both run until they have offsets, and stops them.
async fn rest(worker: &ConnectWorker) -> Result<()> {
    for name in ENDS {
        wait::until_ok(PATIENCE, &format!("{name} to have offsets"), async || {
            let status = worker.ask("GET", &format!("/connectors/{name}/status"), None).await?;
            ensure!(status["tasks"][0]["state"] == "RUNNING", "{status}");
            let offsets = offsets(worker, name).await?;
            ensure!(offsets.len() == PARTITIONS, "{offsets:?}");
            Ok(())
        })
        .await?;
        ask(worker, "PUT", &format!("/connectors/{name}/stop"), None).await?;
    }
    for name in ENDS {
        wait::until_ok(PATIENCE, &format!("{name} to be stopped"), async || {
            let status = worker.ask("GET", &format!("/connectors/{name}/status"), None).await?;
            let tasks = status["tasks"].as_array().map(Vec::len);
            ensure!(status["connector"]["state"] == "STOPPED" && tasks == Some(0), "{status}");
            Ok(())
        })
        .await?;
    }
    Ok(())
}

async fn resume(worker: &ConnectWorker) -> Result<()> {
    for name in ENDS {
        ask(worker, "PUT", &format!("/connectors/{name}/resume"), None).await?;
    }
    rest(worker).await
}

/// The offsets that are wished for.
fn target(end: &str) -> Value {
    let offset = |it: usize| match end {
        "moved-source" => json!({"partition": {"id": it}, "offset": {"seqno": 1_000_000 + it}}),
        _ => json!({
            "partition": {"kafka_topic": TOPIC, "kafka_partition": it},
            "offset": {"kafka_offset": it},
        }),
    };
    json!((0..PARTITIONS).map(offset).collect::<Vec<_>>())
}

/// Makes both changes at the same time; their answers.
async fn change(
    worker: &ConnectWorker,
    changes: &[Option<Value>; 2],
) -> (Result<(u16, Value)>, Result<(u16, Value)>) {
    let ask = async |name: &str, change: &Option<Value>| {
        let path = format!("/connectors/{name}/offsets");
        match change {
            Some(offsets) => {
                worker.request("PATCH", &path, Some(&json!({ "offsets": offsets }))).await
            }
            None => worker.request("DELETE", &path, None).await,
        }
    };
    tokio::join!(ask(ENDS[0], &changes[0]), ask(ENDS[1], &changes[1]))
}

/// How long the changes take if nothing happens.
async fn undisturbed(worker: &ConnectWorker, changes: &[Option<Value>; 2]) -> Result<Duration> {
    let began = Instant::now();
    let (source, sink) = change(worker, changes).await;
    let took = began.elapsed();
    for (answer, (name, wished)) in [source?, sink?].into_iter().zip(ENDS.iter().zip(changes)) {
        ensure!(answer.0 == 200, "{name}: {answer:?}");
        let now = offsets(worker, name).await?;
        ensure!(now == listed(wished.as_ref()), "{name}: {now:?}");
    }
    resume(worker).await?;
    Ok(took)
}

/// Whether each connector's offsets are the new ones after a kill at that moment.
async fn killed(
    worker: &mut ConnectWorker,
    changes: &[Option<Value>; 2],
    moment: Duration,
) -> Result<Vec<bool>> {
    let mut are_new = Vec::new();
    let old = [offsets(worker, ENDS[0]).await?, offsets(worker, ENDS[1]).await?];
    let answers = timeout(moment, change(worker, changes)).await;
    worker.crash()?;
    worker.start_again().await?;
    let is_done = answers.is_ok_and(|(source, sink)| {
        [source, sink].iter().all(|it| it.as_ref().is_ok_and(|(status, _)| *status == 200))
    });
    for (name, (old, wished)) in ENDS.iter().zip(old.iter().zip(changes)) {
        let now = wait::until_ok(PATIENCE, "the offsets", async || offsets(worker, name).await);
        let (now, new) = (now.await?, listed(wished.as_ref()));
        ensure!(now == new || (now == *old && !is_done), "{name}: {old:?} became {now:?}");
        are_new.push(now == new);
    }
    resume(worker).await?;
    Ok(are_new)
}

/// Offsets in the order of their partitions.
fn listed(offsets: Option<&Value>) -> Vec<Value> {
    let mut listed = offsets.and_then(Value::as_array).cloned().unwrap_or_default();
    listed.sort_by_key(|it| it["partition"].to_string());
    listed
}

async fn offsets(worker: &ConnectWorker, name: &str) -> Result<Vec<Value>> {
    let answer = worker.ask("GET", &format!("/connectors/{name}/offsets"), None).await?;
    Ok(listed(Some(&answer["offsets"])))
}

/// Asks again while the group is joined.
async fn ask(
    worker: &ConnectWorker,
    method: &str,
    path: &str,
    body: Option<&Value>,
) -> Result<Value> {
    wait::until_ok(PATIENCE, &format!("{method} {path}"), async || {
        worker.ask(method, path, body).await
    })
    .await
}
