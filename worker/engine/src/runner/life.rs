//! The life of a task: opened on one thread, and then run on another.
//!
//! To open a task and to make its first connections leaves much behind: blocks that the allocator keeps for the thread,
//! pages of its stack. Of an idle task that was a quarter of its memory. It goes with the first thread.

use std::{
    future::Future,
    io,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::{
    runtime::{self, Runtime},
    sync::{Notify, mpsc, watch},
};
use tokio_util::sync::CancellationToken;
use tracing::{Instrument as _, instrument::Instrumented};

use super::panic_text;
use crate::{
    control::{Abandonment, Control},
    metrics::{Board, TaskState, TaskStats},
    task::{TaskEvent, TaskId},
    trace::Failure,
};

/// Sockets a task hears of at once: it has a handful, and tokio's room for 1024 would be 12 KiB a task.
const IO_EVENTS: usize = 32;

/// How long after a task is opened its connections are made, as a rule.
const SETTLING: Duration = Duration::from_secs(1);

/// Begins the life of a task; an error if there is no thread for it.
pub(super) fn start<F: Future<Output = Result<(), Failure>> + Send + 'static>(
    control: Control,
    body: impl FnOnce(Control) -> F + Send + 'static,
    epilogue: Epilogue,
) -> io::Result<()> {
    spawn("open", &epilogue.id.clone(), move || {
        let counted = epilogue.stats.processor.count();
        match caught(|| open(control, body)) {
            Ok(Some(life)) => {
                drop(counted);
                move_on(life, epilogue);
            }
            Ok(None) => epilogue.tell(Ok(())),
            Err(failure) => epilogue.tell(Err(failure)),
        }
    })
}

/// Runs the task until it has settled; none if it has ended by then.
fn open<F: Future<Output = Result<(), Failure>>>(
    control: Control,
    body: impl FnOnce(Control) -> F,
) -> Result<Option<Life<F>>, Failure> {
    let mut life = Life::new(control, body)?;
    let ended = life.runtime.block_on(async {
        tokio::select! {
            biased;
            outcome = &mut life.body => Some(outcome),
            () = settled(&life.opened) => None,
            // A task that waits can be dropped; one that blocks its thread does not get here.
            () = life.abandonment.token.cancelled() => Some(Ok(())),
        }
    });
    match ended {
        None => Ok(Some(life)),
        Some(outcome) => {
            life.end();
            outcome.map(|()| None)
        }
    }
}

/// Returns a while after the task was opened. Cancel-safe.
async fn settled(opened: &Notify) {
    opened.notified().await;
    tokio::time::sleep(SETTLING).await;
}

/// Goes on with a settled task on a new thread, or on this one if there is none.
fn move_on<F: Future<Output = Result<(), Failure>> + Send + 'static>(
    life: Life<F>,
    epilogue: Epilogue,
) {
    let id = epilogue.id.clone();
    let rest = Arc::new(Mutex::new(Some(|| {
        let counted = epilogue.stats.processor.count();
        let outcome = caught(|| life.run());
        drop(counted);
        epilogue.tell(outcome);
    })));
    let theirs = Arc::clone(&rest);
    let take = |rest: &Mutex<Option<_>>| rest.lock().unwrap_or_else(PoisonError::into_inner).take();
    let spawned = spawn("task", &id, move || take(&theirs).map_or((), |rest| rest()));
    if spawned.is_err()
        && let Some(rest) = take(&rest)
    {
        rest();
    }
}

fn spawn(part: &str, id: &TaskId, work: impl FnOnce() + Send + 'static) -> io::Result<()> {
    std::thread::Builder::new().name(format!("{part}-{id}")).spawn(work).map(drop)
}

fn caught<T>(call: impl FnOnce() -> Result<T, Failure>) -> Result<T, Failure> {
    catch_unwind(AssertUnwindSafe(call))
        .unwrap_or_else(|panic| Err(Failure::new(panic_text("task", &*panic))))
}

/// What a task does, and the runtime it does it on.
struct Life<F> {
    body: Instrumented<Pin<Box<F>>>,
    runtime: Runtime,
    opened: Arc<Notify>,
    abandonment: Arc<Abandonment>,
}

impl<F: Future<Output = Result<(), Failure>>> Life<F> {
    fn new(control: Control, body: impl FnOnce(Control) -> F) -> Result<Self, Failure> {
        let runtime = runtime::Builder::new_current_thread()
            .enable_all()
            .max_io_events_per_tick(IO_EVENTS)
            .build()
            .map_err(|cause| Failure::of("java.io.IOException", cause.to_string()))?;
        let span =
            tracing::info_span!("task", connector = control.id.connector, task = control.id.task);
        let (opened, abandonment) = (Arc::clone(&control.opened), Arc::clone(&control.abandonment));
        Ok(Self { body: Box::pin(body(control)).instrument(span), runtime, opened, abandonment })
    }

    /// Runs it to its end.
    fn run(mut self) -> Result<(), Failure> {
        let outcome = self.runtime.block_on(async {
            tokio::select! {
                outcome = &mut self.body => outcome,
                () = self.abandonment.token.cancelled() => Ok(()),
            }
        });
        self.end();
        outcome
    }

    /// Calls that still block threads of the pool are not waited for.
    fn end(self) {
        let context = self.runtime.enter();
        drop(self.body);
        drop(context);
        self.runtime.shutdown_background();
    }
}

/// What is told of a task's end, and to whom.
pub(super) struct Epilogue {
    pub(super) id: TaskId,
    pub(super) events: mpsc::Sender<TaskEvent>,
    pub(super) stats: Arc<TaskStats>,
    pub(super) abandonment: Arc<Abandonment>,
    pub(super) stop: CancellationToken,
    pub(super) end: watch::Sender<bool>,
    pub(super) board: Arc<Board>,
}

impl Epilogue {
    fn tell(self, outcome: Result<(), Failure>) {
        let Self { id, events, stats, abandonment, stop, end, board } = self;
        if abandonment.has_come() {
            board.caught_up(&id);
            end.send_replace(true);
            return;
        }
        let event = match outcome {
            Ok(()) => {
                board.hide(&id, &stats);
                TaskEvent::Stopped(id)
            }
            // As in `WorkerTask.doRun`: what was to end has ended.
            Err(failure) if stop.is_cancelled() => {
                let error = failure.to_string();
                let connector = &id.connector;
                tracing::warn!(
                    connector,
                    task = id.task,
                    error,
                    "the task failed while it stopped"
                );
                board.hide(&id, &stats);
                TaskEvent::Stopped(id)
            }
            Err(failure) => {
                let error = failure.to_string();
                tracing::error!(connector = id.connector, task = id.task, error, "the task failed");
                stats.enter(TaskState::Failed);
                TaskEvent::Failed(id, error)
            }
        };
        // Told before the end is announced, so that no event of a task's successor can come first; but if the herder
        // is behind, the end must not wait for it, as it may be waiting for the end.
        let unsent = events.try_send(event).err();
        end.send_replace(true);
        if let Some(mpsc::error::TrySendError::Full(event)) = unsent {
            // Fails only if nobody listens any more.
            let _ = events.blocking_send(event);
        }
    }
}
