//! The keys that the framework adds to every connector, in Java's order: `ConnectorConfig`, `SourceConnectorConfig`,
//! `SinkConnectorConfig`.

use crate::{ConfigDef, ConfigKey, Default, Importance, Properties, Report, Type};

const COMMON: &str = "Common";
const TRANSFORMS: &str = "Transforms";
const PREDICATES: &str = "Predicates";
const ERRORS: &str = "Error Handling";
const TOPIC_CREATION: &str = "Topic Creation";
const EXACTLY_ONCE: &str = "Exactly Once Support";

/// Topics that a sink reads.
pub const TOPICS: &str = "topics";
/// Pattern of the topics that a sink reads.
pub const TOPICS_REGEX: &str = "topics.regex";

/// Keys of every connector.
// A flat table.
#[allow(clippy::too_many_lines)]
pub fn common_keys() -> Vec<ConfigKey> {
    use Importance::{High, Low, Medium};
    use Type::{Boolean, Class, Int, List, Long, String};
    let null = Default::Null;
    let value = Default::Value;
    vec![
        ConfigKey::new(
            "name",
            String,
            Default::Required,
            High,
            "Name of the connector, unique in its cluster.",
        )
        .checked(connector_name)
        .shown(COMMON, "Connector name"),
        ConfigKey::new(
            "connector.class",
            String,
            Default::Required,
            High,
            "Class or alias of the connector.",
        )
        .shown(COMMON, "Connector class"),
        ConfigKey::new(
            "connector.plugin.version",
            String,
            null,
            Medium,
            "Version or range of the connector's plugin.",
        )
        .shown(COMMON, "Connector version"),
        ConfigKey::new(
            "tasks.max",
            Int,
            value("1"),
            High,
            "Most tasks that the work is split over.",
        )
        .checked(at_least_one)
        .shown(COMMON, "Tasks max"),
        ConfigKey::new(
            "tasks.max.enforce",
            Boolean,
            value("true"),
            Low,
            "Whether a connector that makes more tasks than allowed fails.",
        )
        .shown(COMMON, "Enforce tasks max"),
        ConfigKey::new(
            "key.converter",
            Class,
            null,
            Low,
            "Converter of record keys; the worker's if not set.",
        )
        .shown(COMMON, "Key converter class"),
        ConfigKey::new(
            "key.converter.plugin.version",
            String,
            null,
            Low,
            "Version of the key converter.",
        )
        .shown(COMMON, "Key converter version"),
        ConfigKey::new(
            "value.converter",
            Class,
            null,
            Low,
            "Converter of record values; the worker's if not set.",
        )
        .shown(COMMON, "Value converter class"),
        ConfigKey::new(
            "value.converter.plugin.version",
            String,
            null,
            Low,
            "Version of the value converter.",
        )
        .shown(COMMON, "Value converter version"),
        ConfigKey::new(
            "header.converter",
            Class,
            null,
            Low,
            "Converter of header values; the worker's if not set.",
        )
        .shown(COMMON, "Header converter class"),
        ConfigKey::new(
            "header.converter.plugin.version",
            String,
            null,
            Low,
            "Version of the header converter.",
        )
        .shown(COMMON, "Header converter version"),
        ConfigKey::new(
            "transforms",
            List,
            value(""),
            Low,
            "Aliases of the transformations, in order.",
        )
        .shown(TRANSFORMS, "Transforms"),
        ConfigKey::new(
            "predicates",
            List,
            value(""),
            Low,
            "Aliases of the predicates that transformations name.",
        )
        .shown(PREDICATES, "Predicates"),
        ConfigKey::new(
            "config.action.reload",
            String,
            value("restart"),
            Low,
            "What a change of an external value does: restart, or none.",
        )
        .checked(|text| one_of(text, &["none", "restart"]))
        .shown(COMMON, "Reload Action"),
        ConfigKey::new(
            "errors.retry.timeout",
            Long,
            value("0"),
            Medium,
            "How long an operation is retried, in ms; -1 without end.",
        )
        .shown(ERRORS, "Retry Timeout for Errors"),
        ConfigKey::new(
            "errors.retry.delay.max.ms",
            Long,
            value("60000"),
            Medium,
            "Longest pause between retries, in ms.",
        )
        .shown(ERRORS, "Maximum Delay Between Retries for Errors"),
        ConfigKey::new(
            "errors.tolerance",
            String,
            value("none"),
            Medium,
            "none: a bad record fails the task; all: it is skipped.",
        )
        .checked(|text| one_of(text, &["none", "all"]))
        .shown(ERRORS, "Error Tolerance"),
        ConfigKey::new(
            "errors.log.enable",
            Boolean,
            value("false"),
            Medium,
            "Whether bad records are logged.",
        )
        .shown(ERRORS, "Log Errors"),
        ConfigKey::new(
            "errors.log.include.messages",
            Boolean,
            value("false"),
            Medium,
            "Whether the log names topic, partition and offset of a bad record.",
        )
        .shown(ERRORS, "Log Error Details"),
    ]
}

