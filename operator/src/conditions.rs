//! Conditions: from facts about a resource to the list in its status.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};
use k8s_openapi::jiff::Timestamp;
use sluice_crds::condition;

use crate::reason::Reason;

/// Longest message that a condition takes from elsewhere.
const MAX_MESSAGE: usize = 4096;

/// Something that is true or false about a resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fact {
    /// Type of the condition.
    pub kind: &'static str,
    /// Whether it holds.
    pub holds: bool,
    /// Why.
    pub reason: Reason,
    /// What to know or do.
    pub message: String,
}

impl Fact {
    /// A fact that holds.
    pub fn yes(kind: &'static str, reason: Reason, message: impl Into<String>) -> Self {
        Self { kind, holds: true, reason, message: message.into() }
    }

    /// A fact that does not hold.
    pub fn no(kind: &'static str, reason: Reason, message: impl Into<String>) -> Self {
        Self { kind, holds: false, reason, message: message.into() }
    }
}

/// Adds what tools read to a judgement about `Ready`: `Reconciling` while things move by themselves, `Stalled` once a
/// person must act, neither when all is well.
pub fn with_progress(ready: Fact, others: Vec<Fact>) -> Vec<Fact> {
    let mut facts = Vec::with_capacity(others.len() + 2);
    if !ready.holds {
        let kind =
            if ready.reason.needs_a_person() { condition::STALLED } else { condition::RECONCILING };
        facts.push(Fact::yes(kind, ready.reason, ready.message.clone()));
    }
    facts.insert(0, ready);
    facts.extend(others);
    facts
}

/// The conditions that state `facts`. The time of a condition moves only when its status does.
pub fn merge(
    previous: &[Condition],
    facts: Vec<Fact>,
    generation: Option<i64>,
    now: Timestamp,
) -> Vec<Condition> {
    let condition = |fact: Fact| {
        let status = if fact.holds { "True" } else { "False" };
        let unchanged = previous.iter().find(|it| it.type_ == fact.kind && it.status == status);
        Condition {
            type_: fact.kind.to_owned(),
            status: status.to_owned(),
            reason: fact.reason.as_str().to_owned(),
            message: bounded(fact.message),
            observed_generation: generation,
            last_transition_time: unchanged
                .map_or_else(|| Time(to_seconds(now)), |it| it.last_transition_time.clone()),
        }
    };
    facts.into_iter().map(condition).collect()
}

/// The condition of a type, if it is there.
pub fn find<'a>(conditions: &'a [Condition], kind: &str) -> Option<&'a Condition> {
    conditions.iter().find(|condition| condition.type_ == kind)
}

/// The API server keeps whole seconds: anything finer would differ from what it gives back.
fn to_seconds(time: Timestamp) -> Timestamp {
    Timestamp::from_second(time.as_second()).unwrap_or(time)
}

fn bounded(mut message: String) -> String {
    if message.len() > MAX_MESSAGE {
        let mut end = MAX_MESSAGE;
        while !message.is_char_boundary(end) {
            end -= 1;
        }
        message.truncate(end);
        message.push('…');
    }
    message
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn the_time_moves_only_with_the_status() {
        let first = merge(&[], vec![Fact::no("Ready", Reason::Starting, "a")], Some(1), at(10));
        let second =
            merge(&first, vec![Fact::no("Ready", Reason::TaskFailed, "b")], Some(2), at(20));
        let third = merge(&second, vec![Fact::yes("Ready", Reason::Running, "c")], Some(2), at(30));
        assert_eq!(second[0].last_transition_time, Time(at(10)));
        assert_eq!(second[0].reason, "TaskFailed");
        assert_eq!(third[0].last_transition_time, Time(at(30)));
    }

    #[test]
    fn progress_says_who_has_to_act() {
        let kinds = |ready| -> Vec<&str> {
            with_progress(ready, vec![]).into_iter().map(|fact| fact.kind).collect()
        };
        assert_eq!(kinds(Fact::yes("Ready", Reason::Running, "")), ["Ready"]);
        assert_eq!(kinds(Fact::no("Ready", Reason::Starting, "")), ["Ready", "Reconciling"]);
        assert_eq!(kinds(Fact::no("Ready", Reason::InvalidSpec, "")), ["Ready", "Stalled"]);
    }

    #[test]
    fn long_messages_are_cut_between_characters() {
        let cut = bounded("ä".repeat(MAX_MESSAGE));
        assert!(cut.ends_with('…') && cut.len() <= MAX_MESSAGE + 3);
    }
}
