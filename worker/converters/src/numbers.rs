//! Numbers and flags as the bytes that Kafka's own serializers give them: big-endian, of fixed width.

use std::marker::PhantomData;

use bytes::Bytes;
use sluice_plugin::{
    Converter, ConverterFactory, ConverterRole, Error, Properties, Result,
    config::ConfigDef,
    converter_type,
    model::{Schema, SchemaAndValue, SchemaRef, Type, Value},
};

/// A type that stands in Kafka as a fixed number of bytes.
pub trait Fixed: Send + Sync + 'static {
    /// Full class name of the converter.
    const CLASS: &'static str;
    /// The type in the texts of its errors.
    const NAME: &'static str;
    /// Whether the converter looks at the schema of what it writes.
    const CHECKS_SCHEMA: bool = false;

    /// The schema of what is read.
    fn schema() -> &'static Schema;

    /// The bytes of a value of the type, none of any other.
    fn write(value: &Value) -> Option<Bytes>;

    /// The value of these bytes, if they are as many as they must be.
    fn read(bytes: &[u8]) -> Option<Value>;

    /// Why a value of another type cannot be written.
    fn refused(value: &Value) -> String {
        format!("Failed to serialize to {} (was class {}): ", Self::NAME, value.java_class())
    }
}

/// A converter for one such type.
pub struct FixedConverter<T>(PhantomData<T>);

impl<T> FixedConverter<T> {
    /// The converter; it has no settings.
    pub const NEW: Self = Self(PhantomData);
}

macro_rules! number {
    ($converter:ident, $marker:ident, $class:literal, $name:literal, $type:ident, $native:ty) => {
        #[doc = concat!("`org.apache.kafka.connect.converters.", $class, "`.")]
        pub type $converter = FixedConverter<$marker>;

        /// The type that the converter is for.
        pub struct $marker;

        impl Fixed for $marker {
            const CLASS: &'static str = concat!("org.apache.kafka.connect.converters.", $class);
            const NAME: &'static str = $name;

            fn schema() -> &'static Schema {
                static SCHEMA: Schema = Schema::optional(Type::$type);
                &SCHEMA
            }

            fn write(value: &Value) -> Option<Bytes> {
                match value {
                    Value::$type(it) => Some(Bytes::copy_from_slice(&it.to_be_bytes())),
                    _ => None,
                }
            }

            fn read(bytes: &[u8]) -> Option<Value> {
                bytes.try_into().ok().map(|it| Value::$type(<$native>::from_be_bytes(it)))
            }
        }
    };
}

number!(ShortConverter, Short, "ShortConverter", "short", Int16, i16);
number!(IntegerConverter, Integer, "IntegerConverter", "integer", Int32, i32);
number!(LongConverter, Long, "LongConverter", "long", Int64, i64);
number!(FloatConverter, Float, "FloatConverter", "float", Float32, f32);
number!(DoubleConverter, Double, "DoubleConverter", "double", Float64, f64);

/// `org.apache.kafka.connect.converters.BooleanConverter`.
pub type BooleanConverter = FixedConverter<Boolean>;

/// The type that the converter is for.
pub struct Boolean;

impl Fixed for Boolean {
    const CLASS: &'static str = "org.apache.kafka.connect.converters.BooleanConverter";
    const NAME: &'static str = "boolean";
    const CHECKS_SCHEMA: bool = true;

    fn schema() -> &'static Schema {
        static SCHEMA: Schema = Schema::optional(Type::Boolean);
        &SCHEMA
    }

    fn write(value: &Value) -> Option<Bytes> {
        match value {
            Value::Boolean(it) => Some(Bytes::from_static(if *it { &[1] } else { &[0] })),
            _ => None,
        }
    }

    fn read(bytes: &[u8]) -> Option<Value> {
        match bytes {
            [0] => Some(Value::Boolean(false)),
            [1] => Some(Value::Boolean(true)),
            _ => None,
        }
    }

    fn refused(value: &Value) -> String {
        format!(
            "BooleanConverter is not compatible with objects of type class {}",
            value.java_class()
        )
    }
}

impl<T: Fixed> ConverterFactory for FixedConverter<T> {
    fn name(&self) -> &'static str {
        T::CLASS
    }

    fn definition(&self) -> ConfigDef {
        ConfigDef { keys: vec![converter_type()] }
    }

    fn create(&self, _: &Properties, _: ConverterRole) -> Result<Box<dyn Converter>> {
        Ok(Box::new(Running::<T>(PhantomData)))
    }
}

struct Running<T>(PhantomData<T>);

impl<T: Fixed> Converter for Running<T> {
    fn encode(
        &mut self,
        _: &str,
        schema: Option<&SchemaRef>,
        value: &Value,
    ) -> Result<Option<Bytes>> {
        if let Some(schema) =
            schema.filter(|it| T::CHECKS_SCHEMA && it.r#type != T::schema().r#type)
        {
            return Err(Error::bad_record(format!(
                "Invalid schema type for BooleanConverter: {}",
                schema.type_name()
            )));
        }
        if value.is_null() {
            return Ok(None);
        }
        T::write(value).map(Some).ok_or_else(|| Error::bad_record(T::refused(value)))
    }

    fn decode(&mut self, _: &str, bytes: Option<Bytes>) -> Result<SchemaAndValue> {
        let value = match bytes {
            None => Value::Null,
            Some(bytes) => T::read(&bytes)
                .ok_or_else(|| Error::bad_record(format!("Failed to deserialize {}: ", T::NAME)))?,
        };
        Ok(SchemaAndValue { schema: Some(SchemaRef::constant(T::schema())), value })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_goes_through_its_own_width_and_no_other() {
        let factories: [(&dyn ConverterFactory, Value, usize); 6] = [
            (&ShortConverter::NEW, Value::Int16(-2), 2),
            (&IntegerConverter::NEW, Value::Int32(-2), 4),
            (&LongConverter::NEW, Value::Int64(-2), 8),
            (&FloatConverter::NEW, Value::Float32(0.5), 4),
            (&DoubleConverter::NEW, Value::Float64(0.5), 8),
            (&BooleanConverter::NEW, Value::Boolean(true), 1),
        ];
        for (factory, value, width) in factories {
            let mut converter = factory.create(&Properties::new(), ConverterRole::Value).unwrap();
            let bytes = converter.encode("t", None, &value).unwrap().expect("bytes");
            assert_eq!(bytes.len(), width);
            assert_eq!(converter.decode("t", Some(bytes)).unwrap().value, value);
            assert_eq!(converter.decode("t", None).unwrap().value, Value::Null);
            assert_eq!(converter.encode("t", None, &Value::Null).unwrap(), None);
            let long = Bytes::from(vec![7; width + 1]);
            converter.decode("t", Some(long)).expect_err("too long");
            converter.encode("t", None, &Value::from("1")).expect_err("text");
        }
    }
}
