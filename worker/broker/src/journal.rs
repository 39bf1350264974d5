//! The broker's own facts on disk: which topics exist, what groups committed. An append-only file of framed JSON
//! entries, replayed at start; what a crash left half written at the end is cut off. Written before the answer,
//! synced like the records: at an orderly stop.
//!
//! A frame is length, CRC-32C and the entry. A journal that has grown well past what it says is written anew.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use bytes::{Buf, BufMut};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// One fact.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "fact", rename_all = "snake_case")]
pub(crate) enum Entry {
    Cluster {
        id: String,
    },
    /// Producer ids below this may have been given out.
    ProducerIds {
        below: i64,
    },
    /// A topic as it is from now on.
    Topic {
        name: String,
        id: String,
        partitions: i32,
        config: BTreeMap<String, String>,
    },
    TopicDeleted {
        name: String,
    },
    /// Records before `offset` are deleted.
    LogStart {
        topic: String,
        partition: i32,
        offset: i64,
    },
    Committed {
        group: String,
        topic: String,
        partition: i32,
        offset: Committed,
    },
    OffsetDeleted {
        group: String,
        topic: String,
        partition: i32,
    },
}

/// What a group committed for one partition.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Committed {
    pub(crate) offset: i64,
    pub(crate) leader_epoch: i32,
    pub(crate) metadata: String,
}

/// Everything the entries add up to.
#[derive(Debug, Default, Clone, PartialEq)]
pub(crate) struct Facts {
    pub(crate) cluster_id: Option<String>,
    pub(crate) producer_ids_below: i64,
    pub(crate) topics: BTreeMap<String, TopicFacts>,
    pub(crate) committed: BTreeMap<(String, String, i32), Committed>,
}

#[derive(Debug, Default, Clone, PartialEq)]
pub(crate) struct TopicFacts {
    pub(crate) id: Uuid,
    pub(crate) partitions: i32,
    pub(crate) config: BTreeMap<String, String>,
    pub(crate) starts: BTreeMap<i32, i64>,
}

/// The open journal; without a folder nothing is written.
#[derive(Debug)]
pub(crate) struct Journal(Option<Open>);

#[derive(Debug)]
struct Open {
    path: PathBuf,
    file: File,
    size: u64,
    rewrite_at: u64,
    facts: Facts,
}

const REWRITE_FROM: u64 = 4 << 20;

impl Journal {
    pub(crate) fn none() -> Self {
        Self(None)
    }

    /// Opens or creates the journal in `folder` and answers what it says.
    pub(crate) fn open(folder: &Path) -> io::Result<(Self, Facts)> {
        let path = folder.join("journal");
        let bytes = match std::fs::read(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
            read => read?,
        };
        let mut facts = Facts::default();
        let mut rest = bytes.as_slice();
        while let Some(entry) = next_entry(&mut rest) {
            facts.apply(&entry);
        }
        let mut open = Open::rewrite(&path, facts.clone())?;
        open.facts = facts.clone();
        Ok((Self(Some(open)), facts))
    }

    pub(crate) fn write(&mut self, entries: &[Entry]) -> io::Result<()> {
        let Some(open) = &mut self.0 else { return Ok(()) };
        let mut bytes = Vec::new();
        for entry in entries {
            open.facts.apply(entry);
            frame(entry, &mut bytes);
        }
        open.file.write_all(&bytes)?;
        open.size += bytes.len() as u64;
        if open.size > open.rewrite_at {
            *open = Open::rewrite(&open.path, std::mem::take(&mut open.facts))?;
        }
        Ok(())
    }

    pub(crate) fn sync(&self) -> io::Result<()> {
        self.0.as_ref().map_or(Ok(()), |open| open.file.sync_data())
    }
}

impl Open {
    fn rewrite(path: &Path, facts: Facts) -> io::Result<Self> {
        let mut bytes = Vec::new();
        for entry in facts.entries() {
            frame(&entry, &mut bytes);
        }
        let fresh = path.with_extension("new");
        std::fs::write(&fresh, &bytes)?;
        File::open(&fresh)?.sync_data()?;
        std::fs::rename(&fresh, path)?;
        let file = OpenOptions::new().append(true).open(path)?;
        let size = bytes.len() as u64;
        let rewrite_at = REWRITE_FROM.max(size * 2);
        Ok(Self { path: path.to_owned(), file, size, rewrite_at, facts })
    }
}

