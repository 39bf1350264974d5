//! What a transaction needs of Kafka, so that tests can play it.

use std::sync::{
    Arc, Mutex, PoisonError,
    atomic::{AtomicU64, Ordering},
};

use async_trait::async_trait;
use sluice_kafka::{ClientError, Deliveries, Delivery, OutgoingRecord, Producer, SendRefused};

/// A producer with a transactional id that is claimed.
#[async_trait]
pub(super) trait Port: Send + Sync {
    /// Opens a transaction; no I/O.
    fn begin(&self) -> Result<(), ClientError>;
    /// Queues a record without waiting.
    fn send(&self, record: &OutgoingRecord<'_>) -> Result<(), SendRefused>;
    /// Waits until the queue may have room.
    async fn ready(&self);
    /// Waits for all records and commits. Dropped, it may or may not commit.
    async fn commit(&self) -> Result<(), ClientError>;
    /// Throws away what the transaction wrote.
    async fn abort(&self) -> Result<(), ClientError>;
}

#[async_trait]
impl Port for Producer {
    fn begin(&self) -> Result<(), ClientError> {
        self.begin_transaction()
    }

    fn send(&self, record: &OutgoingRecord<'_>) -> Result<(), SendRefused> {
        Self::send(self, record, 0)
    }

    async fn ready(&self) {
        Self::ready(self).await;
    }

    async fn commit(&self) -> Result<(), ClientError> {
        self.commit_transaction().await
    }

    async fn abort(&self) -> Result<(), ClientError> {
        self.abort_transaction().await
    }
}

/// What the producer's thread tells of records, since it was asked last.
#[derive(Default)]
pub(super) struct Told {
    written: AtomicU64,
    failure: Mutex<Option<ClientError>>,
}

impl Told {
    /// How many records Kafka has taken.
    pub(super) fn take_written(&self) -> u64 {
        self.written.swap(0, Ordering::Relaxed)
    }

    /// Why the first one of those failed that did. No transaction with it can be committed.
    pub(super) fn take_failure(&self) -> Option<ClientError> {
        self.failure.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// The producer's end.
pub(super) struct Listener(pub(super) Arc<Told>);

impl Deliveries for Listener {
    fn take(&self, delivered: &mut Vec<Delivery>) {
        let mut written = 0;
        for (_, outcome) in delivered.drain(..) {
            match outcome {
                Ok(_) => written += 1,
                Err(error) => {
                    let mut failure = self.0.failure.lock().unwrap_or_else(PoisonError::into_inner);
                    failure.get_or_insert(error);
                }
            }
        }
        self.0.written.fetch_add(written, Ordering::Relaxed);
    }
}
