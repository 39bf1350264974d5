//! What the members of a Connect group tell each other through Kafka: each member's metadata goes to the leader with
//! JoinGroup, the leader's assignment comes back with SyncGroup. The bytes are those of Java's `ConnectProtocol` (v0) and
//! `IncrementalCooperativeConnectProtocol` (v1, v2).

mod decode;
mod encode;

use std::{str::FromStr, time::Duration};

use bytes::Bytes;

pub use decode::DecodeError;
pub use encode::EncodeError;

/// The protocol type under which Connect workers join a group.
pub const PROTOCOL_TYPE: &str = "connect";

/// The error code of an assignment that was made.
pub const NO_ERROR: i16 = 0;

/// The error code of an assignment that could not be made: the leader is behind a member's config offset and everybody
/// shall read the config topic to its end and join again.
pub const CONFIG_MISMATCH: i16 = 1;

/// Stands for the connector itself in a list of its tasks.
const CONNECTOR_ITSELF: i32 = -1;

/// The sub-protocols of a Connect group, oldest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ConnectProtocol {
    /// Version 0, `default`: everything stops at every rebalance.
    Eager,
    /// Version 1, `compatible`: incremental cooperative rebalances.
    Compatible,
    /// Version 2, `sessioned`: the bytes of version 1, and internal requests are signed.
    Sessioned,
}

impl ConnectProtocol {
    /// The name under which the protocol is offered to the broker.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Eager => "default",
            Self::Compatible => "compatible",
            Self::Sessioned => "sessioned",
        }
    }

    /// The version at the head of metadata and assignments.
    pub const fn version(self) -> i16 {
        match self {
            Self::Eager => 0,
            Self::Compatible => 1,
            Self::Sessioned => 2,
        }
    }

    /// The protocol that a group agreed on.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Eager, Self::Compatible, Self::Sessioned].into_iter().find(|it| it.name() == name)
    }

    /// What a worker with this setting offers, preferred first. The broker picks what all members have in common, so one
    /// old worker holds the whole group back.
    pub const fn offered(self) -> &'static [Self] {
        match self {
            Self::Eager => &[Self::Eager],
            Self::Compatible => &[Self::Compatible, Self::Eager],
            Self::Sessioned => &[Self::Sessioned, Self::Compatible, Self::Eager],
        }
    }
}

/// The value of `connect.protocol` is none that exists.
#[derive(Debug, thiserror::Error)]
#[error("unknown Connect protocol {0:?}: use eager, compatible or sessioned")]
pub struct UnknownProtocol(String);

impl FromStr for ConnectProtocol {
    type Err = UnknownProtocol;

    /// Reads the value of `connect.protocol`, in any case as Java does.
    fn from_str(value: &str) -> Result<Self, Self::Err> {
        match value.to_ascii_lowercase().as_str() {
            "eager" => Ok(Self::Eager),
            "compatible" => Ok(Self::Compatible),
            "sessioned" => Ok(Self::Sessioned),
            _ => Err(UnknownProtocol(value.to_owned())),
        }
    }
}

/// A connector's name and the number of one of its tasks.
pub type TaskId = (String, i32);

/// What a member tells the leader.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Metadata {
    /// The member's advertised REST address.
    pub url: String,
    /// How far the member has read the config topic; -1 before it has read anything.
    pub config_offset: i64,
    /// What the member holds. Always absent under version 0.
    pub held: Option<Assignment>,
}

impl Metadata {
    /// The bytes for one of the offered protocols.
    pub fn encode(&self, protocol: ConnectProtocol) -> Result<Bytes, EncodeError> {
        encode::metadata(self, protocol)
    }

    /// Reads the bytes of any version. Fields that later versions put at the end are ignored, as Java does.
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        decode::metadata(bytes)
    }
}

/// What the leader tells a member, and what a member says it holds.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Assignment {
    /// [`NO_ERROR`], or why nothing could be assigned.
    pub error: i16,
    /// The leader's member id.
    pub leader: String,
    /// The leader's advertised REST address.
    pub leader_url: String,
    /// How far a member must have read the config topic before it acts on this.
    pub config_offset: i64,
    /// Connectors to run. Under versions 1 and 2, from the leader: connectors to start.
    pub connectors: Vec<String>,
    /// Tasks to run. Under versions 1 and 2, from the leader: tasks to start.
    pub tasks: Vec<TaskId>,
    /// Connectors to stop. Always empty under version 0.
    pub revoked_connectors: Vec<String>,
    /// Tasks to stop. Always empty under version 0.
    pub revoked_tasks: Vec<TaskId>,
    /// When to join again for work that is held back; zero for never. Always zero under version 0.
    pub delay: Duration,
}

impl Assignment {
    /// Whether the leader could not assign anything.
    pub const fn has_failed(&self) -> bool {
        self.error != NO_ERROR
    }

    /// Whether the member has to stop something.
    pub const fn revokes(&self) -> bool {
        !self.revoked_connectors.is_empty() || !self.revoked_tasks.is_empty()
    }

    /// The bytes under the agreed protocol.
    pub fn encode(&self, protocol: ConnectProtocol) -> Result<Bytes, EncodeError> {
        encode::assignment(self, protocol)
    }

    /// Reads the bytes of any version. Fields that later versions put at the end are ignored, as Java does.
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        decode::assignment(bytes)
    }
}

#[cfg(test)]
mod tests;
