//! Numbers as numbers of another type: `java.lang.Number` and its casts.

use crate::{Type, Value, decimal::Notation};

/// A number as the number type; what is no number stays what it is. A value that is wider than its schema said is cut as
/// `java.lang.Number` cuts it.
pub(super) fn widen(value: &Value, target: &Type) -> Value {
    if target.width().is_none() {
        return value.clone();
    }
    let Some(number) = Number::of(value) else { return value.clone() };
    match target {
        Type::Int8 => Value::Int8(number.int() as i8),
        Type::Int16 => Value::Int16(number.int() as i16),
        Type::Int32 => Value::Int32(number.int()),
        Type::Int64 => Value::Int64(number.long()),
        Type::Float32 => Value::Float32(number.float()),
        Type::Float64 => Value::Float64(number.double()),
        _ => value.clone(),
    }
}

/// A `java.lang.Number`.
enum Number<'a> {
    Long(i64),
    Float(f32),
    Double(f64),
    Decimal(Notation<'a>),
}

impl Number<'_> {
    fn of(value: &Value) -> Option<Self> {
        Some(match value {
            Value::Int8(it) => Self::Long((*it).into()),
            Value::Int16(it) => Self::Long((*it).into()),
            Value::Int32(it) => Self::Long((*it).into()),
            Value::Int64(it) => Self::Long(*it),
            Value::Float32(it) => Self::Float(*it),
            Value::Float64(it) => Self::Double(*it),
            Value::Decimal(it) => Self::Decimal(Notation::of(it)),
            _ => return None,
        })
    }

    /// Integers are cut to their lower bits; what floats ends at the limits.
    fn int(&self) -> i32 {
        match self {
            Self::Long(it) => *it as i32,
            Self::Float(it) => *it as i32,
            Self::Double(it) => *it as i32,
            Self::Decimal(it) => it.low_bits() as i32,
        }
    }

    fn long(&self) -> i64 {
        match self {
            Self::Long(it) => *it,
            Self::Float(it) => *it as i64,
            Self::Double(it) => *it as i64,
            Self::Decimal(it) => it.low_bits(),
        }
    }

    fn float(&self) -> f32 {
        match self {
            Self::Long(it) => *it as f32,
            Self::Float(it) => *it,
            Self::Double(it) => *it as f32,
            Self::Decimal(it) => it.nearest_single(),
        }
    }

    fn double(&self) -> f64 {
        match self {
            Self::Long(it) => *it as f64,
            Self::Float(it) => f64::from(*it),
            Self::Double(it) => *it,
            Self::Decimal(it) => it.nearest(),
        }
    }
}
