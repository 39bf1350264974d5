//! The fields of Kafka's consumer protocol. A count is believed only as far as there are bytes behind it: they come from
//! other members of the group.

use std::sync::Arc;

use bytes::{Buf, BufMut, Bytes, BytesMut};
use sluice_model::TopicPartition;

use super::by_topic;

/// There are fewer bytes than the fields say, or a text is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Broken;

pub(super) fn read_i16(bytes: &mut Bytes) -> Result<i16, Broken> {
    bytes.try_get_i16().map_err(|_| Broken)
}

pub(super) fn read_i32(bytes: &mut Bytes) -> Result<i32, Broken> {
    bytes.try_get_i32().map_err(|_| Broken)
}

/// A text; none for a length of -1.
pub(super) fn read_text(bytes: &mut Bytes) -> Result<Option<String>, Broken> {
    let length = read_i16(bytes)?;
    let Some(text) = read_slice(bytes, i32::from(length))? else { return Ok(None) };
    String::from_utf8(text.to_vec()).map(Some).map_err(|_| Broken)
}

/// Bytes; none for a length of -1.
pub(super) fn read_bytes(bytes: &mut Bytes) -> Result<Option<Bytes>, Broken> {
    let length = read_i32(bytes)?;
    read_slice(bytes, length)
}

fn read_slice(bytes: &mut Bytes, length: i32) -> Result<Option<Bytes>, Broken> {
    if length == -1 {
        return Ok(None);
    }
    let length = usize::try_from(length).map_err(|_| Broken)?;
    if bytes.remaining() < length {
        return Err(Broken);
    }
    Ok(Some(bytes.split_to(length)))
}

/// Topics with their partitions.
pub(super) fn read_partitions(bytes: &mut Bytes) -> Result<Vec<TopicPartition>, Broken> {
    let mut partitions = Vec::new();
    for _ in 0..read_i32(bytes)? {
        let topic: Arc<str> = read_text(bytes)?.ok_or(Broken)?.into();
        for _ in 0..read_i32(bytes)? {
            partitions.push(TopicPartition::new(Arc::clone(&topic), read_i32(bytes)?));
        }
    }
    Ok(partitions)
}

pub(super) fn write_text(bytes: &mut BytesMut, text: &str) {
    // Names of topics and racks are far from this; whatever is longer ends where a length can still say so.
    let length = text.len().min(usize::from(i16::MAX.unsigned_abs()));
    bytes.put_u16(u16::try_from(length).unwrap_or_default());
    bytes.put_slice(&text.as_bytes()[..length]);
}

pub(super) fn write_bytes(bytes: &mut BytesMut, data: Option<&Bytes>) {
    match data {
        None => bytes.put_i32(-1),
        Some(data) => {
            bytes.put_i32(count(data.len()));
            bytes.put_slice(data);
        }
    }
}

/// Topics with their partitions, both in order.
pub(super) fn write_partitions(bytes: &mut BytesMut, partitions: &[TopicPartition]) {
    let topics = by_topic(partitions);
    bytes.put_i32(count(topics.len()));
    for (topic, partitions) in topics {
        write_text(bytes, topic);
        bytes.put_i32(count(partitions.len()));
        for partition in partitions {
            bytes.put_i32(partition);
        }
    }
}

/// Nothing in memory is longer than a count can say.
pub(super) fn count(of: usize) -> i32 {
    i32::try_from(of).unwrap_or(i32::MAX)
}
