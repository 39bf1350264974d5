//! Every converter keeps what converters owe.

use sluice_converters::{
    BooleanConverter, ByteArrayConverter, DoubleConverter, FloatConverter, IntegerConverter,
    JsonConverter, LongConverter, ShortConverter, SimpleHeaderConverter, StringConverter,
};
use sluice_plugin::{
    ConverterFactory, ConverterRole, Properties,
    conformance::{Broken, ConverterCase, converter},
    model::{Schema, SchemaAndValue, Type, Value},
};

/// The value itself, under the one schema that a converter of primitives decodes with.
fn under(r#type: Type, part: SchemaAndValue) -> SchemaAndValue {
    SchemaAndValue { schema: Some(Schema::optional(r#type).into()), value: part.value }
}

#[test]
fn those_of_primitives_do() -> Result<(), Broken> {
    let check = |factory: &dyn ConverterFactory, expected| {
        converter(&ConverterCase::new(factory, Properties::new()).expected(expected))
    };
    check(&BooleanConverter::NEW, |it| Some(under(Type::Boolean, it)))?;
    check(&ByteArrayConverter, |it| Some(under(Type::Bytes, it)))?;
    check(&DoubleConverter::NEW, |it| Some(under(Type::Float64, it)))?;
    check(&FloatConverter::NEW, |it| Some(under(Type::Float32, it)))?;
    check(&IntegerConverter::NEW, |it| Some(under(Type::Int32, it)))?;
    check(&LongConverter::NEW, |it| Some(under(Type::Int64, it)))?;
    check(&ShortConverter::NEW, |it| Some(under(Type::Int16, it)))
}

#[test]
fn that_of_text_does() -> Result<(), Broken> {
    let expected = |it: SchemaAndValue| {
        let text = if it.value.is_null() { Value::Null } else { it.value.to_string().into() };
        Some(under(Type::String, SchemaAndValue::schemaless(text)))
    };
    converter(&ConverterCase::new(&StringConverter, Properties::new()).expected(expected))
}

/// Whether JSON can say every part of a value and Jackson reads the same: not what is no number, and not -0.0, which is
/// read as 0.0.
fn is_sayable(value: &Value) -> bool {
    let is_negative_zero = |it: f64| it == 0.0 && it.is_sign_negative();
    match value {
        Value::Float32(it) => it.is_finite() && !is_negative_zero((*it).into()),
        Value::Float64(it) => it.is_finite() && !is_negative_zero(*it),
        Value::Array(items) => items.iter().all(is_sayable),
        Value::Map(entries) => {
            entries.iter().all(|(key, value)| is_sayable(key) && is_sayable(value))
        }
        Value::Struct(row) => row.values().iter().all(is_sayable),
        _ => true,
    }
}

#[test]
fn that_of_json_with_schemas_does() -> Result<(), Broken> {
    let expected = |it: SchemaAndValue| is_sayable(&it.value).then_some(it);
    converter(&ConverterCase::new(&JsonConverter, Properties::new()).expected(expected))
}

#[test]
fn that_of_json_without_schemas_does() -> Result<(), Broken> {
    let settings = Properties::from([("schemas.enable".to_owned(), "false".to_owned())]);
    // What a schema said is gone with it.
    let expected =
        |it: SchemaAndValue| (it.schema.is_none() && is_sayable(&it.value)).then_some(it);
    converter(&ConverterCase::new(&JsonConverter, settings).expected(expected))
}

#[test]
fn that_of_headers_does() -> Result<(), Broken> {
    let case = ConverterCase::new(&SimpleHeaderConverter, Properties::new());
    // It finds out the type from the text, and the text does not say all. Of what an empty map is made it says nothing.
    let case = case.role(ConverterRole::Header).expected(|_| None).leaves_validation();
    converter(&case)
}
