//! What is wrong with bytes that are to be record batches.

/// Why records cannot be read. Holds nothing of what is in them.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Unreadable {
    /// A batch that is shorter than its own head.
    #[error("a batch of {0} bytes")]
    Length(i32),
    /// A format of long ago.
    #[error("message format {0} is not supported: it was last written before Kafka 0.11")]
    Format(u8),
    #[error("the checksum does not match")]
    Checksum,
    #[error("compression codec {0} is not known")]
    Codec(i16),
    /// The compressed bytes are not what the batch says.
    #[error("the batch of offsets {first} to {last} cannot be unpacked with {codec}: {reason}")]
    Packed { first: i64, last: i64, codec: &'static str, reason: String },
    /// A record that does not end with its bytes, or has too many for what is in it.
    #[error("a record at or behind offset {0} is cut")]
    Cut(i64),
    #[error("the headers of the record at offset {0} are cut")]
    Headers(i64),
    /// In Java's words, which name no offsets.
    #[error(
        "Incorrect declared batch size, records still remaining in file: the batch of offsets {first} to {last}"
    )]
    Remaining { first: i64, last: i64 },
    /// One record that would take too much memory.
    #[error(
        "a compressed record at or behind offset {offset}, in the batch of offsets {first} to {last}, unpacks to \
         {bytes} bytes, and {most} are allowed"
    )]
    TooLong { offset: i64, first: i64, last: i64, bytes: usize, most: usize },
}
