//! Schemas and values there and back; what Confluent's own classes make of them is asked in `e2e/tests/it/oracle`.

use std::sync::Arc;

use sluice_plugin::model::{Decimal, Field, Logical, Schema, Struct, Type};

use super::*;

fn field(name: &str, schema: Schema) -> Field {
    Field { name: name.into(), schema: schema.into() }
}

fn row(name: &str, fields: Vec<Field>) -> Schema {
    Schema::required(Type::Struct(fields)).named(name)
}

fn text_of(schema: Schema, options: &MappingOptions) -> String {
    Encoding::new(&schema.into(), options).map_or_else(|error| error, |it| it.text().to_owned())
}

fn decoding(text: &str, options: &MappingOptions) -> Result<Decoding, String> {
    Decoding::new(ProtoText { text, imports: &[] }, &[0], Some(3), options)
}

/// What is read of what is written.
fn round_trip(schema: &SchemaRef, value: &Value, options: &MappingOptions) -> Value {
    let encoding = Encoding::new(schema, options).unwrap();
    let mut bytes = Vec::new();
    encoding.write(value, &mut bytes).unwrap();
    let source = ProtoText { text: encoding.text(), imports: &[] };
    let decoding = Decoding::new(source, &encoding.indexes(), None, options).unwrap();
    decoding.read(&bytes.into()).unwrap()
}

/// What [`order`] becomes.
const ORDER: &str = r#"syntax = "proto3";
package shop;

import "confluent/type/decimal.proto";
import "google/type/date.proto";

message Order {
  int64 id = 1;
  optional int32 small = 2 [(confluent.field_meta) = {
    params: [
      {
        key: "connect.type",
        value: "int16"
      }
    ]
  }];
  confluent.type.Decimal price = 3 [(confluent.field_meta) = {
    params: [
      {
        value: "9",
        key: "precision"
      },
      {
        value: "2",
        key: "scale"
      }
    ]
  }];
  google.type.Date day = 4;
  optional Point at = 5;
  repeated TagListEntry tags = 6;
  repeated string names = 7;

  message Point {
    double x = 1;
  }
  message TagListEntry {
    string key = 1;
    int32 value = 2 [(confluent.field_meta) = {
      params: [
        {
          key: "connect.type",
          value: "int8"
        }
      ]
    }];
  }
}
"#;

/// A struct with a field of most kinds.
fn order() -> Schema {
    let point = Schema::optional(Type::Struct(vec![field("x", Schema::required(Type::Float64))]));
    let mut price = Logical::Decimal.schema(2);
    price.parameters.set("connect.decimal.precision", "9");
    let (text, number) = (Schema::required(Type::String), Schema::required(Type::Int8));
    let tags = Schema::required(Type::Map(text.clone().into(), number.into()));
    let names = Schema::required(Type::Array(text.into()));
    row(
        "shop.Order",
        vec![
            field("id", Schema::required(Type::Int64)),
            field("small", Schema::optional(Type::Int16)),
            field("price", price),
            field("day", Logical::Date.schema(0)),
            field("at", point.named("geo.Point")),
            field("tags", tags.named("tag_list")),
            field("names", names),
        ],
    )
}

#[test]
fn a_struct_is_written_as_the_text_that_confluent_registers() {
    let options = MappingOptions { optional_for_nullables: true, ..MappingOptions::default() };
    let text = text_of(order(), &options);
    assert_eq!(text, ORDER);
    let read = decoding(&text, &options).unwrap();
    assert_eq!(read.schema().version, Some(3));
    let types: Vec<_> = read.schema().fields().iter().map(|it| it.schema.type_name()).collect();
    assert_eq!(types, ["INT64", "INT16", "BYTES", "INT32", "STRUCT", "MAP", "ARRAY"]);
}

/// A value whose rows are lists: schemas that were read say more than those that were written.
fn bare(value: &Value) -> Value {
    match value {
        Value::Struct(row) => Value::Array(row.values().iter().map(bare).collect()),
        Value::Array(items) => Value::Array(items.iter().map(bare).collect()),
        other => other.clone(),
    }
}

