//! What texts become; depth; sharing.

use super::*;
use crate::values::convert_to_string;

/// Type and text of what is read.
fn read(text: &str) -> (String, String) {
    let read = parse_string(&text.into()).expect(text);
    let schema = read.schema.map_or_else(|| "none".to_owned(), |it| named(&it));
    (schema, convert_to_string(&read.value).as_deref().unwrap_or("null").to_owned())
}

fn named(schema: &Schema) -> String {
    match &schema.r#type {
        Type::Array(items) => format!("[{}]", named(items)),
        Type::Map(keys, values) => format!("{{{}:{}}}", named(keys), named(values)),
        _ => schema
            .name
            .as_deref()
            .and_then(|it| it.rsplit('.').next())
            .map_or_else(|| schema.type_name().to_lowercase(), str::to_owned),
    }
}

#[test]
fn texts_become_what_they_look_like() {
    for (text, schema, expected) in [
        ("", "string", ""),
        ("  ", "string", "  "),
        ("a b", "string", "a b"),
        (" null", "none", "null"),
        ("null,", "string", "null,"),
        ("true ", "boolean", "true"),
        ("truer", "string", "truer"),
        ("127", "int8", "127"),
        ("-129", "int16", "-129"),
        ("1e5", "int32", "100000"),
        ("1.00", "int8", "1"),
        ("9223372036854775807", "int64", "9223372036854775807"),
        ("9223372036854775808", "Decimal", "9223372036854775808"),
        ("1.5", "float32", "1.5"),
        ("1.5e39", "float64", "1.5E39"),
        ("1.5e309", "Decimal", "1.5E+309"),
        ("0e99999", "int8", "0"),
        ("+", "string", "+"),
        ("1:2", "int8", "1"),
        ("2020-02-01", "Date", "2020-02-01"),
        ("01:02:03.004Z", "Time", "01:02:03.004Z"),
        ("2020-02-01T01:02:03.004Z", "Timestamp", "2020-02-01T01:02:03.004Z"),
        ("[]", "[null]", "[]"),
        ("[null]", "[null]", "[null]"),
        ("[1,200,]", "[int16]", "[1,200]"),
        ("[1,2]x", "[int8]", "[1,2]"),
        ("[1,1.5]", "[float32]", "[1.0,1.5]"),
        ("[1,\"a\"]", "[null]", "[1,\"a\"]"),
        ("[1,null]", "string", "[1,null]"),
        ("[a]", "string", "[a]"),
        ("[,1]", "string", "[,1]"),
        ("  [1", "string", "  "),
        ("[[1],[2]]", "[[int8]]", "[[1],[2]]"),
        ("[5,1970-01-02]", "[Date]", "[1970-01-06,1970-01-02]"),
        ("{}", "{null:null}", "{}"),
        ("{1:2,1:3}", "{int8:int8}", "{1:3}"),
        ("{1:2 300:3}", "string", "{1:2 300:3}"),
        ("{\"a\":null}", "{string:null}", "{\"a\":null}"),
        ("{1:2,\"a\":3}", "{null:null}", "{1:2,\"a\":3}"),
        ("{null:1}", "string", "{null:1}"),
        ("{\"k\":[1,2]}", "{string:[int8]}", "{\"k\":[1,2]}"),
    ] {
        let expected = (schema.to_owned(), expected.to_owned());
        assert_eq!(read(text), expected, "{text}");
    }
}

#[test]
fn depth_is_bounded() {
    let nested = |depth| ByteString::from("[".repeat(depth) + &"]".repeat(depth));
    assert!(parse_string(&nested(MAX_DEPTH)).is_ok());
    assert_eq!(parse_string(&nested(MAX_DEPTH + 1)), Err(ValuesError::TooDeep));
    assert_eq!(parse_string(&"[".repeat(100_000).into()), Err(ValuesError::TooDeep));
    assert_eq!(parse_string(&"{[".repeat(100_000).into()), Err(ValuesError::TooDeep));
}

#[test]
fn a_string_shares_its_bytes() {
    let text = ByteString::from("plain text");
    let read = parse_string(&text).expect("a string");
    let Value::String(read) = read.value else { panic!("{read:?}") };
    assert_eq!(read.as_ptr(), text.as_ptr());
}
