//! The records of one batch, of which a compressed one has only as many in memory as were asked for.

use bytes::Bytes;

use super::{
    Enough, Origin, Unreadable,
    head::{HEAD, Head},
    record::{self, Record},
    unpack::{Codec, Unpacker},
};
use crate::{
    batch::{Batch, Headers, Place},
    message::TimestampType,
};

/// So much of a compressed batch is unpacked at once, but for longer records.
const PIECE: usize = 256 * 1024;

/// A batch whose records are being handed out.
pub(super) struct OpenBatch {
    /// Holds records: the fetch itself, or a piece of what is being unpacked from it.
    bytes: Bytes,
    at: usize,
    /// Unpacks what follows `bytes`; none if they are the whole batch.
    rest: Option<Rest>,
    left: i32,
    base_offset: i64,
    base_timestamp: i64,
    /// The time of all records, if the broker set it.
    append_time: Option<i64>,
    next_offset: i64,
}

/// The part of a compressed batch that is not unpacked yet.
struct Rest {
    codec: Codec,
    unpacker: Unpacker,
    /// Bytes of the batch as it came.
    packed: usize,
    longest_record: usize,
}

impl Rest {
    fn new(
        codec: Codec,
        packed: Bytes,
        head: &Head,
        longest_record: usize,
    ) -> Result<Self, Unreadable> {
        let length = packed.len();
        let unpacker = Unpacker::new(codec, packed, longest_record)
            .map_err(|cause| refused(codec, head.base_offset, head.next_offset, &cause))?;
        Ok(Self { codec, unpacker, packed: length, longest_record })
    }
}

impl OpenBatch {
    pub(super) fn new(
        head: &Head,
        whole: &Bytes,
        longest_record: usize,
    ) -> Result<Self, Unreadable> {
        let (bytes, at, rest) = match head.codec() {
            0 => (whole.clone(), HEAD, None),
            codec => {
                let codec = Codec::numbered(codec).ok_or(Unreadable::Codec(codec))?;
                (
                    Bytes::new(),
                    0,
                    Some(Rest::new(codec, whole.slice(HEAD..), head, longest_record)?),
                )
            }
        };
        Ok(Self {
            bytes,
            at,
            rest,
            left: head.count,
            base_offset: head.base_offset,
            base_timestamp: head.base_timestamp,
            append_time: head.append_time,
            next_offset: head.next_offset,
        })
    }

    /// The offset behind it.
    pub(super) const fn next_offset(&self) -> i64 {
        self.next_offset
    }

    /// Bytes that it holds.
    pub(super) fn size(&self) -> usize {
        self.bytes.len() - self.at + self.rest.as_ref().map_or(0, |it| it.packed)
    }

    /// Hands out records from `position` on, which it moves behind them. False once none are left.
    pub(super) fn hand_out(
        &mut self,
        batch: &mut Batch,
        enough: Enough,
        of: &Origin,
        position: &mut i64,
    ) -> Result<bool, Unreadable> {
        while self.left > 0 {
            if batch.has(enough) {
                return Ok(true);
            }
            let is_short = self.hand_out_piece(batch, enough, of, position)?;
            if is_short {
                if batch.unpacked() >= enough.unpacked {
                    return Ok(true);
                }
                self.unpack(*position)?;
                batch.count_unpacked(self.bytes.len());
            }
        }
        Ok(false)
    }

    /// Hands out the records that lie in `bytes`; true if the next one does not, or not all of it.
    fn hand_out_piece(
        &mut self,
        batch: &mut Batch,
        enough: Enough,
        of: &Origin,
        position: &mut i64,
    ) -> Result<bool, Unreadable> {
        if self.at == self.bytes.len() {
            return Ok(true);
        }
        let mut shown = batch.showing(&of.topic, &self.bytes);
        while self.left > 0 && !shown.has(enough) {
            let Ok(record) = record::read(&self.bytes, self.at) else { return Ok(true) };
            self.at = record.end;
            self.left -= 1;
            if self.left == 0 {
                self.check_end()?;
            }
            let offset = self.base_offset.wrapping_add(record.offset_delta.into());
            if offset < *position {
                continue;
            }
            let headers = self.headers(&record).map_err(|_| Unreadable::Headers(offset))?;
            shown.push(self.place(of, offset, &record), record.key, record.value, headers);
            *position = offset.wrapping_add(1);
        }
        Ok(false)
    }

    fn place(&self, of: &Origin, offset: i64, record: &Record) -> Place {
        Place {
            partition: of.partition,
            offset,
            timestamp: self
                .append_time
                .unwrap_or_else(|| self.base_timestamp.wrapping_add(record.timestamp_delta)),
            timestamp_type: match self.append_time {
                Some(_) => TimestampType::LogAppendTime,
                None => TimestampType::CreateTime,
            },
        }
    }

    fn headers(&self, record: &Record) -> Result<Headers, record::Cut> {
        let (count, mut at) = record.headers;
        if count == 0 {
            return Ok(Headers::new());
        }
        // A count that lies must not reserve memory: the shortest header has two bytes.
        let mut headers = Headers::with_capacity(count.min((record.end - at) / 2));
        for _ in 0..count {
            let (name, value, end) = record::header(&self.bytes[..record.end], at)?;
            headers.push((name.into(), value.map(|it| self.bytes.slice(it))));
            at = end;
        }
        Ok(headers)
    }

    /// Unpacks the next piece, which begins with the record at `at`.
    fn unpack(&mut self, position: i64) -> Result<(), Unreadable> {
        let cut = || Unreadable::Cut(position);
        let (first, next) = (self.base_offset, self.next_offset);
        let tail = &self.bytes[self.at..];
        let needed = record::length(tail).map_err(|_| cut())?;
        // A record that is whole and yet cannot be read is broken.
        let Some(rest) = self.rest.as_mut().filter(|_| needed > tail.len()) else {
            return Err(cut());
        };
        if needed > rest.longest_record {
            let most = rest.longest_record;
            let last = next.wrapping_sub(1);
            return Err(Unreadable::TooLong { offset: position, first, last, bytes: needed, most });
        }
        let guess = PIECE.min(rest.packed.saturating_mul(8));
        let mut piece = Vec::with_capacity(needed.max(guess));
        piece.extend_from_slice(tail);
        let unpacked = rest.unpacker.read(&mut piece, needed.max(PIECE) - tail.len());
        if unpacked.map_err(|cause| refused(rest.codec, first, next, &cause))? == 0 {
            return Err(cut());
        }
        self.bytes = piece.into();
        self.at = 0;
        Ok(())
    }

    /// As for Java, a batch with more in it than it says is broken: what follows would be lost in silence.
    fn check_end(&mut self) -> Result<(), Unreadable> {
        let (first, next) = (self.base_offset, self.next_offset);
        let is_end = match &mut self.rest {
            _ if self.at < self.bytes.len() => false,
            Some(rest) => {
                let is_end = rest.unpacker.is_at_end();
                is_end.map_err(|cause| refused(rest.codec, first, next, &cause))?
            }
            None => true,
        };
        if is_end {
            Ok(())
        } else {
            Err(Unreadable::Remaining { first, last: next.wrapping_sub(1) })
        }
    }
}

fn refused(codec: Codec, first: i64, next: i64, cause: &std::io::Error) -> Unreadable {
    let last = next.wrapping_sub(1);
    Unreadable::Packed { first, last, codec: codec.name(), reason: cause.to_string() }
}
