//! From one type to another, as `java.lang.Number` and the wrapper classes convert.

use sluice_plugin::{
    Error, Result,
    model::{Logical, Schema, Type, Value, logical, values},
};

use crate::{numbers, record::require};

/// A type to cast to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Target {
    Int8,
    Int16,
    Int32,
    Int64,
    Float32,
    Float64,
    Boolean,
    String,
}

impl Target {
    pub(super) const ALL: [Self; 8] = [
        Self::Int8,
        Self::Int16,
        Self::Int32,
        Self::Int64,
        Self::Float32,
        Self::Float64,
        Self::Boolean,
        Self::String,
    ];

    /// Whether a number is in the range of the type.
    fn holds(self, number: i64) -> bool {
        match self {
            Self::Int8 => i8::try_from(number).is_ok(),
            Self::Int16 => i16::try_from(number).is_ok(),
            Self::Int32 => i32::try_from(number).is_ok(),
            _ => true,
        }
    }

    pub(super) fn name(self) -> &'static str {
        Schema::required(self.schema_type()).type_name()
    }

    pub(super) const fn schema_type(self) -> Type {
        match self {
            Self::Int8 => Type::Int8,
            Self::Int16 => Type::Int16,
            Self::Int32 => Type::Int32,
            Self::Int64 => Type::Int64,
            Self::Float32 => Type::Float32,
            Self::Float64 => Type::Float64,
            Self::Boolean => Type::Boolean,
            Self::String => Type::String,
        }
    }
}

