//! Balanced, and each member keeps what it can: the assignors that ask what members have (`AbstractStickyAssignor`).

use std::collections::{BTreeMap, BTreeSet};

use bytes::{Buf, BufMut, Bytes, BytesMut};
use sluice_model::TopicPartition;

use super::{
    Assignments, Racks, Subscriber, Subscription, Topics,
    fields::{read_partitions, write_partitions},
    spread::spread,
};

/// A generation that does not exist, and that of members who name none.
const NO_GENERATION: i32 = -1;

/// What a member has, by its own account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Held {
    partitions: Vec<TopicPartition>,
    generation: i32,
}

/// Assigns everything at once: whoever has something that goes to another has stopped reading it before it joined.
pub(super) fn assign(
    topics: &Topics,
    racks: &Racks,
    members: &[Subscriber],
    held: impl Fn(&Subscription) -> Held,
) -> Assignments {
    let claims: Vec<Held> = members.iter().map(|it| held(&it.subscription)).collect();
    spread(topics, racks, members, &owners(topics, members, &claims))
}

/// Assigns but for what another member has to give up first: it is free in the round after this one.
pub(super) fn assign_in_steps(
    topics: &Topics,
    racks: &Racks,
    members: &[Subscriber],
) -> Assignments {
    let claims: Vec<Held> =
        members.iter().map(|it| held_in_subscription(&it.subscription)).collect();
    let mut assignments = spread(topics, racks, members, &owners(topics, members, &claims));
    let mut claimed: BTreeMap<&TopicPartition, Vec<(&str, i32)>> = BTreeMap::new();
    for (member, held) in members.iter().zip(&claims) {
        for partition in &held.partitions {
            claimed.entry(partition).or_default().push((&member.id, held.generation));
        }
    }
    for (taker, partitions) in &mut assignments {
        partitions.retain(|partition| {
            let claims = claimed.get(partition).map_or(&[][..], Vec::as_slice);
            let own = claims.iter().find(|(id, _)| id == taker).map(|(_, generation)| *generation);
            let mut others = claims.iter().filter(|(id, _)| id != taker);
            // One of an older generation has lost it already.
            !others.any(|(_, generation)| own.is_none_or(|own| *generation >= own))
        });
    }
    assignments
}

/// Who keeps what, if it comes to that: members by their places in the list. What several claim belongs to the one of
/// the latest generation, and to nobody if there are several of it.
fn owners(
    topics: &Topics,
    members: &[Subscriber],
    claims: &[Held],
) -> BTreeMap<TopicPartition, usize> {
    let mut claimed: BTreeMap<&TopicPartition, BTreeSet<(i32, usize)>> = BTreeMap::new();
    for (index, (member, held)) in members.iter().zip(claims).enumerate() {
        for of in &held.partitions {
            let exists =
                topics.get(&*of.topic).is_some_and(|count| (0..*count).contains(&of.partition));
            let wants = member.subscription.topics.iter().any(|it| **it == *of.topic);
            if exists && wants {
                claimed.entry(of).or_default().insert((held.generation, index));
            }
        }
    }
    let sole = |claims: &BTreeSet<(i32, usize)>| {
        let mut latest = claims.iter().rev();
        let (generation, owner) = latest.next()?;
        latest.next().is_none_or(|(other, _)| other < generation).then_some(*owner)
    };
    claimed.into_iter().filter_map(|(of, claims)| Some((of.clone(), sole(&claims)?))).collect()
}

/// As `CooperativeStickyAssignor` finds it: the generation stands in the assignor's own data before version 2.
fn held_in_subscription(subscription: &Subscription) -> Held {
    let told = |mut data: Bytes| data.try_get_i32().ok();
    let generation = match subscription.generation {
        NO_GENERATION => subscription.user_data.clone().and_then(told).unwrap_or(NO_GENERATION),
        generation => generation,
    };
    Held { partitions: subscription.owned.clone(), generation }
}

/// As `StickyAssignor` finds it; data that it cannot read are none.
pub(super) fn held_in_user_data(subscription: &Subscription) -> Held {
    let data = subscription.user_data.clone();
    data.and_then(decode_held).unwrap_or(Held { partitions: Vec::new(), generation: NO_GENERATION })
}

/// `StickyAssignor`'s data, version 1: topics with their partitions, then the generation.
pub(super) fn encode_held(partitions: &[TopicPartition], generation: i32) -> Bytes {
    let mut bytes = BytesMut::new();
    write_partitions(&mut bytes, partitions);
    bytes.put_i32(generation);
    bytes.freeze()
}

/// Version 0 has no generation at its end.
fn decode_held(mut bytes: Bytes) -> Option<Held> {
    let partitions = read_partitions(&mut bytes).ok()?;
    Some(Held { partitions, generation: bytes.try_get_i32().unwrap_or(NO_GENERATION) })
}
