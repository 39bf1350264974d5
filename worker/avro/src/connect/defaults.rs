//! Defaults from JSON (`AvroData.defaultValueFromAvro`). One that cannot be a value is left out, as Java leaves it out.

use sluice_plugin::model::{Logical, Schema, SchemaRef, Struct, Type, Value};

use crate::{
    Options,
    json::Json,
    names::scrubbed,
    read::Decoded,
    schema::{Avro, Id, Kind},
    write::raw,
};

/// The value of a default.
pub(super) fn of(
    schema: &Schema,
    avro: &Avro,
    id: Id,
    json: &Json,
    options: &Options,
) -> Option<Value> {
    let value = stored(schema, avro, id, json, options)?;
    let decoded = match Logical::of(schema) {
        None => return Some(value),
        Some(Logical::Decimal) => {
            Decoded::Decimal(sluice_plugin::model::logical::scale_of(schema).ok()?)
        }
        Some(Logical::Date) => Decoded::Date,
        Some(Logical::Time) => Decoded::Time,
        Some(Logical::Timestamp) => Decoded::Timestamp,
    };
    decoded.of(value).ok()
}

fn stored(schema: &Schema, avro: &Avro, id: Id, json: &Json, options: &Options) -> Option<Value> {
    Some(match (&schema.r#type, json) {
        (Type::Int8, Json::Int(it)) => Value::Int8(*it as i8),
        (Type::Int16, Json::Int(it)) => Value::Int16(*it as i16),
        (Type::Int32, Json::Int(it)) => Value::Int32(i32::try_from(*it).ok()?),
        (Type::Int64, Json::Int(it)) => Value::Int64(*it),
        (Type::Float32, it) => Value::Float32(real(it)? as f32),
        (Type::Float64, it) => Value::Float64(real(it)?),
        (Type::Boolean, Json::Bool(it)) => Value::Boolean(*it),
        (Type::String, Json::Text(it)) => Value::from(it.as_str()),
        (Type::Bytes, Json::Text(it)) => Value::Bytes(raw(it)?.into()),
        (Type::Array(items), Json::List(values)) => {
            let Kind::Array(id) = avro.kind(id) else { return None };
            let all = values.iter().map(|it| nullable(items, avro, *id, it, options));
            Value::Array(all.collect::<Option<_>>()?)
        }
        (Type::Map(_, values), Json::Object(members)) => {
            let Kind::Map(id) = avro.kind(id) else { return None };
            let all = members.iter().map(|(name, it)| {
                Some((Value::from(name.as_str()), nullable(values, avro, *id, it, options)?))
            });
            Value::Map(all.collect::<Option<_>>()?)
        }
        (Type::Struct(fields), Json::Object(_)) => {
            let Kind::Record(record) = avro.kind(id) else { return None };
            let all = fields.iter().map(|field| {
                let name = scrubbed(&field.name, options);
                let own = record.fields.iter().find(|it| *it.name == *name)?;
                match json.get(&name) {
                    Some(it) => nullable(&field.schema, avro, own.schema, it, options),
                    None => field
                        .schema
                        .default
                        .clone()
                        .or(field.schema.optional.then_some(Value::Null)),
                }
            });
            let all = all.collect::<Option<_>>()?;
            // The schema of a default is its own, without the default.
            Value::Struct(Struct::new(SchemaRef::new(schema.clone()), all))
        }
        _ => return None,
    })
}

/// The value of a part, which may be null.
fn nullable(
    schema: &SchemaRef,
    avro: &Avro,
    id: Id,
    json: &Json,
    options: &Options,
) -> Option<Value> {
    if *json == Json::Null {
        return schema.optional.then_some(Value::Null);
    }
    let id = match avro.kind(id) {
        Kind::Union(branches) => {
            *branches.iter().find(|it| crate::derive::fits(avro, **it, json))?
        }
        _ => id,
    };
    of(schema, avro, id, json, options)
}

/// A number, or one of the words that Java writes for what is none.
fn real(json: &Json) -> Option<f64> {
    json.number().or_else(|| match json.text()? {
        "NaN" => Some(f64::NAN),
        "Infinity" => Some(f64::INFINITY),
        "-Infinity" => Some(f64::NEG_INFINITY),
        _ => None,
    })
}
