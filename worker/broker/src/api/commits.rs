//! The offsets that groups commit.

use kafka_protocol::error::ResponseError;
use kafka_protocol::messages::offset_commit_request::OffsetCommitRequestPartition;
use kafka_protocol::messages::offset_commit_response::{
    OffsetCommitResponsePartition, OffsetCommitResponseTopic,
};
use kafka_protocol::messages::offset_delete_response::{
    OffsetDeleteResponsePartition, OffsetDeleteResponseTopic,
};
use kafka_protocol::messages::offset_fetch_request::OffsetFetchRequestGroup;
use kafka_protocol::messages::offset_fetch_response::{
    OffsetFetchResponseGroup, OffsetFetchResponsePartition, OffsetFetchResponsePartitions,
    OffsetFetchResponseTopic, OffsetFetchResponseTopics,
};
use kafka_protocol::messages::{
    OffsetCommitRequest, OffsetCommitResponse, OffsetDeleteRequest, OffsetDeleteResponse,
    OffsetFetchRequest, OffsetFetchResponse, TopicName,
};

use super::{Api, Caller};
use crate::context::{Context, wire};
use crate::group::Offsets;
use crate::journal::{Committed, Entry};

/// As Kafka's `offset.metadata.max.bytes`.
const LONGEST_METADATA: usize = 4096;

impl Api for OffsetCommitRequest {
    async fn handle(self, caller: Caller<'_>) -> OffsetCommitResponse {
        let context = caller.context;
        let generation = self.generation_id_or_member_epoch;
        let may = context.groups.check_commit(&self.group_id, &self.member_id, generation);
        if let Err(error) = may {
            return self.refuse(error);
        }
        let mut offsets = Offsets::new();
        let mut facts = Vec::new();
        let response = committed(&self, |topic, wanted| {
            let offset = check(context, topic, wanted)?;
            facts.push(Entry::Committed {
                group: self.group_id.to_string(),
                topic: topic.to_string(),
                partition: wanted.partition_index,
                offset: offset.clone(),
            });
            offsets.insert((topic.to_string(), wanted.partition_index), offset);
            Ok(())
        });
        if let Err(error) = context.topics.note(&facts) {
            return self.refuse(error);
        }
        if !offsets.is_empty() {
            context.groups.commit(&self.group_id, offsets);
        }
        response
    }

    fn refuse(&self, error: ResponseError) -> OffsetCommitResponse {
        committed(self, |_, _| Err(error))
    }
}

fn check(
    context: &Context,
    topic: &str,
    wanted: &OffsetCommitRequestPartition,
) -> Result<Committed, ResponseError> {
    if context.topics.partition(topic, wanted.partition_index).is_none() {
        return Err(ResponseError::UnknownTopicOrPartition);
    }
    let metadata = wanted.committed_metadata.as_deref().unwrap_or_default();
    if metadata.len() > LONGEST_METADATA {
        return Err(ResponseError::OffsetMetadataTooLarge);
    }
    Ok(Committed {
        offset: wanted.committed_offset,
        leader_epoch: wanted.committed_leader_epoch,
        metadata: metadata.to_owned(),
    })
}

fn committed(
    request: &OffsetCommitRequest,
    mut commit: impl FnMut(&TopicName, &OffsetCommitRequestPartition) -> Result<(), ResponseError>,
) -> OffsetCommitResponse {
    let topics = request.topics.iter().map(|topic| {
        let partitions = topic.partitions.iter().map(|wanted| {
            let outcome = commit(&topic.name, wanted);
            OffsetCommitResponsePartition::default()
                .with_partition_index(wanted.partition_index)
                .with_error_code(crate::context::code(outcome))
        });
        OffsetCommitResponseTopic::default()
            .with_name(topic.name.clone())
            .with_partitions(partitions.collect())
    });
    OffsetCommitResponse::default().with_topics(topics.collect())
}

impl Api for OffsetFetchRequest {
    async fn handle(self, caller: Caller<'_>) -> OffsetFetchResponse {
        let context = caller.context;
        if caller.version >= 8 {
            let groups = self.groups.iter().map(|group| of_group(context, group)).collect();
            return OffsetFetchResponse::default().with_groups(groups);
        }
        let wanted = self.topics.as_ref().map(|topics| {
            topics.iter().map(|topic| (topic.name.clone(), topic.partition_indexes.clone()))
        });
        let found = look_up(context, &self.group_id, wanted.map(Iterator::collect));
        let topics = found.into_iter().map(|(name, partitions)| {
            let partitions = partitions.into_iter().map(|(index, committed)| {
                OffsetFetchResponsePartition::default()
                    .with_partition_index(index)
                    .with_committed_offset(committed.offset)
                    .with_committed_leader_epoch(committed.leader_epoch)
                    .with_metadata(Some(wire(committed.metadata)))
            });
            OffsetFetchResponseTopic::default()
                .with_name(name)
                .with_partitions(partitions.collect())
        });
        OffsetFetchResponse::default().with_topics(topics.collect())
    }

