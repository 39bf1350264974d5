//! Seeded faults: for each plugin a version of ours that is subtly wrong. If the oracle did not tell it from Java's, it
//! would see nothing.

use anyhow::{Result, ensure};
use serde_json::{Value as Json, json};
use sluice_plugin::model::Value;

use super::{Case, differences};

/// In how many cases a fault in the plugin shows; an error if it goes unnoticed.
pub(super) fn shown(plugin: &str, cases: &[Case], java: &[Json]) -> Result<usize> {
    let (found, _) = differences(cases, java, |case| faulty(plugin, case));
    ensure!(!found.is_empty(), "a seeded fault in {plugin} went unnoticed");
    Ok(found.len())
}

/// What a plugin with a fault would answer.
fn faulty(plugin: &str, case: &Case) -> Json {
    let mut case = case.clone();
    // In place of these, which are right: a wrong setting would show the fault as well.
    let mut set = |key: &str, right: &[&str], value: &str| {
        if let Some(set) = case.config.get_mut(key).filter(|it| right.contains(&it.as_str())) {
            value.clone_into(set);
        }
    };
    match plugin {
        // Defaults are put in place of nulls whatever the settings say.
        "Cast" | "ExtractField" | "HeaderFrom" | "InsertField" | "MaskField" | "ReplaceField"
        | "SetSchemaMetadata" => {
            set("replace.null.with.default", &["false"], "true");
        }
        // The key has its fields in the order of their names.
        "ValueToKey" => {
            if let Some(fields) = case.config.get_mut("fields") {
                let mut names: Vec<&str> = fields.split(',').collect();
                names.sort_unstable();
                *fields = names.join(",");
            }
        }
        "Flatten" => set("delimiter", &["_", "", " x ", "é"], "."),
        "RegexRouter" => without(&mut case, "regex", '?'),
        "TopicNameMatches" => without(&mut case, "pattern", '^'),
        "TimestampConverter" => {
            set("unix.precision", &["seconds", "microseconds", "nanoseconds"], "milliseconds");
        }
        // Names are compared without regard to case.
        "DropHeaders" => lower(&mut case, "headers"),
        "HasHeaderKey" => lower(&mut case, "name"),
        _ => {}
    }
    let answer = case.answer();
    match plugin {
        "Filter" if case.record.value.value.is_null() => json!({"record": null}),
        // Nulls are left alone instead of wrapped.
        "HoistField" if case.record.value.value.is_null() => {
            json!({"record": super::records::notation(&case.record)})
        }
        "InsertHeader" => first_header(answer),
        // The time zone is one hour off.
        "TimestampRouter" => {
            case.record.timestamp = case.record.timestamp.map(|it| it.wrapping_add(3_600_000));
            let mut answer = case.answer();
            let moment = case.record.timestamp.map(|it| it.wrapping_sub(3_600_000).to_string());
            if answer["record"].is_object() {
                answer["record"]["timestamp"] = moment.into();
            }
            answer
        }
        // Empty is taken for missing.
        "RecordIsTombstone" => {
            let is_empty = matches!(&case.record.value.value, Value::String(it) if it.is_empty());
            if is_empty { json!({"test": true}) } else { answer }
        }
        _ => answer,
    }
}

/// The setting without a character that has a meaning in patterns.
fn without(case: &mut Case, key: &str, character: char) {
    if let Some(value) = case.config.get_mut(key) {
        *value = value.replace(character, "");
    }
}

fn lower(case: &mut Case, key: &str) {
    if let Some(value) = case.config.get_mut(key) {
        *value = value.to_lowercase();
    }
}

/// The answer with the new header before the others instead of behind them.
fn first_header(mut answer: Json) -> Json {
    if let Some(headers) = answer["record"]["headers"].as_array_mut() {
        headers.rotate_right(1);
    }
    answer
}
