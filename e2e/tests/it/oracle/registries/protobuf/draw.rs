//! Schemas that Protobuf can say, and values for them.

use proptest::prelude::*;
use sluice_plugin::model::logical::DAY;
use sluice_plugin::model::{Field, Logical, Schema, SchemaRef, Struct, Type, Value};
use sluice_protobuf::{Decoding, MappingOptions, ProtoText};

use crate::oracle::generate;

/// Files with what no other schema of Connect has: unions, enums, and numbers of their own.
const FILES: [&str; 2] = [
    "syntax = \"proto3\"; package files; message M { oneof kind { string name = 3; int64 big = 20; In in = 9; }
        Color color = 7; sint32 s = 1; fixed64 f = 2; uint32 u = 30; repeated Color colors = 4;
        oneof other { Color one = 11; bool two = 12; } map<string, int64> counts = 5;
        message In { sfixed64 x = 2; sint64 y = 1; } enum Color { RED = 0; BLUE = 7; GREEN = -3; } }",
    "syntax = \"proto3\"; message Plain { float a = 16; repeated bytes b = 15; uint64 c = 2; sfixed32 d = 1; fixed32 e = 3; }",
];

/// A schema and a value that fits it.
pub(super) fn described() -> BoxedStrategy<(SchemaRef, Value)> {
    let files = prop::sample::select(FILES.iter().map(|it| of_file(it)).collect::<Vec<_>>());
    let plain = generate::leaf_type().prop_map(Schema::required).prop_map(SchemaRef::from);
    let schemas = prop_oneof![1 => files, 1 => plain, 8 => row(3)];
    schemas
        .prop_flat_map(|schema| {
            let schema = renamed(&schema, &mut 0);
            let value = generate::value_of(&schema);
            (Just(schema), value)
        })
        .prop_map(|(schema, value)| {
            let value = fitted(&schema, value);
            (schema, value)
        })
        .boxed()
}

fn of_file(text: &str) -> SchemaRef {
    let source = ProtoText { text, imports: &[] };
    let read = Decoding::new(source, &[0], None, &MappingOptions::default());
    read.expect("the file is right").schema().clone()
}

fn row(depth: u32) -> BoxedStrategy<SchemaRef> {
    let name = prop::option::of(Just("drawn.Struct"));
    let fields = prop::collection::btree_map("[a-f]{1,3}(_[a-c]{1,2})?", part(depth), 0..6);
    (fields, name, any::<bool>())
        .prop_map(|(fields, name, optional)| {
            let fields =
                fields.into_iter().map(|(name, schema)| Field { name: name.into(), schema });
            let mut schema = Schema::required(Type::Struct(fields.collect()));
            schema.name = name.map(Into::into);
            schema.optional = optional;
            SchemaRef::new(schema)
        })
        .boxed()
}

fn leaf() -> BoxedStrategy<SchemaRef> {
    let plain = (generate::leaf_type(), any::<bool>())
        .prop_map(|(it, optional)| Schema { optional, ..Schema::required(it) });
    let logical = generate::logical().prop_map(|it| Schema { default: None, ..(*it).clone() });
    prop_oneof![4 => plain, 1 => logical].prop_map(SchemaRef::new).boxed()
}

