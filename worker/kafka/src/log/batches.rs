//! Record batches of a fetch, decoded: only records that a reader may see, and the offset to go on from, which may
//! be beyond the last record, because compaction leaves batches with holes or without records.

use std::collections::HashSet;

use bytes::{Buf, Bytes};
use kafka_protocol::{
    messages::fetch_response::AbortedTransaction,
    records::{Record, RecordBatchDecoder},
};

use super::LogRecord;

/// Base offset (8), length (4), then `length` bytes, of which 11 come before the delta of the last offset (4).
const BATCH_HEAD: usize = 12;
const LAST_DELTA_AT: usize = 23;

/// What a fetch gave for one partition.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Fetched {
    pub(super) records: Vec<LogRecord>,
    pub(super) next: i64,
}

/// Decodes `bytes` as they follow `position` in `partition`. A batch cut off at the end is left for the next fetch.
pub(super) fn decode(
    partition: i32,
    position: i64,
    mut bytes: Bytes,
    aborted: &[AbortedTransaction],
) -> Result<Fetched, String> {
    let mut fetched = Fetched { records: Vec::new(), next: position };
    let mut open = Aborted::new(aborted);
    while let Some((last, mut batch)) = next_batch(&mut bytes)? {
        let set = RecordBatchDecoder::decode(&mut batch).map_err(|cause| cause.to_string())?;
        for record in set.records {
            if open.hides(&record) || record.offset < position {
                continue;
            }
            fetched.records.push(LogRecord {
                partition,
                offset: record.offset,
                timestamp: record.timestamp,
                // Copies: a slice would keep the whole fetch alive for as long as the value.
                key: record.key.map(|it| Bytes::copy_from_slice(&it)),
                value: record.value.map(|it| Bytes::copy_from_slice(&it)),
            });
        }
        fetched.next = fetched.next.max(last + 1);
    }
    Ok(fetched)
}

/// Cuts off the next whole batch, with its last offset.
fn next_batch(bytes: &mut Bytes) -> Result<Option<(i64, Bytes)>, String> {
    if bytes.len() < LAST_DELTA_AT + 4 {
        return Ok(None);
    }
    let base = (&bytes[..8]).get_i64();
    let length = (&bytes[8..BATCH_HEAD]).get_i32();
    let delta = (&bytes[LAST_DELTA_AT..LAST_DELTA_AT + 4]).get_i32();
    let length = usize::try_from(length).map_err(|_| format!("a batch of {length} bytes"))?;
    if length < LAST_DELTA_AT + 4 - BATCH_HEAD || delta < 0 {
        return Err(format!(
            "a batch of {length} bytes whose last offset is {delta} after its first"
        ));
    }
    if bytes.len() < BATCH_HEAD + length {
        return Ok(None);
    }
    Ok(Some((base + i64::from(delta), bytes.split_to(BATCH_HEAD + length))))
}

/// Which producers' records belong to aborted transactions at the current place. The broker lists the aborted
/// transactions only to readers of committed records.
struct Aborted {
    /// By first offset, last first.
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

    fn hides(&mut self, record: &Record) -> bool {
        while self.coming.last().is_some_and(|(first, _)| *first <= record.offset) {
            self.open.extend(self.coming.pop().map(|(_, producer)| producer));
        }
        if record.control {
            if is_abort(record) {
                self.open.remove(&record.producer_id);
            }
            return true;
        }
        record.transactional && self.open.contains(&record.producer_id)
    }
}

/// A control record's key is a version and a kind, of which 0 aborts.
fn is_abort(record: &Record) -> bool {
    record.key.as_ref().is_some_and(|key| key.len() >= 4 && key[2..4] == [0, 0])
}

#[cfg(test)]
mod tests;
