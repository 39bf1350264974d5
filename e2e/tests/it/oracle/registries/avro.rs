//! Avro.

use anyhow::Result;
use serde_json::{Value as Json, json};
use sluice_avro::AvroConverter;
use sluice_kit::confluent;
use sluice_plugin::model::{Schema, Value};

use super::{Case, Options, anywhere, expect_same};
use crate::oracle::{compare as drawing, generate, notation};

/// Options that Confluent's 7.0 has as well; each changes what is written.
const OPTIONS: [Options; 5] = [
    &[],
    &[("enhanced.avro.schema.support", "true")],
    &[("connect.meta.data", "false")],
    &[("scrub.invalid.names", "true")],
    &[("allow.optional.map.keys", "true")],
];

/// A default with parts has null for some of them in Java, and one that is a struct has a schema without an end.
fn has_parted_default(schema: &Schema) -> bool {
    anywhere(schema, |it| {
        matches!(it.default, Some(Value::Array(_) | Value::Map(_) | Value::Struct(_)))
    })
}

/// A name with a dot at an end, or with two in a row: Confluent's writes records under another one and finds them by neither.
fn has_odd_name(schema: &Schema) -> bool {
    anywhere(schema, |it| it.name.as_deref().is_some_and(|it| it.split('.').any(str::is_empty)))
}

/// Whether a map has entries whose order Java's HashMap decides.
fn has_unordered(value: &Value) -> bool {
    match value {
        Value::Array(items) => items.iter().any(has_unordered),
        Value::Map(entries) => {
            entries.len() > 1
                || entries.iter().any(|(key, it)| has_unordered(key) || has_unordered(it))
        }
        Value::Struct(row) => {
            let defaults = row.schema().fields().iter().filter_map(|it| it.schema.default.as_ref());
            row.values().iter().chain(defaults).any(has_unordered)
        }
        _ => false,
    }
}

fn comparable(answer: Json) -> Json {
    let mut answer = notation::sorted(answer);
    if answer["excused"]["order"] == true {
        let length = answer["bytes"].as_str().map(str::len);
        answer["bytes"] = length.into();
    }
    answer
}

/// Schemas and values that Avro can say.
fn cases(count: usize) -> Vec<Case> {
    let mut drawn = drawing::draw(&generate::described(), count * 3 / 2);
    // Java derives the schema of a null all the same, and fails if there is none.
    drawn.retain(|(schema, value)| {
        schema.is_none() || !value.is_null() && !schema.as_deref().is_some_and(has_odd_name)
    });
    drawn
        .into_iter()
        .take(count)
        .enumerate()
        .map(|(number, (schema, value))| Case {
            converter: &AvroConverter,
            provider: "avro.AvroSchemaProvider",
            number,
            options: OPTIONS[number % OPTIONS.len()],
            fault: ("connect.meta.data", "false"),
            excused: json!({"order": has_unordered(&value)}),
            is_decoded: !schema.as_deref().is_some_and(has_parted_default),
            schema,
            value,
        })
        .collect()
}

#[tokio::test]
async fn values_are_written_and_read_as_confluent_s_avro_converter_does() -> Result<()> {
    sluice_kit::require!(confluent::missing());
    expect_same(&cases(drawing::share(20).max(1_000)), comparable).await
}
