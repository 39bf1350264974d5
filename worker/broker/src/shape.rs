//! Refuses requests whose announced lengths do not fit the bytes that are there, before anything is allocated for
//! them. The decoder reserves room for as many elements as a request claims to have; this walk over the same bytes
//! shows first that they exist.

use bytes::Buf;
use kafka_protocol::messages::ApiKey;

mod fields;

use fields::Field::{self, Bytes, Fixed, List, Plain, Text};
use fields::{Versioned, fields};

/// Elements of all lists of one request together.
const ELEMENTS: usize = 1_000_000;

/// Whether the body of a request has the shape of its kind, to the last byte.
pub(crate) fn fits(api: ApiKey, version: i16, body: &[u8]) -> bool {
    let Some(fields) = fields(api) else { return false };
    let flexible = api.request_header_version(version) >= 2;
    let mut walk = Walk { version, flexible, rest: body, elements: ELEMENTS };
    walk.structure(fields).is_some() && walk.rest.is_empty()
}

struct Walk<'a> {
    version: i16,
    flexible: bool,
    rest: &'a [u8],
    elements: usize,
}

impl Walk<'_> {
    fn structure(&mut self, fields: &[Versioned]) -> Option<()> {
        for (first, last, field) in fields {
            if (*first..=*last).contains(&self.version) {
                self.field(field)?;
            }
        }
        if self.flexible { self.tagged() } else { Some(()) }
    }

    fn field(&mut self, field: &Field) -> Option<()> {
        match field {
            Fixed(size) => self.skip(*size),
            Text => {
                let length = if self.flexible { self.compact()? } else { self.length_16()? };
                self.skip(length)
            }
            Bytes => {
                let length = if self.flexible { self.compact()? } else { self.length_32()? };
                self.skip(length)
            }
            List(fields) => (0..self.count()?).try_for_each(|_| self.structure(fields)),
            Plain(field) => (0..self.count()?).try_for_each(|_| self.field(field)),
        }
    }

    fn count(&mut self) -> Option<usize> {
        let count = if self.flexible { self.compact()? } else { self.length_32()? };
        self.elements = self.elements.checked_sub(count)?;
        Some(count)
    }

    fn tagged(&mut self) -> Option<()> {
        for _ in 0..self.varint()? {
            self.varint()?;
            let size = self.varint()?;
            self.skip(size)?;
        }
        Some(())
    }

    /// Lengths of -1 stand for null.
    fn length_16(&mut self) -> Option<usize> {
        match self.rest.try_get_i16().ok()? {
            -1 => Some(0),
            length => usize::try_from(length).ok(),
        }
    }

    fn length_32(&mut self) -> Option<usize> {
        match self.rest.try_get_i32().ok()? {
            -1 => Some(0),
            length => usize::try_from(length).ok(),
        }
    }

    /// Compact lengths are one more than they say; 0 stands for null.
    fn compact(&mut self) -> Option<usize> {
        Some(self.varint()?.saturating_sub(1))
    }

    fn varint(&mut self) -> Option<usize> {
        let mut value = 0_u64;
        for shift in [0, 7, 14, 21, 28] {
            let byte = self.rest.try_get_u8().ok()?;
            value |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return u32::try_from(value).ok().map(|value| value as usize);
            }
        }
        None
    }

    fn skip(&mut self, size: usize) -> Option<()> {
        self.rest = self.rest.get(size..)?;
        Some(())
    }
}

#[cfg(test)]
mod tests;
