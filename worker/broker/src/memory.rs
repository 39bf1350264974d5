//! The bound on records kept in memory. Whoever wants to add waits for room; nothing is dropped to make it.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::{Instant, timeout_at};

/// Bytes of records in memory, and the limit.
#[derive(Debug)]
pub(crate) struct Memory {
    used: AtomicUsize,
    limit: usize,
    freed: Notify,
}

impl Memory {
    pub(crate) fn new(limit: usize) -> Self {
        Self { used: AtomicUsize::new(0), limit, freed: Notify::new() }
    }

    /// Takes `bytes`, waiting up to `patience` for room. The last tenth is kept for compacted topics, so that the
    /// internal topics of Connect stay writable when data has filled the rest. Cancel-safe.
    pub(crate) async fn take(&self, bytes: usize, compacted: bool, patience: Duration) -> bool {
        let deadline = Instant::now() + patience;
        let limit = if compacted { self.limit } else { self.limit - self.limit / 10 };
        loop {
            let freed = self.freed.notified();
            if self.try_take(bytes, limit) {
                return true;
            }
            if timeout_at(deadline, freed).await.is_err() {
                return self.try_take(bytes, limit);
            }
        }
    }

    /// Gives room back and wakes those who wait for it.
    pub(crate) fn give_back(&self, bytes: usize) {
        self.used.fetch_sub(bytes, Ordering::AcqRel);
        self.freed.notify_waiters();
    }

    pub(crate) fn limit(&self) -> usize {
        self.limit
    }

    fn try_take(&self, bytes: usize, limit: usize) -> bool {
        self.used
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, |used| {
                used.checked_add(bytes).filter(|sum| *sum <= limit)
            })
            .is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_full_memory_makes_the_next_one_wait_until_room_is_given_back() {
        let memory = Memory::new(1000);
        let brief = Duration::from_millis(10);
        assert!(memory.take(900, false, brief).await);
        assert!(!memory.take(1, false, brief).await);
        assert!(memory.take(100, true, brief).await, "the reserve is for compacted topics");
        let (got, ()) = tokio::join!(memory.take(500, false, Duration::from_secs(5)), async {
            memory.give_back(600);
        });
        assert!(got);
    }
}
