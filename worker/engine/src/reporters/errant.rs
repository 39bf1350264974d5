//! Records that a sink itself finds bad (`WorkerErrantRecordReporter`).

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use sluice_plugin::{self as plugin, ErrantRecordReporter, Error, Reported, model::SinkRecord};

use super::{Original, Reporters};
use crate::{
    clients::{self, Message},
    converters::Converters,
    guard::EXCEEDED,
    metrics::TaskStats,
    stage::{Stage, Step},
    trace::Failure,
};

/// What Java names as the class that failed.
const SINK_TASK: &str = "org.apache.kafka.connect.sink.SinkTask";

/// The reporter that a sink task is given.
pub(crate) struct ErrantRecords {
    reporters: Arc<Reporters>,
    stats: Arc<TaskStats>,
    tolerates: bool,
    /// Writes down records that the task has made itself.
    converters: Mutex<Converters>,
    exceeded: Mutex<Option<Failure>>,
}

impl ErrantRecords {
    pub(crate) const fn new(
        reporters: Arc<Reporters>,
        stats: Arc<TaskStats>,
        tolerates: bool,
        converters: Converters,
    ) -> Self {
        Self {
            reporters,
            stats,
            tolerates,
            converters: Mutex::new(converters),
            exceeded: Mutex::new(None),
        }
    }

    /// The failure that ends the task although it may have swallowed the error.
    pub(crate) fn exceeded(&self) -> Option<Failure> {
        lock(&self.exceeded).take()
    }

    fn original(&self, record: &SinkRecord) -> plugin::Result<Message> {
        let (timestamp, key, value, headers) = if let Some(raw) = record.raw() {
            (raw.timestamp, raw.key.clone(), raw.value.clone(), raw.headers.clone())
        } else {
            let encoded = lock(&self.converters).encode_all(&record.data)?;
            (record.timestamp, encoded.key, encoded.value, encoded.headers)
        };
        Ok(Message {
            topic: Arc::clone(record.original_topic()),
            partition: record.original_partition(),
            offset: record.original_offset(),
            timestamp: timestamp.unwrap_or(-1),
            timestamp_type: clients::TimestampType::from(record.timestamp_type),
            key,
            value,
            headers,
        })
    }
}

impl ErrantRecordReporter for ErrantRecords {
    fn report(&self, record: &SinkRecord, error: Error) -> plugin::Result<Reported> {
        let message = self.original(record)?;
        self.stats.errors.failed();
        self.stats.errors.marked();
        let failure = Failure::of_error(&error);
        let step = Step::new(Stage::TaskPut, SINK_TASK);
        let number = self.reporters.report(&step, &failure, Original::Consumed(&message));
        if !self.tolerates {
            self.stats.errors.ended();
            lock(&self.exceeded).get_or_insert_with(|| failure.within(EXCEEDED));
            return Err(Error::fatal(EXCEEDED).because(error));
        }
        let reporters = Arc::clone(&self.reporters);
        Ok(Box::pin(async move {
            let settled = reporters.settled_up_to(number).await;
            settled.map_err(|failure| Error::fatal(failure.to_string()))
        }))
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
