//! Consumer groups of the classic protocol, for any protocol type: `membership` is the state machine of one group and
//! pure, `member` what it knows of each member, `coordinator` holds all groups, their timers and their committed offsets.

mod coordinator;
mod member;
mod membership;

pub(crate) use coordinator::{Coordinator, Offsets};
pub(crate) use member::{Join, Joined, Synced, Timeouts};
pub(crate) use membership::Group;
