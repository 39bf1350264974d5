//! SASL extensions (KIP-342): names and values that go to the broker beside the token.

use std::collections::BTreeMap;

use crate::settings::SettingsError;

/// The options that begin with `prefix`, checked as `OAuthBearerClientInitialResponse.validateExtensions` does. Values stay
/// out of errors.
pub(super) fn of(
    options: &BTreeMap<String, String>,
    prefix: &str,
) -> Result<Vec<(String, String)>, SettingsError> {
    let named = options.iter().filter_map(|(key, value)| Some((key.strip_prefix(prefix)?, value)));
    let check = |(name, value): (&str, &String)| {
        let is_name = !name.is_empty() && name.bytes().all(|it| it.is_ascii_alphabetic());
        if !is_name || name == "auth" {
            return Err(SettingsError::Login(format!("Extension name {name} is invalid")));
        }
        let is_allowed = |it: u8| (0x20..0x7f).contains(&it) || matches!(it, b'\t' | b'\r' | b'\n');
        if value.is_empty() || !value.bytes().all(is_allowed) {
            let told = format!("Extension value for extension {name} is invalid");
            return Err(SettingsError::Login(told));
        }
        Ok((name.to_owned(), value.clone()))
    };
    named.map(check).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_letters_and_values_can_be_seen() {
        for (key, value, expected) in [
            ("extension_tenant", "a b~1", true),
            ("extension_auth", "x", false),
            ("extension_", "x", false),
            ("extension_a1", "x", false),
            ("extension_a", "", false),
            ("extension_a", "\u{1}", false),
            ("extension_a", "\u{e4}", false),
            ("clientId", "", true),
        ] {
            let options = [(key.to_owned(), value.to_owned())].into();
            assert_eq!(of(&options, "extension_").is_ok(), expected, "{key}={value:?}");
        }
    }
}
