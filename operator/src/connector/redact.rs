//! Keeps secrets of a connector's settings out of what is told about it.

use std::collections::BTreeMap;

/// Parts of keys whose values are secret.
const SECRET: [&str; 8] =
    ["password", "passphrase", "secret", "token", "credential", "jaas", "api.key", "private.key"];

/// Shortest value that is looked for: shorter ones would blank out ordinary words.
const SHORTEST: usize = 4;

/// Whether the value of a setting is secret, by what the setting is called.
pub fn is_secret(key: &str) -> bool {
    let key = key.to_ascii_lowercase();
    SECRET.iter().any(|part| key.contains(part))
}

/// A text without the values of secret settings.
pub fn redacted(text: &str, config: &BTreeMap<String, String>) -> String {
    let secrets = config.iter().filter(|(key, _)| is_secret(key));
    without(text, secrets.map(|(_, value)| value.as_str()).collect())
}

/// A text without some values. Those that are too short to tell from words stay.
pub fn without(text: &str, mut values: Vec<&str>) -> String {
    values.retain(|value| value.len() >= SHORTEST);
    // A secret that is part of a longer one must not leave the rest of that behind.
    values.sort_by_key(|value| std::cmp::Reverse(value.len()));
    values.into_iter().fold(text.to_owned(), |text, value| text.replace(value, "[hidden]"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_of_secret_keys_are_hidden() {
        let config = [
            ("connection.password", "hunter2"),
            ("sasl.jaas.config", "x password=hunter2x;"),
            ("connection.user", "admin"),
            ("short.token", "a"),
        ]
        .map(|(key, value)| (key.to_owned(), value.to_owned()))
        .into();
        assert_eq!(
            redacted("admin: x password=hunter2x; and hunter2 for a", &config),
            "admin: [hidden] and [hidden] for a"
        );
    }
}
