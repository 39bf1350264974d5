//! The configuration keys of a topic: which exist, their defaults, which values they take. Most have no effect here;
//! they are kept and shown so that clients which set and check them get on.

use std::collections::BTreeMap;

/// Settings of one topic, only those that were given.
pub(crate) type TopicConfig = BTreeMap<String, String>;

/// What a value may be. The numbers are those of `DescribeConfigs`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Kind {
    Boolean,
    Int,
    Long,
    Double,
    List,
    OneOf(&'static [&'static str]),
    ListOf(&'static [&'static str]),
}

impl Kind {
    pub(crate) fn code(self) -> i8 {
        match self {
            Self::Boolean => 1,
            Self::OneOf(_) => 2,
            Self::Int => 3,
            Self::Long => 5,
            Self::Double => 6,
            Self::List | Self::ListOf(_) => 7,
        }
    }
}

/// Name, kind and default of every key, with Kafka's defaults.
pub(crate) const KEYS: &[(&str, Kind, &str)] = &[
    ("cleanup.policy", Kind::ListOf(&["compact", "delete"]), "delete"),
    ("compression.gzip.level", Kind::Int, "-1"),
    ("compression.lz4.level", Kind::Int, "9"),
    ("compression.type", Kind::OneOf(COMPRESSIONS), "producer"),
    ("compression.zstd.level", Kind::Int, "3"),
    ("delete.retention.ms", Kind::Long, "86400000"),
    ("file.delete.delay.ms", Kind::Long, "60000"),
    ("flush.messages", Kind::Long, "9223372036854775807"),
    ("flush.ms", Kind::Long, "9223372036854775807"),
    ("follower.replication.throttled.replicas", Kind::List, ""),
    ("index.interval.bytes", Kind::Int, "4096"),
    ("leader.replication.throttled.replicas", Kind::List, ""),
    ("local.retention.bytes", Kind::Long, "-2"),
    ("local.retention.ms", Kind::Long, "-2"),
    ("max.compaction.lag.ms", Kind::Long, "9223372036854775807"),
    ("max.message.bytes", Kind::Int, "1048588"),
    ("message.timestamp.after.max.ms", Kind::Long, "3600000"),
    ("message.timestamp.before.max.ms", Kind::Long, "9223372036854775807"),
    ("message.timestamp.type", Kind::OneOf(&["CreateTime", "LogAppendTime"]), "CreateTime"),
    ("min.cleanable.dirty.ratio", Kind::Double, "0.5"),
    ("min.compaction.lag.ms", Kind::Long, "0"),
    ("min.insync.replicas", Kind::Int, "1"),
    ("preallocate", Kind::Boolean, "false"),
    ("remote.log.copy.disable", Kind::Boolean, "false"),
    ("remote.log.delete.on.disable", Kind::Boolean, "false"),
    ("remote.storage.enable", Kind::Boolean, "false"),
    ("retention.bytes", Kind::Long, "-1"),
    ("retention.ms", Kind::Long, "604800000"),
    ("segment.bytes", Kind::Int, "1073741824"),
    ("segment.index.bytes", Kind::Int, "10485760"),
    ("segment.jitter.ms", Kind::Long, "0"),
    ("segment.ms", Kind::Long, "604800000"),
    ("unclean.leader.election.enable", Kind::Boolean, "false"),
];

const COMPRESSIONS: &[&str] = &["uncompressed", "zstd", "lz4", "snappy", "gzip", "producer"];

/// Checks one setting; the text of the error is Kafka's.
pub(crate) fn check(name: &str, value: &str) -> Result<(), String> {
    let Some((_, kind, _)) = KEYS.iter().find(|(key, ..)| *key == name) else {
        return Err(format!("Unknown topic config name: {name}"));
    };
    let trimmed = value.trim();
    let complaint = match kind {
        Kind::Boolean if !["true", "false"].contains(&trimmed.to_lowercase().as_str()) => {
            "Expected value to be either true or false".to_owned()
        }
        Kind::Int if trimmed.parse::<i32>().is_err() => "Not a number of type INT".to_owned(),
        Kind::Long if trimmed.parse::<i64>().is_err() => "Not a number of type LONG".to_owned(),
        Kind::Double if trimmed.parse::<f64>().is_err() => "Not a number of type DOUBLE".to_owned(),
        Kind::OneOf(values) if !values.contains(&trimmed) => {
            format!("String must be one of: {}", values.join(", "))
        }
        Kind::ListOf(values) if !trimmed.split(',').all(|it| values.contains(&it.trim())) => {
            format!("String must be one of: {}", values.join(", "))
        }
        _ => return Ok(()),
    };
    Err(format!("Invalid value {value} for configuration {name}: {complaint}"))
}

/// The value in force.
pub(crate) fn value<'a>(config: &'a TopicConfig, name: &str) -> &'a str {
    let default = || KEYS.iter().find(|(key, ..)| *key == name).map_or("", |(_, _, value)| value);
    config.get(name).map_or_else(default, String::as_str)
}

/// A number in force; for keys of kind Int and Long.
pub(crate) fn number(config: &TopicConfig, name: &str) -> i64 {
    value(config, name).trim().parse().unwrap_or(-1)
}

pub(crate) fn is_compacted(config: &TopicConfig) -> bool {
    value(config, "cleanup.policy").split(',').any(|policy| policy.trim() == "compact")
}

/// Retention that the topic's owner asked for: bytes and milliseconds. Defaults do not count, so that nothing goes
/// unless somebody said so.
pub(crate) fn retention(config: &TopicConfig) -> (Option<u64>, Option<i64>) {
    if !value(config, "cleanup.policy").contains("delete") {
        return (None, None);
    }
    let given = |name: &str| config.get(name).and_then(|text| text.trim().parse::<i64>().ok());
    let bytes = given("retention.bytes").and_then(|bytes| u64::try_from(bytes).ok());
    (bytes, given("retention.ms").filter(|millis| *millis >= 0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_are_checked_as_kafka_checks_them() {
        let cases = [
            ("retention.ms", "1000", None),
            ("cleanup.policy", "compact,delete", None),
            ("no.such", "1", Some("Unknown topic config name: no.such")),
            (
                "retention.ms",
                "soon",
                Some(
                    "Invalid value soon for configuration retention.ms: Not a number of type LONG",
                ),
            ),
            (
                "cleanup.policy",
                "shrink",
                Some(
                    "Invalid value shrink for configuration cleanup.policy: String must be one of: \
                     compact, delete",
                ),
            ),
            (
                "preallocate",
                "yes",
                Some(
                    "Invalid value yes for configuration preallocate: Expected value to be either \
                     true or false",
                ),
            ),
        ];
        for (name, value, expected) in cases {
            assert_eq!(check(name, value).err().as_deref(), expected, "{name}={value}");
        }
        for (name, _, default) in KEYS {
            if !default.is_empty() {
                assert_eq!(check(name, default), Ok(()), "{name}");
            }
        }
    }

    #[test]
    fn only_retention_that_was_asked_for_counts() {
        let config = |pairs: &[(&str, &str)]| {
            pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
        };
        let cases: [(&[(&str, &str)], _); 4] = [
            (&[], (None, None)),
            (&[("retention.ms", "5"), ("retention.bytes", "9")], (Some(9), Some(5))),
            (&[("retention.ms", "-1"), ("retention.bytes", "-1")], (None, None)),
            (&[("retention.ms", "5"), ("cleanup.policy", "compact")], (None, None)),
        ];
        for (pairs, expected) in cases {
            assert_eq!(retention(&config(pairs)), expected, "{pairs:?}");
        }
    }
}
