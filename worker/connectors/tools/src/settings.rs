//! Settings that no definition describes: read when a task starts, with the errors of Java's parsers.

use sluice_plugin::{
    Error, Properties, Result,
    config::{Config, ConfigDef, Report},
};

/// Key that `split` adds: the number of the task.
pub(crate) const ID: &str = "id";

/// No keys that `validate` knows.
pub struct Undefined;

impl Config for Undefined {
    fn definition() -> ConfigDef {
        ConfigDef::default()
    }

    fn read(_: &Properties) -> std::result::Result<(Self, Report), Report> {
        Ok((Self, Report::default()))
    }
}

/// As many tasks as allowed, each with its number.
pub(crate) fn numbered(settings: &Properties, max_tasks: usize) -> Vec<Properties> {
    let task = |id: usize| {
        let mut task = settings.clone();
        task.insert(ID.to_owned(), id.to_string());
        task
    };
    (0..max_tasks).map(task).collect()
}

/// A number that must be set (`Long.parseLong`, `Integer.parseInt`).
pub(crate) fn number<N: std::str::FromStr>(settings: &Properties, key: &str) -> Result<N> {
    let text = settings.get(key);
    text.and_then(|it| it.parse().ok()).ok_or_else(|| {
        let told = text.map_or_else(
            || "Cannot parse null string: null".to_owned(),
            |it| format!("For input string: \"{it}\""),
        );
        Error::fatal(told).named("java.lang.NumberFormatException")
    })
}

/// The topic to write to. Java finds out only when it sends.
pub(crate) fn topic(settings: &Properties) -> Result<&str> {
    let topic = settings.get("topic").map(String::as_str);
    topic.ok_or_else(|| Error::fatal("topic is not set: name the topic to write to"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_as_java_reads_them() {
        for (text, expected) in [
            (Some("5"), Ok(5)),
            (Some("+5"), Ok(5)),
            (Some("-1"), Ok(-1)),
            (Some(" 5"), Err("For input string: \" 5\"")),
            (Some("99999999999"), Err("For input string: \"99999999999\"")),
            (Some(""), Err("For input string: \"\"")),
            (None, Err("Cannot parse null string: null")),
        ] {
            let settings = text.map(|it| (ID.to_owned(), it.to_owned())).into_iter().collect();
            let read: Result<i32> = number(&settings, ID);
            assert_eq!(
                read.map_err(|it| it.to_string()),
                expected.map_err(str::to_owned),
                "{text:?}"
            );
        }
    }
}
