//! Generated schemas, values that fit them, values that do not, and JSON texts.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use num_bigint::BigInt;
use proptest::prelude::*;
use sluice_converters::JsonConverter;
use sluice_plugin::model::logical::{DAY, scale_of};
use sluice_plugin::model::values::parse_string;
use sluice_plugin::model::{
    Decimal, Field, Logical, Schema, SchemaAndValue, SchemaRef, Struct, Type, Value,
};
use sluice_plugin::{ConverterFactory, ConverterRole};

/// How deep arrays, maps and structs nest.
const DEPTH: u32 = 3;

/// Text with everything that escapes, alphabets and lengths can bring.
pub(crate) fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        3 => "[a-z]{0,8}",
        1 => "[ -~]{0,12}",
        1 => "\\PC{0,6}",
        1 => prop::collection::vec(any::<char>(), 0..6).prop_map(|it| it.into_iter().collect()),
        1 => prop::sample::select(vec![
            "", "null", "true", "1", "-1.5e3", "{}", "[1]", "\u{0}", "\u{1f}\u{7f}\u{2028}", "é😀",
            "\"", "\\", "/", "a\tb\r\nc",
        ]).prop_map(str::to_owned),
    ]
}

pub(crate) fn integer() -> impl Strategy<Value = i64> {
    prop_oneof![
        any::<i64>(),
        -200_i64..200,
        prop::sample::select(vec![i64::MIN, i64::MAX, 1 << 53, -(1 << 31), 1 << 31, 86_400_000]),
    ]
}

fn double() -> BoxedStrategy<f64> {
    let eighths = (-1000_i32..1000).prop_map(|it| f64::from(it) / 8.0);
    if !super::ask::prints_shortest_digits() {
        return eighths.boxed();
    }
    prop_oneof![
        any::<f64>(),
        any::<f32>().prop_map(f64::from),
        eighths,
        (any::<i32>(), -30_i32..30).prop_map(|(it, e)| f64::from(it) * 10_f64.powi(e)),
        prop::sample::select(vec![
            0.0,
            -0.0,
            f64::NAN,
            f64::INFINITY,
            f64::NEG_INFINITY,
            f64::MAX,
            f64::MIN_POSITIVE,
            5e-324,
            1e-3,
            9.99e-4,
            1e7,
            9_999_999.0,
            1e21,
            2e-3,
            0.1,
        ]),
    ]
    .boxed()
}

/// A type without parts.
pub(crate) fn leaf_type() -> impl Strategy<Value = Type> {
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
}

/// A schema of any type, with any of its attributes.
pub(crate) fn schema() -> BoxedStrategy<SchemaRef> {
    let leaf = prop_oneof![5 => leaf_type().prop_flat_map(attributes), 1 => logical()];
    leaf.prop_recursive(DEPTH, 24, 4, |inner| {
        let container = prop_oneof![
            inner.clone().prop_map(Type::Array),
            (inner.clone(), inner.clone()).prop_map(|(keys, values)| Type::Map(keys, values)),
            inner.clone().prop_map(|values| {
                Type::Map(SchemaRef::new(Schema::required(Type::String)), values)
            }),
            prop::collection::btree_map("[a-e]{1,3}", inner, 0..5).prop_map(|fields| {
                let field =
                    |(name, schema): (String, SchemaRef)| Field { name: name.into(), schema };
                Type::Struct(fields.into_iter().map(field).collect())
            }),
        ];
        container.prop_flat_map(attributes)
    })
    .boxed()
}

/// Whether there are arrays of bytes below a type: in Java they are equal only to themselves.
fn nests_bytes(r#type: &Type) -> bool {
    let has = |it: &SchemaRef| it.r#type == Type::Bytes || nests_bytes(&it.r#type);
    match r#type {
        Type::Map(keys, values) => has(keys) || has(values),
        Type::Array(items) => has(items),
        Type::Struct(fields) => fields.iter().any(|it| has(&it.schema)),
        _ => false,
    }
}