impl Facts {
    fn apply(&mut self, entry: &Entry) {
        match entry.clone() {
            Entry::Cluster { id } => self.cluster_id = Some(id),
            Entry::ProducerIds { below } => self.producer_ids_below = below,
            Entry::Topic { name, id, partitions, config } => {
                let topic = self.topics.entry(name).or_default();
                topic.id = Uuid::try_parse(&id).unwrap_or_default();
                topic.partitions = partitions;
                topic.config = config;
            }
            Entry::TopicDeleted { name } => {
                self.topics.remove(&name);
                self.committed.retain(|(_, topic, _), _| *topic != name);
            }
            Entry::LogStart { topic, partition, offset } => {
                if let Some(topic) = self.topics.get_mut(&topic) {
                    topic.starts.insert(partition, offset);
                }
            }
            Entry::Committed { group, topic, partition, offset } => {
                self.committed.insert((group, topic, partition), offset);
            }
            Entry::OffsetDeleted { group, topic, partition } => {
                self.committed.remove(&(group, topic, partition));
            }
        }
    }

    fn entries(&self) -> Vec<Entry> {
        let mut entries = vec![Entry::ProducerIds { below: self.producer_ids_below }];
        entries.extend(self.cluster_id.clone().map(|id| Entry::Cluster { id }));
        for (name, topic) in &self.topics {
            entries.push(Entry::Topic {
                name: name.clone(),
                id: topic.id.to_string(),
                partitions: topic.partitions,
                config: topic.config.clone(),
            });
            entries.extend(topic.starts.iter().map(|(partition, offset)| Entry::LogStart {
                topic: name.clone(),
                partition: *partition,
                offset: *offset,
            }));
        }
        entries.extend(self.committed.iter().map(|((group, topic, partition), offset)| {
            Entry::Committed {
                group: group.clone(),
                topic: topic.clone(),
                partition: *partition,
                offset: offset.clone(),
            }
        }));
        entries
    }
}

fn frame(entry: &Entry, bytes: &mut Vec<u8>) {
    let text = serde_json::to_vec(entry).expect("facts have only text keys");
    bytes.put_u32(text.len() as u32);
    bytes.put_u32(crc32c::crc32c(&text));
    bytes.put_slice(&text);
}

fn next_entry(rest: &mut &[u8]) -> Option<Entry> {
    let mut bytes = *rest;
    let length = bytes.try_get_u32().ok()? as usize;
    let checksum = bytes.try_get_u32().ok()?;
    let text = bytes.get(..length).filter(|text| crc32c::crc32c(text) == checksum)?;
    *rest = &bytes[length..];
    serde_json::from_slice(text).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn committed(offset: i64) -> Entry {
        Entry::Committed {
            group: "g".into(),
            topic: "orders".into(),
            partition: 0,
            offset: Committed { offset, leader_epoch: -1, metadata: String::new() },
        }
    }

    #[test]
    fn what_was_written_is_known_after_a_restart_but_for_a_torn_end() {
        let folder = tempfile::tempdir().unwrap();
        let (mut journal, facts) = Journal::open(folder.path()).unwrap();
        assert_eq!(facts, Facts::default());
        let config = BTreeMap::from([("cleanup.policy".to_owned(), "compact".to_owned())]);
        let topic = Entry::Topic {
            name: "orders".into(),
            id: Uuid::max().to_string(),
            partitions: 3,
            config,
        };
        let start = Entry::LogStart { topic: "orders".into(), partition: 1, offset: 8 };
        journal.write(&[topic, start, committed(41)]).unwrap();
        journal.write(&[committed(42)]).unwrap();
        let (_, facts) = Journal::open(folder.path()).unwrap();
        assert_eq!(facts.topics["orders"].starts[&1], 8);
        let key = ("g".to_owned(), "orders".to_owned(), 0);
        assert_eq!(facts.committed[&key].offset, 42);

        let (mut journal, before) = Journal::open(folder.path()).unwrap();
        journal.write(&[committed(43)]).unwrap();
        let path = folder.path().join("journal");
        let bytes = std::fs::read(&path).unwrap();
        std::fs::write(&path, &bytes[..bytes.len() - 3]).unwrap();
        let (mut journal, facts) = Journal::open(folder.path()).unwrap();
        assert_eq!(facts, before);
        journal.write(&[Entry::TopicDeleted { name: "orders".into() }]).unwrap();
        let (_, facts) = Journal::open(folder.path()).unwrap();
        assert!(facts.topics.is_empty() && facts.committed.is_empty());
    }
}
