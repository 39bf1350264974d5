//! Values of Connect's logical types as the fields of the messages that carry them.

use num_bigint::BigInt;
use sluice_plugin::model::{
    Decimal, Logical, Value, calendar,
    logical::{DAY, days_of, time_of},
};

use crate::wire::{Malformed, Reader, WireType, put_varint};

/// Seconds of 0001-01-01T00:00:00Z and of 9999-12-31T23:59:59Z, between which `google.protobuf.Timestamp` lies.
const TIMESTAMPS: std::ops::RangeInclusive<i64> = -62_135_596_800..=253_402_300_799;
/// Nanoseconds of a millisecond.
const MILLI: i64 = 1_000_000;

/// Appends the fields of a value's message.
pub(crate) fn write(logical: Logical, value: &Value, out: &mut Vec<u8>) -> Result<(), String> {
    match (logical, value) {
        (Logical::Decimal, Value::Decimal(decimal)) => {
            write_decimal(decimal, out);
            Ok(())
        }
        (Logical::Date, Value::Date(millis)) => write_date(*millis, out),
        (Logical::Time, Value::Date(millis)) => write_time(*millis, out),
        (Logical::Timestamp, Value::Date(millis)) => write_timestamp(*millis, out),
        _ => Err("the value is not one of the schema's logical type".to_owned()),
    }
}

/// Appends a field that is left out where it is 0.
fn put(out: &mut Vec<u8>, number: u8, value: i64) {
    if value != 0 {
        out.push(number << 3);
        put_varint(out, value as u64);
    }
}

fn write_decimal(decimal: &Decimal, out: &mut Vec<u8>) {
    let unscaled = decimal.to_bytes();
    out.push(1 << 3 | WireType::Delimited.number() as u8);
    put_varint(out, unscaled.len() as u64);
    out.extend_from_slice(&unscaled);
    put(out, 2, precision_of(decimal.unscaled()));
    put(out, 3, i64::from(decimal.scale()));
}

fn precision_of(unscaled: &BigInt) -> i64 {
    unscaled.magnitude().to_string().len() as i64
}

fn write_date(millis: i64, out: &mut Vec<u8>) -> Result<(), String> {
    days_of(millis).map_err(|error| error.to_string())?;
    let (year, month, day) = calendar::civil(millis.div_euclid(DAY));
    if !(1..=9999).contains(&year) {
        return Err("google.type.Date has no year before 1 and none after 9999".to_owned());
    }
    put(out, 1, year);
    put(out, 2, month);
    put(out, 3, day);
    Ok(())
}

fn write_time(millis: i64, out: &mut Vec<u8>) -> Result<(), String> {
    let millis = i64::from(time_of(millis).map_err(|error| error.to_string())?);
    if millis == DAY {
        return Err("google.type.TimeOfDay ends before 24:00".to_owned());
    }
    put(out, 1, millis / 3_600_000);
    put(out, 2, millis / 60_000 % 60);
    put(out, 3, millis / 1000 % 60);
    put(out, 4, millis % 1000 * MILLI);
    Ok(())
}

fn write_timestamp(millis: i64, out: &mut Vec<u8>) -> Result<(), String> {
    let seconds = millis.div_euclid(1000);
    if !TIMESTAMPS.contains(&seconds) {
        return Err("google.protobuf.Timestamp lies between the years 1 and 9999".to_owned());
    }
    put(out, 1, seconds);
    put(out, 2, millis.rem_euclid(1000) * MILLI);
    Ok(())
}

/// The value of a message.
pub(crate) fn read(logical: Logical, payload: &[u8]) -> Result<Value, String> {
    let (numbers, bytes) = fields(payload).map_err(|error| error.to_string())?;
    match logical {
        Logical::Decimal => read_decimal(bytes, numbers[2]),
        Logical::Date => read_date(numbers.map(i64::from)),
        Logical::Time => read_time(numbers),
        Logical::Timestamp => read_timestamp(payload),
    }
}

/// The 32-bit numbers of fields 1 to 4, and the bytes of field 1.
fn fields(payload: &[u8]) -> Result<([i32; 4], &[u8]), Malformed> {
    let (mut numbers, mut bytes) = ([0; 4], &[][..]);
    let mut reader = Reader::new(payload);
    while let Some((number, wire)) = reader.tag()? {
        match (number, wire) {
            (1..=4, WireType::Varint) => numbers[number as usize - 1] = reader.varint()? as i32,
            (1, WireType::Delimited) => bytes = reader.delimited()?,
            _ => reader.skip(number, wire)?,
        }
    }
    Ok((numbers, bytes))
}

