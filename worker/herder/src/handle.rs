//! The way into the herder: a queue of requests, bounded, with Connect's time limit.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use tokio::sync::{mpsc, oneshot};

use crate::{
    request::{Answer, Error, Request},
    stage::{Board, Stage},
};

/// How long a client waits (`RestServer.DEFAULT_REST_REQUEST_TIMEOUT_MS`).
const REQUEST_TIMEOUT: Duration = Duration::from_secs(90);
/// Requests that may wait; more are held back at the sender.
const QUEUE: usize = 1024;

/// A request with the place for its answer.
pub(crate) type Asked = (Request, Waiting);

/// Who waits for an answer.
#[derive(Debug)]
pub(crate) struct Waiting {
    answer: oneshot::Sender<Result<Answer, Error>>,
    stage: Board,
}

impl Waiting {
    /// Answers.
    pub(crate) fn answer(self, answer: Result<Answer, Error>) {
        // A client that has gone needs no answer.
        let _ = self.answer.send(answer);
    }

    /// Notes what the answer waits for from now on.
    pub(crate) fn enter(&self, stage: Stage) {
        self.stage.enter(stage);
    }
}

/// Asks the herder. Cheap to clone.
#[derive(Clone)]
pub struct Handle {
    requests: mpsc::Sender<Asked>,
    has_started: Arc<AtomicBool>,
    /// What the worker itself does, for requests that it has not looked at.
    worker: Board,
}

impl Handle {
    pub(crate) fn new() -> (Self, mpsc::Receiver<Asked>) {
        let (requests, receiver) = mpsc::channel(QUEUE);
        (Self { requests, has_started: Arc::default(), worker: Board::default() }, receiver)
    }

    /// Asks, and waits for the answer for at most 90 seconds.
    pub async fn ask(&self, request: Request) -> Result<Answer, Error> {
        if !self.has_started() {
            // Java queues such requests; the client of ours learns at once what to wait for.
            return Err(Error::Unavailable("Worker is still starting up.".to_owned()));
        }
        let stage = Board::default();
        let exchange = async {
            let (answer, answered) = oneshot::channel();
            let ended = || Error::Internal("Worker is shutting down".to_owned());
            let waiting = Waiting { answer, stage: stage.clone() };
            self.requests.send((request, waiting)).await.map_err(|_| ended())?;
            answered.await.map_err(|_| ended())?
        };
        let timed_out = || {
            let newest = stage.newest().or_else(|| self.worker.newest());
            let nothing = || Error::Internal("Request timed out".to_owned());
            Err(newest.map_or_else(nothing, |it| it.timed_out()))
        };
        tokio::time::timeout(REQUEST_TIMEOUT, exchange).await.unwrap_or_else(|_| timed_out())
    }

    /// Whether the internal topics have been read and requests are answered.
    pub fn has_started(&self) -> bool {
        self.has_started.load(Ordering::Acquire)
    }

    pub(crate) fn set_started(&self) {
        self.has_started.store(true, Ordering::Release);
    }

    /// Where the worker notes what it does.
    pub(crate) fn worker(&self) -> Board {
        self.worker.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn who_waited_too_long_hears_for_what() {
        let own = |doing: &str| Stage::new(doing, 0);
        for (of_worker, of_request, told) in [
            (None, None, "Request timed out"),
            (
                Some(own("joining")),
                None,
                "Request timed out. The worker is currently joining, which began at 1970-01-01T00:00:00Z.",
            ),
            (
                Some(own("joining").completed(1_000)),
                None,
                "Request timed out. The last operation the worker completed was joining, which began at \
                 1970-01-01T00:00:00Z and completed at 1970-01-01T00:00:01Z.",
            ),
            (
                Some(own("joining")),
                Some(own("writing")),
                "Request timed out. The worker is currently writing, which began at 1970-01-01T00:00:00Z.",
            ),
        ] {
            let (handle, mut requests) = Handle::new();
            handle.set_started();
            if let Some(stage) = of_worker {
                handle.worker().enter(stage);
            }
            let herder = async {
                let (_, waiting) = requests.recv().await.unwrap();
                if let Some(stage) = of_request {
                    waiting.enter(stage);
                }
                waiting
            };
            let (answer, _waiting) = tokio::join!(handle.ask(Request::Ping), herder);
            assert_eq!(answer, Err(Error::Internal(told.to_owned())));
        }
    }
}
