//! Values of SQLite as cells, and back.

mod time;

use bytes::Bytes;
use bytestring::ByteString;
use rusqlite::{
    Row,
    types::{Value, ValueRef},
};
use sluice_plugin::model::Decimal;

use super::classes::Values;
use crate::{Cell, Class, Column, DbError, SqlType};

/// The cells of a row.
pub(super) fn row(
    row: &Row<'_>,
    columns: &[Column],
    values: &[Values],
) -> Result<Vec<Cell>, DbError> {
    let read = |(index, (column, values)): (usize, (&Column, &Values))| {
        let value = row.get_ref(index)?;
        let cell = if values.hold(value) { cell(value, column.r#type) } else { None };
        cell.ok_or_else(|| misfit(column, *values, value))
    };
    columns.iter().zip(values).enumerate().map(read).collect()
}

fn misfit(column: &Column, values: Values, value: ValueRef<'_>) -> DbError {
    let Column { name, type_name, .. } = column;
    let held = format!("column {name} holds a value of type {}", value.data_type());
    match values {
        Values::Declared => {
            DbError::new(Class::Data, format!("{held} where {type_name} is declared"))
        }
        Values::Of(_) => {
            let text = format!(
                "{held}, and nothing declares its type, which was {type_name} by its first value: CAST it in a query to \
                 INTEGER, REAL or TEXT"
            );
            DbError::new(Class::Data, text)
        }
        // It was written after the look for one.
        Values::Null => {
            DbError::new(Class::Transient, format!("{held}, the first one: it is read anew"))
        }
    }
}

/// The value as its column declares it; none if it is another.
pub(super) fn cell(value: ValueRef<'_>, r#type: SqlType) -> Option<Cell> {
    let text = |bytes| std::str::from_utf8(bytes).ok();
    Some(match (value, r#type) {
        (ValueRef::Null, _) => Cell::Null,
        (ValueRef::Integer(it), SqlType::Boolean) => Cell::Boolean(it != 0),
        (ValueRef::Integer(days), SqlType::Date) => time::date_of_millis(days),
        (ValueRef::Integer(millis), SqlType::Time) => time::time_of_millis(millis),
        (ValueRef::Integer(millis), SqlType::Timestamp { .. }) => time::moment_of_millis(millis),
        (ValueRef::Text(it), SqlType::Date) => time::date(text(it)?)?,
        (ValueRef::Text(it), SqlType::Time) => time::time(text(it)?)?,
        (ValueRef::Text(it), SqlType::Timestamp { .. }) => time::moment(text(it)?)?,
        (ValueRef::Integer(it), SqlType::Numeric { .. }) => {
            Cell::Decimal(Decimal::new(it.into(), 0))
        }
        (ValueRef::Real(it), SqlType::Numeric { .. }) => {
            Decimal::parse(&it.to_string()).map_or(Cell::NoNumber(it), Cell::Decimal)
        }
        (ValueRef::Text(it), SqlType::Numeric { .. }) => Cell::Decimal(Decimal::parse(text(it)?)?),
        (ValueRef::Integer(it), SqlType::Double) => exact(it)?,
        (ValueRef::Integer(it), SqlType::Text) => Cell::Text(it.to_string().into()),
        (ValueRef::Real(it), SqlType::Text) => Cell::Text(it.to_string().into()),
        (ValueRef::Integer(it), kind) if is_integer(kind) || kind == SqlType::Other => {
            Cell::Int(it)
        }
        (ValueRef::Real(it), SqlType::Double | SqlType::Other) => Cell::Double(it),
        (ValueRef::Text(it), SqlType::Text | SqlType::Other) => {
            Cell::Text(ByteString::from(text(it)?))
        }
        (ValueRef::Blob(it), SqlType::Bytes | SqlType::Other) => {
            Cell::Bytes(Bytes::copy_from_slice(it))
        }
        (ValueRef::Text(it), SqlType::Bytes) => Cell::Bytes(Bytes::copy_from_slice(it)),
        _ => return None,
    })
}

const fn is_integer(r#type: SqlType) -> bool {
    matches!(
        r#type,
        SqlType::TinyInt { .. }
            | SqlType::SmallInt { .. }
            | SqlType::Integer { .. }
            | SqlType::BigInt { .. }
    )
}

/// The double of an integer, unless it loses digits.
fn exact(number: i64) -> Option<Cell> {
    let double = number as f64;
    (double as i128 == i128::from(number)).then_some(Cell::Double(double))
}

/// The parameters of a statement.
pub(super) fn parameters(cells: Vec<Cell>) -> Result<Vec<Value>, DbError> {
    cells.into_iter().map(value).collect()
}

fn value(cell: Cell) -> Result<Value, DbError> {
    let unfit = || DbError::new(Class::Data, "a value lies beyond what SQLite can hold");
    Ok(match cell {
        Cell::Null => Value::Null,
        Cell::Boolean(it) => Value::Integer(it.into()),
        Cell::Int(it) => Value::Integer(it),
        Cell::Unsigned(it) => Value::Integer(i64::try_from(it).map_err(|_| unfit())?),
        Cell::Single(it) => Value::Real(it.into()),
        Cell::Double(it) | Cell::NoNumber(it) => Value::Real(it),
        Cell::Decimal(it) => Value::Text(it.to_string()),
        Cell::Text(it) => Value::Text(it.to_string()),
        Cell::Bytes(it) | Cell::Bits(_, it) => Value::Blob(it.to_vec()),
        Cell::Date(days) => Value::Text(time::date_text(days)),
        Cell::Time(nanos) => Value::Text(time::time_text(nanos)),
        Cell::Local(it) | Cell::Instant(it) => Value::Text(time::moment_text(it)),
        Cell::ZeroDate | Cell::NoTime(_) => return Err(unfit()),
    })
}
