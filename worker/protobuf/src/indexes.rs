//! Which message of its file a record is (`MessageIndexes`): indexes as zigzag varints behind their number; the first
//! message of a file is one 0.

use crate::wire::{Reader, put_varint, unzigzag, zigzag};

/// How many indexes there may be, which is how deep messages may be defined in each other.
const MOST: i64 = 100;

/// Appends the indexes of a message.
pub(crate) fn put(indexes: &[u32], out: &mut Vec<u8>) {
    if indexes == [0] {
        out.push(0);
        return;
    }
    put_varint(out, zigzag(indexes.len() as i64));
    for index in indexes {
        put_varint(out, zigzag((*index).into()));
    }
}

/// Reads indexes; also how many bytes they take.
pub(crate) fn read(bytes: &[u8]) -> Result<(Vec<u32>, usize), String> {
    let mut reader = Reader::new(bytes);
    let mut next = || -> Result<i64, String> {
        let number =
            reader.varint().map_err(|_| "the record ends before its message indexes do")?;
        Ok(unzigzag(number))
    };
    let count = next()?;
    if !(0..=MOST).contains(&count) {
        return Err(format!("the record has {count} message indexes"));
    }
    let mut indexes = Vec::new();
    for _ in 0..count {
        let index = next()?;
        indexes.push(u32::try_from(index).map_err(|_| format!("a message index is {index}"))?);
    }
    if indexes.is_empty() {
        indexes.push(0);
    }
    Ok((indexes, bytes.len() - reader.rest.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn indexes_are_read_back() {
        for (indexes, bytes) in
            [(&[0][..], &[0][..]), (&[4], &[2, 8]), (&[1, 0, 200], &[6, 2, 0, 0x90, 3])]
        {
            let mut written = Vec::new();
            put(indexes, &mut written);
            assert_eq!(written, bytes);
            written.push(9);
            assert_eq!(read(&written), Ok((indexes.to_vec(), bytes.len())));
        }
        for bytes in [&[][..], &[2], &[1], &[0xca, 1, 0], &[2, 1]] {
            assert!(read(bytes).is_err(), "{bytes:?}");
        }
    }
}
