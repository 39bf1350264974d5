//! What every call may use: the topics, the groups, who this broker is.

use std::sync::{Arc, Mutex, PoisonError};

use kafka_protocol::error::ResponseError;
use kafka_protocol::messages::BrokerId;
use kafka_protocol::protocol::StrBytes;

use crate::config::BrokerConfig;
use crate::group::Coordinator;
use crate::journal::Entry;
use crate::memory::Memory;
use crate::topics::Topics;

/// The id of the only node.
pub(crate) const NODE: BrokerId = BrokerId(1);
/// Producer ids noted in the journal at a time.
const PRODUCER_IDS: i64 = 1_000;

#[derive(Debug)]
pub(crate) struct Context {
    pub(crate) config: BrokerConfig,
    pub(crate) host: String,
    pub(crate) port: u16,
    pub(crate) cluster_id: String,
    pub(crate) topics: Topics,
    pub(crate) groups: Arc<Coordinator>,
    pub(crate) memory: Arc<Memory>,
    pub(crate) producer_ids: Mutex<ProducerIds>,
}

/// The next producer id, and the bound that a restart begins at.
#[derive(Debug)]
pub(crate) struct ProducerIds {
    next: i64,
    below: i64,
}

impl ProducerIds {
    /// Goes on where an earlier run may have stopped.
    pub(crate) fn from(below: i64) -> Self {
        Self { next: below, below }
    }
}

impl Context {
    /// An id that no producer had before.
    pub(crate) fn next_producer_id(&self) -> Result<i64, ResponseError> {
        let mut ids = self.producer_ids.lock().unwrap_or_else(PoisonError::into_inner);
        if ids.next == ids.below {
            let below = ids.below + PRODUCER_IDS;
            self.topics.note(&[Entry::ProducerIds { below }])?;
            ids.below = below;
        }
        ids.next += 1;
        Ok(ids.next - 1)
    }
}

/// Milliseconds since 1970.
pub(crate) fn now_millis() -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    since.map_or(0, |since| since.as_millis() as i64)
}

/// A text for the wire.
pub(crate) fn wire(text: impl Into<String>) -> StrBytes {
    StrBytes::from_string(text.into())
}

/// The wire's error code; 0 is none.
pub(crate) fn code(outcome: Result<(), ResponseError>) -> i16 {
    outcome.err().map_or(0, |error| error.code())
}
