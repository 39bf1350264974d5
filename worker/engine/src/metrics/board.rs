//! The tasks that are there to be seen.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use super::{TaskStats, lock};
use crate::task::TaskId;

/// The tasks that run here or have failed here, and the threads of those that did not stop in time.
#[derive(Debug, Default)]
pub(crate) struct Board {
    pub(super) tasks: Mutex<BTreeMap<TaskId, Arc<TaskStats>>>,
    pub(super) left_behind: Mutex<BTreeMap<TaskId, u64>>,
}

impl Board {
    /// Shows a task, in place of an older one of its name.
    pub(crate) fn show(&self, id: &TaskId, stats: &Arc<TaskStats>) {
        lock(&self.tasks).insert(id.clone(), Arc::clone(stats));
    }

    /// Takes a task away, unless a newer one of its name is there.
    pub(crate) fn hide(&self, id: &TaskId, stats: &Arc<TaskStats>) {
        let mut tasks = lock(&self.tasks);
        if tasks.get(id).is_some_and(|it| Arc::ptr_eq(it, stats)) {
            tasks.remove(id);
        }
    }

    /// Counts a thread that did not end in time, until it does.
    pub(crate) fn left_behind(&self, id: &TaskId) {
        *lock(&self.left_behind).entry(id.clone()).or_default() += 1;
    }

    /// A thread that was left behind has ended after all.
    pub(crate) fn caught_up(&self, id: &TaskId) {
        let mut left = lock(&self.left_behind);
        if let Some(count) = left.get_mut(id) {
            *count -= 1;
            if *count == 0 {
                left.remove(id);
            }
        }
    }
}
