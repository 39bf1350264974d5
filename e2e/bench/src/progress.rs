//! How a run went on: samples of how far it was and what that had cost, and the parts of it that figures are of.

/// A look at a run.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Sample {
    /// Seconds since the run began.
    pub(crate) at: f64,
    /// Records that have arrived: committed by the group, in the topic or in the file.
    pub(crate) records: u64,
    /// The worker's seconds of processor time.
    pub(crate) worker: f64,
    /// The broker's.
    pub(crate) broker: f64,
}

/// What a part of a run has cost.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Cost {
    /// Records in that part.
    pub(crate) records: u64,
    /// Seconds that it took.
    pub(crate) seconds: f64,
    /// The worker's microseconds of processor time per record.
    pub(crate) worker: f64,
    /// The broker's.
    pub(crate) broker: f64,
}

impl Cost {
    /// Records per second.
    pub(crate) fn rate(&self) -> f64 {
        self.records as f64 / self.seconds
    }

    fn between(first: &Sample, last: &Sample) -> Option<Self> {
        let records = last.records.checked_sub(first.records).filter(|it| *it > 0)?;
        let each = |seconds: f64| seconds * 1e6 / records as f64;
        Some(Self {
            records,
            seconds: last.at - first.at,
            worker: each(last.worker - first.worker),
            broker: each(last.broker - first.broker),
        })
    }
}

/// The part of a run that its figures are of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Window {
    /// The last 60 %, up to the last sample before the end: the commit of the very last record waits for the timer and
    /// would count idle time.
    Tail,
    /// From 40 % to 90 %: a source is done before the last records leave the producer's queue.
    Middle,
    /// All of it: two connectors share the worker, and one of them ends before the other.
    All,
}

impl Window {
    /// What the part has cost, of a run of `total` records. None if there were too few samples to tell.
    pub(crate) fn cost(self, samples: &[Sample], total: u64) -> Option<Cost> {
        let begin = match self {
            Self::Tail | Self::Middle => samples.iter().find(|it| it.records * 10 >= total * 4)?,
            Self::All => samples.first()?,
        };
        let is_in = |it: &&Sample| match self {
            Self::Tail => it.records < total,
            Self::Middle => it.records * 10 <= total * 9,
            Self::All => true,
        };
        Cost::between(begin, samples.iter().rev().find(is_in)?)
    }
}

/// From the first record that was seen to the last sample before the end.
pub(crate) fn whole(samples: &[Sample], total: u64) -> Option<Cost> {
    let first = samples.iter().find(|it| it.records > 0)?;
    let last = samples.iter().rev().find(|it| it.records < total)?;
    Cost::between(first, last)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(at: f64, records: u64) -> Sample {
        Sample { at, records, worker: at * 0.5, broker: at }
    }

    #[test]
    fn the_steady_part_leaves_out_the_start_and_the_wait_at_the_end() {
        let samples = [(1.0, 100), (2.0, 300), (3.0, 450), (5.0, 850), (5.2, 900), (9.0, 1000)]
            .map(|(at, records)| sample(at, records));
        let steady = Window::Tail.cost(&samples, 1000).expect("enough samples");
        assert_eq!(steady.records, 450);
        assert!((steady.seconds - 2.2).abs() < 1e-9);
        assert!((steady.worker - 1.1e6 / 450.0).abs() < 1e-6);
        assert!((steady.rate() - 450.0 / 2.2).abs() < 1e-6);
        assert_eq!(whole(&samples, 1000).expect("enough").records, 800);
    }

    #[test]
    fn other_parts_leave_out_less_or_more() {
        let samples = [(0.0, 0), (2.0, 400), (3.0, 700), (4.0, 900), (5.0, 990), (6.0, 1000)]
            .map(|(at, records)| sample(at, records));
        let records = |window: Window| window.cost(&samples, 1000).map(|it| it.records);
        assert_eq!(records(Window::Tail), Some(590));
        assert_eq!(records(Window::Middle), Some(500));
        assert_eq!(records(Window::All), Some(1000));
    }

    #[test]
    fn too_few_samples_give_no_figure() {
        assert_eq!(Window::Tail.cost(&[], 10), None);
        assert_eq!(Window::All.cost(&[sample(1.0, 10)], 10), None);
        assert_eq!(Window::Tail.cost(&[sample(1.0, 5), sample(2.0, 10)], 10), None);
    }
}
