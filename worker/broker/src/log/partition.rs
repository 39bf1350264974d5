//! One partition: appends batches, reads them back, answers where offsets and times are. All under one short lock.

use std::collections::VecDeque;
use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::{Bytes, BytesMut};
use kafka_protocol::error::ResponseError;

use super::batch::{self, Batch};
use super::store::Store;
use crate::memory::Memory;
use crate::producers::{Producers, Verdict};

/// What a batch in memory costs beside its bytes.
const ENTRY: usize = 96;

#[derive(Debug)]
pub(crate) struct Partition {
    memory: Arc<Memory>,
    log: Mutex<Log>,
}

#[derive(Debug)]
struct Log {
    start: i64,
    end: i64,
    index: VecDeque<Entry>,
    /// Of all batches in the index.
    bytes: u64,
    store: Store,
    producers: Producers,
}

#[derive(Debug, Clone, Copy)]
struct Entry {
    base: i64,
    last: i64,
    position: u64,
    size: usize,
    max_timestamp: i64,
}

/// Outcome of a read: whole batches and the bounds of the log at that moment.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Read {
    pub(crate) records: Bytes,
    pub(crate) start: i64,
    pub(crate) end: i64,
}

/// A place in the log that a client asks for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Wanted {
    Earliest,
    Latest,
    MaxTimestamp,
    Time(i64),
}

impl Partition {
    pub(crate) fn in_memory(memory: Arc<Memory>) -> Self {
        Self { memory, log: Mutex::new(Log::new(Store::memory())) }
    }

    /// Opens the partition's file; `start` is the first offset that was not deleted.
    pub(crate) fn in_file(memory: Arc<Memory>, path: &Path, start: i64) -> io::Result<Self> {
        let mut log = Log::new(Store::memory());
        log.store = Store::open(path, |batch, position| log.remember(&batch, position))?;
        log.end = log.end.max(start);
        log.delete_before(start);
        Ok(Self { memory, log: Mutex::new(log) })
    }

    /// Bytes that a batch of this size takes from the memory limit.
    pub(crate) fn cost(&self, batch: usize) -> usize {
        if self.lock().store.is_memory() { batch + ENTRY } else { 0 }
    }

    /// Appends an accepted batch, or finds that it is here already, and answers its base offset; `stamp` is the
    /// arrival time where the topic wants it. The memory must have been taken before.
    pub(crate) fn append(
        &self,
        mut batch: Batch,
        mut bytes: BytesMut,
        stamp: Option<i64>,
    ) -> Result<(i64, Verdict), ResponseError> {
        let mut log = self.lock();
        let verdict = log.producers.check(&batch)?;
        if let Verdict::Duplicate(base_offset) = verdict {
            return Ok((base_offset, verdict));
        }
        batch.base_offset = log.end;
        batch::place(&mut bytes, batch.base_offset, 0);
        if let Some(now) = stamp {
            batch::stamp(&mut bytes, now);
            batch.max_timestamp = now;
        }
        let position = log.store.append(bytes.freeze()).map_err(|error| {
            tracing::error!(%error, "a record batch could not be written");
            ResponseError::KafkaStorageError
        })?;
        log.remember(&batch, position);
        Ok((batch.base_offset, verdict))
    }

    /// Whole batches from the one that holds `offset` on, up to `max_bytes` but at least one where `at_least_one`.
    pub(crate) fn read(
        &self,
        offset: i64,
        max_bytes: usize,
        at_least_one: bool,
    ) -> Result<Read, ResponseError> {
        let log = self.lock();
        if offset < log.start || offset > log.end {
            return Err(ResponseError::OffsetOutOfRange);
        }
        let first = log.index.partition_point(|entry| entry.last < offset);
        let mut length = 0;
        for entry in log.index.range(first..) {
            let fits = length + entry.size <= max_bytes || (length == 0 && at_least_one);
            if !fits {
                break;
            }
            length += entry.size;
        }
        let records = match log.index.get(first) {
            Some(entry) if length > 0 => {
                log.store.read(first, entry.position, length).map_err(|error| {
                    tracing::error!(%error, "record batches could not be read");
                    ResponseError::KafkaStorageError
                })?
            }
            _ => Bytes::new(),
        };
        Ok(Read { records, start: log.start, end: log.end })
    }

