//! Whose records belong to aborted transactions at the current place. The broker lists aborted transactions only to
//! readers of committed records.

use std::collections::HashSet;

use kafka_protocol::messages::fetch_response::AbortedTransaction;

use super::record;

pub(super) struct Aborted {
    /// First offset and producer, last first.
    coming: Vec<(i64, i64)>,
    open: HashSet<i64>,
}

impl Aborted {
    pub(super) fn new(listed: &[AbortedTransaction]) -> Self {
        let mut coming: Vec<_> =
            listed.iter().map(|it| (it.first_offset, it.producer_id.0)).collect();
        coming.sort_unstable_by(|left, right| right.cmp(left));
        Self { coming, open: HashSet::new() }
    }

    /// Whether a transactional batch at `offset` is hidden.
    pub(super) fn hides(&mut self, producer: i64, offset: i64) -> bool {
        self.reach(offset);
        self.open.contains(&producer)
    }

    /// A control batch: the key of its record is a version and a kind, of which 0 aborts.
    pub(super) fn end(&mut self, producer: i64, offset: i64, records: &[u8]) {
        self.reach(offset);
        let key = record::read(records, 0).ok().and_then(|it| it.key);
        if key.is_some_and(|key| records[key].get(2..4) == Some(&[0, 0])) {
            self.open.remove(&producer);
        }
    }

    fn reach(&mut self, offset: i64) {
        while self.coming.last().is_some_and(|(first, _)| *first <= offset) {
            self.open.extend(self.coming.pop().map(|(_, producer)| producer));
        }
    }
}
