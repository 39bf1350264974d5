//! The bytes of a record as text.

use bytes::Bytes;
use bytestring::ByteString;

/// Bytes as text, up to the first that is no UTF-8.
pub(super) struct Document {
    pub(super) text: ByteString,
    /// Whether there are more bytes.
    pub(super) is_cut: bool,
}

impl Document {
    pub(super) fn new(mut bytes: Bytes) -> Self {
        let length = bytes.len();
        // `ByteString` looks again, but that costs less than to keep the bytes for the case that it refuses them.
        if !bytes.is_ascii()
            && let Err(error) = std::str::from_utf8(&bytes)
        {
            bytes.truncate(error.valid_up_to());
        }
        let text = ByteString::try_from(bytes).unwrap_or_default();
        Self { is_cut: text.len() < length, text }
    }
}
