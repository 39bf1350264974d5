//! Records of all shapes: what suites try transforms, predicates and converters with.

use std::sync::Arc;

use bytes::Bytes;
use proptest::{collection::vec, option, prelude::*};
use sluice_model::{
    ConnectRecord, Decimal, Field, Header, Headers, Logical, Schema, SchemaAndValue, SchemaRef,
    Struct, Type, Value, logical::scale_of,
};

/// How deep schemas and schemaless values are nested.
const DEPTH: u32 = 3;

/// Names that fields have; few, so that transforms find theirs.
fn name() -> impl Strategy<Value = String> {
    prop_oneof![
        prop::sample::select(vec!["a", "b", "id", "name", "email", "phone", "ts", "x.y"])
            .prop_map(str::to_owned),
        "[a-zé ]{1,6}",
    ]
}

/// Schemas of all types, logical ones included, some of them optional.
pub fn any_schema() -> impl Strategy<Value = SchemaRef> {
    let schema = leaf_schema().prop_recursive(DEPTH, 24, 4, |inner| {
        prop_oneof![
            inner.clone().prop_map(|it| Schema::required(Type::Array(it.into()))),
            (inner.clone(), inner.clone())
                .prop_map(|(key, value)| Schema::required(Type::Map(key.into(), value.into()))),
            (vec((name(), inner), 0..5), option::of("[A-Z][a-z]{0,3}")).prop_map(structure),
        ]
    });
    (schema, any::<bool>()).prop_map(|(schema, optional)| Schema { optional, ..schema }.into())
}

/// Schemas without parts.
fn leaf_schema() -> impl Strategy<Value = Schema> {
    prop_oneof![
        prop::sample::select(vec![
            Type::Int8,
            Type::Int16,
            Type::Int32,
            Type::Int64,
            Type::Float32,
            Type::Float64,
            Type::Boolean,
            Type::String,
            Type::Bytes,
        ])
        .prop_map(Schema::required),
        prop::sample::select(logical()),
    ]
}

fn logical() -> Vec<Schema> {
    let decimals = [0, 2, 20].map(|scale| Logical::Decimal.schema(scale));
    let times = [Logical::Date, Logical::Time, Logical::Timestamp].map(|it| it.schema(0));
    decimals.into_iter().chain(times).collect()
}

fn structure((parts, name): (Vec<(String, Schema)>, Option<String>)) -> Schema {
    let mut fields: Vec<Field> = Vec::new();
    for (name, schema) in parts {
        if fields.iter().all(|it| *it.name != *name) {
            fields.push(Field { name: name.into(), schema: schema.into() });
        }
    }
    let schema = Schema::required(Type::Struct(fields));
    name.map_or(schema.clone(), |it| schema.named(&it))
}

/// Values that a schema describes.
pub fn any_value_of(schema: &SchemaRef) -> BoxedStrategy<Value> {
    let value = match (Logical::of(schema), &schema.r#type) {
        (Some(Logical::Decimal), _) => {
            let scale = scale_of(schema).unwrap_or_default();
            any::<i64>().prop_map(move |it| decimal(it, scale)).boxed()
        }
        (Some(Logical::Date), _) => {
            (-100_000_i64..100_000).prop_map(|it| Value::Date(it * 86_400_000)).boxed()
        }
        (Some(Logical::Time), _) => (0_i64..86_400_000).prop_map(Value::Date).boxed(),
        (Some(Logical::Timestamp), _) => {
            (-4_000_000_000_000_i64..4_000_000_000_000).prop_map(Value::Date).boxed()
        }
        (None, r#type) => plain(r#type),
    };
    if schema.optional {
        return prop_oneof![1 => Just(Value::Null), 4 => value].boxed();
    }
    value
}

fn plain(r#type: &Type) -> BoxedStrategy<Value> {
    match r#type {
        Type::Int8 => any::<i8>().prop_map(Value::Int8).boxed(),
        Type::Int16 => any::<i16>().prop_map(Value::Int16).boxed(),
        Type::Int32 => any::<i32>().prop_map(Value::Int32).boxed(),
        Type::Int64 => any::<i64>().prop_map(Value::Int64).boxed(),
        Type::Float32 => any::<f32>().prop_map(Value::Float32).boxed(),
        Type::Float64 => any::<f64>().prop_map(Value::Float64).boxed(),
        Type::Boolean => any::<bool>().prop_map(Value::Boolean).boxed(),
        Type::String => text().boxed(),
        Type::Bytes => vec(any::<u8>(), 0..8).prop_map(|it| Value::Bytes(it.into())).boxed(),
        Type::Array(items) => vec(any_value_of(items), 0..4).prop_map(Value::Array).boxed(),
        Type::Map(keys, values) => vec((any_value_of(keys), any_value_of(values)), 0..4)
            .prop_map(|entries| Value::Map(distinct(entries)))
            .boxed(),
        // Nothing carries its own type in a schema of a record.
        Type::Untyped => Just(Value::Null).boxed(),
        Type::Struct(fields) => {
            let schema = SchemaRef::new(Schema::required(Type::Struct(fields.clone())));
            row(schema)
        }
    }
}

