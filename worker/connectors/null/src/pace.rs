//! When records are due. Pure but for the clock that starts it.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::time::Instant;

/// Even distances from a start on, kept by a clock that nobody sets.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pace {
    start: Instant,
    /// Microseconds since 1970 at the start.
    epoch: u64,
    rate: u64,
}

impl Pace {
    /// So many records each second from now on; none if there is no pace.
    pub(crate) fn from_now(rate: i64) -> Option<Self> {
        let rate = u64::try_from(rate).ok().filter(|it| *it > 0)?;
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Some(Self { start: Instant::now(), epoch: since.as_micros() as u64, rate })
    }

    /// When the record after `made` is due.
    pub(crate) fn due(self, made: u64) -> Instant {
        self.start + self.after(made)
    }

    /// The same in microseconds since 1970.
    pub(crate) fn due_since_1970(self, made: u64) -> u64 {
        self.epoch + self.after(made).as_micros() as u64
    }

    /// How many are due at a time, made ones too.
    pub(crate) fn until(self, now: Instant) -> u64 {
        let passed = now.saturating_duration_since(self.start);
        let whole = passed.as_secs().saturating_mul(self.rate);
        let part = u128::from(passed.subsec_nanos()) * u128::from(self.rate) / 1_000_000_000;
        whole.saturating_add(part as u64).saturating_add(1)
    }

    fn after(self, made: u64) -> Duration {
        // Rounded up, so that a record that was waited for is due.
        let part = (u128::from(made % self.rate) * 1_000_000_000).div_ceil(u128::from(self.rate));
        Duration::new(made / self.rate, part as u32)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_waited_for_is_due_and_nothing_more() {
        for rate in [1, 3, 7, 1_000, 999_999, i64::MAX] {
            let pace = Pace::from_now(rate).expect("a rate");
            for made in [0, 1, 2, 6, 1_001, 12_345] {
                assert_eq!(
                    pace.until(pace.due(made)).min(made + 1),
                    made + 1,
                    "{made} at {rate}/s"
                );
                if rate < 1_000_000_000 && made > 0 {
                    let before = pace.due(made) - Duration::from_nanos(1);
                    assert_eq!(pace.until(before), made, "{made} at {rate}/s");
                }
            }
        }
    }

    #[test]
    fn times_lie_at_even_distances() {
        let pace = Pace::from_now(4).expect("a rate");
        let times = [0, 1, 2, 4, 41].map(|made| pace.due_since_1970(made) - pace.epoch);
        assert_eq!(times, [0, 250_000, 500_000, 1_000_000, 10_250_000]);
        assert!(Pace::from_now(0).is_none() && Pace::from_now(-1).is_none());
    }
}
