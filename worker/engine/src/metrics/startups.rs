//! How often connectors or tasks were started here, and with what outcome (`WorkerMetricsGroup`).

use std::time::Instant;

use super::{Counter, SampleWindow, Window};

/// Starts of connectors, or of tasks.
#[derive(Debug, Default)]
pub struct Startups {
    successes: Counter,
    failures: Counter,
    /// 1 for a start that succeeded, 0 for one that failed.
    results: Window,
}

impl Startups {
    /// None yet.
    pub fn new(size: SampleWindow) -> Self {
        Self { results: Window::new(size), ..Self::default() }
    }

    /// One more has succeeded or failed.
    pub fn ended(&self, succeeded: bool) {
        if succeeded {
            self.successes.add(1);
        } else {
            self.failures.add(1);
        }
        self.results.add(f64::from(u8::from(succeeded)));
    }

    /// Starts that succeeded.
    pub fn successes(&self) -> f64 {
        self.successes.number()
    }

    /// Starts that failed.
    pub fn failures(&self) -> f64 {
        self.failures.number()
    }

    /// Share of the starts of late that succeeded, from 0 to 1.
    pub fn success_share(&self, now: Instant) -> f64 {
        self.results.share_of_ones(now)
    }

    /// Share of the starts of late that failed, from 0 to 1.
    pub fn failure_share(&self, now: Instant) -> f64 {
        self.results.share_of_zeros(now)
    }
}
