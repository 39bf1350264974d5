//! A source that counts and a sink that takes, on three workers, and whether what they printed adds up.

use std::collections::BTreeMap;

use anyhow::{Result, ensure};
use serde_json::json;
use sluice_kit::wait;

use super::super::pipeline::PATIENCE;
use super::cluster::Cluster;
use super::seqnos::{self, Fate};

/// Tasks of each end.
pub(super) const TASKS: usize = 3;

/// Records of each task between two looks.
const BETWEEN: usize = 20;

/// Numbers of each task of the source, each with how often it was told.
pub(super) type Numbers = BTreeMap<i64, BTreeMap<i64, usize>>;

/// A source and the sink of its topic.
pub(super) struct Traffic {
    pub(super) source: String,
    pub(super) sink: String,
}

/// What all has become of the records.
pub(super) struct Sum {
    /// All that was printed.
    pub(super) printed: String,
    /// What the source has told to be safe.
    pub(super) safe: Numbers,
    /// What the sink has.
    pub(super) taken: Numbers,
}

impl Traffic {
    /// Creates both, with so many copies of the topic's records, and waits until records come.
    pub(super) async fn begin(cluster: &Cluster, topic: &str, copies: usize) -> Result<Self> {
        let traffic = Self { source: format!("{topic}-source"), sink: format!("{topic}-sink") };
        let mut source = seqnos::source(topic, TASKS);
        source["topic.creation.default.replication.factor"] = json!(copies.to_string());
        cluster.create(&traffic.source, &source).await?;
        cluster.create(&traffic.sink, &seqnos::sink(topic, TASKS)).await?;
        traffic.progress(cluster).await?;
        Ok(traffic)
    }

    /// Waits until each task has come further, at both ends.
    pub(super) async fn progress(&self, cluster: &Cluster) -> Result<()> {
        let ends = [(&self.source, Fate::Committed), (&self.sink, Fate::Flushed)];
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

    /// Waits until every worker tells that all of both runs.
    pub(super) async fn runs(&self, cluster: &Cluster) -> Result<()> {
        for name in [&self.source, &self.sink] {
            cluster.all_tell(name, TASKS, "RUNNING").await?;
        }
        Ok(())
    }

    /// Ends the source, then the sink once it has all that the source told to be safe, then the workers.
    pub(super) async fn end(&self, cluster: &mut Cluster) -> Result<Sum> {
        let Self { source, sink } = self;
        cluster.ask(0, "DELETE", &format!("/connectors/{source}"), None).await?;
        wait::until_ok(PATIENCE, "the source to be gone", async || {
            let path = format!("/connectors/{source}/status");
            let (status, answer) = cluster.workers[0].request("GET", &path, None).await?;
            ensure!(status == 404, "{answer}");
            Ok(())
        })
        .await?;
        wait::until(PATIENCE, "the sink to take what was committed", async || {
            let safe = highest(cluster, source, Fate::Committed);
            let taken = highest(cluster, sink, Fate::Flushed);
            safe.iter().all(|(task, number)| taken.get(task) >= Some(number))
        })
        .await?;
        cluster.ask(0, "DELETE", &format!("/connectors/{sink}"), None).await?;
        cluster.end_all().await?;
        let printed = cluster.printed();
        let safe = seqnos::numbers(&printed, source, Fate::Committed);
        let taken = seqnos::numbers(&printed, sink, Fate::Flushed);
        ensure!(taken.len() == TASKS, "{:?}", taken.keys());
        Ok(Sum { printed, safe, taken })
    }
}

/// The highest number of each task.
fn highest(cluster: &Cluster, name: &str, fate: Fate) -> BTreeMap<i64, i64> {
    let numbers = seqnos::numbers(&cluster.printed(), name, fate);
    numbers.iter().filter_map(|(task, it)| Some((*task, *it.keys().next_back()?))).collect()
}
