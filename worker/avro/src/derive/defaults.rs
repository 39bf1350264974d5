//! Defaults as JSON (`AvroData.defaultValueFromConnect`), and whether Avro takes them.

use sluice_plugin::model::{Logical, Schema, Type, Value, logical};

use crate::{
    Options,
    json::Json,
    names::{has_text_keys, is_union, scrubbed},
    schema::{Avro, Id, Kind},
};

/// The JSON of a default.
pub(super) fn of(schema: &Schema, value: &Value, options: &Options) -> Result<Json, String> {
    let mismatch = || "Invalid type used for default value".to_owned();
    let text = |bytes: &[u8]| Json::Text(bytes.iter().map(|it| char::from(*it)).collect());
    let stored = |error: logical::LogicalError| error.to_string();
    Ok(match (&schema.r#type, value) {
        (_, Value::Null) => Json::Null,
        (Type::Bytes, Value::Decimal(it)) => {
            text(&it.to_scaled_bytes(logical::scale_of(schema).map_err(stored)?).map_err(stored)?)
        }
        (_, Value::Date(millis)) => match Logical::of(schema) {
            Some(Logical::Date) => Json::Int(logical::days_of(*millis).map_err(stored)?.into()),
            Some(Logical::Time) => Json::Int(logical::time_of(*millis).map_err(stored)?.into()),
            Some(Logical::Timestamp) => Json::Int(*millis),
            _ => return Err(mismatch()),
        },
        (Type::Int8, Value::Int8(it)) => Json::Int((*it).into()),
        (Type::Int16, Value::Int16(it)) => Json::Int((*it).into()),
        (Type::Int32, Value::Int32(it)) => Json::Int((*it).into()),
        (Type::Int64, Value::Int64(it)) => Json::Int(*it),
        (Type::Float32, Value::Float32(it)) => Json::Float(*it),
        (Type::Float64, Value::Float64(it)) => Json::Double(*it),
        (Type::Boolean, Value::Boolean(it)) => Json::Bool(*it),
        (Type::String, Value::String(it)) => Json::Text(it.to_string()),
        (Type::Bytes, Value::Bytes(it)) => text(it),
        (Type::Array(items), Value::Array(values)) => {
            Json::List(values.iter().map(|it| of(items, it, options)).collect::<Result<_, _>>()?)
        }
        (Type::Map(keys, values), Value::Map(entries)) => {
            let is_object = has_text_keys(keys, options);
            let mut members = Vec::new();
            let mut pairs = Vec::new();
            for (key, value) in entries {
                let value = of(values, value, options)?;
                match key {
                    Value::String(name) if is_object => members.push((name.to_string(), value)),
                    _ if is_object => return Err(mismatch()),
                    key => pairs.push(Json::List(vec![of(keys, key, options)?, value])),
                }
            }
            if is_object { Json::Object(members) } else { Json::List(pairs) }
        }
        (Type::Struct(fields), Value::Struct(row)) => {
            let mut members = Vec::new();
            for (field, value) in fields.iter().zip(row.values()) {
                let value = match (&field.schema.default, value) {
                    (Some(default), Value::Null) => default,
                    _ => value,
                };
                let value = of(&field.schema, value, options)?;
                if is_union(schema) {
                    return Ok(value);
                }
                members.push((scrubbed(&field.name, options), value));
            }
            Json::Object(members)
        }
        _ => return Err(mismatch()),
    })
}

impl Json {
    /// As Avro keeps the default of a field: of numbers with a fraction it knows one kind.
    pub(super) fn widened(self) -> Self {
        match self {
            Self::Float(it) => Self::Double(it.into()),
            Self::List(items) => Self::List(items.into_iter().map(Self::widened).collect()),
            Self::Object(members) => {
                let widened = members.into_iter().map(|(name, it)| (name, it.widened()));
                Self::Object(widened.collect())
            }
            other => other,
        }
    }
}

/// Whether a default is one of its type, which of a union is the first (`Schema.isValidDefault`).
pub(super) fn is_valid(avro: &Avro, id: Id, json: &Json) -> bool {
    matches(avro, id, json, |branches| &branches[..branches.len().min(1)])
}

/// Whether JSON is a value of a type, of a union any.
pub(crate) fn fits(avro: &Avro, id: Id, json: &Json) -> bool {
    matches(avro, id, json, |branches| branches)
}

fn matches(avro: &Avro, id: Id, json: &Json, among: fn(&[Id]) -> &[Id]) -> bool {
    let part = |id: &Id, json: &Json| matches(avro, *id, json, among);
    match avro.kind(id) {
        Kind::Null => *json == Json::Null,
        Kind::Boolean => matches!(json, Json::Bool(_)),
        Kind::Int => json.int().is_some_and(|it| i32::try_from(it).is_ok()),
        Kind::Long => json.int().is_some(),
        Kind::Float | Kind::Double => json.number().is_some(),
        Kind::Bytes | Kind::String | Kind::Enum(_) | Kind::Fixed(_) => json.text().is_some(),
        Kind::Array(items) => {
            let Json::List(values) = json else { return false };
            values.iter().all(|it| part(items, it))
        }
        Kind::Map(values) => {
            let Json::Object(members) = json else { return false };
            members.iter().all(|(_, it)| part(values, it))
        }
        Kind::Union(branches) => among(branches).iter().any(|it| part(it, json)),
        Kind::Record(record) => {
            let Json::Object(_) = json else { return false };
            record.fields.iter().all(|field| {
                let value = json.get(&field.name).or(field.default.as_ref());
                value.is_some_and(|it| part(&field.schema, it))
            })
        }
    }
}
