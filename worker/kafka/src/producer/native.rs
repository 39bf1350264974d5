//! The two calls of a producer that each record takes, on librdkafka itself: sending without looking the topic up by its
//! name, and taking outcomes a request at a time. Unsafe code that hands out owned values only; no pointer of librdkafka
//! leaves it. The rest is rust-rdkafka's.
#![allow(unsafe_code)]

use std::{
    collections::HashMap,
    ffi::{CStr, CString, c_char, c_int, c_void},
    ptr,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use rdkafka::{
    error::KafkaError,
    producer::{BaseProducer, Producer as _},
    types::RDKafkaErrorCode,
};
use rdkafka_sys as ffi;
use rdkafka_sys::{rd_kafka_resp_err_t as Code, rd_kafka_vtype_t as Kind};

use super::{
    Delivery,
    context::{self, Context},
};
use crate::{
    failure::ClientError,
    login::Token,
    message::{OutgoingRecord, RecordMetadata},
};

/// Topics that a producer remembers; sources that write to more pay for looking them up.
const MOST_TOPICS: usize = 256;
/// librdkafka chooses.
const ANY_PARTITION: i32 = -1;
/// The parts of a record that librdkafka takes, headers included.
const PARTS: usize = 8;

/// A producer, and the way into it for records.
pub(super) struct Native {
    queue: *mut ffi::rd_kafka_queue_t,
    topics: Mutex<Topics>,
    /// Dropped after the other two, which are parts of it.
    producer: BaseProducer<Context>,
}

// SAFETY: librdkafka's handles may be used from any thread at once.
unsafe impl Send for Native {}
// SAFETY: as above; the topics are behind a lock.
unsafe impl Sync for Native {}

/// The topics that records went to lately.
#[derive(Default)]
struct Topics {
    known: HashMap<String, Topic>,
    /// The one of the record before: nearly always that of the next, and compared sooner than looked up.
    last: Option<(String, *mut ffi::rd_kafka_topic_t)>,
}

// SAFETY: as for the client; `last` is one of those in `known`.
unsafe impl Send for Topics {}

/// A topic that librdkafka knows.
struct Topic(*mut ffi::rd_kafka_topic_t);

impl Drop for Topic {
    fn drop(&mut self) {
        // SAFETY: the handle is ours, and the client still lives. Records that are under way hold their own.
        unsafe { ffi::rd_kafka_topic_destroy(self.0) }
    }
}

/// What librdkafka had to say.
pub(super) enum Event {
    /// Records have outcomes; they are in the list. This is what they count together.
    Delivered(usize),
    /// An error of the client.
    Error(RDKafkaErrorCode, String),
    /// A line for the log: level, facility, text.
    Log(i32, String, String),
    /// Nothing that matters.
    Nothing,
}

impl Native {
    /// Takes a producer over.
    pub(super) fn new(producer: BaseProducer<Context>) -> Self {
        // SAFETY: the client is valid.
        let queue = unsafe { ffi::rd_kafka_queue_get_main(producer.client().native_ptr()) };
        Self { queue, topics: Mutex::default(), producer }
    }

    /// For all that is not done for each record.
    pub(super) const fn producer(&self) -> &BaseProducer<Context> {
        &self.producer
    }

    fn client(&self) -> *mut ffi::rd_kafka_t {
        self.producer.client().native_ptr()
    }

    /// Queues a copy of a record.
    pub(super) fn send(
        &self,
        record: &OutgoingRecord<'_>,
        token: u64,
    ) -> Result<(), RDKafkaErrorCode> {
        // Held until the record is queued, so that the topic is not let go of meanwhile.
        let mut topics = self.topics.lock().unwrap_or_else(PoisonError::into_inner);
        let topic = match &topics.last {
            Some((name, topic)) if name == record.topic => *topic,
            _ => self.topic(&mut topics, record.topic)?,
        };
        let headers = headers(record.headers);
        // SAFETY: a vu is plain data for which zeros are valid.
        let mut parts: [ffi::rd_kafka_vu_t; PARTS] = unsafe { std::mem::zeroed() };
        parts[0].vtype = Kind::RD_KAFKA_VTYPE_RKT;
        parts[0].u.rkt = topic;
        parts[1].vtype = Kind::RD_KAFKA_VTYPE_PARTITION;
        parts[1].u.i32_ = record.partition.unwrap_or(ANY_PARTITION);
        parts[2].vtype = Kind::RD_KAFKA_VTYPE_MSGFLAGS;
        parts[2].u.i = ffi::RD_KAFKA_MSG_F_COPY;
        parts[3].vtype = Kind::RD_KAFKA_VTYPE_VALUE;
        parts[3].u.mem = memory(record.value);
        parts[4].vtype = Kind::RD_KAFKA_VTYPE_KEY;
        parts[4].u.mem = memory(record.key);
        parts[5].vtype = Kind::RD_KAFKA_VTYPE_OPAQUE;
        // Not a pointer to anything: it comes back as it is.
        parts[5].u.ptr = ptr::without_provenance_mut(token as usize);
        parts[6].vtype = Kind::RD_KAFKA_VTYPE_TIMESTAMP;
        parts[6].u.i64_ = record.timestamp.unwrap_or(0);
        parts[7].vtype = Kind::RD_KAFKA_VTYPE_HEADERS;
        parts[7].u.headers = headers;
        let count = if headers.is_null() { PARTS - 1 } else { PARTS };
        // SAFETY: every part holds what its type says; key and value are copied before the call returns.
        let code = unsafe { code(ffi::rd_kafka_produceva(self.client(), parts.as_ptr(), count)) };
        if code == Code::RD_KAFKA_RESP_ERR_NO_ERROR {
            return Ok(());
        }
        if !headers.is_null() {
            // SAFETY: a record that was refused leaves its headers to us.
            unsafe { ffi::rd_kafka_headers_destroy(headers) };
        }
        Err(code.into())
    }

    /// Finds a topic, or has librdkafka know it.
    fn topic(
        &self,
        topics: &mut Topics,
        name: &str,
    ) -> Result<*mut ffi::rd_kafka_topic_t, RDKafkaErrorCode> {
        if !topics.known.contains_key(name) && topics.known.len() >= MOST_TOPICS {
            *topics = Topics::default();
        }
        let found = if let Some(topic) = topics.known.get(name) {
            topic.0
        } else {
            let topic = self.new_topic(name)?;
            let handle = topic.0;
            topics.known.insert(name.to_owned(), topic);
            handle
        };
        topics.last = Some((name.to_owned(), found));
        Ok(found)
    }

    fn new_topic(&self, name: &str) -> Result<Topic, RDKafkaErrorCode> {
        // Told here, because librdkafka tells it later, in more than one way.
        if !can_be_named(name) {
            return Err(RDKafkaErrorCode::InvalidTopic);
        }
        let name = CString::new(name).map_err(|_| RDKafkaErrorCode::InvalidTopic)?;
        // SAFETY: the client is valid, and the name is copied.
        let topic =
            unsafe { ffi::rd_kafka_topic_new(self.client(), name.as_ptr(), ptr::null_mut()) };
        if topic.is_null() {
            // SAFETY: reads what the call before left for this thread.
            return Err(unsafe { ffi::rd_kafka_last_error() }.into());
        }
        Ok(Topic(topic))
    }

    /// Gives the client a token for SASL/OAUTHBEARER. Connections that wait for one are made then.
    pub(super) fn give_token(
        &self,
        token: &Token,
        extensions: &[(String, String)],
    ) -> Result<(), String> {
        // librdkafka counts in microseconds.
        const LATEST: i64 = i64::MAX / 1000;
        let owned = |text: &str| CString::new(text).map_err(|_| "it has a NUL in it".to_owned());
        let (text, principal) = (owned(token.text.reveal())?, owned(&token.principal)?);
        let texts = extensions.iter().flat_map(|(name, value)| [owned(name), owned(value)]);
        let texts = texts.collect::<Result<Vec<_>, _>>()?;
        let mut pointers: Vec<*const c_char> = texts.iter().map(|it| it.as_ptr()).collect();
        let mut flaw = [0; 512];
        // SAFETY: the client is valid; all texts end with NUL, live as long as the call and are copied by it; the flaw is
        // written with its NUL into a buffer of the length given.
        let code = unsafe {
            ffi::rd_kafka_oauthbearer_set_token(
                self.client(),
                text.as_ptr(),
                token.expires.min(LATEST),
                principal.as_ptr(),
                pointers.as_mut_ptr(),
                pointers.len(),
                flaw.as_mut_ptr(),
                flaw.len(),
            )
        };
        if code == Code::RD_KAFKA_RESP_ERR_NO_ERROR {
            return Ok(());
        }
        // SAFETY: it begins with zeros, so it ends with NUL whatever was written.
        Err(unsafe { self::text(flaw.as_ptr()) })
    }

    /// Waits for what happens next. Outcomes are added to `delivered`.
    pub(super) fn next(&self, wait: Duration, delivered: &mut Vec<Delivery>) -> Event {
        let wait = c_int::try_from(wait.as_millis()).unwrap_or(c_int::MAX);
        // SAFETY: the queue is valid; the event is ours until it is destroyed, and what is read of it is copied.
        unsafe {
            let event = ffi::rd_kafka_queue_poll(self.queue, wait);
            if event.is_null() {
                return Event::Nothing;
            }
            let seen = match ffi::rd_kafka_event_type(event) {
                ffi::RD_KAFKA_EVENT_DR => {
                    let mut size = 0;
                    while let Some(message) = ffi::rd_kafka_event_message_next(event).as_ref() {
                        size += super::size(message.len + message.key_len);
                        delivered.push((message._private.addr() as u64, outcome(message)));
                    }
                    Event::Delivered(size)
                }
                ffi::RD_KAFKA_EVENT_ERROR => Event::Error(
                    ffi::rd_kafka_event_error(event).into(),
                    text(ffi::rd_kafka_event_error_string(event)),
                ),
                ffi::RD_KAFKA_EVENT_LOG => log(event),
                _ => Event::Nothing,
            };
            ffi::rd_kafka_event_destroy(event);
            seen
        }
    }
}

impl Drop for Native {
    fn drop(&mut self) {
        // The topics go first: they belong to the client.
        *self.topics.get_mut().unwrap_or_else(PoisonError::into_inner) = Topics::default();
        // SAFETY: this reference to the queue is ours.
        unsafe { ffi::rd_kafka_queue_destroy(self.queue) }
    }
}

fn memory(bytes: Option<&[u8]>) -> ffi::rd_kafka_vu_s__bindgen_ty_1__bindgen_ty_1 {
    let (ptr, size) = bytes.map_or((ptr::null(), 0), |it| (it.as_ptr(), it.len()));
    ffi::rd_kafka_vu_s__bindgen_ty_1__bindgen_ty_1 { ptr: ptr.cast_mut().cast::<c_void>(), size }
}

/// Headers that librdkafka may take; null if there are none.
fn headers(of: &[(&str, Option<&[u8]>)]) -> *mut ffi::rd_kafka_headers_t {
    if of.is_empty() {
        return ptr::null_mut();
    }
    // SAFETY: names and values are copied, with their lengths.
    unsafe {
        let headers = ffi::rd_kafka_headers_new(of.len());
        for (name, value) in of {
            let (value, size) = value.map_or((ptr::null(), 0), |it| (it.as_ptr(), it.len()));
            ffi::rd_kafka_header_add(
                headers,
                name.as_ptr().cast::<c_char>(),
                name.len() as isize,
                value.cast::<c_void>(),
                size as isize,
            );
        }
        headers
    }
}

/// The code of an error object, which it frees; null is success.
unsafe fn code(error: *mut ffi::rd_kafka_error_t) -> Code {
    if error.is_null() {
        return Code::RD_KAFKA_RESP_ERR_NO_ERROR;
    }
    // SAFETY: the object is ours.
    unsafe {
        let code = ffi::rd_kafka_error_code(error);
        ffi::rd_kafka_error_destroy(error);
        code
    }
}

/// `org.apache.kafka.common.internals.Topic.isValid`.
fn can_be_named(topic: &str) -> bool {
    let is_allowed = |it: char| it.is_ascii_alphanumeric() || matches!(it, '.' | '_' | '-');
    (1..=249).contains(&topic.len())
        && topic != "."
        && topic != ".."
        && topic.chars().all(is_allowed)
}

fn outcome(message: &ffi::rd_kafka_message_t) -> Result<RecordMetadata, ClientError> {
    if message.err == Code::RD_KAFKA_RESP_ERR_NO_ERROR {
        return Ok(RecordMetadata { partition: message.partition, offset: message.offset });
    }
    let code = RDKafkaErrorCode::from(message.err);
    let error = context::error_of(&KafkaError::MessageProduction(code));
    if message.rkt.is_null() {
        return Err(error);
    }
    // SAFETY: a topic that is there has a name that ends with NUL and lives as long as the message.
    let topic = unsafe { text(ffi::rd_kafka_topic_name(message.rkt)) };
    Err(error.about_topic(&topic))
}

/// # Safety
/// `event` must be a line for the log.
unsafe fn log(event: *mut ffi::rd_kafka_event_t) -> Event {
    let (mut facility, mut line, mut level) = (ptr::null(), ptr::null(), 0);
    // SAFETY: by the caller; the strings live as long as the event and are copied.
    unsafe {
        if ffi::rd_kafka_event_log(event, &raw mut facility, &raw mut line, &raw mut level) != 0 {
            return Event::Nothing;
        }
        Event::Log(level, text(facility), text(line))
    }
}

/// # Safety
/// `text` must be null or end with a NUL.
unsafe fn text(text: *const c_char) -> String {
    if text.is_null() {
        return String::new();
    }
    // SAFETY: by the caller.
    unsafe { CStr::from_ptr(text) }.to_string_lossy().trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn topics_have_names_as_kafka_allows_them() {
        let long = "x".repeat(250);
        for (topic, expected) in [
            ("a.b_c-1", true),
            ("...", true),
            (&long[1..], true),
            (&long, false),
            ("", false),
            (".", false),
            ("..", false),
            ("no such/topic", false),
            ("t\u{e4}glich", false),
        ] {
            assert_eq!(can_be_named(topic), expected, "{topic}");
        }
    }
}