#[test]
fn every_type_is_read_back_as_it_was() {
    let options = MappingOptions { optional_for_nullables: true, ..MappingOptions::default() };
    let decimal = Value::Decimal(Arc::new(Decimal::parse("-1.25").unwrap()));
    let inner = row("Inner", vec![field("a", Schema::optional(Type::String))]);
    let inner_row = |text: Value| Value::Struct(Struct::new(inner.clone().into(), vec![text]));
    let list = |of: Schema| Schema::required(Type::Array(of.into()));
    for (schema, value) in [
        (Schema::required(Type::Int8), Value::Int8(-128)),
        (Schema::optional(Type::Int16), Value::Int16(0)),
        (Schema::optional(Type::Int32), Value::Null),
        (Schema::required(Type::Int32), Value::Int32(-1)),
        (Schema::required(Type::Int64), Value::Int64(i64::MIN)),
        (Schema::required(Type::Float32), Value::Float32(-0.0)),
        (Schema::required(Type::Float64), Value::Float64(f64::NAN)),
        (Schema::required(Type::Boolean), Value::Boolean(true)),
        (Schema::required(Type::String), Value::from("")),
        (Schema::required(Type::String), Value::from("é😀")),
        (Schema::optional(Type::Bytes), Value::Bytes(Bytes::from_static(&[0, 255]))),
        (Logical::Decimal.schema(2), decimal),
        (Logical::Timestamp.schema(0), Value::Date(1_700_000_000_001)),
        (
            list(Schema::required(Type::Int32)),
            Value::Array(vec![Value::Int32(1), Value::Int32(-1)]),
        ),
        (list(Schema::required(Type::String)), Value::Array(Vec::new())),
        (list(inner.clone()), Value::Array(vec![inner_row(Value::Null), inner_row("x".into())])),
        (inner.clone(), inner_row("x".into())),
    ] {
        let schema: SchemaRef = row("a.B", vec![field("f", schema)]).into();
        let row = Value::Struct(Struct::new(schema.clone(), vec![value]));
        let read = round_trip(&schema, &row, &options);
        let Value::Struct(read) = &read else { panic!("no row") };
        let Value::Struct(row) = &row else { panic!("no row") };
        assert_eq!(bare(&read.values()[0]), bare(&row.values()[0]), "{schema:?}");
        read.validate().unwrap();
    }
}

#[test]
fn plain_values_are_wrapped() {
    for (schema, value, name) in [
        (Type::Int8, Value::Int8(3), "google.protobuf.Int32Value"),
        (Type::Int64, Value::Int64(-3), "google.protobuf.Int64Value"),
        (Type::String, Value::from("x"), "google.protobuf.StringValue"),
        (Type::Boolean, Value::Boolean(false), "google.protobuf.BoolValue"),
    ] {
        let schema: SchemaRef = Schema::required(schema).into();
        let encoding = Encoding::new(&schema, &MappingOptions::default()).unwrap();
        assert_eq!(encoding.name(), name);
        let read = round_trip(&schema, &value, &MappingOptions::default());
        let expected = if let Value::Int8(it) = value { Value::Int32(it.into()) } else { value };
        assert_eq!(read, expected);
    }
}

#[test]
fn unions_enums_and_maps_of_a_file_become_connect_and_are_written_again() {
    let text = r#"
        syntax = "proto3";
        package p;
        import "buf/validate/validate.proto";
        message M {
          oneof kind { string name = 3; uint32 number = 2 [(buf.validate.field).required = true]; Inner inner = 5; }
          Color color = 1;
          repeated FooEntry foo = 4;
          map<string, Inner> bar = 6;
          repeated sint32 many = 7;
          message Inner { fixed64 big = 1; }
          message FooEntry { option map_entry = true; int32 key = 1; string value = 2; }
          enum Color { RED = 0; BLUE = 5; AZURE = -1; }
        }"#;
    let options = MappingOptions::default();
    let decoding = decoding(text, &options).unwrap();
    let names: Vec<&str> = decoding.schema().fields().iter().map(|it| &*it.name).collect();
    assert_eq!(names, ["kind_0", "color", "foo", "bar", "many"]);
    // number = 7; color = BLUE; foo = {1: "a"}; bar = {"k": {big: 1}}; many = [-1, 2] packed, [3] not.
    let bytes: &[u8] = &[
        0x10, 7, 8, 5, 0x22, 5, 8, 1, 0x12, 1, b'a', 0x32, 14, 10, 1, b'k', 0x12, 9, 9, 1, 0, 0, 0,
        0, 0, 0, 0, 0x3a, 2, 1, 4, 0x38, 6, 0x98, 6, 1,
    ];
    let value = decoding.read(&Bytes::copy_from_slice(bytes)).unwrap();
    let Value::Struct(row) = &value else { panic!("no row") };
    row.validate().unwrap();
    let Some(Value::Struct(kind)) = row.field("kind_0") else { panic!("no union") };
    assert_eq!(kind.values()[..2], [Value::Null, Value::Int64(7)]);
    assert_eq!(row.field("color"), Some(&Value::from("BLUE")));
    assert_eq!(row.field("foo"), Some(&Value::Map(vec![(Value::Int32(1), "a".into())])));
    let many = [-1, 2, 3].map(Value::Int32).to_vec();
    assert_eq!(row.field("many"), Some(&Value::Array(many)));
    let encoding = Encoding::new(row.schema(), &options).unwrap();
    let mut written = Vec::new();
    encoding.write(&value, &mut written).unwrap();
    let again = Decoding::new(
        ProtoText { text: encoding.text(), imports: &[] },
        &encoding.indexes(),
        Some(3),
        &options,
    );
    let Value::Struct(again) = again.unwrap().read(&written.into()).unwrap() else {
        panic!("no row")
    };
    assert_eq!(format!("{:?}", again.values()), format!("{:?}", row.values()));
}

