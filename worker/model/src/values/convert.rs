//! One value as another type (`Values.convertTo…`). The schema, where one is given, is that of the value.

use std::sync::Arc;

use bytes::Bytes;
use bytestring::ByteString;

use crate::{
    Decimal, Logical, Schema, Struct, Type, Value, calendar,
    decimal::Notation,
    logical::{self, DAY},
};

use super::{ValuesError, convert_to_string, parse_string};

type Result<T, E = ValuesError> = std::result::Result<T, E>;

/// As a boolean; none of null. Text may spell it; of numbers, zero is false.
pub fn convert_to_boolean(schema: Option<&Schema>, value: &Value) -> Result<Option<bool>> {
    match value {
        Value::Null => return Ok(None),
        Value::Boolean(it) => return Ok(Some(*it)),
        Value::String(text) => {
            if let Value::Boolean(it) = parsed(text)? {
                return Ok(Some(it));
            }
        }
        _ => {}
    }
    Ok(Some(long(schema, value)? != 0))
}

/// As an 8-bit integer; none of null. Larger numbers are cut to their lower bits.
pub fn convert_to_byte(schema: Option<&Schema>, value: &Value) -> Result<Option<i8>> {
    match value {
        Value::Null => Ok(None),
        other => long(schema, other).map(|it| Some(it as i8)),
    }
}

/// As a 16-bit integer; none of null. Larger numbers are cut to their lower bits.
pub fn convert_to_short(schema: Option<&Schema>, value: &Value) -> Result<Option<i16>> {
    match value {
        Value::Null => Ok(None),
        other => long(schema, other).map(|it| Some(it as i16)),
    }
}

/// As a 32-bit integer; none of null. Larger numbers are cut to their lower bits.
pub fn convert_to_integer(schema: Option<&Schema>, value: &Value) -> Result<Option<i32>> {
    match value {
        Value::Null => Ok(None),
        other => long(schema, other).map(|it| Some(it as i32)),
    }
}

/// As a 64-bit integer; none of null. Fractions are cut off, larger integers cut to their lower bits.
pub fn convert_to_long(schema: Option<&Schema>, value: &Value) -> Result<Option<i64>> {
    match value {
        Value::Null => Ok(None),
        other => long(schema, other).map(Some),
    }
}

/// As a single; none of null.
pub fn convert_to_float(schema: Option<&Schema>, value: &Value) -> Result<Option<f32>> {
    match value {
        Value::Null => Ok(None),
        Value::Float32(it) => Ok(Some(*it)),
        other => double(schema, other).map(|it| Some(it as f32)),
    }
}

/// As a double; none of null.
pub fn convert_to_double(schema: Option<&Schema>, value: &Value) -> Result<Option<f64>> {
    match value {
        Value::Null => Ok(None),
        other => double(schema, other).map(Some),
    }
}

/// As the elements of an array, which text may spell.
pub fn convert_to_list(value: Value) -> Result<Vec<Value>> {
    match spelled(value)? {
        Value::Null => Err(ValuesError::Null),
        Value::Array(items) => Ok(items),
        other => Err(ValuesError::unconvertible(&other, "Schema{ARRAY}")),
    }
}

/// As the entries of a map, which text may spell.
pub fn convert_to_map(value: Value) -> Result<Vec<(Value, Value)>> {
    match spelled(value)? {
        Value::Null => Err(ValuesError::Null),
        Value::Map(entries) => Ok(entries),
        other => Err(ValuesError::unconvertible(&other, "Schema{MAP}")),
    }
}

/// As a struct, which nothing else can become.
pub fn convert_to_struct(value: Value) -> Result<Struct> {
    match value {
        Value::Null => Err(ValuesError::Null),
        Value::Struct(row) => Ok(row),
        other => Err(ValuesError::unconvertible(&other, "Schema{STRUCT}")),
    }
}