fn read_decimal(unscaled: &[u8], scale: i32) -> Result<Value, String> {
    let decimal = Decimal::from_bytes(unscaled, scale);
    let decimal = decimal.ok_or_else(|| "a confluent.type.Decimal has no value".to_owned())?;
    Ok(Value::Decimal(decimal.into()))
}

fn read_date([year, month, day, _]: [i64; 4]) -> Result<Value, String> {
    let wrong = || "a google.type.Date is no day of the calendar".to_owned();
    if !(1..=9999).contains(&year) || !(1..=12).contains(&month) || !(1..=31).contains(&day) {
        return Err(wrong());
    }
    let gregorian = calendar::gregorian_day(year, month, day);
    let days = if gregorian >= calendar::CUT_OVER {
        gregorian
    } else {
        calendar::julian_day(year, month, day)
    };
    if calendar::civil(days) != (year, month, day) {
        return Err(wrong());
    }
    Ok(Value::Date(days * DAY))
}

fn read_time([hours, minutes, seconds, nanos]: [i32; 4]) -> Result<Value, String> {
    let is_right = (0..24).contains(&hours)
        && (0..60).contains(&minutes)
        && (0..60).contains(&seconds)
        && (0..1_000_000_000).contains(&nanos);
    if !is_right {
        return Err("a google.type.TimeOfDay is no time of a day".to_owned());
    }
    let seconds = i64::from((hours * 60 + minutes) * 60 + seconds);
    Ok(Value::Date(seconds * 1000 + i64::from(nanos) / MILLI))
}

fn read_timestamp(payload: &[u8]) -> Result<Value, String> {
    let (mut seconds, mut nanos) = (0, 0);
    let mut reader = Reader::new(payload);
    let mut read = || -> Result<(), Malformed> {
        while let Some((number, wire)) = reader.tag()? {
            match (number, wire) {
                (1, WireType::Varint) => seconds = reader.varint()? as i64,
                (2, WireType::Varint) => nanos = reader.varint()? as i32,
                _ => reader.skip(number, wire)?,
            }
        }
        Ok(())
    };
    read().map_err(|error| error.to_string())?;
    if !TIMESTAMPS.contains(&seconds) || !(0..1_000_000_000).contains(&nanos) {
        return Err("a google.protobuf.Timestamp is none".to_owned());
    }
    Ok(Value::Date(seconds * 1000 + i64::from(nanos) / MILLI))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn date(year: i64, month: i64, day: i64) -> Value {
        Value::Date(calendar::gregorian_day(year, month, day) * DAY)
    }

    #[test]
    fn what_is_written_is_read_back() {
        let decimal = |text| Value::Decimal(Decimal::parse(text).unwrap().into());
        for (logical, value) in [
            (Logical::Decimal, decimal("-123.4500")),
            (Logical::Decimal, decimal("0")),
            (Logical::Decimal, decimal("1E+10")),
            (Logical::Date, date(2024, 2, 29)),
            (Logical::Date, Value::Date(calendar::CUT_OVER * DAY)),
            (Logical::Date, Value::Date((calendar::CUT_OVER - 1) * DAY)),
            (Logical::Time, Value::Date(0)),
            (Logical::Time, Value::Date(DAY - 1)),
            (Logical::Timestamp, Value::Date(-1)),
            (Logical::Timestamp, Value::Date(1_700_000_000_123)),
        ] {
            let mut bytes = Vec::new();
            write(logical, &value, &mut bytes).unwrap();
            assert_eq!(read(logical, &bytes), Ok(value));
        }
    }

    #[test]
    fn what_a_message_cannot_say_is_told() {
        for (logical, value) in [
            (Logical::Date, Value::Date(1)),
            (Logical::Date, Value::Date(-719_165 * DAY)),
            (Logical::Time, Value::Date(DAY)),
            (Logical::Time, Value::Date(-1)),
            (Logical::Timestamp, Value::Date(i64::MAX)),
            (Logical::Timestamp, Value::Int64(1)),
        ] {
            assert!(write(logical, &value, &mut Vec::new()).is_err(), "{logical:?} {value:?}");
        }
        for (logical, payload) in [
            (Logical::Decimal, &[][..]),
            (Logical::Date, &[]),
            (Logical::Date, &[8, 1, 16, 13, 24, 1]),
            (Logical::Date, &[8, 1, 16, 2, 24, 30]),
            (Logical::Time, &[8, 24]),
            (Logical::Timestamp, &[16, 255, 255, 255, 255, 255, 255, 255, 255, 255, 1]),
            (Logical::Timestamp, &[8]),
        ] {
            assert!(read(logical, payload).is_err(), "{logical:?} {payload:?}");
        }
    }
}
