//! Giving records. Waits until there is as much as the client asked for, or its patience is over. Fetch sessions are
//! declined by answering with session 0, as the protocol allows.

use std::time::Duration;

use kafka_protocol::error::ResponseError;
use kafka_protocol::messages::fetch_request::{FetchPartition, FetchTopic};
use kafka_protocol::messages::fetch_response::{FetchableTopicResponse, PartitionData};
use kafka_protocol::messages::{BrokerId, FetchRequest, FetchResponse};
use tokio::time::{Instant, timeout_at};

use super::{Api, Caller};
use crate::context::Context;

/// More than any client asks for by default; a bound on what one answer may hold.
const MOST_BYTES: usize = 64 << 20;

impl Api for FetchRequest {
    async fn handle(self, caller: Caller<'_>) -> FetchResponse {
        if self.session_id != 0 {
            return self.refuse(ResponseError::FetchSessionIdNotFound);
        }
        let patience = Duration::from_millis(self.max_wait_ms.max(0) as u64);
        let deadline = Instant::now() + patience;
        let enough = self.min_bytes.max(0) as usize;
        loop {
            let mut appended = std::pin::pin!(caller.context.topics.appended.notified());
            appended.as_mut().enable();
            let gathered = gather(caller.context, &self);
            let is_due = self.topics.is_empty() || gathered.has_error || gathered.bytes >= enough;
            if is_due || timeout_at(deadline, appended).await.is_err() {
                return FetchResponse::default().with_responses(gathered.topics);
            }
        }
    }

    fn refuse(&self, error: ResponseError) -> FetchResponse {
        let refused = |topic: &FetchTopic| {
            let partitions = topic.partitions.iter().map(|it| failed(it, error)).collect();
            FetchableTopicResponse::default()
                .with_topic(topic.topic.clone())
                .with_partitions(partitions)
        };
        FetchResponse::default()
            .with_error_code(error.code())
            .with_responses(self.topics.iter().map(refused).collect())
    }
}

struct Gathered {
    topics: Vec<FetchableTopicResponse>,
    bytes: usize,
    has_error: bool,
}

fn gather(context: &Context, request: &FetchRequest) -> Gathered {
    let most = usize::try_from(request.max_bytes).unwrap_or(0).min(MOST_BYTES);
    let mut gathered = Gathered { topics: Vec::new(), bytes: 0, has_error: false };
    for wanted in &request.topics {
        let topic = context.topics.get(&wanted.topic);
        let mut partitions = Vec::with_capacity(wanted.partitions.len());
        for wanted in &wanted.partitions {
            let partition = topic.as_ref().and_then(|topic| topic.partition(wanted.partition));
            let room = most.saturating_sub(gathered.bytes);
            let room = room.min(usize::try_from(wanted.partition_max_bytes).unwrap_or(0));
            let is_first = gathered.bytes == 0;
            let read = partition
                .ok_or(ResponseError::UnknownTopicOrPartition)
                .and_then(|partition| check_epoch(wanted).map(|()| partition))
                .and_then(|partition| partition.read(wanted.fetch_offset, room, is_first));
            partitions.push(match read {
                Ok(read) => {
                    gathered.bytes += read.records.len();
                    PartitionData::default()
                        .with_partition_index(wanted.partition)
                        .with_high_watermark(read.end)
                        .with_last_stable_offset(read.end)
                        .with_log_start_offset(read.start)
                        .with_preferred_read_replica(BrokerId(-1))
                        .with_aborted_transactions(None)
                        .with_records(Some(read.records))
                }
                Err(error) => {
                    gathered.has_error = true;
                    failed(wanted, error)
                }
            });
        }
        let response = FetchableTopicResponse::default().with_topic(wanted.topic.clone());
        gathered.topics.push(response.with_partitions(partitions));
    }
    gathered
}

/// There is one leader and its epoch stays 0.
fn check_epoch(wanted: &FetchPartition) -> Result<(), ResponseError> {
    if wanted.current_leader_epoch > 0 { Err(ResponseError::UnknownLeaderEpoch) } else { Ok(()) }
}

fn failed(wanted: &FetchPartition, error: ResponseError) -> PartitionData {
    PartitionData::default()
        .with_partition_index(wanted.partition)
        .with_error_code(error.code())
        .with_high_watermark(-1)
        .with_last_stable_offset(-1)
        .with_log_start_offset(-1)
        .with_preferred_read_replica(BrokerId(-1))
        .with_aborted_transactions(None)
        .with_records(Some(bytes::Bytes::new()))
}