/// A schema of a logical type.
pub(crate) fn logical() -> BoxedStrategy<SchemaRef> {
    let kinds = vec![Logical::Decimal, Logical::Date, Logical::Time, Logical::Timestamp];
    (prop::sample::select(kinds), -3_i32..12, any::<bool>(), prop::bool::weighted(0.2))
        .prop_flat_map(|(kind, scale, optional, with_default)| {
            let schema = SchemaRef::new(Schema { optional, ..kind.schema(scale) });
            if !with_default {
                return Just(schema).boxed();
            }
            let required = SchemaRef::new(Schema { optional: false, ..(*schema).clone() });
            value_of(&required)
                .prop_map(move |it| {
                    SchemaRef::new(Schema { default: Some(it), ..(*schema).clone() })
                })
                .boxed()
        })
        .boxed()
}

/// A value of a logical type: mostly one that can be stored.
fn logical_value(kind: Logical, schema: &Schema) -> BoxedStrategy<Value> {
    let date = |millis: BoxedStrategy<i64>| millis.prop_map(Value::Date).boxed();
    match kind {
        Logical::Decimal => {
            let own = scale_of(schema).unwrap_or(0);
            let unscaled = prop_oneof![
                integer().prop_map(BigInt::from),
                prop::collection::vec(any::<u8>(), 1..20)
                    .prop_map(|it| BigInt::from_signed_bytes_be(&it)),
            ];
            let scale = prop_oneof![9 => Just(own), 1 => -5_i32..20];
            (unscaled, scale)
                .prop_map(|(unscaled, scale)| {
                    Value::Decimal(Arc::new(Decimal::new(unscaled, scale)))
                })
                .boxed()
        }
        Logical::Date => date(
            prop_oneof![9 => (-1_000_000_i64..1_000_000).prop_map(|it| it * DAY), 1 => integer()]
                .boxed(),
        ),
        Logical::Time => date(prop_oneof![9 => 0..=DAY, 1 => integer()].boxed()),
        Logical::Timestamp => date(integer().boxed()),
    }
}

/// A schema of the type, with any attributes.
pub(crate) fn attributes(r#type: Type) -> BoxedStrategy<SchemaRef> {
    let with_default = prop::bool::weighted(0.2);
    let named = prop::option::weighted(0.2, "[a-z.]{1,8}");
    let parameters = prop::collection::btree_map("[a-z]{1,4}", text(), 0..3);
    let parts = (
        any::<bool>(),
        named,
        prop::option::weighted(0.2, any::<i32>()),
        prop::option::weighted(0.2, text()),
        prop_oneof![4 => Just(BTreeMap::new()), 1 => parameters],
        with_default,
    );
    parts
        .prop_flat_map(move |(optional, name, version, doc, parameters, with_default)| {
            let schema = Schema {
                r#type: r#type.clone(),
                optional,
                name: name.map(Into::into),
                version,
                doc: doc.map(Into::into),
                default: None,
                parameters: parameters.into_iter().collect(),
            };
            if !with_default || nests_bytes(&schema.r#type) {
                return Just(SchemaRef::new(schema)).boxed();
            }
            value_of(&SchemaRef::new(Schema { optional: false, ..schema.clone() }))
                .prop_map(move |it| SchemaRef::new(Schema { default: Some(it), ..schema.clone() }))
                .boxed()
        })
        .boxed()
}

