//! Generated records: of sources and sinks, with and without schema, whose fields have names that settings know.

use proptest::collection::{btree_map, vec};
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value as Json, json};
use sluice_plugin::model::{
    ConnectRecord, Field, Header, Headers, Schema, SchemaAndValue, SchemaRef, Struct, Type, Value,
};

use crate::oracle::{generate, notation as written};

/// Names of fields.
pub(super) const NAMES: [&str; 6] = ["a", "b", "c", "d", "e.f", "é"];

/// Names of headers.
pub(super) const HEADERS: [&str; 4] = ["h", "H", "a", "x y"];

/// Topics.
pub(super) const TOPICS: [&str; 8] =
    ["orders", "orders-eu", "a.b", "x1y22", "", "shop${timestamp}", "Übung", "orders_2024-01-02"];

type Part = BoxedStrategy<SchemaAndValue>;

/// A record whose key or value comes from the strategy; what a plugin does not look at is small.
pub(super) fn record(part: Part, is_key: bool) -> BoxedStrategy<ConnectRecord> {
    let header = (select(&HEADERS[..]), small())
        .prop_map(|(name, value)| Header { key: name.into(), value });
    let moment = prop_oneof![
        1 => Just(None),
        3 => generate::integer().prop_map(Some),
        6 => (0_i64..4_000_000_000_000).prop_map(Some),
    ];
    (
        select(&TOPICS[..]),
        prop::option::of(0_i32..9),
        (part, small()),
        moment,
        vec(header, 0..4),
        prop::option::of(0_i64..1000),
    )
        .prop_map(move |(topic, partition, (part, other), timestamp, headers, offset)| {
            let (key, value) = if is_key { (part, other) } else { (other, part) };
            ConnectRecord {
                topic: topic.into(),
                // A sink's record has both.
                partition: partition.or(offset.map(|_| 0)),
                key,
                value,
                timestamp,
                headers: Headers(headers),
                offset,
            }
        })
        .boxed()
}

/// Something that is passed on as it is.
pub(super) fn small() -> Part {
    let described = generate::leaf_type().prop_flat_map(|it| {
        let schema = SchemaRef::new(Schema::optional(it));
        let value = generate::value_of(&schema);
        value.prop_map(move |value| SchemaAndValue {
            schema: Some(SchemaRef::clone(&schema)),
            value,
        })
    });
    prop_oneof![
        4 => described,
        3 => generate::leaf().prop_map(SchemaAndValue::schemaless),
        1 => Just(SchemaAndValue::NULL),
    ]
    .boxed()
}

/// A key or value: mostly a struct or map with some of the names, sometimes something else.
pub(super) fn part(field: BoxedStrategy<SchemaRef>, other: BoxedStrategy<SchemaAndValue>) -> Part {
    let row = structure(field.clone(), 2).prop_flat_map(|schema| {
        let value = row_of(&schema);
        (Just(schema), value)
            .prop_map(|(schema, value)| SchemaAndValue { schema: Some(schema), value })
    });
    let leaf = field.prop_flat_map(|it| generate::value_of(&it)).boxed();
    let map = map(leaf, 2).prop_map(SchemaAndValue::schemaless);
    prop_oneof![
        10 => row,
        6 => map,
        2 => other,
        1 => Just(SchemaAndValue::NULL),
    ]
    .boxed()
}

