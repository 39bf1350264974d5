//! When records are due, and a producer that keeps to it.

use std::{
    thread,
    time::{Duration, Instant},
};

use anyhow::Result;
use sluice_kafka::{OutgoingRecord, Producer};

use super::arrivals;

/// Even distances from a start on.
#[derive(Clone, Copy, Debug)]
pub(super) struct Schedule {
    start: Instant,
    /// Microseconds since 1970 at the start.
    epoch: u64,
    rate: u32,
}

impl Schedule {
    /// So many records each second from now on.
    pub(super) fn from_now(rate: u32) -> Self {
        Self { start: Instant::now(), epoch: arrivals::now(), rate }
    }

    /// How long after the start the record of a number is due.
    fn after(&self, number: u64) -> Duration {
        let (rate, nanos) = (u64::from(self.rate), 1_000_000_000);
        Duration::from_secs(number / rate) + Duration::from_nanos(number % rate * nanos / rate)
    }

    /// Sends so many records, each as soon as it is due, with that time in it and no other. Blocks.
    pub(super) fn send(&self, producer: &Producer, topic: &str, total: u64) -> Result<()> {
        for number in 0..total {
            let after = self.after(number);
            while let Some(early) = after.checked_sub(self.start.elapsed()) {
                thread::park_timeout(early);
            }
            let due = (self.epoch + after.as_micros() as u64).to_string();
            let record = OutgoingRecord {
                topic,
                partition: Some(0),
                timestamp: None,
                key: None,
                value: Some(due.as_bytes()),
                headers: &[],
            };
            producer.send(&record, number)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_are_due_at_even_distances_whatever_the_clock_says() {
        let schedule = Schedule { start: Instant::now(), epoch: 0, rate: 10_000 };
        for (number, micros) in [(0, 0), (1, 100), (9_999, 999_900), (25_000, 2_500_000)] {
            assert_eq!(schedule.after(number).as_micros(), micros, "{number}");
        }
    }
}