/// A value that fits the schema.
pub(crate) fn value_of(schema: &SchemaRef) -> BoxedStrategy<Value> {
    let some = match &schema.r#type {
        _ if Logical::of(schema).is_some() => Logical::of(schema)
            .map_or_else(|| Just(Value::Null).boxed(), |it| logical_value(it, schema)),
        Type::Int8 => integer().prop_map(|it| Value::Int8(it as i8)).boxed(),
        Type::Int16 => integer().prop_map(|it| Value::Int16(it as i16)).boxed(),
        Type::Int32 => integer().prop_map(|it| Value::Int32(it as i32)).boxed(),
        Type::Int64 => integer().prop_map(Value::Int64).boxed(),
        Type::Float32 => double().prop_map(|it| Value::Float32(it as f32)).boxed(),
        Type::Float64 => double().prop_map(Value::Float64).boxed(),
        Type::Boolean => any::<bool>().prop_map(Value::Boolean).boxed(),
        Type::String => text().prop_map(Value::from).boxed(),
        Type::Bytes => binary().prop_map(Value::Bytes).boxed(),
        Type::Array(items) => {
            prop::collection::vec(value_of(items), 0..4).prop_map(Value::Array).boxed()
        }
        Type::Map(keys, values) => entries(value_of(keys), value_of(values)),
        Type::Untyped => schemaless(),
        Type::Struct(fields) => {
            let schema = SchemaRef::clone(schema);
            let row: Vec<_> = fields.iter().map(|it| value_of(&it.schema)).collect();
            row.prop_map(move |row| Value::Struct(Struct::new(SchemaRef::clone(&schema), row)))
                .boxed()
        }
    };
    if schema.optional { prop_oneof![1 => Just(Value::Null), 4 => some].boxed() } else { some }
}

fn binary() -> impl Strategy<Value = Bytes> {
    prop::collection::vec(any::<u8>(), 0..12).prop_map(Bytes::from)
}

/// A map; no key comes twice.
pub(crate) fn entries(
    keys: BoxedStrategy<Value>,
    values: BoxedStrategy<Value>,
) -> BoxedStrategy<Value> {
    prop::collection::vec((keys, values), 0..4)
        .prop_map(|mut entries| {
            let mut known: Vec<Value> = Vec::new();
            entries.retain(|(key, _)| {
                !known.contains(key) && {
                    known.push(key.clone());
                    true
                }
            });
            Value::Map(entries)
        })
        .boxed()
}

/// A value that has no parts.
pub(crate) fn leaf() -> BoxedStrategy<Value> {
    leaf_type().prop_flat_map(|it| value_of(&SchemaRef::new(Schema::required(it)))).boxed()
}

/// A value without a schema.
pub(crate) fn schemaless() -> BoxedStrategy<Value> {
    let one = prop_oneof![Just(Value::Null), leaf(),];
    one.prop_recursive(DEPTH, 16, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::Array),
            entries(text().prop_map(Value::from).boxed(), inner.clone().boxed()),
            entries(inner.clone().boxed(), inner.boxed()),
        ]
    })
    .boxed()
}

/// Whether there are bytes in a value: their text in Java is their identity.
pub(crate) fn has_bytes(value: &Value) -> bool {
    match value {
        Value::Bytes(_) => true,
        Value::Array(items) => items.iter().any(has_bytes),
        Value::Map(entries) => entries.iter().any(|(k, v)| has_bytes(k) || has_bytes(v)),
        Value::Struct(row) => row.values().iter().any(has_bytes),
        _ => false,
    }
}

/// A schema with a value that mostly fits it.
pub(crate) fn described() -> BoxedStrategy<(Option<SchemaRef>, Value)> {
    let fitting = schema().prop_flat_map(|it| {
        let value = value_of(&it);
        (Just(Some(it)), value)
    });
    // Arrays and maps whose parts have no schema come from texts alone.
    let parsed = super::texts::value().prop_map(|text| {
        let parsed = parse_string(&text.into()).unwrap_or(SchemaAndValue::NULL);
        (parsed.schema, parsed.value)
    });
    prop_oneof![
        6 => fitting,
        1 => parsed,
        3 => schemaless().prop_map(|it| (None, it)),
        1 => (schema(), schemaless()).prop_map(|(schema, value)| (Some(schema), value)),
    ]
    .boxed()
}

