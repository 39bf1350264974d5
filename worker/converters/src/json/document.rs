//! The bytes of a record as text.

use bytes::Bytes;
use bytestring::ByteString;

/// Bytes as text, from some place on up to the first that is no UTF-8.
pub(super) struct Document<'a> {
    bytes: &'a Bytes,
    pub(super) text: &'a str,
    /// Whether there are more bytes.
    pub(super) is_cut: bool,
}

impl<'a> Document<'a> {
    pub(super) fn new(bytes: &'a Bytes, from: usize) -> Self {
        let rest = &bytes[from..];
        let (text, is_cut) = match std::str::from_utf8(rest) {
            Ok(text) => (text, false),
            Err(error) => {
                let valid = &rest[..error.valid_up_to()];
                (std::str::from_utf8(valid).unwrap_or_default(), true)
            }
        };
        Self { bytes, text, is_cut }
    }

    /// A part of the document, without a copy.
    pub(super) fn share(&self, part: &'a str) -> ByteString {
        // The bytes are looked at again: a few nanoseconds, for which no other count is kept of the whole.
        self.bytes.slice_ref(part.as_bytes()).try_into().unwrap_or_default()
    }
}