    /// First and next offset.
    pub(crate) fn bounds(&self) -> (i64, i64) {
        let log = self.lock();
        (log.start, log.end)
    }

    /// Offset and time of the place wanted; -1 for a time that does not apply.
    pub(crate) fn find(&self, wanted: Wanted) -> Result<Option<(i64, i64)>, ResponseError> {
        let log = self.lock();
        let (index, time) = match wanted {
            Wanted::Earliest => return Ok(Some((log.start, -1))),
            Wanted::Latest => return Ok(Some((log.end, -1))),
            Wanted::MaxTimestamp => {
                let newest = log.index.iter().enumerate().max_by_key(|(_, it)| it.max_timestamp);
                (newest.map(|(index, _)| index), newest.map_or(0, |(_, it)| it.max_timestamp))
            }
            Wanted::Time(time) => (log.index.iter().position(|it| it.max_timestamp >= time), time),
        };
        let Some(index) = index else { return Ok(None) };
        let entry = log.index[index];
        let bytes = log
            .store
            .read(index, entry.position, entry.size)
            .map_err(|_| ResponseError::KafkaStorageError)?;
        let found = batch::find_by_time(&bytes, time).unwrap_or((entry.base, entry.max_timestamp));
        Ok(Some((found.0.max(log.start), found.1)))
    }

    /// Forgets records before `offset` (or all that are there, for -1) and answers the new first offset.
    pub(crate) fn delete_before(&self, offset: i64) -> Result<i64, ResponseError> {
        let mut log = self.lock();
        let offset = if offset == -1 { log.end } else { offset };
        if offset < 0 || offset > log.end {
            return Err(ResponseError::OffsetOutOfRange);
        }
        let freed = log.delete_before(offset);
        self.memory.give_back(freed);
        Ok(log.start)
    }

    /// Applies the topic's own retention; the new first offset if it moved.
    pub(crate) fn retain(&self, bytes: Option<u64>, newer_than: Option<i64>) -> Option<i64> {
        let mut log = self.lock();
        let mut size = log.bytes;
        let mut keep_from = log.start;
        for entry in log.index.iter().take(log.index.len().saturating_sub(1)) {
            let too_many = bytes.is_some_and(|limit| size > limit);
            let too_old = newer_than.is_some_and(|limit| entry.max_timestamp < limit);
            if !too_many && !too_old {
                break;
            }
            size -= entry.size as u64;
            keep_from = entry.last + 1;
        }
        if keep_from == log.start {
            return None;
        }
        let freed = log.delete_before(keep_from);
        self.memory.give_back(freed);
        Some(keep_from)
    }

    pub(crate) fn sync(&self) -> io::Result<()> {
        self.lock().store.sync()
    }

    fn lock(&self) -> MutexGuard<'_, Log> {
        self.log.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Partition {
    fn drop(&mut self) {
        let end = self.lock().end;
        let freed = self.lock().delete_before(end);
        self.memory.give_back(freed);
    }
}

impl Log {
    fn new(store: Store) -> Self {
        Self {
            start: 0,
            end: 0,
            index: VecDeque::new(),
            bytes: 0,
            store,
            producers: Producers::default(),
        }
    }

    fn remember(&mut self, batch: &Batch, position: u64) {
        self.producers.appended(batch);
        self.end = batch.last_offset() + 1;
        self.bytes += batch.size as u64;
        self.index.push_back(Entry {
            base: batch.base_offset,
            last: batch.last_offset(),
            position,
            size: batch.size,
            max_timestamp: batch.max_timestamp,
        });
    }

