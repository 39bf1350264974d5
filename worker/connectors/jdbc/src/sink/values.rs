//! What a record's field holds, as a cell by the meaning of its schema.

use sluice_plugin::model::{Decimal, Value, logical};

use super::{
    kind::{Kind, Unit},
    moment,
};
use crate::{Cell, Moment};

/// Digits behind the point of PostgreSQL's NUMERIC (its documentation, 8.1.2), which has most.
const MOST_SCALE: u32 = 16_383;

/// Nanoseconds of a day.
const DAY_NANOS: i64 = logical::DAY * 1_000_000;

/// The value as a cell. The error says what is wrong and shows no data.
pub(crate) fn cell(value: &Value, kind: &Kind) -> Result<Cell, String> {
    Ok(match (value, kind) {
        (Value::Null, _) => Cell::Null,
        (Value::Boolean(value), Kind::Boolean) => Cell::Boolean(*value),
        (Value::Int8(value), Kind::Int8) => Cell::Int((*value).into()),
        (Value::Int16(value), Kind::Int16) => Cell::Int((*value).into()),
        (Value::Int32(value), Kind::Int32) => Cell::Int((*value).into()),
        (Value::Int64(value), Kind::Int64) => Cell::Int(*value),
        (Value::Float32(value), Kind::Float32) => Cell::Single(*value),
        (Value::Float64(value), Kind::Float64) => Cell::Double(*value),
        (Value::String(value), kind) if kind.is_text() => Cell::Text(value.clone()),
        (Value::Bytes(value), Kind::Bytes) => Cell::Bytes(value.clone()),
        (Value::Decimal(value), Kind::Decimal { .. }) => decimal((**value).clone())?,
        (Value::Struct(row), Kind::AnyDecimal) => {
            any_decimal(row.field("scale"), row.field("value"))?
        }
        (Value::Date(millis), Kind::Date) => Cell::Date(millis.div_euclid(logical::DAY)),
        (Value::Date(millis), Kind::Time) => time_of_day(*millis, Unit::Millis)?,
        (Value::Date(millis), Kind::Timestamp) => Cell::Instant(Moment::of_millis(*millis)),
        (Value::Int32(days), Kind::Days) => Cell::Date((*days).into()),
        (Value::Int32(count), Kind::TimeOfDay(unit)) => time_of_day((*count).into(), *unit)?,
        (Value::Int64(count), Kind::TimeOfDay(unit)) => time_of_day(*count, *unit)?,
        (Value::Int64(count), Kind::LocalTimestamp(unit)) => Cell::Local(moment_of(*count, *unit)),
        (Value::Int64(count), Kind::Epoch(unit)) => Cell::Instant(moment_of(*count, *unit)),
        (Value::String(text), Kind::ZonedTimestamp) => Cell::Instant(Moment::of_micros(
            moment::instant(text).ok_or("the text is no timestamp with a zone")?,
        )),
        (Value::String(text), Kind::ZonedTime) => {
            moment::zoned_time(text).ok_or("the text is no time with a zone")?;
            Cell::Text(text.clone())
        }
        (Value::Array(elements), Kind::Array(kind)) => Cell::Text(array(elements, kind)?.into()),
        (value, kind) => {
            return Err(format!("the value is {}, and its schema says {kind}", name(value)));
        }
    })
}

const fn moment_of(count: i64, unit: Unit) -> Moment {
    match unit {
        Unit::Millis => Moment::of_millis(count),
        Unit::Micros => Moment::of_micros(count),
        Unit::Nanos => Moment {
            seconds: count.div_euclid(1_000_000_000),
            nanos: count.rem_euclid(1_000_000_000) as u32,
        },
    }
}

fn time_of_day(count: i64, unit: Unit) -> Result<Cell, String> {
    let nanos = count.checked_mul(unit.nanos()).filter(|it| (0..=DAY_NANOS).contains(it));
    nanos.map(Cell::Time).ok_or_else(|| "the time lies outside of a day".to_owned())
}

fn any_decimal(scale: Option<&Value>, unscaled: Option<&Value>) -> Result<Cell, String> {
    let number = match (scale, unscaled) {
        (Some(Value::Int32(scale)), Some(Value::Bytes(unscaled))) => {
            Decimal::from_bytes(unscaled, *scale)
        }
        _ => None,
    };
    decimal(number.ok_or("the decimal has no scale or no value")?)
}

