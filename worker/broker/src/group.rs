//! Consumer groups of the classic protocol, for any protocol type: `membership` is the state machine of one group and
//! pure, `coordinator` holds all groups, their timers and their committed offsets.

mod coordinator;
mod membership;

pub(crate) use coordinator::{Coordinator, Offsets};
pub(crate) use membership::{Group, Join, Joined, Synced, Timeouts};
