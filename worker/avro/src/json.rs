//! JSON whose objects keep the order of their members: schemas are compared as text.

use std::fmt::{self, Write as _};

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;
use sluice_plugin::model::{Value, values::convert_to_string};

/// How deep it may be nested.
const DEEPEST: usize = 128;

fn read<'a, T: Deserialize<'a>>(text: &'a str) -> Result<T, String> {
    serde_json::from_str(text).map_err(|error| error.to_string())
}

/// A JSON value. Numbers stand as Java's classes have them, which decides their text.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Json {
    Null,
    Bool(bool),
    Int(i64),
    Float(f32),
    Double(f64),
    Text(String),
    List(Vec<Json>),
    Object(Vec<(String, Json)>),
}

impl Json {
    /// Reads a text.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let raw: &RawValue = read(text)?;
        Self::of(raw, 0)
    }

    /// Numbers are read from their texts: serde_json's own reader may miss the nearest by one.
    fn of(raw: &RawValue, depth: usize) -> Result<Self, String> {
        if depth > DEEPEST {
            return Err(format!("JSON is nested deeper than {DEEPEST} levels"));
        }
        let text = raw.get();
        Ok(match text.as_bytes().first() {
            Some(b'{') => {
                let Members(members) = read(text)?;
                let member = |(name, it): (String, &RawValue)| Ok((name, Self::of(it, depth + 1)?));
                Self::Object(members.into_iter().map(member).collect::<Result<_, String>>()?)
            }
            Some(b'[') => {
                let items: Vec<&RawValue> = read(text)?;
                let items = items.into_iter().map(|it| Self::of(it, depth + 1));
                Self::List(items.collect::<Result<_, _>>()?)
            }
            Some(b'"') => Self::Text(read(text)?),
            Some(b't' | b'f') => Self::Bool(read(text)?),
            Some(b'n') => Self::Null,
            _ => match text.parse() {
                Ok(number) => Self::Int(number),
                Err(_) => Self::Double(text.parse().map_err(|_| "no number".to_owned())?),
            },
        })
    }

    pub(crate) fn text(&self) -> Option<&str> {
        if let Self::Text(text) = self { Some(text) } else { None }
    }

    pub(crate) fn int(&self) -> Option<i64> {
        if let Self::Int(number) = self { Some(*number) } else { None }
    }

    /// Any number.
    pub(crate) fn number(&self) -> Option<f64> {
        match self {
            Self::Int(number) => Some(*number as f64),
            Self::Float(number) => Some(f64::from(*number)),
            Self::Double(number) => Some(*number),
            _ => None,
        }
    }

    /// A member of an object.
    pub(crate) fn get(&self, name: &str) -> Option<&Self> {
        let Self::Object(members) = self else { return None };
        members.iter().find(|(known, _)| known == name).map(|(_, it)| it)
    }

    /// Writes it as Jackson does.
    pub(crate) fn write(&self, out: &mut String) {
        match self {
            Self::Null => out.push_str("null"),
            Self::Bool(it) => out.push_str(if *it { "true" } else { "false" }),
            Self::Int(it) => {
                let _ = write!(out, "{it}");
            }
            Self::Float(it) => write_float(&Value::Float32(*it), it.is_finite(), out),
            Self::Double(it) => write_float(&Value::Float64(*it), it.is_finite(), out),
            Self::Text(it) => write_text(it, out),
            Self::List(items) => {
                out.push('[');
                for (index, item) in items.iter().enumerate() {
                    if index > 0 {
                        out.push(',');
                    }
                    item.write(out);
                }
                out.push(']');
            }
            Self::Object(members) => {
                out.push('{');
                for (index, (name, member)) in members.iter().enumerate() {
                    if index > 0 {
                        out.push(',');
                    }
                    write_text(name, out);
                    out.push(':');
                    member.write(out);
                }
                out.push('}');
            }
        }
    }
}

fn write_float(value: &Value, is_finite: bool, out: &mut String) {
    let text = convert_to_string(value).unwrap_or_default();
    if is_finite {
        out.push_str(&text);
    } else {
        write_text(&text, out);
    }
}

/// Writes a text between quotes, escaped as Jackson does.
pub(crate) fn write_text(text: &str, out: &mut String) {
    out.push('"');
    for it in text.chars() {
        match it {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            it if it < ' ' => {
                let _ = write!(out, "\\u{:04X}", it as u32);
            }
            it => out.push(it),
        }
    }
    out.push('"');
}

/// Members of an object in order; of several with one name the last counts, as Jackson has it.
struct Members<'a>(Vec<(String, &'a RawValue)>);

impl<'de: 'a, 'a> Deserialize<'de> for Members<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct All;
        impl<'de> Visitor<'de> for All {
            type Value = Members<'de>;

            fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut all: A) -> Result<Members<'de>, A::Error> {
                let mut members: Vec<(String, &RawValue)> = Vec::new();
                while let Some((name, value)) = all.next_entry::<String, &RawValue>()? {
                    match members.iter_mut().find(|(known, _)| *known == name) {
                        Some((_, known)) => *known = value,
                        None => members.push((name, value)),
                    }
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(All)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_read_is_written_in_the_same_order() {
        let text = r#"{"z":[1,-2,1.5E10,true,null],"a":"q\"\\\n\u0001é","b":{}}"#;
        let mut out = String::new();
        Json::parse(text).unwrap().write(&mut out);
        assert_eq!(out, text);
        assert!(Json::parse("{").is_err());
        let doubled = Json::parse(r#"{"a":1,"b":2,"a":3}"#).unwrap();
        assert_eq!(
            Json::parse("5.3330945044550884E23"),
            Ok(Json::Double(5.333_094_504_455_088_4e23))
        );
        assert!(Json::parse(&"[".repeat(1000)).is_err());
        assert_eq!(doubled.get("a").and_then(Json::int), Some(3));
    }
}
