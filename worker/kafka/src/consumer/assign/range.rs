//! Per topic, each of its members gets one run of partitions; the first ones get one more where it does not come out even.

use super::{Assignments, Subscriber, Topics, in_turn, nothing_yet};
use sluice_model::TopicPartition;

/// Mirrors `RangeAssignor` among members without racks.
pub(super) fn assign(topics: &Topics, members: &[Subscriber]) -> Assignments {
    let mut assignments = nothing_yet(members);
    let members = in_turn(members);
    for (topic, count) in topics {
        let takes_part = |it: &&&Subscriber| it.subscription.topics.contains(topic);
        let takers: Vec<&&Subscriber> = members.iter().filter(takes_part).collect();
        let mut next = 0;
        for (index, taker) in takers.iter().enumerate() {
            let left = count - next;
            // As many members as are left share what is left, rounded up.
            let others = i32::try_from(takers.len() - index).unwrap_or(i32::MAX);
            let run = left / others + i32::from(left % others > 0);
            let given = assignments.entry(taker.id.clone()).or_default();
            given.extend((next..next + run).map(|it| TopicPartition::new(topic.as_str(), it)));
            next += run;
        }
    }
    assignments
}
