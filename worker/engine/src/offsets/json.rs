//! Keys and values of the offsets topic: JSON, byte for byte as Java's schemaless `JsonConverter` writes it.

use std::{collections::BTreeMap, fmt::Write as _};

use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use serde_json::Value as Json;
use sluice_plugin::{config::java_order, model::Value};

use super::OffsetError;

/// The fields of a partition or of a position.
pub(crate) type Fields = BTreeMap<String, Value>;

/// The key `["<connector>",{<partition>}]` with its fields in the order of a Java worker.
pub(super) fn write_key(connector: &str, partition: &Fields) -> Result<String, OffsetError> {
    let mut key = String::from("[");
    write_text(&mut key, connector);
    key.push(',');
    key.push_str(&write_fields(partition)?);
    key.push(']');
    Ok(key)
}

/// A key taken apart; none if it is no key of the offsets topic.
pub(super) fn read_key(key: &[u8]) -> Option<(String, Fields)> {
    let Ok(Json::Array(parts)) = serde_json::from_slice(key) else { return None };
    let Ok([Json::String(connector), Json::Object(partition)]) = <[Json; 2]>::try_from(parts)
    else {
        return None;
    };
    Some((connector, fields(partition)?))
}

/// The value `{<offset>}` with its fields in the order of a Java worker.
pub(super) fn write_fields(fields: &Fields) -> Result<String, OffsetError> {
    let mut text = String::from("{");
    for (index, name) in
        java_order::ordered(fields.keys().map(String::as_str)).into_iter().enumerate()
    {
        if index > 0 {
            text.push(',');
        }
        write_text(&mut text, name);
        text.push(':');
        write_value(&mut text, &fields[name])
            .map_err(|kind| OffsetError::NotPrimitive { field: name.to_owned(), kind })?;
    }
    text.push('}');
    Ok(text)
}

/// A value taken apart; none if it is no JSON object of primitives.
pub(super) fn read_fields(value: &[u8]) -> Option<Fields> {
    match serde_json::from_slice(value) {
        Ok(Json::Object(object)) => fields(object),
        _ => None,
    }
}

/// A text that is equal for equal fields: how partitions are looked up. What JSON cannot tell apart after a
/// restart, such as INT32 and INT64, is equal here as well.
pub(crate) fn canonical(fields: &Fields) -> String {
    let mut text = String::new();
    for (name, value) in fields {
        write_text(&mut text, name);
        text.push(':');
        if let Err(kind) = write_value(&mut text, value) {
            text.push_str(kind);
            let _ = write!(text, "{value:?}");
        }
        text.push(',');
    }
    text
}

/// The fields as one JSON object.
pub(crate) fn object(fields: &Fields) -> String {
    let members = canonical(fields);
    format!("{{{}}}", members.strip_suffix(',').unwrap_or(&members))
}

fn fields(object: serde_json::Map<String, Json>) -> Option<Fields> {
    checked_fields(object).ok()
}

/// Fields of a partition or an offset that a client has written.
pub(super) fn checked_fields(object: serde_json::Map<String, Json>) -> Result<Fields, OffsetError> {
    let field = |(field, value): (String, Json)| {
        let kind = if value.is_array() { "ARRAY" } else { "MAP" };
        match primitive(value) {
            Some(value) => Ok((field, value)),
            None => Err(OffsetError::NotPrimitive { field, kind }),
        }
    };
    object.into_iter().map(field).collect()
}

/// The fields as a client reads them.
pub(super) fn to_json(fields: &Fields) -> serde_json::Map<String, Json> {
    // What cannot be written was never stored.
    let text = write_fields(fields).unwrap_or_default();
    serde_json::from_str(&text).unwrap_or_default()
}

/// As `JsonConverter` reads without a schema: whole numbers are INT64 (its low 64 bits), others FLOAT64.
fn primitive(value: Json) -> Option<Value> {
    Some(match value {
        Json::Null => Value::Null,
        Json::Bool(flag) => Value::Boolean(flag),
        Json::String(text) => Value::from(text),
        Json::Number(number) => match (number.as_i64(), number.as_u64()) {
            (Some(number), _) => Value::Int64(number),
            (None, Some(number)) => Value::Int64(number as i64),
            (None, None) => Value::Float64(number.as_f64()?),
        },
        Json::Array(_) | Json::Object(_) => return None,
    })
}

