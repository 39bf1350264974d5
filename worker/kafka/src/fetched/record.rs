//! One record of a batch as it stands on the wire (message format v2, KIP-98): lengths and numbers are zigzag varints.

use std::ops::Range;

/// Most bytes of a number.
const LONGEST_NUMBER: usize = 10;

/// Where the parts of a record lie in the bytes that it was read from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Record {
    pub(super) offset_delta: i32,
    pub(super) timestamp_delta: i64,
    pub(super) key: Option<Range<usize>>,
    pub(super) value: Option<Range<usize>>,
    /// Number of headers, and where they begin.
    pub(super) headers: (usize, usize),
    /// Where the next record begins.
    pub(super) end: usize,
}

/// The bytes are no record, or not all of one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Cut;

/// Reads the record that begins at `at`.
#[inline]
pub(super) fn read(bytes: &[u8], at: usize) -> Result<Record, Cut> {
    let mut cursor = Cursor { bytes, at };
    let length = cursor.length()?;
    let end = cursor.at.checked_add(length).filter(|end| *end <= bytes.len()).ok_or(Cut)?;
    // Attributes, of which there are none.
    cursor.at += 1;
    let timestamp_delta = cursor.long()?;
    let offset_delta = i32::try_from(cursor.long()?).map_err(|_| Cut)?;
    let key = cursor.span()?;
    let value = cursor.span()?;
    let count = cursor.length()?;
    if cursor.at > end {
        return Err(Cut);
    }
    Ok(Record { offset_delta, timestamp_delta, key, value, headers: (count, cursor.at), end })
}

/// How many bytes a record that begins with `bytes` has with its length; as many as its length may have if not even
/// that is whole.
pub(super) fn length(bytes: &[u8]) -> Result<usize, Cut> {
    let mut cursor = Cursor { bytes, at: 0 };
    match cursor.length() {
        Ok(length) => cursor.at.checked_add(length).ok_or(Cut),
        Err(Cut) if bytes.len() < LONGEST_NUMBER => Ok(LONGEST_NUMBER),
        Err(Cut) => Err(Cut),
    }
}

/// Reads the header that begins at `at`: its name, its value, and where the next one begins.
pub(super) fn header(bytes: &[u8], at: usize) -> Result<(&str, Option<Range<usize>>, usize), Cut> {
    let mut cursor = Cursor { bytes, at };
    let name = cursor.span()?.ok_or(Cut)?;
    let name = std::str::from_utf8(&bytes[name]).map_err(|_| Cut)?;
    let value = cursor.span()?;
    Ok((name, value, cursor.at))
}

struct Cursor<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Cursor<'_> {
    #[inline]
    fn long(&mut self) -> Result<i64, Cut> {
        let first = *self.bytes.get(self.at).ok_or(Cut)?;
        self.at += 1;
        let mut raw = u64::from(first & 0x7f);
        let mut shift = 7;
        let mut more = first & 0x80 != 0;
        while more {
            let next = *self.bytes.get(self.at).ok_or(Cut)?;
            self.at += 1;
            if shift > 63 {
                return Err(Cut);
            }
            raw |= u64::from(next & 0x7f) << shift;
            shift += 7;
            more = next & 0x80 != 0;
        }
        Ok((raw >> 1) as i64 ^ -((raw & 1) as i64))
    }

    /// A length that cannot be missing.
    #[inline]
    fn length(&mut self) -> Result<usize, Cut> {
        usize::try_from(self.long()?).map_err(|_| Cut)
    }

    /// A length of -1 for null, or that many bytes.
    #[inline]
    fn span(&mut self) -> Result<Option<Range<usize>>, Cut> {
        let length = self.long()?;
        if length == -1 {
            return Ok(None);
        }
        let start = self.at;
        let length = usize::try_from(length).map_err(|_| Cut)?;
        let end = start.checked_add(length).filter(|end| *end <= self.bytes.len()).ok_or(Cut)?;
        self.at = end;
        Ok(Some(start..end))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_found_where_they_lie() {
        // length 15: attributes, timestamp +5, offset +1, key "k", value "vw", one header "h" without a value.
        let bytes = [9, 30, 0, 10, 2, 2, b'k', 4, b'v', b'w', 2, 2, b'h', 1, 0, 0, 0, 7];
        let record = read(&bytes, 1).expect("a record");
        assert_eq!((record.timestamp_delta, record.offset_delta), (5, 1));
        assert_eq!((record.key, record.value), (Some(6..7), Some(8..10)));
        assert_eq!((record.headers, record.end), ((1, 11), 17));
        assert_eq!(header(&bytes, 11), Ok(("h", None, 14)));
    }

    #[test]
    fn the_length_is_known_before_the_record_is() {
        for (bytes, expected) in [
            (&[30, 0][..], Ok(16)),
            (&[0x80, 0x80, 0x80, 0x80, 0x08], Ok((1 << 30) + 5)),
            (&[], Ok(LONGEST_NUMBER)),
            (&[0x80; 9], Ok(LONGEST_NUMBER)),
            (&[1], Ok(LONGEST_NUMBER)),
            (&[0x80; 10], Err(Cut)),
            (&[1, 0, 0, 0, 0, 0, 0, 0, 0, 0], Err(Cut)),
        ] {
            assert_eq!(length(bytes), expected, "{bytes:?}");
        }
    }

    #[test]
    fn what_is_cut_or_lies_about_its_length_is_no_record() {
        let whole = [30, 0, 10, 2, 2, b'k', 4, b'v', b'w', 2, 2, b'h', 1, 0, 0, 0];
        for cut in 0..whole.len() {
            assert_eq!(read(&whole[..cut], 0), Err(Cut), "{cut}");
        }
        for (at, byte) in [(0, 1), (0, 0xff), (4, 0x7f), (6, 0x7f)] {
            let mut bytes = whole;
            bytes[at] = byte;
            assert_eq!(read(&bytes, 0), Err(Cut), "{at}");
        }
        assert_eq!(read(&[0xff; 12], 0), Err(Cut));
    }
}
