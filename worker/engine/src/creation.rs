//! Topics that a source writes to and that Connect creates: `topic.creation.*`.

use std::collections::BTreeMap;

use sluice_kafka::admin::NewTopic;
use sluice_plugin::Properties;

use crate::{settings::under, topics::JavaRegex, trace::Failure};

/// The groups of topics, in the order in which they are tried; the default one is last and takes all.
#[derive(Debug)]
pub(crate) struct Creation {
    groups: Vec<Group>,
}

#[derive(Debug)]
struct Group {
    include: Vec<JavaRegex>,
    exclude: Vec<JavaRegex>,
    partitions: i32,
    replication: i16,
    config: BTreeMap<String, String>,
}

const DEFAULT: &str = "topic.creation.default.";
const OWN_KEYS: [&str; 4] = ["include", "exclude", "partitions", "replication.factor"];

impl Creation {
    /// Reads a connector's groups; none if it leaves topics to the broker.
    pub(crate) fn parse(connector: &Properties) -> Result<Option<Self>, Failure> {
        let defaults = under(connector, DEFAULT);
        if defaults.is_empty() {
            return Ok(None);
        }
        let base = Group::parse("default", &defaults, None)?;
        let mut groups = Vec::new();
        for name in list(connector.get("topic.creation.groups")) {
            let settings = under(connector, &format!("topic.creation.{name}."));
            groups.push(Group::parse(name, &settings, Some(&base))?);
        }
        groups.push(base);
        Ok(Some(Self { groups }))
    }

    /// How a topic is to be made.
    pub(crate) fn topic(&self, name: &str) -> Option<NewTopic> {
        let group = self.groups.iter().find(|it| it.takes(name))?;
        Some(NewTopic {
            name: name.to_owned(),
            partitions: group.partitions,
            replication: group.replication,
            config: group.config.clone(),
        })
    }
}

impl Group {
    fn parse(name: &str, settings: &Properties, base: Option<&Self>) -> Result<Self, Failure> {
        let number = |key: &str, inherited: Option<i64>| {
            match settings.get(key) {
            Some(text) => text.trim().parse::<i64>().ok().filter(|it| *it > 0 || *it == -1).ok_or_else(|| {
                invalid(format!(
                    "Invalid value {text} for configuration topic.creation.{name}.{key}: Value must be at least 1, \
                     or -1"
                ))
            }),
            None => inherited.ok_or_else(|| {
                invalid(format!(
                    "Missing required configuration \"topic.creation.{name}.{key}\" which has no default value."
                ))
            }),
        }
        };
        let patterns = |key: &str| -> Result<Vec<JavaRegex>, Failure> {
            list(settings.get(key)).map(JavaRegex::new).collect()
        };
        let include = match base {
            None => vec![JavaRegex::new(".*")?],
            Some(_) => patterns("include")?,
        };
        let is_topic_config = |(key, _): &(&String, &String)| !OWN_KEYS.contains(&key.as_str());
        let config = settings.iter().filter(is_topic_config);
        Ok(Self {
            include,
            exclude: if base.is_some() { patterns("exclude")? } else { Vec::new() },
            partitions: number("partitions", base.map(|it| it.partitions.into()))? as i32,
            replication: number("replication.factor", base.map(|it| it.replication.into()))? as i16,
            config: config.map(|(key, value)| (key.clone(), value.clone())).collect(),
        })
    }

    fn takes(&self, topic: &str) -> bool {
        let has = |patterns: &[JavaRegex]| patterns.iter().any(|it| it.matches(topic));
        has(&self.include) && !has(&self.exclude)
    }
}

fn list(text: Option<&String>) -> impl Iterator<Item = &str> {
    text.into_iter().flat_map(|it| it.split(',')).map(str::trim).filter(|it| !it.is_empty())
}

fn invalid(message: String) -> Failure {
    Failure::of("org.apache.kafka.common.config.ConfigException", message)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn creation(entries: &[(&str, &str)]) -> Result<Option<Creation>, Failure> {
        let settings = entries.iter();
        let settings =
            settings.map(|(key, value)| (format!("topic.creation.{key}"), (*value).to_owned()));
        Creation::parse(&settings.collect())
    }

    #[test]
    fn the_first_group_that_takes_a_topic_makes_it() {
        let creation = creation(&[
            ("groups", "hot, cold"),
            ("default.partitions", "-1"),
            ("default.replication.factor", "3"),
            ("hot.include", "orders.*,clicks"),
            ("hot.exclude", "orders-old"),
            ("hot.partitions", "12"),
            ("cold.include", "orders-old"),
            ("cold.cleanup.policy", "compact"),
        ]);
        let creation = creation.expect("valid").expect("used");
        for (name, partitions, replication, config) in [
            ("orders", 12, 3, None),
            ("orders-old", -1, 3, Some("compact")),
            ("clicks", 12, 3, None),
            ("more-clicks", -1, 3, None),
        ] {
            let topic = creation.topic(name).expect("the default takes all");
            assert_eq!((topic.partitions, topic.replication), (partitions, replication), "{name}");
            assert_eq!(topic.config.get("cleanup.policy").map(String::as_str), config, "{name}");
        }
    }

    #[test]
    fn both_defaults_are_needed_as_soon_as_one_is_there() {
        assert!(creation(&[]).expect("unused").is_none());
        let missing =
            creation(&[("default.partitions", "1")]).expect_err("one is missing").to_string();
        assert!(missing.contains("\"topic.creation.default.replication.factor\""), "{missing}");
        let zero = creation(&[("default.partitions", "0"), ("default.replication.factor", "1")]);
        assert!(zero.expect_err("zero").to_string().contains("topic.creation.default.partitions"));
    }
}
