//! JSON to values: `JsonConverter.convertToConnect`.

use std::sync::Arc;

use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use bytes::Bytes;
use sluice_plugin::model::logical::{DAY, scale_of, time_from};
use sluice_plugin::model::{Decimal, Logical, Schema, SchemaRef, Struct, Type, Value};
use sluice_plugin::{Error, Result};

use super::node::Node;
use super::number::Number;
use super::schemaless;

/// Bits that are used by no byte may be set, as in Jackson.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::RequireCanonical),
);

/// A value of a schema; `node` is none where a member is missing.
pub(super) fn typed(
    schema: &SchemaRef,
    node: Option<&Node<'_>>,
    replace_null: bool,
) -> Result<Value> {
    let Some(node) = node.filter(|it| **it != Node::Null) else {
        return null(schema, replace_null);
    };
    if let Some(logical) = Logical::of(schema) {
        return logical_value(logical, schema, node);
    }
    Ok(match &schema.r#type {
        Type::Boolean => Value::Boolean(*node == Node::Boolean(true)),
        Type::Int8 => Value::Int8(number(node).long() as i8),
        Type::Int16 => Value::Int16(number(node).long() as i16),
        Type::Int32 => Value::Int32(number(node).long() as i32),
        Type::Int64 => Value::Int64(number(node).long()),
        Type::Float32 => Value::Float32(number(node).float()),
        Type::Float64 => Value::Float64(number(node).double()),
        Type::String => match node {
            Node::Text(text) => Value::from(&**text),
            _ => Value::Null,
        },
        Type::Bytes => match node {
            Node::Text(text) => {
                Value::Bytes(base64(text).ok_or_else(|| Error::bad_record("Invalid bytes field"))?)
            }
            _ => Value::Null,
        },
        Type::Array(items) => Value::Array(match node {
            Node::Array(nodes) => {
                let item = |it| typed(items, Some(it), replace_null);
                nodes.iter().map(item).collect::<Result<_>>()?
            }
            Node::Object(members) => {
                let values = members.iter().map(|(_, it)| typed(items, Some(it), replace_null));
                values.collect::<Result<_>>()?
            }
            _ => Vec::new(),
        }),
        Type::Map(keys, values) => map(keys, values, node, replace_null)?,
        Type::Struct(_) => row(schema, node, replace_null)?,
        Type::Untyped => schemaless::of(node),
    })
}

pub(super) fn null(schema: &Schema, replace_null: bool) -> Result<Value> {
    if let Some(default) = schema.default.as_ref().filter(|_| replace_null) {
        return Ok(default.clone());
    }
    if schema.optional {
        return Ok(Value::Null);
    }
    Err(Error::bad_record(format!("Invalid null value for required {} field", schema.type_name())))
}

fn logical_value(logical: Logical, schema: &Schema, node: &Node<'_>) -> Result<Value> {
    let wrong = |name: &str, expected: &str| {
        Error::bad_record(format!(
            "Invalid type for {name}, underlying representation should be {expected} but was {}",
            node.kind()
        ))
    };
    let int = || match node {
        Node::Number(Number::Integer(it)) => i32::try_from(*it).ok(),
        _ => None,
    };
    Ok(match logical {
        Logical::Date => {
            let days = int().ok_or_else(|| wrong("Date", "integer"))?;
            Value::Date(i64::from(days) * DAY)
        }
        Logical::Time => {
            let millis = int().ok_or_else(|| wrong("Time", "integer"))?;
            let time = time_from(millis).map_err(|error| Error::bad_record(error.to_string()))?;
            Value::Date(time)
        }
        Logical::Timestamp => match node {
            Node::Number(it @ (Number::Integer(_) | Number::Big(_))) => Value::Date(it.long()),
            _ => return Err(wrong("Timestamp", "integral")),
        },
        Logical::Decimal => match node {
            Node::Number(it) => decimal(
                it.decimal()
                    .ok_or_else(|| Error::bad_record("the exponent of a number is too large"))?,
            ),
            Node::Text(text) => {
                let scale = scale_of(schema).ok();
                let read = scale.and_then(|scale| Decimal::from_bytes(&base64(text)?, scale));
                decimal(read.ok_or_else(|| Error::bad_record("Invalid bytes for Decimal field"))?)
            }
            _ => return Err(wrong("Decimal", "numeric or bytes")),
        },
    })
}

