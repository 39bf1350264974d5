//! What is wrong with settings, where more than one value has a part in it.

use sluice_plugin::{Error, Result};

/// The class of errors about settings.
const CONFIG_EXCEPTION: &str = "org.apache.kafka.common.config.ConfigException";

/// An error about settings.
pub(crate) fn error(message: impl Into<String>) -> Error {
    Error::fatal(message).named(CONFIG_EXCEPTION)
}

/// An error about the value of a key.
pub(crate) fn invalid(key: &str, value: &str, reason: &str) -> Error {
    error(format!("Invalid value {value} for configuration {key}: {reason}"))
}

/// A list as Java shows it.
pub(crate) fn shown(list: &[String]) -> String {
    format!("[{}]", list.join(", "))
}

/// The elements of a list, each once and none empty (`ConfigDef.ValidList`).
pub(crate) fn distinct(key: &str, list: Vec<String>, may_be_empty: bool) -> Result<Vec<String>> {
    if list.is_empty() && !may_be_empty {
        return Err(error(format!(
            "Configuration '{key}' must not be empty. Valid values include: any non-empty value"
        )));
    }
    let mut known: Vec<String> = Vec::with_capacity(list.len());
    for element in list {
        if element.is_empty() {
            return Err(error(format!("Configuration '{key}' values must not be empty.")));
        }
        if !known.contains(&element) {
            known.push(element);
        }
    }
    Ok(known)
}
