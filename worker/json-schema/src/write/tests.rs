//! What values are written as.

use std::sync::Arc;

use sluice_plugin::model::{Decimal, Schema, Struct};

use super::*;

fn written(schema: &Schema, value: &Value, options: &Options) -> Result<Option<String>> {
    let mut out = String::new();
    let write = Write::new(&SchemaRef::new(schema.clone()), options)?;
    Ok(write.record(&mut out, value)?.then_some(out))
}

fn row(fields: Vec<(&str, Schema, Value)>) -> (Schema, Value) {
    let (mut all, mut values) = (Vec::new(), Vec::new());
    for (name, schema, value) in fields {
        all.push(Field { name: name.into(), schema: schema.into() });
        values.push(value);
    }
    let schema = Schema::required(Type::Struct(all));
    let value = Value::Struct(Struct::new(SchemaRef::new(schema.clone()), values));
    (schema, value)
}

fn with_default(mut schema: Schema, default: &str) -> Schema {
    schema.default = Some(Value::from(default));
    schema
}

#[test]
fn values_are_json_without_white_space() {
    let text = || Schema::required(Type::String);
    let map = |keys: Schema| {
        Schema::required(Type::Map(keys.into(), Schema::optional(Type::Int8).into()))
    };
    let nulls = row(vec![
        ("a", text(), Value::Null),
        ("b", Schema::optional(Type::String), Value::Null),
        ("c\"", with_default(text(), "d"), Value::Null),
        ("e", text(), Value::from("é\n")),
    ]);
    let cases = [
        (nulls.0, nulls.1, r#"{"b":null,"c\"":"d","e":"é\n"}"#),
        (
            map(text()),
            Value::Map(vec![(Value::from("k"), Value::Int8(1)), (Value::from("l"), Value::Null)]),
            r#"{"k":1,"l":null}"#,
        ),
        (
            map(Schema::optional(Type::String)),
            Value::Map(vec![(Value::Null, Value::Int8(1))]),
            r#"[{"key":null,"value":1}]"#,
        ),
        (
            Schema::required(Type::Array(Schema::required(Type::Float64).into())),
            Value::Array(vec![Value::Float64(1.0), Value::Float64(f64::NAN), Value::Null]),
            r#"[1.0,"NaN",null]"#,
        ),
        (Schema::required(Type::Bytes), Value::Bytes(vec![1, 2].into()), r#""AQI=""#),
        (Logical::Timestamp.schema(0), Value::Date(5), "5"),
    ];
    for (schema, value, expected) in cases {
        let found = written(&schema, &value, &Options::default()).unwrap();
        assert_eq!(found.as_deref(), Some(expected));
    }
}

#[test]
fn decimals_are_base64_or_numbers() {
    let value = Value::Decimal(Arc::new(Decimal::parse("2.00").unwrap()));
    for (numeric, expected) in [(false, r#""AMg=""#), (true, "2.00")] {
        let options = Options { numeric, ..Options::default() };
        let found = written(&Logical::Decimal.schema(2), &value, &options).unwrap();
        assert_eq!(found.as_deref(), Some(expected));
    }
}

#[test]
fn null_is_its_default_or_null_or_nothing() {
    let ignored = Options { ignore_default: true, ..Options::default() };
    let (required, optional) = (Schema::required(Type::String), Schema::optional(Type::String));
    let defaulted = with_default(optional.clone(), "d");
    for (schema, options, expected) in [
        (&required, &Options::default(), None),
        (&optional, &Options::default(), Some("null")),
        (&defaulted, &Options::default(), Some("\"d\"")),
        (&defaulted, &ignored, Some("null")),
    ] {
        assert_eq!(written(schema, &Value::Null, options).unwrap().as_deref(), expected);
    }
}

#[test]
fn of_a_union_the_member_that_is_set_is_written() {
    let (schema, value) = row(vec![
        ("0", Schema::optional(Type::Int8), Value::Null),
        ("1", Schema::optional(Type::String), Value::from("a")),
    ]);
    let schema = schema.named(crate::names::ONE_OF);
    let Value::Struct(row) = value else { panic!() };
    let named = |values| Value::Struct(Struct::new(SchemaRef::new(schema.clone()), values));
    let set = named(row.values().to_vec());
    assert_eq!(written(&schema, &set, &Options::default()).unwrap().as_deref(), Some("\"a\""));
    let none = named(vec![Value::Null, Value::Null]);
    let error = written(&schema, &none, &Options::default()).unwrap_err();
    assert_eq!(error, "value: no member of the union is set");
}

#[test]
fn what_is_none_of_the_schema_is_told_with_its_place() {
    let (schema, _) = row(vec![("a", Schema::required(Type::Int32), Value::Null)]);
    let value = Struct::new(SchemaRef::new(schema.clone()), vec![Value::from("x")]);
    let error = written(&schema, &Value::Struct(value), &Options::default()).unwrap_err();
    assert_eq!(error, "value/a: Invalid type for INT32: class java.lang.String");
    let error = written(&schema, &Value::Int8(1), &Options::default()).unwrap_err();
    assert!(error.contains("a value of class java.lang.Byte"), "{error}");
    let list = Schema::required(Type::Array(Schema::required(Type::String).into()));
    let value = Value::Array(vec![Value::from("a"), Value::Int8(1)]);
    let error = written(&list, &value, &Options::default()).unwrap_err();
    assert!(error.starts_with("value/1: "), "{error}");
}