/// As midnight of a day, in milliseconds since the epoch. A timestamp loses its time of day; a number counts days.
pub fn convert_to_date(schema: Option<&Schema>, value: &Value) -> Result<i64> {
    let value = spelled(value.clone())?;
    if let Value::Date(millis) = value {
        match schema.map(Logical::of) {
            None | Some(Some(Logical::Date)) => return Ok(millis),
            // Java divides towards zero as well.
            Some(Some(Logical::Timestamp)) => return Ok(i64::from((millis / DAY) as i32) * DAY),
            Some(_) => {}
        }
    }
    Ok(i64::from(long(schema, &value)? as i32) * DAY)
}

/// As a time of day, in milliseconds. A timestamp loses its date; a number counts milliseconds.
pub fn convert_to_time(schema: Option<&Schema>, value: &Value) -> Result<i64> {
    let value = spelled(value.clone())?;
    if let Value::Date(millis) = value {
        match schema.map(Logical::of) {
            None | Some(Some(Logical::Time)) => return Ok(millis),
            Some(Some(Logical::Timestamp)) => return time_of(millis),
            Some(_) => {}
        }
    }
    Ok(logical::time_from(long(schema, &value)? as i32)?)
}

/// The time of day of a timestamp. Java sets the date to 1 January 1970, but leaves the era: before Christ that is
/// another day, whose milliseconds it cuts to 32 bits.
fn time_of(millis: i64) -> Result<i64> {
    let (year, ..) = calendar::civil(millis.div_euclid(DAY));
    let day = if year > 0 { 0 } else { calendar::days(1 - 1970, 1, 1) };
    Ok(logical::time_from((day * DAY + millis.rem_euclid(DAY)) as i32)?)
}

/// As a timestamp, in milliseconds since the epoch; a number counts those.
pub fn convert_to_timestamp(schema: Option<&Schema>, value: &Value) -> Result<i64> {
    let value = spelled(value.clone())?;
    if let Value::Date(millis) = value {
        match schema.map(Logical::of) {
            None | Some(Some(Logical::Timestamp)) => return Ok(millis),
            Some(Some(Logical::Date)) => return Ok(i64::from(logical::days_of(millis)?) * DAY),
            Some(Some(Logical::Time)) => return Ok(i64::from(logical::time_of(millis)?)),
            Some(_) => {}
        }
    }
    long(schema, &value)
}

/// As a decimal. `scale` counts for bytes alone, which are the unscaled integer; numbers become what their double shows.
pub fn convert_to_decimal(value: &Value, scale: i32) -> Result<Arc<Decimal>> {
    let parse = |text: &str| {
        Decimal::parse(text).map(Arc::new).ok_or_else(|| ValuesError::NotANumber(text.to_owned()))
    };
    match value {
        Value::Null => Err(ValuesError::Null),
        Value::Decimal(it) => Ok(Arc::clone(it)),
        Value::Bytes(bytes) => {
            Decimal::from_bytes(bytes, scale).map(Arc::new).ok_or(ValuesError::NoBytes)
        }
        Value::String(text) => parse(text),
        Value::Int8(_)
        | Value::Int16(_)
        | Value::Int32(_)
        | Value::Int64(_)
        | Value::Float32(_)
        | Value::Float64(_) => parse(&Value::Float64(double(None, value)?).to_string()),
        other => Err(ValuesError::unconvertible_to(other, &Logical::Decimal.schema(scale))),
    }
}

