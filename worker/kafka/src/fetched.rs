//! What a fetch gave for one partition, handed out piece by piece (`CompletedFetch`): batches are checked and unpacked
//! when their turn comes, and records are shown where they lie. Sinks and internal topics are both read by this.
//!
//! A broker's word is not trusted: no length that it names reserves memory, and a compressed batch, which may unpack
//! to a thousand times its size, is unpacked no further than records are asked for.

mod aborted;
mod batch;
mod error;
mod head;
mod record;
mod unpack;

use std::sync::Arc;

use bytes::Bytes;
use kafka_protocol::messages::fetch_response::AbortedTransaction;

use crate::batch::Batch;
use aborted::Aborted;
use batch::OpenBatch;
pub(crate) use error::Unreadable;
use head::{HEAD, Head};

/// Most bytes of one record that comes compressed, unless a setting says otherwise. Producers refuse records of more
/// than 1 MiB by default; uncompressed ones are bounded by what a fetch asks for.
pub(crate) const LONGEST_RECORD: usize = 64 * 1024 * 1024;

/// How records are read.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reading {
    /// Whether checksums are compared.
    pub(crate) check_crcs: bool,
    /// Most bytes of one record that comes compressed.
    pub(crate) longest_record: usize,
}

/// When a batch has enough.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Enough {
    /// Number of records that it has then.
    pub(crate) records: usize,
    /// Bytes of its keys and values.
    pub(crate) bytes: usize,
    /// Bytes that were unpacked for it.
    pub(crate) unpacked: usize,
}

/// Records of one partition.
pub(crate) struct CompletedFetch {
    of: Origin,
    /// Records below are not wanted: a batch may begin before the offset asked for.
    position: i64,
    bytes: Bytes,
    open: Option<OpenBatch>,
    aborted: Aborted,
    reading: Reading,
}

/// Where records come from.
#[derive(Debug, Clone)]
pub(crate) struct Origin {
    pub(crate) topic: Arc<str>,
    pub(crate) partition: i32,
}

impl CompletedFetch {
    pub(crate) fn new(
        of: Origin,
        position: i64,
        bytes: Bytes,
        aborted: &[AbortedTransaction],
        reading: Reading,
    ) -> Self {
        Self { of, position, bytes, open: None, aborted: Aborted::new(aborted), reading }
    }

    /// The offset behind what was handed out or passed.
    pub(crate) const fn position(&self) -> i64 {
        self.position
    }

    /// Bytes that it holds in memory still.
    pub(crate) fn size(&self) -> usize {
        self.bytes.len() + self.open.as_ref().map_or(0, OpenBatch::size)
    }

    /// Appends records until the batch has enough, or none are left; false once none are left. Records before an
    /// error are in the batch.
    pub(crate) fn hand_out(
        &mut self,
        batch: &mut Batch,
        enough: Enough,
    ) -> Result<bool, Unreadable> {
        loop {
            let Some(open) = &mut self.open else {
                match Head::cut_off(&mut self.bytes)? {
                    None => return Ok(false),
                    Some((head, whole)) => self.open(&head, &whole)?,
                }
                continue;
            };
            if open.hand_out(batch, enough, &self.of, &mut self.position)? {
                return Ok(true);
            }
            // Compaction may have taken the last records of a batch: its head says where it ends.
            self.position = self.position.max(open.next_offset());
            self.open = None;
        }
    }

    fn open(&mut self, head: &Head, whole: &Bytes) -> Result<(), Unreadable> {
        head::check(whole, self.reading.check_crcs)?;
        if head.next_offset <= self.position {
            return Ok(());
        }
        let is_hidden = head.is_control()
            || (head.is_transactional() && self.aborted.hides(head.producer, head.base_offset));
        if is_hidden {
            if head.is_control() {
                self.aborted.end(head.producer, head.base_offset, &whole[HEAD..]);
            }
            self.position = head.next_offset;
            return Ok(());
        }
        self.open = Some(OpenBatch::new(head, whole, self.reading.longest_record)?);
        Ok(())
    }
}

/// The offset behind the whole batches of a record set; none if there is none.
pub(crate) fn end_of(mut bytes: Bytes) -> Result<Option<i64>, Unreadable> {
    let mut end = None;
    while let Some((head, _)) = Head::cut_off(&mut bytes)? {
        end = Some(head.next_offset);
    }
    Ok(end)
}

/// Reads record batches as a broker's answer would bring them, and takes each record apart.
#[cfg(feature = "fuzzing")]
pub fn read_batches(bytes: &[u8]) {
    let bytes = Bytes::copy_from_slice(bytes);
    let _ = end_of(bytes.clone());
    let reading = Reading { check_crcs: false, longest_record: 1024 * 1024 };
    const ENOUGH: Enough = Enough { records: 100, bytes: 1 << 20, unpacked: 1 << 20 };
    let of = Origin { topic: "t".into(), partition: 0 };
    let mut fetch = CompletedFetch::new(of, 0, bytes, &[], reading);
    let mut batch = Batch::default();
    while fetch.hand_out(&mut batch, ENOUGH) == Ok(true) {
        batch.iter().for_each(drop);
        batch.positions().for_each(drop);
        batch.clear();
    }
}

#[cfg(test)]
mod tests;
