//! Keys of every connector: `ConnectorConfig`.

use super::{
    COMMON, ERRORS, Kind, Surroundings, VERSION, aliases,
    plugins::{ClassesOf, VersionsOf, of_kind, version_syntax},
};
use crate::{
    ConfigDef, ConfigKey, Default,
    Importance::{High, Low, Medium},
    Type::{Boolean, Class, Int, List, Long, String},
    Validator, Width,
};

/// Converter of header values in a worker whose file names none.
const HEADER_CONVERTER: &str = "org.apache.kafka.connect.storage.SimpleHeaderConverter";

/// Keys of every connector, with those of its aliases.
pub fn common_definition(around: &Surroundings<'_>) -> ConfigDef {
    ConfigDef { keys: [identity(around), converters(around), chain(), error_handling()].concat() }
}

fn identity(around: &Surroundings<'_>) -> Vec<ConfigKey> {
    let version = around.given(super::CLASS).and_then(|it| around.version(Kind::Connector, it));
    vec![
        ConfigKey::new(
            "name",
            String,
            Default::Required,
            High,
            "Name of the connector, unique in its cluster.",
        )
        .valid(Validator::NonEmptyWithoutControl)
        .grouped(COMMON, 1, Width::Medium)
        .shown("Connector name"),
        ConfigKey::new(
            super::CLASS,
            String,
            Default::Required,
            High,
            "Class or alias of the connector.",
        )
        .grouped(COMMON, 2, Width::Long)
        .shown("Connector class"),
        ConfigKey::new(
            VERSION,
            String,
            or_null(version),
            Medium,
            "Version, or range of versions, that the connector's class must have.",
        )
        .valid(version_syntax())
        .recommending(VersionsOf {
            plugins: around.plugins(),
            kind: Kind::Connector,
            key: super::CLASS.to_owned(),
            always: false,
        })
        .grouped(COMMON, 3, Width::Medium)
        .shown("Connector version"),
        ConfigKey::new(
            "tasks.max",
            Int,
            Default::value("1"),
            High,
            "Most tasks that the work is split over.",
        )
        .valid(Validator::at_least(1))
        .grouped(COMMON, 4, Width::Short)
        .shown("Tasks max"),
        ConfigKey::new(
            "tasks.max.enforce",
            Boolean,
            Default::value("true"),
            Low,
            "Whether a connector that makes more tasks than allowed fails.",
        )
        .grouped(COMMON, 5, Width::Short)
        .shown("Enforce tasks max"),
    ]
}

/// The three converters of a connector, each with its version.
fn converters(around: &Surroundings<'_>) -> Vec<ConfigKey> {
    let roles = [
        ("key", "Key", Kind::Converter, "Converter of record keys; the worker's if not set."),
        ("value", "Value", Kind::Converter, "Converter of record values; the worker's if not set."),
        (
            "header",
            "Header",
            Kind::HeaderConverter,
            "Converter of header values; the worker's if not set.",
        ),
    ];
    let mut keys = Vec::new();
    for (order, (role, title, kind, documentation)) in (6..).step_by(2).zip(roles) {
        let name = format!("{role}.converter");
        let (class, version) = converter_defaults(around, role, &name, kind);
        let versions =
            VersionsOf { plugins: around.plugins(), kind, key: name.clone(), always: false };
        keys.extend([
            ConfigKey::new(name.clone(), Class, or_null(class), Low, documentation)
                .valid(of_kind(around.plugins(), kind))
                .recommending(ClassesOf(around.plugins(), kind))
                .grouped(COMMON, order, Width::Short)
                .shown(format!("{title} converter class")),
            ConfigKey::new(
                format!("{name}.plugin.version"),
                String,
                or_null(version),
                Low,
                format!("Version, or range of versions, that the {role} converter must have."),
            )
            .valid(version_syntax())
            .recommending(versions)
            .grouped(COMMON, order + 1, Width::Short)
            .shown(format!("{title} converter version")),
        ]);
    }
    keys
}

/// Class and version of a converter that counts if the connector names none. Mirrors `ConnectorConfig.converterDefaults`.
fn converter_defaults(
    around: &Surroundings<'_>,
    role: &str,
    key: &str,
    kind: Kind,
) -> (Option<std::string::String>, Option<std::string::String>) {
    let fallback = (role == "header").then_some(HEADER_CONVERTER);
    let workers = around.worker.get(key).map(std::string::String::as_str).or(fallback);
    // A worker whose own converter is not there does not start; without a worker there is no default.
    let workers = workers.filter(|it| around.version(kind, it).is_some());
    let own = around.given(key);
    if around.given(super::CLASS).is_none() || own.or(workers).is_none() {
        return (None, None);
    }
    let version = match own {
        Some(own) => around.version(kind, own),
        None => around
            .worker
            .get(&format!("{key}.plugin.version"))
            .cloned()
            .or_else(|| around.version(kind, workers?)),
    };
    (workers.map(str::to_owned), version)
}

fn chain() -> Vec<ConfigKey> {
    vec![
        ConfigKey::new(
            "transforms",
            List,
            Default::value(""),
            Low,
            "Aliases of the transformations, in order.",
        )
        .valid(aliases::unique("transformation aliases"))
        .grouped(aliases::TRANSFORMS.group, 12, Width::Long)
        .shown("Transforms"),
        ConfigKey::new(
            "predicates",
            List,
            Default::value(""),
            Low,
            "Aliases of the predicates that transformations name.",
        )
        .valid(aliases::unique("predicate aliases"))
        .grouped(aliases::PREDICATES.group, 13, Width::Long)
        .shown("Predicates"),
        ConfigKey::new(
            "config.action.reload",
            String,
            Default::value("restart"),
            Low,
            "What happens when a value from a config provider expires: restart, or none.",
        )
        .valid(Validator::In(&["none", "restart"]))
        .grouped(COMMON, 14, Width::Medium)
        .shown("Reload Action"),
    ]
}

fn error_handling() -> Vec<ConfigKey> {
    vec![
        ConfigKey::new(
            "errors.retry.timeout",
            Long,
            Default::value("0"),
            Medium,
            "How long an operation is retried, in ms; -1 without end.",
        )
        .grouped(ERRORS, 1, Width::Medium)
        .shown("Retry Timeout for Errors"),
        ConfigKey::new(
            "errors.retry.delay.max.ms",
            Long,
            Default::value("60000"),
            Medium,
            "Longest pause between retries, in ms.",
        )
        .grouped(ERRORS, 2, Width::Medium)
        .shown("Maximum Delay Between Retries for Errors"),
        ConfigKey::new(
            "errors.tolerance",
            String,
            Default::value("none"),
            Medium,
            "none: a bad record fails the task; all: it is skipped.",
        )
        .valid(Validator::In(&["none", "all"]))
        .grouped(ERRORS, 3, Width::Short)
        .shown("Error Tolerance"),
        ConfigKey::new(
            "errors.log.enable",
            Boolean,
            Default::value("false"),
            Medium,
            "Whether bad records are logged.",
        )
        .grouped(ERRORS, 4, Width::Short)
        .shown("Log Errors"),
        ConfigKey::new(
            "errors.log.include.messages",
            Boolean,
            Default::value("false"),
            Medium,
            "Whether the log names topic, partition and offset of a bad record.",
        )
        .grouped(ERRORS, 5, Width::Short)
        .shown("Log Error Details"),
    ]
}

pub(super) fn or_null(text: Option<std::string::String>) -> Default {
    text.map_or(Default::Null, |it| Default::Value(it.into()))
}
