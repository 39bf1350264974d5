//! Mean and maximum over the last while, as Kafka's metrics have them.

use std::{
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

/// `metrics.sample.window.ms`; two windows count (`metrics.num.samples`).
const SAMPLE: Duration = Duration::from_secs(30);

/// Values of the current and the last sample.
#[derive(Debug, Default)]
pub(crate) struct Window {
    samples: Mutex<[Sample; 2]>,
}

#[derive(Debug, Default, Clone, Copy)]
struct Sample {
    since: Option<Instant>,
    count: u64,
    sum: f64,
    max: f64,
}

impl Window {
    /// Takes in a value.
    pub(crate) fn add(&self, value: f64) {
        self.add_at(value, Instant::now());
    }

    /// Mean and maximum; none if nothing was added lately.
    pub(crate) fn mean_and_max(&self) -> Option<(f64, f64)> {
        self.mean_and_max_at(Instant::now())
    }

    fn add_at(&self, value: f64, now: Instant) {
        let mut samples = self.samples.lock().unwrap_or_else(PoisonError::into_inner);
        if samples[0].since.is_none_or(|since| now - since >= SAMPLE) {
            samples[1] = samples[0];
            samples[0] = Sample { since: Some(now), ..Sample::default() };
        }
        let sample = &mut samples[0];
        sample.count += 1;
        sample.sum += value;
        sample.max = sample.max.max(value);
    }

    fn mean_and_max_at(&self, now: Instant) -> Option<(f64, f64)> {
        let samples = self.samples.lock().unwrap_or_else(PoisonError::into_inner);
        let is_recent = |it: &&Sample| it.since.is_some_and(|since| now - since < 2 * SAMPLE);
        let recent: Vec<&Sample> = samples.iter().filter(is_recent).collect();
        let count: u64 = recent.iter().map(|it| it.count).sum();
        let sum: f64 = recent.iter().map(|it| it.sum).sum();
        let max = recent.iter().map(|it| it.max).fold(0.0, f64::max);
        (count > 0).then(|| (sum / count as f64, max))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn old_values_fade() {
        let window = Window::default();
        let start = Instant::now();
        assert_eq!(window.mean_and_max_at(start), None);
        window.add_at(9.0, start);
        window.add_at(1.0, start + SAMPLE);
        window.add_at(3.0, start + SAMPLE);
        for (after, expected) in
            [(SAMPLE, Some((13.0 / 3.0, 9.0))), (2 * SAMPLE, Some((2.0, 3.0))), (3 * SAMPLE, None)]
        {
            assert_eq!(window.mean_and_max_at(start + after), expected, "{after:?}");
        }
    }
}
