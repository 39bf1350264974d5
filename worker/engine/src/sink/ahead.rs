//! How far what was read is ahead of what is committed (`SinkTaskMetricsGroup.computeSinkRecordLag`).

use std::collections::BTreeMap;

use sluice_plugin::{TopicOffsets, model::TopicPartition};

/// Offsets of the partitions that were read from, and the distance of all together.
#[derive(Debug, Default)]
pub(super) struct Ahead {
    partitions: BTreeMap<TopicPartition, Span>,
    records: u64,
}

#[derive(Debug, Default, Clone, Copy)]
struct Span {
    committed: i64,
    read: i64,
}

impl Span {
    fn records(self) -> u64 {
        u64::try_from(self.read.saturating_sub(self.committed)).unwrap_or(0)
    }
}

impl Ahead {
    /// Records read whose offsets are not committed, counted by offsets.
    pub(super) const fn records(&self) -> u64 {
        self.records
    }

    /// Reading of a partition begins here, unless it has before.
    pub(super) fn begin(&mut self, partition: &TopicPartition, offset: i64) {
        if !self.partitions.contains_key(partition) {
            self.partitions.insert(partition.clone(), Span { committed: offset, read: offset });
        }
    }

    /// A partition was read up to this offset.
    pub(super) fn read(&mut self, partition: &TopicPartition, offset: i64) {
        self.change(partition, |it| it.read = offset);
    }

    /// These offsets were committed.
    pub(super) fn committed(&mut self, offsets: &TopicOffsets) {
        for (partition, offset) in offsets {
            self.change(partition, |it| it.committed = *offset);
        }
    }

    /// Reading goes on from these offsets as if they were committed.
    pub(super) fn moved(&mut self, offsets: &TopicOffsets) {
        for (partition, offset) in offsets {
            self.change(partition, |it| *it = Span { committed: *offset, read: *offset });
        }
    }

    /// Forgets the partitions that are not kept.
    pub(super) fn retain(&mut self, is_kept: impl Fn(&TopicPartition) -> bool) {
        self.partitions.retain(|partition, _| is_kept(partition));
        self.records = self.partitions.values().map(|it| it.records()).sum();
    }

    fn change(&mut self, partition: &TopicPartition, change: impl FnOnce(&mut Span)) {
        if let Some(span) = self.partitions.get_mut(partition) {
            self.records = self.records.saturating_sub(span.records());
            change(span);
            self.records = self.records.saturating_add(span.records());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_count_from_reading_to_the_commit() {
        let of = |partition| TopicPartition::new("t", partition);
        let mut ahead = Ahead::default();
        ahead.read(&of(7), 3);
        assert_eq!(ahead.records(), 0, "nobody knows where that one began");
        for (partition, begin, read) in [(0, 10, 15), (1, 100, 101), (0, 15, 18)] {
            ahead.begin(&of(partition), begin);
            ahead.read(&of(partition), read);
        }
        assert_eq!(ahead.records(), 9);
        ahead.committed(&[(of(0), 16), (of(2), 9)].into());
        assert_eq!(ahead.records(), 3);
        ahead.moved(&[(of(0), 12)].into());
        assert_eq!(ahead.records(), 1);
        ahead.read(&of(0), 13);
        ahead.retain(|it| it.partition == 0);
        assert_eq!(ahead.records(), 1);
        ahead.committed(&[(of(0), 14)].into());
        assert_eq!(ahead.records(), 0, "a commit beyond what was read counts as all of it");
    }
}
