//! Logical types: a name that gives the values of a physical type another meaning
//! (`org.apache.kafka.connect.data.{Decimal, Date, Time, Timestamp}`).

use crate::{Schema, Type};

/// Milliseconds of a day.
pub const DAY: i64 = 24 * 60 * 60 * 1000;

/// What the name of a schema makes of its values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Logical {
    /// [`crate::Value::Decimal`], stored as the bytes of the unscaled integer; the parameter `scale` is fixed.
    Decimal,
    /// [`crate::Value::Date`] without a time of day, stored as INT32 days since the epoch.
    Date,
    /// [`crate::Value::Date`] of the epoch's first day, stored as INT32 milliseconds.
    Time,
    /// [`crate::Value::Date`], stored as INT64 milliseconds since the epoch.
    Timestamp,
}

const ALL: [Logical; 4] = [Logical::Decimal, Logical::Date, Logical::Time, Logical::Timestamp];

impl Logical {
    /// The name that a schema has.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Decimal => "org.apache.kafka.connect.data.Decimal",
            Self::Date => "org.apache.kafka.connect.data.Date",
            Self::Time => "org.apache.kafka.connect.data.Time",
            Self::Timestamp => "org.apache.kafka.connect.data.Timestamp",
        }
    }

    /// The logical type of a schema, by its name alone.
    pub fn of(schema: &Schema) -> Option<Self> {
        let name = schema.name.as_deref()?;
        ALL.into_iter().find(|it| it.name() == name)
    }

    /// A required schema of the type. `scale` counts for decimals alone.
    pub fn schema(self, scale: i32) -> Schema {
        let r#type = match self {
            Self::Decimal => Type::Bytes,
            Self::Date | Self::Time => Type::Int32,
            Self::Timestamp => Type::Int64,
        };
        let mut schema = Schema::required(r#type).named(self.name());
        schema.version = Some(1);
        if self == Self::Decimal {
            schema.parameters.set("scale", scale.to_string());
        }
        schema
    }
}

/// Why a value has no stored form, or a stored form no value; the texts are those of `DataException`s.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LogicalError {
    /// A date has a time of day.
    #[error("Kafka Connect Date type should not have any time fields set to non-zero values.")]
    NotMidnight,
    /// A time lies outside of its day.
    #[error("Kafka Connect Time type should not have any date fields set to non-zero values.")]
    NotFirstDay,
    /// A stored time lies outside of its day.
    #[error("Time values must use number of milliseconds greater than 0 and less than 86400000")]
    TimeOutOfRange,
    /// A decimal does not have the scale of its schema.
    #[error(
        "Decimal value has mismatching scale for given Decimal schema. Schema has scale {schema}, value has scale \
         {value}."
    )]
    Scale {
        /// The schema's.
        schema: i32,
        /// The value's.
        value: i32,
    },
    /// The schema has no scale.
    #[error("Invalid Decimal schema: scale parameter not found.")]
    NoScale,
    /// The scale is no number.
    #[error("Invalid scale parameter found in Decimal schema: ")]
    BadScale,
}

/// The scale of a decimal schema.
pub fn scale_of(schema: &Schema) -> Result<i32, LogicalError> {
    let scale = schema.parameters.get("scale").ok_or(LogicalError::NoScale)?;
    scale.parse().map_err(|_| LogicalError::BadScale)
}

/// Days since the epoch of a [`Logical::Date`].
pub const fn days_of(millis: i64) -> Result<i32, LogicalError> {
    if millis.rem_euclid(DAY) != 0 {
        return Err(LogicalError::NotMidnight);
    }
    // Java's cast cuts as well.
    Ok((millis / DAY) as i32)
}

/// Milliseconds of a [`Logical::Time`].
pub const fn time_of(millis: i64) -> Result<i32, LogicalError> {
    if millis < 0 || millis > DAY {
        return Err(LogicalError::NotFirstDay);
    }
    Ok(millis as i32)
}

/// The value of a stored [`Logical::Time`].
pub const fn time_from(millis: i32) -> Result<i64, LogicalError> {
    if millis < 0 || millis as i64 > DAY {
        return Err(LogicalError::TimeOutOfRange);
    }
    Ok(millis as i64)
}
