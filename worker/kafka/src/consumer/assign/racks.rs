//! Where members run and where partitions have copies: who can read what from nearby.

use std::collections::{BTreeMap, BTreeSet};

use sluice_model::TopicPartition;

use super::Subscriber;

/// The racks of the brokers that have copies of a partition, whether those are complete or not; what is not here has
/// none that are known.
pub type Racks = BTreeMap<TopicPartition, BTreeSet<String>>;

/// The rack of a member, if it has told one.
pub(super) fn of_member(member: &Subscriber) -> Option<&str> {
    member.subscription.rack.as_deref().filter(|it| !it.is_empty())
}

/// Whether a partition has a copy in a rack.
pub(super) fn has_copy(racks: &Racks, of: &TopicPartition, rack: &str) -> bool {
    racks.get(of).is_some_and(|it| it.contains(rack))
}

/// Whether it matters who reads what: some member is near some partition, and not every partition has copies in the same
/// racks (`AbstractPartitionAssignor.useRackAwareAssignment`).
pub(super) fn matter(
    racks: &Racks,
    members: &[Option<&str>],
    partitions: impl Iterator<Item = TopicPartition>,
) -> bool {
    if members.iter().all(Option::is_none) {
        return false;
    }
    let copies: Vec<Option<&BTreeSet<String>>> = partitions.map(|of| racks.get(&of)).collect();
    let all: BTreeSet<&str> =
        copies.iter().flatten().copied().flatten().map(String::as_str).collect();
    let is_near = members.iter().flatten().any(|it| all.contains(it));
    is_near && copies.iter().any(|it| it.map_or(0, BTreeSet::len) < all.len())
}

/// The members and partitions of a group where it matters who reads what.
pub(super) struct Neighbourhood<'a> {
    racks: &'a Racks,
    /// By the members' places; none where it does not matter.
    members: Vec<Option<&'a str>>,
}

impl<'a> Neighbourhood<'a> {
    pub(super) fn new(
        racks: &'a Racks,
        members: &'a [Subscriber],
        partitions: impl Iterator<Item = TopicPartition>,
    ) -> Self {
        let mut members: Vec<Option<&str>> = members.iter().map(of_member).collect();
        if !matter(racks, &members, partitions) {
            members.fill(None);
        }
        Self { racks, members }
    }

    /// Whether a member has a rack, and the partition a copy in it.
    pub(super) fn is_near(&self, member: usize, of: &TopicPartition) -> bool {
        self.members[member].is_some_and(|rack| has_copy(self.racks, of, rack))
    }

    /// Whether a member has a rack, and the partition no copy in it.
    pub(super) fn is_far(&self, member: usize, of: &TopicPartition) -> bool {
        self.members[member].is_some_and(|rack| !has_copy(self.racks, of, rack))
    }

    /// How many members are near a partition.
    pub(super) fn neighbours(&self, of: &TopicPartition) -> usize {
        (0..self.members.len()).filter(|it| self.is_near(*it, of)).count()
    }
}
