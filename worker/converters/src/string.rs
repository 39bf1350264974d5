//! `StringConverter`: text in UTF-8, or the text of any other value.

use bytes::Bytes;
use bytestring::ByteString;
use sluice_plugin::{
    Converter, ConverterFactory, ConverterRole, Error, Properties, Result,
    config::{Config, ConfigDef},
    converter_type,
    model::{Schema, SchemaAndValue, SchemaRef, Type, Value},
};

/// `org.apache.kafka.connect.storage.StringConverter`.
pub struct StringConverter;

#[derive(Config)]
struct Settings {
    /// Character set of the bytes; UTF-8 is the one that there is.
    #[config(key = "converter.encoding", default = "UTF-8", importance = High, check = utf8)]
    #[config(width = Medium, name = "Encoding")]
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

    fn definition(&self) -> ConfigDef {
        ConfigDef { keys: [vec![converter_type()], Settings::definition().keys].concat() }
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
            Value::String(text) => Some(text.as_bytes().clone()),
            other => Some(Bytes::from(other.to_string())),
        })
    }

    fn decode(&mut self, _: &str, bytes: Option<Bytes>) -> Result<SchemaAndValue> {
        let value = bytes.map_or(Value::Null, |it| Value::String(text_of(&it)));
        Ok(SchemaAndValue { schema: Some(SchemaRef::constant(&OPTIONAL_TEXT)), value })
    }
}

/// The same bytes as text, or what Java makes of malformed ones.
pub(crate) fn text_of(bytes: &Bytes) -> ByteString {
    ByteString::try_from(bytes.clone()).unwrap_or_else(|_| repaired(bytes).into())
}

/// UTF-8 as `new String(bytes, UTF_8)` reads it: U+FFFD stands for what is malformed, and once for half a surrogate pair.
fn repaired(bytes: &[u8]) -> String {
    let mut rest = bytes;
    let mut text = String::new();
    loop {
        let error = match std::str::from_utf8(rest) {
            Ok(last) => {
                text.push_str(last);
                return text;
            }
            Err(error) => error,
        };
        let (right, wrong) = rest.split_at(error.valid_up_to());
        text.push_str(&String::from_utf8_lossy(right));
        text.push(char::REPLACEMENT_CHARACTER);
        let length = match wrong {
            [0xed, 0xa0..=0xbf, 0x80..=0xbf, ..] => 3,
            [0xed, 0xa0..=0xbf, ..] => 2,
            _ => error.error_len().unwrap_or(wrong.len()),
        };
        rest = &wrong[length..];
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn malformed_text_is_replaced_as_java_does() {
        for (bytes, expected) in [
            (&b"a\xffb"[..], "a\u{fffd}b"),
            (b"\xed\xb5D", "\u{fffd}D"),
            (b"\xed\xb1\xa0\xbe", "\u{fffd}\u{fffd}"),
            (b"\xe2\x82", "\u{fffd}"),
            (b"\xf0\x9f\x98", "\u{fffd}"),
        ] {
            assert_eq!(&*text_of(&Bytes::from_static(bytes)), expected);
        }
    }

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
