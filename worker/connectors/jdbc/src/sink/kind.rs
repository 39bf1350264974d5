//! What the values of a field mean to a database: Connect's logical types, and those of Debezium where they are asked for.

use std::fmt;

use sluice_plugin::model::{Logical, Schema, Type, logical};

/// How a number counts time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unit {
    Millis,
    Micros,
    Nanos,
}

impl Unit {
    /// Nanoseconds of one.
    pub(crate) const fn nanos(self) -> i64 {
        match self {
            Self::Millis => 1_000_000,
            Self::Micros => 1_000,
            Self::Nanos => 1,
        }
    }
}

/// The meaning of a field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Kind {
    Boolean,
    Int8,
    Int16,
    Int32,
    Int64,
    Float32,
    Float64,
    Text,
    Bytes,
    /// Connect's Decimal of a fixed scale.
    Decimal {
        scale: i32,
    },
    /// `io.debezium.data.VariableScaleDecimal`: a struct of scale and bytes.
    AnyDecimal,
    /// Connect's Date.
    Date,
    /// Days since the epoch.
    Days,
    /// Connect's Time.
    Time,
    /// A time of day in a unit.
    TimeOfDay(Unit),
    /// `io.debezium.time.ZonedTime`: text with an offset.
    ZonedTime,
    /// Connect's Timestamp: an instant.
    Timestamp,
    /// An instant as a number of units since the epoch.
    Epoch(Unit),
    /// A wall clock's time since the epoch in a unit, without a zone.
    LocalTimestamp(Unit),
    /// `io.debezium.time.ZonedTimestamp`: text with an offset.
    ZonedTimestamp,
    /// `io.debezium.data.Uuid`.
    Uuid,
    /// `io.debezium.data.Json`.
    Json,
    /// `io.debezium.data.Xml`.
    Xml,
    /// An array of one kind.
    Array(Box<Kind>),
}

/// Why a field has no place in a database.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Unsupported {
    /// A nested type.
    #[error("{0} has no column type: flatten it, turn it into text, or leave the field out")]
    Nested(String),
    /// A decimal without a scale.
    #[error("{0}")]
    Decimal(#[from] logical::LogicalError),
}

impl Kind {
    /// The meaning of a schema. `semantic` says whether Debezium's names count.
    pub(crate) fn of(schema: &Schema, semantic: bool) -> Result<Self, Unsupported> {
        if let Some(logical) = Logical::of(schema) {
            return Ok(match logical {
                Logical::Decimal => Self::Decimal { scale: logical::scale_of(schema)? },
                Logical::Date => Self::Date,
                Logical::Time => Self::Time,
                Logical::Timestamp => Self::Timestamp,
            });
        }
        if let Some(kind) = schema.name.as_deref().filter(|_| semantic).and_then(Self::semantic) {
            return Ok(kind);
        }
        Ok(match &schema.r#type {
            Type::Boolean => Self::Boolean,
            Type::Int8 => Self::Int8,
            Type::Int16 => Self::Int16,
            Type::Int32 => Self::Int32,
            Type::Int64 => Self::Int64,
            Type::Float32 => Self::Float32,
            Type::Float64 => Self::Float64,
            Type::String => Self::Text,
            Type::Bytes => Self::Bytes,
            Type::Array(element) => match Self::of(element, semantic)? {
                Self::Array(_) => return Err(nested(schema)),
                element => Self::Array(Box::new(element)),
            },
            Type::Map(..) | Type::Struct(_) | Type::Untyped => return Err(nested(schema)),
        })
    }

    /// The meaning of a name of Debezium; none for names that change nothing, such as `io.debezium.data.Enum`.
    fn semantic(name: &str) -> Option<Self> {
        Some(match name {
            "io.debezium.time.Date" => Self::Days,
            "io.debezium.time.Time" => Self::TimeOfDay(Unit::Millis),
            "io.debezium.time.MicroTime" => Self::TimeOfDay(Unit::Micros),
            "io.debezium.time.NanoTime" => Self::TimeOfDay(Unit::Nanos),
            "io.debezium.time.Timestamp" => Self::LocalTimestamp(Unit::Millis),
            "io.debezium.time.MicroTimestamp" => Self::LocalTimestamp(Unit::Micros),
            "io.debezium.time.NanoTimestamp" => Self::LocalTimestamp(Unit::Nanos),
            "io.debezium.time.ZonedTime" => Self::ZonedTime,
            "io.debezium.time.ZonedTimestamp" => Self::ZonedTimestamp,
            "io.debezium.data.VariableScaleDecimal" => Self::AnyDecimal,
            "io.debezium.data.Uuid" => Self::Uuid,
            "io.debezium.data.Json" => Self::Json,
            "io.debezium.data.Xml" => Self::Xml,
            _ => return None,
        })
    }

    /// Whether a column of text takes its values as they are.
    pub(crate) const fn is_text(&self) -> bool {
        matches!(self, Self::Text | Self::Uuid | Self::Json | Self::Xml)
    }
}

