//! What has to be done so that the values of a field fit a column, if they can.

use super::{kind::Kind, step::Step};
use crate::{Column, Dialect, SqlType};

/// The step for a field and its column. The error says which do not fit.
pub(crate) fn fit(kind: &Kind, column: &Column, dialect: Dialect) -> Result<Step, String> {
    let step = match dialect {
        Dialect::Sqlite => sqlite(kind, column),
        Dialect::Postgres => postgres(kind, column),
        Dialect::MySql => typed(kind, column, dialect),
    };
    step.ok_or_else(|| {
        format!(
            "the column {} is {}, and the field is {kind}: change one of them, or cast the field before",
            column.name, column.type_name
        )
    })
}

fn postgres(kind: &Kind, column: &Column) -> Option<Step> {
    let is_array = column.type_name.starts_with('_');
    match kind {
        Kind::Array(_) => is_array.then_some(Step::Read),
        Kind::ZonedTime => {
            matches!(&*column.type_name, "timetz" | "text" | "varchar").then_some(Step::Read)
        }
        _ if is_array => None,
        // A type whose binary form nobody here knows, such as inet: the database reads its text.
        _ if kind.is_text() && column.r#type == SqlType::Other => Some(Step::Read),
        _ => typed(kind, column, Dialect::Postgres),
    }
}

fn is_integer(kind: &Kind) -> bool {
    matches!(kind, Kind::Int8 | Kind::Int16 | Kind::Int32 | Kind::Int64)
}

fn is_number(kind: &Kind) -> bool {
    is_integer(kind) || matches!(kind, Kind::Decimal { .. } | Kind::AnyDecimal)
}

fn is_moment(kind: &Kind) -> bool {
    matches!(
        kind,
        Kind::Timestamp | Kind::Epoch(_) | Kind::LocalTimestamp(_) | Kind::ZonedTimestamp
    )
}

fn is_date(kind: &Kind) -> bool {
    matches!(kind, Kind::Date | Kind::Days)
}

fn typed(kind: &Kind, column: &Column, dialect: Dialect) -> Option<Step> {
    let integer = |bits: u32, unsigned: bool| {
        let truth = dialect == Dialect::MySql && *kind == Kind::Boolean;
        let limits = if unsigned {
            Step::Integer(0, (1 << bits) - 1)
        } else {
            Step::Integer(-(1 << (bits - 1)), (1 << (bits - 1)) - 1)
        };
        (is_number(kind) || truth).then_some(limits)
    };
    let is_float = matches!(kind, Kind::Float32 | Kind::Float64);
    match column.r#type {
        SqlType::Boolean | SqlType::Bit(1) => {
            (*kind == Kind::Boolean && column.type_name != "bit").then_some(Step::Same)
        }
        SqlType::Bit(_) => {
            (*kind == Kind::Bytes && dialect == Dialect::MySql).then_some(Step::Same)
        }
        SqlType::TinyInt { unsigned } => integer(8, unsigned),
        SqlType::SmallInt { unsigned } => integer(16, unsigned),
        SqlType::Integer { unsigned } => integer(32, unsigned),
        SqlType::BigInt { unsigned } => integer(64, unsigned),
        SqlType::Real => (is_float || is_integer(kind)).then_some(Step::Floating { single: true }),
        SqlType::Double => {
            (is_float || is_integer(kind)).then_some(Step::Floating { single: false })
        }
        SqlType::Numeric { digits } => {
            let scale = digits.map(|it| it.1);
            (is_number(kind) || is_float).then_some(Step::Decimal { scale })
        }
        SqlType::Text => (kind.is_text() || *kind == Kind::ZonedTime).then_some(Step::Same),
        SqlType::Bytes => (*kind == Kind::Bytes).then_some(Step::Same),
        SqlType::Date => is_date(kind).then_some(Step::Same),
        SqlType::Time => matches!(kind, Kind::Time | Kind::TimeOfDay(_)).then_some(Step::Same),
        SqlType::Timestamp { zoned } => (is_moment(kind) || is_date(kind)).then_some(if zoned {
            Step::Instant
        } else {
            Step::Local
        }),
        SqlType::Other => None,
    }
}

/// What SQLite makes of the values in a column (its "Datatypes", 3.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Affinity {
    Integer,
    Text,
    /// Values stay as they are.
    Blob,
    Real,
    Numeric,
}

/// The affinity of a declared type: the first of SQLite's rules that it fits.
fn affinity(declared: &str) -> Affinity {
    let declared = declared.to_ascii_uppercase();
    let has = |words: &[&str]| words.iter().any(|it| declared.contains(it));
    if has(&["INT"]) {
        Affinity::Integer
    } else if has(&["CHAR", "CLOB", "TEXT"]) {
        Affinity::Text
    } else if declared.is_empty() || has(&["BLOB"]) {
        Affinity::Blob
    } else if has(&["REAL", "FLOA", "DOUB"]) {
        Affinity::Real
    } else {
        Affinity::Numeric
    }
}

/// SQLite keeps a value of any type in any column, but turns text into numbers, integers into doubles and doubles into
/// text by the column's affinity.
fn sqlite(kind: &Kind, column: &Column) -> Option<Step> {
    let affinity = affinity(&column.type_name);
    let is_text = kind.is_text() || *kind == Kind::ZonedTime;
    let is_float = matches!(kind, Kind::Float32 | Kind::Float64);
    // The word says numbers, or truths, though its affinity would take text.
    let is_for_numbers = matches!(column.r#type, SqlType::Boolean | SqlType::Bit(_));
    match (kind, affinity) {
        (Kind::Decimal { .. } | Kind::AnyDecimal, Affinity::Text | Affinity::Blob) => {
            Some(Step::Digits)
        }
        (Kind::Array(_) | Kind::Decimal { .. } | Kind::AnyDecimal, _) => None,
        (_, Affinity::Text | Affinity::Blob) if is_text => Some(Step::Same),
        (_, Affinity::Numeric) if is_text && !is_for_numbers => Some(Step::NoNumber),
        _ if is_text => None,
        _ if is_float && affinity == Affinity::Text => None,
        _ if is_integer(kind) && affinity == Affinity::Real => {
            Some(Step::Floating { single: false })
        }
        _ if is_moment(kind) || is_date(kind) => Some(Step::Millis),
        (Kind::Time | Kind::TimeOfDay(_), _) => Some(Step::Millis),
        _ => Some(Step::Same),
    }
}

#[cfg(test)]
mod tests;
