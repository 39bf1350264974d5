//! Connectors that run while their cluster changes sides, and back: they go on where they were.

use std::cell::Cell;
use std::collections::BTreeSet;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use sluice_kit::connect::ConnectWorker;
use sluice_kit::{java, wait};

use super::{Group, PATIENCE, PIPELINES, all_run_on, append};

/// Lines that are written at a time.
const BATCH: usize = 50;

#[tokio::test]
async fn running_connectors_change_sides_and_back() -> Result<()> {
    sluice_kit::require!(java::missing());
    let group = Group::new("moving").await?;
    let java = group.java().await?;
    group.create_pipelines(&java).await?;
    let load = Load { group: &group, written: Cell::new(0) };

    let sluice = load.during(group.sluice()).await?;
    load.during(all_run_on(&sluice, &[&java, &sluice])).await?;
    load.rests_at_the_same_place(&[&java, &sluice]).await?;
    load.during(java.stop()).await?;
    load.during(all_run_on(&sluice, &[&sluice])).await?;
    load.rests_at_the_same_place(&[&sluice]).await?;

    let java = load.during(group.java()).await?;
    load.during(all_run_on(&java, &[&java, &sluice])).await?;
    load.rests_at_the_same_place(&[&java, &sluice]).await?;
    load.during(sluice.stop()).await?;
    load.during(all_run_on(&java, &[&java])).await?;
    load.rests_at_the_same_place(&[&java]).await?;
    for pipeline in PIPELINES {
        let expected: Vec<usize> = (0..load.written.get()).collect();
        ensure!(load.came_out(pipeline)? == expected, "{pipeline} lost or repeated a line");
    }

    let sluice = load.during(group.sluice()).await?;
    load.during(all_run_on(&sluice, &[&java, &sluice])).await?;
    load.during(async { java.kill9() }).await?;
    load.during(all_run_on(&sluice, &[&sluice])).await?;
    load.rests_at_the_same_place(&[&sluice]).await?;
    for pipeline in PIPELINES {
        let seen: BTreeSet<usize> = load.came_out(pipeline)?.into_iter().collect();
        ensure!(seen.into_iter().eq(0..load.written.get()), "{pipeline} lost a line");
    }
    Ok(())
}

/// Numbered lines, the same ones in each pipeline.
struct Load<'a> {
    group: &'a Group,
    written: Cell<usize>,
}

impl Load<'_> {
    /// Keeps lines coming while something else is done.
    async fn during<T>(&self, act: impl Future<Output = Result<T>>) -> Result<T> {
        tokio::select! {
            outcome = act => outcome,
            stuck = self.keep_coming() => Err(stuck.err().context("lines come without end")?),
        }
    }

    async fn keep_coming(&self) -> Result<()> {
        loop {
            let before = self.written.get();
            for pipeline in PIPELINES {
                let lines: Vec<String> =
                    (before..before + BATCH).map(|it| it.to_string()).collect();
                append(&self.group.path(pipeline, "in"), &lines.join("\n"))?;
            }
            self.written.set(before + BATCH);
            self.all_came_out().await?;
        }
    }

    async fn all_came_out(&self) -> Result<()> {
        let last = self.written.get() - 1;
        wait::until_ok(PATIENCE, "the last line of each pipeline", async || {
            for pipeline in PIPELINES {
                let out = self.came_out(pipeline)?;
                ensure!(out.contains(&last), "{pipeline}: {last} after {:?}", out.last());
            }
            Ok(())
        })
        .await
    }

    fn came_out(&self, pipeline: &str) -> Result<Vec<usize>> {
        let text = std::fs::read_to_string(self.group.path(pipeline, "out"))?;
        // The last line may be half of one.
        let whole = text.rsplit_once('\n').map_or("", |it| it.0);
        whole.lines().map(|it| it.parse().with_context(|| it.to_owned())).collect()
    }

    /// Waits until each of these workers tells that all that was written is done and committed.
    async fn rests_at_the_same_place(&self, workers: &[&ConnectWorker]) -> Result<()> {
        self.all_came_out().await?;
        for pipeline in PIPELINES {
            let file = self.group.path(pipeline, "in");
            let size = std::fs::metadata(&file)?.len();
            let topic = self.group.topic(pipeline);
            let read = json!([{"partition": {"filename": file}, "offset": {"position": size}}]);
            is_at(workers, &format!("{topic}-source"), &|it| *it == read).await?;
            // After a crash of a source there are more records than lines.
            let written = self.written.get() as u64;
            is_at(workers, &format!("{topic}-sink"), &|it| {
                let partition = json!({"kafka_topic": topic, "kafka_partition": 0});
                it[0]["partition"] == partition
                    && it[0]["offset"]["kafka_offset"].as_u64().is_some_and(|at| at >= written)
            })
            .await?;
        }
        Ok(())
    }
}

async fn is_at(
    workers: &[&ConnectWorker],
    connector: &str,
    is_right: &dyn Fn(&Value) -> bool,
) -> Result<()> {
    let path = format!("/connectors/{connector}/offsets");
    wait::until_ok(PATIENCE, &format!("all to be committed by {connector}"), async || {
        let mut told = Vec::new();
        for worker in workers {
            told.push(worker.ask("GET", &path, None).await?["offsets"].take());
        }
        ensure!(told.iter().all(is_right), "{told:?}");
        told.dedup();
        ensure!(told.len() == 1, "the workers tell different things: {told:?}");
        Ok(())
    })
    .await
}
