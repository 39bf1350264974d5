//! The memory that Kafka clients of all tasks together may hold, so that many tasks do not take many times as much.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

/// What each task gets at least, also beyond the budget: below this a client cannot hold one fetch.
const SMALLEST: u64 = 1024 * 1024;
/// One task of a large budget gets no more than librdkafka's own default.
const LARGEST: u64 = 64 * 1024 * 1024;

/// The budget of a worker. Each task takes a part when it starts and gives it back at its end.
#[derive(Debug, Clone)]
pub(crate) struct Budget {
    left: Arc<AtomicU64>,
    most: u64,
}

/// The part of one task.
#[derive(Debug)]
pub(crate) struct Grant {
    left: Arc<AtomicU64>,
    taken: u64,
}

impl Budget {
    /// Divides `total` bytes. A task gets an eighth at most, so that the first does not starve the others.
    pub(crate) fn new(total: u64) -> Self {
        Self { left: Arc::new(AtomicU64::new(total)), most: (total / 8).min(LARGEST) }
    }

    /// Takes the part of one task: half of what is left, within bounds.
    pub(crate) fn grant(&self) -> Grant {
        let mut taken = 0;
        let take = |left: u64| {
            taken = (left / 2).min(self.most);
            Some(left - taken)
        };
        // The closure always returns something, so this never fails.
        let _ = self.left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, take);
        Grant { left: Arc::clone(&self.left), taken }
    }
}

impl Grant {
    /// How many bytes the task's clients may hold.
    pub(crate) fn bytes(&self) -> usize {
        self.taken.max(SMALLEST) as usize
    }
}

impl Drop for Grant {
    fn drop(&mut self) {
        self.left.fetch_add(self.taken, Ordering::SeqCst);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grants_never_exceed_the_budget_by_more_than_the_least_each_task_needs() {
        let total = 64 * 1024 * 1024;
        let budget = Budget::new(total);
        let mut grants: Vec<Grant> = (0..100).map(|_| budget.grant()).collect();
        assert_eq!(grants[0].bytes() as u64, total / 8);
        assert!(grants.iter().map(|it| it.taken).sum::<u64>() <= total);
        assert_eq!(grants[99].bytes() as u64, SMALLEST);
        grants.clear();
        assert_eq!(budget.grant().bytes() as u64, total / 8, "parts come back");
    }
}
