//! Taking records. A producer that sends more than the memory limit has room for waits, and hears that it timed out.

use std::time::Duration;

use bytes::BytesMut;
use kafka_protocol::error::ResponseError;
use kafka_protocol::messages::produce_request::PartitionProduceData;
use kafka_protocol::messages::produce_response::{PartitionProduceResponse, TopicProduceResponse};
use kafka_protocol::messages::{
    InitProducerIdRequest, InitProducerIdResponse, ProduceRequest, ProduceResponse, ProducerId,
};
use kafka_protocol::protocol::StrBytes;

use super::{Api, Caller};
use crate::context::{Context, now_millis, wire};
use crate::journal::Entry;
use crate::log::{Batch, Partition};
use crate::producers::Verdict;
use crate::topic_config;
use crate::topics::{Refusal, Topic};

/// What a full memory may cost a producer that names no time of its own.
const LONGEST_WAIT: Duration = Duration::from_secs(30);

impl Api for ProduceRequest {
    async fn handle(mut self, caller: Caller<'_>) -> ProduceResponse {
        if ![-1, 0, 1].contains(&self.acks) {
            return self.refuse(ResponseError::InvalidRequiredAcks);
        }
        if self.transactional_id.is_some() {
            return self.refuse(ResponseError::TransactionalIdAuthorizationFailed);
        }
        let patience = Duration::from_millis(self.timeout_ms.max(0) as u64).min(LONGEST_WAIT);
        let mut responses = Vec::with_capacity(self.topic_data.len());
        for topic in std::mem::take(&mut self.topic_data) {
            let mut partitions = Vec::with_capacity(topic.partition_data.len());
            for data in topic.partition_data {
                let index = data.index;
                let outcome = append(caller.context, &topic.name, data, patience).await;
                partitions.push(answer(index, outcome));
            }
            let response = TopicProduceResponse::default().with_name(topic.name);
            responses.push(response.with_partition_responses(partitions));
        }
        caller.context.topics.appended.notify_waiters();
        ProduceResponse::default().with_responses(responses)
    }

    fn refuse(&self, error: ResponseError) -> ProduceResponse {
        let responses = self.topic_data.iter().map(|topic| {
            let refused =
                |data: &PartitionProduceData| answer(data.index, Err((error, String::new())));
            let partitions = topic.partition_data.iter().map(refused).collect();
            TopicProduceResponse::default()
                .with_name(topic.name.clone())
                .with_partition_responses(partitions)
        });
        ProduceResponse::default().with_responses(responses.collect())
    }

    fn is_answered(&self) -> bool {
        self.acks != 0
    }
}

/// Where a batch went.
struct Appended {
    base_offset: i64,
    log_start: i64,
    stamp: Option<i64>,
}

fn answer(index: i32, outcome: Result<Appended, Refusal>) -> PartitionProduceResponse {
    let response = PartitionProduceResponse::default().with_index(index);
    match outcome {
        Ok(appended) => response
            .with_base_offset(appended.base_offset)
            .with_log_append_time_ms(appended.stamp.unwrap_or(-1))
            .with_log_start_offset(appended.log_start),
        Err((error, text)) => response
            .with_error_code(error.code())
            .with_error_message(Some(wire(text)).filter(|text| !text.is_empty()))
            .with_base_offset(-1),
    }
}

async fn append(
    context: &Context,
    topic: &str,
    data: PartitionProduceData,
    patience: Duration,
) -> Result<Appended, Refusal> {
    let unknown = || (ResponseError::UnknownTopicOrPartition, String::new());
    let topic = context.topics.get(topic).ok_or_else(unknown)?;
    let partition = topic.partition(data.index).ok_or_else(unknown)?;
    let records = data.records.unwrap_or_default();
    let batch = Batch::accept(&records).map_err(|(error, text)| (error, text.to_owned()))?;
    let limit = topic_config::number(&topic.config, "max.message.bytes");
    if records.len() as i64 > limit {
        let text = format!(
            "The record batch size in the append to {}-{} is {} bytes which exceeds the maximum \
             configured value of {limit}.",
            topic.name,
            data.index,
            records.len()
        );
        return Err((ResponseError::MessageTooLarge, text));
    }
    take_room(context, &topic, partition, records.len(), patience).await?;
    let stamp = (topic_config::value(&topic.config, "message.timestamp.type") == "LogAppendTime")
        .then(now_millis);
    let size = records.len();
    // The request may hold much more than this batch, which alone is to stay in memory.
    let bytes = BytesMut::from(&records[..]);
    let appended = partition.append(batch, bytes, stamp);
    if !matches!(appended, Ok((_, Verdict::Append))) {
        context.memory.give_back(partition.cost(size));
    }
    let (base_offset, _) = appended.map_err(|error| (error, String::new()))?;
    retain(context, &topic, data.index, partition)?;
    Ok(Appended { base_offset, log_start: partition.bounds().0, stamp })
}

async fn take_room(
    context: &Context,
    topic: &Topic,
    partition: &Partition,
    size: usize,
    patience: Duration,
) -> Result<(), Refusal> {
    let compacted = topic_config::is_compacted(&topic.config);
    if context.memory.take(partition.cost(size), compacted, patience).await {
        return Ok(());
    }
    let limit = context.memory.limit();
    tracing::warn!(topic = %topic.name, limit, "a producer was refused because the memory limit is reached");
    let text = format!(
        "the development broker's memory limit of {limit} bytes is reached; delete topics or \
         records, or start it with a folder for its data"
    );
    Err((ResponseError::RequestTimedOut, text))
}

/// Drops what the topic's own retention says is over.
fn retain(
    context: &Context,
    topic: &Topic,
    index: i32,
    partition: &Partition,
) -> Result<(), Refusal> {
    let (bytes, age) = topic_config::retention(&topic.config);
    if bytes.is_none() && age.is_none() {
        return Ok(());
    }
    let newer_than = age.map(|age| now_millis().saturating_sub(age));
    let Some(offset) = partition.retain(bytes, newer_than) else { return Ok(()) };
    let topic = topic.name.clone();
    let noted = context.topics.note(&[Entry::LogStart { topic, partition: index, offset }]);
    noted.map_err(|error| (error, String::new()))
}

impl Api for InitProducerIdRequest {
    async fn handle(self, caller: Caller<'_>) -> InitProducerIdResponse {
        if self.transactional_id.as_ref().is_some_and(|id| **id != StrBytes::new()) {
            tracing::warn!("a producer wants transactions, which this development broker has not");
            return self.refuse(ResponseError::TransactionalIdAuthorizationFailed);
        }
        match caller.context.next_producer_id() {
            Ok(id) => InitProducerIdResponse::default()
                .with_producer_id(ProducerId(id))
                .with_producer_epoch(0),
            Err(error) => self.refuse(error),
        }
    }

    fn refuse(&self, error: ResponseError) -> InitProducerIdResponse {
        InitProducerIdResponse::default()
            .with_error_code(error.code())
            .with_producer_id(ProducerId(-1))
            .with_producer_epoch(-1)
    }
}
