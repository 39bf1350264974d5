//! What is asked of a registry, and how often.

use sluice_plugin::{ConverterRole, Properties};

use super::*;
use crate::SchemaFormat;

fn parts(name: &str, more: &[(&str, &str)]) -> (Registry, Writer) {
    let url = format!("mock://{name}");
    let entries = [&[("schema.registry.url", url.as_str())], more].concat();
    let pair = |(key, value): (&str, &str)| (key.to_owned(), value.to_owned());
    let settings: Properties = entries.into_iter().map(pair).collect();
    let settings = RegistrySettings::read(&settings, ConverterRole::Value).unwrap();
    let registry = Registry::open(&settings).unwrap();
    (registry.clone(), Writer::new(registry, &settings))
}

fn avro(text: &str) -> SchemaText {
    SchemaText::new(SchemaFormat::Avro, text)
}

const FIND: (&str, &str) = ("auto.register.schemas", "false");

#[test]
fn a_schema_is_registered_once_for_each_subject() {
    let (registry, mut writer) = parts("once", &[]);
    let used = writer.schema_to_use("a", &avro("1")).unwrap();
    assert_eq!((used.id, used.other), (SchemaId::Number(1), None));
    assert_eq!(writer.schema_to_use("a", &avro("2")).unwrap().id, SchemaId::Number(2));
    assert_eq!(writer.schema_to_use("b", &avro("1")).unwrap().id, SchemaId::Number(1));
    assert_eq!(registry.latest("b").unwrap().version, Some(1));
}

#[test]
fn what_is_not_registered_is_found_or_refused() {
    let (registry, mut writer) = parts("find", &[FIND]);
    assert!(matches!(
        writer.schema_to_use("a", &avro("1")),
        Err(RegistryError::Refused { code: 40401, .. })
    ));
    registry.register("a", &avro("1"), false).unwrap();
    assert_eq!(writer.schema_to_use("a", &avro("1")).unwrap().id, SchemaId::Number(1));
}

#[test]
fn a_schema_of_the_registry_takes_the_place_of_the_record_s() {
    let (registry, mut writer) = parts("id", &[FIND, ("use.schema.id", "1")]);
    registry.register("a", &avro("1"), false).unwrap();
    let used = writer.schema_to_use("a", &avro("2")).unwrap();
    assert_eq!((used.id, used.other), (SchemaId::Number(1), Some(avro("1"))));
    let (_, mut writer) = parts("id", &[FIND, ("use.schema.id", "9")]);
    assert!(writer.schema_to_use("a", &avro("2")).is_err());
}

#[test]
fn a_latest_version_counts_for_its_time() {
    let latest = ("use.latest.version", "true");
    let (registry, mut lasting) = parts("latest", &[FIND, latest]);
    let (_, mut passing) = parts("latest", &[FIND, latest, ("latest.cache.ttl.sec", "0")]);
    registry.register("a", &avro("1"), false).unwrap();
    assert!(lasting.schema_to_use("a", &avro("x")).unwrap().is_fresh());
    assert!(!passing.schema_to_use("a", &avro("x")).unwrap().is_fresh());
    registry.register("a", &avro("2"), false).unwrap();
    let other = |it: SchemaToUse| it.other;
    assert_eq!(lasting.schema_to_use("a", &avro("x")).map(other), Ok(Some(avro("1"))));
    assert_eq!(passing.schema_to_use("a", &avro("x")).map(other), Ok(Some(avro("2"))));
}

#[test]
fn a_header_names_a_schema_by_its_guid() {
    let header = (
        "value.schema.id.serializer",
        "io.confluent.kafka.serializers.schema.id.HeaderSchemaIdSerializer",
    );
    let (_, mut writer) = parts("guid", &[header]);
    let used = writer.schema_to_use("a", &avro("1")).unwrap();
    assert!(matches!(used.id, SchemaId::Guid(_)));
}
