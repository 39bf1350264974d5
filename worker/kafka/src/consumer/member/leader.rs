//! The leader's part: who gets what, and whether topics have changed since.

use std::{collections::BTreeSet, time::Duration};

use bytes::Bytes;
use kafka_protocol::{ResponseError, messages::join_group_response::JoinGroupResponseMember};
use sluice_model::TopicPartition;
use tokio::time::Instant;

use crate::{
    consumer::assign::{Assignor, Racks, Subscriber, Subscription, Topics, encode_assignment},
    failure::ClientError,
    wire::Metadata,
};

/// Pauses between looks for topics that are not there, the first and the longest; Java's `retry.backoff.ms` and
/// `retry.backoff.max.ms`.
const PAUSES: [Duration; 2] = [Duration::from_millis(100), Duration::from_secs(1)];

/// What the leader of a generation has assigned, and when it looks again.
#[derive(Debug)]
pub(super) struct Leading {
    /// All that some member reads.
    pub(super) topics: Vec<String>,
    /// The partitions that were assigned.
    seen: Topics,
    /// Where they had copies, if this member has told a rack: only then does it look.
    racks: Option<Racks>,
    pub(super) look_at: Instant,
    pause: Duration,
    metadata_age: Duration,
}

impl Leading {
    pub(super) fn new(
        topics: Vec<String>,
        seen: Topics,
        racks: Option<Racks>,
        metadata_age: Duration,
    ) -> Self {
        let mut leading =
            Self { topics, seen, racks, look_at: Instant::now(), pause: PAUSES[0], metadata_age };
        leading.look_later();
        leading
    }

    /// Whether what was seen now has to be assigned anew.
    pub(super) fn sees(&mut self, metadata: &Metadata) -> Result<bool, ClientError> {
        let now = partition_counts(metadata, &self.seen)?;
        self.look_later();
        let has_moved =
            self.racks.as_ref().is_some_and(|seen| partition_racks(metadata, seen) != *seen);
        Ok(now != self.seen || has_moved)
    }

    /// Sets the time of the next look: soon, while a topic is missing.
    pub(super) fn look_later(&mut self) {
        let pause = if self.topics.iter().all(|it| self.seen.contains_key(it)) {
            self.metadata_age
        } else {
            let pause = self.pause;
            self.pause = (pause * 2).min(PAUSES[1]);
            pause.min(self.metadata_age)
        };
        self.look_at = Instant::now() + pause.max(PAUSES[0]);
    }
}

/// How many partitions topics have. What cannot be known at the moment is as it was `before`; what does not exist is left
/// out.
pub(super) fn partition_counts(
    metadata: &Metadata,
    before: &Topics,
) -> Result<Topics, ClientError> {
    use ResponseError as Code;
    let mut counts = Topics::new();
    let mut unauthorized = Vec::new();
    for topic in &metadata.topics {
        match topic.error {
            None => {
                let count = i32::try_from(topic.partitions.len()).unwrap_or(i32::MAX);
                counts.insert(topic.name.clone(), count);
            }
            Some(Code::TopicAuthorizationFailed) => unauthorized.push(topic.name.as_str()),
            Some(Code::InvalidTopicException) => {
                return Err(ClientError::invalid_topic(&topic.name));
            }
            Some(Code::UnknownTopicOrPartition) => {}
            Some(_) => {
                counts.extend(before.get_key_value(&topic.name).map(|(it, n)| (it.clone(), *n)));
            }
        }
    }
    if unauthorized.is_empty() {
        Ok(counts)
    } else {
        Err(ClientError::unauthorized_topics(&unauthorized))
    }
}

/// Where partitions have copies. What cannot be known at the moment is as it was `before`.
pub(super) fn partition_racks(metadata: &Metadata, before: &Racks) -> Racks {
    let mut racks = Racks::new();
    for topic in &metadata.topics {
        let of = |partition| TopicPartition::new(topic.name.as_str(), partition);
        match topic.error {
            None => {
                let known = topic.partitions.iter().map(|it| (of(it.partition), it.racks.clone()));
                racks.extend(known);
            }
            Some(ResponseError::UnknownTopicOrPartition) => {}
            Some(_) => {
                let as_before = before.range(of(0)..=of(i32::MAX));
                racks.extend(as_before.map(|(of, racks)| (of.clone(), racks.clone())));
            }
        }
    }
    racks
}

/// The members of a group; one that cannot be understood wants nothing, so that it harms nobody else.
pub(super) fn subscribers(members: &[JoinGroupResponseMember]) -> Vec<Subscriber> {
    let read = |member: &JoinGroupResponseMember| {
        let subscription = Subscription::decode(&member.metadata).unwrap_or_else(|error| {
            tracing::warn!(member = %member.member_id, %error, "a member of the group gets nothing");
            Subscription {
                topics: Vec::new(),
                user_data: None,
                owned: Vec::new(),
                generation: -1,
                rack: None,
            }
        });
        Subscriber {
            id: member.member_id.to_string(),
            instance: member.group_instance_id.as_ref().map(ToString::to_string),
            subscription,
        }
    };
    members.iter().map(read).collect()
}

