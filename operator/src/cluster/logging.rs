//! `spec.logging`: levels of loggers, out of the keys that Log4j has for them.

use std::collections::BTreeMap;

use sluice_crds::{KafkaConnectSpec, Logging, LoggingType};

use super::references::References;
use super::validate::Error;
use crate::properties;

/// Levels by the name of their logger, `root` for the root's.
pub type Levels = BTreeMap<String, String>;

const ROOT: &str = "root";

/// Names of levels.
const LEVELS: [&str; 8] = ["OFF", "FATAL", "ERROR", "WARN", "INFO", "DEBUG", "TRACE", "ALL"];

/// What a spec says of levels, and what of it has no effect.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Chosen {
    /// The levels.
    pub levels: Levels,
    /// What has no effect, and why.
    pub warnings: Vec<String>,
}

/// The levels that a spec asks for.
pub(super) fn of(spec: &KafkaConnectSpec, references: &References) -> Result<Chosen, Error> {
    let Some(logging) = &spec.logging else { return Ok(Chosen::default()) };
    let (field, keys) = match logging.kind {
        LoggingType::Inline => ("spec.logging.loggers", logging.loggers.clone()),
        LoggingType::External => {
            ("spec.logging.valueFrom.configMapKeyRef", external(logging, references)?)
        }
    };
    let mut chosen = Chosen::default();
    for (key, value) in &keys {
        let logger = match logger(key, &keys) {
            Meaning::Level(logger) => logger,
            Meaning::Part => continue,
            Meaning::Nothing => {
                chosen.warnings.push(format!("{field}[{key}] has no effect: only levels count"));
                continue;
            }
        };
        // Log4j 1 has names of appenders after the level.
        let level = value.split(',').next().unwrap_or_default().trim().to_ascii_uppercase();
        if !LEVELS.contains(&level.as_str()) {
            let message = format!("{key} is no level; choose one of {}", LEVELS.join(", "));
            return Err(Error::field(field, message));
        }
        chosen.levels.insert(logger, level);
    }
    Ok(chosen)
}

/// The file that workers read.
pub(super) fn file(levels: &Levels) -> String {
    properties::render(levels)
}

fn external(logging: &Logging, references: &References) -> Result<BTreeMap<String, String>, Error> {
    let field = "spec.logging.valueFrom.configMapKeyRef";
    let source = logging.value_from.as_ref();
    let source = &source.ok_or_else(|| Error::field(field, "is required"))?.config_map_key_ref;
    let is_optional = source.optional == Some(true);
    let map = source.name.clone();
    let Some(view) = references.config_maps.get(&map) else {
        return if is_optional {
            Ok(BTreeMap::new())
        } else {
            Err(Error::NoConfigMap { field: field.to_owned(), map })
        };
    };
    match view.data.get(&source.key) {
        Some(text) => Ok(properties::parse(text)),
        None if is_optional => Ok(BTreeMap::new()),
        None => {
            let key = source.key.clone();
            Err(Error::NoConfigMapKey { field: field.to_owned(), map, key })
        }
    }
}

/// What a key is for.
enum Meaning {
    /// The level of a logger.
    Level(String),
    /// Belongs to the level of a logger.
    Part,
    /// Anything else.
    Nothing,
}

