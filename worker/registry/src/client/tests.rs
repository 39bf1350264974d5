//! Calls and answers, against the registry of this process and against answers of others.

use std::sync::Mutex;

use sluice_plugin::{ConverterRole, Kind, Properties};

use super::*;
use crate::{Reference, SchemaFormat, Work, transport::Answer};

fn registry(name: &str) -> Registry {
    let url = ("schema.registry.url".to_owned(), format!("mock://{name}"));
    let settings = Properties::from([url]);
    let settings = RegistrySettings::read(&settings, ConverterRole::Value).unwrap();
    Registry::open(&settings).unwrap()
}

fn avro(text: &str) -> SchemaText {
    SchemaText::new(SchemaFormat::Avro, text)
}

fn code(error: &RegistryError) -> i32 {
    let RegistryError::Refused { code, .. } = error else { panic!("{error:?}") };
    *code
}

#[test]
fn what_is_registered_is_found() {
    let registry = registry("found");
    let (first, second) = (avro("\"int\""), avro("\"long\""));
    assert_eq!(code(&registry.latest("a/b").unwrap_err()), 40401);
    assert_eq!(registry.register("a/b", &first, false).unwrap().id, 1);
    assert_eq!(registry.register("a/b", &second, false).unwrap().id, 2);
    assert_eq!(registry.register("c", &first, true).unwrap().id, 1);
    let latest = registry.latest("a/b").unwrap();
    assert_eq!((latest.id, latest.version, latest.schema), (2, Some(2), Some(second.clone())));
    assert_eq!(registry.find("a/b", &first, false).unwrap().version, Some(1));
    assert_eq!(code(&registry.find("c", &second, false).unwrap_err()), 40403);
    assert_eq!(code(&registry.version("c", 2).unwrap_err()), 40402);
    let (schema, guid) = registry.schema(SchemaId::Number(2), Some("a/b")).unwrap();
    assert_eq!(schema, second);
    assert_eq!(registry.schema(SchemaId::Guid(guid.unwrap()), None).unwrap().0, second);
    assert_eq!(code(&registry.schema(SchemaId::Number(-3), None).unwrap_err()), 40403);
}

#[test]
fn references_come_before_what_names_them() {
    let registry = registry("references");
    let named = |name: &str| Reference { name: name.into(), subject: name.into(), version: 1 };
    let proto = |text: &str, names: &[&str]| {
        let references: Vec<_> = names.iter().map(|it| named(it)).collect();
        SchemaText::new(SchemaFormat::Protobuf, text).with_references(references)
    };
    registry.register("a", &proto("A", &[]), false).unwrap();
    registry.register("b", &proto("B", &["a"]), false).unwrap();
    let found = registry.references(&proto("C", &["b", "a"])).unwrap();
    assert_eq!(found.iter().map(|it| &*it.0).collect::<Vec<_>>(), ["a", "b"]);
    registry.register("x", &proto("X", &["y"]), false).unwrap();
    registry.register("y", &proto("Y", &["x"]), false).unwrap();
    let error = registry.references(&proto("Z", &["x"])).unwrap_err().to_string();
    assert!(error.contains("names itself"), "{error}");
}

/// Gives everybody one answer, and keeps the last call.
struct Canned(u16, &'static str, Mutex<Option<Call>>);

impl Transport for Canned {
    fn carry(&self, call: Call) -> Result<Answer, RegistryError> {
        *self.2.lock().unwrap() = Some(call);
        Ok(Answer { from: "http://r".to_owned(), status: self.0, body: self.1.into() })
    }
}

fn answering(status: u16, body: &'static str) -> (Registry, Arc<Canned>) {
    let canned = Arc::new(Canned(status, body, Mutex::default()));
    (Registry { transport: Arc::clone(&canned) as _ }, canned)
}

#[test]
fn calls_are_those_of_the_api() {
    let (registry, canned) = answering(200, "{\"id\":5}");
    let call = || {
        let call = canned.2.lock().unwrap().take().unwrap();
        format!("{} {}", call.path, call.body.unwrap_or_default())
    };
    let reference = Reference { name: "n".into(), subject: "s".into(), version: 2 };
    let schema = SchemaText::new(SchemaFormat::Json, "{\"a\"}").with_references([reference]);
    registry.register(":.ctx:t-value", &schema, true).unwrap();
    assert_eq!(
        call(),
        "/subjects/%3A.ctx%3At-value/versions?normalize=true {\"schema\":\"{\\\"a\\\"}\",\"schemaType\":\"JSON\",\
         \"references\":[{\"name\":\"n\",\"subject\":\"s\",\"version\":2}]}"
    );
    registry.find("t", &avro("1"), false).unwrap();
    assert_eq!(call(), "/subjects/t?normalize=false&deleted=true {\"schema\":\"1\"}");
    let _ = registry.schema(SchemaId::Number(7), Some("t-value"));
    assert_eq!(call(), "/schemas/ids/7?subject=t-value ");
    let _ = registry.latest("t");
    assert_eq!(call(), "/subjects/t/versions/latest ");
}

#[test]
fn answers_that_help_nobody_say_why() {
    let rules =
        "{\"id\":1,\"schema\":\"1\",\"ruleSet\":{\"domainRules\":[{\"name\":\"encrypt\"}]}}";
    for (status, body, expected) in [
        (200, "<html>", "no answer of a Schema Registry"),
        (200, "{}", "without a schema"),
        (200, "{\"schema\":\"1\",\"schemaType\":\"XSD\"}", "unknown type \"XSD\""),
        (200, rules, "rules of a data contract"),
        (404, "<html>", "answers 404, and not as a Schema Registry does"),
        (413, "<html>", "answers 413; error code: 413"),
        (
            404,
            "{\"error_code\":40403,\"message\":\"Schema 1 not found\"}",
            "Schema 1 not found; error code: 40403",
        ),
    ] {
        let (registry, _) = answering(status, body);
        let error = registry.schema(SchemaId::Number(1), None).unwrap_err().to_string();
        assert!(error.contains(expected), "{body}: {error}");
    }
}

#[test]
fn records_are_blamed_for_what_is_theirs_alone() {
    let refused = |status| RegistryError::Refused { status, code: 1, message: "m".to_owned() };
    let unusable = RegistryError::Unusable("u".to_owned());
    for (error, kind, is_systemic) in [
        (RegistryError::Outage("o".to_owned()), Kind::Retriable, true),
        (refused(404), Kind::BadRecord, false),
        (refused(409), Kind::BadRecord, false),
        (refused(422), Kind::BadRecord, false),
        (refused(401), Kind::Fatal, true),
        (refused(403), Kind::Fatal, true),
        (unusable, Kind::Fatal, true),
    ] {
        let text = error.to_string();
        let error = error.of_record(SchemaFormat::Avro, Work::Deserializing, "t", "asking");
        assert_eq!((error.kind(), error.is_systemic()), (kind, is_systemic), "{text}");
    }
}
