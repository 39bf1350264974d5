//! Schemas and values in the notation of `e2e/oracle/Data.java`: one JSON key names the Java class.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Map, Value as Json, json};
use sluice_plugin::model::{Schema, SchemaRef, Type, Value};

pub(crate) fn schema(schema: Option<&SchemaRef>) -> Json {
    schema.map_or(Json::Null, |it| written(it))
}

fn written(schema: &Schema) -> Json {
    if schema.known().is_none() {
        return Json::Null;
    }
    let mut json = Map::new();
    json.insert("t".to_owned(), schema.type_name().into());
    json.insert("o".to_owned(), schema.optional.into());
    let mut add = |key: &str, value: Option<Json>| {
        if let Some(value) = value {
            json.insert(key.to_owned(), value);
        }
    };
    add("n", schema.name.as_deref().map(Json::from));
    add("v", schema.version.map(Json::from));
    add("d", schema.doc.as_deref().map(Json::from));
    let parameters = schema.parameters.iter().map(|(key, value)| json!([**key, **value]));
    let parameters: Vec<Json> = parameters.collect();
    add("p", (!parameters.is_empty()).then_some(Json::Array(parameters)));
    add("def", schema.default.as_ref().map(value));
    match &schema.r#type {
        Type::Array(items) => add("i", Some(written(items))),
        Type::Map(keys, values) => {
            add("k", Some(written(keys)));
            add("e", Some(written(values)));
        }
        Type::Struct(fields) => {
            let fields = fields.iter().map(|it| json!([*it.name, written(&it.schema)]));
            add("f", Some(fields.collect()));
        }
        _ => {}
    }
    Json::Object(json)
}

pub(crate) fn value(value: &Value) -> Json {
    match value {
        Value::Null => Json::Null,
        Value::Boolean(it) => json!({"boolean": it}),
        Value::Int8(it) => json!({"byte": it}),
        Value::Int16(it) => json!({"short": it}),
        Value::Int32(it) => json!({"int": it}),
        Value::Int64(it) => json!({"long": it.to_string()}),
        // Java knows one NaN.
        Value::Float32(it) if it.is_nan() => json!({"float": 0x7fc0_0000_u32.to_string()}),
        Value::Float64(it) if it.is_nan() => json!({"double": (0x7ff8_u64 << 48).to_string()}),
        Value::Float32(it) => json!({"float": it.to_bits().to_string()}),
        Value::Float64(it) => json!({"double": it.to_bits().to_string()}),
        Value::String(it) => json!({"string": **it}),
        Value::Bytes(it) => json!({"bytes": BASE64_STANDARD.encode(it)}),
        Value::Date(millis) => json!({"date": millis.to_string()}),
        Value::Decimal(it) => json!({"decimal": [it.unscaled().to_string(), it.scale()]}),
        Value::Array(items) => json!({"list": items.iter().map(self::value).collect::<Vec<_>>()}),
        Value::Map(entries) => {
            let entries = entries.iter().map(|(k, v)| json!([self::value(k), self::value(v)]));
            json!({"map": entries.collect::<Vec<_>>()})
        }
        Value::Struct(row) => {
            let values: Vec<Json> = row.values().iter().map(self::value).collect();
            json!({"struct": [written(row.schema()), values]})
        }
    }
}

/// Maps in one order, whatever order Java's HashMap has: for comparing.
pub(crate) fn sorted(mut json: Json) -> Json {
    match &mut json {
        Json::Array(items) => {
            for item in items.iter_mut() {
                *item = sorted(item.take());
            }
        }
        Json::Object(parts) => {
            for (key, part) in parts.iter_mut() {
                *part = sorted(part.take());
                if let ("map", Json::Array(entries)) = (key.as_str(), part) {
                    entries.sort_by_cached_key(ToString::to_string);
                }
            }
        }
        _ => {}
    }
    json
}

/// Bytes or none, in base64.
pub(crate) fn bytes(bytes: Option<&[u8]>) -> Json {
    bytes.map_or(Json::Null, |it| BASE64_STANDARD.encode(it).into())
}

/// A readable form of an answer for the report of a difference.
pub(crate) fn readable(answer: &Json) -> String {
    let text = answer["bytes"].as_str().and_then(|it| BASE64_STANDARD.decode(it).ok());
    text.and_then(|it| String::from_utf8(it).ok()).unwrap_or_else(|| answer.to_string())
}
