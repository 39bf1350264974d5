//! What a worker tells of itself: Java's as its reporter has it, Sluice's as Prometheus gets it.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde_json::Value;

use super::allowed::GROUPS;

/// Names one metric. Dashes are underscores, as in Prometheus.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Key {
    pub(super) group: String,
    pub(super) tags: BTreeMap<String, String>,
    pub(super) attribute: String,
}

impl Key {
    /// An attribute of task 0.
    pub(super) fn of_task(group: &str, connector: &str, attribute: &str) -> Self {
        let tags = [("connector", connector), ("task", "0")];
        let tags = tags.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        Self { group: underscored(group), tags, attribute: underscored(attribute) }
    }
}

impl fmt::Display for Key {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} {:?} {}", self.group, self.tags, self.attribute)
    }
}

/// The value of a metric.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Told {
    Number(f64),
    Text(String),
}

impl Told {
    pub(super) const fn number(&self) -> Option<f64> {
        match self {
            Self::Number(number) => Some(*number),
            Self::Text(_) => None,
        }
    }
}

/// Everything that a worker tells.
pub(super) type All = BTreeMap<Key, Told>;

/// The reporter that a Java worker is given.
pub(super) fn teller() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("oracle/MetricsTeller.java")
}

/// What the reporter has answered.
pub(super) fn by_java(lines: &str) -> Result<All> {
    lines.lines().map(|line| of_java(&serde_json::from_str(line)?)).collect()
}

fn of_java(line: &Value) -> Result<(Key, Told)> {
    let text = |name: &str| line[name].as_str().with_context(|| format!("{name} in {line}"));
    let tags = line["tags"].as_object().context("tags")?.iter();
    let tags = tags
        .map(|(name, value)| (underscored(name), value.as_str().unwrap_or_default().to_owned()));
    let key = Key {
        group: underscored(text("group")?),
        tags: tags.collect(),
        attribute: underscored(text("attribute")?),
    };
    let value = text("value")?;
    let is_number = line["is_number"] == true;
    Ok((key, if is_number { Told::Number(value.parse()?) } else { Told::Text(value.to_owned()) }))
}

/// What is told under the long names of Connect's groups.
pub(super) fn by_sluice(text: &str) -> Result<All> {
    let lines = text.lines().filter(|it| !it.starts_with('#'));
    lines.filter_map(|line| of_sluice(line).transpose()).collect()
}

fn of_sluice(line: &str) -> Result<Option<(Key, Told)>> {
    let (series, value) = line.rsplit_once(' ').context("a value")?;
    let (name, labels) = series.trim_end_matches('}').split_once('{').unwrap_or((series, ""));
    let of_group = |group: &&str| {
        let prefix = format!("kafka_connect_{}_", underscored(group));
        Some((underscored(group), name.strip_prefix(&prefix)?.to_owned()))
    };
    let Some((group, attribute)) = GROUPS.iter().find_map(of_group) else { return Ok(None) };
    let labels = labels.split("\",").filter_map(|it| it.split_once("=\""));
    let mut tags: BTreeMap<String, String> = labels
        .map(|(name, value)| (name.to_owned(), value.trim_end_matches('"').to_owned()))
        .collect();
    let text = attribute.strip_suffix("_info").and_then(|it| tags.remove_entry(it));
    let (attribute, told) = match text {
        Some((attribute, text)) => (attribute, Told::Text(text)),
        None => (attribute, Told::Number(value.parse()?)),
    };
    Ok(Some((Key { group, tags, attribute }, told)))
}

fn underscored(name: &str) -> String {
    name.replace('-', "_")
}
