//! What members tell the leader and what they get, in bytes (`ConsumerProtocol`).

use bytes::{BufMut, Bytes, BytesMut};
use sluice_model::TopicPartition;

use super::fields::{
    Broken, count, read_bytes, read_i16, read_i32, read_partitions, read_text, write_bytes,
    write_partitions, write_text,
};

/// The version that Java's consumers write; whoever reads an older one skips what it does not know.
const NEWEST: i16 = 3;

/// Bytes of another member that are no subscription or assignment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the bytes are no {0} of Kafka's consumer protocol")]
pub struct Malformed(&'static str);

/// What a member says of itself as it joins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subscription {
    /// The topics that it wants to read.
    pub topics: Vec<String>,
    /// What its assignor sends along.
    pub user_data: Option<Bytes>,
    /// What it keeps while it joins.
    pub owned: Vec<TopicPartition>,
    /// The generation that `owned` comes from; -1 for none, and before version 2.
    pub generation: i32,
    /// Where it runs.
    pub rack: Option<String>,
}

impl Subscription {
    /// In the newest version.
    pub fn encode(&self) -> Bytes {
        let mut bytes = BytesMut::new();
        bytes.put_i16(NEWEST);
        let mut topics: Vec<&String> = self.topics.iter().collect();
        topics.sort();
        bytes.put_i32(count(topics.len()));
        for topic in topics {
            write_text(&mut bytes, topic);
        }
        write_bytes(&mut bytes, self.user_data.as_ref());
        write_partitions(&mut bytes, &self.owned);
        bytes.put_i32(self.generation);
        match &self.rack {
            Some(rack) => write_text(&mut bytes, rack),
            None => bytes.put_i16(-1),
        }
        bytes.freeze()
    }

    /// Of any version; of one to come, as much as the newest one has.
    pub fn decode(bytes: &Bytes) -> Result<Self, Malformed> {
        Self::read(bytes.clone()).map_err(|Broken| Malformed("subscription"))
    }

    fn read(mut bytes: Bytes) -> Result<Self, Broken> {
        let version = version(&mut bytes)?;
        let mut topics = Vec::new();
        for _ in 0..read_i32(&mut bytes)? {
            topics.push(read_text(&mut bytes)?.ok_or(Broken)?);
        }
        let user_data = read_bytes(&mut bytes)?;
        let owned = if version < 1 { Vec::new() } else { read_partitions(&mut bytes)? };
        let generation = if version < 2 { -1 } else { read_i32(&mut bytes)? };
        let rack = if version < 3 { None } else { read_text(&mut bytes)? };
        let rack = rack.filter(|it| !it.is_empty());
        Ok(Self { topics, user_data, owned, generation, rack })
    }
}

/// An assignment as members get it.
pub fn encode_assignment(partitions: &[TopicPartition]) -> Bytes {
    let mut bytes = BytesMut::new();
    bytes.put_i16(NEWEST);
    write_partitions(&mut bytes, partitions);
    write_bytes(&mut bytes, None);
    bytes.freeze()
}

/// What the leader assigned.
pub fn decode_assignment(bytes: &Bytes) -> Result<Vec<TopicPartition>, Malformed> {
    let mut bytes = bytes.clone();
    let read = version(&mut bytes).and_then(|_| read_partitions(&mut bytes));
    read.map_err(|Broken| Malformed("assignment"))
}

fn version(bytes: &mut Bytes) -> Result<i16, Broken> {
    let version = read_i16(bytes)?;
    if version < 0 { Err(Broken) } else { Ok(version) }
}
