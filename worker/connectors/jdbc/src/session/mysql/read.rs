//! Values of MySQL's binary protocol as cells.

use bytes::Bytes;
use bytestring::ByteString;
use mysql_async::{Column as Described, Row, Value, consts::ColumnType};
use sluice_plugin::model::{Decimal, calendar::gregorian_day};

use crate::{Cell, Class, Column, DbError, Moment, SqlType, ZeroDates};

/// How the values of a column are read.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reader {
    is_year: bool,
    is_json: bool,
}

impl Reader {
    pub(super) fn of(described: &Described) -> Self {
        let r#type = described.column_type();
        Self {
            is_year: r#type == ColumnType::MYSQL_TYPE_YEAR,
            is_json: r#type == ColumnType::MYSQL_TYPE_JSON,
        }
    }
}

/// The cells of a row.
pub(super) fn row(
    row: Row,
    columns: &[Column],
    readers: &[Reader],
    zero_dates: ZeroDates,
) -> Result<Vec<Cell>, DbError> {
    let values = row.unwrap().into_iter().zip(columns).zip(readers);
    let cell = |((value, column), reader): ((Value, &Column), &Reader)| {
        let Column { name, type_name, .. } = column;
        let cell = cell(value, column.r#type, *reader).ok_or_else(|| {
            let text =
                format!("the value of column {name} is no {type_name} as MySQL documents it");
            DbError::new(Class::Other, text)
        })?;
        Ok(match (cell, zero_dates) {
            (Cell::ZeroDate, ZeroDates::Null) => Cell::Null,
            (Cell::ZeroDate, ZeroDates::Round) => first_day(column.r#type),
            (cell, _) => cell,
        })
    };
    values.map(cell).collect()
}

/// The first of January of the year 1.
fn first_day(r#type: SqlType) -> Cell {
    let days = gregorian_day(1, 1, 1);
    let moment = Moment { seconds: days * 86_400, nanos: 0 };
    match r#type {
        SqlType::Timestamp { zoned: true } => Cell::Instant(moment),
        SqlType::Timestamp { zoned: false } => Cell::Local(moment),
        _ => Cell::Date(days),
    }
}

fn cell(value: Value, r#type: SqlType, reader: Reader) -> Option<Cell> {
    Some(match (value, r#type) {
        (Value::NULL, _) => Cell::Null,
        (Value::Int(0) | Value::UInt(0), SqlType::Date) if reader.is_year => Cell::ZeroDate,
        (Value::Int(year), SqlType::Date) => Cell::Date(gregorian_day(year, 1, 1)),
        (Value::UInt(year), SqlType::Date) => {
            Cell::Date(gregorian_day(i64::try_from(year).ok()?, 1, 1))
        }
        (Value::Int(it), _) => Cell::Int(it),
        (Value::UInt(it), _) => Cell::Unsigned(it),
        (Value::Float(it), _) => Cell::Single(it),
        (Value::Double(it), _) => Cell::Double(it),
        (Value::Date(year, month, day, hour, minute, second, micros), r#type) => {
            let time = [hour, minute, second].map(i64::from);
            date(r#type, (i64::from(year), i64::from(month), i64::from(day)), time, micros)?
        }
        (Value::Time(is_negative, days, hours, minutes, seconds, micros), _) => {
            let hours = i64::from(days) * 24 + i64::from(hours);
            if is_negative || hours > 23 {
                return Some(Cell::NoTime("a duration that is no time of a day"));
            }
            let seconds = hours * 3600 + i64::from(minutes) * 60 + i64::from(seconds);
            Cell::Time(seconds * 1_000_000_000 + i64::from(micros) * 1000)
        }
        (Value::Bytes(it), SqlType::Numeric { .. }) => {
            Cell::Decimal(Decimal::parse(std::str::from_utf8(&it).ok()?)?)
        }
        // They stand at the low end.
        (Value::Bytes(it), SqlType::Bit(bits @ 1..=8)) => {
            let byte = it.first()?.checked_shl(8 - bits)?;
            Cell::Bits(bits as usize, vec![byte].into())
        }
        (Value::Bytes(it), SqlType::Bit(bits)) => Cell::Bits(bits as usize, it.into()),
        (Value::Bytes(it), SqlType::Text) => text(it)?,
        (Value::Bytes(it), _) if reader.is_json => text(it)?,
        (Value::Bytes(it), _) => Cell::Bytes(it.into()),
    })
}

fn text(bytes: Vec<u8>) -> Option<Cell> {
    ByteString::try_from(Bytes::from(bytes)).ok().map(Cell::Text)
}

fn date(
    r#type: SqlType,
    (year, month, day): (i64, i64, i64),
    [hour, minute, second]: [i64; 3],
    micros: u32,
) -> Option<Cell> {
    // Zeros may stand for the month or the day alone, too, if the server's mode lets them.
    if month == 0 || day == 0 {
        return Some(Cell::ZeroDate);
    }
    let days = gregorian_day(year, month, day);
    let seconds = days * 86_400 + hour * 3600 + minute * 60 + second;
    let moment = Moment { seconds, nanos: micros.checked_mul(1000)? };
    Some(match r#type {
        SqlType::Date => Cell::Date(days),
        SqlType::Timestamp { zoned: true } => Cell::Instant(moment),
        _ => Cell::Local(moment),
    })
}
