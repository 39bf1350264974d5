//! The suite for sink connectors.

mod stage;
#[cfg(test)]
mod tests;

use async_trait::async_trait;
use sluice_model::{ConnectRecord, SchemaAndValue};

use super::{Broken, Obligation};
use crate::{AnySinkConnector, Kind, Properties, TopicOffsets};
use stage::{Stage, both, first};

/// A sink connector and the system that it writes to, as its author sees both.
#[async_trait]
pub trait SinkSystem: Send + Sync {
    /// The connector.
    fn connector(&self) -> &dyn AnySinkConnector;

    /// Settings of a connector that writes to an empty part of the system. What earlier ones wrote is seen no more.
    async fn empty(&self) -> Properties;

    /// The worker's limits for plugins.
    fn worker(&self) -> Properties {
        Properties::new()
    }

    /// A record that carries a number. The suite sets topic, partition and offset.
    fn record(&self, number: i64) -> ConnectRecord {
        let value = SchemaAndValue::schemaless(number.to_string());
        ConnectRecord::new("conformance", SchemaAndValue::NULL, value)
    }

    /// The numbers in the system, in its order, as another client sees them; none if the system cannot be looked into.
    ///
    /// Asks the system itself, not the connector: the suite takes what this says for what survives a crash. Without an
    /// answer only the rest of the suite runs.
    async fn contents(&self) -> Option<Vec<i64>>;

    /// Makes the system refuse what is written, or work again. False if that cannot be done: such checks are left out.
    async fn refuse(&self, refuses: bool) -> bool {
        let _ = refuses;
        false
    }
}

/// Holds a sink connector to its obligations: those of [`crate::SinkConnector`] and [`crate::SinkTask`].
///
/// To be called inside a tokio runtime with time and whatever the connector needs.
pub async fn sink(system: &dyn SinkSystem) -> Result<(), Broken> {
    splits(system).await?;
    survives_a_crash(system).await?;
    takes_a_batch_again(system).await?;
    outlives_a_refusal(system).await?;
    follows_assignments(system).await?;
    closes(system).await
}

async fn splits(system: &dyn SinkSystem) -> Result<(), Broken> {
    let settings = system.empty().await;
    for max_tasks in 1..4 {
        let tasks = system.connector().split(&settings, max_tasks).await;
        let tasks =
            tasks.map_err(|error| Obligation::Opens.broken(format!("split says {error}")))?;
        if tasks.is_empty() || tasks.len() > max_tasks {
            return Err(Obligation::SplitsWithinLimit
                .broken(format!("{} tasks where {max_tasks} are allowed", tasks.len())));
        }
    }
    Ok(())
}

/// What `flush` reports outlives a process that ends without a word; the rest comes again.
async fn survives_a_crash(system: &dyn SinkSystem) -> Result<(), Broken> {
    let mut stage = Stage::open(system).await?;
    stage.assigned(&both()).await?;
    stage.flush().await?;
    stage.put(0..10).await?;
    stage.put(10..10).await?;
    stage.put(10..20).await?;
    let reported = stage.flush().await?;
    let mut next = stage.crash().await?;
    next.holds(&reported, "after a crash behind flush").await?;
    next.assigned(&both()).await?;
    next.put_from(&reported, 20).await?;
    next.flush_all().await?;
    next.put(20..30).await?;
    next.flush_all().await?;
    next.close("in good order").await?;
    next.holds_all(30, "after a crash and the rest of the records").await
}

/// The engine puts a batch again after a retriable error, also if all of it has been written.
async fn takes_a_batch_again(system: &dyn SinkSystem) -> Result<(), Broken> {
    let mut stage = Stage::open(system).await?;
    stage.assigned(&both()).await?;
    stage.put(0..10).await?;
    stage.put_again(0..10).await?;
    stage.put(10..12).await?;
    stage.flush_all().await?;
    stage.holds_all(12, "after a batch that came twice").await?;
    stage.close("after a batch that came twice").await
}

/// A system that refuses for a while costs nothing but time.
async fn outlives_a_refusal(system: &dyn SinkSystem) -> Result<(), Broken> {
    let mut stage = Stage::open(system).await?;
    stage.assigned(&both()).await?;
    stage.put(0..4).await?;
    let committed = stage.flush_all().await?;
    if !system.refuse(true).await {
        return stage.close("in good order").await;
    }
    let put = stage.try_put(4..10).await;
    let flushed = if put.is_ok() { stage.try_flush().await? } else { Ok(TopicOffsets::new()) };
    let reported = flushed.as_ref().cloned().unwrap_or_default();
    stage.holds(&reported, "while the system refuses").await?;
    let errors = [put.err(), flushed.err()];
    let has_failed = errors.iter().flatten().any(|it| it.kind() != Kind::Retriable);
    let comes_again = errors.iter().any(Option::is_some);
    if has_failed {
        // The task fails; another one begins where the offsets are.
        stage.close_or_fail("after an error").await?;
        system.refuse(false).await;
        stage = stage.crash().await?;
        stage.assigned(&both()).await?;
        stage.put_from(&committed, 10).await?;
    } else {
        system.refuse(false).await;
        if comes_again {
            stage.put_again(4..10).await?;
        }
    }
    stage.flush_all().await?;
    stage.holds_all(10, "after the system had refused for a while").await?;
    system.refuse(true).await;
    let _ = stage.try_put(10..12).await;
    let closed = stage.close_or_fail("while the system refuses").await;
    system.refuse(false).await;
    closed
}

async fn follows_assignments(system: &dyn SinkSystem) -> Result<(), Broken> {
    let mut stage = Stage::open(system).await?;
    stage.assigned(&both()).await?;
    stage.put(0..10).await?;
    stage.flush_all().await?;
    let second = &both()[1..];
    stage.revoked(second).await?;
    stage.put((10..16).step_by(2)).await?;
    stage.flush_all().await?;
    stage.assigned(second).await?;
    stage.put((11..16).step_by(2)).await?;
    stage.put(16..20).await?;
    let lost = |it: Broken| Obligation::FollowsAssignments.broken(it.found);
    stage.flush_all().await.map_err(lost)?;
    stage.holds_all(20, "after a partition had gone and come back").await.map_err(lost)?;
    stage.revoked(&both()).await?;
    stage.close("without partitions").await
}

async fn closes(system: &dyn SinkSystem) -> Result<(), Broken> {
    let mut stage = Stage::open(system).await?;
    stage.close("right after open").await?;
    let mut stage = Stage::open(system).await?;
    stage.assigned(&first()).await?;
    stage.put((0..10).step_by(2)).await?;
    stage.close("with records that were not flushed").await
}