    fn refuse(&self, error: ResponseError) -> OffsetFetchResponse {
        let refused = |group: &OffsetFetchRequestGroup| {
            OffsetFetchResponseGroup::default()
                .with_group_id(group.group_id.clone())
                .with_error_code(error.code())
        };
        OffsetFetchResponse::default()
            .with_error_code(error.code())
            .with_groups(self.groups.iter().map(refused).collect())
    }
}

fn of_group(context: &Context, group: &OffsetFetchRequestGroup) -> OffsetFetchResponseGroup {
    let wanted = group.topics.as_ref().map(|topics| {
        topics.iter().map(|topic| (topic.name.clone(), topic.partition_indexes.clone())).collect()
    });
    let topics = look_up(context, &group.group_id, wanted).into_iter().map(|(name, partitions)| {
        let partitions = partitions.into_iter().map(|(index, committed)| {
            OffsetFetchResponsePartitions::default()
                .with_partition_index(index)
                .with_committed_offset(committed.offset)
                .with_committed_leader_epoch(committed.leader_epoch)
                .with_metadata(Some(wire(committed.metadata)))
        });
        OffsetFetchResponseTopics::default().with_name(name).with_partitions(partitions.collect())
    });
    OffsetFetchResponseGroup::default()
        .with_group_id(group.group_id.clone())
        .with_topics(topics.collect())
}

type Found = Vec<(TopicName, Vec<(i32, Committed)>)>;

/// What a group committed for these partitions, or for all where it is not said; -1 where there is nothing.
fn look_up(context: &Context, group: &str, wanted: Option<Vec<(TopicName, Vec<i32>)>>) -> Found {
    let offsets = context.groups.with(group, |entity| entity.offsets.clone()).unwrap_or_default();
    let Some(wanted) = wanted else {
        let mut found = Found::new();
        for ((topic, index), committed) in offsets {
            match found.last_mut().filter(|(name, _)| name.as_str() == topic) {
                Some((_, partitions)) => partitions.push((index, committed)),
                None => found.push((wire(topic).into(), vec![(index, committed)])),
            }
        }
        return found;
    };
    let nothing = Committed { offset: -1, leader_epoch: -1, metadata: String::new() };
    let of_topic = |(name, indexes): (TopicName, Vec<i32>)| {
        let of_partition = |index: i32| {
            let committed = offsets.get(&(name.to_string(), index)).unwrap_or(&nothing);
            (index, committed.clone())
        };
        let partitions = indexes.into_iter().map(of_partition).collect();
        (name, partitions)
    };
    wanted.into_iter().map(of_topic).collect()
}

impl Api for OffsetDeleteRequest {
    async fn handle(self, caller: Caller<'_>) -> OffsetDeleteResponse {
        let groups = &caller.context.groups;
        let is_empty = groups.with(&self.group_id, |entity| entity.membership.is_idle());
        match is_empty {
            None => return self.refuse(ResponseError::GroupIdNotFound),
            Some(false) => return self.refuse(ResponseError::NonEmptyGroup),
            Some(true) => {}
        }
        let mut facts = Vec::new();
        let topics = self.topics.iter().map(|topic| {
            let partitions = topic.partitions.iter().map(|wanted| {
                facts.push(Entry::OffsetDeleted {
                    group: self.group_id.to_string(),
                    topic: topic.name.to_string(),
                    partition: wanted.partition_index,
                });
                groups.forget_offsets(Some(&self.group_id), |name, index| {
                    name == topic.name.as_str() && index == wanted.partition_index
                });
                OffsetDeleteResponsePartition::default()
                    .with_partition_index(wanted.partition_index)
            });
            OffsetDeleteResponseTopic::default()
                .with_name(topic.name.clone())
                .with_partitions(partitions.collect())
        });
        let response = OffsetDeleteResponse::default().with_topics(topics.collect());
        match caller.context.topics.note(&facts) {
            Ok(()) => response,
            Err(error) => self.refuse(error),
        }
    }

    fn refuse(&self, error: ResponseError) -> OffsetDeleteResponse {
        OffsetDeleteResponse::default().with_error_code(error.code())
    }
}
