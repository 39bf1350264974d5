//! Partitions in order, members in turn; who does not want a topic is passed over.

use super::{Assignments, Subscriber, Topics, in_turn, nothing_yet, partitions};

/// Mirrors `RoundRobinAssignor`.
pub(super) fn assign(topics: &Topics, members: &[Subscriber]) -> Assignments {
    let mut assignments = nothing_yet(members);
    let mut circle = in_turn(members).into_iter().cycle().peekable();
    for partition in partitions(topics) {
        let wants =
            |it: &&Subscriber| it.subscription.topics.iter().any(|it| **it == *partition.topic);
        // Somebody does, or the topic would not be here.
        while circle.next_if(|it| !wants(it)).is_some() {}
        if let Some(taker) = circle.next() {
            assignments.entry(taker.id.clone()).or_default().push(partition);
        }
    }
    assignments
}
