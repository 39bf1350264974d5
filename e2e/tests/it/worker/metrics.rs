//! Metrics of a worker at work: those that a Java worker has of the same connectors at the same work.

mod allowed;
mod told;

use anyhow::{Result, ensure};
use serde_json::{Value, json};
use sluice_kit::connect::{ConnectWorker, Launch, WorkerFile};
use sluice_kit::java;
use sluice_kit::kafka::KafkaServer;
use sluice_kit::wait;

use super::pipeline::PATIENCE;
use told::{Key, Told};

/// Every second line is a number, every fourth no JSON.
const LINES: &str = "1\n\"a\"\n3\n{\n5\n\"b\"\n7\n{\n9\n\"c\"\n11\n{\n";

#[tokio::test]
async fn metrics_are_those_of_java() -> Result<()> {
    sluice_kit::require!(java::missing());
    let kafka = KafkaServer::shared().await?;
    let folder = tempfile::tempdir()?;
    std::fs::write(folder.path().join("in"), LINES)?;
    let worker_file = |group: &str| {
        WorkerFile::new(&kafka.bootstrap(), group)
            .with("sluice.file.paths", &folder.path().display().to_string())
    };
    let teller = java::compile(&told::teller()).await?;
    let launch = Launch::java(java::QUICK).with_classes(&teller);
    let file = worker_file("metered-java").with("metric.reporters", "MetricsTeller");
    let java = ConnectWorker::start(&file, &launch).await?;
    let sluice = ConnectWorker::sluice(&worker_file("metered-sluice")).await?;
    for (worker, name) in [(&java, "java"), (&sluice, "sluice")] {
        wait::until_ok(PATIENCE, "a worker to be ready", async || {
            worker.ask("GET", "/health", None).await.map(drop)
        })
        .await?;
        set_up(worker, folder.path(), name).await?;
    }
    is_as_java(&java, &sluice, WORKED).await?;
    for worker in [&java, &sluice] {
        worker.ask("PUT", "/connectors/numbers/pause", None).await?;
        wait::until_ok(PATIENCE, "a connector to go", async || {
            worker.ask("DELETE", "/connectors/lines", None).await.map(drop)
        })
        .await?;
    }
    is_as_java(&java, &sluice, PAUSED).await
}

/// What shows that all is done: connector, task, and value of attributes.
type Signs = &'static [(&'static str, &'static str, &'static str, f64)];

const WORKED: Signs = &[
    ("lines", "source-task-metrics", "source-record-write-total", 12.0),
    ("lines", "source-task-metrics", "source-record-active-count", 0.0),
    ("numbers", "task-error-metrics", "total-records-skipped", 6.0),
    ("numbers", "source-task-metrics", "source-record-write-total", 6.0),
    ("out", "sink-task-metrics", "sink-record-send-total", 9.0),
    ("out", "sink-task-metrics", "sink-record-active-count", 0.0),
    ("out", "task-error-metrics", "deadletterqueue-produce-requests", 3.0),
    ("fails", "task-error-metrics", "total-record-errors", 1.0),
    ("fails", "sink-task-metrics", "partition-count", 0.0),
];

const PAUSED: Signs = &[("numbers", "connector-task-metrics", "pause-ratio", f64::MIN_POSITIVE)];

/// A source of lines, one of the numbers among them, a sink of what is JSON, and one that bears nothing else.
async fn set_up(worker: &ConnectWorker, folder: &std::path::Path, name: &str) -> Result<()> {
    let topic = format!("metered-{name}");
    let lines = json!({
        "connector.class": "FileStreamSource",
        "file": folder.join("in"),
        "topic": topic,
        "value.converter": "org.apache.kafka.connect.storage.StringConverter",
    });
    let numbers = json!({
        "connector.class": "FileStreamSource",
        "file": folder.join("in"),
        "topic": format!("{topic}-numbers"),
        "errors.tolerance": "all",
        "errors.log.enable": "true",
        "transforms": "number,mark",
        "transforms.number.type": "org.apache.kafka.connect.transforms.Cast$Value",
        "transforms.number.spec": "int32",
        "transforms.mark.type": "org.apache.kafka.connect.transforms.InsertHeader",
        "transforms.mark.header": "h",
        "transforms.mark.value.literal": "1",
        "transforms.mark.predicate": "metered",
        "predicates": "metered,unasked",
        "predicates.metered.type": "org.apache.kafka.connect.transforms.predicates.TopicNameMatches",
        "predicates.metered.pattern": "metered.*",
        "predicates.unasked.type": "org.apache.kafka.connect.transforms.predicates.RecordIsTombstone",
    });
    let out = json!({
        "connector.class": "FileStreamSink",
        "file": folder.join(name),
        "topics": topic,
        "errors.tolerance": "all",
        "errors.deadletterqueue.topic.name": format!("{topic}-dlq"),
        "errors.deadletterqueue.topic.replication.factor": "1",
        "consumer.override.group.id": format!("{topic}-out"),
    });
    let fails = json!({
        "connector.class": "FileStreamSink",
        "file": folder.join(format!("{name}-fails")),
        "topics": topic,
        "consumer.override.group.id": format!("{topic}-fails"),
    });
    put(worker, "lines", &lines, "RUNNING").await?;
    wait::until_ok(PATIENCE, "the topic to be there", async || {
        let used = worker.ask("GET", "/connectors/lines/topics", None).await?;
        ensure!(used["lines"]["topics"][0] == topic, "{used}");
        Ok(())
    })
    .await?;
    put(worker, "numbers", &numbers, "RUNNING").await?;
    put(worker, "out", &out, "RUNNING").await?;
    put(worker, "fails", &fails, "FAILED").await
}

/// Creates a connector and waits until its task is in this state, so that no two start in one round.
async fn put(worker: &ConnectWorker, name: &str, config: &Value, state: &str) -> Result<()> {
    wait::until_ok(PATIENCE, "a connector to be created", async || {
        worker.ask("PUT", &format!("/connectors/{name}/config"), Some(config)).await.map(drop)
    })
    .await?;
    wait::until_ok(PATIENCE, &format!("the task of {name} to be {state}"), async || {
        let status = worker.ask("GET", &format!("/connectors/{name}/status"), None).await?;
        ensure!(status["tasks"][0]["state"] == state, "{status}");
        Ok(())
    })
    .await
}

/// Waits until Java shows these signs and Sluice has the same metrics.
async fn is_as_java(java: &ConnectWorker, sluice: &ConnectWorker, signs: Signs) -> Result<()> {
    wait::until_ok(PATIENCE, "Sluice to have the metrics of Java", async || {
        let expected = told::by_java(&java.metrics().await?)?;
        let got = told::by_sluice(&sluice.metrics().await?)?;
        for (told, who) in [(&expected, "Java"), (&got, "Sluice")] {
            for (connector, group, attribute, least) in signs {
                let value = told.get(&Key::of_task(group, connector, attribute));
                let value = value.and_then(Told::number).unwrap_or(f64::NAN);
                let is_reached = if *least == 0.0 { value == 0.0 } else { value >= *least };
                ensure!(is_reached, "{who}: {connector} {attribute} is {value}, not {least}");
            }
        }
        let different = allowed::differences(&expected, &got);
        ensure!(different.is_empty(), "{}", different.join("\n"));
        Ok(())
    })
    .await
}
