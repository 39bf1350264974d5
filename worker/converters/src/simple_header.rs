//! `SimpleHeaderConverter`: header values as text that shows their type.

use bytes::Bytes;
use sluice_plugin::{
    Converter, ConverterFactory, ConverterRole, PluginType, Properties, Result,
    config::ConfigDef,
    model::{
        Schema, SchemaAndValue, SchemaRef, Type, Value,
        values::{convert_to_string, parse_string},
    },
};

use crate::string::text_of;

/// `org.apache.kafka.connect.storage.SimpleHeaderConverter`, the header converter of a worker that names none.
pub struct SimpleHeaderConverter;

impl ConverterFactory for SimpleHeaderConverter {
    fn name(&self) -> &'static str {
        "org.apache.kafka.connect.storage.SimpleHeaderConverter"
    }

    fn kinds(&self) -> &'static [PluginType] {
        &[PluginType::HeaderConverter]
    }

    fn definition(&self) -> ConfigDef {
        ConfigDef::default()
    }

    fn create(&self, _: &Properties, _: ConverterRole) -> Result<Box<dyn Converter>> {
        Ok(Box::new(Simple))
    }
}

struct Simple;

impl Converter for Simple {
    fn encode(&mut self, _: &str, _: Option<&SchemaRef>, value: &Value) -> Result<Option<Bytes>> {
        Ok(convert_to_string(value).map(|it| it.as_bytes().clone()))
    }

    fn decode(&mut self, topic: &str, bytes: Option<Bytes>) -> Result<SchemaAndValue> {
        static BYTES: Schema = Schema::required(Type::Bytes);
        let Some(bytes) = bytes else { return Ok(SchemaAndValue::NULL) };
        Ok(parse_string(&text_of(&bytes)).unwrap_or_else(|error| {
            tracing::warn!(topic, %error, "a header is not readable as text; using its bytes");
            let schema = Some(SchemaRef::constant(&BYTES));
            SchemaAndValue { schema, value: Value::Bytes(bytes) }
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_show_in_the_text() {
        let mut converter =
            SimpleHeaderConverter.create(&Properties::new(), ConverterRole::Header).unwrap();
        for (value, text) in [
            (Value::from("plain text"), "plain text"),
            (Value::Int16(300), "300"),
            (Value::Boolean(true), "true"),
            (Value::Array(vec![Value::from("a"), Value::from("b")]), r#"["a","b"]"#),
            (Value::Map(vec![(Value::from("k"), Value::Float32(1.5))]), r#"{"k":1.5}"#),
        ] {
            let bytes = converter.encode("t", None, &value).unwrap().expect("bytes");
            assert_eq!(bytes, text);
            assert_eq!(converter.decode("t", Some(bytes)).unwrap().value, value);
        }
        assert_eq!(converter.encode("t", None, &Value::Null).unwrap(), None);
        assert_eq!(converter.decode("t", None).unwrap(), SchemaAndValue::NULL);
    }

    #[test]
    fn what_nests_too_deeply_stays_bytes() {
        let mut converter =
            SimpleHeaderConverter.create(&Properties::new(), ConverterRole::Header).unwrap();
        let bytes = Bytes::from("[".repeat(100_000));
        let read = converter.decode("t", Some(bytes.clone())).unwrap();
        assert_eq!(read, SchemaAndValue::new(Schema::required(Type::Bytes), Value::Bytes(bytes)));
    }
}