#[test]
fn what_protobuf_says_about_odd_messages_holds() {
    let text = r#"syntax = "proto3"; message M {
        string s = 1; In in = 2; oneof u { In a = 3; int32 b = 4; } repeated int32 r = 5; E e = 6;
        message In { int32 x = 1; int32 y = 2; } enum E { ZERO = 0; } }"#;
    let decoding = decoding(text, &MappingOptions::default()).unwrap();
    let read = |bytes: &[u8]| -> Vec<Value> {
        match decoding.read(&Bytes::copy_from_slice(bytes)) {
            Ok(Value::Struct(row)) => row.values().to_vec(),
            other => panic!("{other:?}"),
        }
    };
    let inner = |value: &Value| match value {
        Value::Struct(row) => row.values().to_vec(),
        other => panic!("{other:?}"),
    };
    // The last text counts.
    assert_eq!(read(&[10, 1, b'a', 10, 1, b'b'])[1], Value::from("b"));
    // Messages are merged.
    assert_eq!(inner(&read(&[18, 2, 8, 1, 18, 2, 16, 2])[2]), [Value::Int32(1), Value::Int32(2)]);
    // A union has its last member, merged since the other one was set.
    let union = inner(&read(&[26, 2, 8, 1, 32, 9, 26, 2, 8, 3, 26, 2, 16, 4])[0]);
    assert_eq!(inner(&union[0]), [Value::Int32(3), Value::Int32(4)]);
    assert_eq!(union[1], Value::Null);
    // Another wire type is another field.
    assert_eq!(read(&[8, 1, 42, 0, 0x2d, 0, 0, 0, 0])[1], Value::from(""));
    // A number without a name gets Java's.
    assert_eq!(read(&[48, 7])[4], Value::from("UNKNOWN_ENUM_VALUE_E_7"));
}

#[test]
fn fields_whose_names_differ_in_underscores_and_case_alone_are_told_apart() {
    let names = ["a_b", "ab", "aB", "ab_0", "_ab"];
    let fields = names.map(|name| field(name, Schema::required(Type::String))).to_vec();
    let schema: SchemaRef = row("R", fields).into();
    let value = Value::Struct(Struct::new(schema.clone(), names.map(Value::from).to_vec()));
    let read = round_trip(&schema, &value, &MappingOptions::default());
    let Value::Struct(read) = &read else { panic!("{read:?}") };
    for name in names {
        assert_eq!(read.field(name), Some(&Value::from(name)), "{read:?}");
    }
    let twice = r#"syntax = "proto3"; message R { string a = 1; string a = 2; }"#;
    assert!(decoding(twice, &MappingOptions::default()).is_err());
}

#[test]
fn bytes_that_are_no_message_are_refused() {
    let text =
        r#"syntax = "proto3"; message M { string s = 1; M2 m = 2; } message M2 { int32 x = 1; }"#;
    let decoding = decoding(text, &MappingOptions::default()).unwrap();
    for (bytes, expected) in [
        (&[10][..], "Field s: the message ends"),
        (&[10, 1, 0xff], "Field s: a text is no valid UTF-8"),
        (&[18, 2, 8], "Field m: the message ends"),
        (&[18, 1, 8], "Field m.x: the message ends"),
        (&[0], "a tag is none"),
        (&[12], "a group ends"),
    ] {
        let error = decoding.read(&Bytes::copy_from_slice(bytes)).unwrap_err();
        assert!(error.starts_with(expected), "{bytes:?}: {error}");
    }
}

#[test]
fn what_protobuf_cannot_say_is_told_with_its_field() {
    let of = |schema: Schema| row("R", vec![field("f", schema)]);
    let list = |of: Schema| Schema::required(Type::Array(of.into()));
    for (schema, expected) in [
        (list(Schema::required(Type::Int8)), "Unsupported root schema of type ARRAY"),
        (Logical::Date.schema(0), "has to be the field of a struct"),
        (of(list(list(Schema::required(Type::Int8)))), "Field f: Array cannot be nested"),
        (of(row("R", Vec::new())), "Field f: a struct named \"R\" inside"),
        (row("R", vec![field("a-b", Schema::required(Type::Int8))]), "scrub.invalid.names"),
        (row("a b", Vec::new()), "scrub.invalid.names"),
        (row("R;} message X {", Vec::new()), "scrub.invalid.names"),
    ] {
        let error = Encoding::new(&schema.into(), &MappingOptions::default()).unwrap_err();
        assert!(error.contains(expected), "{error}");
    }
    for (text, expected) in [
        ("", "Invalid message indexes"),
        ("message {", "Could not parse Protobuf"),
        ("syntax = \"proto3\"; message M { N n = 1; }", "Could not parse Protobuf"),
        ("syntax = \"proto3\"; message M { M m = 1; }", "holds itself"),
        (&"message M {".repeat(1000), "nested more than"),
    ] {
        let error = decoding(text, &MappingOptions::default()).unwrap_err();
        assert!(error.contains(expected), "{error}");
    }
}