/// As any type (`Values.convertTo`). `from` describes the value.
pub(super) fn convert_to(to: &Schema, from: Option<&Schema>, value: Value) -> Result<Value> {
    if value.is_null() {
        return if to.optional { Ok(value) } else { Err(ValuesError::Null) };
    }
    let logical = Logical::of(to);
    Ok(match &to.r#type {
        Type::Bytes if logical == Some(Logical::Decimal) => {
            Value::Decimal(convert_to_decimal(&value, logical::scale_of(to)?)?)
        }
        Type::Bytes => Value::Bytes(bytes(to, value)?),
        Type::String => convert_to_string(&value).map_or(Value::Null, Value::String),
        Type::Boolean => convert_to_boolean(from, &value)?.map_or(Value::Null, Value::Boolean),
        Type::Int8 => convert_to_byte(from, &value)?.map_or(Value::Null, Value::Int8),
        Type::Int16 => convert_to_short(from, &value)?.map_or(Value::Null, Value::Int16),
        Type::Int32 => match logical {
            Some(Logical::Date) => Value::Date(convert_to_date(from, &value)?),
            Some(Logical::Time) => Value::Date(convert_to_time(from, &value)?),
            _ => convert_to_integer(from, &value)?.map_or(Value::Null, Value::Int32),
        },
        Type::Int64 => match logical {
            Some(Logical::Timestamp) => Value::Date(convert_to_timestamp(from, &value)?),
            _ => convert_to_long(from, &value)?.map_or(Value::Null, Value::Int64),
        },
        Type::Float32 => convert_to_float(from, &value)?.map_or(Value::Null, Value::Float32),
        Type::Float64 => convert_to_double(from, &value)?.map_or(Value::Null, Value::Float64),
        Type::Array(_) => Value::Array(convert_to_list(value)?),
        Type::Map(..) => Value::Map(convert_to_map(value)?),
        Type::Struct(_) => Value::Struct(convert_to_struct(value)?),
        Type::Untyped => value,
    })
}

fn bytes(to: &Schema, value: Value) -> Result<Bytes> {
    match value {
        Value::Bytes(bytes) => Ok(bytes),
        Value::Decimal(decimal) => Ok(decimal.to_scaled_bytes(logical::scale_of(to)?)?.into()),
        other => Err(ValuesError::unconvertible_to(&other, to)),
    }
}

/// The value itself, or what it spells if it is text.
fn spelled(value: Value) -> Result<Value> {
    match value {
        Value::String(text) => parsed(&text),
        other => Ok(other),
    }
}

/// What a text spells. That must not be null, which Java runs into.
fn parsed(text: &ByteString) -> Result<Value> {
    let value = parse_string(text)?.value;
    if value.is_null() { Err(ValuesError::SpelledNull) } else { Ok(value) }
}

/// `Values.asLong`.
fn long(schema: Option<&Schema>, value: &Value) -> Result<i64> {
    // Floating-point numbers beyond the range end at its limits, and NaN is zero: Java's cast, and Rust's.
    let number = match value {
        Value::Null => return Err(ValuesError::Null),
        Value::Int8(it) => Some(i64::from(*it)),
        Value::Int16(it) => Some(i64::from(*it)),
        Value::Int32(it) => Some(i64::from(*it)),
        Value::Int64(it) => Some(*it),
        Value::Float32(it) => Some(*it as i64),
        Value::Float64(it) => Some(*it as i64),
        Value::Decimal(it) => Some(Notation::of(it).low_bits()),
        Value::String(text) => Notation::read(text).map(|it| it.low_bits()),
        Value::Date(millis) => match schema.and_then(Logical::of) {
            Some(Logical::Date) => Some(i64::from(logical::days_of(*millis)?)),
            Some(Logical::Time) => Some(i64::from(logical::time_of(*millis)?)),
            Some(Logical::Timestamp) => Some(*millis),
            _ => None,
        },
        _ => None,
    };
    number.ok_or_else(|| match schema {
        Some(schema) => ValuesError::unconvertible_to(value, schema),
        None => ValuesError::unconvertible(value, "a number"),
    })
}

/// `Values.asDouble`.
fn double(schema: Option<&Schema>, value: &Value) -> Result<f64> {
    match value {
        Value::Float32(it) => Ok(f64::from(*it)),
        Value::Float64(it) => Ok(*it),
        Value::Decimal(it) => Ok(Notation::of(it).nearest()),
        Value::String(text) => match Notation::read(text) {
            Some(number) => Ok(number.nearest()),
            None => Ok(long(schema, value)? as f64),
        },
        other => Ok(long(schema, other)? as f64),
    }
}
