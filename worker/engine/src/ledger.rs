//! Which records Kafka has acknowledged, and how far each part of the source may therefore be committed.
//!
//! Records get numbers as they are sent and are acknowledged in any order; a position is committable once its
//! record and all before it of the same source partition are done (Java's `SubmittedRecords`). Pure.

use std::{
    collections::{HashMap, VecDeque},
    sync::Arc,
};

use sluice_plugin::model::{SourceOffset, SourcePartition};

use crate::offsets::json;

/// A position that may be committed.
pub(crate) type Committable = (Arc<SourcePartition>, SourceOffset);

/// The records between their send and their commit, in the order of sending.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    /// Number of the record that `done[0]` stands for: all before it are done.
    first: u64,
    done: VecDeque<bool>,
    parts: Vec<Part>,
    by_address: HashMap<usize, usize>,
    by_content: HashMap<String, usize>,
    last_part: usize,
}

#[derive(Debug)]
struct Part {
    partition: Arc<SourcePartition>,
    submitted: VecDeque<(u64, SourceOffset)>,
}

impl Ledger {
    /// Notes a record that is about to be sent; returns its number.
    pub(crate) fn track(&mut self, partition: &Arc<SourcePartition>, offset: SourceOffset) -> u64 {
        let number = self.first + self.done.len() as u64;
        let part = self.part(partition);
        self.parts[part].submitted.push_back((number, offset));
        self.done.push_back(false);
        number
    }

    /// Notes that a record needs nothing more: it was acknowledged, or is left out on purpose. Unknown numbers
    /// and second acknowledgements change nothing.
    pub(crate) fn done(&mut self, number: u64) {
        let Some(index) = number.checked_sub(self.first) else { return };
        let Some(flag) = self.done.get_mut(index as usize) else { return };
        *flag = true;
        while self.done.front() == Some(&true) {
            self.done.pop_front();
            self.first += 1;
        }
    }

    /// Takes the newest committable position of each source partition that has one.
    pub(crate) fn take_committable(&mut self) -> Vec<Committable> {
        let mut committable = Vec::new();
        for part in &mut self.parts {
            let mut newest = None;
            while let Some((number, _)) = part.submitted.front() {
                if !is_done(self.first, &self.done, *number) {
                    break;
                }
                newest = part.submitted.pop_front();
            }
            committable.extend(newest.map(|(_, offset)| (Arc::clone(&part.partition), offset)));
        }
        committable
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
        self.parts.push(Part { partition: Arc::clone(partition), submitted: VecDeque::new() });
        self.by_content.insert(content, part);
        self.by_address.insert(address, part);
        part
    }
}

fn is_done(first: u64, done: &VecDeque<bool>, number: u64) -> bool {
    number.checked_sub(first).is_none_or(|index| done.get(index as usize) == Some(&true))
}

#[cfg(test)]
mod tests;
