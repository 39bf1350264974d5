//! Which rows are new: the SQL that asks for them, and where a row stands.

use jiff::tz::TimeZone;

use super::{Mode, calendar, offsets::Position, settings::Settings};
use crate::{
    Cell, Class, Column, DbError, Dialect, Moment, SqlType, session::sqlite::order as sqlite_order,
};

/// The columns that rows are told by, as places in the result.
#[derive(Debug, Clone, Default)]
pub(super) struct Criteria {
    timestamps: Vec<usize>,
    incrementing: Option<usize>,
    /// Whether the timestamps are points in time.
    is_zoned: bool,
    /// Whether the incrementing column is a NUMERIC.
    is_numeric: bool,
}

impl Criteria {
    /// Finds the columns that the settings name, in any case if there is none in that of the name.
    pub(super) fn of(
        settings: &Settings,
        what: &str,
        columns: &[Column],
        is_table: bool,
    ) -> Result<Self, DbError> {
        let mut criteria = Self::default();
        if settings.mode.has_timestamp() {
            let names = settings.timestamps.of(what).unwrap_or_default();
            let named = names.iter().filter(|it| !it.is_empty());
            criteria.timestamps =
                named.map(|it| find(columns, it, "timestamp")).collect::<Result<_, _>>()?;
            criteria.check_timestamps(settings, columns, is_table)?;
        }
        if settings.mode.has_incrementing() {
            let index = match settings.incrementing.of(what) {
                Some([name]) if name.is_empty() => columns.iter().position(|it| it.auto_increment),
                Some([name]) => Some(find(columns, name, "incrementing")?),
                _ => None,
            };
            let index = index.ok_or_else(|| {
                wrong("no incrementing column is named, and the database numbers none of the columns: set \
                       incrementing.column.name".to_owned())
            })?;
            criteria.incrementing = Some(index);
            criteria.check_incrementing(settings, &columns[index], is_table)?;
        }
        Ok(criteria)
    }

