//! Finds secret values in objects, by the names of their keys, and hides them everywhere. Pure.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use crate::connector::redact::is_secret;
use crate::names;

const HIDDEN: &str = "[hidden]";

/// Shortest value that is looked for in texts: shorter ones would blank out ordinary words.
const SHORTEST: usize = 4;

/// Fields that repeat whole objects as text, or are of no use to anybody.
const DROPPED: [&str; 2] = ["managedFields", names::LAST_APPLIED];

/// Secret values that were found so far.
#[derive(Debug, Default)]
pub(super) struct Secrets(BTreeSet<String>);

impl Secrets {
    /// Remembers the secret values of an object.
    pub(super) fn learn(&mut self, value: &Value) {
        walk(value, &mut |key, text| {
            if holds_secret(key, text) {
                self.0.insert(text.to_owned());
            }
        });
    }

    /// Hides them in a text.
    pub(super) fn hide_text(&self, text: &str) -> String {
        let mut values: Vec<&String> = self.0.iter().filter(|it| it.len() >= SHORTEST).collect();
        // A secret that is part of a longer one must not leave the rest of that behind.
        values.sort_by_key(|value| std::cmp::Reverse(value.len()));
        values.into_iter().fold(text.to_owned(), |text, value| text.replace(value.as_str(), HIDDEN))
    }
}

/// Hides what is secret by its key in an object, and drops what repeats it.
pub(super) fn hide(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            fields.retain(|key, _| !DROPPED.contains(&key.as_str()));
            hide_variable(fields);
            for (key, field) in fields.iter_mut() {
                match field {
                    Value::String(text) if holds_secret(key, text) => HIDDEN.clone_into(text),
                    Value::String(text) => *text = hide_properties(text),
                    other => hide(other),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(hide),
        _ => {}
    }
}

/// Calls back with each text and its key: fields, variables (`name` and `value`), lines of settings in a text.
fn walk(value: &Value, found: &mut impl FnMut(&str, &str)) {
    match value {
        Value::Object(fields) => {
            if let Some((name, value)) = variable(fields) {
                // Variables are named with underlines where settings have dots.
                found(&name.replace('_', "."), value);
            }
            for (key, field) in fields {
                match field {
                    Value::String(text) => {
                        found(key, text);
                        for (key, value) in text.lines().filter_map(|line| line.split_once('=')) {
                            found(key, value);
                        }
                    }
                    other => walk(other, found),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| walk(item, found)),
        _ => {}
    }
}

/// Whether a key's value is secret, rather than the name of a place where a secret is.
fn holds_secret(key: &str, value: &str) -> bool {
    const NAMES: [&str; 4] = ["secretname", "secretref", "secretkeyref", "secret"];
    let lower = key.to_ascii_lowercase();
    let names_secret = NAMES.contains(&lower.as_str()) || lower.rsplit('.').next() == Some("class");
    is_secret(key) && !names_secret && !value.is_empty() && !value.contains("${")
}

fn variable(fields: &Map<String, Value>) -> Option<(&str, &str)> {
    Some((fields.get("name")?.as_str()?, fields.get("value")?.as_str()?))
}

fn hide_variable(fields: &mut Map<String, Value>) {
    let is_secret_one =
        variable(fields).is_some_and(|(name, value)| holds_secret(&name.replace('_', "."), value));
    if is_secret_one {
        fields.insert("value".to_owned(), HIDDEN.into());
    }
}

/// Hides the secret settings of a text that is a file of settings.
fn hide_properties(text: &str) -> String {
    if !text.contains('\n') {
        return text.to_owned();
    }
    let line = |line: &str| match line.split_once('=') {
        Some((key, value)) if holds_secret(key, value) => format!("{key}={HIDDEN}"),
        _ => line.to_owned(),
    };
    let mut hidden = text.lines().map(line).collect::<Vec<_>>().join("\n");
    if text.ends_with('\n') {
        hidden.push('\n');
    }
    hidden
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn secrets_are_hidden_wherever_they_stand_and_their_places_are_not() {
        let applied = names::LAST_APPLIED;
        let mut object = json!({
            "metadata": {"name": "a", "managedFields": [1], "annotations": {applied: "hunter2"}},
            "spec": {
                "config": {
                    "db.password": "hunter2", "db.user": "bob", "other.password": "${file:/a:b}",
                    "odd": {"secretKeyRef": {"name": "a-secret", "key": "token"}},
                },
                "tls": {"secretName": "ca"},
                "env": [{"name": "API_KEY", "value": "k-123456"}, {"name": "A", "value": "b"}],
            },
            "data": {"worker.properties": "a=b\nssl.key.password=swordfish\n"},
        });
        let mut secrets = Secrets::default();
        secrets.learn(&object);
        hide(&mut object);
        let text = object.to_string();
        for secret in ["hunter2", "k-123456", "swordfish", "managedFields"] {
            assert!(!text.contains(secret), "{secret} in {text}");
        }
        for kept in ["bob", "${file:/a:b}", "a-secret", "\"secretName\":\"ca\"", "a=b", "\"token\""]
        {
            assert!(text.contains(kept), "{kept} in {text}");
        }
        assert_eq!(
            secrets.hide_text("login with hunter2 or swordfish"),
            "login with [hidden] or [hidden]"
        );
    }
}
