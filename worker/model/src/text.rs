//! The text of a value as Java's `toString` gives it.

use std::fmt;

use crate::{Schema, Type, Value, calendar, logical::DAY};

impl fmt::Display for Value {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => out.write_str("null"),
            Self::Boolean(it) => write!(out, "{it}"),
            Self::Int8(it) => write!(out, "{it}"),
            Self::Int16(it) => write!(out, "{it}"),
            Self::Int32(it) => write!(out, "{it}"),
            Self::Int64(it) => write!(out, "{it}"),
            Self::Float32(it) => floating(out, f64::from(*it), &shortest(*it)),
            Self::Float64(it) => floating(out, *it, &shortest(*it)),
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

/// The shortest digits that lead back to the number, such as `1.5e-7`, chosen as `Double.toString` does since Java 19:
/// where one digit would do, the nearest number of two; of two that are as near, the one with an even last digit.
fn shortest<F: fmt::LowerExp + std::str::FromStr + PartialEq + Copy>(number: F) -> String {
    let shortest = format!("{number:e}");
    let leads_back = |text: &str| text.parse::<F>().is_ok_and(|it| it == number);
    let Some((mantissa, exponent)) = shortest.split_once('e') else { return shortest };
    if !mantissa.contains('.') {
        let two = format!("{number:.1e}");
        return if !two.contains(".0") && leads_back(&two) { two } else { shortest };
    }
    let exact = format!("{number:.60e}");
    let is_tie = exact
        .get(mantissa.len()..)
        .and_then(|rest| rest.split_once('e'))
        .is_some_and(|(rest, _)| rest.starts_with('5') && rest[1..].bytes().all(|it| it == b'0'));
    if is_tie && let Some(cut) = exact.get(..mantissa.len()) {
        let is_even = cut.bytes().next_back().is_some_and(|it| it % 2 == 0);
        let even = format!("{cut}e{exponent}");
        if is_even && leads_back(&even) {
            return even;
        }
    }
    shortest
}

/// `Double.toString`: decimal notation from 10^-3 up to 10^7, else `E` notation; always a digit after the point.
/// `scientific` holds the shortest digits in Rust's form, such as `1.5e-7`.
fn floating(out: &mut fmt::Formatter<'_>, number: f64, scientific: &str) -> fmt::Result {
    if number.is_nan() {
        return out.write_str("NaN");
    }
    if number.is_infinite() {
        return out.write_str(if number < 0.0 { "-Infinity" } else { "Infinity" });
    }
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    if (-3..7).contains(&exponent) {
        let (sign, digits) = mantissa.strip_prefix('-').map_or(("", mantissa), |it| ("-", it));
        let digits = digits.replace('.', "");
        let text = if exponent < 0 {
            format!("0.{}{digits}", "0".repeat((-exponent - 1) as usize))
        } else {
            let whole = exponent as usize + 1;
            let padded = format!("{digits:0<whole$}");
            let (whole, fraction) = padded.split_at(whole);
            format!("{whole}.{}", if fraction.is_empty() { "0" } else { fraction })
        };
        return write!(out, "{sign}{text}");
    }
    let point = if mantissa.contains('.') { "" } else { ".0" };
    write!(out, "{mantissa}{point}E{exponent}")
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

    #[test]
    fn floating_point_is_written_as_java_writes_it() {
        for (number, expected) in [
            (0.0, "0.0"),
            (-0.0, "-0.0"),
            (1.0, "1.0"),
            (-1.5, "-1.5"),
            (0.001, "0.001"),
            (0.000_99, "9.9E-4"),
            (123_456.789, "123456.789"),
            (9_999_999.0, "9999999.0"),
            (1e7, "1.0E7"),
            (1.25e10, "1.25E10"),
            (1e-7, "1.0E-7"),
            (5e-324, "4.9E-324"),
            (1e-323, "9.9E-324"),
            (2e23, "2.0E23"),
            (f64::NAN, "NaN"),
            (f64::NEG_INFINITY, "-Infinity"),
        ] {
            assert_eq!(Value::Float64(number).to_string(), expected);
        }
        assert_eq!(Value::Float32(12_359_466.0 / 8.0).to_string(), "1544933.2");
        assert_eq!(Value::Float32(0.1).to_string(), "0.1");
        assert_eq!(Value::Float32(1e10).to_string(), "1.0E10");
    }
}
