//! Positions in the form that Java's connector has, so that either can go on where the other has stopped.

use std::collections::BTreeMap;

use sluice_plugin::{
    Error, Result,
    model::{SourceOffset, SourcePartition, Value},
};

use crate::{Moment, TableId};

const TABLE: &str = "table";
const PROTOCOL: &str = "protocol";
const QUERY: &str = "query";
const INCREMENTING: &str = "incrementing";
const TIMESTAMP: &str = "timestamp";
const NANOS: &str = "timestamp_nanos";

fn partition(fields: &[(&str, &str)]) -> SourcePartition {
    let field = |(name, value): &(&str, &str)| ((*name).to_owned(), Value::from(*value));
    SourcePartition(fields.iter().map(field).collect())
}

/// The partition of a table: its full name without quotes.
pub(super) fn of_table(table: &TableId) -> SourcePartition {
    partition(&[(PROTOCOL, "1"), (TABLE, &table.to_string())])
}

/// The same as older versions of Java's connector wrote it, and as it stands for tables that are read in bulk.
pub(super) fn of_table_name(table: &TableId) -> SourcePartition {
    partition(&[(TABLE, &table.table)])
}

/// The partition of the query.
pub(super) fn of_query() -> SourcePartition {
    partition(&[(QUERY, QUERY)])
}

/// How far a table or query is read (`TimestampIncrementingOffset`).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Position {
    pub(super) timestamp: Option<Moment>,
    pub(super) incrementing: Option<i64>,
}

impl Position {
    /// What is stored of it.
    pub(super) fn stored(self) -> SourceOffset {
        let mut fields = BTreeMap::new();
        if let Some(id) = self.incrementing {
            fields.insert(INCREMENTING.to_owned(), Value::Int64(id));
        }
        if let Some(moment) = self.timestamp
            && let Some(millis) = moment.millis()
        {
            fields.insert(TIMESTAMP.to_owned(), Value::Int64(millis));
            fields.insert(NANOS.to_owned(), Value::Int64(moment.nanos.into()));
        }
        SourceOffset(fields)
    }

    /// What was stored. Fields of other names are an error: somebody meant something by them.
    pub(super) fn of(offset: &SourceOffset) -> Result<Self> {
        let number = |name: &str| match offset.0.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::Int64(number)) => Ok(Some(*number)),
            Some(Value::Int32(number)) => Ok(Some(i64::from(*number))),
            Some(_) => Err(Error::fatal(format!("the offset's field {name} must be an integer"))),
        };
        if let Some(other) =
            offset.0.keys().find(|it| ![INCREMENTING, TIMESTAMP, NANOS].contains(&&***it))
        {
            return Err(Error::fatal(format!(
                "the offset has a field {other}; it may have incrementing, timestamp and timestamp_nanos"
            )));
        }
        let nanos = number(NANOS)?;
        let timestamp = match (number(TIMESTAMP)?, nanos) {
            (None, None) => None,
            (None, Some(_)) => {
                return Err(Error::fatal("the offset has timestamp_nanos without timestamp"));
            }
            (Some(millis), None) => Some(Moment::of_millis(millis)),
            (Some(millis), Some(nanos)) => {
                let nanos = u32::try_from(nanos).ok().filter(|it| *it < 1_000_000_000);
                let nanos = nanos.ok_or_else(|| {
                    Error::fatal(
                        "the offset's field timestamp_nanos must lie between 0 and 999999999",
                    )
                })?;
                Some(Moment { nanos, ..Moment::of_millis(millis) })
            }
        };
        Ok(Self { timestamp, incrementing: number(INCREMENTING)? })
    }
}

/// Checks positions that users want to set.
pub(super) fn check(offsets: &[(SourcePartition, Option<SourceOffset>)]) -> Result<()> {
    for (partition, offset) in offsets {
        // What is set to nothing may be garbage that somebody clears away.
        let Some(offset) = offset else { continue };
        let text = |name: &str| match partition.0.get(name) {
            Some(Value::String(text)) => Some(&**text),
            _ => None,
        };
        let fields = partition.0.len();
        let is_known = match (text(TABLE), text(PROTOCOL), text(QUERY)) {
            (Some(_), Some("1"), None) => fields == 2,
            (Some(_), None, None) | (None, None, Some(QUERY)) => fields == 1,
            _ => false,
        };
        if !is_known {
            return Err(Error::fatal(
                "partitions have the form {\"protocol\":\"1\",\"table\":\"schema.table\"}, {\"table\":\"table\"} or \
                 {\"query\":\"query\"}",
            ));
        }
        Position::of(offset)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn offset(fields: &[(&str, i64)]) -> SourceOffset {
        SourceOffset(fields.iter().map(|it| (it.0.to_owned(), Value::Int64(it.1))).collect())
    }

    #[test]
    fn positions_are_those_of_java() {
        for (position, fields) in [
            (Position { timestamp: None, incrementing: Some(7) }, &[("incrementing", 7)][..]),
            (
                Position {
                    timestamp: Some(Moment { seconds: 1, nanos: 123_456_000 }),
                    incrementing: None,
                },
                &[("timestamp", 1123), ("timestamp_nanos", 123_456_000)],
            ),
            (
                Position {
                    timestamp: Some(Moment { seconds: -1, nanos: 5 }),
                    incrementing: Some(-1),
                },
                &[("incrementing", -1), ("timestamp", -1000), ("timestamp_nanos", 5)],
            ),
        ] {
            assert_eq!(position.stored(), offset(fields));
            assert_eq!(Position::of(&offset(fields)).expect("a position"), position);
        }
        let without_nanos = Position::of(&offset(&[("timestamp", 1999)])).expect("a position");
        assert_eq!(without_nanos.timestamp, Some(Moment { seconds: 1, nanos: 999_000_000 }));
    }

    #[test]
    fn positions_that_users_set_are_checked() {
        let table = of_table(&TableId::unqualified("t"));
        for (partition, offset, is_right) in [
            (&table, Some(offset(&[("incrementing", 1)])), true),
            (&of_table_name(&TableId::unqualified("t")), Some(offset(&[("timestamp", 1)])), true),
            (&of_query(), Some(offset(&[])), true),
            (&partition(&[("anything", "x")]), None, true),
            (&partition(&[("anything", "x")]), Some(offset(&[("incrementing", 1)])), false),
            (&partition(&[("table", "t"), ("protocol", "2")]), Some(offset(&[])), false),
            (&table, Some(offset(&[("position", 1)])), false),
            (&table, Some(offset(&[("timestamp_nanos", 1)])), false),
            (&table, Some(offset(&[("timestamp", 1), ("timestamp_nanos", -1)])), false),
            (
                &table,
                Some(SourceOffset([("incrementing".to_owned(), Value::from("1"))].into())),
                false,
            ),
        ] {
            let checked = check(&[(partition.clone(), offset.clone())]);
            assert_eq!(checked.is_ok(), is_right, "{partition:?} {offset:?}");
        }
    }
}
