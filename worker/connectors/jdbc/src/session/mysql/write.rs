//! Cells as parameters of MySQL's statements.

use mysql_async::{Params, Value};
use sluice_plugin::model::calendar;

use crate::{Cell, Class, DbError, Moment};

/// The parameters of a statement.
pub(super) fn parameters(cells: Vec<Cell>) -> Result<Params, DbError> {
    if cells.is_empty() {
        return Ok(Params::Empty);
    }
    cells.into_iter().map(value).collect::<Result<_, _>>().map(Params::Positional)
}

/// A value as a parameter.
pub(crate) fn value(cell: Cell) -> Result<Value, DbError> {
    let value = match cell {
        Cell::Null => Some(Value::NULL),
        Cell::Boolean(it) => Some(Value::Int(it.into())),
        Cell::Int(it) => Some(Value::Int(it)),
        Cell::Unsigned(it) => Some(Value::UInt(it)),
        Cell::Single(it) => it.is_finite().then_some(Value::Float(it)),
        Cell::Double(it) => it.is_finite().then_some(Value::Double(it)),
        Cell::Decimal(it) => Some(Value::Bytes(plain(&it).into_bytes())),
        Cell::Text(it) => Some(Value::Bytes(it.as_bytes().to_vec())),
        Cell::Bytes(it) | Cell::Bits(_, it) => Some(Value::Bytes(it.to_vec())),
        Cell::Date(days) => moment(Moment { seconds: days.saturating_mul(86_400), nanos: 0 }),
        Cell::Time(nanos) => time(nanos),
        Cell::Local(it) | Cell::Instant(it) => moment(it),
        Cell::ZeroDate => Some(Value::Date(0, 0, 0, 0, 0, 0, 0)),
        Cell::NoNumber(_) | Cell::NoTime(_) => None,
    };
    value.ok_or_else(|| DbError::new(Class::Data, "a value lies beyond what MySQL can hold"))
}

/// The digits without an exponent.
fn plain(decimal: &sluice_plugin::model::Decimal) -> String {
    let text = decimal.to_string();
    if !text.contains('E') {
        return text;
    }
    let digits = decimal.unscaled().magnitude().to_string();
    let sign = if text.starts_with('-') { "-" } else { "" };
    match usize::try_from(decimal.scale()) {
        Err(_) => {
            let zeros = decimal.scale().unsigned_abs() as usize;
            format!("{sign}{digits}{}", "0".repeat(zeros))
        }
        Ok(scale) => {
            let digits = format!("{digits:0>width$}", width = scale + 1);
            let (whole, fraction) = digits.split_at(digits.len() - scale);
            format!("{sign}{whole}.{fraction}")
        }
    }
}

fn moment(moment: Moment) -> Option<Value> {
    let days = moment.seconds.div_euclid(86_400);
    let second = moment.seconds.rem_euclid(86_400) as u32;
    let (year, month, day) = calendar::gregorian(days);
    let year = u16::try_from(year).ok().filter(|it| *it <= 9999)?;
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    let micros = moment.nanos / 1000;
    Some(Value::Date(year, month as u8, day as u8, hour as u8, minute as u8, second as u8, micros))
}

fn time(nanos: i64) -> Option<Value> {
    let micros = u64::try_from(nanos).ok()? / 1000;
    let seconds = u32::try_from(micros / 1_000_000).ok()?;
    let (hours, minutes) = (seconds / 3600, seconds / 60 % 60);
    let (days, hours) = (hours / 24, hours % 24);
    let part = (micros % 1_000_000) as u32;
    Some(Value::Time(false, days, hours as u8, minutes as u8, (seconds % 60) as u8, part))
}

#[cfg(test)]
mod tests {
    use sluice_plugin::model::Decimal;

    use super::*;

    #[test]
    fn decimals_are_written_without_an_exponent() {
        for (text, expected) in [("1.50", "1.50"), ("-12e3", "-12000"), ("1e-9", "0.000000001")] {
            assert_eq!(plain(&Decimal::parse(text).expect(text)), expected);
        }
    }

    #[test]
    fn times_lie_within_what_can_be_written() {
        let noon = Moment { seconds: -1, nanos: 5000 };
        assert_eq!(moment(noon), Some(Value::Date(1969, 12, 31, 23, 59, 59, 5)));
        assert_eq!(moment(Moment { seconds: 253_402_300_800, nanos: 0 }), None);
        assert_eq!(time(86_399_000_001_000), Some(Value::Time(false, 0, 23, 59, 59, 1)));
        assert_eq!(time(-1), None);
    }
}
