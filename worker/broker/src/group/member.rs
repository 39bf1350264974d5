//! A member of a group: what it offers, which calls of it wait, and the answers they get.

use std::time::Duration;

use bytes::Bytes;
use kafka_protocol::error::ResponseError;
use tokio::sync::oneshot;
use tokio::time::Instant;

#[derive(Debug)]
pub(crate) struct Member {
    pub(crate) client_id: String,
    pub(crate) client_host: String,
    pub(super) timeouts: Timeouts,
    pub(super) protocols: Vec<(String, Bytes)>,
    pub(crate) assignment: Bytes,
    pub(super) expires: Instant,
    pub(super) joining: Option<oneshot::Sender<Joined>>,
    pub(super) syncing: Option<oneshot::Sender<Synced>>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Timeouts {
    pub(crate) session: Duration,
    pub(crate) rebalance: Duration,
}

/// A call to join.
#[derive(Debug, Clone)]
pub(crate) struct Join {
    pub(crate) member_id: String,
    pub(crate) client_id: String,
    pub(crate) client_host: String,
    pub(crate) protocol_type: String,
    pub(crate) protocols: Vec<(String, Bytes)>,
    pub(crate) timeouts: Timeouts,
    /// Whether a newcomer has to come again with the id that it is told.
    pub(crate) id_required: bool,
}

/// The answer to a join.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Joined {
    pub(crate) error: Option<ResponseError>,
    pub(crate) generation: i32,
    pub(crate) protocol_type: Option<String>,
    pub(crate) protocol: Option<String>,
    pub(crate) leader: String,
    pub(crate) member_id: String,
    /// Id and metadata of all members, for the leader only.
    pub(crate) members: Vec<(String, Bytes)>,
}

/// The answer to a sync.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Synced {
    pub(crate) error: Option<ResponseError>,
    pub(crate) protocol_type: Option<String>,
    pub(crate) protocol: Option<String>,
    pub(crate) assignment: Bytes,
}

impl Member {
    pub(super) fn supports(&self, protocol: &String) -> bool {
        self.protocols.iter().any(|(name, _)| name == protocol)
    }

    /// A member with a call open here is alive.
    pub(super) fn is_waiting(&self) -> bool {
        self.joining.is_some() || self.syncing.is_some()
    }
}

impl Joined {
    pub(crate) fn refused(error: ResponseError, member_id: String) -> Self {
        Self {
            error: Some(error),
            generation: -1,
            protocol_type: None,
            protocol: None,
            leader: String::new(),
            member_id,
            members: Vec::new(),
        }
    }
}

impl Synced {
    pub(crate) fn refused(error: ResponseError) -> Self {
        Self { error: Some(error), protocol_type: None, protocol: None, assignment: Bytes::new() }
    }
}

/// The caller may be gone, which is its own affair.
pub(super) fn answer<T>(waiting: oneshot::Sender<T>, what: T) {
    let _ = waiting.send(what);
}
