//! Pauses before the next attempt, one count per resource.

use std::collections::HashMap;
use std::hash::{BuildHasher, Hash, RandomState};
use std::sync::Mutex;
use std::time::Duration;

const FIRST: Duration = Duration::from_secs(1);
const LONGEST: Duration = Duration::from_mins(5);

/// Failures in a row, by resource.
#[derive(Debug)]
pub struct Backoff<K> {
    failures: Mutex<HashMap<K, u32>>,
    noise: RandomState,
}

impl<K> Default for Backoff<K> {
    fn default() -> Self {
        Self { failures: Mutex::default(), noise: RandomState::new() }
    }
}

impl<K: Eq + Hash> Backoff<K> {
    /// Counts a failure and says how long to wait: doubling from one second to five minutes, plus up to a quarter so
    /// that resources that fail together do not come back together.
    pub fn failed(&self, key: K) -> Duration {
        let noise = self.noise.hash_one(&key) % 250;
        let mut failures = self.failures.lock().expect("no holder of the lock panics");
        let count = failures.entry(key).or_insert(0);
        let pause = FIRST.saturating_mul(1 << (*count).min(16)).min(LONGEST);
        *count = count.saturating_add(1);
        pause + pause.mul_f64(noise as f64 / 1000.0)
    }

    /// Forgets the failures of a resource that is well, or gone.
    pub fn succeeded(&self, key: &K) {
        self.failures.lock().expect("no holder of the lock panics").remove(key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_a_limit_and_start_again_after_success() {
        let backoff = Backoff::default();
        let within = |pause: Duration, seconds: u64| {
            let low = Duration::from_secs(seconds);
            assert!(pause >= low && pause <= low.mul_f64(1.25), "{pause:?} for {seconds}");
        };
        for seconds in [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300] {
            within(backoff.failed("a"), seconds);
        }
        within(backoff.failed("b"), 1);
        backoff.succeeded(&"a");
        within(backoff.failed("a"), 1);
    }
}
