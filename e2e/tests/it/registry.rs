//! Converters beside a real Schema Registry, Apicurio's.

use anyhow::{Context, Result, ensure};
use bytes::Bytes;
use sluice_avro::AvroConverter;
use sluice_json_schema::JsonSchemaConverter;
use sluice_kit::registry::SchemaRegistry;
use sluice_plugin::config::Properties;
use sluice_plugin::model::{Field, Schema, SchemaRef, Struct, Type, Value};
use sluice_plugin::{Converter, ConverterFactory, ConverterRole, Kind};
use sluice_protobuf::ProtobufConverter;
use sluice_registry::{Reference, Registry, RegistrySettings, SchemaFormat, SchemaId, SchemaText};

/// A converter, and a schema of its format that another producer wrote with, which names a second one.
struct Case {
    converter: &'static dyn ConverterFactory,
    format: SchemaFormat,
    money: &'static str,
    order: &'static str,
    /// How the order names the money.
    name: &'static str,
    /// An order of 12.5, without what names its schema.
    record: &'static [u8],
}

static FORMATS: [Case; 3] = [
    Case {
        converter: &AvroConverter,
        format: SchemaFormat::Avro,
        money: r#"{"type":"record","name":"Money","namespace":"shop","fields":[{"name":"amount","type":"double"}]}"#,
        order: r#"{"type":"record","name":"Order","namespace":"shop","fields":[{"name":"price","type":"shop.Money"}]}"#,
        name: "shop.Money",
        record: &[0, 0, 0, 0, 0, 0, 0x29, 0x40],
    },
    Case {
        converter: &ProtobufConverter,
        format: SchemaFormat::Protobuf,
        money: r#"syntax = "proto3"; package shop; message Money { double amount = 1; }"#,
        order: r#"syntax = "proto3"; package shop; import "money.proto"; message Order { Money price = 1; }"#,
        name: "money.proto",
        record: &[0, 0x0a, 9, 9, 0, 0, 0, 0, 0, 0, 0x29, 0x40],
    },
    Case {
        converter: &JsonSchemaConverter,
        format: SchemaFormat::Json,
        money: r#"{"type":"object","properties":{"amount":{"type":"number"}}}"#,
        order: r#"{"type":"object","properties":{"price":{"$ref":"money.json"}}}"#,
        name: "money.json",
        record: br#"{"price":{"amount":12.5}}"#,
    },
];

impl Case {
    fn settings(url: &str, more: &[(&str, &str)]) -> Properties {
        let entries = [&[("schema.registry.url", url)], more].concat();
        entries.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
    }

    fn converter(&self, url: &str, more: &[(&str, &str)]) -> Result<Box<dyn Converter>> {
        Ok(self.converter.create(&Self::settings(url, more), ConverterRole::Value)?)
    }

    /// A topic of its own: all formats share the registry.
    fn topic(&self, what: &str) -> String {
        format!("{what}-{}", self.format)
    }

    fn registry(url: &str) -> Result<Registry> {
        let settings = RegistrySettings::read(&Self::settings(url, &[]), ConverterRole::Value)?;
        Ok(Registry::open(&settings)?)
    }

    /// What one converter registers, others find, and read what it wrote.
    fn shared(&self, url: &str) -> Result<()> {
        let topic = self.topic("shared");
        let (schema, value) = customer("name");
        let write = |more: &[(&str, &str)]| -> Result<Bytes> {
            let bytes = self.converter(url, more)?.encode(&topic, Some(&schema), &value)?;
            bytes.context("nothing is written")
        };
        let bytes = write(&[])?;
        let registered = Self::registry(url)?.latest(&format!("{topic}-value"))?;
        ensure!(registered.schema.context("no schema")?.format == self.format);
        ensure!(bytes[..5] == [&[0][..], &registered.id.to_be_bytes()].concat());
        for key in [("auto.register.schemas", "true"), ("use.latest.version", "true")] {
            let found = write(&[("auto.register.schemas", "false"), key])?;
            ensure!(found == bytes, "{key:?}: {found:?} instead of {bytes:?}");
        }
        let read = self.converter(url, &[])?.decode(&topic, Some(bytes))?;
        ensure!(read.value.to_string() == value.to_string(), "{}", read.value);
        ensure!(read.schema.context("no schema")?.version == Some(1));
        Ok(())
    }

    /// A schema is read with those that it names.
    fn referenced(&self, url: &str) -> Result<()> {
        let topic = self.topic("orders");
        let registry = Self::registry(url)?;
        let money = self.topic("money");
        registry.register(&money, &SchemaText::new(self.format, self.money), false)?;
        let reference = Reference { name: self.name.to_owned(), subject: money, version: 1 };
        let order = SchemaText::new(self.format, self.order).with_references(vec![reference]);
        let id = registry.register(&format!("{topic}-value"), &order, false)?.id;
        let mut bytes = Vec::new();
        sluice_registry::frame(SchemaId::Number(id), &mut bytes);
        bytes.extend_from_slice(self.record);
        let read = self.converter(url, &[])?.decode(&topic, Some(bytes.into()))?;
        ensure!(read.value.to_string() == "Struct{price=Struct{amount=12.5}}", "{}", read.value);
        Ok(())
    }

    /// An id that no schema has is the record's own fault.
    fn unknown(&self, url: &str) -> Result<()> {
        let mut bytes = Vec::new();
        sluice_registry::frame(SchemaId::Number(987_654), &mut bytes);
        bytes.extend_from_slice(self.record);
        let read = self.converter(url, &[])?.decode(&self.topic("unknown"), Some(bytes.into()));
        let error = read.err().context("a record without a schema is read")?;
        ensure!((error.kind(), error.is_systemic()) == (Kind::BadRecord, false), "{error}");
        Ok(())
    }
}

fn customer(name: &str) -> (SchemaRef, Value) {
    let fields = vec![
        Field { name: "id".into(), schema: Schema::required(Type::Int32).into() },
        Field { name: name.into(), schema: Schema::optional(Type::String).into() },
    ];
    let schema = SchemaRef::new(Schema::required(Type::Struct(fields)).named("shop.Customer"));
    let values = vec![Value::Int32(7), Value::from("Ada")];
    (schema.clone(), Value::Struct(Struct::new(schema, values)))
}

#[tokio::test]
async fn converters_share_schemas_through_a_registry_and_wait_for_it() -> Result<()> {
    sluice_kit::require!(SchemaRegistry::missing());
    let registry = SchemaRegistry::start().await?;
    let url = registry.url();
    let mut known = Vec::new();
    let (schema, value) = customer("name");
    for format in &FORMATS {
        for (what, holds) in [
            ("shared", Case::shared as fn(&Case, &str) -> Result<()>),
            ("referenced", Case::referenced),
            ("unknown", Case::unknown),
        ] {
            holds(format, &url).with_context(|| format!("{}: {what}", format.format))?;
        }
        let mut converter = format.converter(&url, &[])?;
        // Each has a subject of its own: the registry refuses one of several formats.
        converter.encode(&format.topic("known"), Some(&schema), &value)?;
        known.push((format, converter));
    }
    registry.kill();
    let (other, other_value) = customer("title");
    for (format, mut converter) in known {
        let topic = format.topic("known");
        ensure!(converter.encode(&topic, Some(&schema), &value)?.is_some());
        let error = converter.encode(&topic, Some(&other), &other_value).err();
        let error = error.with_context(|| format!("{}: nobody answers", format.format))?;
        ensure!(error.is_systemic() && error.kind() == Kind::Retriable, "{error}");
    }
    Ok(())
}
