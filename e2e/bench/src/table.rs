//! Tables of Markdown.

use std::fmt::Write as _;

/// A table that grows by rows.
#[derive(Debug)]
pub(crate) struct Table {
    text: String,
    columns: usize,
}

impl Table {
    /// An empty table with these heads.
    pub(crate) fn new(heads: &[&str]) -> Self {
        let mut table = Self { text: String::new(), columns: heads.len() };
        table.row(heads);
        table.row(&vec!["---"; heads.len()]);
        table
    }

    /// Adds a row; cells that are missing stay empty.
    pub(crate) fn row<C: AsRef<str>>(&mut self, cells: &[C]) {
        self.text.push('|');
        for at in 0..self.columns {
            let cell = cells.get(at).map(AsRef::as_ref).unwrap_or_default().replace('|', "\\|");
            // Writing to a string does not fail.
            let _ = write!(self.text, " {cell} |");
        }
        self.text.push('\n');
    }

    /// The table's text.
    pub(crate) fn finish(self) -> String {
        self.text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_has_all_columns() {
        let mut table = Table::new(&["a", "b"]);
        table.row(&["1"]);
        table.row(&["x|y", "2", "3"]);
        assert_eq!(table.finish(), "| a | b |\n| --- | --- |\n| 1 |  |\n| x\\|y | 2 |\n");
    }
}
