//! Which records Kafka has acknowledged, and how far each part of the source may therefore be committed.
//!
//! Records get numbers as they are sent and are acknowledged in any order; a position is committable once its
//! record and all before it of the same source partition are done (Java's `SubmittedRecords`). Pure.

mod position;

use std::{
    collections::{HashMap, VecDeque},
    sync::Arc,
};

use sluice_plugin::model::{SourceOffset, SourcePartition};

use crate::offsets::json;
use position::Position;

/// A position that may be committed.
pub(crate) type Committable = (Arc<SourcePartition>, SourceOffset);

/// The records between their send and their end, in the order of sending, and the positions that may be committed.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    /// Number of the record that `records[0]` stands for: all before it are done.
    first: u64,
    records: VecDeque<Record>,
    parts: Vec<Part>,
    by_address: HashMap<usize, usize>,
    by_content: HashMap<String, usize>,
    last_part: usize,
}

#[derive(Debug)]
struct Record {
    part: usize,
    is_done: bool,
}

#[derive(Debug)]
struct Part {
    partition: Arc<SourcePartition>,
    /// From the first record that is not done on.
    submitted: VecDeque<(u64, Position)>,
    /// The position before them, unless it was taken.
    committable: Option<Position>,
    fields: Arc<[String]>,
}

impl Ledger {
    /// Notes a record that is about to be sent; returns its number.
    pub(crate) fn track(&mut self, partition: &Arc<SourcePartition>, offset: SourceOffset) -> u64 {
        let number = self.first + self.records.len() as u64;
        let part = self.part(partition);
        self.records.push_back(Record { part, is_done: false });
        let part = &mut self.parts[part];
        part.submitted.push_back((number, Position::pack(offset, &mut part.fields)));
        number
    }

    /// Notes that a record needs nothing more: it was acknowledged, or is left out on purpose. Unknown numbers
    /// and second acknowledgements change nothing.
    pub(crate) fn done(&mut self, number: u64) {
        let Some(index) = number.checked_sub(self.first) else { return };
        let Some(record) = self.records.get_mut(index as usize) else { return };
        record.is_done = true;
        let part = record.part;
        self.settle(part);
        while self.records.front().is_some_and(|it| it.is_done) {
            self.records.pop_front();
            self.first += 1;
        }
    }

    /// Lets go of the positions of a part that a later one stands for: a commit may be far away.
    fn settle(&mut self, part: usize) {
        let part = &mut self.parts[part];
        while let Some((number, _)) = part.submitted.front() {
            let index = number.checked_sub(self.first);
            if index.is_some_and(|it| self.records.get(it as usize).is_none_or(|it| !it.is_done)) {
                break;
            }
            part.committable = part.submitted.pop_front().map(|(_, position)| position);
        }
    }

    /// Takes the newest committable position of each source partition that has one.
    pub(crate) fn take_committable(&mut self) -> Vec<Committable> {
        let take = |part: &mut Part| {
            let position = part.committable.take()?;
            Some((Arc::clone(&part.partition), position.unpack()))
        };
        self.parts.iter_mut().filter_map(take).collect()
    }

    fn part(&mut self, partition: &Arc<SourcePartition>) -> usize {
        if self.parts.get(self.last_part).is_some_and(|it| Arc::ptr_eq(&it.partition, partition)) {
            return self.last_part;
        }
        let address = Arc::as_ptr(partition).addr();
        let found = self.by_address.get(&address).copied();
        self.last_part = found.unwrap_or_else(|| self.part_by_content(partition, address));
        self.last_part
    }

    /// Connectors may make a new `Arc` for each record. Only addresses that the ledger itself keeps alive are
    /// remembered, so that no other partition can come to lie there.
    fn part_by_content(&mut self, partition: &Arc<SourcePartition>, address: usize) -> usize {
        let content = json::canonical(&partition.0);
        if let Some(part) = self.by_content.get(&content) {
            return *part;
        }
        let part = self.parts.len();
        self.parts.push(Part {
            partition: Arc::clone(partition),
            submitted: VecDeque::new(),
            committable: None,
            fields: Arc::default(),
        });
        self.by_content.insert(content, part);
        self.by_address.insert(address, part);
        part
    }
}

#[cfg(test)]
mod tests;
