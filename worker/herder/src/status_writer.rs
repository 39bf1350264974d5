//! Writes statuses in order and in batches: the herder never waits for them.

use std::sync::Arc;

use bytes::Bytes;
use sluice_kafka::log::Log;
use tokio::sync::mpsc;

const MAX_BATCH: usize = 256;

type KeyValue = (String, Option<String>);

/// Takes statuses to write.
pub(crate) struct StatusWriter {
    /// None once it is closed.
    queue: Option<mpsc::UnboundedSender<KeyValue>>,
}

impl StatusWriter {
    /// The writer and the loop that has to be run for it; the loop ends once the writer is closed and all is stored.
    ///
    /// The queue needs no bound of its own: it holds what this worker's own connectors and tasks have become while the
    /// broker is away, and each of them changes its state a few times at most before it waits for the broker as well.
    pub(crate) fn new(log: Arc<Log>) -> (Self, impl Future<Output = ()> + Send) {
        let (queue, receiver) = mpsc::unbounded_channel();
        (Self { queue: Some(queue) }, write_all(log, receiver))
    }

    /// Takes nothing more.
    pub(crate) fn close(&mut self) {
        self.queue = None;
    }

    pub(crate) fn write(&self, key: String, value: Option<String>) {
        if let Some(queue) = &self.queue {
            // The loop ends only after every sender is gone.
            let _ = queue.send((key, value));
        }
    }
}

async fn write_all(log: Arc<Log>, mut queue: mpsc::UnboundedReceiver<KeyValue>) {
    let mut batch = Vec::new();
    while queue.recv_many(&mut batch, MAX_BATCH).await > 0 {
        let records = batch
            .drain(..)
            .map(|(key, value)| (Bytes::from(key), value.map(Bytes::from)))
            .collect();
        if let Err(error) = log.send_all(records).await {
            tracing::error!(%error, "statuses could not be written");
        }
    }
}
