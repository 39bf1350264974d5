//! Settings whose values stand in Secrets and ConfigMaps: what they name, and the placeholder that takes their place in
//! everything that workers store and show. Pure.

use std::collections::BTreeSet;
use std::fmt;

use serde_json::Value;

use crate::names::is_object_name;

/// What a placeholder for the workers' folder of secrets begins with.
const START: &str = "${secrets:";

/// Distinguishes ConfigMaps from Secrets: no name of a Kubernetes object has a capital letter.
const CONFIG_MAP: &str = "ConfigMap-";

/// Kinds that hold values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Holder {
    /// A Secret.
    Secret,
    /// A ConfigMap.
    ConfigMap,
}

impl fmt::Display for Holder {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Secret => "Secret",
            Self::ConfigMap => "ConfigMap",
        })
    }
}

/// One key of a Secret or ConfigMap of the same namespace.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Reference {
    /// The kind of the object.
    pub holder: Holder,
    /// Its name.
    pub name: String,
    /// The key in it.
    pub key: String,
}

impl Reference {
    /// A key that can be one; an error says what is wrong with it.
    pub fn new(holder: Holder, name: &str, key: &str) -> Result<Self, &'static str> {
        if !is_object_name(name) {
            return Err("names no Secret or ConfigMap; correct the name");
        }
        let plain = |it: char| it.is_ascii_alphanumeric() || "-._".contains(it);
        if key.is_empty() || key.len() > 253 || !key.chars().all(plain) {
            return Err("names no key of a Secret or ConfigMap; correct the key");
        }
        Ok(Self { holder, name: name.to_owned(), key: key.to_owned() })
    }

    /// The name of the file that has the value on a worker. No name has an underscore, so that it belongs to one
    /// reference alone.
    pub fn file(&self) -> String {
        format!("{}_{}", self.folder(), self.key)
    }

    /// What workers resolve to the value, and show in its place.
    pub fn placeholder(&self) -> String {
        format!("{START}{}:{}}}", self.folder(), self.key)
    }

    fn folder(&self) -> String {
        match self.holder {
            Holder::Secret => self.name.clone(),
            Holder::ConfigMap => format!("{CONFIG_MAP}{}", self.name),
        }
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}/{}/{}", self.holder, self.name, self.key)
    }
}

/// Reads a value of `spec.config` that is a map: `secretKeyRef` or `configMapKeyRef` with `name` and `key`. None for a
/// value of another form.
pub fn of(value: &Value) -> Option<Result<Reference, &'static str>> {
    let fields = value.as_object()?;
    let (field, inner) = fields.iter().next().filter(|_| fields.len() == 1)?;
    let holder = match field.as_str() {
        "secretKeyRef" => Holder::Secret,
        "configMapKeyRef" => Holder::ConfigMap,
        _ => return None,
    };
    let text = |field: &str| inner.get(field).and_then(Value::as_str).unwrap_or_default();
    let count = inner.as_object().map_or(0, serde_json::Map::len);
    if count != 2 {
        return Some(Err("needs name and key, and nothing else"));
    }
    Some(Reference::new(holder, text("name"), text("key")))
}

/// Placeholders that a text has in it, as in a part of a JAAS entry.
pub fn in_text(text: &str) -> BTreeSet<Reference> {
    let inner = text.split(START).skip(1).filter_map(|rest| rest.split_once('}'));
    let parts = inner.filter_map(|(inner, _)| inner.split_once(':'));
    let reference = |(folder, key): (&str, &str)| {
        let (holder, name) = match folder.strip_prefix(CONFIG_MAP) {
            Some(name) => (Holder::ConfigMap, name),
            None => (Holder::Secret, folder),
        };
        Reference::new(holder, name, key).ok()
    };
    parts.filter_map(reference).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn references_are_read_from_values_or_told() {
        let read = |value: &Value| of(value).map(|it| it.map(|it| it.placeholder()));
        for (value, expected) in [
            (
                json!({"secretKeyRef": {"name": "db", "key": "pass_word"}}),
                Some(Ok("${secrets:db:pass_word}".to_owned())),
            ),
            (
                json!({"configMapKeyRef": {"name": "db", "key": "url"}}),
                Some(Ok("${secrets:ConfigMap-db:url}".to_owned())),
            ),
            (
                json!({"secretKeyRef": {"name": "db"}}),
                Some(Err("needs name and key, and nothing else")),
            ),
            (
                json!({"secretKeyRef": {"name": "db", "key": "a", "namespace": "other"}}),
                Some(Err("needs name and key, and nothing else")),
            ),
            (
                json!({"secretKeyRef": {"name": "../db", "key": "a"}}),
                Some(Err("names no Secret or ConfigMap; correct the name")),
            ),
            (
                json!({"secretKeyRef": {"name": "db", "key": "../a"}}),
                Some(Err("names no key of a Secret or ConfigMap; correct the key")),
            ),
            (json!({"fieldRef": {}}), None),
            (json!({"secretKeyRef": {}, "configMapKeyRef": {}}), None),
            (json!("text"), None),
        ] {
            assert_eq!(read(&value), expected, "{value}");
        }
    }

    #[test]
    fn placeholders_are_found_in_texts_and_only_there() {
        let text = "user=\"${secrets:db:user}\" password=\"${secrets:ConfigMap-db:p_w}\" ${file:/a:b} ${secrets:x";
        let found: Vec<String> = in_text(text).iter().map(ToString::to_string).collect();
        assert_eq!(found, ["Secret/db/user", "ConfigMap/db/p_w"]);
        assert!(in_text("${secrets:a_b:c} ${secrets:../x:c} ${secrets:a}").is_empty());
    }

    #[test]
    fn a_placeholder_names_the_file_that_is_written() {
        for (holder, file) in
            [(Holder::Secret, "db_pass_word"), (Holder::ConfigMap, "ConfigMap-db_pass_word")]
        {
            let reference = Reference::new(holder, "db", "pass_word").unwrap();
            assert_eq!(reference.file(), file);
            assert_eq!(in_text(&reference.placeholder()), [reference].into());
        }
    }
}