fn nested(schema: &Schema) -> Unsupported {
    let shape = match &schema.r#type {
        Type::Map(..) => "MAP",
        Type::Struct(_) => "STRUCT",
        Type::Array(_) => "ARRAY of ARRAY",
        _ => "a value without a schema",
    };
    let name = schema.name.as_deref().map(|it| format!(" ({it})")).unwrap_or_default();
    Unsupported::Nested(format!("{shape}{name}"))
}

/// How errors name a kind: Connect's type, or its logical one.
impl fmt::Display for Kind {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Boolean => "BOOLEAN",
            Self::Int8 => "INT8",
            Self::Int16 => "INT16",
            Self::Int32 => "INT32",
            Self::Int64 => "INT64",
            Self::Float32 => "FLOAT32",
            Self::Float64 => "FLOAT64",
            Self::Text => "STRING",
            Self::Bytes => "BYTES",
            Self::Decimal { .. } | Self::AnyDecimal => "a decimal",
            Self::Date | Self::Days => "a date",
            Self::Time | Self::TimeOfDay(_) => "a time",
            Self::ZonedTime => "a time with a zone",
            Self::Timestamp | Self::Epoch(_) | Self::LocalTimestamp(_) => "a timestamp",
            Self::ZonedTimestamp => "a timestamp with a zone",
            Self::Uuid => "a UUID",
            Self::Json => "JSON",
            Self::Xml => "XML",
            Self::Array(element) => return write!(out, "an array of {element}"),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_debezium_count_where_they_are_asked_for() {
        for (r#type, name, semantic, plain) in [
            (Type::Int64, "io.debezium.time.MicroTimestamp", "a timestamp", "INT64"),
            (Type::Int32, "io.debezium.time.Date", "a date", "INT32"),
            (Type::String, "io.debezium.time.ZonedTimestamp", "a timestamp with a zone", "STRING"),
            (Type::String, "io.debezium.data.Enum", "STRING", "STRING"),
            (Type::Int32, "org.apache.kafka.connect.data.Date", "a date", "a date"),
        ] {
            let schema = Schema::optional(r#type).named(name);
            let text = |semantic| Kind::of(&schema, semantic).map(|it| it.to_string());
            assert_eq!(text(true).as_deref(), Ok(semantic), "{name}");
            assert_eq!(text(false).as_deref(), Ok(plain), "{name}");
        }
    }

    #[test]
    fn nested_types_are_refused_by_name() {
        let text = Schema::required(Type::String);
        let inner = Schema::required(Type::Array(text.clone().into()));
        for (schema, told) in [
            (Schema::required(Type::Struct(Vec::new())).named("a.B"), "STRUCT (a.B) has no"),
            (Schema::required(Type::Map(text.clone().into(), text.into())), "MAP has no"),
            (Schema::required(Type::Array(inner.into())), "ARRAY of ARRAY has no"),
            (
                Schema::required(Type::Bytes).named(Logical::Decimal.name()),
                "Invalid Decimal schema: scale parameter not found.",
            ),
        ] {
            let error = Kind::of(&schema, true).unwrap_err().to_string();
            assert!(error.starts_with(told), "{error}");
        }
    }
}
