//! The parts of Avro's binary form, read one after the other.

use bytes::{Buf, Bytes};
use bytestring::ByteString;

/// So many items of lists may take no bytes in one record: a few bytes could else stand for billions.
const MOST_EMPTY: u64 = 1 << 16;

/// What is left of a record.
pub(crate) struct Cursor {
    rest: Bytes,
    empty: u64,
}

const CUT_OFF: &str = "the record ends in the middle of a value";

impl Cursor {
    pub(crate) const fn new(record: Bytes) -> Self {
        Self { rest: record, empty: 0 }
    }

    pub(crate) fn byte(&mut self) -> Result<u8, String> {
        if self.rest.is_empty() {
            return Err(CUT_OFF.to_owned());
        }
        Ok(self.rest.get_u8())
    }

    pub(crate) fn array<const N: usize>(&mut self) -> Result<[u8; N], String> {
        let found = *self.rest.first_chunk().ok_or(CUT_OFF)?;
        self.rest.advance(N);
        Ok(found)
    }

    pub(crate) fn long(&mut self) -> Result<i64, String> {
        let mut value = 0_u64;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            value |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Ok((value >> 1) as i64 ^ -((value & 1) as i64));
            }
        }
        Err("Invalid long encoding".to_owned())
    }

    pub(crate) fn int(&mut self) -> Result<i32, String> {
        i32::try_from(self.long()?).map_err(|_| "Invalid int encoding".to_owned())
    }

    pub(crate) fn take(&mut self, length: usize) -> Result<Bytes, String> {
        if length > self.rest.len() {
            return Err(CUT_OFF.to_owned());
        }
        Ok(self.rest.split_to(length))
    }

    pub(crate) fn bytes(&mut self) -> Result<Bytes, String> {
        let length = self.long()?;
        let length =
            usize::try_from(length).map_err(|_| "Malformed data. Length is negative".to_owned())?;
        self.take(length)
    }

    pub(crate) fn text(&mut self) -> Result<ByteString, String> {
        ByteString::try_from(self.bytes()?).map_err(|_| "a text is no UTF-8".to_owned())
    }

    /// The type of a union that comes next.
    pub(crate) fn branch<'a, T>(&mut self, branches: &'a [T]) -> Result<&'a T, String> {
        let place = usize::try_from(self.long()?).ok();
        place
            .and_then(|it| branches.get(it))
            .ok_or_else(|| "a type that the union does not have".to_owned())
    }

    /// Reads each item of a list or map, in blocks.
    pub(crate) fn blocks(
        &mut self,
        mut item: impl FnMut(&mut Self) -> Result<(), String>,
    ) -> Result<(), String> {
        loop {
            let mut count = self.long()?;
            if count == 0 {
                return Ok(());
            }
            if count < 0 {
                count = count.checked_neg().ok_or("Malformed data. Length is negative")?;
                self.long()?;
            }
            for _ in 0..count {
                let before = self.rest.len();
                item(self)?;
                if self.rest.len() == before {
                    self.empty += 1;
                    if self.empty > MOST_EMPTY {
                        return Err(format!("more than {MOST_EMPTY} items take no bytes"));
                    }
                }
            }
        }
    }
}
