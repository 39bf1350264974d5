//! Threads of tasks: one each, with a runtime of its own, so that a task that blocks or panics harms no other.

mod life;

use std::{
    any::Any,
    collections::HashMap,
    future::Future,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::{
    sync::{mpsc, watch},
    time::Instant,
};
use tokio_util::sync::CancellationToken;

use crate::{
    control::{Abandonment, Control},
    metrics::{Board, TaskState, TaskStats},
    task::{TargetState, TaskEvent, TaskId},
    trace::Failure,
};
use life::Epilogue;

/// Why a task could not be started at all. Whatever happens later is told by an event.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// It runs already.
    #[error("Task already exists in this worker: {0}")]
    Exists(TaskId),
    /// The operating system gave no thread.
    #[error("no thread could be started for task {0}")]
    Thread(TaskId, #[source] std::io::Error),
}

/// The threads of all tasks.
pub(crate) struct Runner {
    tasks: Mutex<HashMap<TaskId, Running>>,
    graceful: Duration,
    events: mpsc::Sender<TaskEvent>,
    board: Arc<Board>,
}

/// The engine's end of a task.
struct Running {
    target: watch::Sender<TargetState>,
    stop: CancellationToken,
    abandonment: Arc<Abandonment>,
    stats: Arc<TaskStats>,
    /// True once the thread is done with the task.
    ended: watch::Receiver<bool>,
}

impl Runner {
    pub(crate) fn new(
        graceful: Duration,
        events: mpsc::Sender<TaskEvent>,
        board: Arc<Board>,
    ) -> Self {
        Self { tasks: Mutex::default(), graceful, events, board }
    }

    /// Runs `body` on a thread of its own until it ends; see [`life`] for when that is another one.
    pub(crate) fn start<F: Future<Output = Result<(), Failure>> + Send + 'static>(
        &self,
        id: TaskId,
        target: TargetState,
        stats: &Arc<TaskStats>,
        body: impl FnOnce(Control) -> F + Send + 'static,
    ) -> Result<(), StartError> {
        let mut tasks = self.tasks();
        if tasks.get(&id).is_some_and(|it| !*it.ended.borrow()) {
            return Err(StartError::Exists(id));
        }
        let (target, heard) = watch::channel(target);
        let (end, ended) = watch::channel(false);
        let control = Control {
            id: id.clone(),
            stop: CancellationToken::new(),
            target: heard,
            abandonment: Arc::default(),
            events: self.events.clone(),
            stats: Arc::clone(stats),
            opened: Arc::default(),
        };
        let running = Running {
            target,
            stop: control.stop.clone(),
            abandonment: Arc::clone(&control.abandonment),
            stats: Arc::clone(stats),
            ended,
        };
        self.board.show(&id, stats);
        let epilogue = Epilogue {
            id: id.clone(),
            events: self.events.clone(),
            stats: Arc::clone(stats),
            abandonment: Arc::clone(&control.abandonment),
            stop: control.stop.clone(),
            end,
            board: Arc::clone(&self.board),
        };
        if let Err(cause) = life::start(control, body, epilogue) {
            stats.enter(TaskState::Failed);
            self.board.hide(&id, stats);
            return Err(StartError::Thread(id, cause));
        }
        tasks.insert(id, running);
        Ok(())
    }

    /// Sets what the tasks of a connector shall do.
    pub(crate) fn set_target(&self, connector: &str, target: TargetState) {
        for (_, running) in self.tasks().iter().filter(|(id, _)| id.connector == connector) {
            running.target.send_if_modified(|it| std::mem::replace(it, target) != target);
        }
    }

    /// Stops tasks; those that do not end within the graceful timeout, which counts for all together, are left
    /// behind and returned. Unknown ones are ignored. Not cancel-safe: dropped, it leaves them stopping.
    pub(crate) async fn stop(&self, ids: &[TaskId]) -> Vec<TaskId> {
        let stopping: Vec<(TaskId, Running)> = {
            let mut tasks = self.tasks();
            ids.iter().filter_map(|id| tasks.remove_entry(id)).collect()
        };
        for (_, running) in &stopping {
            running.stop.cancel();
        }
        let deadline = Instant::now() + self.graceful;
        let (mut left, mut cutoffs) = (Vec::new(), Vec::new());
        for (id, mut running) in stopping {
            let ended = running.ended.wait_for(|ended| *ended);
            if tokio::time::timeout_at(deadline, ended).await.is_err() {
                tracing::error!(
                    connector = id.connector,
                    task = id.task,
                    "the task did not stop in time"
                );
                self.board.left_behind(&id);
                cutoffs.extend(running.abandonment.come());
                left.push(id.clone());
            }
            // One that failed was seen until now.
            self.board.hide(&id, &running.stats);
        }
        // Each leaves a group, so that its partitions are free for those who take over.
        let cuts = cutoffs.into_iter().map(tokio::task::spawn_blocking);
        futures::future::join_all(cuts).await;
        left
    }

    /// The tasks that were started and not stopped.
    pub(crate) fn ids(&self) -> Vec<TaskId> {
        self.tasks().keys().cloned().collect()
    }

    fn tasks(&self) -> MutexGuard<'_, HashMap<TaskId, Running>> {
        self.tasks.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a panic of a task or a connector says.
pub(crate) fn panic_text(whose: &str, panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|it| (*it).to_owned());
    let text = text.or_else(|| panic.downcast_ref::<String>().cloned());
    format!("The {whose} panicked: {}", text.unwrap_or_else(|| "no message".to_owned()))
}
