//! What is written, which schema is registered for it, and what comes back.

use bytes::Bytes;
use sluice_avro::AvroConverter;
use sluice_plugin::{
    Converter, ConverterFactory, ConverterRole, Kind, Properties, RawHeaders,
    model::{Decimal, Field, Logical, Schema, SchemaAndValue, SchemaRef, Struct, Type, Value},
};
use sluice_registry::{Registry, RegistrySettings, SchemaFormat, SchemaId, SchemaText};

fn settings(scope: &str, more: &[(&str, &str)]) -> Properties {
    let url = format!("mock://{scope}");
    let entries = [&[("schema.registry.url", url.as_str())], more].concat();
    entries.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

fn converter(scope: &str, more: &[(&str, &str)]) -> Box<dyn Converter> {
    AvroConverter.create(&settings(scope, more), ConverterRole::Value).expect("settings")
}

fn registry(scope: &str) -> Registry {
    let settings = RegistrySettings::read(&settings(scope, &[]), ConverterRole::Value);
    Registry::open(&settings.expect("settings")).expect("a client")
}

fn row(name: &str, parts: Vec<(&str, Schema, Value)>) -> SchemaAndValue {
    let (mut fields, mut values) = (Vec::new(), Vec::new());
    for (name, schema, value) in parts {
        fields.push(Field { name: name.into(), schema: schema.into() });
        values.push(value);
    }
    let schema = SchemaRef::new(Schema::required(Type::Struct(fields)).named(name));
    let value = Value::Struct(Struct::new(schema.clone(), values));
    SchemaAndValue { schema: Some(schema), value }
}

fn order(id: i32, note: Option<&str>) -> SchemaAndValue {
    let note = note.map_or(Value::Null, Value::from);
    row(
        "shop.Order",
        vec![
            ("id", Schema::required(Type::Int32), Value::Int32(id)),
            ("note", Schema::optional(Type::String), note),
        ],
    )
}

fn encode(converter: &mut dyn Converter, data: &SchemaAndValue) -> Bytes {
    converter.encode("orders", data.schema.as_ref(), &data.value).expect("it fits").expect("bytes")
}

#[test]
fn a_row_is_registered_once_and_comes_back() {
    let mut converter = converter("order", &[]);
    let first = order(1, Some("a"));
    let bytes = encode(&mut *converter, &first);
    assert_eq!(&bytes[..], [0, 0, 0, 0, 1, 2, 2, 2, b'a']);
    assert_eq!(&encode(&mut *converter, &order(2, None))[..], [0, 0, 0, 0, 1, 4, 0]);
    let registered = registry("order").latest("orders-value").unwrap();
    assert_eq!(
        &*registered.schema.unwrap().text,
        r#"{"type":"record","name":"Order","namespace":"shop","fields":[{"name":"id","type":"int"},{"name":"note","type":["null","string"],"default":null}],"connect.name":"shop.Order"}"#
    );
    let decoded = converter.decode("orders", Some(bytes)).unwrap();
    let schema = decoded.schema.unwrap();
    assert_eq!((schema.version, schema.name.as_deref()), (Some(1), Some("shop.Order")));
    let Value::Struct(row) = decoded.value else { panic!() };
    assert_eq!(row.values(), [Value::Int32(1), Value::from("a")]);
}

#[test]
fn null_is_null_and_registers_nothing() {
    let mut converter = converter("null", &[]);
    let optional = SchemaRef::new(Schema::optional(Type::String));
    assert_eq!(converter.encode("t", Some(&optional), &Value::Null).unwrap(), None);
    assert_eq!(converter.encode("t", None, &Value::Null).unwrap(), None);
    assert_eq!(converter.decode("t", None).unwrap(), SchemaAndValue::NULL);
    assert!(registry("null").latest("t-value").is_err());
    let required = SchemaRef::new(Schema::required(Type::String));
    assert!(converter.encode("t", Some(&required), &Value::Null).is_err());
}

#[test]
fn the_latest_version_takes_the_place_of_the_row_s_schema_by_names() {
    let latest = r#"{"type":"record","name":"Order","namespace":"shop","fields":[{"name":"note","type":["null","string"]},{"name":"kind","type":"string","default":"new"},{"name":"id","type":"long"}]}"#;
    let registry = registry("latest");
    registry.register("orders-value", &SchemaText::new(SchemaFormat::Avro, latest), false).unwrap();
    let ways = [("auto.register.schemas", "false"), ("use.latest.version", "true")];
    let mut converter = converter("latest", &ways);
    let bytes = encode(&mut *converter, &order(1, None));
    assert_eq!(&bytes[..], [0, 0, 0, 0, 1, 0, 6, b'n', b'e', b'w', 2]);
    let other = row("shop.Order", vec![("note", Schema::optional(Type::String), Value::Null)]);
    let error = converter.encode("orders", other.schema.as_ref(), &other.value).unwrap_err();
    let cause = std::error::Error::source(&error).unwrap().to_string();
    assert_eq!(error.kind(), Kind::BadRecord);
    assert_eq!(cause, "Order.id: the value has no such field, and there is no default");
}

#[test]
fn numbers_and_times_are_not_written_as_what_they_are_not() {
    let timestamp = r#"{"type":"long","logicalType":"timestamp-millis"}"#;
    let ways = [("auto.register.schemas", "false"), ("use.latest.version", "true")];
    let decimal = Decimal::from_bytes(&[0, 150], 2).expect("bytes");
    for (name, latest, of, value, cause) in [
        (
            "digits",
            r#"{"type":"bytes","logicalType":"decimal","precision":9,"scale":4}"#,
            Logical::Decimal.schema(2),
            Value::Decimal(decimal.into()),
            Some("a decimal of scale 2 would be read with the scale 4"),
        ),
        (
            "micros",
            r#"{"type":"long","logicalType":"timestamp-micros"}"#,
            Logical::Timestamp.schema(0),
            Value::Date(1),
            Some("a Timestamp would be read as timestamp-micros, which is something else"),
        ),
        ("plain", "\"long\"", Logical::Timestamp.schema(0), Value::Date(1), None),
        ("millis", timestamp, Logical::Timestamp.schema(0), Value::Date(1), None),
    ] {
        let text = SchemaText::new(SchemaFormat::Avro, latest);
        registry(name).register("t-value", &text, false).unwrap();
        let schema = SchemaRef::new(of);
        let written = converter(name, &ways).encode("t", Some(&schema), &value);
        let told = written.err().and_then(|it| Some(std::error::Error::source(&it)?.to_string()));
        assert_eq!(told.as_deref(), cause, "{name}");
    }
}

#[test]
fn an_id_in_a_header_is_written_and_read() {
    let header = (
        "value.schema.id.serializer",
        "io.confluent.kafka.serializers.schema.id.HeaderSchemaIdSerializer",
    );
    let mut converter = converter("header", &[header]);
    let data = order(1, None);
    let mut headers = RawHeaders::new();
    let bytes =
        converter.encode_with_headers("orders", &mut headers, data.schema.as_ref(), &data.value);
    let bytes = bytes.unwrap().unwrap();
    assert_eq!(&bytes[..], [2, 0]);
    assert_eq!((&*headers[0].0, headers[0].1.as_ref().unwrap().len()), ("__value_schema_id", 17));
    let decoded = converter.decode_with_headers("orders", &headers, Some(bytes)).unwrap();
    assert!(matches!(decoded.value, Value::Struct(_)));
}

#[test]
fn a_record_that_names_no_known_schema_is_its_own_fault() {
    let mut converter = converter("unknown", &[]);
    for bytes in [&[0, 0, 0, 0, 9, 1][..], &[7], &[]] {
        let error = converter.decode("t", Some(Bytes::copy_from_slice(bytes))).unwrap_err();
        assert_eq!((error.kind(), error.is_systemic()), (Kind::BadRecord, false));
        assert_eq!(error.to_string(), "Failed to deserialize data for topic t to Avro: ");
    }
}

#[test]
fn a_registry_that_is_away_is_waited_for() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let settings = Properties::from([("schema.registry.url".to_owned(), url)]);
    let mut converter = AvroConverter.create(&settings, ConverterRole::Value).unwrap();
    let error = converter.decode("t", Some(Bytes::from_static(&[0, 0, 0, 0, 1, 2]))).unwrap_err();
    assert_eq!((error.kind(), error.is_systemic()), (Kind::Retriable, true));
    let data = order(1, None);
    let error = converter.encode("t", data.schema.as_ref(), &data.value).unwrap_err();
    assert_eq!((error.kind(), error.is_systemic()), (Kind::Retriable, true));
}

