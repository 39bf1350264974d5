//! What tasks count, and how Prometheus sees it under the names that Connect dashboards know.
//!
//! Tasks count per batch, in atomics of their own; names and labels are put on when somebody asks.

mod exposition;
mod window;

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use crate::task::TaskId;
pub(crate) use exposition::TaskCollector;
pub(crate) use window::Window;

/// All that one task counts.
#[derive(Debug, Default)]
pub(crate) struct TaskStats {
    pub(crate) state: Mutex<StateClock>,
    pub(crate) is_sink: bool,
    /// Records handed out by `poll`, or read from Kafka.
    pub(crate) records_in: Counter,
    /// Records written to Kafka, or taken by `put`.
    pub(crate) records_out: Counter,
    /// Records between the two.
    pub(crate) active: Counter,
    pub(crate) batch_size: Window,
    /// Time of `poll` or `put`.
    pub(crate) batch_time: Window,
    pub(crate) commit_time: Window,
    pub(crate) commits: Counter,
    pub(crate) commit_failures: Counter,
    pub(crate) commit_skips: Counter,
    pub(crate) commit_seqno: Counter,
    pub(crate) partitions: Counter,
    pub(crate) errors: ErrorStats,
}

impl TaskStats {
    /// Counters of a sink or source task.
    pub(crate) fn new(is_sink: bool) -> Self {
        Self { is_sink, ..Self::default() }
    }

    /// The task is now in another state.
    pub(crate) fn enter(&self, state: TaskState) {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).enter(state, Instant::now());
    }

    /// A commit has ended.
    pub(crate) fn committed(&self, succeeded: bool, took: Duration) {
        self.commit_time.add(took.as_secs_f64() * 1e3);
        if succeeded { self.commits.add(1) } else { self.commit_failures.add(1) }
    }
}

/// Counters of `errors.tolerance`.
#[derive(Debug, Default)]
pub(crate) struct ErrorStats {
    pub(crate) failures: Counter,
    pub(crate) errors: Counter,
    pub(crate) skipped: Counter,
    pub(crate) retries: Counter,
    pub(crate) logged: Counter,
    pub(crate) dead_letters: Counter,
    pub(crate) dead_letter_failures: Counter,
    pub(crate) last_millis: Counter,
}

impl ErrorStats {
    /// An attempt at a record has failed.
    pub(crate) fn failed(&self) {
        self.failures.add(1);
    }

    /// A step of a record is tried again.
    pub(crate) fn retried(&self) {
        self.retries.add(1);
    }

    /// No attempt is left for a record.
    pub(crate) fn ended(&self) {
        self.errors.add(1);
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        self.last_millis.set(now.as_millis() as u64);
    }

    /// A record was left out for it.
    pub(crate) fn skipped(&self) {
        self.skipped.add(1);
    }
}

/// A number that one thread writes and others read.
#[derive(Debug, Default)]
pub(crate) struct Counter(AtomicU64);

impl Counter {
    pub(crate) fn add(&self, more: u64) {
        self.0.fetch_add(more, Relaxed);
    }

    pub(crate) fn set(&self, value: u64) {
        self.0.store(value, Relaxed);
    }

    pub(crate) fn read(&self) -> u64 {
        self.0.load(Relaxed)
    }
}

/// State of a task as metrics name it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum TaskState {
    #[default]
    Unassigned,
    Running,
    Paused,
    Failed,
}

impl TaskState {
    const fn name(self) -> &'static str {
        match self {
            Self::Unassigned => "unassigned",
            Self::Running => "running",
            Self::Paused => "paused",
            Self::Failed => "failed",
        }
    }
}

/// How long a task has been in which state.
#[derive(Debug, Default)]
pub(crate) struct StateClock {
    state: TaskState,
    since: Option<Instant>,
    running: Duration,
    paused: Duration,
    total: Duration,
}

impl StateClock {
    fn enter(&mut self, state: TaskState, now: Instant) {
        let elapsed = self.since.map_or(Duration::ZERO, |since| now - since);
        self.total += elapsed;
        match self.state {
            TaskState::Running => self.running += elapsed,
            TaskState::Paused => self.paused += elapsed,
            TaskState::Unassigned | TaskState::Failed => {}
        }
        self.state = state;
        self.since = Some(now);
    }

    /// State, share of time running, share of time paused.
    fn shares(&mut self, now: Instant) -> (TaskState, f64, f64) {
        self.enter(self.state, now);
        let total = self.total.as_secs_f64();
        let share = |part: Duration| if total > 0.0 { part.as_secs_f64() / total } else { 0.0 };
        (self.state, share(self.running), share(self.paused))
    }
}

/// The tasks that are there to be seen.
#[derive(Debug, Default)]
pub(crate) struct Board {
    tasks: Mutex<BTreeMap<TaskId, Arc<TaskStats>>>,
    left_behind: Mutex<BTreeMap<TaskId, u64>>,
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

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