fn write_value(text: &mut String, value: &Value) -> Result<(), &'static str> {
    match value {
        Value::Float32(number) if !number.is_finite() => write_text(text, &value.to_string()),
        Value::Float64(number) if !number.is_finite() => write_text(text, &value.to_string()),
        Value::String(string) => write_text(text, string),
        Value::Bytes(bytes) => write_text(text, &BASE64.encode(bytes)),
        Value::Array(_) => return Err("ARRAY"),
        Value::Map(_) => return Err("MAP"),
        Value::Struct(_) => return Err("STRUCT"),
        Value::Date(_) | Value::Decimal(_) => return Err(value.java_class()),
        // Java's text of null, flags and finite numbers is their JSON.
        other => text.push_str(&other.to_string()),
    }
    Ok(())
}

/// Jackson's escapes: the short ones, and upper-case hexadecimal for other control characters.
fn write_text(text: &mut String, string: &str) {
    text.push('"');
    for character in string.chars() {
        match character {
            '"' => text.push_str("\\\""),
            '\\' => text.push_str("\\\\"),
            '\u{8}' => text.push_str("\\b"),
            '\t' => text.push_str("\\t"),
            '\n' => text.push_str("\\n"),
            '\u{c}' => text.push_str("\\f"),
            '\r' => text.push_str("\\r"),
            '\0'..='\u{1f}' => drop(write!(text, "\\u{:04X}", u32::from(character))),
            other => text.push(other),
        }
    }
    text.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(entries: &[(&str, Value)]) -> Fields {
        entries.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect()
    }

    #[test]
    fn keys_are_written_as_java_writes_them() {
        for (connector, partition, expected) in [
            ("files", of(&[("filename", "a.txt".into())]), r#"["files",{"filename":"a.txt"}]"#),
            (
                "jdbc",
                of(&[("table", "orders".into()), ("protocol", "1".into())]),
                r#"["jdbc",{"protocol":"1","table":"orders"}]"#,
            ),
            (
                "mirror",
                of(&[
                    ("topic", "t".into()),
                    ("partition", Value::Int32(3)),
                    ("cluster", "c".into()),
                ]),
                r#"["mirror",{"cluster":"c","partition":3,"topic":"t"}]"#,
            ),
            ("a \"b\"\\\u{1f}", of(&[("k", "é\t/".into())]), r#"["a \"b\"\\\u001F",{"k":"é\t/"}]"#),
        ] {
            let key = write_key(connector, &partition).expect("primitives");
            assert_eq!(key, expected);
            let (read_connector, read) = read_key(key.as_bytes()).expect("a key");
            assert_eq!((&*read_connector, canonical(&read)), (connector, canonical(&partition)));
        }
    }

    #[test]
    fn values_keep_their_numbers() {
        for (text, expected) in [
            (r#"{"position":9223372036854775807}"#, Value::Int64(i64::MAX)),
            (r#"{"position":-9007199254740993}"#, Value::Int64(-9_007_199_254_740_993)),
            (r#"{"position":1.5}"#, Value::Float64(1.5)),
            (r#"{"position":1.0E10}"#, Value::Float64(1e10)),
            (r#"{"position":true}"#, Value::Boolean(true)),
            (r#"{"position":null}"#, Value::Null),
            (r#"{"position":"0/16B3748"}"#, "0/16B3748".into()),
        ] {
            let read = read_fields(text.as_bytes()).expect("an offset");
            assert_eq!(read["position"], expected, "{text}");
            assert_eq!(write_fields(&read).expect("primitives"), text);
        }
    }

    #[test]
    fn what_is_no_record_of_the_topic_is_told_apart() {
        for key in ["", "[]", r#"["a"]"#, r#"["a",1]"#, "[1,{}]", r#"["a",{"b":[1]}]"#, "junk"] {
            assert_eq!(read_key(key.as_bytes()), None, "{key}");
        }
        let nested = of(&[("a", Value::Array(vec![]))]);
        let error = write_fields(&nested).expect_err("an array is no primitive");
        assert_eq!(
            error.to_string(),
            "Offsets may only contain primitive types as values, but field a contains ARRAY"
        );
    }
}