/// Keys of sinks, after the common ones.
pub fn sink_keys() -> Vec<ConfigKey> {
    use Importance::{High, Medium};
    use Type::{Boolean, List, Short, String};
    let value = Default::Value;
    vec![
        ConfigKey::new(TOPICS, List, value(""), High, "Topics to read.").shown(COMMON, "Topics"),
        ConfigKey::new(TOPICS_REGEX, String, value(""), High, "Pattern of the topics to read.")
            .shown(COMMON, "Topics regex"),
        ConfigKey::new(
            "errors.deadletterqueue.topic.name",
            String,
            value(""),
            Medium,
            "Topic for bad records.",
        )
        .shown(ERRORS, "Dead Letter Queue Topic Name"),
        ConfigKey::new(
            "errors.deadletterqueue.topic.replication.factor",
            Short,
            value("3"),
            Medium,
            "Replication factor of the topic for bad records when it is created.",
        )
        .shown(ERRORS, "Dead Letter Queue Topic Replication Factor"),
        ConfigKey::new(
            "errors.deadletterqueue.context.headers.enable",
            Boolean,
            value("false"),
            Medium,
            "Whether headers of a bad record say what was wrong.",
        )
        .shown(ERRORS, "Enable Error Context Headers"),
    ]
}

/// Keys of sources, after the common ones.
pub fn source_keys() -> Vec<ConfigKey> {
    use Importance::{Low, Medium};
    use Type::{List, Long, String};
    let null = Default::Null;
    let value = Default::Value;
    vec![
        ConfigKey::new(
            "topic.creation.groups",
            List,
            value(""),
            Low,
            "Groups of settings for topics to create.",
        )
        .shown(TOPIC_CREATION, "Topic Creation Groups"),
        ConfigKey::new(
            "exactly.once.support",
            String,
            value("requested"),
            Medium,
            "requested, or required.",
        )
        .checked(|text| one_of(text, &["REQUESTED", "REQUIRED"]))
        .shown(EXACTLY_ONCE, "Exactly once support"),
        ConfigKey::new(
            "transaction.boundary",
            String,
            value("poll"),
            Medium,
            "What a transaction holds: poll, interval or connector.",
        )
        .checked(|text| one_of(text, &["INTERVAL", "POLL", "CONNECTOR"]))
        .shown(EXACTLY_ONCE, "Transaction Boundary"),
        ConfigKey::new(
            "transaction.boundary.interval.ms",
            Long,
            null,
            Low,
            "Length of a transaction, in ms.",
        )
        .shown(EXACTLY_ONCE, "Transaction boundary interval"),
        ConfigKey::new(
            "offsets.storage.topic",
            String,
            null,
            Low,
            "Offsets topic of this connector alone.",
        )
        .shown("offsets.topic", "Offsets topic"),
    ]
}

/// Checks the framework's keys of a source.
pub fn validate_source(settings: &Properties) -> Report {
    Report::of(&source_definition(), settings)
}

