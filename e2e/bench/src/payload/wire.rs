//! How Avro and Protobuf write numbers and text.

/// Seven bits a byte, the lowest first; the highest bit says that more follow.
pub(super) fn varint(mut number: u64, out: &mut Vec<u8>) {
    while number > 0x7f {
        out.push((number & 0x7f) as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

/// Avro's `long` from zero on: in zigzag order, of which these are the even ones.
pub(super) fn avro_long(number: u64, out: &mut Vec<u8>) {
    varint(number * 2, out);
}

/// Avro's `string`.
pub(super) fn avro_string(text: &str, out: &mut Vec<u8>) {
    avro_long(text.len() as u64, out);
    out.extend_from_slice(text.as_bytes());
}