/// A record with its schema as JSON: one that our own converter wrote, in parts exchanged for others.
pub(crate) fn envelope() -> BoxedStrategy<String> {
    let written = |schemas: &str, schema: Option<&SchemaRef>, value: &Value| {
        let settings = [("schemas.enable".to_owned(), schemas.to_owned())].into();
        let made = JsonConverter.create(&settings, ConverterRole::Value).ok()?;
        let bytes = { made }.encode("t", schema, value).ok()??;
        String::from_utf8(bytes.to_vec()).ok()
    };
    let right = described().prop_filter_map("it cannot be written", move |(schema, value)| {
        written("true", schema.as_ref(), &value)
    });
    let foreign =
        (schema(), json()).prop_filter_map("it cannot be written", move |(schema, json)| {
            let value = schema.default.clone().unwrap_or(Value::Null);
            let text = written(
                "true",
                Some(&SchemaRef::new(Schema { optional: true, ..(*schema).clone() })),
                &value,
            )?;
            let (schema, _) = text.split_once(",\"payload\":")?;
            Some(format!("{schema},\"payload\":{json}}}"))
        });
    let cut = (right.clone(), any::<prop::sample::Index>()).prop_map(|(text, at)| {
        let places: Vec<usize> = text.char_indices().map(|(at, _)| at).collect();
        text[..places[at.index(places.len())]].to_owned()
    });
    let words = vec![
        "\"int8\"",
        "\"int32\"",
        "\"int64\"",
        "\"string\"",
        "\"bytes\"",
        "\"boolean\"",
        "\"double\"",
        "true",
        "null",
        "{}",
        "[]",
        "1.5",
        "-7",
        "\"\"",
        "\"AQ==\"",
        "300",
        "99999999999",
        "\"struct\"",
        "\"map\"",
    ];
    let swapped = (right.clone(), prop::sample::select(words.clone()), prop::sample::select(words))
        .prop_map(|(text, from, to)| text.replacen(from, to, 1));
    prop_oneof![4 => right, 3 => foreign, 1 => cut, 3 => swapped].boxed()
}

/// JSON text: right, nearly right, or not at all.
pub(crate) fn json() -> BoxedStrategy<String> {
    let number = prop_oneof![
        integer().prop_map(|it| it.to_string()),
        double()
            .prop_filter("JSON has no such number", |it| it.is_finite())
            .prop_map(|it| format!("{it:?}")),
        "-?[1-9][0-9]{0,30}(\\.[0-9]{1,20})?([eE][+-]?[0-9]{1,2})?",
        prop::sample::select(vec![
            "-0",
            "0.0",
            "-0.0",
            "1e2",
            "1E+2",
            "0e0",
            "18446744073709551615",
            "007",
            "1.",
            ".5",
            "+1",
            "NaN",
            "-"
        ])
        .prop_map(str::to_owned),
    ];
    let string = text().prop_map(|it| serde_json::Value::from(it).to_string());
    let leaf = prop_oneof![
        number,
        string,
        prop::sample::select(vec![
            "null",
            "true",
            "false",
            "nul",
            "\"",
            "\"\\u00e9\"",
            "\"\\ud83d\\ude00\"",
            "\"\\x\"",
            "'a'"
        ])
        .prop_map(str::to_owned),
    ];
    leaf.prop_recursive(DEPTH, 16, 4, |inner| {
        let member = (text().prop_map(|it| serde_json::Value::from(it).to_string()), inner.clone());
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4)
                .prop_map(|it| format!("[{}]", it.join(", "))),
            prop::collection::vec(member, 0..4).prop_map(|it| {
                let members: Vec<String> =
                    it.iter().map(|(key, value)| format!("{key} : {value}")).collect();
                format!("{{{}}}", members.join(","))
            }),
            inner.prop_map(|it| format!(" {it}\n{it}")),
        ]
    })
    .boxed()
}
