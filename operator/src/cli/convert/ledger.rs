//! What became of each field of a manifest: moved somewhere, or named with the reason why not.

use std::fmt;

use serde::Serialize;
use serde_json::Value;

/// A field and what is to be said about it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Note {
    /// Path of the field, in the manifest that was read.
    pub(super) field: String,
    /// What is said.
    pub(super) message: String,
}

impl fmt::Display for Note {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {}", self.field, self.message)
    }
}

/// The book of one conversion. Every field that holds a value is in exactly one of `moved` and `left`.
#[derive(Clone, Debug, Default)]
pub(super) struct Ledger {
    /// From where to where, for each value.
    pub(super) moved: Vec<(String, String)>,
    /// What was left out: a field, or all below it.
    pub(super) left: Vec<Note>,
    /// What was written though nobody gave it, and what to look at by hand.
    pub(super) remarks: Vec<Note>,
}

impl Ledger {
    /// Notes that a field, and all below it, is left out.
    pub(super) fn leave(&mut self, field: &str, why: impl Into<String>) {
        self.left.push(Note { field: field.to_owned(), message: why.into() });
    }

    /// Notes that all values of `value` went from one place to the other.
    pub(super) fn moved(&mut self, from: &str, to: &str, value: &Value) {
        let pair = |path: String| (format!("{from}{path}"), format!("{to}{path}"));
        self.moved.extend(leaves(value).into_iter().map(pair));
    }

    /// Notes that all values of `value` have become one field.
    pub(super) fn used(&mut self, from: &str, to: &str, value: &Value) {
        let pair = |path: String| (format!("{from}{path}"), to.to_owned());
        self.moved.extend(leaves(value).into_iter().map(pair));
    }

    /// Adds something to know.
    pub(super) fn remark(&mut self, field: &str, message: impl Into<String>) {
        self.remarks.push(Note { field: field.to_owned(), message: message.into() });
    }

    /// Takes back what was moved from `field` and below.
    pub(super) fn withdraw(&mut self, field: &str, why: &str) {
        let moved = std::mem::take(&mut self.moved).into_iter();
        let (back, kept): (Vec<_>, Vec<_>) = moved.partition(|(from, _)| covers(field, from));
        self.moved = kept;
        for (from, _) in back {
            self.leave(&from, why);
        }
    }
}

/// Whether `field` is `path` or around it.
pub(super) fn covers(field: &str, path: &str) -> bool {
    let rest = path.strip_prefix(field);
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
}

/// A path with one more step.
pub(super) fn child(path: &str, key: &str) -> String {
    if key.contains(['.', '/', '[']) { format!("{path}[{key}]") } else { format!("{path}.{key}") }
}

/// Paths of all values in a value, relative to it: scalars, empty objects and empty lists.
pub(super) fn leaves(value: &Value) -> Vec<String> {
    let mut found = Vec::new();
    collect(value, String::new(), &mut found);
    found
}

fn collect(value: &Value, path: String, found: &mut Vec<String>) {
    match value {
        Value::Object(fields) if !fields.is_empty() => {
            for (key, field) in fields {
                collect(field, child(&path, key), found);
            }
        }
        Value::Array(items) if !items.is_empty() => {
            for (index, item) in items.iter().enumerate() {
                collect(item, format!("{path}[{index}]"), found);
            }
        }
        _ => found.push(path),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_value_has_a_path() {
        let value = json!({"a": {"b.c": 1, "d": []}, "e": [{"f": null}, {}]});
        assert_eq!(leaves(&value), [".a[b.c]", ".a.d", ".e[0].f", ".e[1]"]);
    }

    #[test]
    fn a_field_covers_what_is_below_it_and_not_what_begins_like_it() {
        for (path, expected) in
            [("a.b", true), ("a.b.c", true), ("a.b[0]", true), ("a.bc", false), ("a", false)]
        {
            assert_eq!(covers("a.b", path), expected, "{path}");
        }
    }

    #[test]
    fn what_is_withdrawn_is_named_value_by_value() {
        let mut ledger = Ledger::default();
        ledger.moved("a", "x", &json!({"b": 1, "c": [2]}));
        ledger.moved("ab", "y", &json!(1));
        ledger.withdraw("a", "no");
        let left: Vec<&str> = ledger.left.iter().map(|note| note.field.as_str()).collect();
        assert_eq!(left, ["a.b", "a.c[0]"]);
        assert_eq!(ledger.moved, [("ab".to_owned(), "y".to_owned())]);
    }
}
