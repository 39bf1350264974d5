//! The lines of JSON on standard output that `Verifiable*` tell their readers the truth with.

use std::{
    fmt::Write as _,
    io::Write as _,
    time::{SystemTime, UNIX_EPOCH},
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use sluice_plugin::model::Value;

/// A JSON object in the making, its fields in the order in which they are added.
///
/// Java puts them into a `HashMap`: callers add them in the order in which that hands them out.
#[derive(Debug, Default)]
pub(crate) struct Line(String);

impl Line {
    pub(crate) fn text(self, key: &str, text: Option<&str>) -> Self {
        self.raw(key, |out| match text {
            Some(text) => string(text, out),
            None => out.push_str("null"),
        })
    }

    pub(crate) fn number(self, key: &str, number: i64) -> Self {
        self.raw(key, |out| out.push_str(&number.to_string()))
    }

    pub(crate) fn value(self, key: &str, value: &Value) -> Self {
        self.raw(key, |out| json(value, out))
    }

    pub(crate) fn yes(self, key: &str) -> Self {
        self.raw(key, |out| out.push_str("true"))
    }

    fn raw(mut self, key: &str, write: impl FnOnce(&mut String)) -> Self {
        self.0.push(if self.0.is_empty() { '{' } else { ',' });
        string(key, &mut self.0);
        self.0.push(':');
        write(&mut self.0);
        self
    }

    /// The line with its end.
    pub(crate) fn finish(mut self) -> String {
        self.0.push_str("}\n");
        self.0
    }
}

/// Prints whole lines in one write, so that tasks never mix theirs. A reader that has gone is no reason to fail.
pub(crate) fn print(lines: &str) {
    let mut out = std::io::stdout().lock();
    let _ = out.write_all(lines.as_bytes()).and_then(|()| out.flush());
}

/// Milliseconds since the epoch.
pub(crate) fn now() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |it| it.as_millis() as i64)
}

/// A value as Jackson writes the Java object of it.
fn json(value: &Value, out: &mut String) {
    match value {
        Value::Null => out.push_str("null"),
        Value::String(text) => string(text, out),
        Value::Bytes(bytes) => string(&STANDARD.encode(bytes), out),
        Value::Date(millis) => out.push_str(&millis.to_string()),
        Value::Float32(it) if !it.is_finite() => string(&value.to_string(), out),
        Value::Float64(it) if !it.is_finite() => string(&value.to_string(), out),
        Value::Array(items) => sequence(out, ['[', ']'], items, json),
        Value::Map(entries) => sequence(out, ['{', '}'], entries, |(key, value), out| {
            string(&key.to_string(), out);
            out.push(':');
            json(value, out);
        }),
        Value::Struct(row) => {
            let fields = row.schema().fields().iter().zip(row.values());
            sequence(out, ['{', '}'], fields, |(field, value), out| {
                string(&field.name, out);
                out.push(':');
                json(value, out);
            });
        }
        // Whole, decimal and finite floating numbers, and booleans, are themselves. Writing to text cannot fail.
        other => drop(write!(out, "{other}")),
    }
}

fn sequence<T>(
    out: &mut String,
    [open, close]: [char; 2],
    items: impl IntoIterator<Item = T>,
    each: impl Fn(T, &mut String),
) {
    out.push(open);
    for (index, item) in items.into_iter().enumerate() {
        if index > 0 {
            out.push(',');
        }
        each(item, out);
    }
    out.push(close);
}

fn string(text: &str, out: &mut String) {
    out.push_str(&serde_json::Value::from(text).to_string());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_written_as_jackson_writes_them() {
        for (value, expected) in [
            (Value::Null, "null"),
            (Value::Int32(-7), "-7"),
            (Value::Float64(1.0), "1.0"),
            (Value::Float64(f64::NAN), "\"NaN\""),
            (Value::Boolean(true), "true"),
            (Value::from("a\"\n"), "\"a\\\"\\n\""),
            (Value::Bytes(bytes::Bytes::from_static(b"\x00\xff")), "\"AP8=\""),
            (Value::Date(5), "5"),
            (Value::Array(vec![Value::Int8(1), Value::Null]), "[1,null]"),
            (Value::Map(vec![(Value::from("k"), Value::Int64(2))]), "{\"k\":2}"),
        ] {
            let line = Line::default().value("v", &value).finish();
            assert_eq!(line, format!("{{\"v\":{expected}}}\n"));
        }
    }
}
