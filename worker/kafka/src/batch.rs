//! Records as they were read: one buffer for the bytes of a read, and plain rows beside it, so that holding a record
//! costs no reference counts. They are made into messages when somebody looks.

use std::sync::Arc;

use bytes::Bytes;
use sluice_model::TopicPartition;

use crate::message::{Message, TimestampType};

/// Headers of one record.
pub(crate) type Headers = Vec<(Arc<str>, Option<Bytes>)>;

/// A row without headers points here.
const NONE: u32 = u32::MAX;

/// Records in the order in which they were read. Its room is used again after [`Batch::clear`].
#[derive(Debug, Default)]
pub struct Batch {
    rows: Vec<Row>,
    /// The bytes of each read.
    buffers: Vec<Bytes>,
    topics: Vec<Arc<str>>,
    headers: Vec<Headers>,
}

/// A record: numbers, and where in the lists its other parts are.
#[derive(Debug, Clone, Copy)]
struct Row {
    offset: i64,
    timestamp: i64,
    timestamp_type: TimestampType,
    partition: i32,
    topic: u32,
    buffer: u32,
    headers: u32,
    /// Where the key begins; the value follows it.
    start: usize,
    key: Option<usize>,
    value: Option<usize>,
}

/// What a reader knows of a record beside its bytes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place {
    pub(crate) partition: i32,
    pub(crate) offset: i64,
    pub(crate) timestamp: i64,
    pub(crate) timestamp_type: TimestampType,
}

impl Batch {
    /// Number of records.
    pub const fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there are none.
    pub const fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Forgets all records. Messages that were taken from it keep their bytes.
    pub fn clear(&mut self) {
        self.rows.clear();
        self.buffers.clear();
        self.topics.clear();
        self.headers.clear();
    }

    /// The records as messages.
    #[inline]
    pub fn iter(&self) -> impl ExactSizeIterator<Item = Message> {
        self.rows.iter().map(|row| self.message(row))
    }

    /// The offsets behind the records, in their order: one entry for each run of records of one partition.
    pub fn positions(&self) -> impl Iterator<Item = (TopicPartition, i64)> {
        let is_same = |left: &Row, right: &Row| {
            left.partition == right.partition && left.topic == right.topic
        };
        self.rows
            .chunk_by(is_same)
            .filter_map(<[Row]>::last)
            .map(|row| (self.partition(row), row.offset + 1))
    }

    /// Keeps the records of the partitions that `keep` wants.
    pub fn retain(&mut self, keep: impl Fn(&TopicPartition) -> bool) {
        let mut rows = std::mem::take(&mut self.rows);
        rows.retain(|row| keep(&self.partition(row)));
        self.rows = rows;
    }

    /// Makes room for the records of another read.
    pub(crate) fn filling(&mut self, records: usize, bytes: usize) -> Filling<'_> {
        self.rows.reserve(records);
        // A byte to spare: a full vector would become bytes that find out at every slice whether they are shared.
        Filling { bytes: Vec::with_capacity(bytes + 1), batch: self }
    }

    fn partition(&self, row: &Row) -> TopicPartition {
        TopicPartition::new(Arc::clone(&self.topics[row.topic as usize]), row.partition)
    }

    // Inlined, a message is taken apart where it is made and never written to memory.
    #[inline]
    fn message(&self, row: &Row) -> Message {
        let buffer = &self.buffers[row.buffer as usize];
        let middle = row.start + row.key.unwrap_or(0);
        Message {
            topic: Arc::clone(&self.topics[row.topic as usize]),
            partition: row.partition,
            offset: row.offset,
            timestamp: row.timestamp,
            timestamp_type: row.timestamp_type,
            key: row.key.map(|_| buffer.slice(row.start..middle)),
            value: row.value.map(|length| buffer.slice(middle..middle + length)),
            headers: self.headers.get(row.headers as usize).cloned().unwrap_or_default(),
        }
    }
}

/// A batch that gets the records of one read.
pub(crate) struct Filling<'a> {
    batch: &'a mut Batch,
    bytes: Vec<u8>,
}

