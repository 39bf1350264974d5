//! Rules for settings that several transforms have, and Java's errors about them.

use std::sync::Arc;

use sluice_config::{Parsed, Validator, java_order};
use sluice_plugin::Error;

/// The class of errors about settings.
const CONFIG_EXCEPTION: &str = "org.apache.kafka.common.config.ConfigException";

/// A list that is not empty (`NonEmptyListValidator`).
pub(crate) fn non_empty_list() -> Validator {
    Validator::rule("non-empty list", |key, value| match value {
        Parsed::List(elements) if !elements.is_empty() => Ok(()),
        other => Err(sluice_config::invalid(key, other, "Empty list")),
    })
}

/// A list that can be read; the error is the reader's.
pub(crate) fn readable<T>(
    describes: &str,
    read: impl Fn(&[String]) -> Result<T, String> + Send + Sync + 'static,
) -> Validator {
    Validator::Rule {
        describes: describes.to_owned(),
        rule: Arc::new(move |_, value| match value {
            Parsed::List(elements) => read(elements).map(drop),
            _ => read(&[]).map(drop),
        }),
    }
}

/// An error about settings.
pub(crate) fn error(message: impl Into<String>) -> Error {
    Error::fatal(message).named(CONFIG_EXCEPTION)
}

/// Java's message for a list that is wrong.
pub(crate) fn invalid_list(key: &str, list: &[String], reason: &str) -> String {
    format!("Invalid value [{}] for configuration {key}: {reason}", list.join(", "))
}

/// Java's message where a cause stands in the place of the value, the message in that of the key.
pub(crate) fn caused(message: &str, cause: &str) -> String {
    format!("Invalid value java.lang.IllegalArgumentException: {cause} for configuration {message}")
}

/// Names without repetitions.
pub(crate) fn distinct(names: &[String]) -> Vec<&str> {
    let mut distinct: Vec<&str> = Vec::with_capacity(names.len());
    for name in names {
        if !distinct.contains(&name.as_str()) {
            distinct.push(name);
        }
    }
    distinct
}

/// The same in the order of a `HashSet`: it decides which of several errors comes first.
pub(crate) fn as_a_set(names: &[String]) -> Vec<&str> {
    java_order::ordered(distinct(names).into_iter())
}
