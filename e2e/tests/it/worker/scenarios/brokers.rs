//! Each broker of three killed in turn, under load: what it led moves to the others, the coordinators of the workers'
//! group and of the sink's group among it, the data and the internal topics.

use std::collections::BTreeSet;
use std::time::Duration;

use anyhow::{Result, ensure};
use sluice_kit::connect::ConnectWorker;
use sluice_kit::java;
use sluice_kit::kafka::KafkaCluster;

use super::super::pipeline::PATIENCE;
use super::super::placement::{Placement, spread_over};
use super::cluster::Cluster;
use super::seqnos::{self, Fate};
use super::traffic::{TASKS, Traffic};

const GROUP: &str = "brokers";

/// No task of a source rests for longer: what it makes waits in its producer until others lead, and the write of its
/// positions, which it waits for, is given up after a second.
const REST: Duration = Duration::from_secs(5);

#[tokio::test]
async fn brokers_that_are_killed_stop_no_task_and_nothing_is_lost() -> Result<()> {
    sluice_kit::require!(java::missing());
    let mut kafka = KafkaCluster::start().await?;
    // Longer than it takes on a busy machine until others lead.
    let mut file = Cluster::file(&kafka.bootstrap(), GROUP)
        .with("session.timeout.ms", "20000")
        .with("consumer.session.timeout.ms", "20000")
        .with("offset.flush.timeout.ms", "1000");
    for topic in ["config", "offset", "status"] {
        file = file.with(&format!("{topic}.storage.replication.factor"), "3");
    }
    let mut cluster = Cluster::start(&file).await?;
    let traffic = Traffic::begin(&cluster, GROUP, 3).await?;
    let before = spread(&cluster).await?;
    have_three_copies(&kafka).await?;

    // The coordinator of the workers' group first.
    let first = kafka.coordinator(GROUP).await?;
    let others: Vec<usize> = kafka.ids().filter(|it| *it != first).collect();
    for broker in [first].into_iter().chain(others) {
        kafka.kill9(broker)?;
        traffic.progress(&cluster).await?;
        if broker == first {
            ensure!(kafka.coordinator(GROUP).await? != first, "the coordinator has not moved");
        }
        kafka.restart(broker).await?;
        kafka.whole().await?;
    }
    traffic.runs(&cluster).await?;
    let after = spread(&cluster).await?;
    ensure!(after == before, "{before:?} became {after:?}");

    let sum = traffic.end(&mut cluster).await?;
    let made = seqnos::numbers(&sum.printed, &traffic.source, Fate::Sent);
    // No worker has given up its work, and no task has begun anew.
    ensure!(!sum.printed.contains("CoordinatorLost"), "{}", without_records(&sum.printed));
    seqnos::add_up(&made, true)?;
    seqnos::add_up(&sum.safe, true)?;
    seqnos::add_up(&sum.taken, false)?;
    let rests = seqnos::longest_rests(&sum.printed, &traffic.source, Fate::Sent);
    ensure!(rests.len() == TASKS && rests.values().all(|it| *it < REST), "{rests:?}");
    Ok(())
}

async fn spread(cluster: &Cluster) -> Result<Placement> {
    let ids: Vec<&str> = cluster.workers.iter().map(ConnectWorker::id).collect();
    spread_over(&cluster.workers[0], &ids, 2 * TASKS, PATIENCE).await
}

fn without_records(printed: &str) -> String {
    printed.lines().filter(|it| !it.contains("\"seqno\"")).collect::<Vec<_>>().join("\n")
}

/// The internal topics are as their replication factors ask.
async fn have_three_copies(kafka: &KafkaCluster) -> Result<()> {
    let partitions = kafka.partitions().await?;
    for topic in ["configs", "offsets", "status"] {
        let topic = format!("{GROUP}-{topic}");
        let of: Vec<_> = partitions.iter().filter(|it| it.topic == topic).collect();
        let all = |copies: &[usize]| copies.iter().collect::<BTreeSet<_>>().len() == 3;
        ensure!(!of.is_empty() && of.iter().all(|it| all(&it.replicas)), "{topic}: {of:?}");
    }
    Ok(())
}
