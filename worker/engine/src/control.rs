//! How a task hears what it shall do and says what it does. One end lives on the task's threads.

use std::sync::{
    Arc, Mutex, PoisonError,
    atomic::{AtomicBool, Ordering},
};

use tokio::sync::{Notify, mpsc, watch};
use tokio_util::sync::CancellationToken;

use crate::{
    metrics::{TaskState, TaskStats},
    task::{TargetState, TaskEvent, TaskId},
};

/// The task's end.
pub(crate) struct Control {
    pub(crate) id: TaskId,
    pub(crate) stop: CancellationToken,
    pub(crate) target: watch::Receiver<TargetState>,
    pub(crate) abandonment: Arc<Abandonment>,
    pub(crate) events: mpsc::Sender<TaskEvent>,
    pub(crate) stats: Arc<TaskStats>,
    /// Told once the task is opened.
    pub(crate) opened: Arc<Notify>,
}

impl Control {
    /// Returns when the target state was set again. Cancel-safe.
    pub(crate) async fn target_set(&mut self) {
        if self.target.changed().await.is_err() {
            // The engine is gone: nobody sets it any more, and `stopping` ends the task.
            std::future::pending::<()>().await;
        }
    }

    /// Whether records shall move.
    pub(crate) fn shall_run(&self) -> bool {
        *self.target.borrow() == TargetState::Running
    }

    /// Waits until the task may be opened, which one that is paused is not; false if it shall stop before. As in
    /// `WorkerTask.doRun`. Cancel-safe.
    pub(crate) async fn may_open(&mut self) -> bool {
        let stop = self.stop.clone();
        while !stop.is_cancelled() {
            if self.shall_run() {
                return true;
            }
            self.report().await;
            tokio::select! {
                () = stop.cancelled() => {}
                () = self.target_set() => {}
            }
        }
        false
    }

    /// Tells the herder that the task runs or is paused, as it shall.
    pub(crate) async fn report(&self) {
        let (state, event) = if self.shall_run() {
            (TaskState::Running, TaskEvent::Running(self.id.clone()))
        } else {
            (TaskState::Paused, TaskEvent::Paused(self.id.clone()))
        };
        self.stats.enter(state);
        self.tell(event).await;
    }

    /// Tells the herder that what the task works with is made.
    pub(crate) async fn built(&self) {
        self.tell(TaskEvent::Built(self.id.clone())).await;
    }

    /// Says that the task is opened.
    pub(crate) fn opened(&self) {
        self.opened.notify_one();
    }

    async fn tell(&self, event: TaskEvent) {
        if self.abandonment.has_come() {
            return;
        }
        tokio::select! {
            // An error means that nobody listens any more.
            _ = self.events.send(event) => {}
            () = self.stop.cancelled() => {}
        }
    }
}

/// What happens to a task that does not stop in time: its loop is dropped where it waits, and if it does not wait, its
/// clients are closed under its hands (KIP-304).
#[derive(Default)]
pub(crate) struct Abandonment {
    come: AtomicBool,
    pub(crate) token: CancellationToken,
    cutoffs: Mutex<Vec<Cutoff>>,
}

/// Closes a client; may block for seconds.
pub(crate) type Cutoff = Box<dyn FnOnce() + Send>;

impl Abandonment {
    /// Whether the task was left behind: nothing it does counts any more.
    pub(crate) fn has_come(&self) -> bool {
        self.come.load(Ordering::SeqCst)
    }

    /// Leaves the task behind. What closes its clients is returned, to be called where blocking is fine.
    pub(crate) fn come(&self) -> Vec<Cutoff> {
        self.come.store(true, Ordering::SeqCst);
        self.token.cancel();
        std::mem::take(&mut *self.cutoffs.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Notes how a client is closed if the task is left behind; at once, if it is already.
    pub(crate) fn closes(&self, cutoff: impl FnOnce() + Send + 'static) {
        let mut cutoffs = self.cutoffs.lock().unwrap_or_else(PoisonError::into_inner);
        if !self.has_come() {
            cutoffs.push(Box::new(cutoff));
            return;
        }
        drop(cutoffs);
        cutoff();
    }
}
