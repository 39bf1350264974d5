//! Where spans wait for whoever exports them. Nobody waits to put some in.

use std::sync::{Mutex, MutexGuard, PoisonError};

use prometheus::IntCounter;
use tokio::sync::Notify;

use super::Span;

/// Spans that are to be exported; never more than there is room for.
#[derive(Debug)]
pub struct SpanQueue {
    waiting: Mutex<Vec<Span>>,
    room: usize,
    /// So many are worth an export.
    enough: usize,
    filled: Notify,
    dropped: IntCounter,
}

impl SpanQueue {
    /// A queue with room for so many, of which `enough` are worth an export; counts what it has no room for.
    pub fn new(room: usize, enough: usize, dropped: IntCounter) -> Self {
        let enough = enough.clamp(1, room.max(1));
        Self { waiting: Mutex::default(), room, enough, filled: Notify::new(), dropped }
    }

    /// Takes what there is room for; the rest is dropped and counted.
    pub fn put(&self, spans: &mut Vec<Span>) {
        let mut waiting = self.waiting();
        let taken = spans.len().min(self.room.saturating_sub(waiting.len()));
        let dropped = spans.len() - taken;
        waiting.extend(spans.drain(..).take(taken));
        let is_filled = waiting.len() >= self.enough;
        drop(waiting);
        if dropped > 0 {
            self.dropped.inc_by(dropped as u64);
        }
        if is_filled {
            self.filled.notify_one();
        }
    }

    /// The oldest spans, at most as many as are enough.
    pub fn take(&self) -> Vec<Span> {
        let mut waiting = self.waiting();
        let count = self.enough.min(waiting.len());
        waiting.drain(..count).collect()
    }

    /// Whether there are enough.
    pub fn has_enough(&self) -> bool {
        self.waiting().len() >= self.enough
    }

    /// Returns when there are enough, now and then earlier. Cancel-safe.
    pub async fn filled(&self) {
        self.filled.notified().await;
    }

    /// Counts spans that could not be exported.
    pub fn lost(&self, spans: usize) {
        self.dropped.inc_by(spans as u64);
    }

    fn waiting(&self) -> MutexGuard<'_, Vec<Span>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
