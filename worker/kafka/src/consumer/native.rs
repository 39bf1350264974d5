//! The one module with unsafe code: a librdkafka consumer with our own rebalance, error and log callbacks. It
//! hands out owned values only; no pointer of librdkafka leaves it.
//!
//! It is a member of its group and commits; records are fetched by [`super::fetcher`], so whatever it is assigned is
//! paused at once.
#![allow(unsafe_code)]

mod callbacks;
mod partitions;
mod serve;

use std::{
    ffi::{CStr, CString, c_char, c_int},
    os::fd::{AsRawFd, OwnedFd},
    ptr,
    time::Duration,
};

use rdkafka_sys as ffi;

use crate::{failure::ClientError, settings::Native};
use callbacks::Shared;

pub(super) use callbacks::Rebalance;
pub(super) use partitions::{Offset, Partitions};

/// A librdkafka consumer.
pub(super) struct Handle {
    client: *mut ffi::rd_kafka_t,
    queue: *mut ffi::rd_kafka_queue_t,
    /// Lent to the callbacks; freed after the client.
    shared: *mut Shared,
    /// Written by librdkafka, so it is closed after the client is gone.
    _wake: OwnedFd,
}

// SAFETY: librdkafka's handles may be used from any thread at once, and `Shared` is Sync.
unsafe impl Send for Handle {}
// SAFETY: as above.
unsafe impl Sync for Handle {}

impl Handle {
    /// Makes a consumer that writes one byte to `wake`, which must not block, whenever its queue stops
    /// being empty.
    pub(super) fn new(settings: &Native, wake: OwnedFd) -> Result<Self, ClientError> {
        let shared = Box::into_raw(Box::new(Shared::default()));
        // SAFETY: the configuration is ours until rd_kafka_new takes it; `shared` lives until the client is
        // destroyed; the string buffers outlive the calls.
        unsafe {
            let conf = ffi::rd_kafka_conf_new();
            for (name, value) in settings {
                if let Err(error) = set(conf, name, value) {
                    ffi::rd_kafka_conf_destroy(conf);
                    drop(Box::from_raw(shared));
                    return Err(error);
                }
            }
            ffi::rd_kafka_conf_set_opaque(conf, shared.cast());
            ffi::rd_kafka_conf_set_rebalance_cb(conf, Some(callbacks::rebalance));
            ffi::rd_kafka_conf_set_error_cb(conf, Some(callbacks::error));
            ffi::rd_kafka_conf_set_log_cb(conf, Some(callbacks::log));
            let mut reason = [0 as c_char; 512];
            let kind = ffi::rd_kafka_type_t::RD_KAFKA_CONSUMER;
            let client = ffi::rd_kafka_new(kind, conf, reason.as_mut_ptr(), reason.len());
            if client.is_null() {
                ffi::rd_kafka_conf_destroy(conf);
                drop(Box::from_raw(shared));
                return Err(invalid(&reason));
            }
            ffi::rd_kafka_poll_set_consumer(client);
            let queue = ffi::rd_kafka_queue_get_consumer(client);
            ffi::rd_kafka_queue_io_event_enable(queue, wake.as_raw_fd(), b"!".as_ptr().cast(), 1);
            Ok(Self { client, queue, shared, _wake: wake })
        }
    }

    /// Joins the group and subscribes to topics by name.
    pub(super) fn subscribe(&self, topics: &Partitions) -> Result<(), ClientError> {
        // SAFETY: both pointers are valid; librdkafka copies the list.
        check(unsafe { ffi::rd_kafka_subscribe(self.client, topics.as_ptr()) })
    }

    /// Replaces the assignment.
    pub(super) fn assign(&self, partitions: &Partitions) -> Result<(), ClientError> {
        // SAFETY: as in `subscribe`.
        check(unsafe { ffi::rd_kafka_assign(self.client, partitions.as_ptr()) })?;
        self.pause(partitions)
    }

    /// Takes what a rebalance gave.
    pub(super) fn take(&self, partitions: &Partitions) -> Result<(), ClientError> {
        if !callbacks::is_cooperative(self.client) {
            return self.assign(partitions);
        }
        // SAFETY: as in `subscribe`; the error object is consumed by `consume_error`.
        unsafe {
            consume_error(ffi::rd_kafka_incremental_assign(self.client, partitions.as_ptr()))?;
        }
        self.pause(partitions)
    }

    /// Gives up what a rebalance took: all partitions under an eager protocol.
    pub(super) fn give_up(&self, partitions: &Partitions) -> Result<(), ClientError> {
        callbacks::give_up(self.client, partitions.as_ptr())
    }

    /// The next rebalance that was not handed out yet.
    pub(super) fn next_rebalance(&self) -> Option<Rebalance> {
        self.shared().next_rebalance()
    }

    /// The error that ends this consumer, if there was one.
    pub(super) fn failure(&self) -> Option<ClientError> {
        self.shared().failure()
    }

