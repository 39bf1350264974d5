//! A `java.util.HashMap<byte[], byte[]>` as Java's object serialization writes it (Java Object Serialization
//! Specification, §6). Only what such a map can be is understood; anything else is named with its place. Pure.

use std::{collections::BTreeMap, fmt};

/// Keys and values; none stands for null.
pub(super) type Entries = BTreeMap<Vec<u8>, Option<Vec<u8>>>;

/// What every stream with a map begins with: the class, its two fields, and that they follow by methods of its own.
const HEAD: &[u8] =
    b"\xac\xed\x00\x05sr\x00\x11java.util.HashMap\x05\x07\xda\xc1\xc3\x16\x60\xd1\x03\x00\x02\
    F\x00\x0aloadFactorI\x00\x09thresholdxp";
/// `loadFactor`: 0.75.
const LOAD_FACTOR: &[u8] = b"\x3f\x40\x00\x00";
/// The class of the first array.
const ARRAY_CLASS: &[u8] = b"r\x00\x02[B\xac\xf3\x17\xf8\x06\x08\x54\xe0\x02\x00\x00xp";
/// The class of each array after it.
const SAME_CLASS: &[u8] = b"q\x00\x7e\x00\x02";
const BLOCK: &[u8] = b"w\x08";
const ARRAY: u8 = b'u';
const NULL: u8 = b'p';
const REFERENCE: u8 = b'q';
const END: u8 = b'x';
/// The number of the first array: the map's class, the map and the arrays' class come before it.
const FIRST_ARRAY: u32 = 0x007e_0003;

/// What of a stream is not as it should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Malformed {
    at: usize,
    expected: &'static str,
}

impl fmt::Display for Malformed {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { at, expected } = self;
        write!(
            out,
            "byte {at} is not where {expected} begins, as in a file that Kafka Connect wrote"
        )
    }
}

impl std::error::Error for Malformed {}

/// Reads a map. A null key is left out: it names no partition.
pub(super) fn read(bytes: &[u8]) -> Result<Entries, Malformed> {
    let mut reader = Reader { bytes, at: 0, arrays: Vec::new() };
    reader.expect(HEAD, "a map of Java's")?;
    // Neither the load factor nor the threshold says anything about the entries, nor the number of buckets.
    reader.take(8, "the fields of the map")?;
    reader.expect(BLOCK, "the size of the map")?;
    reader.take(4, "the size of the map")?;
    let size = reader.number("the size of the map")?;
    let mut entries = Entries::new();
    for _ in 0..size {
        let (key, value) = (reader.array()?, reader.array()?);
        if let Some(key) = key {
            entries.insert(key, value);
        }
    }
    reader.expect(&[END], "the end of the map")?;
    if reader.at < bytes.len() { Err(reader.malformed("the end of the file")) } else { Ok(entries) }
}

/// Writes a map that Java reads.
pub(super) fn write(entries: &Entries) -> Vec<u8> {
    let buckets = buckets(entries.len());
    let threshold = buckets / 4 * 3;
    let mut bytes = [HEAD, LOAD_FACTOR].concat();
    bytes.extend(threshold.to_be_bytes());
    bytes.extend(BLOCK);
    bytes.extend(buckets.to_be_bytes());
    bytes.extend((entries.len() as u32).to_be_bytes());
    let mut class = ARRAY_CLASS;
    for part in entries.iter().flat_map(|(key, value)| [Some(key), value.as_ref()]) {
        let Some(part) = part else {
            bytes.push(NULL);
            continue;
        };
        bytes.push(ARRAY);
        bytes.extend(class);
        bytes.extend((part.len() as u32).to_be_bytes());
        bytes.extend(part);
        class = SAME_CLASS;
    }
    bytes.push(END);
    bytes
}

/// How many buckets a map has that has grown to so many entries.
fn buckets(entries: usize) -> u32 {
    let mut buckets = 16_u32;
    while ((buckets / 4 * 3) as usize) < entries && buckets < 1 << 30 {
        buckets *= 2;
    }
    buckets
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
    /// Where the arrays lie that were read, in the order in which the stream numbers them.
    arrays: Vec<(usize, usize)>,
}

