//! Looks at a run until all records have arrived.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use sluice_kit::connect::ConnectWorker;
use tokio::time::sleep;

use super::Bench;
use crate::{process, progress::Sample, workers};

/// Pause between two looks.
const LOOK: Duration = Duration::from_millis(20);
/// How long one run may take.
pub(super) const LONGEST: Duration = Duration::from_mins(5);
/// How long a run may stand still before its connectors are asked whether they have failed.
const STILL: Duration = Duration::from_secs(5);

/// What was seen of a run.
pub(super) struct Watched {
    pub(super) samples: Vec<Sample>,
    /// Mean of the resident memory over all looks, in KiB.
    pub(super) mean: f64,
    /// Most of it that there ever was, in KiB.
    pub(super) peak: u64,
}

impl Bench<'_> {
    /// Looks until `arrived` says that every record has.
    pub(super) async fn watch(
        &self,
        worker: &ConnectWorker,
        connectors: &[&str],
        mut arrived: impl AsyncFnMut() -> Result<u64>,
    ) -> Result<Watched> {
        let (process, broker) = (worker.process_id(), self.broker.process()?);
        let start = Instant::now();
        let mut samples: Vec<Sample> = Vec::new();
        let (mut looks, mut resident) = (0.0, 0.0);
        let mut still_since = start;
        loop {
            let records = arrived().await?;
            let sample = Sample {
                at: start.elapsed().as_secs_f64(),
                records,
                worker: process::cpu(process)?,
                broker: process::cpu(broker)?,
            };
            looks += 1.0;
            resident += process::resident(process)? as f64;
            if samples.last().is_none_or(|it| it.records != records) {
                samples.push(sample);
                still_since = Instant::now();
            }
            if records >= self.records {
                let peak = process::memory(process)?.peak;
                return Ok(Watched { samples, mean: resident / looks, peak });
            }
            if still_since.elapsed() > STILL {
                for connector in connectors {
                    workers::check(worker, connector).await?;
                }
                still_since = Instant::now();
            }
            let connector = connectors.first().context("a run has a connector")?;
            ensure!(start.elapsed() < LONGEST, "{connector}: only {records} records have arrived");
            sleep(LOOK).await;
        }
    }
}
