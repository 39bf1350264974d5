//! Any text as a setting with placeholders: nothing of it is lost, values come in their place, and do not show.
#![no_main]

use std::collections::{BTreeMap, BTreeSet};

use libfuzzer_sys::fuzz_target;
use sluice_config::placeholder::{self, Part};
use sluice_plugin::Properties;
use sluice_providers::{Found, Hidden, Provider, ProviderError, Providers};

/// Knows every key.
struct Same(String);

impl Provider for Same {
    fn find(&self, _: &str, keys: &BTreeSet<String>) -> Result<Found, ProviderError> {
        let values: BTreeMap<_, _> = keys.iter().map(|it| (it.clone(), self.0.clone())).collect();
        Ok(Found { values, ttl: None })
    }
}

// The text is all but its last line, which is the value.
fuzz_target!(|input: &str| {
    let (text, value) = input.rsplit_once('\n').unwrap_or((input, ""));
    let part = |it: Part<'_>| match it {
        Part::Text(text) | Part::Placeholder(text, _) => text.to_owned(),
    };
    assert_eq!(placeholder::parts(text).into_iter().map(part).collect::<String>(), text);
    assert_eq!(placeholder::fill(text, |_| None), text);
    let hidden = Hidden::default();
    let providers = Providers::new(hidden.clone()).with("file", Same(value.to_owned()));
    let settings = Properties::from([("key".to_owned(), text.to_owned())]);
    let resolved = providers.resolve(&settings).expect("it finds everything");
    assert_eq!(providers.names_one(text), !hidden.is_empty());
    let is_long = value.chars().count() >= 4 && !"[hidden]".contains(value);
    if is_long && !hidden.is_empty() && !text.contains('[') && !value.contains(['[', ']']) {
        let shown = hidden.mask(&resolved.settings["key"]);
        assert!(!shown.contains(value), "{shown:?} shows {value:?}");
    }
});
