//! Settings whose values stand in Secrets and ConfigMaps: what they name, and the placeholder that takes their place in
//! everything that workers store and show. Pure.

use std::collections::BTreeSet;
use std::fmt;

use serde_json::Value;

use crate::cluster::worker_file::{PROVIDER, QUOTED};
use crate::names::is_object_name;

/// The workers' config provider of the folder of secrets, and what a placeholder for it begins with.
const SECRETS: &str = "secrets";
const START: &str = "${secrets:";

/// Distinguishes ConfigMaps from Secrets: no name of a Kubernetes object has a capital letter.
const CONFIG_MAP: &str = "ConfigMap-";

/// Distinguishes values of another namespace than the cluster's. No name of a namespace has a dot, so that the first one
/// ends it.
const GUEST: &str = "Namespace-";

/// Why a setting is not given to workers.
const NOT_OWN: &str =
    "must not name values of other namespaces by hand; use secretKeyRef or configMapKeyRef";
const OF_WORKERS: &str =
    "must not name what the workers themselves are given; use secretKeyRef or configMapKeyRef";
const OF_CLUSTER: &str = "takes a value from the workers, which a connector of another namespace may not; use \
                          secretKeyRef or configMapKeyRef";

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

/// One key of a Secret or ConfigMap of the connector's namespace.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Reference {
    /// The connector's namespace, if it is another one than the cluster's.
    pub guest: Option<String>,
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
        Ok(Self { guest: None, holder, name: name.to_owned(), key: key.to_owned() })
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
        let guest = self.guest.as_ref().map(|home| format!("{GUEST}{home}.")).unwrap_or_default();
        match self.holder {
            Holder::Secret => format!("{guest}{}", self.name),
            Holder::ConfigMap => format!("{guest}{CONFIG_MAP}{}", self.name),
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
    inner.filter_map(|(inner, _)| parse(inner)).collect()
}

/// `NAME:KEY`, as it stands in a placeholder.
fn parse(inner: &str) -> Option<Reference> {
    let (folder, key) = inner.split_once(':')?;
    let (holder, name) = match folder.strip_prefix(CONFIG_MAP) {
        Some(name) => (Holder::ConfigMap, name),
        None => (Holder::Secret, folder),
    };
    Reference::new(holder, name, key).ok()
}

/// Why workers must not be given a text, if they must not: values that were carried for connectors of other namespaces,
/// and what the workers themselves are given, are not to be had by writing down where they are.
pub fn refuse(text: &str) -> Option<&'static str> {
    placeholders(text).find_map(|(provider, place)| match provider {
        SECRETS if place.starts_with(GUEST) => Some(NOT_OWN),
        PROVIDER | QUOTED => Some(OF_WORKERS),
        _ => None,
    })
}

/// A text of a connector that runs on a cluster of another namespace: its placeholders stand for values of its own
/// namespace, and there are no others.
pub fn of_guest(text: &str, home: &str) -> Result<String, &'static str> {
    let is_own = |(provider, place): (&str, &str)| provider == SECRETS && parse(place).is_some();
    if placeholders(text).all(is_own) {
        return Ok(text.replace(START, &format!("{START}{GUEST}{home}.")));
    }
    Err(OF_CLUSTER)
}

/// Provider and place of everything that workers could take for a placeholder: one that begins in another counts as well.
/// A text may begin a million of them, so that each end is looked for once.
fn placeholders(text: &str) -> impl Iterator<Item = (&str, &str)> {
    let next = move |known: &mut Option<usize>, mark: char, from: usize| {
        if known.is_none_or(|at| at < from) {
            *known = Some(text[from..].find(mark).map_or(text.len(), |at| from + at));
        }
        known.filter(|at| *at < text.len())
    };
    let (mut brace, mut colon) = (None, None);
    text.match_indices("${").filter_map(move |(start, _)| {
        let end = next(&mut brace, '}', start + 2)?;
        let colon = next(&mut colon, ':', start + 2).filter(|colon| *colon < end)?;
        Some((&text[start + 2..colon], &text[colon + 1..end]))
    })
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
            assert_eq!(in_text(&reference.placeholder()), [reference.clone()].into());
            let guest = Reference { guest: Some("team".to_owned()), ..reference.clone() };
            assert_eq!(guest.file(), format!("Namespace-team.{file}"));
            assert_eq!(of_guest(&reference.placeholder(), "team"), Ok(guest.placeholder()));
            assert_eq!(guest.to_string(), reference.to_string());
        }
    }

    #[test]
    fn nobody_gets_by_hand_what_was_carried_for_others() {
        for (text, expected) in [
            ("${secrets:db:p} ${file:/a:b} ${secrets:x ${a}", None),
            ("x${secrets:Namespace-team.db:p}", Some(NOT_OWN)),
            ("${${secrets:Namespace-team.db:p}", Some(NOT_OWN)),
            ("${a:${secrets:Namespace-team.db:p}", Some(NOT_OWN)),
            ("${sluice:/etc/sluice-secrets:Namespace-team.db_p}", Some(OF_WORKERS)),
            ("${sluice-quoted:/etc/sluice-credentials/user:p}", Some(OF_WORKERS)),
        ] {
            assert_eq!(refuse(text), expected, "{text}");
        }
        assert_eq!(refuse(&format!("{}}}", "${secrets:".repeat(200_000))), None);
    }

    #[test]
    fn a_guest_has_the_values_of_its_own_namespace_alone() {
        let plain = "a ${b} ${c $d}: ${secrets:x";
        let of = |text| of_guest(text, "team");
        assert_eq!(of("a ${b}: ${c"), Ok("a ${b}: ${c".to_owned()));
        let two = "${secrets:db:u}@${secrets:ConfigMap-db:h}";
        let expected = "${secrets:Namespace-team.db:u}@${secrets:Namespace-team.ConfigMap-db:h}";
        assert_eq!(of(two).as_deref(), Ok(expected));
        assert_eq!(of(plain).as_deref(), Ok("a ${b} ${c $d}: ${secrets:Namespace-team.x"));
        for bad in [
            "${file:/etc/sluice-secrets:db_p}",
            "${env:PASSWORD}",
            "${directory:/etc/sluice-credentials/user:${x}",
            "${secrets:Namespace-shop.db:p}",
            "${secrets:../db:p}",
            "${secrets:db}",
            "${secrets:db:p:q}",
            "${secrets:db:p} ${x${secrets:db:p}",
        ] {
            assert_eq!(of(bad), Err(OF_CLUSTER), "{bad}");
        }
    }
}
