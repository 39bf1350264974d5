//! Whether a record has headers, told from the bytes behind its value.
//!
//! librdkafka unpacks headers when it is asked for them, and to find none costs it two allocations. But keys and
//! values lie in the fetched bytes as the broker has sent them: between the value of one record and the value of the
//! next there are the first one's headers and the head of the next. If that head, read where it must be if there are no
//! headers, is the next record's to the last byte, then there are none. In any other case librdkafka is asked.

/// The longest head of a record without its key: six numbers and a byte. A longer gap is no plain one.
pub(super) const LONGEST_HEAD: usize = 40;

/// Whether `gap`, all bytes between the values of two records, begins with "no headers" and goes on with exactly the head
/// of a record with such a key and a value of this length.
pub(super) fn shows_no_headers(gap: &[u8], key: Option<usize>, value: usize) -> bool {
    let mut rest = Rest(gap);
    let mut head = || {
        let headers = rest.unsigned()?;
        let length = rest.signed()?;
        let behind_length = rest.0.len();
        // Attributes.
        rest.skip(1)?;
        let _timestamp = rest.signed()?;
        let _offset = rest.signed()?;
        let key_length = rest.signed()?;
        rest.skip(usize::try_from(key_length).unwrap_or(0))?;
        let value_length = rest.signed()?;
        let lengths = [key_length, value_length];
        let expected = [key.map_or(-1, |it| it as i64), value as i64];
        // The record ends with its own headers, of at least a byte.
        let is_long_enough = length > (behind_length + value) as i64;
        Some(headers == 0 && lengths == expected && is_long_enough && rest.0.is_empty())
    };
    head().unwrap_or(false)
}

struct Rest<'a>(&'a [u8]);

impl Rest<'_> {
    fn skip(&mut self, bytes: usize) -> Option<()> {
        self.0 = self.0.get(bytes..)?;
        Some(())
    }

    fn unsigned(&mut self) -> Option<u64> {
        let mut value = 0;
        for shift in (0..64).step_by(7) {
            let (&byte, rest) = self.0.split_first()?;
            self.0 = rest;
            value |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Some(value);
            }
        }
        None
    }

    fn signed(&mut self) -> Option<i64> {
        let raw = self.unsigned()?;
        Some((raw >> 1) as i64 ^ -((raw & 1) as i64))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(out: &mut Vec<u8>, value: i64) {
        let mut raw = ((value << 1) ^ (value >> 63)) as u64;
        while raw >= 0x80 {
            out.push(raw as u8 | 0x80);
            raw >>= 7;
        }
        out.push(raw as u8);
    }

    /// The headers of one record and the head of the next.
    fn gap(headers: &[u8], key: Option<&[u8]>, value: usize) -> Vec<u8> {
        let mut body = vec![0];
        number(&mut body, 1_000);
        number(&mut body, 300);
        number(&mut body, key.map_or(-1, |it| it.len() as i64));
        body.extend_from_slice(key.unwrap_or_default());
        number(&mut body, value as i64);
        let mut gap = headers.to_vec();
        number(&mut gap, (body.len() + value + 1) as i64);
        gap.extend(body);
        gap
    }

    #[test]
    fn plain_records_are_seen_as_such() {
        for (key, value) in [(None, 100), (Some(&b"key"[..]), 0), (Some(&b""[..]), 5_000)] {
            let gap = gap(&[0], key, value);
            assert!(shows_no_headers(&gap, key.map(<[u8]>::len), value), "{key:?} {value}");
        }
    }

    #[test]
    fn whatever_is_not_plain_is_not_taken_for_it() {
        let plain = gap(&[0], Some(b"key"), 100);
        let one_header = gap(&[2, 2, b'a', 1], Some(b"key"), 100);
        for (gap, key, value) in [
            (&one_header[..], Some(3), 100),
            // No header of the record is as long as it says.
            (&plain[..plain.len() - 1], Some(3), 100),
            (&plain[1..], Some(3), 100),
            (&[], Some(3), 100),
            (&[0; 12], Some(3), 100),
            (&[0x80; 12], Some(3), 100),
            // Another record's head.
            (&plain, Some(2), 100),
            (&plain, None, 100),
            (&plain, Some(3), 101),
        ] {
            assert!(!shows_no_headers(gap, key, value), "{gap:?}");
        }
    }

    #[test]
    fn a_head_whose_record_is_too_short_for_its_parts_is_none() {
        let mut gap = gap(&[0], None, 10);
        gap[1] = 2;
        assert!(!shows_no_headers(&gap, None, 10));
    }
}
