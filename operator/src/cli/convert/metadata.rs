//! `metadata` of a converted resource.

use serde_json::{Map, Value, json};

use super::conversion::Conversion;
use super::ledger::child;
use crate::names;

/// Fields that the API server writes, or controllers.
const WRITTEN: [&str; 11] = [
    "creationTimestamp",
    "deletionGracePeriodSeconds",
    "deletionTimestamp",
    "finalizers",
    "generateName",
    "generation",
    "managedFields",
    "ownerReferences",
    "resourceVersion",
    "selfLink",
    "uid",
];

/// Labels or annotations of another operator: the key and what it is here, or why it is nothing.
pub(super) type Words = &'static [(&'static str, Result<&'static str, &'static str>)];

/// What another operator's labels and annotations are here.
#[derive(Clone, Copy, Debug)]
pub(super) struct Vocabulary {
    /// Its own keys hold this.
    pub(super) domain: &'static str,
    pub(super) labels: Words,
    pub(super) annotations: Words,
}

/// Moves the metadata of the source.
pub(super) fn convert(conversion: &mut Conversion, words: &Vocabulary) -> Value {
    let mut metadata = json!({});
    for field in ["name", "namespace"] {
        let path = format!("metadata.{field}");
        if let Some(value) = conversion.take(&path) {
            conversion.ledger.moved(&path, &path, &value);
            metadata[field] = value;
        }
    }
    for (field, table) in [("labels", words.labels), ("annotations", words.annotations)] {
        let path = format!("metadata.{field}");
        let Some(Value::Object(entries)) = conversion.take(&path) else { continue };
        let mut kept = Map::new();
        for (key, value) in entries {
            let from = child(&path, &key);
            match word(&key, table, words.domain) {
                Ok(ours) => {
                    conversion.ledger.moved(&from, &child(&path, &ours), &value);
                    kept.insert(ours, value);
                }
                Err(why) => conversion.ledger.leave(&from, why),
            }
        }
        if !kept.is_empty() {
            metadata[field] = Value::Object(kept);
        }
    }
    for field in WRITTEN {
        let path = format!("metadata.{field}");
        if conversion.take(&path).is_some() {
            conversion.ledger.leave(&path, "Kubernetes writes it");
        }
    }
    metadata
}

fn word(key: &str, table: Words, domain: &str) -> Result<String, String> {
    if let Some((_, ours)) = table.iter().find(|(theirs, _)| *theirs == key) {
        return ours.map(str::to_owned).map_err(str::to_owned);
    }
    let owner = key.split('/').next().unwrap_or_default();
    if key == names::LAST_APPLIED {
        return Err("kubectl writes it".to_owned());
    }
    if key.contains('/') && (owner == domain || owner.ends_with(&format!(".{domain}"))) {
        return Err("means nothing to Sluice".to_owned());
    }
    Ok(key.to_owned())
}
