//! The value of one cell. What does not fit is an error that says what to do. Digits are lost only where the type that users
//! chose has fewer: FLOAT64 (`numeric.mapping`), and the milliseconds of Connect's Time and Timestamp.

use num_bigint::BigInt;
use sluice_plugin::model::{Decimal, Value, logical::DAY};

use super::{
    super::{TimestampGranularity, calendar, settings::Mapping},
    Kind,
};
use crate::{Cell, Moment};

const CAST: &str = "read it through a query with a CAST, or choose another numeric.mapping";

/// The value; the error completes a sentence about the column.
pub(super) fn value(
    cell: Cell,
    kind: Kind,
    nullable: bool,
    mapping: &Mapping,
) -> Result<Value, String> {
    let cell = match cell {
        Cell::Null if nullable => return Ok(Value::Null),
        Cell::Null => {
            return Err("is declared NOT NULL and came as null: with zeroDateTimeBehavior=convertToNull, dates of zeros do; \
                        let the column be null"
                .to_owned());
        }
        Cell::ZeroDate => {
            return Err("holds a date of zeros, which is no date: set zeroDateTimeBehavior=convertToNull or round in the \
                        URL"
                .to_owned());
        }
        Cell::NoTime(what) => {
            return Err(format!("holds {what}, which no date or time of Connect is"));
        }
        Cell::NoNumber(it) if kind != Kind::Float64 => {
            return Err(format!(
                "holds {it}, which only a FLOAT64 can be: set numeric.mapping=best_fit_eager_double"
            ));
        }
        cell => cell,
    };
    let misfit = || format!("holds a value that does not fit {kind:?}");
    Ok(match kind {
        Kind::Boolean => Value::Boolean(truth(&cell).ok_or_else(misfit)?),
        Kind::Int8 => Value::Int8(integer(&cell)?.try_into().map_err(|_| misfit())?),
        Kind::Int16 => Value::Int16(integer(&cell)?.try_into().map_err(|_| misfit())?),
        Kind::Int32 => Value::Int32(integer(&cell)?.try_into().map_err(|_| misfit())?),
        Kind::Int64 => Value::Int64(integer(&cell)?.try_into().map_err(|_| misfit())?),
        Kind::Float32 => Value::Float32(match cell {
            Cell::Single(it) => it,
            _ => return Err(misfit()),
        }),
        Kind::Float64 => Value::Float64(double(&cell).ok_or_else(misfit)?),
        Kind::Decimal(scale) => Value::Decimal(decimal(cell, scale)?.into()),
        Kind::String => match cell {
            Cell::Text(text) => Value::String(text),
            _ => return Err(misfit()),
        },
        Kind::Bytes => match cell {
            Cell::Bytes(bytes) | Cell::Bits(_, bytes) => Value::Bytes(bytes),
            _ => return Err(misfit()),
        },
        Kind::Date => match cell {
            Cell::Date(days) if mapping.is_legacy_calendar => {
                Value::Date(calendar::legacy_day(days) * DAY)
            }
            Cell::Date(days) => Value::Date(days * DAY),
            _ => return Err(misfit()),
        },
        Kind::Time => match cell {
            Cell::Time(nanos) => Value::Date(nanos / 1_000_000),
            _ => return Err(misfit()),
        },
        Kind::Timestamp(granularity) => {
            timestamp(&cell, granularity, mapping).ok_or_else(misfit)?
        }
    })
}

fn truth(cell: &Cell) -> Option<bool> {
    match cell {
        Cell::Boolean(it) => Some(*it),
        Cell::Int(it) => Some(*it != 0),
        Cell::Bits(1, bits) => bits.first().map(|it| *it != 0),
        _ => None,
    }
}

fn integer(cell: &Cell) -> Result<i128, String> {
    match cell {
        Cell::Boolean(it) => Ok(i128::from(*it)),
        Cell::Int(it) => Ok(i128::from(*it)),
        Cell::Unsigned(it) => Ok(i128::from(*it)),
        Cell::Bits(length, bits) if *length <= 8 => {
            let byte = bits.first().copied().unwrap_or_default();
            Ok(i128::from(byte) >> (8 - length))
        }
        Cell::Decimal(it) => {
            let whole =
                rescaled(it, 0).ok_or_else(|| format!("holds a number with a fraction: {CAST}"))?;
            i128::try_from(whole).map_err(|_| format!("holds a number of too many digits: {CAST}"))
        }
        _ => Err("holds a value that is no integer".to_owned()),
    }
}

fn double(cell: &Cell) -> Option<f64> {
    match cell {
        Cell::Double(it) | Cell::NoNumber(it) => Some(*it),
        Cell::Single(it) => Some(f64::from(*it)),
        Cell::Decimal(it) => it.to_string().parse().ok(),
        _ => None,
    }
}

