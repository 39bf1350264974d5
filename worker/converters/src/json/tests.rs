//! JSON both ways, as tables.

use sluice_plugin::model::{Schema, Type};

use super::*;

fn converter(schemas: bool) -> Box<dyn Converter> {
    let settings = Properties::from([("schemas.enable".to_owned(), schemas.to_string())]);
    JsonConverter.create(&settings, ConverterRole::Value).unwrap()
}

fn round_trip(text: &str) -> String {
    let mut converter = converter(true);
    let read = converter.decode("t", Some(Bytes::copy_from_slice(text.as_bytes()))).expect(text);
    let written =
        converter.encode("t", read.schema.as_ref(), &read.value).expect(text).expect("not null");
    String::from_utf8(written.to_vec()).unwrap()
}

#[test]
fn every_type_goes_through_with_its_schema_unchanged() {
    for (schema, payload) in [
        (r#"{"type":"int8","optional":false}"#, "-7"),
        (r#"{"type":"int16","optional":true}"#, "null"),
        (r#"{"type":"int64","optional":false}"#, "9223372036854775807"),
        (r#"{"type":"float","optional":false}"#, "0.1"),
        (r#"{"type":"double","optional":false}"#, "1.0E10"),
        (r#"{"type":"boolean","optional":false}"#, "true"),
        (r#"{"type":"string","optional":false}"#, r#""a\"\\\n\u0001é""#),
        (r#"{"type":"bytes","optional":false}"#, r#""AQI=""#),
        (
            r#"{"type":"array","items":{"type":"int32","optional":true},"optional":false}"#,
            "[1,null]",
        ),
        (
            r#"{"type":"map","keys":{"type":"string","optional":false},"values":{"type":"int32","optional":false},"optional":false}"#,
            r#"{"b":1,"a":2}"#,
        ),
        (
            r#"{"type":"map","keys":{"type":"int32","optional":false},"values":{"type":"string","optional":false},"optional":false}"#,
            r#"[[1,"a"],[2,"b"]]"#,
        ),
        (
            r#"{"type":"struct","fields":[{"type":"string","optional":false,"field":"a"},{"type":"int32","optional":true,"default":5,"field":"b"}],"optional":false,"name":"n","version":2,"doc":"d","parameters":{"p":"q"}}"#,
            r#"{"a":"x","b":6}"#,
        ),
    ] {
        let text = format!(r#"{{"schema":{schema},"payload":{payload}}}"#);
        assert_eq!(round_trip(&text), text);
    }
}

#[test]
fn without_schemas_values_show_their_own_types() {
    let mut converter = converter(false);
    for (text, expected) in [
        ("1", Value::Int64(1)),
        ("1.5", Value::Float64(1.5)),
        ("\"a\"", Value::from("a")),
        ("null", Value::Null),
        (
            "[1,[true]]",
            Value::Array(vec![Value::Int64(1), Value::Array(vec![Value::Boolean(true)])]),
        ),
        (r#"{"k":1}"#, Value::Map(vec![(Value::from("k"), Value::Int64(1))])),
    ] {
        let read = converter.decode("t", Some(Bytes::from_static(text.as_bytes()))).unwrap();
        assert_eq!((read.schema, read.value), (None, expected), "{text}");
    }
    assert_eq!(converter.decode("t", Some(Bytes::new())).unwrap(), SchemaAndValue::NULL);
}

#[test]
fn nulls_are_tombstones_only_without_a_schema() {
    for schemas in [true, false] {
        assert_eq!(converter(schemas).encode("t", None, &Value::Null).unwrap(), None);
    }
    let text = r#"{"schema":{"type":"string","optional":true},"payload":null}"#;
    assert_eq!(round_trip(text), text);
}

#[test]
fn what_does_not_fit_is_a_bad_record() {
    for (text, expected) in [
        ("{}", "requires \"schema\" and \"payload\""),
        (r#"{"schema":null,"payload":1,"x":2}"#, "requires \"schema\" and \"payload\""),
        ("", "requires \"schema\" and \"payload\""),
        ("{", "serialization error"),
        (r#"{"schema":{"type":"odd"},"payload":1}"#, "Unknown schema type: odd"),
        (
            r#"{"schema":{"type":"string"},"payload":null}"#,
            "Invalid null value for required STRING",
        ),
        (r#"{"schema":{"type":"bytes"},"payload":"?"}"#, "Invalid bytes field"),
    ] {
        let error =
            converter(true).decode("t", Some(Bytes::from_static(text.as_bytes()))).expect_err(text);
        assert!(error.to_string().contains(expected), "{text}: {error}");
        assert_eq!(error.kind(), sluice_plugin::Kind::BadRecord);
    }
}

#[test]
fn malformed_text_names_the_exception_of_jackson() {
    let deep = "[".repeat(100_000);
    let long = "1".repeat(2000);
    for schemas in [false, true] {
        for (text, expected) in [
            (&b"{"[..], "com.fasterxml.jackson.core.io.JsonEOFException"),
            (b"]", "com.fasterxml.jackson.core.JsonParseException"),
            (b"\"\xff\"", "com.fasterxml.jackson.core.JsonParseException"),
            (deep.as_bytes(), "com.fasterxml.jackson.core.exc.StreamConstraintsException"),
            (long.as_bytes(), "com.fasterxml.jackson.core.exc.StreamConstraintsException"),
        ] {
            let read = converter(schemas).decode("t", Some(Bytes::copy_from_slice(text)));
            let error = read.expect_err("malformed");
            let causes = std::iter::successors(std::error::Error::source(&error), |it| it.source());
            let classes: Vec<&str> =
                causes.filter_map(|it| it.downcast_ref::<Error>()).map(Error::java_class).collect();
            assert_eq!(
                classes,
                ["org.apache.kafka.common.errors.SerializationException", expected],
                "{:?}",
                &text[..text.len().min(8)]
            );
        }
    }
}

#[test]
fn integers_narrow_as_java_casts() {
    let text = r#"{"schema":{"type":"int8","optional":false},"payload":300}"#;
    let read = converter(true).decode("t", Some(Bytes::from_static(text.as_bytes()))).unwrap();
    assert_eq!(read.value, Value::Int8(44));
}

#[test]
fn one_converter_writes_as_many_would() {
    let row = |text: &str| {
        let bytes = Bytes::copy_from_slice(text.as_bytes());
        converter(true).decode("t", Some(bytes)).expect(text)
    };
    let nested = r#"{"schema":{"type":"struct","fields":[{"type":"struct","fields":[{"type":"string","optional":true,"field":"\"b"}],"optional":false,"field":"a"},{"type":"int8","optional":false,"field":"c"}],"optional":false},"payload":{"a":{"\"b":"x"},"c":1}}"#;
    let flat = r#"{"schema":{"type":"int8","optional":false},"payload":1}"#;
    // Each is read for itself, so that equal schemas are not the same in memory.
    let values = [nested, nested, flat, nested, flat, flat].map(row);
    let mut one = converter(true);
    for (index, it) in values.iter().chain(&values).enumerate() {
        let written = one.encode("t", it.schema.as_ref(), &it.value).unwrap();
        let expected = if [0, 1, 3].contains(&(index % values.len())) { nested } else { flat };
        assert_eq!(written.as_deref(), Some(expected.as_bytes()));
        let (schemaless, wrong) = (Value::Int64(7), Value::from("wrong"));
        let written = one.encode("t", None, &schemaless).unwrap();
        assert_eq!(written.as_deref(), Some(&br#"{"schema":null,"payload":7}"#[..]));
        assert!(one.encode("t", it.schema.as_ref(), &wrong).is_err());
    }
}

#[test]
fn a_null_key_is_one_member_with_the_text_that_it_has() {
    let part = |r#type| SchemaRef::new(Schema::optional(r#type));
    let (keys, values) = (part(Type::String), part(Type::Int8));
    let schema = part(Type::Map(keys, values));
    let entry =
        |key: Option<&str>, value| (key.map_or(Value::Null, Value::from), Value::Int8(value));
    let map = Value::Map(vec![entry(Some("null"), 1), entry(Some("a"), 2), entry(None, 3)]);
    let written = converter(true).encode("t", Some(&schema), &map).unwrap().unwrap();
    assert!(written.ends_with(br#""payload":{"null":3,"a":2}}"#), "{written:?}");
}

#[test]
fn keys_that_are_one_object_in_java_are_one_key() {
    let schema = r#"{"type":"map","keys":{"type":"bytes","optional":true,"default":"YQ=="},"values":{"type":"int32","optional":true},"optional":false}"#;
    for (pairs, expected) in [
        // Empty arrays of bytes are one object, and so is the default.
        (r#"[["",1],["",2]]"#, r#"[["",2]]"#),
        (r#"[[null,1],["Yg==",2],[null,3]]"#, r#"[["YQ==",3],["Yg==",2]]"#),
        // Others are each an object of its own.
        (r#"[["Yg==",1],["Yg==",2]]"#, r#"[["Yg==",1],["Yg==",2]]"#),
        (r#"[[null,1],["YQ==",2]]"#, r#"[["YQ==",1],["YQ==",2]]"#),
    ] {
        let text = |pairs: &str| format!(r#"{{"schema":{schema},"payload":{pairs}}}"#);
        assert_eq!(round_trip(&text(pairs)), text(expected));
    }
}

#[test]
fn nesting_ends_at_a_depth_not_at_the_end_of_the_stack() {
    for (open, close) in [("[", "]"), (r#"{"a":"#, "}")] {
        let nested =
            |depth: usize| Bytes::from(format!("{}1{}", open.repeat(depth), close.repeat(depth)));
        let mut schemaless = converter(false);
        assert!(schemaless.decode("t", Some(nested(1000))).is_ok());
        for depth in [1001, 500_000] {
            assert!(schemaless.decode("t", Some(nested(depth))).is_err());
        }
        let mut with_schema = converter(true);
        for (depth, is_right) in [(999, true), (1000, false), (500_000, false)] {
            let payload = String::from_utf8(nested(depth).to_vec()).unwrap();
            let text = format!(r#"{{"schema":null,"payload":{payload}}}"#);
            for _ in 0..2 {
                let read = with_schema.decode("t", Some(Bytes::from(text.clone())));
                assert_eq!(read.is_ok(), is_right, "{depth}");
            }
        }
    }
}
