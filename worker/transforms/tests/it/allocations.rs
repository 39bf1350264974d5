//! Allocations per record, counted by the allocator itself.

use sluice_plugin::conformance::{CountingAllocator, allocations};
use sluice_plugin::model::{
    ConnectRecord, Field, Schema, SchemaAndValue, SchemaRef, Struct, Type, Value,
};
use sluice_plugin::{Properties, Transform, TransformPlugin, Verdict};
use sluice_transforms::{
    Cast, ExtractField, Flatten, HoistField, InsertField, MaskField, OnValue, RegexRouter,
    ReplaceField, SetSchemaMetadata, TimestampConverter, TimestampRouter,
};

#[global_allocator]
static COUNTING: CountingAllocator = CountingAllocator;

/// Records of a batch.
const RECORDS: usize = 1000;

fn schema() -> SchemaRef {
    let field =
        |name: &str, r#type| Field { name: name.into(), schema: Schema::optional(r#type).into() };
    let inner = Type::Struct(vec![field("city", Type::String)]);
    Schema::required(Type::Struct(vec![
        field("id", Type::Int64),
        field("name", Type::String),
        field("amount", Type::Float64),
        field("inner", inner),
    ]))
    .into()
}

fn row(schema: &SchemaRef) -> ConnectRecord {
    let inner = SchemaRef::clone(&schema.fields()[3].schema);
    let values = vec![
        Value::Int64(1_700_000_000_000),
        Value::from("someone"),
        Value::Null,
        Value::Struct(Struct::new(inner, vec![Value::from("Aarhus")])),
    ];
    let value = Struct::new(SchemaRef::clone(schema), values);
    let value =
        SchemaAndValue { schema: Some(SchemaRef::clone(schema)), value: Value::Struct(value) };
    ConnectRecord::new("orders", SchemaAndValue::NULL, value)
}

fn map() -> ConnectRecord {
    let entry = |key: &str, value| (Value::from(key), value);
    let value = Value::Map(vec![
        entry("id", Value::Int64(1)),
        entry("name", Value::from("someone")),
        entry("amount", Value::Float64(1.5)),
    ]);
    ConnectRecord::new("orders", SchemaAndValue::NULL, SchemaAndValue::schemaless(value))
}

/// How many allocations a record costs, once its schema has been seen.
fn per_record<T: Transform>(settings: &[(&str, &str)], record: impl Fn() -> ConnectRecord) -> u64 {
    let settings: Properties =
        settings.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
    let mut transform =
        (TransformPlugin::of::<T>().create)(&settings).expect("the settings are right");
    let topic = record().topic;
    let mut records: Vec<ConnectRecord> = (0..=RECORDS).map(|_| record()).collect();
    for record in &mut records {
        record.topic = std::sync::Arc::clone(&topic);
        record.timestamp = Some(1_700_000_000_000);
        record.offset = Some(1);
    }
    let mut before = 0;
    for (index, record) in records.iter_mut().enumerate() {
        if index == 1 {
            before = allocations();
        }
        assert_eq!(transform.apply(record).ok(), Some(Verdict::Keep));
    }
    (allocations() - before).div_ceil(RECORDS as u64)
}

#[test]
fn rows_are_changed_where_they_are() {
    let schema = schema();
    let row = || row(&schema);
    for (name, counted, allowed) in [
        ("Cast", per_record::<OnValue<Cast>>(&[("spec", "id:int32,amount:float32")], row), 0),
        ("ExtractField", per_record::<OnValue<ExtractField>>(&[("field", "name")], row), 0),
        ("MaskField", per_record::<OnValue<MaskField>>(&[("fields", "name,id")], row), 0),
        (
            "ReplaceField",
            per_record::<OnValue<ReplaceField>>(&[("exclude", "name"), ("renames", "id:x")], row),
            0,
        ),
        (
            "SetSchemaMetadata",
            per_record::<OnValue<SetSchemaMetadata>>(&[("schema.name", "n")], row),
            0,
        ),
        (
            "TimestampConverter",
            per_record::<OnValue<TimestampConverter>>(
                &[("field", "id"), ("target.type", "Timestamp")],
                row,
            ),
            0,
        ),
        // The row grows, or is another one.
        (
            "InsertField",
            per_record::<OnValue<InsertField>>(
                &[
                    ("topic.field", "t"),
                    ("offset.field", "o"),
                    ("static.field", "s"),
                    ("static.value", "x"),
                ],
                row,
            ),
            1,
        ),
        ("HoistField", per_record::<OnValue<HoistField>>(&[("field", "f")], row), 1),
        ("Flatten", per_record::<OnValue<Flatten>>(&[], row), 1),
        (
            "RegexRouter",
            per_record::<RegexRouter>(&[("regex", "(.*)"), ("replacement", "x-$1")], row),
            0,
        ),
        ("TimestampRouter", per_record::<TimestampRouter>(&[], row), 0),
    ] {
        assert!(counted <= allowed, "{name}: {counted} allocations");
    }
}

#[test]
fn maps_are_changed_where_they_are() {
    for (name, counted, allowed) in [
        ("Cast", per_record::<OnValue<Cast>>(&[("spec", "id:int32,amount:float32")], map), 0),
        ("ExtractField", per_record::<OnValue<ExtractField>>(&[("field", "name")], map), 0),
        ("MaskField", per_record::<OnValue<MaskField>>(&[("fields", "name,id")], map), 0),
        (
            "ReplaceField",
            per_record::<OnValue<ReplaceField>>(&[("exclude", "name"), ("renames", "id:x")], map),
            0,
        ),
        // The map grows.
        (
            "InsertField",
            per_record::<OnValue<InsertField>>(&[("topic.field", "t"), ("offset.field", "o")], map),
            1,
        ),
    ] {
        assert!(counted <= allowed, "{name}: {counted} allocations");
    }
}