    /// Answers the memory that came back.
    fn delete_before(&mut self, offset: i64) -> usize {
        let mut freed = 0;
        self.start = self.start.max(offset);
        while let Some(first) = self.index.front().filter(|entry| entry.last < offset) {
            self.bytes -= first.size as u64;
            self.index.pop_front();
            let bytes = self.store.drop_first();
            freed += if bytes > 0 { bytes + ENTRY } else { 0 };
        }
        freed
    }
}

#[cfg(test)]
mod tests {
    use super::super::encoded;
    use super::*;

    fn memory() -> Arc<Memory> {
        Arc::new(Memory::new(1 << 20))
    }

    fn append(partition: &Partition, timestamps: &[i64], producer: Option<(i64, i32)>) -> i64 {
        let bytes = encoded(timestamps, producer);
        let batch = Batch::accept(&bytes).unwrap();
        partition.append(batch, bytes, None).unwrap().0
    }

    #[test]
    fn reads_hold_whole_batches_within_the_bound() {
        let partition = Partition::in_memory(memory());
        for expected in [0, 2, 4] {
            assert_eq!(append(&partition, &[1, 2], None), expected);
        }
        let one = encoded(&[1, 2], None).len();
        let cases = [
            (0, 3 * one, true, 3 * one),
            (0, 3 * one - 1, true, 2 * one),
            (3, 3 * one, true, 2 * one),
            (0, 1, true, one),
            (0, 1, false, 0),
            (6, 1, true, 0),
        ];
        for (offset, max_bytes, at_least_one, expected) in cases {
            let read = partition.read(offset, max_bytes, at_least_one).unwrap();
            assert_eq!(read.records.len(), expected, "from {offset}, {max_bytes} bytes");
            assert_eq!((read.start, read.end), (0, 6));
        }
        for offset in [-1, 7] {
            let refused = partition.read(offset, 1, true);
            assert_eq!(refused, Err(ResponseError::OffsetOutOfRange), "{offset}");
        }
    }

    #[test]
    fn a_file_gives_back_what_was_appended_and_loses_only_a_torn_end() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log");
        let partition = Partition::in_file(memory(), &path, 0).unwrap();
        append(&partition, &[1, 2], Some((9, 0)));
        append(&partition, &[3, 4], Some((9, 2)));
        drop(partition);
        let whole = std::fs::read(&path).unwrap();
        let one = encoded(&[1, 2], None).len();
        for (kept, batches) in [(whole.len(), 2), (whole.len() - 1, 1), (one + 20, 1), (one - 1, 0)]
        {
            std::fs::write(&path, &whole[..kept]).unwrap();
            let partition = Partition::in_file(memory(), &path, 0).unwrap();
            assert_eq!(partition.bounds(), (0, batches * 2), "{kept} bytes left");
            let again = append(&partition, &[3, 4], Some((9, 2)));
            let expected = if batches == 0 { 0 } else { 2 };
            assert_eq!(again, expected, "a duplicate is known again after {kept} bytes");
        }
    }

    #[test]
    fn deleted_records_give_their_memory_back() {
        let memory = memory();
        let partition = Partition::in_memory(Arc::clone(&memory));
        append(&partition, &[1, 2], None);
        append(&partition, &[3, 4], None);
        assert_eq!(partition.find(Wanted::Time(4)), Ok(Some((3, 4))));
        assert_eq!(partition.find(Wanted::MaxTimestamp), Ok(Some((3, 4))));
        assert_eq!(partition.find(Wanted::Time(5)), Ok(None));
        assert_eq!(partition.retain(Some(1), None), Some(2));
        assert_eq!(partition.find(Wanted::Earliest), Ok(Some((2, -1))));
        assert_eq!(partition.delete_before(-1), Ok(4));
        assert_eq!(partition.bounds(), (4, 4));
        assert_eq!(partition.delete_before(5), Err(ResponseError::OffsetOutOfRange));
    }
}
