//! The way into the herder: a queue of requests, bounded, with Connect's time limit.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use tokio::sync::{mpsc, oneshot};

use crate::request::{Answer, Error, Request};

/// How long a client waits (`RestServer.DEFAULT_REST_REQUEST_TIMEOUT_MS`).
const REQUEST_TIMEOUT: Duration = Duration::from_secs(90);
/// Requests that may wait; more are held back at the sender.
const QUEUE: usize = 1024;

/// A request with the place for its answer.
pub(crate) type Asked = (Request, oneshot::Sender<Result<Answer, Error>>);

/// Asks the herder. Cheap to clone.
#[derive(Clone)]
pub struct Handle {
    requests: mpsc::Sender<Asked>,
    has_started: Arc<AtomicBool>,
}

impl Handle {
    pub(crate) fn new() -> (Self, mpsc::Receiver<Asked>) {
        let (requests, receiver) = mpsc::channel(QUEUE);
        (Self { requests, has_started: Arc::default() }, receiver)
    }

    /// Asks, and waits for the answer for at most 90 seconds.
    pub async fn ask(&self, request: Request) -> Result<Answer, Error> {
        if !self.has_started() {
            // Java queues such requests; the client of ours learns at once what to wait for.
            return Err(Error::Unavailable("Worker is still starting up.".to_owned()));
        }
        let exchange = async {
            let (answer, answered) = oneshot::channel();
            let ended = || Error::Internal("Worker is shutting down".to_owned());
            self.requests.send((request, answer)).await.map_err(|_| ended())?;
            answered.await.map_err(|_| ended())?
        };
        tokio::time::timeout(REQUEST_TIMEOUT, exchange)
            .await
            .unwrap_or_else(|_| Err(Error::Internal("Request timed out.".to_owned())))
    }

    /// Whether the internal topics have been read and requests are answered.
    pub fn has_started(&self) -> bool {
        self.has_started.load(Ordering::Acquire)
    }

    pub(crate) fn set_started(&self) {
        self.has_started.store(true, Ordering::Release);
    }
}