/// Rows over a struct schema.
fn row(schema: SchemaRef) -> BoxedStrategy<Value> {
    let fields: Vec<BoxedStrategy<Value>> =
        schema.fields().iter().map(|it| any_value_of(&it.schema)).collect();
    fields.prop_map(move |values| Value::Struct(Struct::new(schema.clone(), values))).boxed()
}

fn text() -> impl Strategy<Value = Value> {
    prop_oneof![
        "\\PC{0,8}".prop_map(Value::from),
        prop::sample::select(vec![
            "",
            " A b ",
            "Zoë\n\t\0\"\\",
            "null",
            "1",
            "-3.5",
            "true",
            "{}",
            "[1,2]",
            "2026-01-01",
        ])
        .prop_map(Value::from),
    ]
}

fn decimal(unscaled: i64, scale: i32) -> Value {
    Decimal::from_bytes(&unscaled.to_be_bytes(), scale)
        .map_or(Value::Null, |it| Value::Decimal(Arc::new(it)))
}

/// A map has each key once.
fn distinct(entries: Vec<(Value, Value)>) -> Vec<(Value, Value)> {
    let mut distinct: Vec<(Value, Value)> = Vec::new();
    for (key, value) in entries {
        if distinct.iter().all(|(known, _)| format!("{known:?}") != format!("{key:?}")) {
            distinct.push((key, value));
        }
    }
    distinct
}

/// Values without a schema, as the JSON converter gives them: maps from text, lists, numbers, text, flags and null.
pub fn any_schemaless() -> impl Strategy<Value = Value> {
    leaf_value().prop_recursive(DEPTH, 24, 4, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(Value::Array),
            vec((name().prop_map(Value::from), inner), 0..5)
                .prop_map(|entries| Value::Map(distinct(entries))),
        ]
    })
}

/// Values without parts.
fn leaf_value() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Boolean),
        any::<i64>().prop_map(Value::Int64),
        any::<f64>().prop_map(Value::Float64),
        text(),
    ]
}

fn part() -> impl Strategy<Value = SchemaAndValue> {
    let described = |schema: SchemaRef| {
        any_value_of(&schema).prop_map(move |value| SchemaAndValue {
            schema: Some(schema.clone()),
            value: fitted(&schema, value),
        })
    };
    prop_oneof![
        1 => Just(SchemaAndValue::NULL),
        2 => leaf_value().prop_map(SchemaAndValue::schemaless),
        2 => any_schemaless().prop_map(SchemaAndValue::schemaless),
        2 => (leaf_schema(), any::<bool>())
            .prop_map(|(schema, optional)| Schema { optional, ..schema }.into())
            .prop_flat_map(described),
        4 => any_schema().prop_flat_map(described),
    ]
}

/// A row says its schema by itself: it has to be the one beside it, with name and optionality.
fn fitted(schema: &SchemaRef, value: Value) -> Value {
    match value {
        Value::Struct(row) => {
            let (_, values) = row.into_parts();
            let fitted =
                schema.fields().iter().zip(values).map(|(it, value)| fitted(&it.schema, value));
            Value::Struct(Struct::new(schema.clone(), fitted.collect()))
        }
        Value::Array(items) => {
            let Type::Array(of) = &schema.r#type else { return Value::Array(items) };
            Value::Array(items.into_iter().map(|it| fitted(of, it)).collect())
        }
        Value::Map(entries) => {
            let Type::Map(keys, values) = &schema.r#type else { return Value::Map(entries) };
            let both = |(key, value)| (fitted(keys, key), fitted(values, value));
            Value::Map(entries.into_iter().map(both).collect())
        }
        other => other,
    }
}

/// Records with keys, values and headers of all shapes; tombstones and records of sinks are among them.
pub fn any_record() -> impl Strategy<Value = ConnectRecord> {
    let header = ("[a-z]{0,3}", part())
        .prop_map(|(key, value)| Header { key: Arc::from(key.as_str()), value });
    (
        "[a-z]{1,5}",
        option::of(0..8_i32),
        part(),
        part(),
        option::of(any::<i64>()),
        vec(header, 0..3),
        option::of(0..i64::MAX),
    )
        .prop_map(|(topic, partition, key, value, timestamp, headers, offset)| ConnectRecord {
            topic: topic.as_str().into(),
            partition,
            key,
            value,
            timestamp,
            headers: Headers(headers),
            offset,
        })
}

/// Bytes that no converter expects, and such that many do.
pub(super) fn any_bytes() -> impl Strategy<Value = Bytes> {
    prop_oneof![
        vec(any::<u8>(), 0..64).prop_map(Bytes::from),
        "\\PC{0,32}".prop_map(Bytes::from),
        "[\\[\\]{}\":,0-9a-z\\\\.eE+-]{0,32}".prop_map(Bytes::from),
    ]
}
