//! Schemas as JSON, with their parts in the order in which Java writes them.

use std::collections::BTreeMap;

use serde::Deserialize;
use sluice_plugin::{
    Error, Result,
    model::{Field, Schema, SchemaRef, Type},
};

use super::{decode, encode};

/// The parts of a schema as they stand in JSON.
#[derive(Deserialize)]
struct Parts {
    r#type: Option<String>,
    #[serde(default)]
    optional: Option<bool>,
    name: Option<String>,
    version: Option<i32>,
    doc: Option<String>,
    parameters: Option<BTreeMap<String, String>>,
    default: Option<Box<serde_json::value::RawValue>>,
    items: Option<Box<Parts>>,
    keys: Option<Box<Parts>>,
    values: Option<Box<Parts>>,
    fields: Option<Vec<Parts>>,
    field: Option<String>,
}

/// Reads a schema.
pub(super) fn read(text: &str) -> Result<Schema> {
    let parts: Parts = serde_json::from_str(text).map_err(|error| {
        Error::bad_record("the schema of the record has an unexpected form").because(error)
    })?;
    build(parts)
}

fn build(parts: Parts) -> Result<Schema> {
    let name = parts
        .r#type
        .as_deref()
        .ok_or_else(|| Error::bad_record("Schema must contain 'type' field"))?;
    let part = |part: Option<Box<Parts>>, message: &str| -> Result<SchemaRef> {
        part.map_or_else(|| Err(Error::bad_record(message)), |it| build(*it)).map(SchemaRef::new)
    };
    let r#type = match name {
        "boolean" => Type::Boolean,
        "int8" => Type::Int8,
        "int16" => Type::Int16,
        "int32" => Type::Int32,
        "int64" => Type::Int64,
        "float" => Type::Float32,
        "double" => Type::Float64,
        "bytes" => Type::Bytes,
        "string" => Type::String,
        "array" => Type::Array(part(parts.items, "Array schema did not specify the element type")?),
        "map" => Type::Map(
            part(parts.keys, "Map schema did not specify the key type")?,
            part(parts.values, "Map schema did not specify the value type")?,
        ),
        "struct" => Type::Struct(fields(parts.fields)?),
        unknown => return Err(Error::bad_record(format!("Unknown schema type: {unknown}"))),
    };
    let mut schema = Schema {
        r#type,
        optional: parts.optional.unwrap_or(false),
        name: parts.name.map(Into::into),
        version: parts.version,
        doc: parts.doc.map(Into::into),
        default: None,
        parameters: parts
            .parameters
            .unwrap_or_default()
            .into_iter()
            .map(|(k, v)| (k.into(), v.into()))
            .collect(),
    };
    if let Some(default) = parts.default.filter(|it| it.get() != "null") {
        schema.default =
            Some(decode::typed(&SchemaRef::new(schema.clone()), default.get(), false)?);
    }
    Ok(schema)
}

fn fields(parts: Option<Vec<Parts>>) -> Result<Vec<Field>> {
    let parts = parts
        .ok_or_else(|| Error::bad_record("Struct schema's \"fields\" argument is not an array."))?;
    let field = |mut part: Parts| {
        let name = part.field.take().ok_or_else(|| {
            Error::bad_record("Struct schema's field name not specified properly")
        })?;
        Ok(Field { name: name.into(), schema: SchemaRef::new(build(part)?) })
    };
    parts.into_iter().map(field).collect()
}

/// Writes a schema; `field` is its name if it is that of a field.
pub(super) fn write(out: &mut String, schema: &Schema, field: Option<&str>) {
    let name = match &schema.r#type {
        Type::Boolean => "boolean",
        Type::Int8 => "int8",
        Type::Int16 => "int16",
        Type::Int32 => "int32",
        Type::Int64 => "int64",
        Type::Float32 => "float",
        Type::Float64 => "double",
        Type::Bytes => "bytes",
        Type::String => "string",
        Type::Array(_) => "array",
        Type::Map(..) => "map",
        Type::Struct(_) => "struct",
    };
    out.push_str("{\"type\":\"");
    out.push_str(name);
    out.push('"');
    write_parts(out, &schema.r#type);
    out.push_str(if schema.optional { ",\"optional\":true" } else { ",\"optional\":false" });
    write_text(out, "name", schema.name.as_deref());
    if let Some(version) = schema.version {
        out.push_str(",\"version\":");
        out.push_str(&version.to_string());
    }
    write_text(out, "doc", schema.doc.as_deref());
    if !schema.parameters.is_empty() {
        out.push_str(",\"parameters\":{");
        for (index, (key, value)) in schema.parameters.iter().enumerate() {
            if index > 0 {
                out.push(',');
            }
            encode::write_string(out, key);
            out.push(':');
            encode::write_string(out, value);
        }
        out.push('}');
    }
    if let Some(default) = &schema.default {
        let length = out.len();
        out.push_str(",\"default\":");
        // A default was checked against its schema when it was made; one that does not fit is left out.
        if encode::write_value(out, Some(schema), default, false).is_err() {
            out.truncate(length);
        }
    }
    write_text(out, "field", field);
    out.push('}');
}

fn write_parts(out: &mut String, r#type: &Type) {
    match r#type {
        Type::Array(items) => {
            out.push_str(",\"items\":");
            write(out, items, None);
        }
        Type::Map(keys, values) => {
            out.push_str(",\"keys\":");
            write(out, keys, None);
            out.push_str(",\"values\":");
            write(out, values, None);
        }
        Type::Struct(fields) => {
            out.push_str(",\"fields\":[");
            for (index, field) in fields.iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                write(out, &field.schema, Some(&field.name));
            }
            out.push(']');
        }
        _ => {}
    }
}

fn write_text(out: &mut String, key: &str, text: Option<&str>) {
    if let Some(text) = text {
        out.push_str(",\"");
        out.push_str(key);
        out.push_str("\":");
        encode::write_string(out, text);
    }
}
