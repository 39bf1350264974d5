//! Defaults of a schema as bytes, for fields that a value does not have.

use super::{begin, bytes, end, long};
use crate::{
    json::Json,
    schema::{Avro, Id, Kind},
};

/// Appends a default.
pub(super) fn write(avro: &Avro, id: Id, json: &Json, out: &mut Vec<u8>) -> Result<(), String> {
    let wrong = || format!("the default is no {}", avro.kind(id).word());
    match (avro.kind(id), json) {
        (Kind::Null, Json::Null) => {}
        (Kind::Boolean, Json::Bool(it)) => out.push(u8::from(*it)),
        (Kind::Int | Kind::Long, Json::Int(it)) => long(out, *it),
        (Kind::Float, it) => {
            let number = it.number().ok_or_else(wrong)? as f32;
            out.extend_from_slice(&number.to_le_bytes());
        }
        (Kind::Double, it) => {
            out.extend_from_slice(&it.number().ok_or_else(wrong)?.to_le_bytes());
        }
        (Kind::String, Json::Text(it)) => bytes(out, it.as_bytes()),
        (Kind::Bytes, Json::Text(it)) => bytes(out, &raw(it).ok_or_else(wrong)?),
        (Kind::Fixed(fixed), Json::Text(it)) => {
            let raw = raw(it).filter(|it| it.len() == fixed.size).ok_or_else(wrong)?;
            out.extend_from_slice(&raw);
        }
        (Kind::Enum(it), Json::Text(symbol)) => {
            let place = it.symbols.iter().position(|known| **known == **symbol);
            long(out, place.ok_or_else(wrong)? as i64);
        }
        (Kind::Array(items), Json::List(values)) => {
            begin(out, values.len());
            values.iter().try_for_each(|it| write(avro, *items, it, out))?;
            end(out);
        }
        (Kind::Map(values), Json::Object(members)) => {
            begin(out, members.len());
            for (name, value) in members {
                bytes(out, name.as_bytes());
                write(avro, *values, value, out)?;
            }
            end(out);
        }
        (Kind::Record(record), Json::Object(_)) => {
            for field in &record.fields {
                let value = json.get(&field.name).or(field.default.as_ref()).ok_or_else(wrong)?;
                write(avro, field.schema, value, out)?;
            }
        }
        (Kind::Union(branches), json) => {
            let fits = |id: &Id| crate::derive::fits(avro, *id, json);
            let place = branches.iter().position(fits).ok_or_else(wrong)?;
            long(out, place as i64);
            write(avro, branches[place], json, out)?;
        }
        _ => return Err(wrong()),
    }
    Ok(())
}

/// Bytes as a default writes them: each a character.
pub(crate) fn raw(text: &str) -> Option<Vec<u8>> {
    text.chars().map(|it| u8::try_from(it).ok()).collect()
}
