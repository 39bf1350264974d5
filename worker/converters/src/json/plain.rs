//! Looks for the bytes of a text that JSON escapes, eight at a time.

/// Bytes that are looked at together.
const STRIDE: usize = 8;
const HIGH: u64 = each(0x80);

const fn each(byte: u8) -> u64 {
    u64::from_le_bytes([byte; STRIDE])
}

/// How many bytes there are before the first quote, backslash or control character.
#[inline]
pub(super) fn plain_length(bytes: &[u8]) -> usize {
    length(bytes, special, |it| it < 0x20 || matches!(it, b'"' | b'\\'))
}

/// The same, and before the first character that takes four bytes.
#[inline]
pub(super) fn plain_narrow_length(bytes: &[u8]) -> usize {
    length(
        bytes,
        |it| special(it) | wide(it),
        |it| it < 0x20 || matches!(it, b'"' | b'\\' | 0xf0..),
    )
}

#[inline]
fn length(bytes: &[u8], marks: impl Fn(u64) -> u64, is_marked: impl Fn(u8) -> bool) -> usize {
    let mut at = 0;
    while let Some(chunk) = bytes[at..].first_chunk() {
        let found = marks(u64::from_le_bytes(*chunk));
        if found != 0 {
            return at + found.trailing_zeros() as usize / STRIDE;
        }
        at += STRIDE;
    }
    at + bytes[at..].iter().position(|it| is_marked(*it)).unwrap_or(bytes.len() - at)
}

/// Sets the high bit of the bytes that are special. A borrow can set bits above the first one, which is all that counts.
const fn special(word: u64) -> u64 {
    let (quote, backslash) = (word ^ each(b'"'), word ^ each(b'\\'));
    let control = word.wrapping_sub(each(0x20)) & !word;
    let quote = quote.wrapping_sub(each(1)) & !quote;
    let backslash = backslash.wrapping_sub(each(1)) & !backslash;
    (control | quote | backslash) & HIGH
}

/// Sets the high bit of the bytes whose upper four bits are set.
const fn wide(word: u64) -> u64 {
    word & (word << 1) & (word << 2) & (word << 3) & HIGH
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_byte_is_found_at_each_place_and_behind_each_other_byte() {
        for byte in 0..=u8::MAX {
            let (is_plain, is_narrow) = (
                byte >= 0x20 && byte != b'"' && byte != b'\\',
                byte >= 0x20 && byte != b'"' && byte != b'\\' && byte < 0xf0,
            );
            for place in 0..20 {
                for filler in [b' ', b'!', b'#', b'[', b']', b'z', 0x7f, 0x80, 0xa2, 0xdc, 0xef] {
                    let mut bytes = [filler; 20];
                    bytes[place] = byte;
                    let expected = |is_plain| if is_plain { bytes.len() } else { place };
                    assert_eq!(plain_length(&bytes), expected(is_plain), "{byte} at {place}");
                    assert_eq!(
                        plain_narrow_length(&bytes),
                        expected(is_narrow),
                        "{byte} at {place}"
                    );
                }
            }
        }
        assert_eq!(plain_length(b""), 0);
    }
}
