//! What stands before the records of a batch (message format v2, KIP-98).

use bytes::{Buf, Bytes};

use super::Unreadable;

/// Bytes of a batch before its records, and the places of what is read of them.
pub(super) const HEAD: usize = 61;
pub(super) const LENGTH_AT: usize = 8;
const LENGTH_FROM: usize = 12;
pub(super) const MAGIC_AT: usize = 16;
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

/// What stands before the records of a batch.
pub(super) struct Head {
    attributes: i16,
    pub(super) base_offset: i64,
    pub(super) next_offset: i64,
    pub(super) base_timestamp: i64,
    /// The time of all records, if the broker set it.
    pub(super) append_time: Option<i64>,
    pub(super) producer: i64,
    pub(super) count: i32,
}

impl Head {
    /// Cuts off the next whole batch; the last one of a fetch may be cut off.
    pub(super) fn cut_off(bytes: &mut Bytes) -> Result<Option<(Self, Bytes)>, Unreadable> {
        if bytes.len() < LENGTH_FROM {
            return Ok(None);
        }
        let stated = (&bytes[LENGTH_AT..]).get_i32();
        let length = usize::try_from(stated).map_err(|_| Unreadable::Length(stated))?;
        let end = LENGTH_FROM + length;
        if end > bytes.len() {
            return Ok(None);
        }
        if end < HEAD {
            // Messages of older formats may be that short.
            return Err(match bytes[..end].get(MAGIC_AT) {
                Some(magic @ 0..2) => Unreadable::Format(*magic),
                _ => Unreadable::Length(stated),
            });
        }
        let whole = bytes.split_to(end);
        Ok(Some((Self::read(&whole), whole)))
    }

    fn read(whole: &[u8]) -> Self {
        let from = |at: usize| &whole[at..];
        let base_offset = from(0).get_i64();
        // Sums that no broker sends wrap around, as Java's do.
        let last_delta = i64::from(from(LAST_DELTA_AT).get_i32());
        let attributes = from(CHECKED_FROM).get_i16();
        let is_set_by_broker = attributes & LOG_APPEND_TIME != 0;
        Self {
            attributes,
            base_offset,
            next_offset: base_offset.wrapping_add(last_delta).wrapping_add(1),
            base_timestamp: from(BASE_TIME_AT).get_i64(),
            append_time: is_set_by_broker.then(|| from(MOST_TIME_AT).get_i64()),
            producer: from(PRODUCER_AT).get_i64(),
            count: from(COUNT_AT).get_i32(),
        }
    }

    pub(super) const fn is_control(&self) -> bool {
        self.attributes & CONTROL != 0
    }

    pub(super) const fn is_transactional(&self) -> bool {
        self.attributes & TRANSACTIONAL != 0
    }

    /// Number of the codec that the records are compressed with; 0 for none.
    pub(super) const fn codec(&self) -> i16 {
        self.attributes & COMPRESSION
    }
}

/// Refuses older formats, whose heads mean something else, and bytes that have changed on the way.
pub(super) fn check(whole: &[u8], check_crc: bool) -> Result<(), Unreadable> {
    let magic = whole[MAGIC_AT];
    if magic != 2 {
        return Err(Unreadable::Format(magic));
    }
    let stated = (&whole[CRC_AT..]).get_u32();
    if check_crc && crc32c::crc32c(&whole[CHECKED_FROM..]) != stated {
        return Err(Unreadable::Checksum);
    }
    Ok(())
}
