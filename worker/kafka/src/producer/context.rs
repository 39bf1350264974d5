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

use crate::{failure::ClientError, message::RecordMetadata};

type Delivered = Box<dyn Fn(u64, Result<RecordMetadata, ClientError>) + Send + Sync>;

pub(super) struct Context {
    delivered: Delivered,
    room: Arc<Notify>,
    /// Bytes of keys and values that have no outcome yet.
    queued: Arc<AtomicUsize>,
    failure: Mutex<Option<ClientError>>,
    /// So that sending costs no lock while all is well.
    failed: AtomicBool,
    /// A failure that the serving thread has not acted on.
    verdict: AtomicBool,
}

impl Context {
    pub(super) fn new(delivered: Delivered, room: Arc<Notify>, queued: Arc<AtomicUsize>) -> Self {
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

    fn fail(&self, error: ClientError) {
        self.failure.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error);
        self.failed.store(true, Ordering::Release);
        self.verdict.store(true, Ordering::Release);
    }
}

impl ClientContext for Context {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, text: &str) {
        match level {
            RDKafkaLogLevel::Emerg | RDKafkaLogLevel::Alert | RDKafkaLogLevel::Critical => {
                tracing::error!(facility, "{text}");
            }
            RDKafkaLogLevel::Error | RDKafkaLogLevel::Warning => {
                tracing::debug!(facility, "{text}");
            }
            _ => tracing::trace!(facility, "{text}"),
        }
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

    fn delivery(&self, result: &DeliveryResult<'_>, token: usize) {
        let outcome = match result {
            Ok(message) => {
                Ok(RecordMetadata { partition: message.partition(), offset: message.offset() })
            }
            Err((error, _)) => Err(self.failure().unwrap_or_else(|| error_of(error))),
        };
        let message = match result {
            Ok(message) | Err((_, message)) => message,
        };
        let size = message.key_len() + message.payload_len();
        self.queued.fetch_sub(size, Ordering::Relaxed);
        (self.delivered)(token as u64, outcome);
        self.room.notify_one();
    }
}

/// rust-rdkafka's error as ours.
pub(super) fn error_of(error: &KafkaError) -> ClientError {
    if let KafkaError::ClientConfig(_, reason, key, _) = error {
        let code = RDKafkaErrorCode::InvalidArgument;
        ClientError::new(code as i32, format!("{key}: {reason}"))
    } else {
        let code = error.rdkafka_error_code().unwrap_or(RDKafkaErrorCode::Fail);
        let text = match code {
            RDKafkaErrorCode::Fail => error.to_string(),
            known => known.to_string(),
        };
        ClientError::new(code as i32, text)
    }
}
