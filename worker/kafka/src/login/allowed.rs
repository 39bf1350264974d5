//! Which addresses tokens may come from. Java has the list in a property of the JVM, where no connector can reach it; here it
//! is a key of the worker's file, or `-D` in `KAFKA_OPTS`, and no layer of a client's settings can change it.

use sluice_config::Properties;

use crate::settings::SettingsError;

const URLS: &str = "org.apache.kafka.sasl.oauthbearer.allowed.urls";
const FILES: &str = "org.apache.kafka.sasl.oauthbearer.allowed.files";

/// Keys that count as they stand in the worker's file alone.
pub(crate) const GUARDED: [&str; 2] = [FILES, URLS];

/// Refuses an address that the list does not hold to the letter (`ConfigurationUtils.throwIfURLIsNotAllowed`).
pub(super) fn check_url(settings: &Properties, key: &str, url: &str) -> Result<(), SettingsError> {
    check(settings, key, url, ("URL", URLS))
}

/// The same of a file (`ConfigurationUtils.throwIfFileIsNotAllowed`).
pub(super) fn check_file(
    settings: &Properties,
    key: &str,
    path: &str,
) -> Result<(), SettingsError> {
    check(settings, key, path, ("file", FILES))
}

fn check(
    settings: &Properties,
    key: &str,
    value: &str,
    (kind, list): (&str, &str),
) -> Result<(), SettingsError> {
    let listed = settings.get(list).map_or("", String::as_str);
    if listed.split(',').any(|it| it.trim() == value) {
        return Ok(());
    }
    Err(SettingsError::Login(format!(
        "Invalid value {value} for configuration {key}: The {kind} cannot be accessed due to restrictions. Update the system \
         property '{list}' to allow the {kind} to be accessed. (It may stand in the worker file, or as -D{list}=... in the \
         environment variable KAFKA_OPTS.)"
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_listed_to_the_letter_is_allowed() {
        for (listed, url, expected) in [
            (None, "https://a/token", false),
            (Some(""), "https://a/token", false),
            (Some("https://a/token"), "https://a/token", true),
            (Some("https://b/t , https://a/token"), "https://a/token", true),
            (Some("https://a/"), "https://a/token", false),
            (Some("https://a/token"), "https://a/token?x=1", false),
            (Some("*"), "https://a/token", false),
        ] {
            let settings = listed.map(|it| (URLS.to_owned(), it.to_owned())).into_iter().collect();
            let outcome = check_url(&settings, "k", url);
            assert_eq!(outcome.is_ok(), expected, "{listed:?} {url}");
            let told = outcome.err().map_or_else(String::new, |it| it.to_string());
            assert!(expected || told.contains("Update the system property"), "{told}");
            assert!(check_file(&settings, "k", url).is_err());
        }
    }
}
