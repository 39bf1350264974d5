//! What a fetch gave for one partition, handed out piece by piece (`CompletedFetch`): batches are checked and
//! decompressed when their turn comes, and records are shown where they lie.

use std::{collections::HashSet, sync::Arc};

use bytes::{Buf, Bytes};
use kafka_protocol::{
    compression::{Decompressor, Gzip, Lz4, Snappy, Zstd},
    messages::fetch_response::AbortedTransaction,
};

use super::records;
use crate::{
    batch::{Batch, Headers, Place},
    message::TimestampType,
};

/// Bytes of a batch before its records, and the places of what is read of them.
const HEAD: usize = 61;
const LENGTH_AT: usize = 8;
const LENGTH_FROM: usize = 12;
const MAGIC_AT: usize = 16;
const CRC_AT: usize = 17;
const CHECKED_FROM: usize = 21;
const LAST_DELTA_AT: usize = 23;
const BASE_TIME_AT: usize = 27;
const MOST_TIME_AT: usize = 35;
const PRODUCER_AT: usize = 43;
const COUNT_AT: usize = 57;

const COMPRESSION: i16 = 0b111;
const LOG_APPEND_TIME: i16 = 0b1000;
const TRANSACTIONAL: i16 = 0b1_0000;
const CONTROL: i16 = 0b10_0000;

/// Records of one partition.
pub(super) struct CompletedFetch {
    pub(super) topic: Arc<str>,
    pub(super) partition: i32,
    /// Records below are not wanted: a batch may begin before the offset asked for.
    pub(super) position: i64,
    bytes: Bytes,
    open: Option<OpenBatch>,
    aborted: Aborted,
    check_crcs: bool,
}

/// A batch whose records are being handed out.
struct OpenBatch {
    /// Holds the records: the fetch itself, or what was decompressed from it.
    bytes: Bytes,
    at: usize,
    left: i32,
    base_offset: i64,
    base_timestamp: i64,
    /// The time of all records, if the broker set it.
    append_time: Option<i64>,
    next_offset: i64,
}

impl CompletedFetch {
    pub(super) fn new(
        topic: Arc<str>,
        partition: i32,
        position: i64,
        bytes: Bytes,
        aborted: &[AbortedTransaction],
        check_crcs: bool,
    ) -> Self {
        let aborted = Aborted::new(aborted);
        Self { topic, partition, position, bytes, open: None, aborted, check_crcs }
    }

    /// Bytes that it holds in memory still.
    pub(super) fn size(&self) -> usize {
        self.bytes.len() + self.open.as_ref().map_or(0, |it| it.bytes.len() - it.at)
    }

    /// Appends records until the batch has `most`, or none are left; false once none are left. An error names what
    /// is wrong with the bytes.
    pub(super) fn hand_out(&mut self, batch: &mut Batch, most: usize) -> Result<bool, String> {
        loop {
            let Some(open) = &mut self.open else {
                match next_batch(&mut self.bytes)? {
                    None => return Ok(false),
                    Some(whole) => self.open(&whole)?,
                }
                continue;
            };
            if open.left > 0 {
                if batch.len() >= most {
                    return Ok(true);
                }
                let (topic, partition) = (&self.topic, self.partition);
                self.position = open.hand_out(batch, most, topic, partition, self.position)?;
                continue;
            }
            // Compaction may have taken the last records of a batch: its head says where it ends.
            self.position = self.position.max(open.next_offset);
            self.open = None;
        }
    }

    fn open(&mut self, whole: &Bytes) -> Result<(), String> {
        let head = |at: usize| &whole[at..];
        let magic = whole[MAGIC_AT];
        if magic != 2 {
            return Err(unsupported(magic));
        }
        if self.check_crcs && crc32c::crc32c(head(CHECKED_FROM)) != head(CRC_AT).get_u32() {
            return Err("the checksum does not match".to_owned());
        }
        let base_offset = head(0).get_i64();
        let attributes = head(CHECKED_FROM).get_i16();
        // Sums that no broker sends wrap around, as Java's do.
        let last_delta = i64::from(head(LAST_DELTA_AT).get_i32());
        let next_offset = base_offset.wrapping_add(last_delta).wrapping_add(1);
        let producer = head(PRODUCER_AT).get_i64();
        if next_offset <= self.position {
            return Ok(());
        }
        let is_hidden = attributes & CONTROL != 0
            || (attributes & TRANSACTIONAL != 0 && self.aborted.hides(producer, base_offset));
        if is_hidden {
            if attributes & CONTROL != 0 {
                self.aborted.end(producer, base_offset, &whole[HEAD..]);
            }
            self.position = self.position.max(next_offset);
            return Ok(());
        }
        let (bytes, at) = match attributes & COMPRESSION {
            0 => (whole.clone(), HEAD),
            codec => (decompress(codec, whole.slice(HEAD..))?, 0),
        };
        self.open = Some(OpenBatch {
            bytes,
            at,
            left: head(COUNT_AT).get_i32(),
            base_offset,
            base_timestamp: head(BASE_TIME_AT).get_i64(),
            append_time: (attributes & LOG_APPEND_TIME != 0).then(|| head(MOST_TIME_AT).get_i64()),
            next_offset,
        });
        Ok(())
    }
}