/// The value as another type. Null stays null.
pub(super) fn cast(schema: Option<&Schema>, value: &Value, target: Target) -> Result<Value> {
    if value.is_null() {
        return Ok(Value::Null);
    }
    match schema {
        Some(schema)
            if matches!(schema.r#type, Type::Array(_) | Type::Map(..) | Type::Struct(_)) =>
        {
            return Err(unsupported(schema));
        }
        None => check_class(value)?,
        Some(_) => {}
    }
    if target == Target::String {
        return Ok(text(value));
    }
    let stored = schema.map_or(Ok(None), |it| stored(it, value))?;
    let value = stored.as_ref().unwrap_or(value);
    // Java cuts off the bits that do not fit as well.
    Ok(match target {
        Target::Int8 => Value::Int8(integer(value, target)? as i8),
        Target::Int16 => Value::Int16(integer(value, target)? as i16),
        Target::Int32 => Value::Int32(integer(value, target)? as i32),
        Target::Int64 => Value::Int64(integer(value, target)?),
        Target::Float32 => Value::Float32(float(value)?),
        Target::Float64 => Value::Float64(double(value)?),
        Target::Boolean => Value::Boolean(match value {
            Value::String(text) => text.eq_ignore_ascii_case("true"),
            other => integer(other, Target::Int64)? != 0,
        }),
        Target::String => text(value),
    })
}

/// The error for a type that nothing can be cast from.
pub(super) fn unsupported(schema: &Schema) -> Error {
    Error::bad_record(format!(
        "Cast transformation does not support casting from {}; supported types are [{}, BYTES]",
        schema.type_name(),
        Target::ALL.map(Target::name).join(", ")
    ))
}

/// Refuses values without a schema that have no type of their own.
fn check_class(value: &Value) -> Result<()> {
    let nested = match value {
        Value::Date(_) | Value::Decimal(_) => {
            return Err(Error::bad_record(format!(
                "Cast transformation was passed a value of type class {} which is not supported by Connect's data API",
                value.java_class()
            )));
        }
        Value::Array(_) => Type::Array(Schema::required(Type::Int8).into()),
        Value::Map(_) => {
            Type::Map(Schema::required(Type::Int8).into(), Schema::required(Type::Int8).into())
        }
        Value::Struct(_) => Type::Struct(Vec::new()),
        _ => return Ok(()),
    };
    Err(unsupported(&Schema::required(nested)))
}

/// The number that a date is stored as.
fn stored(schema: &Schema, value: &Value) -> Result<Option<Value>> {
    let kind = match Logical::of(schema) {
        None | Some(Logical::Decimal) => return Ok(None),
        Some(kind) => kind,
    };
    let Value::Date(millis) = value else {
        return Err(require::class_cast(value, "java.util.Date"));
    };
    let stored = match kind {
        Logical::Date => logical::days_of(*millis).map(Value::Int32),
        Logical::Time => logical::time_of(*millis).map(Value::Int32),
        _ => Ok(Value::Int64(*millis)),
    };
    stored.map(Some).map_err(|it| Error::bad_record(it.to_string()))
}

/// The number with as many bits as `target` takes, or more.
fn integer(value: &Value, target: Target) -> Result<i64> {
    Ok(match value {
        Value::Int8(it) => i64::from(*it),
        Value::Int16(it) => i64::from(*it),
        Value::Int32(it) => i64::from(*it),
        Value::Int64(it) => *it,
        Value::Float32(it) => from_double(f64::from(*it), target),
        Value::Float64(it) => from_double(*it, target),
        Value::Decimal(_) => values::convert_to_long(None, value).ok().flatten().unwrap_or(0),
        Value::Boolean(it) => i64::from(*it),
        Value::String(text) => numbers::parse_integer(text)
            .filter(|it| target.holds(*it))
            .ok_or_else(|| out_of_range(text))?,
        other => return Err(unexpected(other)),
    })
}

/// Java goes by way of an int to the smaller types.
const fn from_double(number: f64, target: Target) -> i64 {
    if matches!(target, Target::Int64) { number as i64 } else { number as i32 as i64 }
}

fn float(value: &Value) -> Result<f32> {
    Ok(match value {
        Value::Int64(it) => *it as f32,
        Value::Float32(it) => *it,
        Value::Float64(it) => *it as f32,
        Value::Decimal(it) => numbers::float_value(it),
        Value::String(text) => numbers::parse_floating(text).ok_or_else(|| out_of_range(text))?,
        // All integers of 32 bits lose as much on the way by a long.
        other => integer(other, Target::Int64)? as f32,
    })
}

fn double(value: &Value) -> Result<f64> {
    Ok(match value {
        Value::Float32(it) => f64::from(*it),
        Value::Float64(it) => *it,
        Value::Decimal(_) => values::convert_to_double(None, value).ok().flatten().unwrap_or(0.0),
        Value::String(text) => numbers::parse_floating(text).ok_or_else(|| out_of_range(text))?,
        other => integer(other, Target::Int64)? as f64,
    })
}

fn text(value: &Value) -> Value {
    match value {
        Value::String(text) => Value::String(text.clone()),
        // Bytes in base64, a date in the form that fits it.
        Value::Bytes(_) | Value::Date(_) => {
            values::convert_to_string(value).map_or(Value::Null, Value::String)
        }
        other => Value::from(other.to_string()),
    }
}

fn out_of_range(text: &str) -> Error {
    Error::bad_record(format!("Value ({text}) was out of range for requested data type")).because(
        Error::bad_record(format!("For input string: \"{text}\""))
            .named("java.lang.NumberFormatException"),
    )
}

fn unexpected(value: &Value) -> Error {
    let class = value.java_class();
    Error::bad_record(format!("Unexpected type in Cast transformation: class {class}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_cast_as_java_casts_them() {
        for (value, target, expected) in [
            (Value::Int32(300), Target::Int8, Value::Int8(44)),
            (Value::Float64(3e9), Target::Int8, Value::Int8(-1)),
            (Value::Float64(3e9), Target::Int64, Value::Int64(3_000_000_000)),
            (Value::Float64(f64::NAN), Target::Int32, Value::Int32(0)),
            (Value::Float32(0.5), Target::Boolean, Value::Boolean(false)),
            (Value::Int64(2), Target::Boolean, Value::Boolean(true)),
            (Value::Boolean(true), Target::Float32, Value::Float32(1.0)),
            (Value::from("TRUE"), Target::Boolean, Value::Boolean(true)),
            (Value::from("yes"), Target::Boolean, Value::Boolean(false)),
            (Value::from("+7"), Target::Int16, Value::Int16(7)),
            (Value::from(" 1.5f"), Target::Float64, Value::Float64(1.5)),
            (Value::Int8(1), Target::String, Value::from("1")),
            (Value::Bytes(vec![1].into()), Target::String, Value::from("AQ==")),
        ] {
            let cast = cast(None, &value, target).expect("it can be cast");
            assert_eq!(cast, expected, "{value:?} {target:?}");
        }
        for (value, target) in [
            (Value::from("128"), Target::Int8),
            (Value::from(" 1"), Target::Int8),
            (Value::from(""), Target::Float32),
            (Value::Bytes(vec![1].into()), Target::Int8),
            (Value::Date(0), Target::String),
            (Value::Array(vec![]), Target::String),
        ] {
            assert!(cast(None, &value, target).is_err(), "{value:?} {target:?}");
        }
    }
}
