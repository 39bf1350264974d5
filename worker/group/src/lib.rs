//! Kafka Connect's worker group: the bytes of its protocol, the leader's assignment of work, and the membership itself
//! over Kafka's classic group API (protocol type `connect`).
//!
//! A worker joins with [`Member::join`], works on what the leader handed out, and joins again when [`Member::changed`]
//! says so. Java workers and ours can be in one group, each as leader or follower. A worker without a group is [`Alone`].

mod alone;
pub mod assign;
mod member;
pub mod protocol;
mod seat;

pub use alone::Alone;
pub use member::{
    Change, Configured, GroupSettings, JoinError, Joined, Leader, LocalState, Member, MemberShare,
};
pub use protocol::{Assignment, ConnectProtocol, TaskId};
pub use seat::Seat;
