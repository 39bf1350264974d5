//! What the engine of the sink does, whichever class its configuration was written for.

use std::{collections::BTreeSet, time::Duration};

use super::{kind::Unit, table_name::TableNames};

/// How a row is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Write {
    Insert,
    Upsert,
    Update,
}

/// Where the columns of the primary key come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum KeyMode {
    None,
    /// Topic, partition and offset.
    Kafka,
    RecordKey,
    RecordValue,
    RecordHeader,
}

/// What a record without a value does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tombstones {
    /// Deletes the row of its key.
    Delete,
    /// Nothing.
    Skip,
    /// It is a bad record.
    Refuse,
}

/// Fields of the value that become columns; those of the key always do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Fields {
    All,
    /// By `field` or `topic:field`.
    Only(BTreeSet<String>),
    /// By `field` or `topic:field`.
    Except(BTreeSet<String>),
}

impl Fields {
    /// Whether a field of the topic's records becomes a column.
    pub(crate) fn has(&self, topic: &str, field: &str) -> bool {
        let is_in = |names: &BTreeSet<String>| {
            names.contains(field) || names.contains(&format!("{topic}:{field}"))
        };
        match self {
            Self::All => true,
            Self::Only(names) => is_in(names),
            Self::Except(names) => !is_in(names),
        }
    }
}

/// All of it.
// One switch of the user each.
#[allow(clippy::struct_excessive_bools)]
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    pub(crate) write: Write,
    pub(crate) key_mode: KeyMode,
    /// Names of the key's columns; empty for all that there are.
    pub(crate) key_fields: Vec<String>,
    pub(crate) tombstones: Tombstones,
    /// Whether a truncate event empties the table.
    pub(crate) truncate: bool,
    pub(crate) fields: Fields,
    pub(crate) tables: TableNames,
    /// Whether a missing table is made.
    pub(crate) create: bool,
    /// Whether missing columns are added.
    pub(crate) evolve: bool,
    /// Most rows that one statement writes.
    pub(crate) batch: usize,
    /// Attempts after the first one when the database is out of reach.
    pub(crate) retries: u32,
    /// Pause before each of them.
    pub(crate) pause: Duration,
    /// Whether the default of a field stands in for its null.
    pub(crate) default_for_null: bool,
    /// The column of a value that is plain text.
    pub(crate) text_column: Option<String>,
    /// Whether values are Debezium's: envelopes are opened, and its semantic types count.
    pub(crate) debezium: bool,
    /// Fields of whole numbers that are timestamps, and what they count.
    pub(crate) timestamps: (BTreeSet<String>, Unit),
    /// Whether dates are taken in the database's zone, as `java.sql.Date` with a calendar is, and not in UTC.
    pub(crate) dates_in_zone: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_named_with_or_without_their_topic() {
        let names = || BTreeSet::from(["a".to_owned(), "t:b".to_owned()]);
        for (topic, field, is_named) in
            [("t", "a", true), ("u", "a", true), ("t", "b", true), ("u", "b", false)]
        {
            assert!(Fields::All.has(topic, field));
            assert_eq!(Fields::Only(names()).has(topic, field), is_named, "{topic} {field}");
            assert_eq!(Fields::Except(names()).has(topic, field), !is_named, "{topic} {field}");
        }
    }
}
