//! Where records are: by time, by leader epoch, and from where on they are kept.

use kafka_protocol::error::ResponseError;
use kafka_protocol::messages::delete_records_request::DeleteRecordsPartition;
use kafka_protocol::messages::delete_records_response::{
    DeleteRecordsPartitionResult, DeleteRecordsTopicResult,
};
use kafka_protocol::messages::list_offsets_request::ListOffsetsPartition;
use kafka_protocol::messages::list_offsets_response::{
    ListOffsetsPartitionResponse, ListOffsetsTopicResponse,
};
use kafka_protocol::messages::offset_for_leader_epoch_request::OffsetForLeaderPartition;
use kafka_protocol::messages::offset_for_leader_epoch_response::{
    EpochEndOffset, OffsetForLeaderTopicResult,
};
use kafka_protocol::messages::{
    DeleteRecordsRequest, DeleteRecordsResponse, ListOffsetsRequest, ListOffsetsResponse,
    OffsetForLeaderEpochRequest, OffsetForLeaderEpochResponse,
};

use super::{Api, Caller};
use crate::context::Context;
use crate::journal::Entry;
use crate::log::Wanted;

impl Api for ListOffsetsRequest {
    async fn handle(self, caller: Caller<'_>) -> ListOffsetsResponse {
        self.each(|topic, wanted| {
            let position = match wanted.timestamp {
                -1 => Wanted::Latest,
                -2 | -4 => Wanted::Earliest,
                -3 => Wanted::MaxTimestamp,
                time => Wanted::Time(time),
            };
            let partition = caller.context.topics.partition(topic, wanted.partition_index);
            partition.ok_or(ResponseError::UnknownTopicOrPartition)?.find(position)
        })
    }

    fn refuse(&self, error: ResponseError) -> ListOffsetsResponse {
        self.each(|_, _| Err(error))
    }
}

/// Lets one request be answered partition by partition.
trait EachPartition {
    fn each(
        &self,
        find: impl Fn(&str, &ListOffsetsPartition) -> Result<Option<(i64, i64)>, ResponseError>,
    ) -> ListOffsetsResponse;
}

impl EachPartition for ListOffsetsRequest {
    fn each(
        &self,
        find: impl Fn(&str, &ListOffsetsPartition) -> Result<Option<(i64, i64)>, ResponseError>,
    ) -> ListOffsetsResponse {
        let topics = self.topics.iter().map(|topic| {
            let answer = |wanted: &ListOffsetsPartition| {
                let response = ListOffsetsPartitionResponse::default()
                    .with_partition_index(wanted.partition_index);
                match find(&topic.name, wanted) {
                    Ok(Some((offset, time))) => {
                        response.with_offset(offset).with_timestamp(time).with_leader_epoch(0)
                    }
                    Ok(None) => response,
                    Err(error) => response.with_error_code(error.code()),
                }
            };
            ListOffsetsTopicResponse::default()
                .with_name(topic.name.clone())
                .with_partitions(topic.partitions.iter().map(answer).collect())
        });
        ListOffsetsResponse::default().with_topics(topics.collect())
    }
}

impl Api for OffsetForLeaderEpochRequest {
    async fn handle(self, caller: Caller<'_>) -> OffsetForLeaderEpochResponse {
        epochs(&self, |topic, wanted| {
            let partition = caller.context.topics.partition(topic, wanted.partition);
            let end = partition.ok_or(ResponseError::UnknownTopicOrPartition)?.bounds().1;
            Ok(if wanted.leader_epoch == 0 { (0, end) } else { (-1, -1) })
        })
    }

    fn refuse(&self, error: ResponseError) -> OffsetForLeaderEpochResponse {
        epochs(self, |_, _| Err(error))
    }
}

fn epochs(
    request: &OffsetForLeaderEpochRequest,
    find: impl Fn(&str, &OffsetForLeaderPartition) -> Result<(i32, i64), ResponseError>,
) -> OffsetForLeaderEpochResponse {
    let topics = request.topics.iter().map(|topic| {
        let answer = |wanted: &OffsetForLeaderPartition| {
            let response = EpochEndOffset::default().with_partition(wanted.partition);
            match find(&topic.topic, wanted) {
                Ok((epoch, end)) => response.with_leader_epoch(epoch).with_end_offset(end),
                Err(error) => response.with_error_code(error.code()),
            }
        };
        OffsetForLeaderTopicResult::default()
            .with_topic(topic.topic.clone())
            .with_partitions(topic.partitions.iter().map(answer).collect())
    });
    OffsetForLeaderEpochResponse::default().with_topics(topics.collect())
}

impl Api for DeleteRecordsRequest {
    async fn handle(self, caller: Caller<'_>) -> DeleteRecordsResponse {
        deletions(&self, |topic, wanted| delete(caller.context, topic, wanted))
    }

    fn refuse(&self, error: ResponseError) -> DeleteRecordsResponse {
        deletions(self, |_, _| Err(error))
    }
}

fn deletions(
    request: &DeleteRecordsRequest,
    delete: impl Fn(&str, &DeleteRecordsPartition) -> Result<i64, ResponseError>,
) -> DeleteRecordsResponse {
    let topics = request.topics.iter().map(|topic| {
        let answer = |wanted: &DeleteRecordsPartition| {
            let response = DeleteRecordsPartitionResult::default()
                .with_partition_index(wanted.partition_index);
            match delete(&topic.name, wanted) {
                Ok(start) => response.with_low_watermark(start),
                Err(error) => response.with_low_watermark(-1).with_error_code(error.code()),
            }
        };
        DeleteRecordsTopicResult::default()
            .with_name(topic.name.clone())
            .with_partitions(topic.partitions.iter().map(answer).collect())
    });
    DeleteRecordsResponse::default().with_topics(topics.collect())
}

fn delete(
    context: &Context,
    topic: &str,
    wanted: &DeleteRecordsPartition,
) -> Result<i64, ResponseError> {
    let partition = context.topics.partition(topic, wanted.partition_index);
    let partition = partition.ok_or(ResponseError::UnknownTopicOrPartition)?;
    let offset = partition.delete_before(wanted.offset)?;
    let topic = topic.to_owned();
    context.topics.note(&[Entry::LogStart { topic, partition: wanted.partition_index, offset }])?;
    Ok(offset)
}