    fn check_timestamps(
        &mut self,
        settings: &Settings,
        columns: &[Column],
        is_table: bool,
    ) -> Result<(), DbError> {
        let of = |index: &usize| &columns[*index];
        if self.timestamps.is_empty() {
            return Err(wrong(
                "no timestamp column is named for it: set timestamp.column.name".to_owned(),
            ));
        }
        let mut is_naive = false;
        for column in self.timestamps.iter().map(of) {
            let SqlType::Timestamp { zoned } = column.r#type else {
                let Column { name, type_name, .. } = column;
                return Err(wrong(format!(
                    "timestamp column {name} is a {type_name}, not a timestamp"
                )));
            };
            self.is_zoned |= zoned;
            is_naive |= !zoned;
        }
        if self.is_zoned && is_naive && settings.mapping.zone != TimeZone::UTC {
            let told = |it: &Column| format!("{} ({})", it.name, it.type_name);
            let told: Vec<String> = self.timestamps.iter().map(of).map(told).collect();
            return Err(wrong(format!(
                "timestamp columns {} are with and without a zone: the database compares them in UTC, and db.timezone says \
                 otherwise; name columns of one kind, cast them in a query, or set db.timezone=UTC",
                told.join(", ")
            )));
        }
        let are_all_nullable = self.timestamps.iter().map(of).all(|it| it.nullable);
        if is_table && settings.validate_non_null && are_all_nullable {
            let names: Vec<&str> = self.timestamps.iter().map(|it| &*of(it).name).collect();
            return Err(wrong(format!(
                "timestamp columns {} may all be null, and rows without a time would never be read: make one NOT NULL, or \
                 set validate.non.null=false",
                names.join(", ")
            )));
        }
        Ok(())
    }

    fn check_incrementing(
        &mut self,
        settings: &Settings,
        column: &Column,
        is_table: bool,
    ) -> Result<(), DbError> {
        let Column { name, type_name, .. } = column;
        self.is_numeric = match column.r#type {
            SqlType::TinyInt { .. }
            | SqlType::SmallInt { .. }
            | SqlType::Integer { .. }
            | SqlType::BigInt { .. } => false,
            SqlType::Numeric { digits: None | Some((_, ..=0)) } => true,
            // SQLite does not know of what has no rows yet; each row is checked.
            SqlType::Other if column.type_name.is_empty() => false,
            _ => {
                return Err(wrong(format!(
                    "incrementing column {name} is a {type_name}, not an integer"
                )));
            }
        };
        if is_table && settings.validate_non_null && column.nullable {
            return Err(wrong(format!(
                "incrementing column {name} may be null, and rows without a number would never be read: make it NOT NULL, \
                 or set validate.non.null=false"
            )));
        }
        Ok(())
    }

    /// The clauses behind `SELECT … FROM …`, and their parameters. `begin` is exclusive, `end` too.
    pub(super) fn clauses(
        &self,
        settings: &Settings,
        columns: &[Column],
        begin: Position,
        end: Option<Moment>,
    ) -> Result<(String, Vec<Cell>), DbError> {
        let mut parameters = Parameters { dialect: settings.names.dialect, cells: Vec::new() };
        let id = self.incrementing.map(|it| settings.names.identifier(&columns[it].name));
        let time = (!self.timestamps.is_empty()).then(|| self.time(settings, columns));
        let last_id = begin.incrementing.unwrap_or(settings.incrementing_initial);
        let type_of_id = if self.is_numeric { "numeric" } else { "bigint" };
        let moment = |it: Option<Moment>| {
            let it = it.unwrap_or(Moment { seconds: 0, nanos: 0 });
            match settings.names.dialect {
                Dialect::Sqlite => return Ok(sqlite_order::cell(it)),
                Dialect::Postgres | Dialect::MySql if self.is_zoned => {
                    return Ok(Cell::Instant(it));
                }
                Dialect::Postgres | Dialect::MySql => {}
            }
            let shown = calendar::local(it, &settings.mapping.zone).map(Cell::Local);
            shown.ok_or_else(|| {
                wrong("a timestamp lies beyond the years that time zones are known for".to_owned())
            })
        };
        let type_of_time = if self.is_zoned { "timestamptz" } else { "timestamp" };
        let sql = match (time, id) {
            (None, None) => String::new(),
            (None, Some(id)) => {
                let last = parameters.add(Cell::Int(last_id), type_of_id);
                format!(" WHERE {id} > {last} ORDER BY {id} ASC")
            }
            (Some(time), None) => {
                let begin = parameters.add(moment(begin.timestamp)?, type_of_time);
                let end = parameters.add(moment(end)?, type_of_time);
                format!(" WHERE {time} > {begin} AND {time} < {end} ORDER BY {time} ASC")
            }
            (Some(time), Some(id)) => {
                let end = parameters.add(moment(end)?, type_of_time);
                let same = parameters.add(moment(begin.timestamp)?, type_of_time);
                let last = parameters.add(Cell::Int(last_id), type_of_id);
                let begin = parameters.add(moment(begin.timestamp)?, type_of_time);
                format!(
                    " WHERE {time} < {end} AND (({time} = {same} AND {id} > {last}) OR {time} > {begin}) ORDER BY {time},\
                     {id} ASC"
                )
            }
        };
        Ok((sql, parameters.cells))
    }

    /// The expression of the time of a row.
    fn time(&self, settings: &Settings, columns: &[Column]) -> String {
        let one = |index: &usize| {
            let name = &columns[*index].name;
            let written = settings.names.identifier(name);
            match settings.names.dialect {
                Dialect::Sqlite => sqlite_order::expression(name, &written),
                Dialect::Postgres | Dialect::MySql => written,
            }
        };
        match &self.timestamps[..] {
            [index] => one(index),
            several => {
                format!("COALESCE({})", several.iter().map(one).collect::<Vec<_>>().join(","))
            }
        }
    }

    /// Where a row stands.
    pub(super) fn position(
        &self,
        settings: &Settings,
        columns: &[Column],
        cells: &[Cell],
    ) -> Result<Position, DbError> {
        let timestamp = self.timestamps.iter().map(|it| &cells[*it]).find(|it| **it != Cell::Null);
        let timestamp = match timestamp {
            None => None,
            Some(cell) => Some(instant(cell, &settings.mapping.zone).ok_or_else(|| {
                bad("a timestamp column holds a value that is no time, or one beyond those that zones are known for")
            })?),
        };
        let Some(index) = self.incrementing else {
            return Ok(Position { timestamp, incrementing: None });
        };
        let number = match &cells[index] {
            Cell::Int(it) => Some(*it),
            Cell::Unsigned(it) => i64::try_from(*it).ok(),
            Cell::Decimal(it) => it.truncated(20).and_then(|it| it.try_into().ok()),
            _ => None,
        };
        let incrementing = number.ok_or_else(|| {
            let name = &columns[index].name;
            bad(&format!("incrementing column {name} holds null, or a number beyond 64 bits"))
        })?;
        Ok(Position { timestamp, incrementing: Some(incrementing) })
    }

    /// Whether one position lies behind another, in the order of the mode.
    pub(super) fn is_behind(mode: Mode, one: Position, other: Position) -> bool {
        match mode {
            Mode::Incrementing => one.incrementing > other.incrementing,
            _ => (one.timestamp, one.incrementing) > (other.timestamp, other.incrementing),
        }
    }
}

/// The point in time that a timestamp column holds; none if it is no time, or lies beyond the years that zones are known for.
pub(super) fn instant(cell: &Cell, zone: &TimeZone) -> Option<Moment> {
    match cell {
        Cell::Instant(it) => Some(*it),
        Cell::Local(it) => calendar::instant(*it, zone),
        _ => None,
    }
}

fn wrong(text: String) -> DbError {
    DbError::new(Class::Missing, text)
}

fn bad(text: &str) -> DbError {
    DbError::new(Class::Data, text)
}

fn find(columns: &[Column], name: &str, role: &str) -> Result<usize, DbError> {
    let exact = columns.iter().position(|it| it.name == name);
    let mut alike = columns.iter().enumerate().filter(|it| it.1.name.eq_ignore_ascii_case(name));
    let found = exact.or_else(|| match (alike.next(), alike.next()) {
        (Some((index, _)), None) => Some(index),
        _ => None,
    });
    found.ok_or_else(|| {
        let names: Vec<&str> = columns.iter().map(|it| &*it.name).collect();
        wrong(format!("there is no {role} column {name}; the columns are {}", names.join(", ")))
    })
}

/// Parameters in the order of their placeholders.
struct Parameters {
    dialect: Dialect,
    cells: Vec<Cell>,
}

impl Parameters {
    /// Adds one; its placeholder. PostgreSQL would give it the type of the column, which may be too narrow for it.
    fn add(&mut self, cell: Cell, r#type: &str) -> String {
        self.cells.push(cell);
        let placeholder = self.dialect.placeholder(self.cells.len());
        match self.dialect {
            Dialect::Postgres => format!("{placeholder}::{type}"),
            Dialect::MySql | Dialect::Sqlite => placeholder,
        }
    }
}
