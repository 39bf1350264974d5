//! What the coordinator's answers mean for a member, without asking anybody.

use std::collections::BTreeSet;

use kafka_protocol::ResponseError;
use sluice_model::TopicPartition;

use crate::{failure::ClientError, wire};

/// What to do about an error of the group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Join again: the group rebalances, or the broker wants to be asked once more.
    Join,
    /// The group has gone on without this member; its id may still be good.
    Expelled {
        /// Whether the broker does not know the id any more.
        forgets_id: bool,
    },
    /// Try again after a pause.
    Later,
    /// Look for the coordinator and try again after a pause.
    Moved,
    /// Give up.
    Fatal(ClientError),
}

/// Mirrors the handlers of `AbstractCoordinator`, which treat errors alike but for what cannot come.
pub(super) fn judge(group: &str, error: wire::Error) -> Verdict {
    use ResponseError as Code;
    match error.code() {
        None if error.is_retriable() => Verdict::Moved,
        None => Verdict::Fatal(error.into()),
        Some(Code::NotCoordinator | Code::CoordinatorNotAvailable) => Verdict::Moved,
        Some(Code::RebalanceInProgress | Code::MemberIdRequired) => Verdict::Join,
        Some(Code::UnknownMemberId) => Verdict::Expelled { forgets_id: true },
        Some(Code::IllegalGeneration) => Verdict::Expelled { forgets_id: false },
        Some(code) if code.is_retriable() => Verdict::Later,
        Some(code) => Verdict::Fatal(refused(group, code)),
    }
}

/// A refusal in Java's words.
pub(super) fn refused(group: &str, code: ResponseError) -> ClientError {
    use ResponseError as Code;
    let message = match code {
        Code::GroupAuthorizationFailed => format!("Not authorized to access group: {group}"),
        Code::GroupMaxSizeReached => {
            format!("Consumer group {group} already has the configured maximum number of members.")
        }
        Code::FencedInstanceId => "The broker rejected this static consumer since another consumer with the same \
             group.instance.id has registered with a different member.id."
            .to_owned(),
        Code::InconsistentGroupProtocol => "The group member's supported protocols are incompatible with those of \
             existing members or first group member tried to join with empty protocol type or empty protocol list."
            .to_owned(),
        Code::InvalidSessionTimeout => "The session timeout is not within the range allowed by the broker (as \
             configured by group.min.session.timeout.ms and group.max.session.timeout.ms)."
            .to_owned(),
        Code::InvalidGroupId => "The group id is invalid.".to_owned(),
        code => format!("Unexpected error of group {group}: {code}"),
    };
    ClientError::new(i32::from(code.code()), message)
}

/// What a new assignment changes for a member that has kept `owned`.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Change {
    pub(super) added: BTreeSet<TopicPartition>,
    /// What has to be given up, and then joined for again, so that others can have it.
    pub(super) revoked: BTreeSet<TopicPartition>,
}

impl Change {
    /// None if there is a topic that the member has not asked for: it has changed its mind since it joined.
    pub(super) fn of(
        owned: &BTreeSet<TopicPartition>,
        assigned: &BTreeSet<TopicPartition>,
        topics: &[String],
    ) -> Option<Self> {
        let is_asked_for = |it: &TopicPartition| topics.iter().any(|topic| **topic == *it.topic);
        assigned.iter().all(is_asked_for).then(|| Self {
            added: assigned.difference(owned).cloned().collect(),
            revoked: owned.difference(assigned).cloned().collect(),
        })
    }
}

/// What a member gives up before it joins again: everything if it has lost its place or everything stops in a round,
/// else the partitions of topics that it does not read any more.
pub(super) fn given_up(
    owned: &BTreeSet<TopicPartition>,
    topics: &[String],
    everything: bool,
) -> BTreeSet<TopicPartition> {
    let is_read = |it: &&TopicPartition| topics.iter().any(|topic| **topic == *it.topic);
    owned.iter().filter(|it| everything || !is_read(it)).cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(text: &str) -> BTreeSet<TopicPartition> {
        let one = |it: &str| {
            let (topic, partition) = it.rsplit_once('-').unwrap();
            TopicPartition::new(topic, partition.parse().unwrap())
        };
        text.split_whitespace().map(one).collect()
    }

    #[test]
    fn errors_of_the_group_mean_what_they_mean_to_java() {
        use ResponseError as Code;
        let rows = [
            (Code::NotCoordinator, Verdict::Moved),
            (Code::CoordinatorNotAvailable, Verdict::Moved),
            (Code::CoordinatorLoadInProgress, Verdict::Later),
            (Code::RebalanceInProgress, Verdict::Join),
            (Code::MemberIdRequired, Verdict::Join),
            (Code::UnknownMemberId, Verdict::Expelled { forgets_id: true }),
            (Code::IllegalGeneration, Verdict::Expelled { forgets_id: false }),
        ];
        let judge = |code| judge("g", wire::Error::Broker { code, message: None });
        for (code, verdict) in rows {
            assert_eq!(judge(code), verdict, "{code}");
        }
        let fatal = [
            (Code::GroupAuthorizationFailed, "GroupAuthorizationException", "access group: g"),
            (Code::FencedInstanceId, "FencedInstanceIdException", "group.instance.id"),
            (
                Code::InvalidSessionTimeout,
                "InvalidSessionTimeoutException",
                "group.min.session.timeout.ms",
            ),
            (Code::UnknownServerError, "KafkaException", "UnknownServerError"),
        ];
        for (code, class, part) in fatal {
            let Verdict::Fatal(error) = judge(code) else { panic!("{code} is not fatal") };
            assert!(error.java_class().ends_with(class), "{error}");
            assert!(error.message().contains(part) && !error.is_retriable(), "{error}");
        }
    }

    #[test]
    fn an_assignment_changes_what_differs() {
        let topics = ["t".to_owned()];
        let rows = [
            ("", "t-0 t-1", Some(("t-0 t-1", ""))),
            ("t-0 t-1", "t-1 t-2", Some(("t-2", "t-0"))),
            ("t-0", "t-0", Some(("", ""))),
            ("t-0", "u-0", None),
        ];
        for (owned, assigned, expected) in rows {
            let change = Change::of(&parts(owned), &parts(assigned), &topics);
            let expected = expected
                .map(|(added, revoked)| Change { added: parts(added), revoked: parts(revoked) });
            assert_eq!(change, expected, "{owned} -> {assigned}");
        }
    }

    #[test]
    fn before_a_round_only_what_has_to_go_goes() {
        let owned = parts("t-0 t-1 u-0");
        assert_eq!(given_up(&owned, &["t".into()], true), owned);
        assert_eq!(given_up(&owned, &["t".into()], false), parts("u-0"));
        assert_eq!(given_up(&owned, &["t".into(), "u".into()], false), parts(""));
    }
}
