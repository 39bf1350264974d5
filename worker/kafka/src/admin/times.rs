//! When records were written: a record is fetched for its timestamp alone.

use std::{collections::BTreeMap, sync::Arc};

use futures::{StreamExt, TryStreamExt, stream};
use kafka_protocol::{
    ResponseError,
    messages::{
        BrokerId, FetchRequest, TopicName,
        fetch_request::{FetchPartition, FetchTopic},
    },
};
use sluice_model::TopicPartition;

use super::{Admin, TIMEOUT, by_leader, text};
use crate::{
    batch::Batch,
    fetched::{CompletedFetch, Enough, LONGEST_RECORD, Origin, Reading},
    message::TimestampType,
    wire::{Error, Node},
};

/// Partitions that are asked at the same time.
const AT_ONCE: usize = 8;
/// From version 13 on, topics are named by id.
const NEWEST_FETCH: i16 = 12;
const ONE: Enough = Enough { records: 1, bytes: usize::MAX, unpacked: usize::MAX };
const READING: Reading = Reading { check_crcs: true, longest_record: LONGEST_RECORD };

impl Admin {
    /// The timestamp of the first record at or after each offset, in milliseconds since 1970. A partition is left out
    /// if it has none there, or no reader is shown one in the next batch, or it has no time. Fetches one batch a
    /// partition.
    pub async fn timestamps(
        &self,
        from: &BTreeMap<TopicPartition, i64>,
    ) -> Result<BTreeMap<TopicPartition, i64>, Error> {
        if from.is_empty() {
            return Ok(BTreeMap::new());
        }
        let partitions: Vec<TopicPartition> = from.keys().cloned().collect();
        let mut topics: Vec<String> = partitions.iter().map(|it| it.topic.to_string()).collect();
        topics.dedup();
        let metadata = self.client.metadata(Some(&topics)).await?;
        let leaders = by_leader(&metadata, &partitions)?;
        let asked = leaders
            .into_iter()
            .flat_map(|(leader, of)| of.into_iter().map(move |of| (leader.clone(), of)));
        let times = asked.map(async |(leader, of)| {
            let time = self.timestamp(&leader, &of, from[&of]).await?;
            Ok::<_, Error>(time.map(|time| (of, time)))
        });
        let times: Vec<_> = stream::iter(times).buffer_unordered(AT_ONCE).try_collect().await?;
        Ok(times.into_iter().flatten().collect())
    }

    async fn timestamp(
        &self,
        leader: &Node,
        of: &TopicPartition,
        offset: i64,
    ) -> Result<Option<i64>, Error> {
        // The first batch comes whole, however little is asked for (KIP-74).
        let partition = FetchPartition::default()
            .with_partition(of.partition)
            .with_fetch_offset(offset)
            .with_partition_max_bytes(1);
        let topic = FetchTopic::default()
            .with_topic(TopicName(text(&of.topic)))
            .with_partitions(vec![partition]);
        let request = FetchRequest::default()
            .with_replica_id(BrokerId(-1))
            .with_max_bytes(1)
            .with_topics(vec![topic]);
        let answer = self.client.call_with(leader, TIMEOUT, NEWEST_FETCH, |_| request).await?;
        let Some(data) = answer.responses.into_iter().flat_map(|it| it.partitions).next() else {
            return Ok(None);
        };
        // What was there a moment ago has been deleted.
        if data.error_code == ResponseError::OffsetOutOfRange.code() {
            return Ok(None);
        }
        Error::check(data.error_code, None)?;
        let Some(bytes) = data.records.filter(|bytes| !bytes.is_empty()) else { return Ok(None) };
        let origin = Origin { topic: Arc::clone(&of.topic), partition: of.partition };
        let mut batch = Batch::default();
        // A batch that cannot be read has no time that is known.
        let read =
            CompletedFetch::new(origin, offset, bytes, &[], READING).hand_out(&mut batch, ONE);
        let first = read.ok().and_then(|_| batch.get(0));
        let timed = first.filter(|it| it.timestamp_type != TimestampType::NoTimestampType);
        Ok(timed.map(|it| it.timestamp))
    }
}
