//! The converter keeps what converters owe.

use sluice_plugin::conformance::{Broken, ConverterCase, converter};
use sluice_plugin::model::{SchemaAndValue, Type};
use sluice_plugin::{ConverterRole, Properties};
use sluice_protobuf::ProtobufConverter;

/// A plain value under the schema that its wrapper says.
fn plain(part: SchemaAndValue) -> Option<SchemaAndValue> {
    let schema = part.schema.as_ref()?;
    let is_wrapped = matches!(
        schema.r#type,
        Type::Int32 | Type::Int64 | Type::Float32 | Type::Float64 | Type::Boolean | Type::String
    );
    if !is_wrapped || schema.name.is_some() || part.value.is_null() {
        return None;
    }
    let mut expected = sluice_plugin::model::Schema::required(schema.r#type.clone());
    expected.version = Some(1);
    Some(SchemaAndValue { schema: Some(expected.into()), value: part.value })
}

#[test]
fn it_does_for_keys_and_values_however_it_is_set() -> Result<(), Broken> {
    let nullable = [("optional.for.nullables", "true"), ("scrub.invalid.names", "true")];
    let wrapped = [("wrapper.for.nullables", "true"), ("generate.struct.for.nulls", "true")];
    for (name, role, settings) in [
        ("plain", ConverterRole::Value, &[][..]),
        ("optional", ConverterRole::Key, &nullable),
        ("wrapped", ConverterRole::Value, &wrapped),
    ] {
        let url = ("schema.registry.url", format!("mock://protobuf-conformance-{name}"));
        // Each schema is the first of its subject then.
        let strategy = "RecordNameStrategy".to_owned();
        let strategies = ["key.subject.name.strategy", "value.subject.name.strategy"]
            .map(|it| (it, strategy.clone()));
        let settings = settings.iter().map(|(key, value)| (*key, (*value).to_owned()));
        let settings: Properties = settings
            .chain([url])
            .chain(strategies)
            .map(|(key, value)| (key.to_owned(), value))
            .collect();
        converter(&ConverterCase::new(&ProtobufConverter, settings).role(role).expected(plain))?;
    }
    Ok(())
}
