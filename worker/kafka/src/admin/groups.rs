//! Offsets of consumer groups, asked of their coordinators.

use std::{collections::BTreeMap, time::Duration};

use kafka_protocol::{
    ResponseError,
    messages::{
        DeleteGroupsRequest, GroupId, OffsetCommitRequest, OffsetDeleteRequest, OffsetFetchRequest,
        TopicName,
        offset_commit_request::{OffsetCommitRequestPartition, OffsetCommitRequestTopic},
        offset_delete_request::{OffsetDeleteRequestPartition, OffsetDeleteRequestTopic},
    },
    protocol::Request,
};
use sluice_model::TopicPartition;
use tokio::time::Instant;

use super::{Admin, TIMEOUT, text};
use crate::wire::Error;

/// Pause before a coordinator that moves is looked for again.
const PAUSE: Duration = Duration::from_millis(100);

impl Admin {
    /// The committed offsets of a group; none of a group that does not exist.
    pub async fn group_offsets(&self, group: &str) -> Result<BTreeMap<TopicPartition, i64>, Error> {
        let request = OffsetFetchRequest::default().with_group_id(id(group)).with_topics(None);
        // From 8 on, the request is one of many groups.
        let answer = self.ask_coordinator(group, 7, request, |it| it.error_code).await?;
        let mut offsets = BTreeMap::new();
        for topic in answer.topics {
            for partition in topic.partitions {
                Error::check(partition.error_code, None)?;
                if partition.committed_offset >= 0 {
                    let of = TopicPartition::new(&**topic.name, partition.partition_index);
                    offsets.insert(of, partition.committed_offset);
                }
            }
        }
        Ok(offsets)
    }

    /// Commits offsets for a group without members. With members the broker refuses: see [`has_members`].
    pub async fn commit_group_offsets(
        &self,
        group: &str,
        offsets: &BTreeMap<TopicPartition, i64>,
    ) -> Result<(), Error> {
        let entries = offsets.iter().map(|(of, offset)| {
            let partition = OffsetCommitRequestPartition::default()
                .with_partition_index(of.partition)
                .with_committed_offset(*offset);
            (&*of.topic, partition)
        });
        let topics = by_topic(entries).into_iter().map(|(topic, partitions)| {
            OffsetCommitRequestTopic::default()
                .with_name(TopicName(text(topic)))
                .with_partitions(partitions)
        });
        let request = OffsetCommitRequest::default()
            .with_group_id(id(group))
            .with_generation_id_or_member_epoch(-1)
            .with_topics(topics.collect());
        // From 10 on, topics have ids for names.
        self.ask_coordinator(group, 9, request, |answer| {
            let mut codes =
                answer.topics.iter().flat_map(|it| &it.partitions).map(|it| it.error_code);
            codes.find(|it| *it != 0).unwrap_or_default()
        })
        .await?;
        Ok(())
    }

    /// Deletes offsets of a group. While members read their topics the broker refuses: see [`has_members`].
    pub async fn delete_group_offsets(
        &self,
        group: &str,
        partitions: &[TopicPartition],
    ) -> Result<(), Error> {
        let entries = partitions.iter().map(|of| {
            let partition =
                OffsetDeleteRequestPartition::default().with_partition_index(of.partition);
            (&*of.topic, partition)
        });
        let topics = by_topic(entries).into_iter().map(|(topic, partitions)| {
            OffsetDeleteRequestTopic::default()
                .with_name(TopicName(text(topic)))
                .with_partitions(partitions)
        });
        let request =
            OffsetDeleteRequest::default().with_group_id(id(group)).with_topics(topics.collect());
        self.ask_coordinator(group, i16::MAX, request, |answer| {
            let codes = answer.topics.iter().flat_map(|it| &it.partitions).map(|it| it.error_code);
            [answer.error_code].into_iter().chain(codes).find(|it| *it != 0).unwrap_or_default()
        })
        .await?;
        Ok(())
    }

    /// Deletes a group with its offsets; one that does not exist is fine. With members the broker refuses: see
    /// [`has_members`].
    pub async fn delete_group(&self, group: &str) -> Result<(), Error> {
        let request = DeleteGroupsRequest::default().with_groups_names(vec![id(group)]);
        self.ask_coordinator(group, i16::MAX, request, |answer| {
            let missing = ResponseError::GroupIdNotFound.code();
            let mut codes = answer.results.iter().map(|it| it.error_code);
            codes.find(|it| *it != 0 && *it != missing).unwrap_or_default()
        })
        .await?;
        Ok(())
    }

    /// Asks a group's coordinator, and the next one while the group moves. `code` is the error in an answer, 0 if there is
    /// none.
    async fn ask_coordinator<R: Request + Clone>(
        &self,
        group: &str,
        newest: i16,
        request: R,
        code: impl Fn(&R::Response) -> i16,
    ) -> Result<R::Response, Error> {
        let deadline = Instant::now() + TIMEOUT;
        loop {
            let once = async {
                let coordinator = self.client.coordinator(group).await?;
                let request = request.clone();
                let answer =
                    self.client.call_with(&coordinator, TIMEOUT, newest, |_| request).await?;
                Error::check(code(&answer), None)?;
                Ok(answer)
            };
            match once.await {
                Err(error) if is_moving(&error) && Instant::now() + PAUSE < deadline => {
                    tokio::time::sleep(PAUSE).await;
                }
                outcome => return outcome,
            }
        }
    }
}

fn is_moving(error: &Error) -> bool {
    matches!(
        error.code(),
        Some(
            ResponseError::CoordinatorNotAvailable
                | ResponseError::CoordinatorLoadInProgress
                | ResponseError::NotCoordinator
        )
    )
}

/// Whether a coordinator refused a change because the group has members.
pub fn has_members(error: &Error) -> bool {
    matches!(
        error.code(),
        Some(
            ResponseError::UnknownMemberId
                | ResponseError::GroupSubscribedToTopic
                | ResponseError::NonEmptyGroup
        )
    )
}

fn by_topic<'a, T>(entries: impl Iterator<Item = (&'a str, T)>) -> BTreeMap<&'a str, Vec<T>> {
    let mut topics: BTreeMap<&str, Vec<T>> = BTreeMap::new();
    for (topic, entry) in entries {
        topics.entry(topic).or_default().push(entry);
    }
    topics
}

fn id(group: &str) -> GroupId {
    GroupId(text(group))
}
