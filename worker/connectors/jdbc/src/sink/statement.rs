//! The SQL that writes rows. It is made of names alone; values are parameters, or come over COPY.

use super::settings::Write;
use crate::{Dialect, Names, TableId};

/// What statements are made of.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Parts<'a> {
    pub(crate) names: Names,
    pub(crate) table: &'a TableId,
    /// Names of the columns as the table has them, those of the key first.
    pub(crate) columns: &'a [String],
    /// How many columns are the key.
    pub(crate) keys: usize,
}

/// A statement with a placeholder for each value, and the columns that these stand for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Prepared {
    pub(crate) sql: String,
    pub(crate) order: Vec<usize>,
}

impl Parts<'_> {
    fn column(&self, index: usize) -> String {
        self.names.identifier(&self.columns[index])
    }

    fn list(&self) -> String {
        self.names.list(self.columns.iter().map(String::as_str))
    }

    fn key_list(&self) -> String {
        self.names.list(self.columns[..self.keys].iter().map(String::as_str))
    }

    fn others(&self) -> std::ops::Range<usize> {
        self.keys..self.columns.len()
    }

    fn insert_into(&self) -> String {
        format!("INSERT INTO {} ({})", self.names.table(self.table), self.list())
    }

    /// What an insert does about a row that is there already.
    fn on_conflict(&self) -> String {
        let set = |write: &dyn Fn(&str) -> String| {
            let columns = self.others().map(|it| write(&self.column(it)));
            columns.collect::<Vec<_>>().join(",")
        };
        match self.names.dialect {
            Dialect::MySql if self.others().is_empty() => {
                let key = self.column(0);
                format!(" ON DUPLICATE KEY UPDATE {key}={key}")
            }
            Dialect::MySql => {
                format!(" ON DUPLICATE KEY UPDATE {}", set(&|it| format!("{it}=VALUES({it})")))
            }
            _ if self.others().is_empty() => {
                format!(" ON CONFLICT ({}) DO NOTHING", self.key_list())
            }
            _ => format!(
                " ON CONFLICT ({}) DO UPDATE SET {}",
                self.key_list(),
                set(&|it| format!("{it}=EXCLUDED.{it}"))
            ),
        }
    }

    /// Writes so many rows at once by placeholders; updates are for one row each.
    pub(crate) fn write(&self, write: Write, rows: usize) -> Prepared {
        if write == Write::Update {
            return self.update();
        }
        let dialect = self.names.dialect;
        let width = self.columns.len();
        let row = |row: usize| {
            let places = (1..=width).map(|it| dialect.placeholder(row * width + it));
            format!("({})", places.collect::<Vec<_>>().join(","))
        };
        let values = (0..rows).map(row).collect::<Vec<_>>().join(",");
        let tail = if write == Write::Upsert { self.on_conflict() } else { String::new() };
        Prepared {
            sql: format!("{} VALUES {values}{tail}", self.insert_into()),
            order: (0..width).collect(),
        }
    }

    fn update(&self) -> Prepared {
        let dialect = self.names.dialect;
        let mut order: Vec<usize> = self.others().collect();
        let set = |(place, column): (usize, &usize)| {
            format!("{}={}", self.column(*column), dialect.placeholder(place + 1))
        };
        let set = order.iter().enumerate().map(set).collect::<Vec<_>>().join(",");
        let same = |key: usize| {
            format!("{}={}", self.column(key), dialect.placeholder(order.len() + key + 1))
        };
        let same = (0..self.keys).map(same).collect::<Vec<_>>().join(" AND ");
        order.extend(0..self.keys);
        Prepared {
            sql: format!("UPDATE {} SET {set} WHERE {same}", self.names.table(self.table)),
            order,
        }
    }

    /// Deletes the rows of so many keys by placeholders.
    pub(crate) fn delete(&self, rows: usize) -> Prepared {
        let dialect = self.names.dialect;
        let key = |row: usize| {
            let places = (1..=self.keys).map(|it| dialect.placeholder(row * self.keys + it));
            format!("({})", places.collect::<Vec<_>>().join(","))
        };
        let keys = (0..rows).map(key).collect::<Vec<_>>().join(",");
        // SQLite compares a row with rows of VALUES alone.
        let keys = if dialect == Dialect::Sqlite { format!("VALUES {keys}") } else { keys };
        let sql = format!(
            "DELETE FROM {} WHERE ({}) IN ({keys})",
            self.names.table(self.table),
            self.key_list()
        );
        Prepared { sql, order: (0..self.keys).collect() }
    }

    /// Empties the table.
    pub(crate) fn truncate(&self) -> String {
        let table = self.names.table(self.table);
        match self.names.dialect {
            // A TRUNCATE of MySQL commits what was written before it.
            Dialect::MySql | Dialect::Sqlite => format!("DELETE FROM {table}"),
            Dialect::Postgres => format!("TRUNCATE TABLE {table}"),
        }
    }
}