/// All topics that some member reads.
pub(super) fn wanted(members: &[Subscriber]) -> Vec<String> {
    let topics: BTreeSet<&String> = members.iter().flat_map(|it| &it.subscription.topics).collect();
    topics.into_iter().cloned().collect()
}

/// What the group gives to each member.
pub(super) fn assignments(
    assignor: Assignor,
    topics: &Topics,
    racks: &Racks,
    members: &[Subscriber],
) -> Vec<(String, Bytes)> {
    let given = assignor.assign(topics, racks, members);
    given.into_iter().map(|(id, partitions)| (id, encode_assignment(&partitions))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::{PartitionMetadata, TopicMetadata};

    fn metadata(rows: &[(&str, Option<ResponseError>)]) -> Metadata {
        let one = |(name, error): &(&str, Option<ResponseError>)| TopicMetadata {
            name: (*name).to_owned(),
            error: *error,
            is_internal: false,
            partitions: Vec::new(),
        };
        Metadata {
            cluster_id: None,
            controller: None,
            brokers: Vec::new(),
            topics: rows.iter().map(one).collect(),
        }
    }

    #[test]
    fn a_topic_that_cannot_be_seen_now_is_as_it_was() {
        use ResponseError as Code;
        let before = Topics::from([("moving".to_owned(), 4), ("gone".to_owned(), 5)]);
        let now = metadata(&[
            ("there", None),
            ("moving", Some(Code::LeaderNotAvailable)),
            ("gone", Some(Code::UnknownTopicOrPartition)),
            ("new", Some(Code::LeaderNotAvailable)),
        ]);
        let counts = partition_counts(&now, &before).unwrap();
        assert_eq!(counts, Topics::from([("there".to_owned(), 0), ("moving".to_owned(), 4)]));
        let refused = metadata(&[("t", Some(Code::TopicAuthorizationFailed))]);
        let error = partition_counts(&refused, &before).err().unwrap();
        assert_eq!(error.message(), "Not authorized to access topics: [t]");
    }

    #[test]
    fn a_copy_that_has_moved_to_another_rack_is_seen_by_who_has_told_its_own() {
        let seen = |rack: &str, error| {
            let mut metadata = metadata(&[("t", error)]);
            let racks = [rack.to_owned()].into();
            metadata.topics[0].partitions =
                vec![PartitionMetadata { partition: 0, leader: None, racks }];
            metadata
        };
        let counts = Topics::from([("t".to_owned(), 1)]);
        let before = partition_racks(&seen("a", None), &Racks::new());
        let leads =
            |racks| Leading::new(vec!["t".into()], counts.clone(), racks, Duration::from_mins(5));
        let away = Some(ResponseError::LeaderNotAvailable);
        for (now, expected) in
            [(seen("a", None), false), (seen("b", None), true), (seen("b", away), false)]
        {
            assert_eq!(leads(Some(before.clone())).sees(&now).unwrap(), expected, "{now:?}");
            assert!(!leads(None).sees(&now).unwrap());
        }
    }

    #[test]
    fn missing_topics_are_looked_for_soon_and_others_by_their_age() {
        let age = Duration::from_mins(5);
        let mut leading = Leading::new(vec!["t".into()], Topics::new(), None, age);
        for least in [0, 100, 300, 700, 900] {
            leading.look_later();
            let wait = leading.look_at - Instant::now();
            assert!(wait > Duration::from_millis(least) && wait <= PAUSES[1], "{wait:?}");
        }
        let all = Topics::from([("t".to_owned(), 1)]);
        let leading = Leading::new(vec!["t".into()], all, None, age);
        assert!(leading.look_at - Instant::now() > PAUSES[1]);
    }

    #[test]
    fn a_member_that_cannot_be_understood_gets_nothing() {
        let member = |id: &'static str, metadata: Bytes| {
            JoinGroupResponseMember::default().with_member_id(id.into()).with_metadata(metadata)
        };
        let subscription = Subscription {
            topics: vec!["t".into()],
            user_data: None,
            owned: Vec::new(),
            generation: -1,
            rack: None,
        };
        let members = subscribers(&[
            member("a", subscription.encode()),
            member("b", Bytes::from_static(b"\x7f")),
        ]);
        assert_eq!(wanted(&members), ["t"]);
        let topics = Topics::from([("t".to_owned(), 2)]);
        let given = assignments(Assignor::Range, &topics, &Racks::new(), &members);
        let counts: Vec<usize> = given
            .iter()
            .map(|(_, bytes)| crate::consumer::assign::decode_assignment(bytes).unwrap().len())
            .collect();
        assert_eq!(counts, [2, 0]);
    }
}
