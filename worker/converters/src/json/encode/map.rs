//! Maps as objects or as lists of pairs.

use sluice_plugin::model::{Schema, Type, Value};
use sluice_plugin::{Error, Result};

use super::{Options, write_list, write_value};
use crate::json::places::Places;

/// A map whose keys are text is an object; any other is a list of pairs.
pub(super) fn write_map(
    out: &mut String,
    schema: Option<&Schema>,
    entries: &[(Value, Value)],
    options: Options,
) -> Result<()> {
    let (keys, values) = match schema.map(|it| &it.r#type) {
        Some(Type::Map(keys, values)) => (Some(&**keys), Some(&**values)),
        _ => (None, None),
    };
    if keys.is_some_and(|it| it.known().is_none()) {
        // Java does not look before it asks the schema for its type.
        return Err(Error::bad_record("the schema of the map says nothing about its keys")
            .named("java.lang.NullPointerException"));
    }
    let is_object = keys.map_or_else(
        || entries.iter().all(|(key, _)| matches!(key, Value::String(_))),
        |keys| keys.r#type == Type::String,
    );
    if !is_object {
        return write_list(out, entries.iter(), |out, (key, value)| {
            out.push('[');
            write_value(out, keys, key, options)?;
            out.push(',');
            write_value(out, values, value, options)?;
            out.push(']');
            Ok(())
        });
    }
    if entries.iter().any(|(key, _)| key.is_null()) {
        return write_merged(out, (keys, values), entries, options);
    }
    out.push('{');
    for (index, (key, value)) in entries.iter().enumerate() {
        if index > 0 {
            out.push(',');
        }
        write_key(out, keys, key, options)?;
        out.push(':');
        write_value(out, values, value, options)?;
    }
    out.push('}');
    Ok(())
}

/// Null as a key has a text as its name, which another key may have as well: of the two the last value counts, at the
/// place of the first.
fn write_merged(
    out: &mut String,
    (keys, values): (Option<&Schema>, Option<&Schema>),
    entries: &[(Value, Value)],
    options: Options,
) -> Result<()> {
    let mut members: Vec<(String, String)> = Vec::with_capacity(entries.len());
    let mut places = Places::default();
    for (key, value) in entries {
        let (mut name, mut text) = (String::new(), String::new());
        write_key(&mut name, keys, key, options)?;
        write_value(&mut text, values, value, options)?;
        match places.find(&members, &name, |(known, _)| known) {
            Some(place) => members[place].1 = text,
            None => members.push((name, text)),
        }
    }
    out.push('{');
    for (index, (name, text)) in members.iter().enumerate() {
        let comma = if index > 0 { "," } else { "" };
        for part in [comma, name, ":", text] {
            out.push_str(part);
        }
    }
    out.push('}');
    Ok(())
}

/// The name of a member. What is no text already becomes one, as `JsonNode.asText` has it.
fn write_key(
    out: &mut String,
    schema: Option<&Schema>,
    key: &Value,
    options: Options,
) -> Result<()> {
    let start = out.len();
    write_value(out, schema, key, options)?;
    if !out[start..].starts_with('"') {
        out.insert(start, '"');
        out.push('"');
    }
    Ok(())
}
