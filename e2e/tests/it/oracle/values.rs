//! `Values`, `SchemaProjector` and the header converter: schemas, values, texts and errors equal Java's.

use anyhow::Result;
use bytes::Bytes;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value as Json, json};
use sluice_converters::SimpleHeaderConverter;
use sluice_kit::java;
use sluice_plugin::config::Properties;
use sluice_plugin::model::values::{self, ValuesError};
use sluice_plugin::model::{
    self, Field, Logical, ProjectError, Schema, SchemaAndValue, SchemaRef, Type, Value,
};
use sluice_plugin::{ConverterFactory, ConverterRole};

use super::compare::{self, Asked};
use super::{generate, notation, texts};

/// What values are converted to.
const TARGETS: [&str; 14] = [
    "boolean",
    "byte",
    "short",
    "integer",
    "long",
    "float",
    "double",
    "list",
    "map",
    "struct",
    "date",
    "time",
    "timestamp",
    "decimal",
];

fn data(data: &SchemaAndValue) -> Json {
    json!({"schema": notation::schema(data.schema.as_ref()), "value": notation::value(&data.value)})
}

fn failure(class: &str, message: &dyn std::fmt::Display) -> Json {
    json!({"class": class, "message": message.to_string()})
}

fn refused(error: &ValuesError) -> Json {
    failure(error.java_class(), error)
}

fn parse(text: &str) -> Asked {
    let answer = |text: &str| {
        values::parse_string(&text.into()).map_or_else(|it| refused(&it), |it| data(&it))
    };
    // Blanks around a text are cut off.
    let faulty = answer(text.trim());
    Asked { question: json!({"op": "parse", "text": text}), answer: answer(text), faulty }
}

fn text(value: &Value) -> Asked {
    let text = values::convert_to_string(value);
    // Quotes in quoted texts are not escaped.
    let faulty = text.as_deref().map(|it| it.replace("\\\"", "\""));
    Asked {
        question: json!({"op": "text", "value": notation::value(value)}),
        answer: json!({"text": text.as_deref()}),
        faulty: json!({"text": faulty}),
    }
}

fn infer(value: &Value) -> Asked {
    let answer = |value: &Value| {
        let schema = values::infer_schema(value);
        schema.map_or_else(|it| refused(&it), |it| json!({"schema": notation::schema(it.as_ref())}))
    };
    // Nulls among elements are not looked at.
    let faulty = match value {
        Value::Array(items) => {
            let some = items.iter().filter(|it| !it.is_null()).cloned();
            answer(&Value::Array(some.collect()))
        }
        other => answer(other),
    };
    let question = json!({"op": "infer", "value": notation::value(value)});
    Asked { question, answer: answer(value), faulty }
}

fn convert(to: &str, schema: Option<&SchemaRef>, value: &Value) -> Asked {
    let question = json!({
        "op": "convert",
        "to": to,
        "schema": notation::schema(schema),
        "value": notation::value(value),
    });
    let answer = |schema: Option<&SchemaRef>| {
        let converted = converted(to, schema.map(|it| &**it), value);
        converted.map_or_else(|it| refused(&it), |it| json!({"value": notation::value(&it)}))
    };
    // What the schema says of the value is not looked at.
    Asked { question, answer: answer(schema), faulty: answer(None) }
}

fn converted(to: &str, schema: Option<&Schema>, value: &Value) -> Result<Value, ValuesError> {
    fn or_null<T>(made: Option<T>, of: fn(T) -> Value) -> Value {
        made.map_or(Value::Null, of)
    }
    Ok(match to {
        "boolean" => or_null(values::convert_to_boolean(schema, value)?, Value::Boolean),
        "byte" => or_null(values::convert_to_byte(schema, value)?, Value::Int8),
        "short" => or_null(values::convert_to_short(schema, value)?, Value::Int16),
        "integer" => or_null(values::convert_to_integer(schema, value)?, Value::Int32),
        "long" => or_null(values::convert_to_long(schema, value)?, Value::Int64),
        "float" => or_null(values::convert_to_float(schema, value)?, Value::Float32),
        "double" => or_null(values::convert_to_double(schema, value)?, Value::Float64),
        "list" => Value::Array(values::convert_to_list(value.clone())?),
        "map" => Value::Map(values::convert_to_map(value.clone())?),
        "struct" => Value::Struct(values::convert_to_struct(value.clone())?),
        "date" => Value::Date(values::convert_to_date(schema, value)?),
        "time" => Value::Date(values::convert_to_time(schema, value)?),
        "timestamp" => Value::Date(values::convert_to_timestamp(schema, value)?),
        _ => Value::Decimal(values::convert_to_decimal(value, 2)?),
    })
}

