//! Values of a field turned into those of a column: without loss, or not at all.

use sluice_plugin::model::Decimal;

use super::zone::Zone;
use crate::{Cell, Moment};

/// What is done to each value of a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    /// Nothing.
    Same,
    /// It must be an integer within these limits.
    Integer(i128, i128),
    /// It must be a number that a double, or a single, says exactly.
    Floating { single: bool },
    /// It must be a number of at most so many digits behind the point.
    Decimal { scale: Option<i32> },
    /// A wall clock's time: of an instant, that in the zone of the database.
    Local,
    /// An instant: of a wall clock's time, that in the zone of the database.
    Instant,
    /// The date, or the time of day, that clocks of the database's zone show at an instant of UTC.
    InZone,
    /// The milliseconds since the epoch that Java's driver for SQLite writes.
    Millis,
    /// A decimal's digits.
    Digits,
    /// Text that SQLite would not take for a number.
    NoNumber,
    /// Text that the database reads as a value of the column's type.
    Read,
}

impl Step {
    /// The value for the column. The error says what is wrong, and shows no data.
    pub(crate) fn apply(self, cell: Cell, zone: &Zone) -> Result<Cell, String> {
        if cell == Cell::Null {
            return Ok(Cell::Null);
        }
        let (told, done) = match self {
            Self::Same | Self::Read => return Ok(cell),
            Self::Integer(min, max) => {
                ("the value is no integer, or out of the column's range", integer(cell, min, max))
            }
            Self::Floating { single } => {
                ("the column cannot hold the number exactly", floating(&cell, single))
            }
            Self::Decimal { scale } => (
                "the number has more digits behind the point than the column",
                decimal(cell, scale),
            ),
            Self::Local => ("the timestamp is out of range", local(cell, zone)),
            Self::Instant => ("the timestamp is out of range", instant(cell, zone)),
            Self::InZone => ("the date is out of range", in_zone(&cell, zone)),
            Self::Millis => (
                "times in SQLite are milliseconds, and the value is finer or out of range",
                millis(cell, zone),
            ),
            Self::Digits => ("the value is no decimal", digits(&cell)),
            Self::NoNumber => (
                "SQLite would make a number of the text in a column of this type: declare it TEXT",
                Some(cell).filter(|it| !is_number(it)),
            ),
        };
        done.ok_or_else(|| told.to_owned())
    }
}

fn integer(cell: Cell, min: i128, max: i128) -> Option<Cell> {
    let number = match cell {
        Cell::Boolean(it) => i128::from(it),
        Cell::Int(it) => i128::from(it),
        Cell::Decimal(it) => {
            let whole = it.truncated(20)?;
            let again = Decimal::new(
                whole.clone()
                    * num_bigint::BigInt::from(10).pow(u32::try_from(it.scale().max(0)).ok()?),
                it.scale().max(0),
            );
            let is_whole = it.scale() <= 0 || again.unscaled() == it.unscaled();
            i128::try_from(whole).ok().filter(|_| is_whole)?
        }
        _ => return None,
    };
    let number = Some(number).filter(|it| (min..=max).contains(it))?;
    match i64::try_from(number) {
        Ok(signed) => Some(Cell::Int(signed)),
        Err(_) => u64::try_from(number).ok().map(Cell::Unsigned),
    }
}

/// Whether it is text that SQLite's numeric affinity takes for an integer or a real, blanks around it or not.
fn is_number(cell: &Cell) -> bool {
    let Cell::Text(text) = cell else { return false };
    let text = text.trim_matches([' ', '\t', '\n', '\u{b}', '\u{c}', '\r']);
    // What Rust reads besides, `inf` and `nan`, ends with a letter.
    text.ends_with(|it: char| it.is_ascii_digit() || it == '.') && text.parse::<f64>().is_ok()
}

fn floating(cell: &Cell, single: bool) -> Option<Cell> {
    let number = match cell {
        Cell::Single(it) => f64::from(*it),
        Cell::Double(it) => *it,
        Cell::Int(it) => Some(*it as f64).filter(|double| *double as i128 == i128::from(*it))?,
        _ => return None,
    };
    if !single {
        return Some(Cell::Double(number));
    }
    let short = number as f32;
    (f64::from(short).to_bits() == number.to_bits() || number.is_nan())
        .then_some(Cell::Single(short))
}

fn decimal(cell: Cell, scale: Option<i32>) -> Option<Cell> {
    let number = match cell {
        Cell::Decimal(it) => it,
        Cell::Int(it) => Decimal::new(it.into(), 0),
        Cell::Single(it) if it.is_finite() => Decimal::parse(&it.to_string())?,
        Cell::Double(it) if it.is_finite() => Decimal::parse(&it.to_string())?,
        Cell::Single(it) => return Some(Cell::NoNumber(it.into())),
        Cell::Double(it) => return Some(Cell::NoNumber(it)),
        _ => return None,
    };
    let fits = scale.is_none_or(|scale| {
        number.scale() <= scale || zeros_behind(&number) >= number.scale() - scale
    });
    fits.then_some(Cell::Decimal(number))
}

/// Zeros at the end of a number's digits; as many as one likes of zero.
fn zeros_behind(number: &Decimal) -> i32 {
    let digits = number.unscaled().magnitude().to_string();
    if digits == "0" {
        return i32::MAX;
    }
    i32::try_from(digits.len() - digits.trim_end_matches('0').len()).unwrap_or(i32::MAX)
}

fn local(cell: Cell, zone: &Zone) -> Option<Cell> {
    match cell {
        Cell::Local(_) => Some(cell),
        Cell::Instant(it) => zone.local(it).map(Cell::Local),
        Cell::Date(days) => {
            Some(Cell::Local(Moment { seconds: days.checked_mul(86_400)?, nanos: 0 }))
        }
        _ => None,
    }
}

fn instant(cell: Cell, zone: &Zone) -> Option<Cell> {
    match local(cell.clone(), &Zone::UTC)? {
        _ if matches!(cell, Cell::Instant(_)) => Some(cell),
        Cell::Local(it) => zone.instant(it).map(Cell::Instant),
        _ => None,
    }
}

fn in_zone(cell: &Cell, zone: &Zone) -> Option<Cell> {
    const DAY: i64 = 86_400;
    const NANOS: i64 = 1_000_000_000;
    match cell {
        Cell::Date(days) => {
            let local = zone.local(Moment { seconds: days.checked_mul(DAY)?, nanos: 0 })?;
            Some(Cell::Date(local.seconds.div_euclid(DAY)))
        }
        Cell::Time(nanos) => {
            let local =
                zone.local(Moment { seconds: nanos / NANOS, nanos: (nanos % NANOS) as u32 })?;
            Some(Cell::Time(local.seconds.rem_euclid(DAY) * NANOS + i64::from(local.nanos)))
        }
        _ => None,
    }
}

fn millis(cell: Cell, zone: &Zone) -> Option<Cell> {
    let moment = match cell {
        Cell::Time(nanos) => {
            return (nanos % 1_000_000 == 0).then_some(Cell::Int(nanos / 1_000_000));
        }
        Cell::Date(days) => return days.checked_mul(86_400_000).map(Cell::Int),
        cell => match instant(cell, zone)? {
            Cell::Instant(it) => it,
            _ => return None,
        },
    };
    moment.millis().filter(|_| moment.nanos % 1_000_000 == 0).map(Cell::Int)
}

fn digits(cell: &Cell) -> Option<Cell> {
    if let Cell::Decimal(it) = cell { Some(Cell::Text(it.to_string().into())) } else { None }
}

#[cfg(test)]
mod tests;
