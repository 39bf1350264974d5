//! Keys of sinks: `SinkConnectorConfig`.

use super::{COMMON, ERRORS, Surroundings, aliases, common_definition};
use crate::{
    ConfigDef, ConfigKey, Default,
    Importance::{High, Medium},
    Nullable, Report,
    Type::{Boolean, List, Short, String},
    Validator, Width,
    parsed::{list, trim},
    regex::{JavaRegex, RegexError},
};

/// Topics that a sink reads.
pub const TOPICS: &str = "topics";
/// Pattern of the topics that a sink reads.
pub const TOPICS_REGEX: &str = "topics.regex";
const DEAD_LETTERS: &str = "errors.deadletterqueue.topic.name";

/// Keys of sinks: the common ones, their own, those of aliases.
pub fn sink_definition(around: &Surroundings<'_>) -> ConfigDef {
    let mut definition = common_definition(around);
    definition.keys.extend(sink_keys());
    aliases::enrich(&mut definition, around);
    definition
}

fn sink_keys() -> Vec<ConfigKey> {
    let any_topics = Validator::List { of: &[], may_be_empty: true, may_be_null: false };
    vec![
        ConfigKey::new(TOPICS, List, Default::value(""), High, "Topics to read.")
            .valid(any_topics)
            .grouped(COMMON, 4, Width::Long)
            .shown("Topics"),
        ConfigKey::new(
            TOPICS_REGEX,
            String,
            Default::value(""),
            High,
            "Pattern of the topics to read.",
        )
        .valid(Validator::pattern())
        .grouped(COMMON, 4, Width::Long)
        .shown("Topics regex"),
        ConfigKey::new(
            DEAD_LETTERS,
            String,
            Default::value(""),
            Medium,
            "Topic for bad records; none if empty.",
        )
        .grouped(ERRORS, 6, Width::Medium)
        .shown("Dead Letter Queue Topic Name"),
        ConfigKey::new(
            "errors.deadletterqueue.topic.replication.factor",
            Short,
            Default::value("3"),
            Medium,
            "Replication factor of the topic for bad records when it is created.",
        )
        .grouped(ERRORS, 7, Width::Medium)
        .shown("Dead Letter Queue Topic Replication Factor"),
        ConfigKey::new(
            "errors.deadletterqueue.context.headers.enable",
            Boolean,
            Default::value("false"),
            Medium,
            "Whether headers of a bad record say what was wrong.",
        )
        .grouped(ERRORS, 8, Width::Medium)
        .shown("Enable Error Context Headers"),
    ]
}

/// The rules over a sink's topics (`SinkConnectorConfig.validate`). A pattern that is none
/// fails the validation as a whole if topics have to be compared with it, as in Java.
pub fn check_topics(settings: &Nullable, report: &mut Report) -> Result<(), RegexError> {
    let given = |key: &str| settings.get(key).and_then(Option::as_deref);
    let set = |key: &str| given(key).filter(|it| !trim(it).is_empty());
    let mut error = |key: &str, message: &str| {
        report.entry(key, given(key)).errors.push(message.to_owned());
    };
    match (set(TOPICS), set(TOPICS_REGEX)) {
        (Some(_), Some(_)) => {
            let message =
                "topics and topics.regex are mutually exclusive options, but both are set.";
            error(TOPICS, message);
            error(TOPICS_REGEX, message);
        }
        (None, None) => {
            error(TOPICS, "Must configure one of topics or topics.regex");
            error(TOPICS_REGEX, "Must configure one of topics or topics.regex");
        }
        _ => {}
    }
    let Some(dead_letters) = set(DEAD_LETTERS).map(trim) else { return Ok(()) };
    if let Some(topics) = set(TOPICS) {
        let topics = distinct(list(topics));
        if topics.iter().any(|it| it == dead_letters) {
            let topics = topics.join(", ");
            error(
                TOPICS,
                &format!(
                    "The DLQ topic '{dead_letters}' may not be included in the list of topics ('{TOPICS}=[{topics}]') \
                     consumed by the connector"
                ),
            );
        }
    }
    if let Some(pattern) = set(TOPICS_REGEX)
        && JavaRegex::new(pattern)?.matches(dead_letters)?
    {
        error(
            TOPICS_REGEX,
            &format!(
                "The DLQ topic '{dead_letters}' may not be matched by the regex for the topics \
                 ('{TOPICS_REGEX}={pattern}') consumed by the connector"
            ),
        );
    }
    Ok(())
}

/// Whether bad records of a sink go to a topic.
pub fn has_dead_letters(settings: &Nullable) -> bool {
    settings.get(DEAD_LETTERS).and_then(Option::as_deref).is_some_and(|it| !trim(it).is_empty())
}

fn distinct(topics: Vec<std::string::String>) -> Vec<std::string::String> {
    let mut kept: Vec<std::string::String> = Vec::new();
    for topic in topics {
        if !topic.is_empty() && !kept.contains(&topic) {
            kept.push(topic);
        }
    }
    kept
}
