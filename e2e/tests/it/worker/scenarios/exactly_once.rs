//! `exactly once source`: sources that write in transactions, whose workers are killed and whose tasks change. Whoever reads
//! what was committed has each record once.

use std::collections::BTreeMap;

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use sluice_kit::connect::{ConnectWorker, WorkerFile};
use sluice_kit::kafka::KafkaServer;
use sluice_kit::{java, wait};

use super::super::pipeline::PATIENCE;
use super::cluster::{Cluster, End};
use super::seqnos::{self, Fate};

const STRING: &str = "org.apache.kafka.connect.storage.StringConverter";
/// Records of each task between two faults.
const BETWEEN: usize = 20;

/// A worker file of such a group.
pub(super) fn file(kafka: &KafkaServer, group: &str) -> WorkerFile {
    Cluster::file(&kafka.bootstrap(), group)
        .with("exactly.once.source.support", "enabled")
        .with("scheduled.rebalance.max.delay.ms", "1000")
}

pub(super) fn source(topic: &str, tasks: usize, boundary: &str) -> Value {
    let mut source = seqnos::source(topic, tasks);
    source["transaction.boundary"] = boundary.into();
    source["transaction.boundary.interval.ms"] = "150".into();
    source["key.converter"] = STRING.into();
    source["value.converter"] = STRING.into();
    source
}

#[tokio::test]
async fn each_record_is_there_once_whoever_is_killed() -> Result<()> {
    sluice_kit::require!(java::missing());
    let kafka = KafkaServer::shared().await?;
    let group = "exactly-once";
    let mut cluster = Cluster::start(&file(kafka, group)).await?;
    cluster.create(group, &source(group, 3, "poll")).await?;
    progress(&cluster, group, 3).await?;
    for worker in 0..cluster.workers.len() {
        cluster.bounce(worker, End::Unclean).await?;
        progress(&cluster, group, 3).await?;
    }
    // Each change has the tasks before it fenced.
    for (tasks, boundary) in [(2, "interval"), (3, "interval")] {
        cluster.create(group, &source(group, tasks, boundary)).await?;
        progress(&cluster, group, tasks).await?;
    }
    cluster.bounce(0, End::Unclean).await?;
    progress(&cluster, group, 3).await?;
    cluster.all_tell(group, 3, "RUNNING").await?;
    cluster.end_all().await?;
    let safe = seqnos::numbers(&cluster.printed(), group, Fate::Committed);
    is_complete(kafka, group, &safe).await
}

#[tokio::test]
async fn java_and_ours_fence_for_each_other() -> Result<()> {
    sluice_kit::require!(java::missing());
    let kafka = KafkaServer::shared().await?;
    for java_leads in [true, false] {
        let group = if java_leads { "exactly-once-java" } else { "exactly-once-ours" };
        let file = file(kafka, group);
        let java = async || ConnectWorker::java_with(&file, &java::test_connectors().await?).await;
        let (mut leader, mut other) = if java_leads {
            (java().await?, ConnectWorker::sluice(&file).await?)
        } else {
            (ConnectWorker::sluice(&file).await?, java().await?)
        };
        let mut printed = String::new();
        for tasks in [2, 3, 2] {
            let path = format!("/connectors/{group}/config");
            let config = source(group, tasks, "poll");
            wait::until_ok(PATIENCE, "the source to be changed", async || {
                other.ask("PUT", &path, Some(&config)).await.map(drop)
            })
            .await?;
            wait::until_ok(PATIENCE, "all tasks to run", async || {
                run_on_both(&leader, group, tasks).await
            })
            .await?;
            let before = output(&[&leader, &other])?;
            further(group, tasks, &before, || output(&[&leader, &other])).await?;
        }
        // The work of the one that is killed goes to the other.
        printed.push_str(&leader.output()?);
        leader.crash()?;
        let before = output(&[&other])?;
        further(group, 2, &before, || output(&[&other])).await?;
        other.terminate().await?;
        printed.push_str(&other.output()?);
        let safe = seqnos::numbers(&printed, group, Fate::Committed);
        is_complete(kafka, group, &safe).await?;
    }
    Ok(())
}

fn output(workers: &[&ConnectWorker]) -> Result<String> {
    workers.iter().map(|it| it.output()).collect()
}

async fn run_on_both(asked: &ConnectWorker, name: &str, tasks: usize) -> Result<()> {
    let status = asked.ask("GET", &format!("/connectors/{name}/status"), None).await?;
    let all = status["tasks"].as_array().context("tasks")?;
    ensure!(all.len() == tasks && all.iter().all(|it| it["state"] == "RUNNING"), "{status}");
    let mut workers: Vec<&str> = all.iter().filter_map(|it| it["worker_id"].as_str()).collect();
    workers.sort_unstable();
    workers.dedup();
    ensure!(workers.len() == 2, "{status}");
    Ok(())
}

/// Waits until each task has committed more.
async fn progress(cluster: &Cluster, name: &str, tasks: usize) -> Result<()> {
    let before = cluster.printed();
    let further = further(name, tasks, &before, || Ok(cluster.printed())).await;
    if further.is_err() {
        for worker in &cluster.workers {
            let path = format!("/connectors/{name}/status");
            eprintln!("{:?}", worker.ask("GET", &path, None).await);
        }
    }
    further
}

async fn further(
    name: &str,
    tasks: usize,
    before: &str,
    printed: impl Fn() -> Result<String>,
) -> Result<()> {
    let before = seqnos::per_task(before, name, Fate::Committed);
    wait::until_ok(PATIENCE, "each task to come further", async || {
        let now: BTreeMap<i64, usize> = seqnos::per_task(&printed()?, name, Fate::Committed);
        let more = |task: &i64| now.get(task).copied().unwrap_or_default();
        let had = |task: &i64| before.get(task).copied().unwrap_or_default();
        let is_further = (0..tasks as i64).all(|it| more(&it) >= had(&it) + BETWEEN);
        ensure!(is_further, "{before:?} are now {now:?}");
        Ok(())
    })
    .await
}

/// Fails unless who reads what was committed finds each number once, and all that were told to be safe.
async fn is_complete(
    kafka: &KafkaServer,
    topic: &str,
    safe: &BTreeMap<i64, BTreeMap<i64, usize>>,
) -> Result<()> {
    let text = kafka
        .tool(
            "org.apache.kafka.tools.consumer.ConsoleConsumer",
            &[
                "--bootstrap-server",
                &kafka.bootstrap(),
                "--topic",
                topic,
                "--from-beginning",
                "--isolation-level",
                "read_committed",
                "--formatter-property",
                "print.key=true",
                "--timeout-ms",
                "10000",
            ],
        )
        .await?;
    let mut read: BTreeMap<i64, BTreeMap<i64, usize>> = BTreeMap::new();
    for line in text.lines() {
        let Some((task, seqno)) = line.split_once('\t') else { continue };
        let (task, seqno) = (task.trim().parse()?, seqno.trim().parse()?);
        *read.entry(task).or_default().entry(seqno).or_default() += 1;
    }
    seqnos::add_up(&read, true)?;
    for (task, safe) in safe {
        let highest = safe.keys().next_back();
        let last = read.get(task).and_then(|it| it.keys().next_back());
        ensure!(last >= highest, "task {task}: {last:?} were read, {highest:?} were told");
    }
    ensure!(!read.is_empty(), "nothing was read: {text}");
    Ok(())
}
