//! The header of a record batch (format 2): read, checked, and the two fields patched that a leader owns. The records
//! inside stay opaque, compressed or not.

use bytes::{Buf, BufMut};
use kafka_protocol::error::ResponseError;

/// Bytes before the records.
pub(crate) const HEADER: usize = 61;
/// Bytes that the length field does not count: base offset and the length itself.
const UNCOUNTED: usize = 12;
/// Where the checksum's input begins: at the attributes.
const CHECKED_FROM: usize = 21;
const LOG_APPEND_TIME: i16 = 0b1000;
const TRANSACTIONAL_OR_CONTROL: i16 = 0b11_0000;
const COMPRESSION: i16 = 0b111;

/// Header of one batch.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Batch {
    pub(crate) base_offset: i64,
    /// Bytes of the whole batch, header included.
    pub(crate) size: usize,
    pub(crate) attributes: i16,
    pub(crate) last_offset_delta: i32,
    pub(crate) base_timestamp: i64,
    pub(crate) max_timestamp: i64,
    pub(crate) producer_id: i64,
    pub(crate) producer_epoch: i16,
    pub(crate) base_sequence: i32,
    pub(crate) record_count: i32,
}

impl Default for Batch {
    fn default() -> Self {
        Self {
            base_offset: 0,
            size: HEADER,
            attributes: 0,
            last_offset_delta: 0,
            base_timestamp: -1,
            max_timestamp: -1,
            producer_id: -1,
            producer_epoch: -1,
            base_sequence: -1,
            record_count: 1,
        }
    }
}