impl OpenBatch {
    /// Hands out records from `position` on; returns where the next one is.
    fn hand_out(
        &mut self,
        batch: &mut Batch,
        most: usize,
        topic: &Arc<str>,
        partition: i32,
        mut position: i64,
    ) -> Result<i64, String> {
        let mut shown = batch.showing(topic, &self.bytes);
        while self.left > 0 && shown.len() < most {
            let record = records::read(&self.bytes, self.at).map_err(|records::Cut| {
                format!("a record at byte {} of its batch is cut", self.at)
            })?;
            self.at = record.end;
            self.left -= 1;
            let offset = self.base_offset.wrapping_add(record.offset_delta.into());
            if offset < position {
                continue;
            }
            let headers = match record.headers {
                (0, _) => Headers::new(),
                (count, at) => headers(&self.bytes, count, at)
                    .map_err(|records::Cut| format!("the headers of record {offset} are cut"))?,
            };
            let place = Place {
                partition,
                offset,
                timestamp: self
                    .append_time
                    .unwrap_or_else(|| self.base_timestamp.wrapping_add(record.timestamp_delta)),
                timestamp_type: match self.append_time {
                    Some(_) => TimestampType::LogAppendTime,
                    None => TimestampType::CreateTime,
                },
            };
            shown.push(place, record.key, record.value, headers);
            position = offset.wrapping_add(1);
        }
        Ok(position)
    }
}

/// Reads record batches as a broker's answer would bring them, and takes each record apart.
#[cfg(feature = "fuzzing")]
pub fn read_batches(bytes: &[u8]) {
    let bytes = Bytes::copy_from_slice(bytes);
    let _ = end_of(bytes.clone());
    let mut fetch = CompletedFetch::new("t".into(), 0, 0, bytes, &[], false);
    let mut batch = Batch::default();
    while fetch.hand_out(&mut batch, 100) == Ok(true) {
        batch.iter().for_each(drop);
        batch.positions().for_each(drop);
        batch.clear();
    }
}

fn headers(bytes: &Bytes, count: usize, mut at: usize) -> Result<Headers, records::Cut> {
    // A count that lies must not reserve memory.
    let mut headers = Headers::with_capacity(count.min(bytes.len() - at));
    for _ in 0..count {
        let (name, value, end) = records::header(bytes, at)?;
        headers.push((name.into(), value.map(|it| bytes.slice(it))));
        at = end;
    }
    Ok(headers)
}

/// The offset behind the whole batches of a record set; none if there is none.
pub(super) fn end_of(mut bytes: Bytes) -> Result<Option<i64>, String> {
    let mut end = None;
    while let Some(whole) = next_batch(&mut bytes)? {
        let last_delta = i64::from((&whole[LAST_DELTA_AT..]).get_i32());
        end = Some((&whole[..8]).get_i64().wrapping_add(last_delta).wrapping_add(1));
    }
    Ok(end)
}

/// Cuts off the next whole batch; the last one of a fetch may be cut off.
fn next_batch(bytes: &mut Bytes) -> Result<Option<Bytes>, String> {
    if bytes.len() < LENGTH_FROM {
        return Ok(None);
    }
    let length = (&bytes[LENGTH_AT..]).get_i32();
    let length = usize::try_from(length).map_err(|_| format!("a batch of {length} bytes"))?;
    let end = LENGTH_FROM + length;
    if end > bytes.len() {
        return Ok(None);
    }
    if end < HEAD {
        // Messages of older formats may be that short.
        return Err(match bytes[..end].get(MAGIC_AT) {
            Some(magic @ 0..2) => unsupported(*magic),
            _ => format!("a batch of {length} bytes"),
        });
    }
    Ok(Some(bytes.split_to(end)))
}

fn unsupported(magic: u8) -> String {
    format!("message format {magic} is not supported: it was last written before Kafka 0.11")
}

fn decompress(codec: i16, mut bytes: Bytes) -> Result<Bytes, String> {
    let keep = |bytes: &mut Bytes| Ok(std::mem::take(bytes));
    let plain = match codec {
        1 => Gzip::decompress(&mut bytes, keep),
        2 => Snappy::decompress(&mut bytes, keep),
        3 => Lz4::decompress(&mut bytes, keep),
        4 => Zstd::decompress(&mut bytes, keep),
        _ => return Err(format!("compression codec {codec} is not known")),
    };
    plain.map_err(|cause| format!("{cause:#}"))
}

/// Whose records belong to aborted transactions at the current place. The broker lists aborted transactions only to
/// readers of committed records.
struct Aborted {
    /// First offset and producer, last first.
    coming: Vec<(i64, i64)>,
    open: HashSet<i64>,
}

impl Aborted {
    fn new(listed: &[AbortedTransaction]) -> Self {
        let mut coming: Vec<_> =
            listed.iter().map(|it| (it.first_offset, it.producer_id.0)).collect();
        coming.sort_unstable_by(|left, right| right.cmp(left));
        Self { coming, open: HashSet::new() }
    }

    /// Whether a transactional batch at `offset` is hidden.
    fn hides(&mut self, producer: i64, offset: i64) -> bool {
        self.reach(offset);
        self.open.contains(&producer)
    }

    /// A control batch: the key of its record is a version and a kind, of which 0 aborts.
    fn end(&mut self, producer: i64, offset: i64, records: &[u8]) {
        self.reach(offset);
        let key = records::read(records, 0).ok().and_then(|it| it.key);
        if key.is_some_and(|key| records[key].get(2..4) == Some(&[0, 0])) {
            self.open.remove(&producer);
        }
    }

    fn reach(&mut self, offset: i64) {
        while self.coming.last().is_some_and(|(first, _)| *first <= offset) {
            self.open.extend(self.coming.pop().map(|(_, producer)| producer));
        }
    }
}

#[cfg(test)]
mod tests;
