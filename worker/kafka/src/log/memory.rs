//! A log in memory, for a worker on its own: what is written comes back, and is gone with the process
//! (`MemoryConfigBackingStore`, `MemoryStatusBackingStore`).

use std::time::{SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use tokio::sync::{Mutex, mpsc, oneshot};

use super::{End, Failure, LogEvent, LogRecord};

#[derive(Debug)]
pub(super) struct MemoryLog {
    /// The next offset, held while records are handed over: they come in the order of their offsets.
    next: Mutex<i64>,
    events: mpsc::Sender<LogEvent>,
}

impl MemoryLog {
    pub(super) fn new(events: mpsc::Sender<LogEvent>) -> Self {
        Self { next: Mutex::new(0), events }
    }

    pub(super) async fn send_all(
        &self,
        records: Vec<(Bytes, Option<Bytes>)>,
    ) -> Result<(), Failure> {
        let mut next = self.next.lock().await;
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let timestamp = now.as_millis() as i64;
        let first = *next;
        let record = |(offset, (key, value))| LogRecord {
            partition: 0,
            offset,
            timestamp,
            key: Some(key),
            value,
        };
        let records: Vec<_> = (first..).zip(records).map(record).collect();
        let behind = first + records.len() as i64;
        self.tell(LogEvent::Records(records)).await?;
        *next = behind;
        Ok(())
    }

    pub(super) async fn read_to_end(&self) -> Result<(), Failure> {
        let (done, reached) = oneshot::channel();
        {
            // Behind all that is being written.
            let _next = self.next.lock().await;
            self.tell(LogEvent::End(End(done))).await?;
        }
        reached.await.map_err(|_| Failure::Stopped)
    }

    async fn tell(&self, event: LogEvent) -> Result<(), Failure> {
        self.events.send(event).await.map_err(|_| Failure::Stopped)
    }
}
