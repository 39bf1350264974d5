//! Where a worker takes part: in a group of Kafka's, or alone.

use crate::{
    alone::Alone,
    member::{Change, JoinError, Joined, Leader, LocalState, Member, MemberShare},
};

/// A worker's place among others, if there are any.
pub enum Seat {
    /// In a group that a broker keeps.
    Group(Box<Member>),
    /// On its own.
    Alone(Alone),
}

impl Seat {
    /// See [`Member::join`]; alone, it takes no time and cannot fail.
    pub async fn join(
        &mut self,
        local: LocalState,
        leader: &mut (dyn Leader + Send),
    ) -> Result<Joined, JoinError> {
        match self {
            Self::Group(member) => member.join(local, leader).await,
            Self::Alone(alone) => Ok(alone.join(&local, leader)),
        }
    }

    /// See [`Member::changed`]; alone, nothing ever changes. Cancel-safe.
    pub async fn changed(&mut self) -> Change {
        match self {
            Self::Group(member) => member.changed().await,
            Self::Alone(_) => std::future::pending().await,
        }
    }

    /// See [`Member::hurry`].
    pub fn hurry(&self) {
        if let Self::Group(member) = self {
            member.hurry();
        }
    }

    /// See [`Member::leave`].
    pub async fn leave(&mut self, reason: &str) {
        if let Self::Group(member) = self {
            member.leave(reason).await;
        }
    }

    /// See [`Member::shares`].
    pub fn shares(&self) -> &[MemberShare] {
        match self {
            Self::Group(member) => member.shares(),
            Self::Alone(alone) => alone.shares(),
        }
    }
}
