//! The bytes of Protobuf: varints, tags and lengths.

/// How the value behind a tag is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum WireType {
    Varint,
    Fixed64,
    Delimited,
    GroupStart,
    GroupEnd,
    Fixed32,
}

impl WireType {
    /// The number in a tag.
    pub(crate) const fn number(self) -> u32 {
        match self {
            Self::Varint => 0,
            Self::Fixed64 => 1,
            Self::Delimited => 2,
            Self::GroupStart => 3,
            Self::GroupEnd => 4,
            Self::Fixed32 => 5,
        }
    }

    fn of(number: u32) -> Option<Self> {
        use WireType::{Delimited, Fixed32, Fixed64, GroupEnd, GroupStart, Varint};
        [Varint, Fixed64, Delimited, GroupStart, GroupEnd, Fixed32]
            .into_iter()
            .find(|it| it.number() == number)
    }
}

/// Appends a varint.
pub(crate) fn put_varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// Appends what `write` appends, with its length before it.
pub(crate) fn put_delimited<E>(
    out: &mut Vec<u8>,
    write: impl FnOnce(&mut Vec<u8>) -> Result<(), E>,
) -> Result<(), E> {
    let start = out.len();
    // Most lengths take one byte; where one takes more, what follows moves.
    out.push(0);
    write(out)?;
    let length = out.len() - start - 1;
    if let Ok(length @ ..0x80) = u8::try_from(length) {
        out[start] = length;
        return Ok(());
    }
    let mut varint = Vec::with_capacity(5);
    put_varint(&mut varint, length as u64);
    out.splice(start..=start, varint);
    Ok(())
}

/// A signed number so that small ones of either sign take few bytes.
pub(crate) const fn zigzag(value: i64) -> u64 {
    ((value << 1) ^ (value >> 63)) as u64
}

/// The number of a zigzag one.
pub(crate) const fn unzigzag(value: u64) -> i64 {
    (value >> 1) as i64 ^ -((value & 1) as i64)
}

/// Why bytes are no message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Malformed {
    #[error("the message ends in the middle of a field")]
    CutOff,
    #[error("a number takes more than ten bytes")]
    LongVarint,
    #[error("a tag is none (field number 0 or an unknown wire type)")]
    Tag,
    #[error("a group ends that did not begin")]
    Group,
    #[error("messages lie in each other more than {} deep", DEEPEST)]
    Deep,
}

/// How deep messages may lie in each other, as in Java.
pub(crate) const DEEPEST: usize = 100;

/// Reads bytes from their beginning.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reader<'a> {
    pub(crate) rest: &'a [u8],
}

impl<'a> Reader<'a> {
    pub(crate) const fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    pub(crate) fn varint(&mut self) -> Result<u64, Malformed> {
        let mut value = 0;
        for (index, &byte) in self.rest.iter().enumerate().take(10) {
            // What does not fit into 64 bits is cut off, as in Java.
            value |= u64::from(byte & 0x7f) << (7 * index);
            if byte < 0x80 {
                self.rest = &self.rest[index + 1..];
                return Ok(value);
            }
        }
        Err(if self.rest.len() < 10 { Malformed::CutOff } else { Malformed::LongVarint })
    }

    pub(crate) fn take(&mut self, length: u64) -> Result<&'a [u8], Malformed> {
        let length = usize::try_from(length).map_err(|_| Malformed::CutOff)?;
        let (taken, rest) = self.rest.split_at_checked(length).ok_or(Malformed::CutOff)?;
        self.rest = rest;
        Ok(taken)
    }

    pub(crate) fn fixed<const N: usize>(&mut self) -> Result<[u8; N], Malformed> {
        let (taken, rest) = self.rest.split_first_chunk().ok_or(Malformed::CutOff)?;
        self.rest = rest;
        Ok(*taken)
    }

    pub(crate) fn delimited(&mut self) -> Result<&'a [u8], Malformed> {
        let length = self.varint()?;
        self.take(length)
    }

    /// The next field; none at the end.
    pub(crate) fn tag(&mut self) -> Result<Option<(u32, WireType)>, Malformed> {
        if self.rest.is_empty() {
            return Ok(None);
        }
        let tag = self.varint()? as u32;
        let wire = WireType::of(tag & 7).ok_or(Malformed::Tag)?;
        if tag >> 3 == 0 {
            return Err(Malformed::Tag);
        }
        Ok(Some((tag >> 3, wire)))
    }

    /// Passes over the value of a field.
    pub(crate) fn skip(&mut self, number: u32, wire: WireType) -> Result<(), Malformed> {
        match wire {
            WireType::Varint => self.varint().map(drop),
            WireType::Fixed64 => self.fixed::<8>().map(drop),
            WireType::Fixed32 => self.fixed::<4>().map(drop),
            WireType::Delimited => self.delimited().map(drop),
            WireType::GroupEnd => Err(Malformed::Group),
            WireType::GroupStart => self.skip_group(number),
        }
    }

    fn skip_group(&mut self, number: u32) -> Result<(), Malformed> {
        let mut open = vec![number];
        while let Some(&innermost) = open.last() {
            let (number, wire) = self.tag()?.ok_or(Malformed::CutOff)?;
            match wire {
                WireType::GroupStart if open.len() >= DEEPEST => return Err(Malformed::Deep),
                WireType::GroupStart => open.push(number),
                WireType::GroupEnd if number == innermost => {
                    open.pop();
                }
                other => self.skip(number, other)?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn varints_are_read_back() {
        for value in [0, 1, 127, 128, 300, u64::from(u32::MAX), u64::MAX] {
            let mut bytes = Vec::new();
            put_varint(&mut bytes, value);
            assert_eq!(Reader::new(&bytes).varint(), Ok(value));
            assert_eq!(Reader::new(&bytes[..bytes.len() - 1]).varint(), Err(Malformed::CutOff));
        }
        assert_eq!(Reader::new(&[0xff; 11]).varint(), Err(Malformed::LongVarint));
        for value in [0, -1, 1, i64::MIN, i64::MAX] {
            assert_eq!(unzigzag(zigzag(value)), value);
        }
    }

    #[test]
    fn lengths_stand_before_what_they_measure() {
        for length in [0, 127, 128, 20_000] {
            let mut bytes = vec![9];
            let write = |out: &mut Vec<u8>| {
                out.extend(vec![7; length]);
                Ok::<(), ()>(())
            };
            put_delimited(&mut bytes, write).unwrap();
            assert_eq!(Reader::new(&bytes[1..]).delimited(), Ok(&vec![7; length][..]));
        }
    }

    #[test]
    fn groups_are_passed_over_up_to_a_depth() {
        let group = |depth: usize| [vec![0x0b; depth], vec![0x0c; depth]].concat();
        for (depth, expected) in
            [(1, Ok(())), (DEEPEST, Ok(())), (DEEPEST + 1, Err(Malformed::Deep))]
        {
            let bytes = group(depth);
            let mut reader = Reader::new(&bytes);
            let (number, wire) = reader.tag().unwrap().unwrap();
            assert_eq!(reader.skip(number, wire), expected, "{depth}");
        }
        assert_eq!(Reader::new(&[0x13, 0x0c]).skip(1, WireType::GroupStart), Err(Malformed::Group));
    }
}