fn decimal(cell: Cell, scale: i32) -> Result<Decimal, String> {
    let Cell::Decimal(decimal) = cell else {
        return Err("holds a value that is no exact number".to_owned());
    };
    if decimal.scale() == scale {
        return Ok(decimal);
    }
    let unscaled = rescaled(&decimal, scale).ok_or_else(|| {
        format!("holds a number with more than {scale} digits behind the point: {CAST}")
    })?;
    Ok(Decimal::new(unscaled, scale))
}

/// The unscaled integer of the same number at another scale; none if digits would be lost.
fn rescaled(decimal: &Decimal, scale: i32) -> Option<BigInt> {
    let ten = |power: u32| BigInt::from(10).pow(power);
    let more = i64::from(scale) - i64::from(decimal.scale());
    let power = u32::try_from(more.unsigned_abs()).ok()?;
    if more >= 0 {
        return Some(decimal.unscaled() * ten(power));
    }
    let divisor = ten(power);
    let whole = decimal.unscaled() / &divisor;
    (&whole * divisor == *decimal.unscaled()).then_some(whole)
}

fn timestamp(cell: &Cell, granularity: TimestampGranularity, mapping: &Mapping) -> Option<Value> {
    use TimestampGranularity as Granularity;
    let legacy = |it: Moment| if mapping.is_legacy_calendar { calendar::legacy(it) } else { it };
    let instant = match cell {
        Cell::Local(shown) => calendar::instant(legacy(*shown), &mapping.zone)?,
        Cell::Instant(it) => legacy(*it),
        Cell::Date(days) => Moment { seconds: days * DAY / 1000, nanos: 0 },
        _ => return None,
    };
    let shown = || calendar::local(instant, &mapping.zone);
    Some(match granularity {
        Granularity::Logical => Value::Date(instant.millis()?),
        Granularity::MicrosLong => Value::Int64(instant.micros()?),
        Granularity::MicrosString => Value::from(instant.micros()?.to_string()),
        Granularity::MicrosIso => Value::from(calendar::iso(shown()?, 6)),
        Granularity::NanosLong => Value::Int64(instant.whole_nanos()?),
        Granularity::NanosString => Value::from(instant.whole_nanos()?.to_string()),
        Granularity::NanosIso => Value::from(calendar::iso(shown()?, 9)),
    })
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;

    use super::*;
    use crate::source::NumericMapping;

    fn told(cell: Cell, kind: Kind) -> String {
        let mapping = Mapping {
            numeric: NumericMapping::None,
            numeric_is_set: false,
            granularity: TimestampGranularity::Logical,
            is_legacy_calendar: true,
            zone: TimeZone::get("Europe/Berlin").expect("a zone"),
        };
        value(cell, kind, true, &mapping).map_or_else(|why| why, |it| format!("{it:?}"))
    }

    #[test]
    fn values_keep_all_of_their_digits_or_are_refused() {
        let number = |text: &str| Cell::Decimal(Decimal::parse(text).expect(text));
        let noon = Moment { seconds: 1_706_702_400, nanos: 123_456_789 };
        for (cell, kind, expected) in [
            (Cell::Null, Kind::Int8, "Null"),
            (Cell::Int(-129), Kind::Int8, "does not fit Int8"),
            (Cell::Unsigned(u64::MAX), Kind::Int64, "does not fit Int64"),
            (number("12.00"), Kind::Int64, "Int64(12)"),
            (number("12.01"), Kind::Int64, "with a fraction"),
            (number("1.5"), Kind::Decimal(2), "unscaled: 150, scale: 2"),
            (number("1.005"), Kind::Decimal(2), "more than 2 digits"),
            (number("1.005"), Kind::Float64, "Float64(1.005)"),
            (Cell::NoNumber(f64::NAN), Kind::Decimal(0), "best_fit_eager_double"),
            (Cell::NoNumber(f64::INFINITY), Kind::Float64, "Float64(inf)"),
            (Cell::ZeroDate, Kind::Date, "zeroDateTimeBehavior"),
            (Cell::NoTime("infinity"), Kind::Date, "holds infinity"),
            (Cell::Bits(1, vec![0x80].into()), Kind::Boolean, "Boolean(true)"),
            (Cell::Bits(4, vec![0xA0].into()), Kind::Boolean, "does not fit Boolean"),
            (
                Cell::Local(noon),
                Kind::Timestamp(TimestampGranularity::Logical),
                "Date(1706698800123)",
            ),
            (
                Cell::Instant(noon),
                Kind::Timestamp(TimestampGranularity::MicrosLong),
                "Int64(1706702400123456)",
            ),
            (
                Cell::Instant(noon),
                Kind::Timestamp(TimestampGranularity::NanosString),
                "\"1706702400123456789\"",
            ),
            (
                Cell::Local(noon),
                Kind::Timestamp(TimestampGranularity::NanosIso),
                "\"2024-01-31T12:00:00.123456789\"",
            ),
            (
                Cell::Instant(noon),
                Kind::Timestamp(TimestampGranularity::MicrosIso),
                "\"2024-01-31T13:00:00.123456\"",
            ),
        ] {
            let told = told(cell.clone(), kind);
            assert!(told.contains(expected), "{cell:?} as {kind:?}: {told}");
        }
    }
}
