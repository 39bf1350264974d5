//! Where the bytes of a partition are: in memory, or in one append-only file.
//!
//! The file is written before a batch is acknowledged, so a killed process loses nothing; it is synced to the disk
//! only at an orderly stop, so a machine that loses power may lose the end. What a crash leaves half written at the
//! end is cut off when the file is opened again.

use std::collections::VecDeque;
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::FileExt;
use std::path::Path;

use bytes::{Bytes, BytesMut};

use super::batch::{self, Batch, HEADER};

#[derive(Debug)]
pub(crate) enum Store {
    /// One piece per batch.
    Memory {
        pieces: VecDeque<Bytes>,
        end: u64,
    },
    File {
        file: File,
        end: u64,
    },
}

impl Store {
    pub(crate) fn memory() -> Self {
        Self::Memory { pieces: VecDeque::new(), end: 0 }
    }

    /// Opens or creates a file, hands every sound batch in it to `found` with its position, and cuts off the rest.
    pub(crate) fn open(path: &Path, mut found: impl FnMut(Batch, u64)) -> io::Result<Self> {
        let file = OpenOptions::new().read(true).append(true).create(true).open(path)?;
        let length = file.metadata()?.len();
        let mut end = 0;
        let mut next_offset = 0;
        let mut bytes = BytesMut::new();
        while end + HEADER as u64 <= length {
            let mut header = [0; HEADER];
            file.read_exact_at(&mut header, end)?;
            let Some(batch) = Batch::read(&header) else { break };
            if end + batch.size as u64 > length || batch.base_offset < next_offset {
                break;
            }
            bytes.resize(batch.size, 0);
            file.read_exact_at(&mut bytes, end)?;
            if !batch::is_sound(&bytes) {
                break;
            }
            found(batch, end);
            next_offset = batch.last_offset() + 1;
            end += batch.size as u64;
        }
        if end < length {
            tracing::warn!(file = %path.display(), bytes = length - end, "a torn end is cut off");
            file.set_len(end)?;
        }
        Ok(Self::File { file, end })
    }

    /// Adds a whole batch and answers its position. A write that fails half-way is undone.
    pub(crate) fn append(&mut self, batch: Bytes) -> io::Result<u64> {
        match self {
            Self::Memory { pieces, end } => {
                let position = *end;
                *end += batch.len() as u64;
                pieces.push_back(batch);
                Ok(position)
            }
            Self::File { file, end } => {
                let position = *end;
                if let Err(error) = file.write_all(&batch) {
                    file.set_len(position)?;
                    return Err(error);
                }
                *end += batch.len() as u64;
                Ok(position)
            }
        }
    }

    /// `length` bytes of whole batches from `position` on; `index` is the first one's place among those kept.
    pub(crate) fn read(&self, index: usize, position: u64, length: usize) -> io::Result<Bytes> {
        match self {
            Self::Memory { pieces, .. } => {
                let mut wanted = pieces.range(index..);
                let Some(one) = wanted.next().filter(|one| one.len() < length) else {
                    return Ok(pieces[index].clone());
                };
                let mut bytes = BytesMut::with_capacity(length);
                bytes.extend_from_slice(one);
                while let Some(piece) = wanted.next().filter(|_| bytes.len() < length) {
                    bytes.extend_from_slice(piece);
                }
                Ok(bytes.freeze())
            }
            Self::File { file, .. } => {
                let mut bytes = BytesMut::zeroed(length);
                file.read_exact_at(&mut bytes, position)?;
                Ok(bytes.freeze())
            }
        }
    }

    /// Forgets the first batch; the bytes that came back to memory.
    pub(crate) fn drop_first(&mut self) -> usize {
        match self {
            Self::Memory { pieces, .. } => pieces.pop_front().map_or(0, |piece| piece.len()),
            Self::File { .. } => 0,
        }
    }

    pub(crate) fn is_memory(&self) -> bool {
        matches!(self, Self::Memory { .. })
    }

    pub(crate) fn sync(&self) -> io::Result<()> {
        match self {
            Self::Memory { .. } => Ok(()),
            Self::File { file, .. } => file.sync_data(),
        }
    }
}
