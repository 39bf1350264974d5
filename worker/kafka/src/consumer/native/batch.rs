//! From librdkafka's messages to ours: all bytes of a batch are copied into one buffer, and librdkafka's messages,
//! each of which pins the whole fetch that it came with, are freed at once.

use std::{
    ffi::{CStr, c_void},
    ptr,
    sync::Arc,
};

use bytes::Bytes;
use rdkafka_sys as ffi;

use super::{Handle, error_of, framing};
use crate::{
    batch::{Batch, Filling, Headers, Place},
    failure::ClientError,
    message::TimestampType,
};

/// Most distinct header names and topics that are remembered, so that hostile ones cannot fill the memory.
const MOST_NAMES: usize = 1024;

/// Reused between batches.
#[derive(Default)]
pub(in super::super) struct Scratch {
    messages: Vec<*mut ffi::rd_kafka_message_t>,
    names: Vec<Arc<str>>,
}

// SAFETY: the pointers are only set during a poll.
unsafe impl Send for Scratch {}

/// Messages of librdkafka, freed when dropped.
struct Taken<'a>(&'a mut Vec<*mut ffi::rd_kafka_message_t>);

impl Drop for Taken<'_> {
    fn drop(&mut self) {
        for message in self.0.drain(..) {
            // SAFETY: each was handed to us by the batch call and is freed once.
            unsafe { ffi::rd_kafka_message_destroy(message) };
        }
    }
}

impl Handle {
    /// Serves callbacks and appends up to `max` records to `batch` without waiting. An error that came among
    /// them is returned; the records before and after it are in the batch.
    pub(in super::super) fn poll(
        &self,
        scratch: &mut Scratch,
        max: usize,
        batch: &mut Batch,
    ) -> Result<(), ClientError> {
        scratch.messages.clear();
        scratch.messages.reserve(max);
        // SAFETY: the buffer has room for `max` pointers, of which the call sets as many as it returns.
        unsafe {
            let room = scratch.messages.as_mut_ptr();
            let count = ffi::rd_kafka_consume_batch_queue(self.queue, 0, room, max);
            scratch.messages.set_len(usize::try_from(count).unwrap_or(0));
        }
        let names = &mut scratch.names;
        let taken = Taken(&mut scratch.messages);
        convert(taken.0, names, batch)
    }
}

fn convert(
    taken: &[*mut ffi::rd_kafka_message_t],
    names: &mut Vec<Arc<str>>,
    batch: &mut Batch,
) -> Result<(), ClientError> {
    if taken.is_empty() {
        return Ok(());
    }
    // SAFETY: valid until `Taken` is dropped, by our caller, after this.
    let message_at = |at: usize| taken.get(at).map(|message| unsafe { &**message });
    let messages = || (0..taken.len()).filter_map(message_at);
    let mut filling = batch.filling(taken.len(), messages().map(|it| it.len + it.key_len).sum());
    let mut outcome = Ok(());
    let mut topic = ptr::null_mut();
    for (message, following) in messages().zip((1..).map(message_at)) {
        if !is_record(message) {
            outcome = outcome.and(judge(message));
            continue;
        }
        // The batch holds each topic's handle, so within it equal pointers are equal topics.
        if topic != message.rkt {
            // SAFETY: the topic's handle is valid as long as the message.
            let name = unsafe { CStr::from_ptr(ffi::rd_kafka_topic_name(message.rkt)) };
            filling.topic(&intern(names, &name.to_string_lossy()));
            topic = message.rkt;
        }
        let headers = if following.is_some_and(|it| is_plain(message, it)) {
            Headers::new()
        } else {
            headers(message, names)
        };
        take(&mut filling, message, headers);
    }
    outcome
}

fn take(filling: &mut Filling<'_>, message: &ffi::rd_kafka_message_t, headers: Headers) {
    let (timestamp, timestamp_type) = timestamp(message);
    let place =
        Place { partition: message.partition, offset: message.offset, timestamp, timestamp_type };
    // SAFETY: librdkafka gives pointer and length of key and payload together, valid as long as the message.
    let (key, value) =
        unsafe { (bytes(message.key, message.key_len), bytes(message.payload, message.len)) };
    filling.push(place, key, value, headers);
}