/// Keys of Log4j 2 (`logger.ID.name`, `logger.ID.level`), of Log4j 1 (`log4j.logger.NAME`), and names alone.
fn logger(key: &str, keys: &BTreeMap<String, String>) -> Meaning {
    let level = |name: &str| Meaning::Level(name.to_owned());
    if let "root"
    | "rootLogger.level"
    | "rootLogger"
    | "log4j.rootLogger"
    | "connect.root.logger.level" = key
    {
        return level(ROOT);
    }
    if let Some(name) = key.strip_prefix("log4j.logger.") {
        return level(name);
    }
    if let Some(part) = key.strip_prefix("logger.") {
        return match part.rsplit_once('.') {
            Some((id, "level")) => match keys.get(&format!("logger.{id}.name")) {
                Some(name) => level(name.trim()),
                None => Meaning::Nothing,
            },
            Some((id, "name")) if keys.contains_key(&format!("logger.{id}.level")) => Meaning::Part,
            _ => Meaning::Nothing,
        };
    }
    let other = [
        "log4j.",
        "rootLogger.",
        "appender.",
        "appenders",
        "filter.",
        "property.",
        "status",
        "name",
        "monitorInterval",
        "packages",
    ];
    if other.iter().any(|prefix| key.starts_with(prefix)) { Meaning::Nothing } else { level(key) }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::references::ConfigMapView;
    use super::super::worker_file::tests::spec;
    use super::*;

    fn chosen(logging: &Value) -> Result<Chosen, String> {
        let text = "# levels\nrootLogger.level = WARN\nlogger.a.name=org.x\nlogger.a.level: debug\nappender.console.type=Console\n";
        let view = ConfigMapView { data: [("log".into(), text.into())].into(), digest: "1".into() };
        let references =
            References { config_maps: [("m".into(), view)].into(), ..References::default() };
        of(&spec(&json!({"logging": logging})), &references).map_err(|error| error.to_string())
    }

    fn levels<const N: usize>(pairs: [(&str, &str); N]) -> Levels {
        pairs.map(|(name, level)| (name.to_owned(), level.to_owned())).into()
    }

    #[test]
    fn levels_have_the_keys_of_every_log4j_and_none() {
        let inline =
            |loggers: Value| chosen(&json!({"type": "inline", "loggers": loggers})).unwrap();
        let table = [
            (json!({"root": "warn"}), levels([("root", "WARN")])),
            (json!({"connect.root.logger.level": "INFO"}), levels([("root", "INFO")])),
            (json!({"log4j.rootLogger": "INFO, CONSOLE"}), levels([("root", "INFO")])),
            (json!({"log4j.logger.org.x": "TRACE"}), levels([("org.x", "TRACE")])),
            (
                json!({"rootLogger.level": "INFO", "logger.x.name": "org.x", "logger.x.level": "DEBUG"}),
                levels([("root", "INFO"), ("org.x", "DEBUG")]),
            ),
            (json!({"sluice_engine::sink": "DEBUG"}), levels([("sluice_engine::sink", "DEBUG")])),
        ];
        for (loggers, expected) in table {
            let chosen = inline(loggers);
            assert_eq!((chosen.levels, chosen.warnings), (expected, vec![]));
        }
        let chosen = inline(json!({"appender.x": "y", "logger.a.level": "INFO"}));
        let told = [
            "spec.logging.loggers[appender.x] has no effect: only levels count",
            "spec.logging.loggers[logger.a.level] has no effect: only levels count",
        ];
        assert_eq!(
            (chosen.levels, chosen.warnings.as_slice()),
            (Levels::new(), &told.map(str::to_owned)[..])
        );
    }

    #[test]
    fn levels_come_from_a_config_map() {
        let reference = |name: &str, key: &str| {
            chosen(
                &json!({"type": "external", "valueFrom": {"configMapKeyRef": {"name": name, "key": key}}}),
            )
        };
        let chosen = reference("m", "log").unwrap();
        assert_eq!(chosen.levels, levels([("root", "WARN"), ("org.x", "DEBUG")]));
        assert_eq!(chosen.warnings.len(), 1);
        let field = "spec.logging.valueFrom.configMapKeyRef";
        let absent = format!("{field}: ConfigMap n does not exist in this namespace; create it");
        assert_eq!(reference("n", "log"), Err(absent));
        assert_eq!(reference("m", "x"), Err(format!("{field}: ConfigMap m has no key x; add it")));
    }

    #[test]
    fn what_is_no_level_is_refused() {
        let error = chosen(&json!({"type": "inline", "loggers": {"root": "LOUD"}})).unwrap_err();
        assert!(
            error.starts_with("spec.logging.loggers: root is no level; choose one of OFF"),
            "{error}"
        );
    }
}
