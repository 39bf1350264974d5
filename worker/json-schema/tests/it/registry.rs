//! What is written, which schema is registered for it, and what comes back.

use bytes::Bytes;
use sluice_json_schema::JsonSchemaConverter;
use sluice_plugin::{
    Converter, ConverterFactory, ConverterRole, Kind, Properties, RawHeaders,
    model::{Field, Schema, SchemaAndValue, SchemaRef, Struct, Type, Value},
};
use sluice_registry::{Reference, Registry, RegistrySettings, SchemaFormat, SchemaId, SchemaText};

fn settings(scope: &str, more: &[(&str, &str)]) -> Properties {
    let url = format!("mock://json-{scope}");
    let entries = [&[("schema.registry.url", url.as_str())], more].concat();
    entries.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

fn converter(scope: &str, more: &[(&str, &str)]) -> Box<dyn Converter> {
    JsonSchemaConverter.create(&settings(scope, more), ConverterRole::Value).expect("settings")
}

fn registry(scope: &str) -> Registry {
    let settings = RegistrySettings::read(&settings(scope, &[]), ConverterRole::Value);
    Registry::open(&settings.expect("settings")).expect("a client")
}

fn order(id: i32, note: Option<&str>) -> SchemaAndValue {
    let fields = vec![
        Field { name: "id".into(), schema: Schema::required(Type::Int32).into() },
        Field { name: "note".into(), schema: Schema::optional(Type::String).into() },
    ];
    let schema = SchemaRef::new(Schema::required(Type::Struct(fields)).named("shop.Order"));
    let note = note.map_or(Value::Null, Value::from);
    let value = Value::Struct(Struct::new(schema.clone(), vec![Value::Int32(id), note]));
    SchemaAndValue { schema: Some(schema), value }
}

fn encode(converter: &mut dyn Converter, data: &SchemaAndValue) -> Bytes {
    converter.encode("orders", data.schema.as_ref(), &data.value).expect("it fits").expect("bytes")
}

#[test]
fn a_row_is_registered_once_and_comes_back() {
    let mut converter = converter("order", &[]);
    let bytes = encode(&mut *converter, &order(1, Some("a")));
    assert_eq!(&bytes[..], b"\0\0\0\0\x01{\"id\":1,\"note\":\"a\"}");
    let second = encode(&mut *converter, &order(2, None));
    assert_eq!(&second[..], b"\0\0\0\0\x01{\"id\":2,\"note\":null}");
    let registered = registry("order").latest("orders-value").unwrap();
    assert_eq!(registered.version, Some(1));
    let text = registered.schema.unwrap();
    assert_eq!(text.format, SchemaFormat::Json);
    assert!(text.text.starts_with(r#"{"type":"object","title":"shop.Order","properties":{"#));
    let decoded = converter.decode("orders", Some(bytes)).unwrap();
    let schema = decoded.schema.unwrap();
    assert_eq!((schema.version, schema.name.as_deref()), (Some(1), Some("shop.Order")));
    let Value::Struct(row) = decoded.value else { panic!() };
    assert_eq!(row.values(), [Value::Int32(1), Value::from("a")]);
}

#[test]
fn nulls_are_tombstones_where_no_schema_takes_them() {
    let mut converter = converter("null", &[]);
    assert_eq!(converter.encode("t", None, &Value::Null).unwrap(), None);
    let required = SchemaRef::new(Schema::required(Type::String));
    assert_eq!(converter.encode("t", Some(&required), &Value::Null).unwrap(), None);
    assert!(registry("null").latest("t-value").is_err());
    // As Java: null that the schema takes is a value.
    let optional = SchemaRef::new(Schema::optional(Type::String));
    let bytes = converter.encode("t", Some(&optional), &Value::Null).unwrap();
    assert_eq!(bytes.as_deref(), Some(&b"\0\0\0\0\x01null"[..]));
    let decoded = converter.decode("t", bytes).unwrap();
    assert!(decoded.value.is_null() && decoded.schema.is_some());
    assert_eq!(converter.decode("t", None).unwrap(), SchemaAndValue::NULL);
    let error = converter.encode("t", None, &Value::Int8(1)).unwrap_err();
    assert_eq!(error.kind(), Kind::BadRecord);
}

#[test]
fn the_latest_version_has_to_know_what_is_written() {
    let registry = registry("latest");
    let register = |text: &str| {
        let text = SchemaText::new(SchemaFormat::Json, text);
        registry.register("orders-value", &text, false).unwrap()
    };
    register(r#"{"type":"object","properties":{"id":{"type":"integer"}}}"#);
    let ways = [("auto.register.schemas", "false"), ("use.latest.version", "true")];
    let error = converter("latest", &ways)
        .encode("orders", order(1, None).schema.as_ref(), &order(1, None).value)
        .unwrap_err();
    let cause = std::error::Error::source(&error).unwrap().to_string();
    assert_eq!(error.kind(), Kind::BadRecord);
    assert!(cause.contains("value/note does not exist there"), "{cause}");
    let lenient = [ways[0], ways[1], ("latest.compatibility.strict", "false")];
    let bytes = encode(&mut *converter("latest", &lenient), &order(1, None));
    assert_eq!(&bytes[..5], [0, 0, 0, 0, 1]);
    register(
        r#"{"type":"object","properties":{"id":{"type":"integer"},"note":{"type":["null","string"]}}}"#,
    );
    let bytes = encode(&mut *converter("latest", &ways), &order(1, None));
    assert_eq!(&bytes[..5], [0, 0, 0, 0, 2]);
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
    assert_eq!(&bytes[..], br#"{"id":1,"note":null}"#);
    assert_eq!((&*headers[0].0, headers[0].1.as_ref().unwrap().len()), ("__value_schema_id", 17));
    let decoded = converter.decode_with_headers("orders", &headers, Some(bytes)).unwrap();
    assert!(matches!(decoded.value, Value::Struct(_)));
}

#[test]
fn records_of_other_producers_are_read_with_the_references_of_their_schemas() {
    let registry = registry("others");
    let money =
        r#"{"type":"object","properties":{"amount":{"type":"number"}},"required":["amount"]}"#;
    let money = SchemaText::new(SchemaFormat::Json, money);
    registry.register("money", &money, false).unwrap();
    let order = r#"{"$id":"http://shop/order.json","type":"object","properties":{"price":{"$ref":"money.json"}}}"#;
    let reference =
        Reference { name: "money.json".to_owned(), subject: "money".to_owned(), version: 1 };
    let order = SchemaText::new(SchemaFormat::Json, order).with_references(vec![reference]);
    let id = registry.register("t-value", &order, false).unwrap().id;
    let mut bytes = Vec::new();
    sluice_registry::frame(SchemaId::Number(id), &mut bytes);
    bytes.extend_from_slice(br#"{"price":{"amount":12.5},"more":true}"#);
    let decoded = converter("others", &[]).decode("t", Some(bytes.into())).unwrap();
    assert_eq!(decoded.value.to_string(), "Struct{price=Struct{amount=12.5}}");
}

#[test]
fn a_record_that_is_none_of_its_schema_is_its_own_fault() {
    let mut converter = converter("fault", &[]);
    let text = SchemaText::new(SchemaFormat::Json, r#"{"type":"integer"}"#);
    registry("fault").register("t-value", &text, false).unwrap();
    let avro = SchemaText::new(SchemaFormat::Avro, "\"int\"");
    registry("fault").register("t-value", &avro, false).unwrap();
    for bytes in
        [&b"\0\0\0\0\x09{}"[..], b"\0\0\0\0\x01{}", b"\0\0\0\0\x01", b"\0\0\0\0\x021", &[7], &[]]
    {
        let error = converter.decode("t", Some(Bytes::copy_from_slice(bytes))).unwrap_err();
        assert_eq!((error.kind(), error.is_systemic()), (Kind::BadRecord, false));
        assert_eq!(error.to_string(), "Failed to deserialize data for topic t to JSON: ");
    }
}

#[test]
fn settings_that_nothing_here_honours_are_refused() {
    for (key, value) in [
        ("json.fail.invalid.schema", "true"),
        ("json.indent.output", "true"),
        ("preserve.additional.properties", "true"),
        ("validation.rules.execution", "BEFORE_DOMAIN_RULES"),
        ("decimal.format", "HEX"),
    ] {
        let created =
            JsonSchemaConverter.create(&settings("refused", &[(key, value)]), ConverterRole::Value);
        let error = created.err().unwrap_or_else(|| panic!("{key} is taken"));
        assert!(error.to_string().contains(key), "{error}");
    }
}