fn decimal(decimal: Decimal) -> Value {
    Value::Decimal(Arc::new(decimal))
}

/// Text keys make an object, all others a list of pairs.
fn map(keys: &SchemaRef, values: &SchemaRef, node: &Node<'_>, replace_null: bool) -> Result<Value> {
    let mut entries = Vec::new();
    let wrong = |what: &str, found: &str| Error::bad_record(format!("{what}{found}"));
    if keys.r#type == Type::String {
        let Node::Object(members) = node else {
            return Err(wrong(
                "Maps with string fields should be encoded as JSON objects, but found ",
                node.kind(),
            ));
        };
        for (name, value) in members {
            entries.push((name_of(name), typed(values, Some(value), replace_null)?));
        }
        return Ok(Value::Map(entries));
    }
    // All nulls become one and the same key, be it null or the default.
    let mut of_null = None;
    let Node::Array(pairs) = node else {
        return Err(wrong(
            "Maps with non-string fields should be encoded as JSON array of tuples, but found ",
            node.kind(),
        ));
    };
    for pair in pairs {
        let Node::Array(pair) = pair else {
            return Err(wrong("Found invalid map entry instead of array tuple: ", pair.kind()));
        };
        let [key, value] = &pair[..] else {
            let length = pair.len().to_string();
            return Err(wrong("Found invalid map entry, expected length 2 but found :", &length));
        };
        let is_null = *key == Node::Null;
        let key = typed(keys, Some(key), replace_null)?;
        let value = typed(values, Some(value), replace_null)?;
        let same = entries.iter().position(|(known, _)| same_key(known, &key));
        let same = of_null.filter(|_| is_null).or(same);
        if is_null {
            of_null = same.or(Some(entries.len()));
        }
        match same {
            Some(at) => entries[at].1 = value,
            None => entries.push((key, value)),
        }
    }
    Ok(Value::Map(entries))
}

/// `equals` of Java's boxed types: one NaN equals another, 0.0 and -0.0 differ, and arrays of bytes are equal if they are
/// the same in memory, as all empty ones are that Jackson reads.
fn same_key(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::Float32(left), Value::Float32(right)) => left.to_bits() == right.to_bits(),
        (Value::Float64(left), Value::Float64(right)) => left.to_bits() == right.to_bits(),
        (Value::Bytes(left), Value::Bytes(right)) => left.is_empty() && right.is_empty(),
        _ => left == right,
    }
}

fn row(schema: &SchemaRef, node: &Node<'_>, replace_null: bool) -> Result<Value> {
    let Node::Object(members) = node else {
        return Err(Error::bad_record(format!(
            "Structs should be encoded as JSON objects, but found {}",
            node.kind()
        )));
    };
    let mut values = Vec::with_capacity(schema.fields().len());
    for (index, field) in schema.fields().iter().enumerate() {
        // Members mostly come in the order of the fields.
        let in_order = members.get(index).filter(|(name, _)| *name == *field.name);
        let found = in_order.map(|(_, value)| value).or_else(|| node.get(&field.name));
        let value = typed(&field.schema, found, replace_null)?;
        let checked = field.schema.validate(Some(&field.name), &value);
        checked.map_err(|error| Error::bad_record(error.to_string()))?;
        values.push(value);
    }
    Ok(Value::Struct(Struct::new(SchemaRef::clone(schema), values)))
}

fn name_of(name: &str) -> Value {
    Value::from(name)
}

/// What is no number counts as 0.
const fn number<'a>(node: &Node<'a>) -> Number<'a> {
    if let Node::Number(it) = node { *it } else { Number::Integer(0) }
}

/// Padded Base64 by Jackson's rules: white space may stand between groups of four.
pub(super) fn base64(text: &str) -> Option<Bytes> {
    if text.bytes().any(|it| it <= b' ') {
        let groups: String = text.chars().filter(|it| *it > ' ').collect();
        return BASE64.decode(groups).ok().map(Bytes::from);
    }
    BASE64.decode(text).ok().map(Bytes::from)
}
