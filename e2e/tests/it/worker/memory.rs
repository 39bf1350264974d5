//! A worker with a hundred sinks that are 10 GB behind: its memory stays within the pod's.

use std::collections::BTreeSet;
use std::fs;
use std::io::Write as _;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use sluice_kit::connect::{ConnectWorker, WorkerFile};
use sluice_kit::kafka::{KafkaOptions, KafkaServer};
use sluice_kit::{java, wait};

use super::pipeline::PATIENCE;

const MIB: u64 = 1 << 20;
const TOPIC: &str = "lag";
const PARTITIONS: u32 = 100;
/// Of each partition. A batch takes a megabyte.
const RECORDS: u64 = 10_000;
const RECORD_BYTES: u64 = 10_000;
/// Tasks of each of the two sinks.
const TASKS: usize = 50;
/// What the pod may have; `sluice.memory.bytes` is a third of it, as it is by default.
const POD: u64 = 256 * MIB;
/// Records that each sink shall have read, half a gigabyte.
const WANTED: u64 = 50_000;
const READ: &str = "kafka_connect_sink_task_metrics_sink_record_read_total{";

#[tokio::test]
async fn a_hundred_tasks_that_lag_stay_within_the_memory_of_the_pod() -> Result<()> {
    sluice_kit::require!(java::missing());
    let mut kafka = KafkaServer::start(KafkaOptions::default()).await?;
    let folder = tempfile::tempdir()?;
    fill(&mut kafka, folder.path()).await?;
    let file = WorkerFile::new(&kafka.bootstrap(), "lagging")
        .with("sluice.memory.bytes", &(POD / 3).to_string())
        .with("sluice.file.paths", &folder.path().display().to_string());
    let worker = ConnectWorker::sluice(&file).await?;
    // One takes records as they are, the other has to work for them: its records wait in memory.
    let fast = json!({
        "connector.class": "dev.sluice.NullSinkConnector",
        "value.converter": "org.apache.kafka.connect.converters.ByteArrayConverter",
    });
    let slow = json!({
        "connector.class": "FileStreamSink",
        "file": folder.path().join("ids"),
        "transforms": "id",
        "transforms.id.type": "org.apache.kafka.connect.transforms.ReplaceField$Value",
        "transforms.id.include": "id",
    });
    create(&worker, "slow", slow).await?;
    create(&worker, "fast", fast).await?;
    wait::until_ok(
        PATIENCE,
        "both sinks to read half a gigabyte, each task its part",
        async || {
            let metrics = worker.metrics().await?;
            for sink in ["fast", "slow"] {
                let read = read_by(&metrics, sink);
                let all: u64 = read.iter().map(|it| it.1).sum();
                ensure!(all >= WANTED && read.len() == TASKS, "{sink}: {read:?}");
            }
            Ok(())
        },
    )
    .await?;
    let peak = peak(&worker)?;
    println!(
        "{} tasks, {} MB behind, read at least {} MB: peak {} MiB of {} MiB, {} MiB of them for records",
        2 * TASKS,
        RECORDS * RECORD_BYTES * u64::from(PARTITIONS) / 1_000_000,
        2 * WANTED * RECORD_BYTES / 1_000_000,
        peak / MIB,
        POD / MIB,
        POD / 3 / MIB,
    );
    ensure!(peak < POD, "{} MiB of {}", peak / MIB, POD / MIB);
    Ok(())
}

async fn create(worker: &ConnectWorker, name: &str, mut config: Value) -> Result<()> {
    config["topics"] = TOPIC.into();
    config["tasks.max"] = TASKS.to_string().into();
    let path = format!("/connectors/{name}/config");
    wait::until_ok(PATIENCE, "a sink to be created", async || {
        worker.ask("PUT", &path, Some(&config)).await.map(drop)
    })
    .await
}

/// Fills one partition and lets the others share it, so that the disk has to hold a hundredth.
async fn fill(kafka: &mut KafkaServer, folder: &Path) -> Result<()> {
    let values = folder.join("values");
    let filler = "x".repeat(usize::try_from(RECORD_BYTES)? - 20);
    writeln!(fs::File::create(&values)?, "{}", json!({"id": 7, "filler": filler}))?;
    let bootstrap = kafka.bootstrap();
    let first = format!("bootstrap.servers={bootstrap}");
    let (records, values) = (RECORDS.to_string(), values.display().to_string());
    let mut arguments = vec!["--topic", TOPIC, "--num-records", &records, "--throughput", "-1"];
    arguments.extend(["--payload-file", &values, "--producer-props", &first]);
    arguments.extend(["batch.size=1000000", "linger.ms=1000", "buffer.memory=100000000"]);
    // The broker creates it, with one partition.
    kafka.tool("org.apache.kafka.tools.ProducerPerformance", &arguments).await?;
    let partitions = PARTITIONS.to_string();
    let mut arguments = vec!["--bootstrap-server", &bootstrap, "--alter", "--topic", TOPIC];
    arguments.extend(["--partitions", &partitions]);
    kafka.tool("org.apache.kafka.tools.TopicCommand", &arguments).await?;
    kafka.repeat_first_partition(TOPIC, PARTITIONS).await
}

/// The tasks of a sink that have read something, each with the number of its records.
fn read_by(metrics: &str, sink: &str) -> BTreeSet<(String, u64)> {
    let series = metrics.lines().filter(|it| it.starts_with(READ));
    let of_sink = series.filter(|it| it.contains(&format!("connector=\"{sink}\"")));
    let read = of_sink.filter_map(|it| {
        let (series, value) = it.rsplit_once(' ')?;
        Some((series.to_owned(), value.parse().ok()?))
    });
    read.filter(|it| it.1 > 0).collect()
}

/// The most memory that the worker has ever had, with all that its allocator keeps.
fn peak(worker: &ConnectWorker) -> Result<u64> {
    let status = fs::read_to_string(format!("/proc/{}/status", worker.process_id()))?;
    let line = status.lines().find_map(|it| it.strip_prefix("VmHWM:")).context("no peak")?;
    let kib: u64 = line.trim().trim_end_matches("kB").trim().parse()?;
    Ok(kib << 10)
}