/// Why a batch is refused: the wire's code and a text for the client.
pub(crate) type Refusal = (ResponseError, &'static str);

impl Batch {
    /// Reads the header at the start of `bytes`; `None` if it does not stand there whole.
    pub(crate) fn read(bytes: &[u8]) -> Option<Self> {
        let mut header = bytes.get(..HEADER)?;
        let base_offset = header.get_i64();
        let size = usize::try_from(header.get_i32()).ok()? + UNCOUNTED;
        let (_leader_epoch, magic, _crc) = (header.get_i32(), header.get_i8(), header.get_u32());
        if magic != 2 || size < HEADER {
            return None;
        }
        Some(Self {
            base_offset,
            size,
            attributes: header.get_i16(),
            last_offset_delta: header.get_i32(),
            base_timestamp: header.get_i64(),
            max_timestamp: header.get_i64(),
            producer_id: header.get_i64(),
            producer_epoch: header.get_i16(),
            base_sequence: header.get_i32(),
            record_count: header.get_i32(),
        })
    }

    /// Reads what a producer sent for one partition: exactly one sound batch.
    pub(crate) fn accept(bytes: &[u8]) -> Result<Self, Refusal> {
        if bytes.get(16).is_some_and(|magic| *magic != 2) {
            let text = "only record batches of format 2 are taken";
            return Err((ResponseError::UnsupportedForMessageFormat, text));
        }
        let Some(batch) = Self::read(bytes) else {
            return Err((ResponseError::CorruptMessage, "the record batch is cut short"));
        };
        if batch.size != bytes.len() {
            let text = "a partition of a request has to hold exactly one record batch";
            return Err((ResponseError::InvalidRecord, text));
        }
        if !is_sound(bytes) {
            return Err((ResponseError::CorruptMessage, "the record batch fails its checksum"));
        }
        if batch.record_count < 1 || batch.last_offset_delta != batch.record_count - 1 {
            let text = "the record count does not fit the last offset of the batch";
            return Err((ResponseError::InvalidRecord, text));
        }
        if batch.attributes & TRANSACTIONAL_OR_CONTROL != 0 {
            let text = "this development broker has no transactions";
            return Err((ResponseError::InvalidTxnState, text));
        }
        if batch.is_idempotent() && (batch.producer_epoch < 0 || batch.base_sequence < 0) {
            let text = "a producer id needs an epoch and a sequence number";
            return Err((ResponseError::InvalidRecord, text));
        }
        Ok(batch)
    }

    pub(crate) fn is_idempotent(&self) -> bool {
        self.producer_id >= 0
    }

    pub(crate) fn is_compressed(&self) -> bool {
        self.attributes & COMPRESSION != 0
    }

    pub(crate) fn last_offset(&self) -> i64 {
        self.base_offset + i64::from(self.last_offset_delta)
    }

    pub(crate) fn last_sequence(&self) -> i32 {
        let distance_to_end = i32::MAX - self.base_sequence;
        if self.last_offset_delta <= distance_to_end {
            self.base_sequence + self.last_offset_delta
        } else {
            self.last_offset_delta - distance_to_end - 1
        }
    }
}

/// Whether the checksum holds; `bytes` is exactly one batch.
pub(crate) fn is_sound(bytes: &[u8]) -> bool {
    let Some(mut stored) = bytes.get(17..CHECKED_FROM) else { return false };
    stored.get_u32() == crc32c::crc32c(&bytes[CHECKED_FROM..])
}

/// Gives an accepted batch its place in the log.
pub(crate) fn place(bytes: &mut [u8], base_offset: i64, leader_epoch: i32) {
    (&mut bytes[0..8]).put_i64(base_offset);
    (&mut bytes[12..16]).put_i32(leader_epoch);
}

/// Stamps an accepted batch with the time of its arrival and renews the checksum.
pub(crate) fn stamp(bytes: &mut [u8], now: i64) {
    let attributes = i16::from_be_bytes([bytes[21], bytes[22]]) | LOG_APPEND_TIME;
    (&mut bytes[21..23]).put_i16(attributes);
    (&mut bytes[35..43]).put_i64(now);
    let checksum = crc32c::crc32c(&bytes[CHECKED_FROM..]);
    (&mut bytes[17..CHECKED_FROM]).put_u32(checksum);
}

/// The first record of an uncompressed batch that is not older than `timestamp`: its offset and time. A compressed
/// batch answers with its first record, which is never too late.
pub(crate) fn find_by_time(bytes: &[u8], timestamp: i64) -> Option<(i64, i64)> {
    let batch = Batch::read(bytes)?;
    if batch.attributes & LOG_APPEND_TIME != 0 {
        return Some((batch.base_offset, batch.max_timestamp));
    }
    if batch.is_compressed() {
        return Some((batch.base_offset, batch.base_timestamp));
    }
    let mut records = bytes.get(HEADER..batch.size)?;
    for _ in 0..batch.record_count {
        let length = usize::try_from(varint(&mut records)?).ok()?;
        let mut record = records.get(1..length)?;
        let time = batch.base_timestamp.checked_add(varint(&mut record)?)?;
        let offset = batch.base_offset + varint(&mut record)?;
        if time >= timestamp {
            return Some((offset, time));
        }
        records = records.get(length..)?;
    }
    None
}

fn varint(bytes: &mut &[u8]) -> Option<i64> {
    let mut raw = 0_u64;
    for shift in (0..70).step_by(7) {
        let (byte, rest) = bytes.split_first()?;
        *bytes = rest;
        raw |= u64::from(byte & 0x7f).checked_shl(shift)?;
        if byte & 0x80 == 0 {
            return Some((raw >> 1) as i64 ^ -((raw & 1) as i64));
        }
    }
    None
}

#[cfg(test)]
pub(crate) mod tests {
    use bytes::BytesMut;
    use kafka_protocol::records::{
        Compression, Record, RecordBatchEncoder, RecordEncodeOptions, TimestampType,
    };

    use super::*;

    /// One batch of records with these timestamps, as a producer sends it.
    pub(crate) fn encoded(timestamps: &[i64], producer: Option<(i64, i32)>) -> BytesMut {
        let (producer_id, sequence) = producer.unwrap_or((-1, -1));
        let records: Vec<Record> = (0_i32..)
            .zip(timestamps)
            .map(|(index, timestamp)| Record {
                transactional: false,
                control: false,
                delete_horizon: false,
                partition_leader_epoch: -1,
                producer_id,
                producer_epoch: if producer.is_some() { 0 } else { -1 },
                timestamp_type: TimestampType::Creation,
                offset: i64::from(index),
                sequence: sequence + index,
                timestamp: *timestamp,
                key: None,
                value: Some(format!("value {index}").into()),
                headers: kafka_protocol::indexmap::IndexMap::default(),
            })
            .collect();
        let mut bytes = BytesMut::new();
        let options = RecordEncodeOptions { version: 2, compression: Compression::None };
        RecordBatchEncoder::encode(&mut bytes, &records, &options).unwrap();
        bytes
    }

    type Damage = fn(&mut BytesMut);

    #[test]
    fn what_a_producer_sends_is_accepted_or_refused_with_the_reason() {
        let sound = encoded(&[10, 20, 30], None);
        let batch = Batch::accept(&sound).unwrap();
        assert_eq!((batch.record_count, batch.last_offset_delta, batch.max_timestamp), (3, 2, 30));

        let cases: [(&str, Damage, ResponseError); 4] = [
            ("flipped", |it| *it.last_mut().unwrap() ^= 1, ResponseError::CorruptMessage),
            ("short", |it| it.truncate(it.len() - 1), ResponseError::InvalidRecord),
            ("old format", |it| it[16] = 1, ResponseError::UnsupportedForMessageFormat),
            ("header only", |it| it.truncate(40), ResponseError::CorruptMessage),
        ];
        for (name, damage, expected) in cases {
            let mut bytes = sound.clone();
            damage(&mut bytes);
            assert_eq!(Batch::accept(&bytes).unwrap_err().0, expected, "{name}");
        }
    }

    #[test]
    fn placing_keeps_the_checksum_and_stamping_renews_it() {
        let mut bytes = encoded(&[10, 20, 30], None);
        place(&mut bytes, 1_000, 0);
        assert_eq!(Batch::accept(&bytes).unwrap().base_offset, 1_000);
        stamp(&mut bytes, 77);
        assert_eq!(Batch::accept(&bytes).unwrap().max_timestamp, 77);
    }

    #[test]
    fn a_time_finds_the_first_record_that_is_not_older() {
        let mut bytes = encoded(&[10, 20, 30], None);
        place(&mut bytes, 100, 0);
        for (time, expected) in
            [(5, Some((100, 10))), (20, Some((101, 20))), (21, Some((102, 30))), (31, None)]
        {
            assert_eq!(find_by_time(&bytes, time), expected, "{time}");
        }
    }
}
