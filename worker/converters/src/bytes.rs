//! `ByteArrayConverter`: bytes pass through.

use bytes::Bytes;
use sluice_plugin::{
    Converter, ConverterFactory, ConverterRole, Error, Properties, Result,
    config::ConfigDef,
    converter_type,
    model::{Schema, SchemaAndValue, SchemaRef, Type, Value},
};

/// `org.apache.kafka.connect.converters.ByteArrayConverter`.
pub struct ByteArrayConverter;

impl ConverterFactory for ByteArrayConverter {
    fn name(&self) -> &'static str {
        "org.apache.kafka.connect.converters.ByteArrayConverter"
    }

    fn definition(&self) -> ConfigDef {
        ConfigDef { keys: vec![converter_type()] }
    }

    fn create(&self, _: &Properties, _: ConverterRole) -> Result<Box<dyn Converter>> {
        Ok(Box::new(PassThrough))
    }
}

struct PassThrough;

static OPTIONAL_BYTES: Schema = Schema::optional(Type::Bytes);

impl Converter for PassThrough {
    fn encode(
        &mut self,
        _: &str,
        schema: Option<&SchemaRef>,
        value: &Value,
    ) -> Result<Option<Bytes>> {
        if let Some(schema) = schema.filter(|it| it.r#type != Type::Bytes) {
            return Err(Error::bad_record(format!(
                "Invalid schema type for ByteArrayConverter: {}",
                schema.type_name()
            )));
        }
        match value {
            Value::Null => Ok(None),
            Value::Bytes(bytes) => Ok(Some(bytes.clone())),
            other => Err(Error::bad_record(format!(
                "ByteArrayConverter is not compatible with objects of type class {}",
                other.java_class()
            ))),
        }
    }

    fn decode(&mut self, _: &str, bytes: Option<Bytes>) -> Result<SchemaAndValue> {
        let value = bytes.map_or(Value::Null, Value::Bytes);
        Ok(SchemaAndValue { schema: Some(SchemaRef::constant(&OPTIONAL_BYTES)), value })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_pass_through_and_nothing_else_does() {
        let mut converter =
            ByteArrayConverter.create(&Properties::new(), ConverterRole::Value).unwrap();
        let bytes = Bytes::from_static(b"\0x");
        let read = converter.decode("t", Some(bytes.clone())).unwrap();
        assert_eq!(read.value, Value::Bytes(bytes.clone()));
        assert_eq!(converter.encode("t", read.schema.as_ref(), &read.value).unwrap(), Some(bytes));
        assert_eq!(converter.decode("t", None).unwrap().value, Value::Null);
        let text: SchemaRef = Schema::required(Type::String).into();
        assert!(converter.encode("t", Some(&text), &Value::from("a")).is_err());
        assert!(converter.encode("t", None, &Value::Int8(1)).is_err());
    }
}