impl Filling<'_> {
    /// The topic of the records that follow.
    pub(crate) fn topic(&mut self, name: &Arc<str>) {
        if self.batch.topics.last() != Some(name) {
            self.batch.topics.push(Arc::clone(name));
        }
    }

    /// Adds a record of the topic named last.
    #[inline]
    pub(crate) fn push(
        &mut self,
        place: Place,
        key: Option<&[u8]>,
        value: Option<&[u8]>,
        headers: Headers,
    ) {
        let start = self.bytes.len();
        self.bytes.extend_from_slice(key.unwrap_or_default());
        self.bytes.extend_from_slice(value.unwrap_or_default());
        let Batch { rows, buffers, topics, headers: lists } = &mut *self.batch;
        let mut row = Row {
            offset: place.offset,
            timestamp: place.timestamp,
            timestamp_type: place.timestamp_type,
            partition: place.partition,
            topic: topics.len() as u32 - 1,
            buffer: buffers.len() as u32,
            headers: NONE,
            start,
            key: key.map(<[u8]>::len),
            value: value.map(<[u8]>::len),
        };
        if !headers.is_empty() {
            row.headers = lists.len() as u32;
            lists.push(headers);
        }
        rows.push(row);
    }
}

impl Drop for Filling<'_> {
    fn drop(&mut self) {
        self.batch.buffers.push(Bytes::from(std::mem::take(&mut self.bytes)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(partition: i32, offset: i64) -> Place {
        Place { partition, offset, timestamp: 7, timestamp_type: TimestampType::CreateTime }
    }

    fn batch() -> Batch {
        let (a, b): (Arc<str>, Arc<str>) = ("a".into(), "b".into());
        let mut batch = Batch::default();
        let mut filling = batch.filling(4, 16);
        filling.topic(&a);
        filling.push(place(0, 1), Some(b"key"), Some(b"value"), Vec::new());
        filling.push(place(0, 2), None, Some(b""), vec![("name".into(), None)]);
        filling.topic(&b);
        filling.push(place(0, 9), Some(b"k"), None, Vec::new());
        drop(filling);
        let mut filling = batch.filling(2, 4);
        filling.topic(&a);
        filling.push(place(1, 4), None, Some(b"later"), Vec::new());
        filling.push(place(0, 3), None, None, Vec::new());
        drop(filling);
        batch
    }

    #[test]
    fn messages_have_what_was_read() {
        let text = |it: &'static str| Some(Bytes::from_static(it.as_bytes()));
        let batch = batch();
        let parts: Vec<_> = batch
            .iter()
            .map(|it| (it.topic.to_string(), it.offset, it.key, it.value, it.headers.len()))
            .collect();
        let expected = [
            ("a".to_owned(), 1, text("key"), text("value"), 0),
            ("a".to_owned(), 2, None, text(""), 1),
            ("b".to_owned(), 9, text("k"), None, 0),
            ("a".to_owned(), 4, None, text("later"), 0),
            ("a".to_owned(), 3, None, None, 0),
        ];
        assert_eq!(parts, expected);
    }

    #[test]
    fn positions_follow_the_last_record_of_each_partition() {
        let positions: std::collections::BTreeMap<_, _> = batch().positions().collect();
        let expected = [("a", 0, 4), ("a", 1, 5), ("b", 0, 10)]
            .map(|(topic, partition, offset)| (TopicPartition::new(topic, partition), offset));
        assert_eq!(positions, expected.into());
    }

    #[test]
    fn partitions_can_be_taken_out_and_all_forgotten() {
        let mut batch = batch();
        batch.retain(|it| it.partition == 1 || &*it.topic == "b");
        assert_eq!(batch.iter().map(|it| it.offset).collect::<Vec<_>>(), [9, 4]);
        let kept = batch.iter().nth(1);
        batch.clear();
        assert!(batch.is_empty());
        assert_eq!(kept.and_then(|it| it.value), Some(Bytes::from_static(b"later")));
    }
}