/// Takes the default out of a struct's schema.
pub(super) fn without_default(part: &mut SchemaAndValue) {
    let Some(schema) = part.schema.as_ref().filter(|it| matches!(it.r#type, Type::Struct(_)))
    else {
        return;
    };
    let schema = SchemaRef::new(Schema { default: None, ..Schema::clone(schema) });
    if let Value::Struct(row) = &mut part.value {
        row.recast(SchemaRef::clone(&schema), |_| {});
    }
    part.schema = Some(schema);
}

/// A schema of a struct with some of the names.
fn structure(field: BoxedStrategy<SchemaRef>, depth: u32) -> BoxedStrategy<SchemaRef> {
    let field = if depth == 0 {
        field
    } else {
        prop_oneof![4 => field.clone(), 1 => structure(field, depth - 1)].boxed()
    };
    let field = field.prop_flat_map(with_default);
    btree_map(select(&NAMES[..]), field, 0..=NAMES.len())
        .prop_map(|fields| fields.into_iter().collect::<Vec<_>>())
        .prop_shuffle()
        .prop_flat_map(|fields| {
            let field = |(name, schema): (&str, SchemaRef)| Field { name: name.into(), schema };
            generate::attributes(Type::Struct(fields.into_iter().map(field).collect()))
        })
        .boxed()
}

/// Half of the schemas without parts get a default.
fn with_default(schema: SchemaRef) -> BoxedStrategy<SchemaRef> {
    let has_parts = matches!(schema.r#type, Type::Array(_) | Type::Map(..) | Type::Struct(_));
    if has_parts || schema.default.is_some() {
        return Just(schema).boxed();
    }
    let required = SchemaRef::new(Schema { optional: false, ..Schema::clone(&schema) });
    prop::option::of(generate::value_of(&required))
        .prop_map(move |default| SchemaRef::new(Schema { default, ..Schema::clone(&schema) }))
        .boxed()
}

/// A row with nulls where the schema has a default, and some where it wants none at all.
fn row_of(schema: &SchemaRef) -> BoxedStrategy<Value> {
    let nulls = |field: &Field| {
        prop::bool::weighted(if field.schema.default.is_some() { 0.4 } else { 0.03 })
    };
    let nulls: Vec<_> = schema.fields().iter().map(nulls).collect();
    (generate::value_of(schema), nulls)
        .prop_map(|(value, nulls)| match value {
            Value::Struct(row) => {
                let (schema, mut values) = row.into_parts();
                for (value, is_null) in values.iter_mut().zip(nulls) {
                    if is_null {
                        *value = Value::Null;
                    }
                }
                Value::Struct(Struct::new(schema, values))
            }
            other => other,
        })
        .boxed()
}

/// A map without a schema, its keys texts.
fn map(leaf: BoxedStrategy<Value>, depth: u32) -> BoxedStrategy<Value> {
    let value = if depth == 0 {
        leaf
    } else {
        prop_oneof![5 => leaf.clone(), 1 => Just(Value::Null), 1 => map(leaf, depth - 1)].boxed()
    };
    generate::entries(select(&NAMES[..]).prop_map(Value::from).boxed(), value)
}

/// Whatever a converter could hand over.
pub(super) fn any_value() -> Part {
    generate::described().prop_map(|(schema, value)| SchemaAndValue { schema, value }).boxed()
}

/// A field of any type.
pub(super) fn any_field() -> BoxedStrategy<SchemaRef> {
    generate::schema()
}

/// A field that can be masked, mostly.
pub(super) fn maskable_field() -> BoxedStrategy<SchemaRef> {
    prop_oneof![6 => simple_field(), 1 => generate::schema()].boxed()
}

/// A field without parts.
pub(super) fn simple_field() -> BoxedStrategy<SchemaRef> {
    let leaf = generate::leaf_type().prop_flat_map(generate::attributes);
    prop_oneof![8 => leaf, 3 => generate::logical(), 1 => generate::schema()].boxed()
}

/// A value without parts, mostly with a schema.
pub(super) fn simple() -> Part {
    let numeric = prop_oneof![
        generate::integer().prop_map(|it| it.to_string()),
        (-200_i32..200).prop_map(|it| format!("{it}")),
        "[+-]?[0-9]{0,3}(\\.[0-9]{0,3})?([eE][+-]?[0-9]{1,2})?[fFdD]?",
        " ?(true|TRUE|false|NaN|-Infinity|inf|0x1p3|) ?",
    ];
    let described = simple_field().prop_flat_map(|schema| {
        let value = generate::value_of(&schema);
        (Just(schema), value)
            .prop_map(|(schema, value)| SchemaAndValue { schema: Some(schema), value })
    });
    let text = numeric.prop_map(Value::from).boxed();
    let text_schema = || SchemaRef::new(Schema::required(Type::String));
    prop_oneof![
        4 => described,
        2 => generate::leaf().prop_map(SchemaAndValue::schemaless),
        2 => text.clone().prop_map(SchemaAndValue::schemaless),
        2 => text.prop_map(move |it| SchemaAndValue::new(text_schema(), it)),
        2 => any_value(),
    ]
    .boxed()
}

/// A field that can be a moment, mostly.
pub(super) fn moment_field() -> BoxedStrategy<SchemaRef> {
    let plain = select(vec![Type::String, Type::Int64]).prop_flat_map(generate::attributes);
    prop_oneof![4 => generate::logical(), 4 => plain, 1 => simple_field()].boxed()
}

/// A moment, in one of its forms.
pub(super) fn moment() -> Part {
    let described = moment_field().prop_flat_map(|schema| {
        let value = generate::value_of(&schema);
        (Just(schema), value)
            .prop_map(|(schema, value)| SchemaAndValue { schema: Some(schema), value })
    });
    let text_schema = || SchemaRef::new(Schema::optional(Type::String));
    let number_schema = || SchemaRef::new(Schema::required(Type::Int64));
    prop_oneof![
        2 => described,
        6 => moment_text().prop_map(move |it| SchemaAndValue::new(text_schema(), it)),
        1 => moment_text().prop_map(|it| SchemaAndValue::schemaless(Value::from(it))),
        1 => generate::integer().prop_map(move |it| SchemaAndValue::new(number_schema(), it)),
        1 => generate::leaf().prop_map(SchemaAndValue::schemaless),
        1 => any_value(),
    ]
    .boxed()
}

/// Text that one of the generated patterns may read.
fn moment_text() -> BoxedStrategy<String> {
    let sign = select(vec!["", "", "", "-", " "]);
    let number = (sign, prop_oneof![0_u32..100, 1900_u32..2100, any::<u32>()])
        .prop_map(|(sign, number)| format!("{sign}{number}"));
    let padded = (0_u32..100).prop_map(|it| format!("{it:02}"));
    let word = select(vec![
        "AM",
        "pm",
        "Jan",
        "september",
        "Sun",
        "TUESDAY",
        "AD",
        "BC",
        "Z",
        "UTC",
        "GMT",
        "GMT+1:30",
        "+0130",
        "-08:00",
        "+05",
        "Anno Domini",
        "x",
        "é",
    ])
    .prop_map(str::to_owned);
    let separator = select(vec!["-", "/", ":", ".", " ", "T", "", "", "  ", "\u{a0}"]);
    let token = prop_oneof![4 => number, 4 => padded, 2 => word];
    let free = vec((token, separator), 0..8).prop_map(|tokens| {
        tokens.into_iter().map(|(token, separator)| token + separator).collect::<String>()
    });
    let fields =
        (1900_u32..2100, 0_u32..15, 0_u32..40, 0_u32..26, 0_u32..70, 0_u32..70, 0_u32..2000);
    let usual = (fields, 0_usize..5).prop_map(|((y, mo, d, h, mi, s, ms), form)| match form {
        0 => format!("{y}-{mo:02}-{d:02}T{h:02}:{mi:02}:{s:02}.{ms:03}Z"),
        1 => format!("{y:04}{mo:02}{d:02}{h:02}{mi:02}{s:02}"),
        2 => format!("{y}-{mo}-{d} {h}:{mi}:{s}.{ms} +0130"),
        3 => format!("{:02}/{mo:02}/{d:02}", y % 100),
        _ => format!("{d:02}.{mo:02}.{y} {h:02}:{mi:02}"),
    });
    prop_oneof![free, usual].boxed()
}

/// A record in the oracle's notation.
pub(super) fn notation(record: &ConnectRecord) -> Json {
    let header = |it: &Header| {
        json!([*it.key, written::schema(it.value.schema.as_ref()), written::value(&it.value.value)])
    };
    json!({
        "topic": *record.topic,
        "partition": record.partition,
        "ks": written::schema(record.key.schema.as_ref()),
        "key": written::value(&record.key.value),
        "vs": written::schema(record.value.schema.as_ref()),
        "value": written::value(&record.value.value),
        "timestamp": record.timestamp.map(|it| it.to_string()),
        "offset": record.offset,
        "headers": record.headers.0.iter().map(header).collect::<Vec<_>>(),
    })
}
