//! Serves librdkafka's queue: rebalances run their callbacks, errors are judged. Records never come: every partition
//! that librdkafka is given is paused.

use std::{ffi::CStr, ptr};

use rdkafka_sys as ffi;

use super::{Handle, error_of};
use crate::failure::ClientError;

/// Most events served at once.
const EVENTS: usize = 64;

/// A message of librdkafka, freed when dropped.
struct Taken(*mut ffi::rd_kafka_message_t);

impl Drop for Taken {
    fn drop(&mut self) {
        // SAFETY: it was handed to us by the batch call and is freed once.
        unsafe { ffi::rd_kafka_message_destroy(self.0) };
    }
}

impl Handle {
    /// Serves what has arrived, without waiting, and starts the clock of `max.poll.interval.ms` again.
    pub(in super::super) fn serve(&self) -> Result<(), ClientError> {
        let mut room = [ptr::null_mut(); EVENTS];
        // SAFETY: the buffer has room for as many pointers as the call is told, of which it sets as many as it returns.
        let count = unsafe {
            ffi::rd_kafka_consume_batch_queue(self.queue, 0, room.as_mut_ptr(), room.len())
        };
        let count = usize::try_from(count).unwrap_or(0);
        let taken: Vec<Taken> = room[..count].iter().map(|it| Taken(*it)).collect();
        let mut outcome = Ok(());
        for message in &taken {
            // SAFETY: valid until it is dropped.
            outcome = outcome.and(judge(unsafe { &*message.0 }));
        }
        outcome
    }
}

/// What an error means: fatal ones are returned, passing ones logged, because librdkafka keeps trying.
fn judge(message: &ffi::rd_kafka_message_t) -> Result<(), ClientError> {
    use ffi::rd_kafka_resp_err_t as Code;
    if message.err == Code::RD_KAFKA_RESP_ERR_NO_ERROR {
        return Ok(());
    }
    let error = error_of(message.err);
    let text = if message.payload.is_null() {
        error.message().to_owned()
    } else {
        // SAFETY: the payload of an error is a text that ends with NUL.
        unsafe { CStr::from_ptr(message.payload.cast()) }.to_string_lossy().into_owned()
    };
    match message.err {
        Code::RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED
        | Code::RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED
        | Code::RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID
        | Code::RD_KAFKA_RESP_ERR__FATAL
        | Code::RD_KAFKA_RESP_ERR__AUTHENTICATION => {
            Err(ClientError::new(message.err as i32, text))
        }
        // _MAX_POLL_EXCEEDED among them: the assignment is reported as lost next.
        _ => {
            tracing::warn!(error = text, "Kafka consumer");
            Ok(())
        }
    }
}
