//! The text of a value as Java's `toString` gives it.

use std::fmt;

use crate::{Schema, Type, Value, calendar, floating, logical::DAY};

impl fmt::Display for Value {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => out.write_str("null"),
            Self::Boolean(it) => write!(out, "{it}"),
            Self::Int8(it) => write!(out, "{it}"),
            Self::Int16(it) => write!(out, "{it}"),
            Self::Int32(it) => write!(out, "{it}"),
            Self::Int64(it) => write!(out, "{it}"),
            Self::Float32(it) => floating::write(out, *it),
            Self::Float64(it) => floating::write(out, *it),
            Self::String(it) => out.write_str(it),
            // Java prints the identity of a byte array, which helps nobody: the bytes as text are what users want.
            Self::Bytes(it) => out.write_str(&String::from_utf8_lossy(it)),
            Self::Date(millis) => date(out, *millis),
            Self::Decimal(it) => write!(out, "{it}"),
            Self::Array(items) => {
                list(out, "[", "]", items.iter(), |out, item| write!(out, "{item}"))
            }
            Self::Map(entries) => list(out, "{", "}", entries.iter(), |out, (key, value)| {
                write!(out, "{key}={value}")
            }),
            Self::Struct(row) => {
                // `Struct.toString` leaves out what is null and has no space after its commas.
                let fields = row.schema().fields().iter().zip(row.values());
                out.write_str("Struct{")?;
                for (index, (field, value)) in
                    fields.filter(|(_, value)| !value.is_null()).enumerate()
                {
                    let comma = if index > 0 { "," } else { "" };
                    write!(out, "{comma}{}={value}", field.name)?;
                }
                out.write_str("}")
            }
        }
    }
}

fn list<'a, T: 'a>(
    out: &mut fmt::Formatter<'_>,
    open: &str,
    close: &str,
    items: impl Iterator<Item = &'a T>,
    each: impl Fn(&mut fmt::Formatter<'_>, &'a T) -> fmt::Result,
) -> fmt::Result {
    out.write_str(open)?;
    for (index, item) in items.enumerate() {
        if index > 0 {
            out.write_str(", ")?;
        }
        each(out, item)?;
    }
    out.write_str(close)
}

/// `Date.toString` in UTC, such as `Thu Jan 01 00:00:00 UTC 1970`.
fn date(out: &mut fmt::Formatter<'_>, millis: i64) -> fmt::Result {
    const WEEKDAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
    const MONTHS: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let (days, millis) = (millis.div_euclid(DAY), millis.rem_euclid(DAY));
    let (year, month, day) = calendar::civil(days);
    let seconds = millis / 1000;
    let (hour, minute, second) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    // Java counts the years before year 1 from 1 again.
    let year = if year > 0 { year } else { 1 - year };
    write!(
        out,
        "{} {} {day:02} {hour:02}:{minute:02}:{second:02} UTC {year}",
        WEEKDAYS[days.rem_euclid(7) as usize],
        MONTHS[month as usize - 1]
    )
}

impl Value {
    /// The Java class of such a value; error texts name it.
    pub const fn java_class(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Int8(_) => "java.lang.Byte",
            Self::Int16(_) => "java.lang.Short",
            Self::Int32(_) => "java.lang.Integer",
            Self::Int64(_) => "java.lang.Long",
            Self::Float32(_) => "java.lang.Float",
            Self::Float64(_) => "java.lang.Double",
            Self::Boolean(_) => "java.lang.Boolean",
            Self::String(_) => "java.lang.String",
            Self::Bytes(_) => "[B",
            Self::Date(_) => "java.util.Date",
            Self::Decimal(_) => "java.math.BigDecimal",
            Self::Array(_) => "java.util.ArrayList",
            Self::Map(_) => "java.util.HashMap",
            Self::Struct(_) => "org.apache.kafka.connect.data.Struct",
        }
    }
}

impl Schema {
    /// The type in Java's words, such as `INT32`.
    pub const fn type_name(&self) -> &'static str {
        match self.r#type {
            Type::Int8 => "INT8",
            Type::Int16 => "INT16",
            Type::Int32 => "INT32",
            Type::Int64 => "INT64",
            Type::Float32 => "FLOAT32",
            Type::Float64 => "FLOAT64",
            Type::Boolean => "BOOLEAN",
            Type::String => "STRING",
            Type::Bytes => "BYTES",
            Type::Array(_) => "ARRAY",
            Type::Map(..) => "MAP",
            Type::Struct(_) => "STRUCT",
            Type::Untyped => "null",
        }
    }
}

impl fmt::Display for Schema {
    /// `ConnectSchema.toString`, such as `Schema{INT32}`.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.name.as_ref().map(|it| format!("{it}:")).unwrap_or_default();
        write!(out, "Schema{{{name}{}}}", self.type_name())
    }
}

#[cfg(test)]
mod tests {

    use super::*;
    use crate::{Field, SchemaRef, Struct};

    #[test]
    fn texts_are_those_of_java() {
        let field = |name: &str, r#type| Field {
            name: name.into(),
            schema: SchemaRef::new(Schema::optional(r#type)),
        };
        let schema = SchemaRef::new(Schema::required(Type::Struct(vec![
            field("a", Type::Int32),
            field("b", Type::String),
            field("c", Type::String),
        ])));
        let row = Struct::new(schema, vec![Value::Int32(1), Value::Null, Value::from("x")]);
        for (value, expected) in [
            (Value::from("a b"), "a b"),
            (Value::Array(vec![Value::Int64(1), Value::Null]), "[1, null]"),
            (
                Value::Map(vec![
                    (Value::from("k"), Value::Boolean(true)),
                    (Value::from("l"), Value::Int8(2)),
                ]),
                "{k=true, l=2}",
            ),
            (Value::Struct(row), "Struct{a=1,c=x}"),
        ] {
            assert_eq!(value.to_string(), expected);
        }
    }
}
