//! What is told of the runs of a scenario.

use anyhow::{Context, Result};

use super::Paced;
use crate::{statistics::quantile, workers::Side};

/// How many of the records have arrived in the time that is looked up with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Passed {
    P50,
    P90,
    P99,
    P999,
    P9999,
    All,
}

/// One connector's records.
#[derive(Clone, Debug)]
pub(crate) struct LatencyRun {
    pub(crate) side: Side,
    /// Records that count.
    pub(crate) records: usize,
    /// Microseconds in which the parts of [`Latencies::PARTS`] arrived.
    pub(crate) parts: Vec<u64>,
    /// The worker's microseconds of processor time per record.
    pub(crate) worker: f64,
}

/// All runs of a scenario, in their order.
#[derive(Clone, Debug)]
pub(crate) struct Latencies {
    pub(crate) scenario: Paced,
    pub(crate) runs: Vec<LatencyRun>,
    /// The parts of runs without a worker, where the records come from a source.
    pub(crate) floor: Vec<Vec<u64>>,
}

impl Latencies {
    /// The parts that are told of each run, with their names.
    pub(crate) const PARTS: [(Passed, &'static str, f64); 6] = [
        (Passed::P50, "p50", 0.5),
        (Passed::P90, "p90", 0.9),
        (Passed::P99, "p99", 0.99),
        (Passed::P999, "p99.9", 0.999),
        (Passed::P9999, "p99.99", 0.9999),
        (Passed::All, "max", 1.0),
    ];

    /// Microseconds until a part had arrived, run by run.
    pub(crate) fn of(&self, side: Side, part: Passed) -> Vec<f64> {
        let runs = self.runs.iter().filter(|it| it.side == side);
        Self::part_of(part, runs.map(|it| &it.parts))
    }

    /// The same without a worker.
    pub(crate) fn of_floor(&self, part: Passed) -> Vec<f64> {
        Self::part_of(part, self.floor.iter())
    }

    fn part_of<'a>(part: Passed, runs: impl Iterator<Item = &'a Vec<u64>>) -> Vec<f64> {
        let index = Self::PARTS.iter().position(|it| it.0 == part);
        runs.filter_map(|it| Some(*it.get(index?)? as f64)).collect()
    }
}

/// How many records count, and in which time parts of them arrived.
pub(super) fn parts(arrived: &[u64], rate: u32) -> Result<(usize, Vec<u64>)> {
    // The first second finds connections that are not there yet.
    let mut counted = arrived[rate as usize..].to_vec();
    counted.sort_unstable();
    let part = |part| quantile(&counted, part).context("no record counts");
    let parts = Latencies::PARTS.map(|(_, _, share)| part(share));
    Ok((counted.len(), parts.into_iter().collect::<Result<_>>()?))
}
