//! Sources and sinks that are paused and resumed: `pause_and_resume_source`, `pause_and_resume_sink`,
//! `pause_state_persistent`.

use anyhow::{Result, ensure};
use sluice_kit::kafka::KafkaServer;
use sluice_kit::{java, wait};

use super::super::pipeline::PATIENCE;
use super::cluster::Cluster;
use super::seqnos::{self, Fate};

/// Records of a source that runs on, in whose time one that is paused would have made or taken some.
const A_WHILE: usize = 60;

#[tokio::test]
async fn a_pause_holds_until_it_is_over_whoever_restarts_meanwhile() -> Result<()> {
    sluice_kit::require!(java::missing());
    let kafka = KafkaServer::shared().await?;
    let mut cluster = Cluster::start(&Cluster::file(&kafka.bootstrap(), "paused")).await?;
    cluster.create("clock", &seqnos::source("paused-clock", 1)).await?;
    cluster.create("paused-source", &seqnos::source("paused-data", 1)).await?;
    cluster.create("paused-sink", &seqnos::sink("paused-clock", 1)).await?;
    let parts = [("paused-source", Fate::Sent), ("paused-sink", Fate::Received)];
    for (asked, (name, fate)) in parts.into_iter().enumerate() {
        cluster.all_tell(name, 1, "RUNNING").await?;
        goes_on(&cluster, name, fate).await?;
        cluster.ask(asked, "PUT", &format!("/connectors/{name}/pause"), None).await?;
        cluster.all_tell(name, 1, "PAUSED").await?;
        rests(&cluster, name, fate).await?;
        cluster.ask(asked + 1, "PUT", &format!("/connectors/{name}/resume"), None).await?;
        cluster.all_tell(name, 1, "RUNNING").await?;
        goes_on(&cluster, name, fate).await?;
    }

    for (name, _) in parts {
        cluster.ask(0, "PUT", &format!("/connectors/{name}/pause"), None).await?;
        cluster.all_tell(name, 1, "PAUSED").await?;
    }
    cluster.restart().await?;
    cluster.all_tell("clock", 1, "RUNNING").await?;
    for (name, fate) in parts {
        cluster.all_tell(name, 1, "PAUSED").await?;
        rests(&cluster, name, fate).await?;
        cluster.ask(2, "PUT", &format!("/connectors/{name}/resume"), None).await?;
        cluster.all_tell(name, 1, "RUNNING").await?;
        goes_on(&cluster, name, fate).await?;
    }
    Ok(())
}

async fn goes_on(cluster: &Cluster, name: &str, fate: Fate) -> Result<()> {
    let before = seqnos::count(&cluster.printed(), name, fate);
    wait::until(PATIENCE, &format!("{name} to go on"), async || {
        seqnos::count(&cluster.printed(), name, fate) > before
    })
    .await
}

async fn rests(cluster: &Cluster, name: &str, fate: Fate) -> Result<()> {
    let before = cluster.printed();
    let ticks = |printed: &str| seqnos::count(printed, "clock", Fate::Committed);
    wait::until(PATIENCE, "the clock", async || {
        ticks(&cluster.printed()) > ticks(&before) + A_WHILE
    })
    .await?;
    let (before, after) = (before, cluster.printed());
    let more = seqnos::count(&after, name, fate) - seqnos::count(&before, name, fate);
    ensure!(more == 0, "{more} records although {name} is paused");
    Ok(())
}
