//! Records whose schemas are in a registry of this process.

use bytes::Bytes;
use sluice_plugin::model::{Field, Schema, SchemaRef, Struct, Type, Value};
use sluice_plugin::{Converter, ConverterFactory, ConverterRole, Properties, RawHeaders};
use sluice_protobuf::ProtobufConverter;
use sluice_registry::{Reference, Registry, RegistrySettings, SchemaFormat, SchemaText};

fn settings(name: &str, more: &[(&str, &str)]) -> Properties {
    let url = format!("mock://protobuf-{name}");
    let more = more.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
    more.chain([("schema.registry.url".to_owned(), url)]).collect()
}

fn converter(name: &str, more: &[(&str, &str)]) -> Box<dyn Converter> {
    ProtobufConverter
        .create(&settings(name, more), ConverterRole::Value)
        .expect("settings are right")
}

fn registry(name: &str) -> Registry {
    let settings = RegistrySettings::read(&settings(name, &[]), ConverterRole::Value)
        .expect("settings are right");
    Registry::open(&settings).expect("one in this process")
}

fn register(name: &str, subject: &str, text: &str, references: Vec<Reference>) -> i32 {
    let text = SchemaText::new(SchemaFormat::Protobuf, text).with_references(references);
    registry(name).register(subject, &text, false).expect("it takes everything").id
}

fn order() -> (SchemaRef, Value) {
    let fields = [("id", Type::Int64), ("note", Type::String)];
    let field = |(name, r#type): (&str, Type)| Field {
        name: name.into(),
        schema: Schema::optional(r#type).into(),
    };
    let schema = Schema::required(Type::Struct(fields.into_iter().map(field).collect()));
    let schema = SchemaRef::new(schema.named("shop.Order"));
    let row = Struct::new(schema.clone(), vec![Value::Int64(300), "x".into()]);
    (schema, Value::Struct(row))
}

/// The message of [`order`].
const MESSAGE: &[u8] = &[8, 0xac, 2, 0x12, 1, b'x'];

#[test]
fn a_record_begins_with_its_schema_and_comes_back_with_its_version() {
    let mut it = converter("round", &[]);
    let (schema, value) = order();
    let bytes = it.encode("t", Some(&schema), &value).unwrap().unwrap();
    assert_eq!(*bytes, *[&[0, 0, 0, 0, 1, 0], MESSAGE].concat());
    let text = registry("round").latest("t-value").unwrap().schema.unwrap().text;
    assert!(text.starts_with("syntax = \"proto3\";\npackage shop;\n\nmessage Order {\n"), "{text}");
    for _ in 0..2 {
        let read = it.decode("t", Some(bytes.clone())).unwrap();
        assert_eq!(read.schema.as_ref().and_then(|it| it.version), Some(1));
        let Value::Struct(row) = read.value else { panic!("no row") };
        assert_eq!(row.values(), [Value::Int64(300), "x".into()]);
    }
    // Another topic is another subject.
    it.encode("u", Some(&schema), &value).unwrap();
    assert!(registry("round").latest("u-value").is_ok());
}

#[test]
fn the_id_and_the_indexes_may_stand_in_a_header() {
    let place = "io.confluent.kafka.serializers.schema.id.HeaderSchemaIdSerializer";
    let mut it = converter("header", &[("value.schema.id.serializer", place)]);
    let (schema, value) = order();
    let mut headers = RawHeaders::new();
    let bytes = it.encode_with_headers("t", &mut headers, Some(&schema), &value).unwrap();
    assert_eq!(bytes.as_deref(), Some(MESSAGE));
    let [(name, Some(header))] = &headers[..] else { panic!("{headers:?}") };
    assert_eq!((&**name, header.len(), header[0], header[17]), ("__value_schema_id", 18, 1, 0));
    let read = it.decode_with_headers("t", &headers, bytes).unwrap();
    let Value::Struct(row) = read.value else { panic!("no row") };
    assert_eq!(row.values(), [Value::Int64(300), "x".into()]);
}

#[test]
fn a_message_deep_in_a_text_with_imports_is_found() {
    let shared = "syntax = \"proto3\"; package shared; message Name { string text = 1; }";
    register("deep", "name.proto", shared, Vec::new());
    let text = "syntax = \"proto3\"; import \"name.proto\";
        message A { message B {} message C { map<string, int32> m = 2; message D {} } }
        message E { message F { shared.Name name = 1; } }";
    let reference =
        Reference { name: "name.proto".into(), subject: "name.proto".into(), version: 1 };
    let id = register("deep", "t-value", text, vec![reference]);
    let mut record = vec![0];
    record.extend_from_slice(&id.to_be_bytes());
    record.extend_from_slice(&[4, 2, 0]);
    record.extend_from_slice(&[10, 3, 10, 1, b'n']);
    let read = converter("deep", &[]).decode("t", Some(record.into())).unwrap();
    assert_eq!(read.schema.unwrap().name.as_deref(), Some("F"));
    let Value::Struct(row) = read.value else { panic!("no row") };
    let Some(Value::Struct(name)) = row.field("name") else { panic!("no name") };
    assert_eq!(name.field("text"), Some(&"n".into()));
}

#[test]
fn with_the_latest_version_its_indexes_are_written_and_it_has_to_fit() {
    let latest = [("auto.register.schemas", "false"), ("use.latest.version", "true")];
    let (schema, value) = order();
    let other = "syntax = \"proto3\"; package shop; message First {}
        message Order { int64 id = 1; string note = 2; bool more = 3; }";
    register("latest", "t-value", other, Vec::new());
    let bytes = converter("latest", &latest).encode("t", Some(&schema), &value).unwrap().unwrap();
    assert_eq!(*bytes, *[&[0, 0, 0, 0, 1, 2, 2], MESSAGE].concat());
    let other =
        "syntax = \"proto3\"; package shop; message Order { int64 id = 1; int32 note = 2; }";
    register("latest", "t-value", other, Vec::new());
    let error = converter("latest", &latest).encode("t", Some(&schema), &value).unwrap_err();
    let cause = std::error::Error::source(&error).map(ToString::to_string).unwrap_or_default();
    assert!(cause.contains("field note (number 2) of shop.Order has another type"), "{cause}");
    let lax = [&latest[..], &[("latest.compatibility.strict", "false")]].concat();
    assert!(converter("latest", &lax).encode("t", Some(&schema), &value).is_ok());
}

#[test]
fn what_is_no_record_of_the_registry_is_refused() {
    let id = register("odd", "t-value", "syntax = \"proto3\"; message M { string s = 1; }", vec![]);
    let avro = SchemaText::new(SchemaFormat::Avro, "\"int\"");
    let avro = registry("odd").register("a", &avro, false).unwrap().id;
    assert_eq!((id, avro), (1, 2));
    for (bytes, expected) in [
        (&[][..], "Unknown magic byte!"),
        (&[0, 0, 0, 0, 9, 0], "Error retrieving Protobuf schema for id 9"),
        (&[0, 0, 0, 0, 2, 0], "AVRO and not Protobuf"),
        (&[0, 0, 0, 0, 1], "before its message indexes"),
        (&[0, 0, 0, 0, 1, 2, 2], "Invalid message indexes: [1]"),
        (&[0, 0, 0, 0, 1, 0, 10, 1], "Field s: the message ends"),
    ] {
        let read = converter("odd", &[]).decode("t", Some(Bytes::from_static(bytes)));
        let error = read.unwrap_err();
        let cause = std::error::Error::source(&error).map(ToString::to_string).unwrap_or_default();
        assert!(cause.contains(expected), "{bytes:?}: {error}: {cause}");
    }
}