/// Checks the framework's keys of a sink, with the rules over its topics (`SinkConnectorConfig.validate`).
pub fn validate_sink(settings: &Properties) -> Report {
    let mut report = Report::of(&sink_definition(), settings);
    let set = |key: &str| settings.get(key).is_some_and(|it| !it.trim().is_empty());
    let value = |key: &str| settings.get(key).map_or("", String::as_str).to_owned();
    let mut error = |key: &str, message: &str| {
        let value = value(key);
        report.error(key, format!("Invalid value {value} for configuration {key}: {message}"));
    };
    match (set(TOPICS), set(TOPICS_REGEX)) {
        (true, true) => {
            let message =
                "topics and topics.regex are mutually exclusive options, but both are set.";
            error(TOPICS, message);
            error(TOPICS_REGEX, message);
        }
        (false, false) => {
            error(TOPICS, "Must configure one of topics or topics.regex");
            error(TOPICS_REGEX, "Must configure one of topics or topics.regex");
        }
        _ => {}
    }
    let dead_letters = value("errors.deadletterqueue.topic.name");
    if !dead_letters.is_empty() && crate::setting::list(&value(TOPICS)).any(|it| it == dead_letters)
    {
        error(
            "errors.deadletterqueue.topic.name",
            &format!(
                "The DLQ topic '{dead_letters}' may not be included in the list of topics ({TOPICS}={}) consumed by the connector",
                value(TOPICS)
            ),
        );
    }
    report
}

/// Definition of the framework's keys of a source.
pub fn source_definition() -> ConfigDef {
    ConfigDef { keys: [common_keys(), source_keys()].concat() }
}

/// Definition of the framework's keys of a sink.
pub fn sink_definition() -> ConfigDef {
    ConfigDef { keys: [common_keys(), sink_keys()].concat() }
}

fn connector_name(text: &str) -> Result<(), String> {
    if text.is_empty() {
        return Err("String may not be empty".to_owned());
    }
    let control: Vec<String> =
        text.chars().filter(|it| it.is_control()).map(|it| u32::from(it).to_string()).collect();
    if control.is_empty() {
        return Ok(());
    }
    Err(format!(
        "String may not contain control sequences but had the following ASCII chars: {}",
        control.join(", ")
    ))
}

fn at_least_one(text: &str) -> Result<(), String> {
    let is_good = text.parse::<i32>().is_ok_and(|it| it >= 1);
    is_good.then_some(()).ok_or_else(|| "Value must be at least 1".to_owned())
}

fn one_of(text: &str, allowed: &[&str]) -> Result<(), String> {
    let is_good = allowed.iter().any(|it| it.eq_ignore_ascii_case(text));
    is_good.then_some(()).ok_or_else(|| format!("String must be one of: {}", allowed.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn errors(pairs: &[(&str, &str)]) -> Vec<String> {
        let mut settings = Properties::from([
            ("name".to_owned(), "a".to_owned()),
            ("connector.class".to_owned(), "Sink".to_owned()),
        ]);
        settings.extend(pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())));
        validate_sink(&settings).errors().map(str::to_owned).collect()
    }

    #[test]
    fn a_sink_reads_a_list_or_a_pattern() {
        assert!(errors(&[("topics", "a")]).is_empty());
        assert!(errors(&[("topics.regex", "a.*")]).is_empty());
        assert_eq!(errors(&[]).len(), 2);
        assert_eq!(errors(&[("topics", "a"), ("topics.regex", "b")]).len(), 2);
        assert_eq!(
            errors(&[("topics", "a,b"), ("errors.deadletterqueue.topic.name", "b")]).len(),
            1
        );
    }

    #[test]
    fn values_are_checked_with_javas_words() {
        for (key, value, expected) in [
            (
                "tasks.max",
                "0",
                &["Invalid value 0 for configuration tasks.max: Value must be at least 1"][..],
            ),
            (
                "tasks.max",
                "x",
                &[
                    "Invalid value x for configuration tasks.max: Not a number of type INT",
                    "Invalid value null for configuration tasks.max: Value must be non-null",
                ],
            ),
            ("name", "", &["Invalid value  for configuration name: String may not be empty"]),
            (
                "name",
                "a\nb",
                &[
                    "Invalid value a\nb for configuration name: String may not contain control sequences but had the \
                   following ASCII chars: 10",
                ],
            ),
            (
                "errors.tolerance",
                "some",
                &[
                    "Invalid value some for configuration errors.tolerance: String must be one of: none, all",
                ],
            ),
        ] {
            assert_eq!(errors(&[("topics", "t"), (key, value)]), expected);
        }
    }
}
