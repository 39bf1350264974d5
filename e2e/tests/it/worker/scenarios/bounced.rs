//! Each worker of three restarted in turn, under load: `bounce`, clean and unclean.

use std::collections::BTreeMap;

use anyhow::{Result, ensure};
use sluice_kit::kafka::KafkaServer;
use sluice_kit::{java, wait};

use super::super::pipeline::PATIENCE;
use super::cluster::{Cluster, End};
use super::seqnos::{self, Fate};

const TASKS: usize = 3;
/// Records of each task between two restarts.
const BETWEEN: usize = 20;

#[tokio::test]
async fn workers_that_are_told_to_stop_lose_and_repeat_nothing() -> Result<()> {
    sluice_kit::require!(java::missing());
    bounce("bounced-clean", End::Clean, 3).await
}

#[tokio::test]
async fn workers_that_are_killed_lose_nothing_and_repeat_nothing_that_was_told_safe() -> Result<()>
{
    sluice_kit::require!(java::missing());
    bounce("bounced-unclean", End::Unclean, 1).await
}

async fn bounce(group: &str, end: End, rounds: usize) -> Result<()> {
    let kafka = KafkaServer::shared().await?;
    let (source, sink) = (format!("{group}-source"), format!("{group}-sink"));
    let mut cluster = Cluster::start(&Cluster::file(kafka, group)).await?;
    cluster.create(&source, &seqnos::source(group, TASKS)).await?;
    cluster.create(&sink, &seqnos::sink(group, TASKS)).await?;
    let ends = [(source.as_str(), Fate::Committed), (sink.as_str(), Fate::Flushed)];
    progress(&cluster, ends).await?;
    for round in 0..rounds {
        // Not in the same order every time.
        for turn in 0..cluster.workers.len() {
            let worker = (round + turn) % cluster.workers.len();
            cluster.bounce(worker, end).await?;
            progress(&cluster, ends).await?;
        }
    }
    for (name, _) in ends {
        cluster.all_tell(name, TASKS, "RUNNING").await?;
    }

    cluster.ask(0, "DELETE", &format!("/connectors/{source}"), None).await?;
    wait::until_ok(PATIENCE, "the source to be gone", async || {
        let path = format!("/connectors/{source}/status");
        let (status, answer) = cluster.workers[0].request("GET", &path, None).await?;
        ensure!(status == 404, "{answer}");
        Ok(())
    })
    .await?;
    wait::until(PATIENCE, "the sink to take what was committed", async || {
        let safe = highest(&cluster, &source, Fate::Committed);
        let taken = highest(&cluster, &sink, Fate::Flushed);
        safe.iter().all(|(task, number)| taken.get(task) >= Some(number))
    })
    .await?;
    cluster.ask(0, "DELETE", &format!("/connectors/{sink}"), None).await?;
    cluster.end_all().await?;

    let printed = cluster.printed();
    let (made, safe, taken) = (
        seqnos::numbers(&printed, &source, Fate::Sent),
        seqnos::numbers(&printed, &source, Fate::Committed),
        seqnos::numbers(&printed, &sink, Fate::Flushed),
    );
    ensure!(taken.len() == TASKS, "{:?}", taken.keys());
    seqnos::add_up(&made, end == End::Clean)?;
    // A worker that is killed between a commit and its words has told less than is so.
    if end == End::Clean {
        seqnos::add_up(&safe, true)?;
    }
    seqnos::add_up(&taken, end == End::Clean)?;
    seqnos::committed_are_not_sent_again(&printed, &source)
}

/// Waits until each task has come further, at both ends.
async fn progress(cluster: &Cluster, ends: [(&str, Fate); 2]) -> Result<()> {
    let counts = || {
        let printed = cluster.printed();
        ends.map(|(name, fate)| seqnos::per_task(&printed, name, fate))
    };
    let before = counts();
    wait::until_ok(PATIENCE, "each task to come further", async || {
        let now = counts();
        let is_further = |(now, before): (&BTreeMap<i64, usize>, &BTreeMap<i64, usize>)| {
            let more = |(task, now): (&i64, &usize)| {
                *now >= before.get(task).copied().unwrap_or_default() + BETWEEN
            };
            now.len() == TASKS && now.iter().all(more)
        };
        ensure!(now.iter().zip(&before).all(is_further), "{before:?} are now {now:?}");
        Ok(())
    })
    .await
}

/// The highest number of each task.
fn highest(cluster: &Cluster, name: &str, fate: Fate) -> BTreeMap<i64, i64> {
    let numbers = seqnos::numbers(&cluster.printed(), name, fate);
    numbers.iter().filter_map(|(task, it)| Some((*task, *it.keys().next_back()?))).collect()
}
