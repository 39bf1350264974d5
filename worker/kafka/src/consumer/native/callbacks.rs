//! What librdkafka calls. Rebalances are only noted here and acknowledged later by the caller, after it has
//! committed: librdkafka waits for that while it goes on with heartbeats.

use std::{
    collections::VecDeque,
    ffi::{CStr, c_char, c_int, c_void},
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use rdkafka_sys as ffi;
use sluice_model::TopicPartition;

use super::{check, consume_error, error_of, partitions};
use crate::failure::ClientError;

/// A change of the assignment that waits for its acknowledgement.
#[derive(Debug)]
pub(in super::super) enum Rebalance {
    /// Partitions came.
    Assigned(Vec<TopicPartition>),
    /// Partitions go; `lost` if others may own them already.
    Revoked(Vec<TopicPartition>, bool),
}

/// What callbacks leave for the consumer's owner.
#[derive(Default)]
pub(super) struct Shared {
    rebalances: Mutex<VecDeque<Rebalance>>,
    failure: Mutex<Option<ClientError>>,
    closing: AtomicBool,
}

impl Shared {
    pub(super) fn next_rebalance(&self) -> Option<Rebalance> {
        lock(&self.rebalances).pop_front()
    }

    pub(super) fn failure(&self) -> Option<ClientError> {
        lock(&self.failure).clone()
    }

    pub(super) fn close(&self) {
        self.closing.store(true, Ordering::SeqCst);
        lock(&self.rebalances).clear();
    }
}

fn lock<T>(of: &Mutex<T>) -> MutexGuard<'_, T> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
}

/// # Safety
/// Called by librdkafka with the opaque pointer of `Handle::new`.
pub(super) unsafe extern "C" fn rebalance(
    client: *mut ffi::rd_kafka_t,
    code: ffi::rd_kafka_resp_err_t,
    list: *mut ffi::rd_kafka_topic_partition_list_t,
    opaque: *mut c_void,
) {
    // SAFETY: the pointer given in `Handle::new`, valid for the client's life.
    let shared = unsafe { &*opaque.cast::<Shared>() };
    let closing = shared.closing.load(Ordering::SeqCst);
    let event = match code {
        ffi::rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS if !closing => {
            Rebalance::Assigned(partitions::lent(list))
        }
        ffi::rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR__REVOKE_PARTITIONS if !closing => {
            // SAFETY: the client is valid during its callback.
            let lost = unsafe { ffi::rd_kafka_assignment_lost(client) } == 1;
            Rebalance::Revoked(partitions::lent(list), lost)
        }
        code => {
            if !closing {
                tracing::warn!(error = error_of(code).message(), "a rebalance failed");
            }
            if let Err(error) = give_up(client, list) {
                tracing::debug!(%error, "partitions were not given up");
            }
            return;
        }
    };
    lock(&shared.rebalances).push_back(event);
}

/// # Safety
/// Called by librdkafka with the opaque pointer of `Handle::new`.
pub(super) unsafe extern "C" fn error(
    client: *mut ffi::rd_kafka_t,
    code: c_int,
    reason: *const c_char,
    opaque: *mut c_void,
) {
    // SAFETY: as in `rebalance`; the reason is a text that ends with NUL.
    let (shared, reason) = unsafe { (&*opaque.cast::<Shared>(), CStr::from_ptr(reason)) };
    let reason = reason.to_string_lossy();
    let is = |known: ffi::rd_kafka_resp_err_t| code == known as c_int;
    if is(ffi::rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR__FATAL) {
        let mut text = [0 as c_char; 512];
        // SAFETY: the client is valid during its callback, the buffer is zeroed and long enough.
        let (cause, text) = unsafe {
            let cause = ffi::rd_kafka_fatal_error(client, text.as_mut_ptr(), text.len());
            (cause, CStr::from_ptr(text.as_ptr()))
        };
        let error = ClientError::new(cause as i32, text.to_string_lossy());
        lock(&shared.failure).get_or_insert(error);
    } else if let Some(error) = ClientError::refusal(code, &reason) {
        lock(&shared.failure).get_or_insert(error);
    } else {
        // Connections are tried again by librdkafka; the reason is all that a reader of the log can use.
        tracing::warn!(code, %reason, "Kafka client");
    }
}

/// # Safety
/// Called by librdkafka, from any of its threads, with texts that end with NUL.
pub(super) unsafe extern "C" fn log(
    _: *const ffi::rd_kafka_t,
    level: c_int,
    facility: *const c_char,
    text: *const c_char,
) {
    // SAFETY: both texts are valid during the call.
    let (facility, text) = unsafe { (CStr::from_ptr(facility), CStr::from_ptr(text)) };
    let (facility, text) = (facility.to_string_lossy(), text.to_string_lossy());
    // Syslog levels. Lost connections come as errors, and again through the error callback if they matter.
    match level {
        0..=2 => tracing::error!(%facility, "{text}"),
        3..=4 => tracing::debug!(%facility, "{text}"),
        _ => tracing::trace!(%facility, "{text}"),
    }
}

/// Gives up `list` as the group's protocol wants it.
pub(super) fn give_up(
    client: *mut ffi::rd_kafka_t,
    list: *mut ffi::rd_kafka_topic_partition_list_t,
) -> Result<(), ClientError> {
    // SAFETY: the client is valid; the list is copied; the error object is consumed.
    unsafe {
        if is_cooperative(client) {
            consume_error(ffi::rd_kafka_incremental_unassign(client, list))
        } else {
            check(ffi::rd_kafka_assign(client, std::ptr::null()))
        }
    }
}

/// Whether the group moves partitions one by one.
pub(super) fn is_cooperative(client: *mut ffi::rd_kafka_t) -> bool {
    // SAFETY: a static text, or null outside a group.
    unsafe {
        let name = ffi::rd_kafka_rebalance_protocol(client);
        !name.is_null() && CStr::from_ptr(name) == c"COOPERATIVE"
    }
}
