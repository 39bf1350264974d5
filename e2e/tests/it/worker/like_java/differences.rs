//! What may differ between the answers of a Java worker and of ours, in one place.

use std::collections::BTreeSet;

use serde_json::Value;

/// Takes out of an answer what each side says in its own way.
pub(super) fn forget(answer: &mut Value, of_both: &BTreeSet<String>) {
    let configs = answer.get_mut("configs").and_then(Value::as_array_mut);
    for config in configs.into_iter().flatten() {
        // Documentation is prose of our own.
        if !config["definition"].is_null() {
            config["definition"]["documentation"] = Value::Null;
        }
        // Each recommends the plugins that it has.
        if let Some(recommended) = config["value"]["recommended_values"].as_array_mut() {
            let is_class = |it: &str| it.contains(".connect.") || it.contains("sluice");
            recommended
                .retain(|it| it.as_str().is_none_or(|it| !is_class(it) || of_both.contains(it)));
        }
    }
}

/// The lines that differ.
pub(super) fn apart(expected: &[String], got: &[String]) -> (String, String) {
    let only = |these: &[String], those: &[String]| {
        let lines: Vec<&str> =
            these.iter().filter(|it| !those.contains(it)).map(String::as_str).collect();
        if lines.is_empty() {
            "the same in another order".to_owned()
        } else {
            lines.join("\n          ")
        }
    };
    (only(expected, got), only(got, expected))
}
