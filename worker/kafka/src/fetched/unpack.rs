//! Compressed bytes of a batch, unpacked piece by piece. No length that they name is believed: memory is taken for what
//! has really come out, beside what a codec needs for itself, of which Zstandard's window has the most, 128 MiB.

use std::io::{self, ErrorKind, Read};

use bytes::{Buf, Bytes};

/// How a batch is compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Codec {
    Gzip,
    Snappy,
    Lz4,
    Zstd,
}

impl Codec {
    /// By its number in a batch's attributes.
    pub(super) const fn numbered(number: i16) -> Option<Self> {
        match number {
            1 => Some(Self::Gzip),
            2 => Some(Self::Snappy),
            3 => Some(Self::Lz4),
            4 => Some(Self::Zstd),
            _ => None,
        }
    }

    /// The name in the keys of producers.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Gzip => "gzip",
            Self::Snappy => "snappy",
            Self::Lz4 => "lz4",
            Self::Zstd => "zstd",
        }
    }
}

/// Unpacks one batch.
pub(super) struct Unpacker(Box<dyn Read + Send>);

impl Unpacker {
    /// Snappy unpacks block by block, and blocks of more than `longest_block` bytes are refused.
    pub(super) fn new(codec: Codec, packed: Bytes, longest_block: usize) -> io::Result<Self> {
        Ok(Self(match codec {
            Codec::Gzip => Box::new(flate2::bufread::MultiGzDecoder::new(packed.reader())),
            Codec::Snappy => Box::new(Snappy::new(packed, longest_block)),
            Codec::Lz4 => Box::new(lz4::Decoder::new(packed.reader())?),
            Codec::Zstd => Box::new(zstd::Decoder::with_buffer(packed.reader())?),
        }))
    }

    /// Appends at most `most` bytes, fewer only at the end; returns how many.
    pub(super) fn read(&mut self, piece: &mut Vec<u8>, most: usize) -> io::Result<usize> {
        (&mut self.0).take(most as u64).read_to_end(piece)
    }

    /// Whether nothing comes any more. What comes is lost.
    pub(super) fn is_at_end(&mut self) -> io::Result<bool> {
        Ok(self.0.read(&mut [0])? == 0)
    }
}

/// What Java's Snappy streams begin with, before two numbers of four bytes that name their version. Other clients write
/// one block without a head.
const SNAPPY_STREAM: &[u8] = b"\x82SNAPPY\0";
const SNAPPY_HEAD: usize = 16;
/// Snappy's densest element makes 64 bytes of three.
const SNAPPY_RATIO: usize = 22;

/// Blocks of Snappy.
struct Snappy {
    packed: Bytes,
    is_stream: bool,
    longest_block: usize,
    block: Vec<u8>,
    at: usize,
}

impl Snappy {
    fn new(mut packed: Bytes, longest_block: usize) -> Self {
        let is_stream = packed.starts_with(SNAPPY_STREAM) && packed.len() >= SNAPPY_HEAD;
        if is_stream {
            packed.advance(SNAPPY_HEAD);
        }
        Self { packed, is_stream, longest_block, block: Vec::new(), at: 0 }
    }

    /// Unpacks the next block.
    fn advance(&mut self) -> io::Result<()> {
        let length = match self.is_stream {
            false => self.packed.len(),
            true if self.packed.len() < 4 => return Err(ErrorKind::UnexpectedEof.into()),
            true => self.packed.get_u32() as usize,
        };
        if length > self.packed.len() {
            return Err(ErrorKind::UnexpectedEof.into());
        }
        let packed = self.packed.split_to(length);
        let claimed = snap::raw::decompress_len(&packed)?;
        if claimed > self.longest_block || claimed > packed.len().saturating_mul(SNAPPY_RATIO) {
            let reason = format!("a block of {length} bytes that claims to have {claimed}");
            return Err(io::Error::new(ErrorKind::InvalidData, reason));
        }
        self.block.resize(claimed, 0);
        self.at = 0;
        snap::raw::Decoder::new().decompress(&packed, &mut self.block)?;
        Ok(())
    }
}

impl Read for Snappy {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.at == self.block.len() {
            if self.packed.is_empty() {
                return Ok(0);
            }
            self.advance()?;
        }
        let count = buffer.len().min(self.block.len() - self.at);
        buffer[..count].copy_from_slice(&self.block[self.at..self.at + count]);
        self.at += count;
        Ok(count)
    }
}