impl Reader<'_> {
    fn malformed(&self, expected: &'static str) -> Malformed {
        Malformed { at: self.at, expected }
    }

    fn take(&mut self, count: usize, what: &'static str) -> Result<&[u8], Malformed> {
        let end = self.at.checked_add(count).filter(|it| *it <= self.bytes.len());
        let Some(end) = end else { return Err(self.malformed(what)) };
        let taken = &self.bytes[self.at..end];
        self.at = end;
        Ok(taken)
    }

    fn expect(&mut self, wanted: &[u8], what: &'static str) -> Result<(), Malformed> {
        if !self.bytes[self.at..].starts_with(wanted) {
            return Err(self.malformed(what));
        }
        self.at += wanted.len();
        Ok(())
    }

    fn number(&mut self, what: &'static str) -> Result<u32, Malformed> {
        let mut bytes = [0; 4];
        bytes.copy_from_slice(self.take(4, what)?);
        Ok(u32::from_be_bytes(bytes))
    }

    /// A key or value: an array, null, or an array that came before.
    fn array(&mut self) -> Result<Option<Vec<u8>>, Malformed> {
        const WHAT: &str = "a key or value";
        let start = self.at;
        let range = match self.take(1, WHAT)?[0] {
            NULL => return Ok(None),
            REFERENCE => {
                let number = self.number(WHAT)?.checked_sub(FIRST_ARRAY);
                let known = number.and_then(|it| self.arrays.get(it as usize));
                *known.ok_or(Malformed { at: start, expected: WHAT })?
            }
            ARRAY => {
                let class = if self.arrays.is_empty() { ARRAY_CLASS } else { SAME_CLASS };
                self.expect(class, "an array of bytes")?;
                let length = self.number("the length of an array")? as usize;
                let begin = self.at;
                self.take(length, "an array as long as it says")?;
                self.arrays.push((begin, self.at));
                (begin, self.at)
            }
            _ => return Err(Malformed { at: start, expected: WHAT }),
        };
        Ok(Some(self.bytes[range.0..range.1].to_vec()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entries(number: usize) -> Entries {
        let entry = |it: usize| {
            let value = (!it.is_multiple_of(3)).then(|| vec![b'v'; it]);
            (format!("[\"c\",{{\"n\":{it}}}]").into_bytes(), value)
        };
        (0..number).map(entry).collect()
    }

    #[test]
    fn maps_come_back_as_they_were() {
        for number in [0, 1, 2, 12, 13, 100] {
            let entries = entries(number);
            assert_eq!(read(&write(&entries)), Ok(entries), "{number}");
        }
    }

    #[test]
    fn arrays_may_be_told_by_their_numbers() {
        let one = Entries::from([(b"k".to_vec(), Some(b"k".to_vec()))]);
        let mut bytes = write(&one);
        let again = bytes.len() - (SAME_CLASS.len() + 1 + 4 + 1 + 1);
        bytes.truncate(again);
        bytes.extend([REFERENCE, 0, 0x7e, 0, 3, END]);
        assert_eq!(read(&bytes), Ok(one));
    }

    #[test]
    fn any_piece_of_a_stream_and_any_other_byte_is_refused_or_read_but_never_more() {
        let whole = write(&entries(5));
        for length in 0..whole.len() {
            assert!(read(&whole[..length]).is_err(), "{length} bytes");
        }
        for at in 0..whole.len() {
            let mut changed = whole.clone();
            changed[at] ^= 0xff;
            let _ = read(&changed);
        }
        let behind = [whole, vec![0]].concat();
        let error = read(&behind).unwrap_err().to_string();
        assert!(error.contains("the end of the file"), "{error}");
        let error = read(b"position=1").unwrap_err().to_string();
        assert!(error.starts_with("byte 0 is not where a map of Java's begins"), "{error}");
    }

    #[test]
    fn maps_grow_as_java_s_do() {
        for (entries, expected) in [(0, 16), (12, 16), (13, 32), (24, 32), (25, 64), (1000, 2048)] {
            assert_eq!(buckets(entries), expected, "{entries}");
        }
    }
}