fn project(source: &SchemaRef, value: &Value, target: &SchemaRef) -> Asked {
    let question = json!({
        "op": "project",
        "schema": notation::schema(Some(source)),
        "value": notation::value(value),
        "target": notation::schema(Some(target)),
    });
    let answer = |target: &SchemaRef| {
        model::project(source, value, target).map_or_else(
            |it: ProjectError| failure(it.java_class(), &it),
            |it| json!({"value": notation::value(&it)}),
        )
    };
    // Names do not count, and defaults do not stand in for what is missing.
    let name = source.name.clone();
    let without = SchemaRef::new(Schema { default: None, name, ..(**target).clone() });
    Asked { question, answer: answer(target), faulty: answer(&without) }
}

fn header(question: &Header) -> Asked {
    let mut asked = json!({"plugin": SimpleHeaderConverter.name(), "topic": "t"});
    match question {
        Header::Encode(schema, value) => {
            asked["op"] = "encode_header".into();
            asked["schema"] = notation::schema(schema.as_ref());
            asked["value"] = notation::value(value);
        }
        Header::Decode(bytes) => {
            asked["op"] = "decode_header".into();
            asked["bytes"] = notation::bytes(bytes.as_deref());
        }
    }
    // Malformed text is cut off where it begins to be.
    let faulty = match question {
        Header::Decode(Some(bytes)) => {
            let right = std::str::from_utf8(bytes).map_or_else(|it| it.valid_up_to(), str::len);
            Header::Decode(Some(bytes.slice(..right)))
        }
        other => other.clone(),
    };
    Asked { question: asked, answer: header_answer(question), faulty: header_answer(&faulty) }
}

fn header_answer(question: &Header) -> Json {
    let made = SimpleHeaderConverter.create(&Properties::new(), ConverterRole::Header);
    let answer = made.and_then(|mut converter| match question {
        Header::Encode(schema, value) => {
            let bytes = converter.encode("t", schema.as_ref(), value)?;
            Ok(json!({"bytes": notation::bytes(bytes.as_deref())}))
        }
        Header::Decode(bytes) => converter.decode("t", bytes.clone()).map(|it| data(&it)),
    });
    answer.unwrap_or_else(|it| failure(it.java_class(), &it))
}

#[derive(Clone, Debug)]
enum Header {
    Encode(Option<SchemaRef>, Value),
    Decode(Option<Bytes>),
}

fn headers() -> BoxedStrategy<Header> {
    let encode = generate::described().prop_map(|(schema, value)| Header::Encode(schema, value));
    let decode = texts::value().prop_map(|it| Header::Decode(Some(Bytes::from(it))));
    let raw = prop::option::weighted(0.95, prop::collection::vec(any::<u8>(), 0..12))
        .prop_map(|it| Header::Decode(it.map(Bytes::from)));
    prop_oneof![4 => encode, 4 => decode, 1 => raw].boxed()
}

/// A target, and a value of any kind with the schema that it could have.
fn conversions() -> BoxedStrategy<(&'static str, (Option<SchemaRef>, Value))> {
    let text = texts::value()
        .prop_map(|it| (Some(Schema::required(Type::String).into()), Value::from(it)));
    let bare = texts::value().prop_map(|it| (None, Value::from(it)));
    let date =
        (generate::integer(), select(vec![Logical::Date, Logical::Time, Logical::Timestamp]), 0..4)
            .prop_map(|(it, logical, shape)| {
                let day = model::logical::DAY;
                let value = Value::Date(match shape {
                    0 => it,
                    1 => it.rem_euclid(day),
                    _ => (it % 100_000) * day,
                });
                ((shape != 3).then(|| logical.schema(0).into()), value)
            });
    let all = prop_oneof![2 => generate::described(), 2 => text, 1 => bare, 2 => date];
    (select(TARGETS.to_vec()), all)
        .prop_filter("the text of bytes is an identity", |(to, (_, value))| {
            !generate::has_bytes(value) || matches!((*to, value), ("decimal", Value::Bytes(_)))
        })
        .boxed()
}

