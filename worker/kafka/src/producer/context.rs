//! What librdkafka tells a producer: deliveries, and errors that explain why nothing is delivered. A wrong password
//! shows in a delivery only as a time-out (with Connect's endless one, never), so the error events are kept.

use std::sync::{
    Arc, Mutex, PoisonError,
    atomic::{AtomicBool, AtomicUsize, Ordering},
};

use rdkafka::{
    ClientContext,
    config::RDKafkaLogLevel,
    error::KafkaError,
    message::Message as _,
    producer::{DeliveryResult, ProducerContext},
    types::RDKafkaErrorCode,
};
use tokio::sync::Notify;

use super::{Deliveries, Delivery};
use crate::{failure::ClientError, message::RecordMetadata};

pub(super) struct Context {
    delivered: Box<dyn Deliveries>,
    room: Arc<Notify>,
    /// What records without an outcome count.
    queued: Arc<AtomicUsize>,
    failure: Mutex<Option<ClientError>>,
    /// So that sending costs no lock while all is well.
    failed: AtomicBool,
    /// A failure that the serving thread has not acted on.
    verdict: AtomicBool,
}

impl Context {
    pub(super) fn new(
        delivered: Box<dyn Deliveries>,
        room: Arc<Notify>,
        queued: Arc<AtomicUsize>,
    ) -> Self {
        Self {
            delivered,
            room,
            queued,
            failure: Mutex::new(None),
            failed: AtomicBool::new(false),
            verdict: AtomicBool::new(false),
        }
    }

    /// The error that ends this producer, if there was one.
    pub(super) fn failure(&self) -> Option<ClientError> {
        if !self.failed.load(Ordering::Acquire) {
            return None;
        }
        self.failure.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Whether there is a new failure.
    pub(super) fn take_verdict(&self) -> bool {
        self.verdict.swap(false, Ordering::AcqRel)
    }

    /// Ends this producer.
    pub(super) fn refuse(&self, code: RDKafkaErrorCode, reason: &str) {
        self.fail(ClientError::new(code as i32, reason));
    }

    /// Tells what became of records that count so much. A failure of the client says more than that of a record.
    pub(super) fn hand_over(&self, delivered: &mut Vec<Delivery>, size: usize) {
        self.queued.fetch_sub(size, Ordering::Relaxed);
        if self.failed.load(Ordering::Acquire) {
            for (_, outcome) in &mut *delivered {
                if let Err(error) = outcome
                    && let Some(failure) = self.failure()
                {
                    *error = failure;
                }
            }
        }
        self.delivered.take(delivered);
        delivered.clear();
        self.room.notify_one();
    }

    fn fail(&self, error: ClientError) {
        self.failure.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error);
        self.failed.store(true, Ordering::Release);
        self.verdict.store(true, Ordering::Release);
    }
}

impl ClientContext for Context {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, text: &str) {
        log_line(level as i32, facility, text);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        let code = error.rdkafka_error_code().unwrap_or(RDKafkaErrorCode::Fail);
        if let Some(refusal) = ClientError::refusal(code as i32, reason) {
            self.fail(refusal);
        } else if matches!(code, RDKafkaErrorCode::Fatal | RDKafkaErrorCode::Fenced) {
            self.fail(ClientError::new(code as i32, reason));
        } else {
            tracing::warn!(%error, reason, "Kafka client");
        }
    }
}

impl ProducerContext for Context {
    type DeliveryOpaque = usize;

    /// Comes from a flush; all others are taken by [`super::native`].
    fn delivery(&self, result: &DeliveryResult<'_>, token: usize) {
        let outcome = match result {
            Ok(message) => {
                Ok(RecordMetadata { partition: message.partition(), offset: message.offset() })
            }
            Err((error, message)) => Err(error_of(error).about_topic(message.topic())),
        };
        let message = match result {
            Ok(message) | Err((_, message)) => message,
        };
        let size = super::size(message.key_len() + message.payload_len());
        self.hand_over(&mut vec![(token as u64, outcome)], size);
    }
}

/// rust-rdkafka's error as ours.
pub(super) fn error_of(error: &KafkaError) -> ClientError {
    if let KafkaError::ClientConfig(_, reason, key, _) = error {
        let code = RDKafkaErrorCode::InvalidArgument;
        ClientError::new(code as i32, format!("{key}: {reason}"))
    } else if let KafkaError::Transaction(error) = error {
        ClientError::new(error.code() as i32, error.string())
    } else {
        let code = error.rdkafka_error_code().unwrap_or(RDKafkaErrorCode::Fail);
        let text = match code {
            RDKafkaErrorCode::Fail => error.to_string(),
            known => known.to_string(),
        };
        ClientError::new(code as i32, text)
    }
}

/// A line of librdkafka's with a level of syslog.
pub(super) fn log_line(level: i32, facility: &str, text: &str) {
    const CRITICAL: i32 = 2;
    const WARNING: i32 = 4;
    if level <= CRITICAL {
        tracing::error!(facility, "{text}");
    } else if level <= WARNING {
        tracing::debug!(facility, "{text}");
    } else {
        tracing::trace!(facility, "{text}");
    }
}
