//! What JSON is read as, and what is told of what does not fit.

use super::*;
use crate::{Options, document::Document, to_connect::translate};

fn read_with(schema: &str, json: &str, options: &Options) -> Result<Value> {
    let document = Document::parse(schema, [], false).unwrap();
    let (schema, read) = translate(&document, None, options).unwrap();
    let value = read.record(&Bytes::copy_from_slice(json.as_bytes()))?;
    assert!(value.is_null() || schema.fits(&value), "{value:?}");
    Ok(value)
}

fn read(schema: &str, json: &str) -> Result<Value> {
    read_with(schema, json, &Options::default())
}

const ROW: &str = r#"{"type":"object","properties":{"id":{"type":"integer","connect.type":"int32","connect.index":0},"tags":{"type":"array","items":{"type":"string"},"connect.index":1},"note":{"type":["null","string"],"connect.index":2},"kind":{"type":"string","default":"new","connect.index":3}}}"#;

#[test]
fn json_is_read_by_its_schema() {
    let decimal = r#"{"type":"string","title":"org.apache.kafka.connect.data.Decimal","connect.type":"bytes","connect.parameters":{"scale":"2"}}"#;
    let date =
        r#"{"type":"integer","title":"org.apache.kafka.connect.data.Date","connect.type":"int32"}"#;
    for (schema, json, expected) in [
        (r#"{"type":"boolean"}"#, "true", "true"),
        (r#"{"type":"integer"}"#, "7", "7"),
        (r#"{"type":"integer"}"#, "7.0", "7"),
        (r#"{"type":"number"}"#, "1.5", "1.5"),
        (r#"{"type":"number"}"#, r#""NaN""#, "NaN"),
        (r#"{"type":"number","connect.type":"float32"}"#, r#""-Infinity""#, "-Infinity"),
        (r#"{"type":"string"}"#, r#""a\u0062""#, "ab"),
        (r#"{"type":["null","string"]}"#, "null", "null"),
        (r#"{"type":"string","default":"d"}"#, "null", "d"),
        (
            r#"{"type":"object","connect.type":"map","additionalProperties":{"type":"integer"}}"#,
            r#"{"a":1}"#,
            "{a=1}",
        ),
        (
            r#"{"type":"array","connect.type":"map","items":{"properties":{"key":{"type":"integer"},"value":{"type":"string"}}}}"#,
            r#"[{"key":1,"value":"a"},{"value":"b","key":1}]"#,
            "{1=b}",
        ),
        (
            ROW,
            r#"{"id":1,"tags":["a"],"note":"n","kind":"k","more":[]}"#,
            "Struct{id=1,tags=[a],note=n,kind=k}",
        ),
        (ROW, r#"{"tags":[],"id":1}"#, "Struct{id=1,tags=[],kind=new}"),
        (decimal, r#""AMg=""#, "2.00"),
        (decimal, "2.5", "2.5"),
    ] {
        let value = read(schema, json).unwrap_or_else(|error| panic!("{json}: {error}"));
        assert_eq!(value.to_string(), expected, "{json}");
    }
    assert_eq!(read(date, "2"), Ok(Value::Date(2 * DAY)));
    assert_eq!(
        read(r#"{"type":"string","connect.type":"bytes"}"#, r#""AQI=""#),
        Ok(Value::Bytes(Bytes::from_static(&[1, 2])))
    );
}

#[test]
fn a_union_takes_the_type_that_fits_best() {
    let union = r#"{"oneOf":[{"type":"integer"},{"type":"string"},{"type":"object","properties":{"a":{"type":"string"}}},{"type":"object","properties":{"a":{"type":"string"},"b":{"type":"string"}}}]}"#;
    let options = Options { sums: true, ..Options::default() };
    for (json, place) in [("1", 0), (r#""x""#, 1), (r#"{"a":"x"}"#, 2), (r#"{"b":"y","a":"x"}"#, 3)]
    {
        let Value::Struct(row) = read_with(union, json, &options).unwrap() else { panic!() };
        let set: Vec<usize> = (0..4).filter(|it| !row.values()[*it].is_null()).collect();
        assert_eq!(set, [place], "{json}");
    }
    let error = read(union, "true").unwrap_err();
    assert_eq!(error, "value: BOOLEAN fits none of the types of the schema");
}

#[test]
fn what_does_not_fit_is_told_with_its_place() {
    let byte = r#"{"type":"integer","connect.type":"int8"}"#;
    let bytes = r#"{"type":"string","connect.type":"bytes"}"#;
    let deep = "[".repeat(5000);
    for (schema, json, expected) in [
        (byte, "128", "value: the number does not fit the integer of the schema"),
        (byte, "1.5", "value: the number does not fit"),
        (byte, "99999999999999999999", "value: the number does not fit"),
        (byte, "\"1\"", "value: an integer is expected, and not STRING"),
        (byte, "null", "value: null is no value"),
        (byte, "", "the record holds no JSON"),
        (byte, "{", "at byte 1"),
        (byte, &deep, "nest too deep"),
        (r#"{"type":"number"}"#, "1e999", "value: the number does not fit the type"),
        (r#"{"type":"string"}"#, "1", "value: a text is expected, and not NUMBER"),
        (r#"{"type":"boolean"}"#, "0", "value: true or false is expected"),
        (bytes, "\"a\"", "value: the text is no Base64"),
        (ROW, "[]", "value: an object is expected, and not ARRAY"),
        (ROW, r#"{"id":1,"tags":["a",2]}"#, "value/tags/1: a text is expected"),
        (ROW, r#"{"id":null}"#, "value/id: null is no value"),
    ] {
        let error = read(schema, json).unwrap_err();
        assert!(error.contains(expected), "{json}: {error}");
    }
}

#[test]
fn a_property_that_is_missing_is_null_as_in_java() {
    let Value::Struct(row) = read(ROW, "{}").unwrap() else { panic!() };
    let expected = [Value::Null, Value::Null, Value::Null, Value::from("new")];
    assert_eq!(row.values(), expected);
}