#[test]
fn records_of_other_producers_are_read() {
    let registry = registry("others");
    let mut converter = converter("others", &[]);
    for (schema, payload, expected) in [
        (
            r#"{"type":"record","name":"O","fields":[{"name":"u","type":["null","int",{"type":"record","name":"P","fields":[{"name":"x","type":"float"}]}]},{"name":"e","type":{"type":"enum","name":"E","symbols":["A","B"]}},{"name":"f","type":{"type":"fixed","name":"F","size":2}},{"name":"t","type":{"type":"long","logicalType":"timestamp-micros"}}]}"#,
            &[2, 4, 2, 1, 2, 6][..],
            "Struct{u=Struct{int=2},e=B,f=",
        ),
        (r#"["null","string"]"#, &[2, 2, b'x'], "x"),
        (r#"{"type":"map","values":["null","long"]}"#, &[2, 2, b'k', 0, 0], "{k=null}"),
    ] {
        let text = SchemaText::new(SchemaFormat::Avro, schema);
        let id = registry.register("t-value", &text, false).unwrap().id;
        let mut bytes = Vec::new();
        sluice_registry::frame(SchemaId::Number(id), &mut bytes);
        bytes.extend_from_slice(payload);
        let decoded = converter.decode("t", Some(bytes.into())).unwrap();
        assert!(decoded.value.to_string().starts_with(expected), "{}", decoded.value);
    }
}

#[test]
fn a_number_of_another_type_is_no_value_of_the_schema() {
    let mut converter = converter("numbers", &[]);
    for (r#type, value) in [
        (Type::Int32, Value::Int64(1 << 40)),
        (Type::Int64, Value::Int32(1)),
        (Type::Float64, Value::Float32(1.5)),
    ] {
        let schema = SchemaRef::new(Schema::required(r#type));
        let error = converter.encode("t", Some(&schema), &value).unwrap_err();
        assert_eq!(error.kind(), Kind::BadRecord, "{value:?}");
    }
}
