//! Who reads which partitions: the assignors of Java's consumers, as pure functions. Members in Java and in Rust may be
//! in one group, whichever of them leads it.

mod fields;
mod racks;
mod range;
mod round_robin;
mod spread;
mod sticky;
mod subscription;

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use sluice_model::TopicPartition;

use crate::settings::{ClientSettings, SettingsError};
pub use racks::Racks;
pub use subscription::{Malformed, Subscription, decode_assignment, encode_assignment};

/// How many partitions each topic has.
pub type Topics = BTreeMap<String, i32>;

/// What each member gets, by its id.
pub type Assignments = BTreeMap<String, Vec<TopicPartition>>;

const KEY: &str = "partition.assignment.strategy";

/// One member as the leader sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subscriber {
    /// Member id.
    pub id: String,
    /// `group.instance.id` of a static member.
    pub instance: Option<String>,
    /// What it said of itself.
    pub subscription: Subscription,
}

/// A way to assign partitions (`ConsumerPartitionAssignor`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Assignor {
    /// Per topic, one run of partitions for each member (`RangeAssignor`).
    Range,
    /// One after the other (`RoundRobinAssignor`).
    RoundRobin,
    /// Balanced, and each member keeps what it can; everything stops in between (`StickyAssignor`).
    Sticky,
    /// The same, and what stays does not stop (`CooperativeStickyAssignor`).
    CooperativeSticky,
}

impl Assignor {
    /// The assignors that the settings name, in their order; Java's default is range, then cooperative sticky.
    pub(crate) fn configured(settings: &ClientSettings) -> Result<Vec<Self>, SettingsError> {
        let Some(names) = settings.text(KEY) else {
            return Ok(vec![Self::Range, Self::CooperativeSticky]);
        };
        let mut assignors = Vec::new();
        for name in names.split(',').map(str::trim).filter(|name| !name.is_empty()) {
            let assignor = match name.rsplit('.').next().unwrap_or_default() {
                "RangeAssignor" | "range" => Self::Range,
                "RoundRobinAssignor" | "roundrobin" => Self::RoundRobin,
                "StickyAssignor" | "sticky" => Self::Sticky,
                "CooperativeStickyAssignor" | "cooperative-sticky" => Self::CooperativeSticky,
                _ => {
                    return Err(SettingsError::Refused {
                        key: KEY.to_owned(),
                        reason: "only RangeAssignor, RoundRobinAssignor, StickyAssignor and \
                                 CooperativeStickyAssignor are supported",
                    });
                }
            };
            if !assignors.contains(&assignor) {
                assignors.push(assignor);
            }
        }
        Ok(assignors)
    }

    /// The name that the group knows it by.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Range => "range",
            Self::RoundRobin => "roundrobin",
            Self::Sticky => "sticky",
            Self::CooperativeSticky => "cooperative-sticky",
        }
    }

    /// Whether a member may keep partitions while it joins again.
    pub const fn is_cooperative(self) -> bool {
        matches!(self, Self::CooperativeSticky)
    }

    /// What a member sends along for this assignor: the generation of its last assignment, and for the sticky one what
    /// that was.
    pub fn user_data(self, generation: i32, last: Option<&[TopicPartition]>) -> Option<Bytes> {
        match self {
            Self::Range | Self::RoundRobin => None,
            Self::Sticky => Some(sticky::encode_held(last?, generation)),
            Self::CooperativeSticky => Some(Bytes::copy_from_slice(&generation.to_be_bytes())),
        }
    }

    /// Assigns the partitions of `topics`; topics that nobody wants or that do not exist are left out. Each member has
    /// an entry in the result. Where that costs no balance, members that have told a rack get partitions that have a copy
    /// there, but for [`Self::RoundRobin`].
    pub fn assign(self, topics: &Topics, racks: &Racks, members: &[Subscriber]) -> Assignments {
        let wanted: BTreeSet<&String> =
            members.iter().flat_map(|it| &it.subscription.topics).collect();
        let topics: Topics = topics
            .iter()
            .filter(|(topic, count)| **count > 0 && wanted.contains(topic))
            .map(|(topic, count)| (topic.clone(), *count))
            .collect();
        match self {
            Self::Range => range::assign(&topics, racks, members),
            Self::RoundRobin => round_robin::assign(&topics, members),
            Self::Sticky => sticky::assign(&topics, racks, members, sticky::held_in_user_data),
            Self::CooperativeSticky => sticky::assign_in_steps(&topics, racks, members),
        }
    }
}

/// All partitions of topics, in order.
fn partitions(topics: &Topics) -> impl Iterator<Item = TopicPartition> {
    topics.iter().flat_map(|(topic, count)| {
        let topic: std::sync::Arc<str> = topic.as_str().into();
        (0..*count)
            .map(move |partition| TopicPartition::new(std::sync::Arc::clone(&topic), partition))
    })
}

/// Partition numbers by topic, both in order.
fn by_topic(partitions: &[TopicPartition]) -> BTreeMap<&str, Vec<i32>> {
    let mut topics: BTreeMap<&str, Vec<i32>> = BTreeMap::new();
    for of in partitions {
        topics.entry(&of.topic).or_default().push(of.partition);
    }
    for partitions in topics.values_mut() {
        partitions.sort_unstable();
    }
    topics
}

/// An entry for each member.
fn nothing_yet(members: &[Subscriber]) -> Assignments {
    members.iter().map(|it| (it.id.clone(), Vec::new())).collect()
}

/// Members in the order in which Java's plain assignors serve them: static ones first, by their instances.
fn in_turn(members: &[Subscriber]) -> Vec<&Subscriber> {
    let mut ordered: Vec<&Subscriber> = members.iter().collect();
    ordered.sort_by_key(|it| (it.instance.is_none(), it.instance.clone(), it.id.clone()));
    ordered
}

#[cfg(test)]
mod tests;