/// A schema that many values of `schema` can be projected to, or nearly.
fn neighbour(schema: &SchemaRef, mut seed: u64) -> SchemaRef {
    let mut roll = |sides: u64| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 33) % sides
    };
    let mut changed = (**schema).clone();
    match roll(8) {
        0 => changed.optional = !changed.optional,
        1 => changed.optional = true,
        2 => changed.name = Some("other".into()),
        3 => changed.parameters.set("other", "1"),
        _ => {}
    }
    let (mut left, mut right) = (roll(1 << 30), roll(1 << 30));
    let numbers = [Type::Int8, Type::Int16, Type::Int32, Type::Int64, Type::Float32, Type::Float64];
    let place = numbers.iter().position(|it| *it == changed.r#type);
    changed.r#type = match &changed.r#type {
        Type::Array(items) => Type::Array(neighbour(items, left)),
        Type::Map(keys, values) => Type::Map(neighbour(keys, left), neighbour(values, right)),
        Type::Struct(fields) => {
            let mut fields: Vec<Field> = fields.clone();
            for field in &mut fields {
                left = left.wrapping_add(right);
                field.schema = neighbour(&field.schema, left);
            }
            right %= 5;
            if right == 0 {
                fields.pop();
            } else if right < 3 {
                let optional = right == 1;
                let schema = Schema { optional, ..Schema::required(Type::Int8) };
                fields.push(Field { name: "new".into(), schema: schema.into() });
            }
            Type::Struct(fields)
        }
        other => match place {
            Some(place) if Logical::of(&changed).is_none() => {
                let at = (place as u64 + left % 3).min(5) as usize;
                numbers[at].clone()
            }
            _ => other.clone(),
        },
    };
    // The default is of the type that was.
    changed.default = changed.default.filter(|_| changed.r#type == schema.r#type);
    changed.into()
}

fn projections() -> BoxedStrategy<(SchemaRef, Value, SchemaRef)> {
    let fitting = generate::schema().prop_flat_map(|it| {
        let value = generate::value_of(&it);
        (Just(it), value)
    });
    let near = (fitting.clone(), any::<u64>()).prop_map(|((source, value), seed)| {
        let target = neighbour(&source, seed);
        (source, value, target)
    });
    let far =
        (fitting, generate::schema()).prop_map(|((source, value), target)| (source, value, target));
    prop_oneof![9 => near, 1 => far].boxed()
}

#[tokio::test]
async fn values_are_those_of_java() -> Result<()> {
    sluice_kit::require!(java::missing());
    let mut found = Vec::new();
    let cases = compare::draw(&texts::value(), compare::share(30));
    let cases = cases.iter().map(|it| parse(it)).collect();
    found.extend(compare::differences("Values.parseString", cases).await?);
    let any = || prop_oneof![generate::schemaless(), generate::described().prop_map(|it| it.1)];
    let cases = compare::draw(&any(), compare::share(10)).iter().map(text).collect();
    found.extend(compare::differences("Values.convertToString", cases).await?);
    let cases = compare::draw(&any(), compare::share(10)).iter().map(infer).collect();
    found.extend(compare::differences("Values.inferSchema", cases).await?);
    let cases = compare::draw(&conversions(), compare::share(15));
    let cases = cases.iter().map(|(to, (schema, value))| convert(to, schema.as_ref(), value));
    found.extend(compare::differences("Values.convertTo", cases.collect()).await?);
    compare::refuse(&found)
}

#[tokio::test]
async fn projections_are_those_of_java() -> Result<()> {
    sluice_kit::require!(java::missing());
    let cases = compare::draw(&projections(), compare::share(15));
    let cases =
        cases.iter().map(|(source, value, target)| project(source, value, target)).collect();
    compare::refuse(&compare::differences("SchemaProjector", cases).await?)
}

#[tokio::test]
async fn headers_are_those_of_java() -> Result<()> {
    sluice_kit::require!(java::missing());
    let cases = compare::draw(&headers(), compare::share(20)).iter().map(header).collect();
    compare::refuse(&compare::differences("SimpleHeaderConverter", cases).await?)
}
