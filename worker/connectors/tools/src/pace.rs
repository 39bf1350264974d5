//! How fast records are made: the part of `org.apache.kafka.common.utils.internals.ThroughputThrottler` that shows.

use std::time::Duration;

use tokio::time::{Instant, sleep_until};

/// Records each second, from a start on. Below 0 there is no limit, and with 0 there is one record.
pub(crate) struct Pace {
    start: Instant,
    each_second: i64,
}

impl Pace {
    pub(crate) fn from_now(each_second: i64) -> Self {
        Self { start: Instant::now(), each_second }
    }

    /// Waits until the next record is due after this many. Cancel-safe: it keeps nothing.
    pub(crate) async fn wait(&self, made: u64) {
        match self.due(made) {
            Some(due) if due > Instant::now() => sleep_until(due).await,
            Some(_) => {}
            None => std::future::pending().await,
        }
    }

    /// When the record after this many is due; none for never.
    fn due(&self, made: u64) -> Option<Instant> {
        match u64::try_from(self.each_second) {
            Err(_) => Some(self.start),
            Ok(0) => (made == 0).then_some(self.start),
            Ok(each_second) => {
                let seconds = Duration::from_secs(made / each_second);
                let rest =
                    Duration::from_secs_f64((made % each_second) as f64 / each_second as f64);
                self.start.checked_add(seconds + rest)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_are_due_at_even_distances() {
        for (each_second, made, expected) in [
            (-1, 1_000_000, Some(0)),
            (0, 0, Some(0)),
            (0, 1, None),
            (10, 0, Some(0)),
            (10, 5, Some(500)),
            (10, 25, Some(2_500)),
            (1, 3, Some(3_000)),
        ] {
            let pace = Pace::from_now(each_second);
            let due = pace.due(made).map(|it| (it - pace.start).as_millis());
            assert_eq!(due, expected, "{made} at {each_second}/s");
        }
    }
}
