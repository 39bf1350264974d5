//! Schemas as JSON, with their parts in the order in which Java writes them.

use std::sync::Arc;

use sluice_plugin::{
    Error, Result,
    model::{Field, Schema, SchemaRef, Type},
};

use super::{encode, node::Node, number::Number, read};

/// Reads a schema; none is JSON's null (`JsonConverter.asConnectSchema`).
pub(super) fn read(node: &Node<'_>, replace_null: bool) -> Result<Option<SchemaRef>> {
    if *node == Node::Null {
        return Ok(None);
    }
    let Some(Node::Text(name)) = node.get("type") else {
        return Err(Error::bad_record("Schema must contain 'type' field"));
    };
    let mut schema = Schema::required(physical(name, node, replace_null)?);
    schema.optional = node.get("optional") == Some(&Node::Boolean(true));
    if let Some(Node::Text(name)) = node.get("name") {
        schema.name = Some(Arc::from(&**name));
    }
    if let Some(version) = node.get("version") {
        schema.version = integral(version);
    }
    if let Some(Node::Text(doc)) = node.get("doc") {
        schema.doc = Some(Arc::from(&**doc));
    }
    if let Some(Node::Object(parameters)) = node.get("parameters") {
        for (name, value) in parameters {
            let Node::Text(value) = value else {
                return Err(Error::bad_record("Schema parameters must have string values."));
            };
            schema.parameters.set(&**name, &**value);
        }
    }
    if let Some(default) = node.get("default") {
        let value = read::typed(&SchemaRef::new(schema.clone()), Some(default), replace_null)?;
        schema
            .validate(None, &value)
            .map_err(|error| builder_error("Invalid default value").because(error))?;
        schema.default = Some(value).filter(|it| !it.is_null());
    }
    Ok(Some(SchemaRef::kept(schema)))
}

fn physical(name: &str, node: &Node<'_>, replace_null: bool) -> Result<Type> {
    let missing = |message: &str| Error::bad_record(message);
    Ok(match name {
        "boolean" => Type::Boolean,
        "int8" => Type::Int8,
        "int16" => Type::Int16,
        "int32" => Type::Int32,
        "int64" => Type::Int64,
        "float" => Type::Float32,
        "double" => Type::Float64,
        "bytes" => Type::Bytes,
        "string" => Type::String,
        "array" => {
            let items = node.get("items").filter(|it| **it != Node::Null);
            let items =
                items.ok_or_else(|| missing("Array schema did not specify the element type"))?;
            Type::Array(part(items, "valueSchema", replace_null)?)
        }
        "map" => {
            let keys = node.get("keys");
            let keys = keys.ok_or_else(|| missing("Map schema did not specify the key type"))?;
            let values = node.get("values");
            let values =
                values.ok_or_else(|| missing("Map schema did not specify the value type"))?;
            let (keys, values) = (read(keys, replace_null)?, read(values, replace_null)?);
            let keys = keys.ok_or_else(|| builder_error("keySchema cannot be null."))?;
            Type::Map(keys, values.ok_or_else(|| builder_error("valueSchema cannot be null."))?)
        }
        "struct" => Type::Struct(fields(node, replace_null)?),
        unknown => return Err(Error::bad_record(format!("Unknown schema type: {unknown}"))),
    })
}

fn part(node: &Node<'_>, what: &str, replace_null: bool) -> Result<SchemaRef> {
    read(node, replace_null)?.ok_or_else(|| builder_error(format!("{what} cannot be null.")))
}

fn fields(node: &Node<'_>, replace_null: bool) -> Result<Vec<Field>> {
    let Some(Node::Array(nodes)) = node.get("fields") else {
        return Err(Error::bad_record("Struct schema's \"fields\" argument is not an array."));
    };
    let mut fields: Vec<Field> = Vec::with_capacity(nodes.len());
    for node in nodes {
        let Some(Node::Text(name)) = node.get("field") else {
            return Err(Error::bad_record("Struct schema's field name not specified properly"));
        };
        let schema = read(node, replace_null)?;
        if name.is_empty() {
            return Err(builder_error("fieldName cannot be null."));
        }
        let schema = schema.ok_or_else(|| {
            builder_error(format!("fieldSchema for field {name} cannot be null."))
        })?;
        if fields.iter().any(|it| *it.name == **name) {
            return Err(builder_error(format!(
                "Cannot create field because of field name duplication {name}"
            )));
        }
        fields.push(Field { name: Arc::from(&**name), schema });
    }
    Ok(fields)
}

fn integral(node: &Node<'_>) -> Option<i32> {
    match node {
        Node::Number(it @ (Number::Integer(_) | Number::Big(_))) => Some(it.long() as i32),
        _ => None,
    }
}

fn builder_error(message: impl Into<String>) -> Error {
    Error::bad_record(message).named("org.apache.kafka.connect.errors.SchemaBuilderException")
}

/// Writes a schema; `field` is its name if it is that of a field.
pub(super) fn write(
    out: &mut String,
    schema: &Schema,
    field: Option<&str>,
    options: encode::Options,
) -> Result<()> {
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
        Type::Untyped => {
            out.push_str("null");
            return Ok(());
        }
    };
    out.push_str("{\"type\":\"");
    out.push_str(name);
    out.push('"');
    write_parts(out, &schema.r#type, options)?;
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
        out.push_str(",\"default\":");
        encode::write_value(out, Some(schema), default, options)?;
    }
    write_text(out, "field", field);
    out.push('}');
    Ok(())
}

fn write_parts(out: &mut String, r#type: &Type, options: encode::Options) -> Result<()> {
    match r#type {
        Type::Array(items) => {
            out.push_str(",\"items\":");
            write(out, items, None, options)
        }
        Type::Map(keys, values) => {
            out.push_str(",\"keys\":");
            write(out, keys, None, options)?;
            out.push_str(",\"values\":");
            write(out, values, None, options)
        }
        Type::Struct(fields) => {
            out.push_str(",\"fields\":[");
            for (index, field) in fields.iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                write(out, &field.schema, Some(&field.name), options)?;
            }
            out.push(']');
            Ok(())
        }
        _ => Ok(()),
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
