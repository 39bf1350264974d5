//! What tasks count, and how Prometheus sees it under the names that Connect dashboards know.
//!
//! Tasks count per batch, in atomics and small windows of their own; names and labels are put on when somebody asks.

mod board;
mod clock;
mod exposition;
mod groups;
mod plugins;
mod processor;
mod startups;
mod tasks;
mod window;
mod worker;

use std::{
    sync::{
        Arc, Mutex, MutexGuard, OnceLock, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering::Relaxed},
    },
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use sluice_kafka::wire::Traffic;

pub(crate) use board::Board;
use clock::StateClock;
pub(crate) use clock::TaskState;
pub(crate) use exposition::TaskCollector;
pub use exposition::described;
pub use groups::{Attribute, Described, Group};
pub(crate) use plugins::TaskPlugins;
use processor::ProcessorTime;
pub use startups::Startups;
pub(crate) use window::{Level, Meter};
pub use window::{SampleWindow, Window};

/// All that one task counts.
#[derive(Debug, Default)]
pub(crate) struct TaskStats {
    state: Mutex<StateClock>,
    has_started: AtomicBool,
    startups: Arc<Startups>,
    pub(crate) is_sink: bool,
    pub(crate) plugins: TaskPlugins,
    /// Records handed out by `poll`, or read from Kafka.
    pub(crate) records_in: Meter,
    /// Records written to Kafka, or taken by `put`.
    pub(crate) records_out: Meter,
    /// Bytes of keys and values read from Kafka, or made for it.
    pub(crate) bytes: Counter,
    pub(crate) processor: Arc<ProcessorTime>,
    /// Records polled and not yet written, or read and not yet committed.
    pub(crate) active: Level,
    pub(crate) batch_size: Window,
    /// Time of `poll` or `put`.
    pub(crate) batch_time: Window,
    /// Time of the commits that succeeded.
    commit_time: Window,
    /// 1 for a commit that succeeded, 0 for one that failed.
    commit_results: Window,
    commits: Meter,
    /// Commits whose answers came too late.
    pub(crate) commit_skips: Meter,
    pub(crate) commit_seqno: Counter,
    pub(crate) partitions: Counter,
    /// Of a sink's consumer, once it is there.
    consumer: OnceLock<Arc<Traffic>>,
    has_transactions: AtomicBool,
    /// Records in each transaction that was committed.
    pub(crate) transaction_size: Window,
    pub(crate) errors: ErrorStats,
}

impl TaskStats {
    /// Counters of a sink or source task, which counts among the `startups` once it has started.
    pub(crate) fn new(
        is_sink: bool,
        plugins: TaskPlugins,
        size: SampleWindow,
        startups: &Arc<Startups>,
    ) -> Self {
        Self {
            is_sink,
            plugins,
            startups: Arc::clone(startups),
            records_in: Meter::new(size),
            records_out: Meter::new(size),
            active: Level::new(size),
            batch_size: Window::new(size),
            batch_time: Window::new(size),
            commit_time: Window::new(size),
            commit_results: Window::new(size),
            commits: Meter::new(size),
            commit_skips: Meter::new(size),
            transaction_size: Window::new(size),
            ..Self::default()
        }
    }

    /// The task is now in another state.
    pub(crate) fn enter(&self, state: TaskState) {
        let is_outcome = matches!(state, TaskState::Running | TaskState::Failed);
        if is_outcome && !self.has_started.swap(true, Relaxed) {
            self.startups.ended(state == TaskState::Running);
        }
        lock(&self.state).enter(state, Instant::now());
    }

    /// The task reads by this client.
    pub(crate) fn consumes(&self, traffic: Arc<Traffic>) {
        // A task has one consumer.
        let _ = self.consumer.set(traffic);
    }

    /// The task writes in transactions.
    pub(crate) fn begin_transactions(&self) {
        self.has_transactions.store(true, Relaxed);
    }

    fn has_transactions(&self) -> bool {
        self.has_transactions.load(Relaxed)
    }

    fn state(&self) -> TaskState {
        lock(&self.state).state()
    }

    /// A commit has ended.
    pub(crate) fn committed(&self, succeeded: bool, took: Duration) {
        self.commit_results.add(f64::from(u8::from(succeeded)));
        if succeeded {
            self.commit_time.add_time(took);
            self.commits.add(1);
        }
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
    last_millis: Counter,
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

    /// A record is given up: no attempt is left for it, or somebody has found it bad.
    pub(crate) fn marked(&self) {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        self.last_millis.set(now.as_millis() as u64);
    }

    /// No attempt is left for a record.
    pub(crate) fn ended(&self) {
        self.errors.add(1);
        self.marked();
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

    fn number(&self) -> f64 {
        self.read() as f64
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