    /// Commits and waits for the outcome.
    pub(super) fn commit(&self, offsets: &Partitions) -> Result<(), ClientError> {
        // SAFETY: as in `subscribe`; the per-partition errors are written into our list.
        check(unsafe { ffi::rd_kafka_commit(self.client, offsets.as_ptr(), 0) })?;
        offsets.first_error()
    }

    /// Fills in the group's committed offsets.
    pub(super) fn committed(&self, of: &Partitions, wait: Duration) -> Result<(), ClientError> {
        // SAFETY: as in `commit`.
        check(unsafe { ffi::rd_kafka_committed(self.client, of.as_ptr(), millis(wait)) })?;
        of.first_error()
    }

    /// Keeps librdkafka from fetching.
    fn pause(&self, partitions: &Partitions) -> Result<(), ClientError> {
        // SAFETY: as in `commit`.
        check(unsafe { ffi::rd_kafka_pause_partitions(self.client, partitions.as_ptr()) })?;
        partitions.first_error()
    }

    /// Starts to leave the group; callbacks give up the assignment from now on. Ends when [`Self::is_closed`].
    pub(super) fn start_close(&self) -> Result<(), ClientError> {
        self.shared().close();
        // SAFETY: both pointers are valid until drop; the error object is consumed.
        unsafe { consume_error(ffi::rd_kafka_consumer_close_queue(self.client, self.queue)) }
    }

    pub(super) fn is_closed(&self) -> bool {
        // SAFETY: the pointer is valid until drop.
        unsafe { ffi::rd_kafka_consumer_closed(self.client) == 1 }
    }

    fn shared(&self) -> &Shared {
        // SAFETY: it is freed in drop only.
        unsafe { &*self.shared }
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        // SAFETY: nothing uses the client after this, and no callback runs once it is destroyed.
        unsafe {
            ffi::rd_kafka_queue_io_event_enable(self.queue, -1, ptr::null(), 0);
            ffi::rd_kafka_queue_destroy(self.queue);
            // Leaving the group is `close`'s work: here nobody could serve the callbacks that it needs.
            let without_close = ffi::RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE as c_int;
            ffi::rd_kafka_destroy_flags(self.client, without_close);
            drop(Box::from_raw(self.shared));
        }
    }
}

/// # Safety
/// `conf` must be a valid configuration.
unsafe fn set(conf: *mut ffi::rd_kafka_conf_t, name: &str, value: &str) -> Result<(), ClientError> {
    let no_nul = |_| ClientError::new(INVALID, format!("{name} holds a NUL character"));
    let name_text = CString::new(name).map_err(no_nul)?;
    let value = CString::new(value).map_err(no_nul)?;
    let mut reason = [0 as c_char; 512];
    // SAFETY: all pointers are valid for the call.
    let outcome = unsafe {
        ffi::rd_kafka_conf_set(
            conf,
            name_text.as_ptr(),
            value.as_ptr(),
            reason.as_mut_ptr(),
            reason.len(),
        )
    };
    if outcome == ffi::rd_kafka_conf_res_t::RD_KAFKA_CONF_OK {
        Ok(())
    } else {
        Err(invalid(&reason))
    }
}

const INVALID: i32 = ffi::rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR__INVALID_ARG as i32;

fn invalid(reason: &[c_char]) -> ClientError {
    // SAFETY: librdkafka ends the text with NUL within the buffer, which starts zeroed.
    let reason = unsafe { CStr::from_ptr(reason.as_ptr()) };
    ClientError::new(INVALID, reason.to_string_lossy())
}

fn check(code: ffi::rd_kafka_resp_err_t) -> Result<(), ClientError> {
    match code {
        ffi::rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR_NO_ERROR => Ok(()),
        code => Err(error_of(code)),
    }
}

fn error_of(code: ffi::rd_kafka_resp_err_t) -> ClientError {
    // SAFETY: librdkafka returns a static text for every code.
    let text = unsafe { CStr::from_ptr(ffi::rd_kafka_err2str(code)) };
    ClientError::new(code as i32, text.to_string_lossy())
}

/// # Safety
/// `error` must be null or an error object that nobody else uses.
unsafe fn consume_error(error: *mut ffi::rd_kafka_error_t) -> Result<(), ClientError> {
    if error.is_null() {
        return Ok(());
    }
    // SAFETY: not null, and valid until destroyed here.
    unsafe {
        let code = ffi::rd_kafka_error_code(error);
        let text = CStr::from_ptr(ffi::rd_kafka_error_string(error)).to_string_lossy().into_owned();
        ffi::rd_kafka_error_destroy(error);
        Err(ClientError::new(code as i32, text))
    }
}

fn millis(wait: Duration) -> c_int {
    c_int::try_from(wait.as_millis()).unwrap_or(c_int::MAX)
}
