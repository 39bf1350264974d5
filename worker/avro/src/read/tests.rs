//! Bytes that are no records, and those that stand for more than they are.

use bytes::Bytes;

use super::*;
use crate::{Options, connect::translate, schema::Avro};

fn read(schema: &str, bytes: &[u8]) -> Result<Value, String> {
    let avro = Avro::parse(schema, []).unwrap();
    let (_, read) = translate(&avro, None, &Options::default()).unwrap();
    read.record(Bytes::copy_from_slice(bytes))
}

#[test]
fn values_are_read_as_avro_writes_them() {
    let text = |it: &str| Value::from(it);
    for (schema, bytes, expected) in [
        ("\"int\"", &[3][..], Value::Int32(-2)),
        ("\"long\"", &[0x80, 1], Value::Int64(64)),
        ("\"boolean\"", &[1], Value::Boolean(true)),
        ("\"float\"", &[0, 0, 0xc0, 0x3f], Value::Float32(1.5)),
        ("\"string\"", &[4, b'h', b'i'], text("hi")),
        ("\"bytes\"", &[4, 1, 2], Value::Bytes(Bytes::from_static(&[4, 1, 2]))),
        (r#"["null","int"]"#, &[2, 2], Value::Int32(1)),
        (r#"["null","int"]"#, &[0], Value::Null),
        (
            r#"{"type":"array","items":"int"}"#,
            &[3, 4, 2, 4, 0],
            Value::Array(vec![Value::Int32(1), Value::Int32(2)]),
        ),
        (
            r#"{"type":"map","values":"int"}"#,
            &[4, 2, b'a', 2, 2, b'a', 4, 0],
            Value::Map(vec![(text("a"), Value::Int32(2))]),
        ),
        (r#"{"type":"enum","name":"E","symbols":["A","B"]}"#, &[2], text("B")),
        (r#"{"type":"int","logicalType":"date"}"#, &[2], Value::Date(86_400_000)),
    ] {
        assert_eq!(read(schema, bytes).as_ref(), Ok(&expected), "{schema}");
    }
}

#[test]
fn what_is_no_record_is_told() {
    let empty = r#"{"type":"array","items":{"type":"record","name":"R","fields":[]}}"#;
    let huge = [0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1];
    for (schema, bytes, expected) in [
        ("\"int\"", &[][..], "ends in the middle"),
        ("\"int\"", &huge, "Invalid int"),
        ("\"long\"", &[0xff; 11], "Invalid long"),
        ("\"string\"", &huge, "ends in the middle"),
        ("\"string\"", &[1], "negative"),
        ("\"string\"", &[2, 0xff], "UTF-8"),
        (r#"["null","int"]"#, &[4], "the union does not have"),
        (r#"{"type":"enum","name":"E","symbols":["A"]}"#, &[1], "the enum does not have"),
        (r#"{"type":"int","connect.type":"int8"}"#, &[0xd8, 4], "300 is no int8"),
        (r#"{"type":"int","connect.type":"int16"}"#, &[0x81, 0x80, 4], "-32769 is no int16"),
        (empty, &huge, "take no bytes"),
        (r#"{"type":"array","items":"int"}"#, &huge, "ends in the middle"),
    ] {
        let error = read(schema, bytes).unwrap_err();
        assert!(error.contains(expected), "{schema}: {error}");
    }
}

#[test]
fn the_last_of_the_same_keys_counts_in_large_maps_too() {
    let mut bytes = vec![0x80, 1];
    for key in 0..64_u8 {
        bytes.extend([2, b'a' + key % 20, 2 * key]);
    }
    bytes[1] = 1;
    bytes.push(0);
    let Value::Map(entries) = read(r#"{"type":"map","values":"int"}"#, &bytes).unwrap() else {
        panic!()
    };
    assert_eq!(entries.len(), 20);
    assert_eq!(entries[0].1, Value::Int32(60));
}

#[test]
fn a_type_that_contains_itself_is_refused() {
    let avro = r#"{"type":"record","name":"R","fields":[{"name":"next","type":["null","R"]}]}"#;
    let avro = Avro::parse(avro, []).unwrap();
    let error = translate(&avro, None, &Options::default()).unwrap_err();
    assert!(error.contains("R contains itself"), "{error}");
}
