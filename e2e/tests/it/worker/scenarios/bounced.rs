//! Each worker of three restarted in turn, under load: `bounce`, clean and unclean.

use anyhow::Result;
use sluice_kit::java;
use sluice_kit::kafka::KafkaServer;

use super::cluster::{Cluster, End};
use super::seqnos::{self, Fate};
use super::traffic::Traffic;

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
    let mut cluster = Cluster::start(&Cluster::file(&kafka.bootstrap(), group)).await?;
    let traffic = Traffic::begin(&cluster, group, 1).await?;
    for round in 0..rounds {
        // Not in the same order every time.
        for turn in 0..cluster.workers.len() {
            let worker = (round + turn) % cluster.workers.len();
            cluster.bounce(worker, end).await?;
            traffic.progress(&cluster).await?;
        }
    }
    traffic.runs(&cluster).await?;
    let sum = traffic.end(&mut cluster).await?;
    let made = seqnos::numbers(&sum.printed, &traffic.source, Fate::Sent);
    seqnos::add_up(&made, end == End::Clean)?;
    // A worker that is killed between a commit and its words has told less than is so.
    if end == End::Clean {
        seqnos::add_up(&sum.safe, true)?;
    }
    seqnos::add_up(&sum.taken, end == End::Clean)?;
    seqnos::committed_are_not_sent_again(&sum.printed, &traffic.source)
}
