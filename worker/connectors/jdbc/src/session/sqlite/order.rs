//! Where the values of timestamp columns stand, for SQL to compare. SQLite has no type for times: a column holds text of
//! several forms, with or without a zone, or milliseconds, and its own functions round to the millisecond.

use rusqlite::{
    Connection, Error,
    functions::{Context, FunctionFlags},
    types::ValueRef,
};

use super::values;
use crate::{Cell, Class, DbError, Moment, SqlType};

/// The function: of a column's name and its value, NULL of NULL.
const FUNCTION: &str = "sluice_order";
/// How its refusals begin.
const REFUSAL: &str = "timestamp column ";

/// The expression of where the value of a column stands; `written` is the column in SQL. Only a session that knows the
/// function has it ([`super::Client::order_times`]).
pub(crate) fn expression(name: &str, written: &str) -> String {
    format!("{FUNCTION}('{}', {written})", name.replace('\'', "''"))
}

/// Where a point in time stands: bytes that compare as times do.
pub(crate) fn cell(moment: Moment) -> Cell {
    Cell::Bytes(bytes(moment).into())
}

fn bytes(moment: Moment) -> Vec<u8> {
    let seconds = moment.seconds.cast_unsigned() ^ (1 << 63);
    [&seconds.to_be_bytes()[..], &moment.nanos.to_be_bytes()].concat()
}

/// Makes the function known. `instant` is the point in time of a value that was read.
pub(super) fn define(
    connection: &Connection,
    instant: impl Fn(&Cell) -> Option<Moment> + Send + 'static,
) -> Result<(), DbError> {
    const TIMESTAMP: SqlType = SqlType::Timestamp { zoned: false };
    let function = move |context: &Context<'_>| {
        let value = context.get_raw(1);
        if value == ValueRef::Null {
            return Ok(None);
        }
        if let Some(moment) = values::cell(value, TIMESTAMP).and_then(|it| instant(&it)) {
            return Ok(Some(bytes(moment)));
        }
        let (name, kind): (String, _) = (context.get(0)?, value.data_type());
        let text = format!(
            "{REFUSAL}{name} holds a value of type {kind} that is no time, or one beyond those that zones are known for: it \
             has to be milliseconds or text such as 2024-01-31 12:00:00"
        );
        Err(Error::UserFunctionError(text.into()))
    };
    let flags = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC;
    Ok(connection.create_scalar_function(FUNCTION, 2, flags, function)?)
}

/// The error of a statement; what the function refuses is the fault of the data.
pub(super) fn refusal(error: Error) -> DbError {
    let mut error = DbError::from(error);
    if error.message().starts_with(REFUSAL) {
        error.class = Class::Data;
    }
    error
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_compare_as_times_do() {
        let at = |seconds, nanos| bytes(Moment { seconds, nanos });
        let rising =
            [at(i64::MIN, 0), at(-1, 999_999_999), at(0, 0), at(0, 1), at(0, 256), at(1, 0)];
        assert!(rising.is_sorted_by(|one, other| one < other), "{rising:?}");
    }

    #[test]
    fn names_of_columns_stay_text() {
        assert_eq!(expression("it's", "\"it's\""), "sluice_order('it''s', \"it's\")");
    }
}
