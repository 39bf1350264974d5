//! `StringConverter`: text in UTF-8, or the text of any other value.

use std::sync::Arc;

use bytes::Bytes;
use sluice_plugin::{
    Converter, ConverterFactory, ConverterRole, Error, Properties, Result,
    config::{Config, Report},
    model::{Schema, SchemaAndValue, SchemaRef, Type, Value},
};

/// `org.apache.kafka.connect.storage.StringConverter`.
pub struct StringConverter;

#[derive(Config)]
struct Settings {
    /// Character set of the bytes; UTF-8 is the one that there is.
    #[config(key = "converter.encoding", default = "UTF-8", importance = High, check = utf8)]
    #[allow(dead_code)]
    encoding: String,
}

fn utf8(text: &str) -> std::result::Result<(), String> {
    let is_utf8 = matches!(text.to_ascii_uppercase().as_str(), "UTF-8" | "UTF8");
    is_utf8.then_some(()).ok_or_else(|| "only UTF-8 is supported".to_owned())
}

impl ConverterFactory for StringConverter {
    fn name(&self) -> &'static str {
        "org.apache.kafka.connect.storage.StringConverter"
    }

    fn validate(&self, settings: &Properties, _: ConverterRole) -> Report {
        Report::of(&Settings::definition(), settings)
    }

    fn create(&self, settings: &Properties, _: ConverterRole) -> Result<Box<dyn Converter>> {
        Settings::parse(settings).map_err(|report| Error::fatal(report.to_string()))?;
        Ok(Box::new(Text))
    }
}

struct Text;

static OPTIONAL_TEXT: Schema = Schema::optional(Type::String);

impl Converter for Text {
    fn encode(&mut self, _: &str, _: Option<&SchemaRef>, value: &Value) -> Result<Option<Bytes>> {
        Ok(match value {
            Value::Null => None,
            Value::String(text) => Some(Bytes::copy_from_slice(text.as_bytes())),
            other => Some(Bytes::from(other.to_string())),
        })
    }

    fn decode(&mut self, _: &str, bytes: Option<Bytes>) -> Result<SchemaAndValue> {
        let text = |it: Bytes| -> Arc<str> { String::from_utf8_lossy(&it).into() };
        let value = bytes.map_or(Value::Null, |it| Value::String(text(it)));
        Ok(SchemaAndValue { schema: Some(SchemaRef::constant(&OPTIONAL_TEXT)), value })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_become_their_text() {
        let mut converter =
            StringConverter.create(&Properties::new(), ConverterRole::Value).unwrap();
        for (value, expected) in [
            (Value::Null, None),
            (Value::from("é"), Some("é")),
            (Value::Int64(7), Some("7")),
            (Value::Map(vec![(Value::from("k"), Value::Boolean(true))]), Some("{k=true}")),
        ] {
            let bytes = converter.encode("t", None, &value).unwrap();
            assert_eq!(bytes.as_deref(), expected.map(str::as_bytes));
        }
        assert_eq!(
            converter.decode("t", Some(Bytes::from_static(b"a"))).unwrap().value,
            Value::from("a")
        );
        let wrong = Properties::from([("converter.encoding".to_owned(), "EBCDIC".to_owned())]);
        assert!(StringConverter.create(&wrong, ConverterRole::Key).is_err());
    }
}
