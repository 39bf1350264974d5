//! What the config topic tells of earlier tasks of exactly-once sources (KIP-618): how many there were when they were
//! fenced last, and whether there may be others since. Pure.

/// Of one connector; outlives its removal, as tasks may.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct TaskHistory {
    /// The newest task count record.
    record: Option<usize>,
    /// Task configurations are newer than it.
    is_pending: bool,
    /// How many sets of task configurations there were.
    generation: u64,
}

/// What has to be done before tasks of the newest configurations may write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FencingNeed {
    /// Nothing: the tasks before them are fenced.
    Nothing,
    /// Nobody needs to be fenced; how many tasks there are now has to be written, so that they can be one day.
    Record,
    /// So many tasks are fenced first.
    Fence(usize),
}

impl TaskHistory {
    pub(super) fn counted(&mut self, tasks: usize) {
        self.record = Some(tasks);
        self.is_pending = false;
    }

    /// Task configurations were committed; not all of them are there if the set is not complete.
    pub(super) fn committed(&mut self, is_complete: bool) {
        self.is_pending = true;
        self.generation += u64::from(is_complete);
    }

    pub(super) const fn generation(&self) -> u64 {
        self.generation
    }

    /// What is needed for so many tasks (`DistributedHerder.doFenceZombieSourceTasks`).
    pub(super) const fn need(&self, tasks: usize) -> FencingNeed {
        match self.record {
            _ if !self.is_pending => FencingNeed::Nothing,
            // No task has ever written in a transaction.
            None => FencingNeed::Record,
            // The one task's producer fences its predecessor by itself.
            Some(1) if tasks == 1 => FencingNeed::Record,
            Some(before) => FencingNeed::Fence(before),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tasks_are_fenced_once_for_each_set_of_configurations() {
        let (record, fence) = (FencingNeed::Record, FencingNeed::Fence);
        for (record_before, is_pending, tasks, expected) in [
            (None, false, 2, FencingNeed::Nothing),
            (Some(2), false, 3, FencingNeed::Nothing),
            (None, true, 2, record),
            (None, true, 1, record),
            (Some(1), true, 1, record),
            (Some(1), true, 2, fence(1)),
            (Some(2), true, 1, fence(2)),
            (Some(3), true, 3, fence(3)),
            (Some(0), true, 3, fence(0)),
        ] {
            let history = TaskHistory { record: record_before, is_pending, generation: 0 };
            assert_eq!(history.need(tasks), expected, "{record_before:?} {is_pending} {tasks}");
        }
    }
}
