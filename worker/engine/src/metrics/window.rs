//! What was measured over the last while, as Kafka's metrics have it (`SampledStat` with `Avg`, `Max`, `Rate`).

use std::{
    collections::VecDeque,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use super::Counter;

/// How far back windows look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SampleWindow {
    /// Length of one sample (`metrics.sample.window.ms`).
    pub length: Duration,
    /// How many samples count (`metrics.num.samples`).
    pub count: u32,
}

impl Default for SampleWindow {
    fn default() -> Self {
        Self { length: Duration::from_secs(30), count: 2 }
    }
}

impl SampleWindow {
    /// Age of its last value at which a sample counts no more.
    fn age(self) -> Duration {
        self.length.saturating_mul(self.count)
    }

    /// Seconds that values since `elapsed` ago are spread over: never fewer than all samples but the last have.
    fn spread(self, elapsed: Duration) -> f64 {
        let (elapsed, length) = (elapsed.as_secs_f64(), self.length.as_secs_f64().max(0.001));
        let missing = f64::from(self.count.saturating_sub(1)) - (elapsed / length).floor();
        (elapsed + missing.max(0.0) * length).max(0.001)
    }
}

/// Values of the current and the last samples.
#[derive(Debug, Default)]
pub struct Window {
    size: SampleWindow,
    samples: Mutex<VecDeque<Sample>>,
}

#[derive(Debug, Clone, Copy)]
struct Sample {
    since: Instant,
    last: Instant,
    count: u64,
    sum: f64,
    max: f64,
    min: f64,
}

impl Window {
    /// A window without values.
    pub fn new(size: SampleWindow) -> Self {
        Self { size, samples: Mutex::default() }
    }

    /// Takes in a value.
    pub fn add(&self, value: f64) {
        self.add_at(value, Instant::now());
    }

    /// Takes in a duration, in milliseconds.
    pub fn add_time(&self, took: Duration) {
        self.add(took.as_secs_f64() * 1e3);
    }

    /// Mean of the values; not a number if there are none.
    pub fn mean(&self, now: Instant) -> f64 {
        let all = self.measure(now);
        if all.count == 0 { f64::NAN } else { all.sum / all.count as f64 }
    }

    /// Greatest of the values; not a number if there are none.
    pub fn max(&self, now: Instant) -> f64 {
        let all = self.measure(now);
        if all.count == 0 { f64::NAN } else { all.max }
    }

    /// Least of the values; not a number if there are none.
    pub fn min(&self, now: Instant) -> f64 {
        let all = self.measure(now);
        if all.count == 0 { f64::NAN } else { all.min }
    }

    /// Share of the values that are 1, of a window of nothing but 0 and 1 (`Frequencies`). Zero if there are none.
    pub fn share_of_ones(&self, now: Instant) -> f64 {
        let all = self.measure(now);
        if all.count == 0 { 0.0 } else { all.sum / all.count as f64 }
    }

    /// Share of the values that are 0, likewise.
    pub fn share_of_zeros(&self, now: Instant) -> f64 {
        let all = self.measure(now);
        if all.count == 0 { 0.0 } else { 1.0 - all.sum / all.count as f64 }
    }

    /// Sum of the values per second.
    pub fn rate(&self, now: Instant) -> f64 {
        let all = self.measure(now);
        all.sum / self.size.spread(now.saturating_duration_since(all.since))
    }

    fn add_at(&self, value: f64, now: Instant) {
        let mut samples = self.samples.lock().unwrap_or_else(PoisonError::into_inner);
        let is_full = |it: &Sample| now.saturating_duration_since(it.since) >= self.size.length;
        if samples.back().is_none_or(is_full) {
            let age = self.size.age();
            samples.retain(|it| now.saturating_duration_since(it.last) < age);
            samples.push_back(Sample { since: now, ..Sample::empty(now) });
        }
        if let Some(sample) = samples.back_mut() {
            sample.last = now;
            sample.count += 1;
            sample.sum += value;
            sample.max = sample.max.max(value);
            sample.min = sample.min.min(value);
        }
    }

