//! The text of a value, in the notation that `parse_string` reads (`Values.convertToString`).

use base64::{Engine, prelude::BASE64_STANDARD};
use bytestring::ByteString;

use crate::{Value, calendar, logical::DAY};

/// The text of a value; none of null. Strings are bare, but quoted inside of arrays, maps and structs.
pub fn convert_to_string(value: &Value) -> Option<ByteString> {
    match value {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        other => {
            let mut out = String::new();
            append(&mut out, other, false);
            Some(out.into())
        }
    }
}

fn append(out: &mut String, value: &Value, is_part: bool) {
    let quote = if is_part { "\"" } else { "" };
    match value {
        Value::String(text) if is_part => append_quoted(out, text),
        Value::Bytes(bytes) => {
            out.push_str(quote);
            BASE64_STANDARD.encode_string(bytes, out);
            out.push_str(quote);
        }
        Value::Date(millis) => out.push_str(&date(*millis)),
        Value::Array(items) => {
            out.push('[');
            append_all(out, items, |out, item| append(out, item, true));
            out.push(']');
        }
        Value::Map(entries) => {
            out.push('{');
            append_all(out, entries, |out, (key, value)| {
                append(out, key, true);
                out.push(':');
                append(out, value, true);
            });
            out.push('}');
        }
        Value::Struct(row) => {
            out.push('{');
            let fields = row.schema().fields().iter().zip(row.values());
            append_all(out, fields, |out, (field, value)| {
                append_quoted(out, &field.name);
                out.push(':');
                // `Struct.get` shows the default where there is no value.
                let default = field.schema.default.as_ref().filter(|_| value.is_null());
                append(out, default.unwrap_or(value), true);
            });
            out.push('}');
        }
        other => out.push_str(&other.to_string()),
    }
}

fn append_all<T>(
    out: &mut String,
    items: impl IntoIterator<Item = T>,
    each: impl Fn(&mut String, T),
) {
    for (index, item) in items.into_iter().enumerate() {
        if index > 0 {
            out.push(',');
        }
        each(out, item);
    }
}

fn append_quoted(out: &mut String, text: &str) {
    out.push('"');
    for character in text.chars() {
        if matches!(character, '"' | '\\') {
            out.push('\\');
        }
        out.push(character);
    }
    out.push('"');
}

/// A time if it lies before the second day of the epoch, a date at midnight, else a timestamp (`Values.dateFormatFor`).
fn date(millis: i64) -> String {
    let (days, of_day) = (millis.div_euclid(DAY), millis.rem_euclid(DAY));
    let (seconds, fraction) = (of_day / 1000, of_day % 1000);
    let (hour, minute, second) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    let time = format!("{hour:02}:{minute:02}:{second:02}.{fraction:03}Z");
    if millis < DAY {
        return time;
    }
    let (year, month, day) = calendar::civil(days);
    let date = format!("{year:04}-{month:02}-{day:02}");
    if of_day == 0 { date } else { format!("{date}T{time}") }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::{Decimal, Field, Schema, SchemaRef, Struct, Type};

    #[test]
    fn parts_are_quoted_and_wholes_are_bare() {
        let text = || Value::from(r#"a\"b"#);
        let field = Field {
            name: "f".into(),
            schema: SchemaRef::new(Schema {
                default: Some(Value::Int8(3)),
                ..Schema::optional(Type::Int8)
            }),
        };
        let schema = SchemaRef::new(Schema::required(Type::Struct(vec![field])));
        for (value, expected) in [
            (text(), r#"a\"b"#),
            (Value::Array(vec![text(), Value::Null, Value::Int8(1)]), r#"["a\\\"b",null,1]"#),
            (Value::Map(vec![(Value::Int8(1), Value::Float32(0.1))]), "{1:0.1}"),
            (Value::Struct(Struct::new(schema, vec![Value::Null])), r#"{"f":3}"#),
            (Value::Bytes(vec![1, 255].into()), "Af8="),
            (Value::Array(vec![Value::Bytes(vec![1].into())]), r#"["AQ=="]"#),
            (Value::Decimal(Arc::new(Decimal::parse("1.50").unwrap())), "1.50"),
            (Value::Date(DAY - 1), "23:59:59.999Z"),
            (Value::Date(-1), "23:59:59.999Z"),
            (Value::Date(DAY), "1970-01-02"),
            (Value::Array(vec![Value::Date(DAY + 1)]), "[1970-01-02T00:00:00.001Z]"),
        ] {
            assert_eq!(convert_to_string(&value).as_deref(), Some(expected));
        }
        assert_eq!(convert_to_string(&Value::Null), None);
    }
}
