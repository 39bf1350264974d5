//! Topics that a source writes to and that Connect creates: `topic.creation.*`.

use std::{collections::BTreeMap, str::FromStr};

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

const PREFIX: &str = "topic.creation.";
const OWN_KEYS: [&str; 4] = ["include", "exclude", "partitions", "replication.factor"];
const PARTITIONS: &str = "Number of partitions must be positive, or -1 to use the broker's default";
const REPLICATION: &str = "Replication factor must be positive and not larger than the number of brokers in the Kafka \
                           cluster, or -1 to use the broker's default";

impl Creation {
    /// Reads a connector's groups; none if it leaves topics to the broker.
    pub(crate) fn parse(connector: &Properties) -> Result<Option<Self>, Failure> {
        if !connector.keys().any(|key| key.starts_with(PREFIX)) {
            return Ok(None);
        }
        let base = Group::parse(connector, "default", None)?;
        let mut groups = Vec::new();
        // The default group is always there: naming it changes nothing.
        for name in list(connector.get("topic.creation.groups")).filter(|it| *it != "default") {
            groups.push(Group::parse(connector, name, Some(&base))?);
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
    fn parse(connector: &Properties, name: &str, base: Option<&Self>) -> Result<Self, Failure> {
        let prefix = format!("{PREFIX}{name}.");
        let settings = under(connector, &prefix);
        let patterns = |key: &str| -> Result<Vec<JavaRegex>, Failure> {
            let Some(text) = settings.get(key) else { return Ok(Vec::new()) };
            list(Some(text)).map(JavaRegex::new).collect::<Result<_, _>>().map_err(|error| {
                let reason = error.message().unwrap_or_default();
                invalid(key, text, &format!("Syntax error in regular expression: {reason}"))
            })
        };
        let (include, exclude) = match base {
            // Whatever its own patterns say, as in Java.
            None => (vec![JavaRegex::new(".*")?], Vec::new()),
            Some(_) => (patterns("include")?, patterns("exclude")?),
        };
        let is_topic_config = |(key, _): &(&String, &String)| !OWN_KEYS.contains(&key.as_str());
        let config = settings.iter().filter(is_topic_config);
        let replication = Count { key: "replication.factor", of: "SHORT", rule: REPLICATION };
        let partitions = Count { key: "partitions", of: "INT", rule: PARTITIONS };
        Ok(Self {
            include,
            exclude,
            replication: replication.read(&settings, &prefix, base.map(|it| it.replication))?,
            partitions: partitions.read(&settings, &prefix, base.map(|it| it.partitions))?,
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

/// A key of a group that says how many.
struct Count {
    key: &'static str,
    /// Java's name of its type.
    of: &'static str,
    rule: &'static str,
}

impl Count {
    /// The number, else the default group's. A wrong number is told under the key alone, as `ConfigDef.embed` has it.
    fn read<T: FromStr + Copy + Into<i64>>(
        &self,
        settings: &Properties,
        prefix: &str,
        inherited: Option<T>,
    ) -> Result<T, Failure> {
        let full = format!("{prefix}{}", self.key);
        let Some(text) = settings.get(self.key).map(|it| it.trim()) else {
            return inherited.ok_or_else(|| {
                config_error(format!(
                    "Missing required configuration \"{full}\" which has no default value."
                ))
            });
        };
        let Ok(number) = text.parse::<T>() else {
            return Err(invalid(&full, text, &format!("Not a number of type {}", self.of)));
        };
        match number.into() {
            -1 | 1.. => Ok(number),
            _ => Err(invalid(self.key, text, self.rule)),
        }
    }
}

fn invalid(key: &str, value: &str, reason: &str) -> Failure {
    config_error(format!("Invalid value {value} for configuration {key}: {reason}"))
}

fn config_error(message: String) -> Failure {
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
    fn both_defaults_are_needed_as_soon_as_a_key_is_there() {
        assert!(creation(&[]).expect("unused").is_none());
        let missing = |key: &str| {
            format!(
                "Missing required configuration \"topic.creation.default.{key}\" which has no default value."
            )
        };
        let partitions = |value: &str| {
            format!("Invalid value {value} for configuration partitions: {PARTITIONS}")
        };
        let replication = |value: &str| {
            format!("Invalid value {value} for configuration replication.factor: {REPLICATION}")
        };
        let not_a = |value: &str, key: &str, of: &str| {
            format!(
                "Invalid value {value} for configuration topic.creation.{key}: Not a number of type {of}"
            )
        };
        let both = [("default.partitions", "1"), ("default.replication.factor", "-1")];
        for (entries, expected) in [
            (vec![("groups", "a")], missing("replication.factor")),
            (vec![("default.replication.factor", "1")], missing("partitions")),
            (vec![both[0], ("default.replication.factor", "0")], replication("0")),
            (vec![both[0], ("default.replication.factor", "-2")], replication("-2")),
            (vec![("default.partitions", "0"), both[1]], partitions("0")),
            (vec![("default.partitions", "-99"), both[1]], partitions("-99")),
            (
                vec![both[0], ("default.replication.factor", "70000")],
                not_a("70000", "default.replication.factor", "SHORT"),
            ),
            (
                vec![both[0], both[1], ("groups", "a"), ("a.partitions", "x")],
                not_a("x", "a.partitions", "INT"),
            ),
        ] {
            let failure = creation(&entries).expect_err("wrong");
            assert_eq!(failure.message(), Some(&*expected), "{entries:?}");
        }
        let entries = [both[0], both[1], ("groups", "a"), ("a.include", "(")];
        let failure = creation(&entries).expect_err("no pattern").to_string();
        let expected =
            "Invalid value ( for configuration include: Syntax error in regular expression: ";
        assert!(failure.contains(expected), "{failure}");
    }

    #[test]
    fn the_default_group_takes_what_no_other_does() {
        let found = creation(&[
            ("groups", "default, a"),
            ("default.partitions", "2"),
            ("default.replication.factor", "32767"),
            ("default.include", "nothing"),
            ("default.exclude", ".*"),
            ("default.retention.ms", "1"),
            ("a.include", "foo, ba."),
            ("a.exclude", "baz"),
        ]);
        let found = found.expect("valid").expect("used");
        for (name, retention) in
            [("foo", None), ("bar", None), ("baz", Some("1")), ("foos", Some("1"))]
        {
            let topic = found.topic(name).expect("the default takes all");
            assert_eq!((topic.partitions, topic.replication), (2, 32_767), "{name}");
            assert_eq!(topic.config.get("retention.ms").map(String::as_str), retention, "{name}");
        }
    }
}
