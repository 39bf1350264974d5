//! Records where they lie in the answers of brokers, as plain rows beside the answers' bytes, so that holding a record
//! costs no copy and no reference count. They are made into messages when somebody looks.

use std::{ops::Range, sync::Arc};

use bytes::Bytes;
use sluice_model::TopicPartition;

use crate::{
    fetched::Enough,
    message::{Message, TimestampType},
};

/// Headers of one record.
pub(crate) type Headers = Vec<(Arc<str>, Option<Bytes>)>;

/// A row without headers points here.
const NONE: u32 = u32::MAX;

/// Records in the order in which they were read. Its room is used again after [`Batch::clear`].
#[derive(Debug, Default)]
pub struct Batch {
    rows: Vec<Row>,
    /// The bytes of answers, or what was unpacked of them, each kept once for every run of records that lie in it.
    buffers: Vec<Bytes>,
    topics: Vec<Arc<str>>,
    headers: Vec<Headers>,
    /// How many of the bytes are not in an answer, but were made of one.
    unpacked: usize,
    /// Bytes of keys and values.
    size: usize,
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
    key: Span,
    value: Span,
}

/// Bytes of a buffer, or null.
#[derive(Debug, Clone, Copy)]
struct Span {
    at: u32,
    /// -1 for null.
    length: i32,
}

impl Span {
    fn new(range: Option<Range<usize>>) -> Self {
        // An answer of a broker is shorter than 2 GiB.
        range.map_or(Self { at: 0, length: -1 }, |it| Self {
            at: it.start as u32,
            length: it.len() as i32,
        })
    }

    fn of(self, buffer: &Bytes) -> Option<Bytes> {
        let length = usize::try_from(self.length).ok()?;
        let at = self.at as usize;
        Some(buffer.slice(at..at + length))
    }
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
        self.unpacked = 0;
        self.size = 0;
    }

    /// The records as messages.
    #[inline]
    pub fn iter(&self) -> impl ExactSizeIterator<Item = Message> {
        self.rows.iter().map(|row| self.message(row))
    }

    /// The record of an index.
    pub fn get(&self, index: usize) -> Option<Message> {
        self.rows.get(index).map(|row| self.message(row))
    }

    /// The offsets behind the records, in their order: one entry for each run of records of one partition.
    pub fn positions(&self) -> impl Iterator<Item = (TopicPartition, i64)> {
        let is_same = |left: &Row, right: &Row| {
            left.partition == right.partition && left.topic == right.topic
        };
        self.rows
            .chunk_by(is_same)
            .filter_map(<[Row]>::last)
            .map(|row| (self.partition(row), row.offset.wrapping_add(1)))
    }

    /// The offset of the first record of each run of records of one partition.
    pub fn starts(&self) -> impl Iterator<Item = (TopicPartition, i64)> {
        let is_same = |left: &Row, right: &Row| {
            left.partition == right.partition && left.topic == right.topic
        };
        self.rows
            .chunk_by(is_same)
            .filter_map(<[Row]>::first)
            .map(|row| (self.partition(row), row.offset))
    }

    /// Keeps the records of the partitions that `keep` wants.
    pub fn retain(&mut self, keep: impl Fn(&TopicPartition) -> bool) {
        let mut rows = std::mem::take(&mut self.rows);
        rows.retain(|row| keep(&self.partition(row)));
        self.rows = rows;
    }

    /// Gets records of a topic that lie in `bytes`, which the batch keeps alive.
    pub(crate) fn showing(&mut self, topic: &Arc<str>, bytes: &Bytes) -> Showing<'_> {
        if self.topics.last() != Some(topic) {
            self.topics.push(Arc::clone(topic));
        }
        self.buffers.push(bytes.clone());
        Showing { batch: self }
    }

    /// Bytes of keys and values.
    pub const fn size(&self) -> usize {
        self.size
    }

    /// Whether it has enough records, or records enough bytes.
    #[inline]
    pub(crate) const fn has(&self, enough: Enough) -> bool {
        self.rows.len() >= enough.records || self.size >= enough.bytes
    }

    /// Bytes that were unpacked for its records.
    pub(crate) const fn unpacked(&self) -> usize {
        self.unpacked
    }

    /// Says that so many bytes were unpacked for the records that come next.
    pub(crate) const fn count_unpacked(&mut self, bytes: usize) {
        self.unpacked += bytes;
    }

    fn partition(&self, row: &Row) -> TopicPartition {
        TopicPartition::new(Arc::clone(&self.topics[row.topic as usize]), row.partition)
    }

    // Inlined, a message is taken apart where it is made and never written to memory.
    #[inline]
    fn message(&self, row: &Row) -> Message {
        let buffer = &self.buffers[row.buffer as usize];
        Message {
            topic: Arc::clone(&self.topics[row.topic as usize]),
            partition: row.partition,
            offset: row.offset,
            timestamp: row.timestamp,
            timestamp_type: row.timestamp_type,
            key: row.key.of(buffer),
            value: row.value.of(buffer),
            headers: self.headers.get(row.headers as usize).cloned().unwrap_or_default(),
        }
    }
}

/// A batch that gets records of one topic and buffer.
pub(crate) struct Showing<'a> {
    batch: &'a mut Batch,
}

impl Showing<'_> {
    /// Whether the batch has enough, with what it had before.
    #[inline]
    pub(crate) const fn has(&self, enough: Enough) -> bool {
        self.batch.has(enough)
    }

    /// Adds a record.
    #[inline]
    pub(crate) fn push(
        &mut self,
        place: Place,
        key: Option<Range<usize>>,
        value: Option<Range<usize>>,
        headers: Headers,
    ) {
        let Batch { rows, buffers, topics, headers: lists, size, .. } = &mut *self.batch;
        *size += key.as_ref().map_or(0, Range::len) + value.as_ref().map_or(0, Range::len);
        let list = if headers.is_empty() { NONE } else { lists.len() as u32 };
        if !headers.is_empty() {
            lists.push(headers);
        }
        rows.push(Row {
            offset: place.offset,
            timestamp: place.timestamp,
            timestamp_type: place.timestamp_type,
            partition: place.partition,
            topic: topics.len() as u32 - 1,
            buffer: buffers.len() as u32 - 1,
            headers: list,
            key: Span::new(key),
            value: Span::new(value),
        });
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
        let bytes = Bytes::from_static(b"keyvaluek");
        let mut shown = batch.showing(&a, &bytes);
        shown.push(place(0, 1), Some(0..3), Some(3..8), Vec::new());
        shown.push(place(0, 2), None, Some(3..3), vec![("name".into(), None)]);
        batch.showing(&b, &bytes).push(place(0, 9), Some(8..9), None, Vec::new());
        let mut shown = batch.showing(&a, &Bytes::from_static(b"later"));
        shown.push(place(1, 4), None, Some(0..5), Vec::new());
        shown.push(place(0, 3), None, None, Vec::new());
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
