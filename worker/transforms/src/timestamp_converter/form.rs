//! The forms that a moment can have, and the way from one to another by milliseconds since the epoch.

use sluice_plugin::{
    Error, Result,
    model::{Logical, Schema, Type, Value, logical::DAY},
};

use crate::dates::DateFormat;

/// A form of moments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    Text,
    Unix,
    Date,
    Time,
    Timestamp,
}

/// What a unix number counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unit {
    Seconds,
    Millis,
    Micros,
    Nanos,
}

const FORMS: [(&str, Form); 5] = [
    ("string", Form::Text),
    ("unix", Form::Unix),
    ("Date", Form::Date),
    ("Time", Form::Time),
    ("Timestamp", Form::Timestamp),
];

const UNITS: [(&str, Unit); 4] = [
    ("nanoseconds", Unit::Nanos),
    ("microseconds", Unit::Micros),
    ("milliseconds", Unit::Millis),
    ("seconds", Unit::Seconds),
];

fn find<T: Copy>(names: &[(&str, T)], name: &str) -> Option<T> {
    names.iter().find(|(known, _)| *known == name).map(|(_, it)| *it)
}

impl Unit {
    pub(super) fn named(name: &str) -> Option<Self> {
        find(&UNITS, name)
    }

    /// Java's `TimeUnit` stays at the limits as well.
    const fn to_millis(self, number: i64) -> i64 {
        match self {
            Self::Seconds => number.saturating_mul(1000),
            Self::Millis => number,
            Self::Micros => number / 1000,
            Self::Nanos => number / 1_000_000,
        }
    }

    const fn of_millis(self, millis: i64) -> i64 {
        match self {
            Self::Seconds => millis / 1000,
            Self::Millis => millis,
            Self::Micros => millis.saturating_mul(1000),
            Self::Nanos => millis.saturating_mul(1_000_000),
        }
    }
}

impl Form {
    pub(super) fn named(name: &str) -> Option<Self> {
        find(&FORMS, name)
    }

    /// The form of values with the schema.
    pub(super) fn of(schema: &Schema) -> Result<Self> {
        match (Logical::of(schema), &schema.r#type) {
            (Some(Logical::Timestamp), _) => Ok(Self::Timestamp),
            (Some(Logical::Date), _) => Ok(Self::Date),
            (Some(Logical::Time), _) => Ok(Self::Time),
            (_, Type::String) => Ok(Self::Text),
            (_, Type::Int64) => Ok(Self::Unix),
            _ => Err(Error::bad_record(format!(
                "Schema {schema} does not correspond to a known timestamp type format"
            ))
            .named("org.apache.kafka.connect.errors.ConnectException")),
        }
    }

    /// The form that a value without a schema has.
    pub(super) fn of_value(value: &Value) -> Result<Self> {
        match value {
            Value::Date(_) => Ok(Self::Timestamp),
            Value::Int64(_) => Ok(Self::Unix),
            Value::String(_) => Ok(Self::Text),
            other => Err(Error::bad_record(format!(
                "TimestampConverter does not support class {} objects as timestamps",
                other.java_class()
            ))),
        }
    }

    pub(super) fn schema(self, optional: bool) -> Schema {
        let schema = match self {
            Self::Text => Schema::required(Type::String),
            Self::Unix => Schema::required(Type::Int64),
            Self::Date => Logical::Date.schema(0),
            Self::Time => Logical::Time.schema(0),
            Self::Timestamp => Logical::Timestamp.schema(0),
        };
        Schema { optional, ..schema }
    }
}

/// Turns moments of all forms into one.
pub(super) struct Converter {
    pub(super) target: Form,
    pub(super) format: Option<DateFormat>,
    pub(super) unit: Unit,
}

impl Converter {
    /// A moment in the target's form. Null stays null.
    pub(super) fn convert(&self, value: &Value, form: Form) -> Result<Value> {
        if value.is_null() {
            return Ok(Value::Null);
        }
        let millis = self.millis(value, form)?;
        Ok(match self.target {
            Form::Text => {
                let mut text = String::new();
                if let Some(format) = &self.format {
                    format.write(millis, &mut text);
                }
                Value::from(text)
            }
            Form::Unix => Value::Int64(self.unit.of_millis(millis)),
            Form::Date => Value::Date(millis.div_euclid(DAY).wrapping_mul(DAY)),
            Form::Time => Value::Date(millis.rem_euclid(DAY)),
            Form::Timestamp => Value::Date(millis),
        })
    }

    fn millis(&self, value: &Value, form: Form) -> Result<i64> {
        let expected = |what: &str| {
            let class = value.java_class();
            Err(Error::bad_record(format!("Expected {what}, but found class {class}")))
        };
        match (form, value) {
            (Form::Text, Value::String(text)) => self.read(text),
            (Form::Unix, Value::Int64(number)) => Ok(self.unit.to_millis(*number)),
            (Form::Date | Form::Time | Form::Timestamp, Value::Date(millis)) => Ok(*millis),
            (Form::Text, _) => expected("string timestamp to be a String"),
            (Form::Unix, _) => expected("Unix timestamp to be a Long"),
            (Form::Date, _) => expected("Date to be a java.util.Date"),
            (Form::Time, _) => expected("Time to be a java.util.Date"),
            (Form::Timestamp, _) => expected("Timestamp to be a java.util.Date"),
        }
    }

    fn read(&self, text: &str) -> Result<i64> {
        let Some(format) = &self.format else {
            return Err(Error::bad_record(
                "Could not parse timestamp: a string needs the key format of TimestampConverter",
            ));
        };
        format.read(text).ok_or_else(|| {
            Error::bad_record(format!(
                "Could not parse timestamp: value ({text}) does not match pattern ({})",
                format.pattern()
            ))
            .because(
                Error::bad_record(format!("Unparseable date: \"{text}\""))
                    .named("java.text.ParseException"),
            )
        })
    }
}