/// A decimal that can be written out without taking all memory for its zeros.
fn decimal(number: Decimal) -> Result<Cell, String> {
    let scale = number.scale();
    if scale.unsigned_abs() > MOST_SCALE {
        return Err(format!(
            "the decimal has a scale of {scale}; no database has more than {MOST_SCALE} digits behind the point, nor are \
             that many zeros before it taken"
        ));
    }
    Ok(Cell::Decimal(number))
}

/// An array as PostgreSQL reads it (its documentation, 8.15.6), each element in quotes.
fn array(elements: &[Value], kind: &Kind) -> Result<String, String> {
    let mut text = String::from("{");
    for (index, element) in elements.iter().enumerate() {
        if index > 0 {
            text.push(',');
        }
        let element = match cell(element, kind)? {
            Cell::Null => {
                text.push_str("NULL");
                continue;
            }
            Cell::Text(it) => it.to_string(),
            Cell::Boolean(it) => it.to_string(),
            Cell::Int(it) => it.to_string(),
            Cell::Single(it) => it.to_string(),
            Cell::Double(it) => it.to_string(),
            Cell::Decimal(it) => it.to_string(),
            Cell::Bytes(it) => it.iter().fold("\\x".to_owned(), |hex, it| format!("{hex}{it:02x}")),
            _ => return Err(format!("arrays of {kind} cannot be written")),
        };
        text.push('"');
        for char in element.chars() {
            if matches!(char, '"' | '\\') {
                text.push('\\');
            }
            text.push(char);
        }
        text.push('"');
    }
    text.push('}');
    Ok(text)
}

/// The type of a value, in Connect's words.
const fn name(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Int8(_) => "INT8",
        Value::Int16(_) => "INT16",
        Value::Int32(_) => "INT32",
        Value::Int64(_) => "INT64",
        Value::Float32(_) => "FLOAT32",
        Value::Float64(_) => "FLOAT64",
        Value::Boolean(_) => "BOOLEAN",
        Value::String(_) => "STRING",
        Value::Bytes(_) => "BYTES",
        Value::Date(_) => "a java.util.Date",
        Value::Decimal(_) => "a java.math.BigDecimal",
        Value::Array(_) => "an ARRAY",
        Value::Map(_) => "a MAP",
        Value::Struct(_) => "a STRUCT",
    }
}

/// Adds what tells this cell from others of its column, so that cells that are one key to a database add the same.
pub(crate) fn identify(cell: &Cell, out: &mut Vec<u8>) {
    let mut sized = |tag: u8, bytes: &[u8]| {
        out.push(tag);
        out.extend_from_slice(&(bytes.len() as u64).to_be_bytes());
        out.extend_from_slice(bytes);
    };
    let moment = |it: &Moment| {
        let mut bytes = it.seconds.to_be_bytes().to_vec();
        // What is finer, databases cut off.
        bytes.extend((it.nanos / 1000).to_be_bytes());
        bytes
    };
    match cell {
        Cell::Null | Cell::ZeroDate => out.push(0),
        Cell::Boolean(it) => sized(1, &[u8::from(*it)]),
        Cell::Int(it) => sized(2, &i128::from(*it).to_be_bytes()),
        Cell::Unsigned(it) => sized(2, &i128::from(*it).to_be_bytes()),
        Cell::Single(it) => sized(3, &f64::from(*it).to_bits().to_be_bytes()),
        Cell::Double(it) | Cell::NoNumber(it) => sized(3, &it.to_bits().to_be_bytes()),
        Cell::Text(it) => sized(4, it.as_bytes()),
        Cell::NoTime(it) => sized(4, it.as_bytes()),
        Cell::Bytes(it) | Cell::Bits(_, it) => sized(5, it),
        Cell::Decimal(it) => sized(6, normal(it).as_bytes()),
        Cell::Date(it) => sized(7, &it.to_be_bytes()),
        Cell::Time(it) => sized(8, &(it / 1000).to_be_bytes()),
        Cell::Instant(it) => sized(9, &moment(it)),
        Cell::Local(it) => sized(10, &moment(it)),
    }
}

/// The decimal's digits without zeros at the end, and its exponent.
fn normal(value: &Decimal) -> String {
    let digits = value.unscaled().to_string();
    let short = digits.trim_end_matches('0');
    if short.is_empty() || short == "-" {
        return "0".to_owned();
    }
    let exponent = (digits.len() - short.len()) as i64 - i64::from(value.scale());
    format!("{short}e{exponent}")
}

#[cfg(test)]
mod tests;
