//! Writes a log, one request per leader at a time, in the order of the calls. What waited together is written
//! together.

use std::{
    collections::{BTreeMap, HashMap},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use bytes::{Bytes, BytesMut};
use kafka_protocol::{
    messages::{
        ProduceRequest, ProduceResponse, TopicName,
        produce_request::{PartitionProduceData, TopicProduceData},
    },
    protocol::StrBytes,
    records::{
        Compression, NO_PARTITION_LEADER_EPOCH, NO_PRODUCER_EPOCH, NO_PRODUCER_ID, NO_SEQUENCE,
        Record, RecordBatchEncoder, RecordEncodeOptions, TimestampType,
    },
};
use tokio::sync::{mpsc, oneshot};

use super::partitioner;
use crate::wire::{Client, Error, Node};

/// Time for one write.
const TIMEOUT: Duration = Duration::from_secs(30);
/// Pause after a failed write.
const PAUSE: Duration = Duration::from_millis(100);
/// Where a batch is cut: below the 1 MiB that brokers take by default.
const BATCH_BYTES: usize = 900 * 1024;
/// From version 13 on, topics are named by id.
const NEWEST_PRODUCE: i16 = 12;

/// Key and value.
type Row = (Bytes, Option<Bytes>);

/// Records to write, and who waits for them.
#[derive(Debug)]
pub(super) struct Write {
    pub(super) records: Vec<Row>,
    pub(super) done: oneshot::Sender<Result<(), Error>>,
}

struct Writer {
    client: Client,
    topic: String,
    partitions: usize,
    leaders: HashMap<i32, Node>,
}

/// Writes until all senders are gone or the task is aborted.
pub(super) async fn run(
    client: Client,
    topic: String,
    partitions: usize,
    mut writes: mpsc::Receiver<Write>,
) {
    let mut writer = Writer { client, topic, partitions, leaders: HashMap::new() };
    while let Some(write) = writes.recv().await {
        let outcome = writer.write(write.records).await;
        // A caller that gave up needs no answer.
        let _ = write.done.send(outcome);
    }
}

impl Writer {
    async fn write(&mut self, records: Vec<Row>) -> Result<(), Error> {
        let mut by_partition: BTreeMap<i32, Vec<Row>> = BTreeMap::new();
        for (key, value) in records {
            let partition = partitioner::partition(&key, self.partitions);
            by_partition.entry(partition).or_default().push((key, value));
        }
        for (partition, rows) in by_partition {
            for batch in cut(&rows) {
                self.write_batch(partition, encode(batch)?).await?;
            }
        }
        Ok(())
    }

    /// Tries until the batch is written or cannot be. A batch may be written twice, which a compacted topic
    /// forgives.
    async fn write_batch(&mut self, partition: i32, batch: Bytes) -> Result<(), Error> {
        loop {
            match self.try_batch(partition, batch.clone()).await {
                Err(error) if error.is_retriable() => {
                    tracing::warn!(topic = self.topic, partition, %error, "a write is tried again");
                    self.leaders.clear();
                    tokio::time::sleep(PAUSE).await;
                }
                outcome => return outcome,
            }
        }
    }

    async fn try_batch(&mut self, partition: i32, batch: Bytes) -> Result<(), Error> {
        let leader = self.leader(partition).await?;
        let data = PartitionProduceData::default().with_index(partition).with_records(Some(batch));
        let topic = TopicProduceData::default()
            .with_name(TopicName(StrBytes::from_string(self.topic.clone())))
            .with_partition_data(vec![data]);
        let request = ProduceRequest::default()
            .with_acks(-1)
            .with_timeout_ms(TIMEOUT.as_millis() as i32)
            .with_topic_data(vec![topic]);
        let answer = self.client.call_with(&leader, TIMEOUT, NEWEST_PRODUCE, |_| request).await?;
        outcome(&answer)
    }

    async fn leader(&mut self, partition: i32) -> Result<Node, Error> {
        if let Some(leader) = self.leaders.get(&partition) {
            return Ok(leader.clone());
        }
        let metadata = self.client.metadata(Some(std::slice::from_ref(&self.topic))).await?;
        for topic in metadata.topics {
            if let Some(code) = topic.error {
                return Err(Error::Broker { code, message: None });
            }
            let partitions = topic.partitions.into_iter();
            self.leaders
                .extend(partitions.filter_map(|it| it.leader.map(|leader| (it.partition, leader))));
        }
        self.leaders.get(&partition).cloned().ok_or(Error::Broker {
            code: kafka_protocol::ResponseError::LeaderNotAvailable,
            message: None,
        })
    }
}

fn outcome(answer: &ProduceResponse) -> Result<(), Error> {
    for partition in answer.responses.iter().flat_map(|topic| &topic.partition_responses) {
        Error::check(partition.error_code, partition.error_message.as_deref())?;
    }
    Ok(())
}

fn record(at: usize, (key, value): &Row) -> Record {
    Record {
        transactional: false,
        control: false,
        delete_horizon: false,
        partition_leader_epoch: NO_PARTITION_LEADER_EPOCH,
        producer_id: NO_PRODUCER_ID,
        producer_epoch: NO_PRODUCER_EPOCH,
        timestamp_type: TimestampType::Creation,
        offset: at as i64,
        // The encoder opens a new batch where offset and sequence drift apart; a broker takes one batch a request.
        sequence: NO_SEQUENCE.wrapping_add(at as i32),
        timestamp: now(),
        key: Some(key.clone()),
        value: value.clone(),
        headers: indexmap::IndexMap::default(),
    }
}

fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    since.as_millis() as i64
}

/// Cuts rows into batches that a broker takes; a larger row goes alone, and the broker judges it.
fn cut(rows: &[Row]) -> Vec<&[Row]> {
    let mut batches = Vec::new();
    let (mut start, mut size) = (0, 0);
    for (at, (key, value)) in rows.iter().enumerate() {
        let bytes = key.len() + value.as_ref().map_or(0, Bytes::len) + 64;
        if at > start && size + bytes > BATCH_BYTES {
            batches.push(&rows[start..at]);
            (start, size) = (at, 0);
        }
        size += bytes;
    }
    batches.push(&rows[start..]);
    batches
}

fn encode(rows: &[Row]) -> Result<Bytes, Error> {
    let options = RecordEncodeOptions { version: 2, compression: Compression::None };
    let records: Vec<_> = rows.iter().enumerate().map(|(at, row)| record(at, row)).collect();
    let mut bytes = BytesMut::new();
    RecordBatchEncoder::encode(&mut bytes, &records, &options).map_err(|cause| Error::Encode {
        api: kafka_protocol::messages::ApiKey::Produce,
        reason: cause.to_string(),
    })?;
    Ok(bytes.freeze())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_become_one_batch_until_it_is_full() {
        let row = |size: usize| (Bytes::from_static(b"key"), Some(Bytes::from(vec![0; size])));
        let rows: Vec<_> = std::iter::repeat_with(|| row(100)).take(300).collect();
        assert_eq!(cut(&rows).len(), 1);
        let mut bytes = encode(&rows).expect("encodes");
        let batches = kafka_protocol::records::RecordBatchDecoder::decode_all(&mut bytes);
        assert_eq!(batches.expect("decodes").len(), 1);
        let large = [row(10), row(800_000), row(200_000), row(2_000_000)];
        let sizes: Vec<_> = cut(&large).iter().map(|batch| batch.len()).collect();
        assert_eq!(sizes, [2, 1, 1]);
    }
}