/// Whether the bytes between a message and the next one show that it has no headers. False if they show nothing.
fn is_plain(message: &ffi::rd_kafka_message_t, next: &ffi::rd_kafka_message_t) -> bool {
    if message.payload.is_null() || next.payload.is_null() || !is_record(next) {
        return false;
    }
    let end = message.payload.cast::<u8>().wrapping_add(message.len);
    let longest = framing::LONGEST_HEAD + next.key_len;
    match (next.payload as usize).checked_sub(end as usize) {
        Some(length) if (1..=longest).contains(&length) && message.rkt == next.rkt => {
            // SAFETY: messages so close to each other are of one fetch, whose bytes live as long as both do; what
            // is between them is of it, too.
            let gap = unsafe { std::slice::from_raw_parts(end, length) };
            let key = (!next.key.is_null()).then_some(next.key_len);
            framing::shows_no_headers(gap, key, next.len)
        }
        _ => false,
    }
}

fn is_record(message: &ffi::rd_kafka_message_t) -> bool {
    message.err == ffi::rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR_NO_ERROR
}

/// Null is "none"; an empty value has a pointer.
///
/// # Safety
/// `start` must be null or point to `length` bytes that live as long as the caller says.
unsafe fn bytes<'a>(start: *const c_void, length: usize) -> Option<&'a [u8]> {
    // SAFETY: by the caller.
    (!start.is_null()).then(|| unsafe { std::slice::from_raw_parts(start.cast(), length) })
}

fn timestamp(message: &ffi::rd_kafka_message_t) -> (i64, TimestampType) {
    use ffi::rd_kafka_timestamp_type_t as Kind;
    let mut kind = Kind::RD_KAFKA_TIMESTAMP_NOT_AVAILABLE;
    // SAFETY: the message is valid.
    let timestamp = unsafe { ffi::rd_kafka_message_timestamp(message, &raw mut kind) };
    let kind = match kind {
        Kind::RD_KAFKA_TIMESTAMP_NOT_AVAILABLE => TimestampType::NoTimestampType,
        Kind::RD_KAFKA_TIMESTAMP_CREATE_TIME => TimestampType::CreateTime,
        Kind::RD_KAFKA_TIMESTAMP_LOG_APPEND_TIME => TimestampType::LogAppendTime,
    };
    (timestamp, kind)
}

fn headers(message: &ffi::rd_kafka_message_t, names: &mut Vec<Arc<str>>) -> Headers {
    let mut list = ptr::null_mut();
    // SAFETY: the message is valid, and so are its headers as long as it is.
    unsafe {
        let outcome = ffi::rd_kafka_message_headers(message, &raw mut list);
        if outcome != ffi::rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR_NO_ERROR {
            return Headers::new();
        }
        let mut headers = Headers::with_capacity(ffi::rd_kafka_header_cnt(list));
        let (mut name, mut value, mut length) = (ptr::null(), ptr::null(), 0);
        while ffi::rd_kafka_header_get_all(
            list,
            headers.len(),
            &raw mut name,
            &raw mut value,
            &raw mut length,
        ) == ffi::rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR_NO_ERROR
        {
            let name = intern(names, &CStr::from_ptr(name).to_string_lossy());
            headers.push((name, bytes(value, length).map(Bytes::copy_from_slice)));
        }
        headers
    }
}

/// The shared text of a name: a topology has few topics and few header names, so a short list beats a map.
fn intern(names: &mut Vec<Arc<str>>, name: &str) -> Arc<str> {
    if let Some(at) = names.iter().position(|known| **known == *name) {
        if at > 8 {
            names.swap(at, at / 2);
            return Arc::clone(&names[at / 2]);
        }
        return Arc::clone(&names[at]);
    }
    if names.len() >= MOST_NAMES {
        names.clear();
    }
    let name: Arc<str> = name.into();
    names.push(Arc::clone(&name));
    name
}

/// What an error among the messages means: fatal ones are returned, passing ones logged, because librdkafka
/// keeps trying.
fn judge(message: &ffi::rd_kafka_message_t) -> Result<(), ClientError> {
    use ffi::rd_kafka_resp_err_t as Code;
    let error = error_of(message.err);
    let text = if message.payload.is_null() {
        error.message().to_owned()
    } else {
        unsafe { CStr::from_ptr(message.payload.cast()) }.to_string_lossy().into_owned()
    };
    match message.err {
        Code::RD_KAFKA_RESP_ERR__PARTITION_EOF => Ok(()),
        Code::RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED
        | Code::RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED
        | Code::RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID
        | Code::RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET
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
