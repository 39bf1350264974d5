//! Rows that were committed late: they are looked for again behind the last row, and those that were handed out left out.

use std::{
    collections::HashMap,
    hash::{BuildHasher as _, Hash as _, Hasher as _, RandomState},
};

use crate::{Cell, Class, DbError};

/// Most rows of a window that are kept in mind, at some 40 bytes each.
const MOST: usize = 1 << 20;

/// What was handed out within the window.
#[derive(Debug, Default)]
pub(super) struct Lookback {
    /// Marks of rows, with where they stand.
    seen: HashMap<[u64; 2], i128>,
    hashers: [RandomState; 2],
}

impl Lookback {
    /// Whether the row was not seen before; from now on it was.
    pub(super) fn is_new(&mut self, cells: &[Cell], stands: i128) -> Result<bool, DbError> {
        let mark = self.hashers.each_ref().map(|it| mark(it, cells));
        if self.seen.len() >= MOST && !self.seen.contains_key(&mark) {
            let text = format!(
                "more than {MOST} rows lie within the time that is looked back: shorten it"
            );
            return Err(DbError::new(Class::Data, text));
        }
        Ok(self.seen.insert(mark, stands).is_none())
    }

    /// Forgets the rows that stand before the window.
    pub(super) fn forget_before(&mut self, stands: i128) {
        self.seen.retain(|_, it| *it >= stands);
    }
}

fn mark(hasher: &RandomState, cells: &[Cell]) -> u64 {
    let mut state = hasher.build_hasher();
    for cell in cells {
        std::mem::discriminant(cell).hash(&mut state);
        match cell {
            Cell::Null | Cell::ZeroDate => {}
            Cell::Boolean(it) => it.hash(&mut state),
            Cell::Int(it) | Cell::Date(it) | Cell::Time(it) => it.hash(&mut state),
            Cell::Unsigned(it) => it.hash(&mut state),
            Cell::Single(it) => it.to_bits().hash(&mut state),
            Cell::Double(it) | Cell::NoNumber(it) => it.to_bits().hash(&mut state),
            Cell::Decimal(it) => it.hash(&mut state),
            Cell::Text(it) => it.hash(&mut state),
            Cell::Bytes(it) | Cell::Bits(_, it) => it.hash(&mut state),
            Cell::Local(it) | Cell::Instant(it) => it.hash(&mut state),
            Cell::NoTime(it) => it.hash(&mut state),
        }
    }
    state.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_new_once_while_they_are_kept_in_mind() {
        let mut lookback = Lookback::default();
        let row = |id: i64, text: &str| vec![Cell::Int(id), Cell::Text(text.into()), Cell::Null];
        for (row, expected) in
            [(row(1, "a"), true), (row(1, "a"), false), (row(1, "b"), true), (row(2, "a"), true)]
        {
            assert_eq!(lookback.is_new(&row, 5).expect("room"), expected, "{row:?}");
        }
        lookback.forget_before(6);
        assert!(lookback.is_new(&row(1, "a"), 5).expect("room"));
    }
}