fn part(depth: u32) -> BoxedStrategy<SchemaRef> {
    if depth == 0 {
        return leaf();
    }
    // What an entry of a map notes of its types is known to differ, and so are keys that Java tells apart by other means.
    let wide = prop::sample::select(vec![Type::Int32, Type::Int64, Type::Boolean, Type::String]);
    let key = (wide, any::<bool>())
        .prop_map(|(it, optional)| SchemaRef::new(Schema { optional, ..Schema::required(it) }));
    let is_noted = |it: &SchemaRef| {
        matches!(it.r#type, Type::Int8 | Type::Int16) || Logical::of(it) == Some(Logical::Decimal)
    };
    let value = prop_oneof![leaf(), row(depth - 1)]
        .prop_filter("7.0.16 forgets their types", move |it| !is_noted(it));
    let map = (key, value).prop_map(|(key, value)| Type::Map(key, value));
    let list = prop_oneof![leaf(), row(depth - 1)].prop_map(Type::Array);
    let whole = (prop_oneof![map, list], any::<bool>())
        .prop_map(|(it, optional)| SchemaRef::new(Schema { optional, ..Schema::required(it) }));
    prop_oneof![5 => leaf(), 2 => whole, 2 => row(depth - 1)].boxed()
}

/// The schema with a name of its own for each struct that has one.
fn renamed(schema: &SchemaRef, count: &mut u32) -> SchemaRef {
    let mut new = (**schema).clone();
    if schema.name.as_deref() == Some("drawn.Struct") {
        *count += 1;
        new.name = Some(format!("drawn.Struct{count}").into());
    }
    match &mut new.r#type {
        Type::Array(items) => *items = renamed(items, count),
        Type::Map(keys, values) => {
            *keys = renamed(keys, count);
            *values = renamed(values, count);
        }
        Type::Struct(fields) => {
            for field in fields {
                field.schema = renamed(&field.schema, count);
            }
        }
        _ => return schema.clone(),
    }
    SchemaRef::new(new)
}

/// The value without what is known to differ: nulls in lists, more than one member of a union, times beyond the calendar.
fn fitted(schema: &SchemaRef, value: Value) -> Value {
    match (&schema.r#type, value) {
        (_, Value::Date(it)) => Value::Date(match Logical::of(schema) {
            Some(Logical::Date) => (it / DAY).rem_euclid(2_000_000) * DAY - 500_000 * DAY,
            Some(Logical::Time) => it.rem_euclid(DAY),
            _ => it.rem_euclid(200_000_000_000_000) - 50_000_000_000_000,
        }),
        // What does not fit is cut in Java, and an error here.
        (_, Value::Int64(it)) if is_narrow(schema) => Value::Int64(it.rem_euclid(1 << 32)),
        (_, Value::Float32(it)) if it.is_nan() => Value::Float32(f32::NAN),
        (_, Value::Float64(it)) if it.is_nan() => Value::Float64(f64::NAN),
        (Type::Array(items), Value::Array(values)) => {
            let values = values.into_iter().filter(|it| !it.is_null());
            Value::Array(values.map(|it| fitted(items, it)).collect())
        }
        (Type::Map(keys, values), Value::Map(entries)) => {
            let entry = |(key, value)| (fitted(keys, key), fitted(values, value));
            let there = |(key, _): &(Value, Value)| !key.is_null();
            Value::Map(entries.into_iter().filter(there).map(entry).collect())
        }
        (Type::Struct(fields), Value::Struct(row)) => {
            let values = fields.iter().zip(row.values());
            let mut values: Vec<Value> = values
                .map(|(field, it)| known(&field.schema, fitted(&field.schema, it.clone())))
                .collect();
            if schema.name.as_deref().is_some_and(|it| it.contains(".Union.")) {
                let first = values.iter().position(|it| !it.is_null());
                let Some(first) = first else { return Value::Null };
                values[first + 1..].fill(Value::Null);
            }
            Value::Struct(Struct::new(schema.clone(), values))
        }
        (_, other) => other,
    }
}

/// Whether it is an integer of 32 bits without a sign.
pub(super) fn is_narrow(schema: &Schema) -> bool {
    let r#type = schema.parameters.get("io.confluent.connect.protobuf.Type");
    r#type.is_some_and(|it| matches!(&**it, "uint32" | "fixed32"))
}

/// A text of an enum is one of its names.
fn known(schema: &SchemaRef, value: Value) -> Value {
    let name = |schema: &SchemaRef, it: &Value| {
        let prefix = "io.confluent.connect.protobuf.Enum.";
        let names = schema.parameters.iter().filter_map(|(name, _)| name.strip_prefix(prefix));
        let names: Vec<&str> = names.collect();
        match it {
            Value::String(text) if !names.is_empty() => {
                Value::from(names[text.len() % names.len()])
            }
            other => other.clone(),
        }
    };
    match (&schema.r#type, value) {
        (Type::Array(items), Value::Array(values)) => {
            Value::Array(values.iter().map(|it| name(items, it)).collect())
        }
        (_, value) => name(schema, &value),
    }
}
