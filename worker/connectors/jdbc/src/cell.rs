//! One value of a row or of a statement, in the terms that all databases share.

use bytes::Bytes;
use bytestring::ByteString;
use sluice_plugin::model::Decimal;

/// A point on a clock: seconds since 1970-01-01 00:00:00, and nanoseconds of the second.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Moment {
    /// Seconds since the epoch; before it, less than zero.
    pub seconds: i64,
    /// Nanoseconds of the second.
    pub nanos: u32,
}

impl Moment {
    /// The moment of some microseconds since the epoch.
    pub const fn of_micros(micros: i64) -> Self {
        Self {
            seconds: micros.div_euclid(1_000_000),
            nanos: micros.rem_euclid(1_000_000) as u32 * 1000,
        }
    }

    /// The moment of some milliseconds since the epoch.
    pub const fn of_millis(millis: i64) -> Self {
        Self { seconds: millis.div_euclid(1000), nanos: millis.rem_euclid(1000) as u32 * 1_000_000 }
    }

    /// Milliseconds since the epoch, none beyond what they can say; what is finer is cut.
    pub fn millis(self) -> Option<i64> {
        self.seconds.checked_mul(1000)?.checked_add(i64::from(self.nanos / 1_000_000))
    }

    /// Microseconds since the epoch, none beyond what they can say.
    pub fn micros(self) -> Option<i64> {
        self.seconds.checked_mul(1_000_000)?.checked_add(i64::from(self.nanos / 1000))
    }

    /// Nanoseconds since the epoch, none beyond what they can say.
    pub fn whole_nanos(self) -> Option<i64> {
        self.seconds.checked_mul(1_000_000_000)?.checked_add(i64::from(self.nanos))
    }
}

/// A value.
#[derive(Debug, Clone, PartialEq)]
pub enum Cell {
    /// NULL.
    Null,
    /// True or false.
    Boolean(bool),
    /// A signed integer of any width.
    Int(i64),
    /// An unsigned integer of any width.
    Unsigned(u64),
    /// IEEE 754 single.
    Single(f32),
    /// IEEE 754 double.
    Double(f64),
    /// An exact number.
    Decimal(Decimal),
    /// A NUMERIC that is no number: not one, or infinite.
    NoNumber(f64),
    /// Text.
    Text(ByteString),
    /// Bytes.
    Bytes(Bytes),
    /// Bits, as many as said, the first one in the highest bit of the first byte.
    Bits(usize, Bytes),
    /// Days since the epoch, by the Gregorian calendar.
    Date(i64),
    /// Nanoseconds since midnight.
    Time(i64),
    /// Date and time on a clock whose zone the database does not know, by the Gregorian calendar.
    Local(Moment),
    /// A point in time.
    Instant(Moment),
    /// MySQL's date of zeros.
    ZeroDate,
    /// A date or time that is none, such as `infinity`.
    NoTime(&'static str),
}