/// PostgreSQL's ways of writing many rows: COPY into the table, or into a table of the session that one statement reads.
impl Parts<'_> {
    /// COPY into the table itself.
    pub(crate) fn copy(&self) -> String {
        format!(
            "COPY {} ({}) FROM STDIN (FORMAT binary)",
            self.names.table(self.table),
            self.list()
        )
    }

    /// A table of the session with columns of the same types; of those that are read, as text.
    pub(crate) fn stage(&self, stage: &str, is_read: impl Fn(usize) -> bool) -> String {
        let column = |index: usize| {
            let column = if is_read(index) { "NULL::text".to_owned() } else { self.column(index) };
            format!("{column} AS c{index}")
        };
        let columns = (0..self.columns.len()).map(column).collect::<Vec<_>>().join(",");
        format!(
            "CREATE TEMPORARY TABLE {stage} ON COMMIT DELETE ROWS AS SELECT {columns} FROM {} WITH NO DATA",
            self.names.table(self.table)
        )
    }

    /// Writes what is in the session's table. `cast` is the type of a column that is read.
    pub(crate) fn write_staged(
        &self,
        write: Write,
        stage: &str,
        cast: impl Fn(usize) -> Option<String>,
    ) -> String {
        let value =
            |it: usize| cast(it).map_or_else(|| format!("s.c{it}"), |of| format!("s.c{it}::{of}"));
        let same = |it: usize| format!("t.{}={}", self.column(it), value(it));
        match write {
            Write::Insert | Write::Upsert => {
                let values = (0..self.columns.len()).map(value).collect::<Vec<_>>().join(",");
                let tail = if write == Write::Upsert { self.on_conflict() } else { String::new() };
                format!("{} SELECT {values} FROM {stage} s{tail}", self.insert_into())
            }
            Write::Update => {
                let set = self.others().map(|it| format!("{}={}", self.column(it), value(it)));
                let set = set.collect::<Vec<_>>().join(",");
                let same = (0..self.keys).map(same).collect::<Vec<_>>().join(" AND ");
                format!(
                    "UPDATE {} t SET {set} FROM {stage} s WHERE {same}",
                    self.names.table(self.table)
                )
            }
        }
    }

    /// Deletes the rows whose keys are in the session's table.
    pub(crate) fn delete_staged(
        &self,
        stage: &str,
        cast: impl Fn(usize) -> Option<String>,
    ) -> String {
        let value =
            |it: usize| cast(it).map_or_else(|| format!("s.c{it}"), |of| format!("s.c{it}::{of}"));
        let same = (0..self.keys).map(|it| format!("t.{}={}", self.column(it), value(it)));
        let same = same.collect::<Vec<_>>().join(" AND ");
        format!("DELETE FROM {} t USING {stage} s WHERE {same}", self.names.table(self.table))
    }
}

#[cfg(test)]
mod tests;