    /// All samples that count, as one.
    fn measure(&self, now: Instant) -> Sample {
        let age = self.size.age();
        let samples = self.samples.lock().unwrap_or_else(PoisonError::into_inner);
        let live = samples.iter().filter(|it| now.saturating_duration_since(it.last) < age);
        live.fold(Sample::empty(now), |all, it| Sample {
            since: all.since.min(it.since),
            last: it.last,
            count: all.count + it.count,
            sum: all.sum + it.sum,
            max: all.max.max(it.max),
            min: all.min.min(it.min),
        })
    }
}

impl Sample {
    const fn empty(now: Instant) -> Self {
        Self {
            since: now,
            last: now,
            count: 0,
            sum: 0.0,
            max: f64::NEG_INFINITY,
            min: f64::INFINITY,
        }
    }
}

/// A number that grows, with how fast it does.
#[derive(Debug, Default)]
pub(crate) struct Meter {
    total: Counter,
    window: Window,
}

impl Meter {
    pub(crate) fn new(size: SampleWindow) -> Self {
        Self { total: Counter::default(), window: Window::new(size) }
    }

    pub(crate) fn add(&self, more: u64) {
        if more > 0 {
            self.total.add(more);
            self.window.add(more as f64);
        }
    }

    pub(crate) fn total(&self) -> f64 {
        self.total.read() as f64
    }

    pub(crate) fn rate(&self, now: Instant) -> f64 {
        self.window.rate(now)
    }
}

/// A number that comes and goes, with what it was lately.
#[derive(Debug, Default)]
pub(crate) struct Level {
    value: Counter,
    pub(crate) window: Window,
}

impl Level {
    pub(crate) fn new(size: SampleWindow) -> Self {
        Self { value: Counter::default(), window: Window::new(size) }
    }

    pub(crate) fn set(&self, value: u64) {
        self.value.set(value);
        self.window.add(value as f64);
    }

    pub(crate) fn value(&self) -> f64 {
        self.value.read() as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LENGTH: Duration = Duration::from_secs(30);

    #[test]
    fn old_values_fade() {
        let window = Window::default();
        let start = Instant::now();
        assert!(window.mean(start).is_nan() && window.max(start).is_nan());
        window.add_at(9.0, start);
        window.add_at(1.0, start + LENGTH);
        window.add_at(3.0, start + LENGTH);
        for (after, mean, max) in [(LENGTH, 13.0 / 3.0, 9.0), (2 * LENGTH, 2.0, 3.0)] {
            assert!((window.mean(start + after) - mean).abs() < 1e-9, "{after:?}");
            assert!((window.max(start + after) - max).abs() < 1e-9, "{after:?}");
        }
        assert!(window.max(start + 3 * LENGTH).is_nan());
    }

    #[test]
    fn a_rate_is_spread_over_what_the_samples_cover() {
        let window = Window::default();
        let start = Instant::now();
        for (added, after, expected) in [
            (0.0, Duration::ZERO, 0.0),
            // One sample of two: the one that is not there yet counts as time too.
            (300.0, Duration::from_secs(10), 300.0 / 40.0),
            (300.0, Duration::from_secs(45), 600.0 / 45.0),
            // The first sample is forgotten, the second began 45 s after the start.
            (0.0, Duration::from_secs(75), 300.0 / 30.0),
            (0.0, Duration::from_secs(200), 0.0),
        ] {
            if added > 0.0 {
                window.add_at(added, if after < LENGTH { start } else { start + after });
            }
            let rate = window.rate(start + after);
            assert!((rate - expected).abs() < 1e-9, "{after:?}: {rate}, not {expected}");
        }
    }

    #[test]
    fn shares_of_nothing_are_nothing() {
        let window = Window::default();
        let now = Instant::now();
        assert_eq!((window.share_of_ones(now), window.share_of_zeros(now)), (0.0, 0.0));
        for value in [1.0, 1.0, 0.0, 1.0] {
            window.add_at(value, now);
        }
        assert_eq!((window.share_of_ones(now), window.share_of_zeros(now)), (0.75, 0.25));
    }

    #[test]
    fn samples_are_as_many_and_as_long_as_configured() {
        let window = Window::new(SampleWindow { length: Duration::from_secs(1), count: 1 });
        let start = Instant::now();
        for second in 0..100 {
            window.add_at(1.0, start + Duration::from_secs(second));
        }
        assert!(window.samples.lock().expect("no panic").len() <= 2);
        assert!(window.max(start + Duration::from_secs(100)).is_nan());
    }
}
